/*
 * vvar.c - the pages that the vDSO reads, and how a time namespace gets others
 *
 * Linux: arch/arm64/kernel/vdso.c, mm/mmap.c (_install_special_mapping()), kernel/time/namespace.c
 * Manual: vdso(7), time_namespaces(7)
 */
#include "filter.h"
#include "trace.h"
#include "vdso.h"
#include <linux/futex.h>

enum { PAGE = 4096, PAGES = 2, VVAR_SIZE = PAGES * PAGE };

static long madvise(void *p, size_t size, int advice) { return syscall(__NR_madvise, p, size, advice); }

static char *vvar, *vdso_end;
static clock_function *gettime;

static long number(const char **text) {
  long value = 0;
  for (; (**text >= '0' && **text <= '9') || (**text >= 'a' && **text <= 'f'); (*text)++)
    value = value * 16 + (**text <= '9' ? **text - '0' : **text - 'a' + 10);
  return value;
}

/* The line of /proc/self/maps with that name; NULL: none. */
static const char *find_line(const char *name) {
  static char maps[8192];
  long fd = open("/proc/self/maps", O_RDONLY, 0), size = 0, got;
  while ((got = read((int)fd, maps + size, sizeof maps - 1 - (size_t)size)) > 0) size += got;
  close((int)fd);
  maps[size] = 0;
  char *at = strstr(maps, name);
  while (at && at > maps && at[-1] != '\n') at--;
  return at;
}

static void check_maps(void) {
  const char *line = find_line("[vvar]");
  check(line != NULL, "maps has a [vvar]");
  if (!line) exit(checked());
  vvar = (char *)number(&line);
  line++;
  char *end = (char *)number(&line);
  check_is(end - vvar, VVAR_SIZE, "of two pages");
  check(strncmp(line, " r--p 00000000 00:00 0 ", 23) == 0, "which is read-only, private and of no file");
  check_is(getauxval(AT_SYSINFO_EHDR), end, "the vDSO begins where it ends");
  line = find_line("[vdso]");
  number(&line);
  line++;
  vdso_end = (char *)number(&line);
}

/*
 * Who may touch it
 */

static void on_fault(int sig, siginfo_t *info, void *context) {
  (void)context;
  exit(sig << 4 | info->si_code);
}

static void (*touch)(void);
static void touches(void) {
  set_handler(SIGSEGV, on_fault, 0);
  set_handler(SIGBUS, on_fault, 0);
  touch();
}

static int fault(void (*how)(void)) {
  touch = how;
  return in_child(touches) >> 8 & 0xff;
}

static void read_first(void) { exit(*(volatile int *)vvar == 0); }
static void read_second(void) { (void)*(volatile int *)(vvar + PAGE); }
static void write_first(void) { *(volatile int *)vvar = 1; }

static void check_access(void) {
  check_is(fault(read_first), 0, "a program reads the first page");
  check_is(fault(read_second), SIGBUS << 4 | BUS_ADRERR, "behind it is nothing: SIGBUS");
  check_is(fault(write_first), SIGSEGV << 4 | SEGV_ACCERR, "writing is SIGSEGV, SEGV_ACCERR");
  check_is(mprotect(vvar, VVAR_SIZE, PROT_READ | PROT_WRITE), -EACCES, "and cannot be had: EACCES");
  check_is(mprotect(vvar, VVAR_SIZE, PROT_READ | PROT_EXEC), -EACCES, "nor executing");
}

static void check_others(void) {
  char buffer[16];
  struct iovec mine = {buffer, 16}, its = {vvar, 16};
  long fd = open("/proc/self/mem", O_RDWR, 0);
  check_is(syscall(__NR_pread64, fd, buffer, 16, vvar), -EIO, "/proc/self/mem does not read it: EIO");
  check_is(syscall(__NR_pwrite64, fd, buffer, 16, vvar), -EIO, "nor write it");
  close((int)fd);
  check_is(syscall(__NR_process_vm_readv, getpid(), &mine, 1, &its, 1, 0), -EFAULT, "nor does process_vm_readv: EFAULT");
  check_is(syscall(__NR_futex, vvar, FUTEX_WAKE, 1, 0, 0, 0), -EFAULT, "nobody waits on it: EFAULT");
  int ends[2];
  pipe2(ends, 0);
  check_is(write(ends[1], vvar, 16), 16, "a call reads it like any memory");
  check_is(read(ends[0], vvar, 16), -EFAULT, "and does not write it: EFAULT");
}

static void nothing(void) {}

static void check_debugger(void) {
  long pid = tracee(nothing, 0), word = 0;
  check_is(ptrace(PTRACE_PEEKDATA, (pid_t)pid, (unsigned long)vvar, &word), -EIO, "a debugger does not see it: EIO");
  check_is(ptrace(PTRACE_POKEDATA, (pid_t)pid, (unsigned long)vvar, NULL), -EIO, "nor change it");
  end(pid);
}

/*
 * What may be done to the mapping
 */

