/*
 * proc.c - what /proc tells
 *
 * Linux: fs/proc/array.c, fs/proc/base.c, fs/proc/task_mmu.c, Manual: proc(5)
 */
#include "check.h"

static char text[16384];

static long read_file(const char *path) {
  int fd = (int)open(path, O_RDONLY, 0);
  if (fd < 0) return fd;
  long length = 0, n;
  while (length < (long)sizeof(text) - 1 && (n = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0) length += n;
  text[length] = 0;
  close(fd);
  return length;
}

static bool has(const char *what) { return strstr(text, what) != NULL; }

static bool link_is(const char *path, const char *want) {
  long n = readlink(path, text, sizeof(text) - 1);
  text[n > 0 ? n : 0] = 0;
  return strcmp(text, want) == 0;
}

static void check_self(char *program) {
  char want[64];
  snprintf(want, sizeof(want), "%ld", getpid());
  check(link_is("/proc/self", want), "/proc/self is a link to one's own number");
  check_is(read_file("/proc/self/cmdline"), (long)strlen(program) + 1, "cmdline is the arguments with a NUL after each");
  check(strcmp(text, program) == 0, "the first is the program's name");
  read_file("/proc/self/comm");
  check(strcmp(text, "proc\n") == 0, "comm is the task's name");
  readlink("/proc/self/exe", text, sizeof(text));
  check(strcmp(basename(text), "proc") == 0, "exe is a link to the program");
  chdir("/tmp");
  check(link_is("/proc/self/cwd", "/tmp"), "cwd is a link to the working directory");
  check(link_is("/proc/self/root", "/"), "root is a link to the root");
}

static void check_stat(void) {
  char want[64];
  read_file("/proc/self/stat");
  snprintf(want, sizeof(want), "%ld (proc) R %ld %ld %ld ", getpid(), getppid(), getpgid(0), getsid(0));
  check(starts_with(text, want), "stat starts with number, name, state, parent, group and session");
  int spaces = 0;
  for (char *s = text; *s; s++) spaces += *s == ' ';
  check_is(spaces, 51, "and has 52 fields");
  read_file("/proc/self/status");
  check(starts_with(text, "Name:\tproc\n"), "status starts with the name");
  check(has("\nState:\tR (running)\n"), "tells the state");
  snprintf(want, sizeof(want), "\nPPid:\t%ld\n", getppid());
  check(has(want), "the parent");
  check(has("\nUid:\t0\t0\t0\t0\n"), "the users");
  check(has("\nThreads:\t1\n"), "the number of threads");
  check(has("\nSigBlk:\t0000000000000000\n"), "the blocked signals");
  sigset_t hup = signal_set(SIGHUP);
  rt_sigprocmask(SIG_BLOCK, &hup, NULL);
  raise(SIGHUP);
  set_signal(SIGUSR1, SIG_IGN, 0);
  read_file("/proc/self/status");
  check(has("\nSigPnd:\t0000000000000001\n") && has("\nSigBlk:\t0000000000000001\n"), "a pending signal");
  check(has("\nSigIgn:\t0000000000000200\n"), "and the ignored ones");
}

static void check_descriptors(void) {
  struct stat st;
  int fd = (int)open("/tmp/proc-test", O_RDWR | O_CREAT, 0600), fds[2];
  char path[40], target[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  check(link_is(path, "/tmp/proc-test"), "fd has a link to each open file");
  unlink("/tmp/proc-test");
  check(link_is(path, "/tmp/proc-test (deleted)"), "which tells when it was removed");
  check_is(stat(path, &st), 0, "and still leads to it");
  pipe2(fds, 0);
  fstat(fds[0], &st);
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
  snprintf(target, sizeof(target), "pipe:[%lu]", st.st_ino);
  check(link_is(path, target), "a pipe is shown with its inode number");
}

static void check_maps(void) {
  static const char *const wanted[] = {"r-xp ", "rw-p ", "[stack]", "[vdso]", "/proc\n"};
  char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char line[64];
  read_file("/proc/self/maps");
  for (size_t i = 0; i < countof(wanted); i++)
    if (!has(wanted[i])) printf("# maps lack %s\n", wanted[i]);
  check(has(wanted[0]) && has(wanted[1]) && has(wanted[2]) && has(wanted[3]) && has(wanted[4]), "maps shows code, data, stack, vdso and program");
  snprintf(line, sizeof(line), "%lx-%lx r--s 00000000 ", (unsigned long)page, (unsigned long)page + 4096);
  check(has(line), "and each mapping with its permissions");

  int value = 42, copy = 0, fd = (int)open("/proc/self/mem", O_RDWR, 0);
  check_is(pread(fd, &copy, sizeof(copy), (long)&value), sizeof(copy), "mem can be read at any address");
  check_is(copy, 42, "and is the memory");
  copy = 43;
  check_is(pwrite(fd, &copy, sizeof(copy), (long)&value), sizeof(copy), "and written");
  check_is(*(volatile int *)&value, 43, "which changes it");
  check_is(pread(fd, &copy, sizeof(copy), 16), -EIO, "what is not mapped is EIO");
  close(fd);
}

static void check_system(void) {
  read_file("/proc/uptime");
  check(text[0] >= '0' && text[0] <= '9' && has(".") && has(" "), "uptime is two numbers");
  read_file("/proc/meminfo");
  check(starts_with(text, "MemTotal: ") && has("\nMemFree: ") && has("\nMemAvailable: ") && has(" kB\n"), "meminfo starts with the total");
  read_file("/proc/version");
  check(starts_with(text, "Linux version "), "version says Linux");
  read_file("/proc/mounts");
  check(has("proc /proc proc rw"), "mounts has /proc in it");
  read_file("/proc/cpuinfo");
  check(starts_with(text, "processor\t: 0\n") && has("Features\t: ") && has("CPU implementer\t: 0x"), "cpuinfo describes processor 0");
  read_file("/proc/filesystems");
  check(has("nodev\tproc\n") && has("nodev\ttmpfs\n"), "filesystems has proc and tmpfs");
  check_is(open("/proc/99999999/stat", O_RDONLY, 0), -ENOENT, "who does not exist has no directory");
  check_is(mkdir("/proc/x", 0755), -ENOENT, "nothing can be made in /proc");
}

int main(int argc, char **argv) {
  (void)argc;
  check_self(argv[0]);
  check_stat();
  check_descriptors();
  check_maps();
  check_system();
  return checked();
}