static long move(char *from, long size, char *to) {
  return (long)mremap(from, (size_t)size, (size_t)size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static long moves_both(void) {
  struct timespec time;
  long text = vdso_end - vvar - VVAR_SIZE;
  char *to = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (move(vvar, VVAR_SIZE, to) < 0 || move(vvar + VVAR_SIZE, text, to + VVAR_SIZE) < 0) return -1;
  clock_function *moved = (clock_function *)((char *)gettime + (to - vvar));
  return moved(CLOCK_MONOTONIC, &time);
}

static long goes_without(void) {
  struct timespec time;
  long err = munmap(vvar, VVAR_SIZE);
  return err < 0 ? err : gettime(CLOCK_MONOTONIC, &time);
}

static long has_none_after_dontfork(void) {
  long err = madvise(vvar, VVAR_SIZE, MADV_DONTFORK);
  return err < 0 ? err : try_in_child(goes_without);
}

static void check_mapping(void) {
  char *room = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check_is(munmap(vvar, PAGE), -EINVAL, "half of it cannot go: EINVAL");
  check_is(mprotect(vvar, PAGE, PROT_NONE), -EINVAL, "nor be protected");
  check_is(move(vvar, PAGE, room), -EINVAL, "nor be moved");
  check_is(mremap(vvar, VVAR_SIZE, PAGE, 0, NULL), -EINVAL, "nor be all that stays");
  check_is(mremap(vvar, VVAR_SIZE, 2 * VVAR_SIZE, MREMAP_MAYMOVE, NULL), -EFAULT, "it does not grow: EFAULT");
  check_is(madvise(vvar, VVAR_SIZE, MADV_DONTNEED), -EINVAL, "is not given up: EINVAL");
  check_is(madvise(vvar, VVAR_SIZE, MADV_POPULATE_READ), -EINVAL, "nor fetched");
  check_is(madvise(vvar, VVAR_SIZE, MADV_DODUMP), -EINVAL, "nor dumped");
  check_is(syscall(__NR_mlock, vvar, VVAR_SIZE), 0, "and locked without effect");
  check_is(try_in_child(moves_both), 0, "moved together, the pages and the code still know the time");
  check_is(try_in_child(goes_without), DIED + SIGSEGV, "the code needs the pages");
  check_is(try_in_child(has_none_after_dontfork), DIED + SIGSEGV, "which a child need not get");
}

/*
 * Time namespaces
 */

static long seconds(clock_function *ask, int clock) {
  struct timespec time = {0, 0};
  return ask(clock, &time) == 0 ? time.tv_sec : -1;
}
static long call(int clock, struct timespec *time) { return clock_gettime(clock, time); }

static long write_file(const char *path, const char *text) {
  long fd = open(path, O_WRONLY, 0);
  long wrote = fd < 0 ? fd : write((int)fd, text, strlen(text));
  close((int)fd);
  return wrote;
}

static const int shifted[][2] = {{CLOCK_MONOTONIC, 100000}, {CLOCK_MONOTONIC_RAW, 100000}, {CLOCK_MONOTONIC_COARSE, 100000},
                                 {CLOCK_BOOTTIME, 200000}, {CLOCK_REALTIME, 0}};
static long start[5];

/* Clocks that are not where they should be, by the kernel and by the vDSO. */
static long wrong_clocks(void) {
  long wrong = 0;
  for (int i = 0; i < 5; i++) {
    long want = start[i] + shifted[i][1];
    long before = seconds(call, shifted[i][0]), mine = seconds(gettime, shifted[i][0]), after = seconds(call, shifted[i][0]);
    wrong += before < want || before > want + 100 || mine < before || mine > after;
  }
  return wrong;
}

static long without_call(void) {
  forbid_new_privileges();
  filter_call(__NR_clock_gettime, SECCOMP_RET_ERRNO | EXDEV, 0);
  return seconds(gettime, CLOCK_MONOTONIC) < 100000;
}

static long comes_back(void) {
  long fd = open("/proc/1/ns/time", O_RDONLY, 0), err = syscall(__NR_setns, fd, CLONE_NEWTIME);
  if (err < 0) return err;
  return seconds(gettime, CLOCK_MONOTONIC) < 100000 && seconds(call, CLOCK_BOOTTIME) < 200000;
}

static long in_namespace(void) {
  long *second = (long *)(vvar + PAGE);
  return wrong_clocks() == 0 && *(volatile int *)second != 0 && try_in_child(wrong_clocks) == 0 &&
         try_in_child(without_call) == 0 && try_in_child(comes_back) == 1;
}

static long made_namespace(void) {
  for (int i = 0; i < 5; i++) start[i] = seconds(call, shifted[i][0]);
  if (syscall(__NR_unshare, CLONE_NEWTIME) < 0) return -1;
  if (write_file("/proc/self/timens_offsets", "monotonic 100000 0\nboottime 200000 0\n") < 0) return -2;
  if (seconds(gettime, CLOCK_MONOTONIC) >= 100000) return -3;
  return try_in_child(in_namespace);
}

static void check_timens(void) {
  check_is(try_in_child(made_namespace), 1, "children in a time namespace read its clocks without a call, and their children; who comes back reads the old ones");
  check(seconds(gettime, CLOCK_MONOTONIC) < 100000, "others never see them");
}

int main(void) {
  gettime = vdso_function("__kernel_clock_gettime");
  check_maps();
  check_access();
  check_others();
  check_debugger();
  check_mapping();
  check_timens();
  return checked();
}
