/*
 * efault.c - bad pointers, to every call that takes one: the answer is EFAULT and nothing else happens
 *
 * Linux: arch/arm64/include/asm/uaccess.h
 */
#include "check.h"

static const char read_only[512];
static int fd, pipe_fds[2];
static char *page; // readable and writable, followed by a page that is not mapped

struct row {
  const char *sentence;
  long nr, a, b, c, d, e;
};

enum { BAD = 16 }; // nothing is mapped so low

static void check_rows(const struct row *rows, size_t n) {
  for (size_t i = 0; i < n; i++)
    check_is(syscall(rows[i].nr, rows[i].a, rows[i].b, rows[i].c, rows[i].d, rows[i].e), -EFAULT, rows[i].sentence);
}

static void check_files(void) {
  const struct row rows[] = {
    {"openat", __NR_openat, AT_FDCWD, BAD, O_RDONLY},
    {"read", __NR_read, fd, BAD, 8},
    {"write", __NR_write, fd, BAD, 8},
    {"pread64", __NR_pread64, fd, BAD, 8, 0},
    {"pwrite64", __NR_pwrite64, fd, BAD, 8, 0},
    {"readv, the vector", __NR_readv, fd, BAD, 1},
    {"writev, the vector", __NR_writev, fd, BAD, 1},
    {"write to a pipe", __NR_write, pipe_fds[1], BAD, 8},
    {"getdents64", __NR_getdents64, open("/", O_RDONLY, 0), BAD, 1000},
    {"fstat", __NR_fstat, fd, BAD},
    {"newfstatat, the path", __NR_newfstatat, AT_FDCWD, BAD, (long)page, 0},
    {"newfstatat, the answer", __NR_newfstatat, AT_FDCWD, (long)"/", BAD, 0},
    {"statx, the path", __NR_statx, AT_FDCWD, BAD, 0, STATX_BASIC_STATS, (long)page},
    {"statx, the answer", __NR_statx, AT_FDCWD, (long)"/", 0, STATX_BASIC_STATS, BAD},
    {"faccessat", __NR_faccessat, AT_FDCWD, BAD, 0},
    {"readlinkat, the path", __NR_readlinkat, AT_FDCWD, BAD, (long)page, 8},
    {"readlinkat, the answer", __NR_readlinkat, AT_FDCWD, (long)"/proc/self", BAD, 8},
    {"mkdirat", __NR_mkdirat, AT_FDCWD, BAD, 0755},
    {"unlinkat", __NR_unlinkat, AT_FDCWD, BAD, 0},
    {"renameat2, from", __NR_renameat2, AT_FDCWD, BAD, AT_FDCWD, (long)"/tmp/x", 0},
    {"renameat2, to", __NR_renameat2, AT_FDCWD, (long)"/tmp/efault-test", AT_FDCWD, BAD, 0},
    {"symlinkat, the target", __NR_symlinkat, BAD, AT_FDCWD, (long)"/tmp/x"},
    {"symlinkat, the path", __NR_symlinkat, (long)"x", AT_FDCWD, BAD},
    {"linkat", __NR_linkat, AT_FDCWD, BAD, AT_FDCWD, (long)"/tmp/x", 0},
    {"pipe2", __NR_pipe2, BAD, 0},
    {"chdir", __NR_chdir, BAD},
    {"getcwd", __NR_getcwd, BAD, 100},
    {"ppoll, the descriptors", __NR_ppoll, BAD, 1, 0, 0},
    {"ppoll, the time", __NR_ppoll, 0, 0, BAD, 0},
    {"pselect6, the set", __NR_pselect6, 4, BAD, 0, 0, 0},
    {"utimensat", __NR_utimensat, AT_FDCWD, BAD, 0, 0},
    {"truncate", __NR_truncate, BAD, 0},
    {"statfs, the answer", __NR_statfs, (long)"/", BAD},
  };
  check_rows(rows, countof(rows));
}

static void check_processes(void) {
  static char *bad_list[] = {(char *)BAD, NULL};
  const struct row rows[] = {
    {"execve, the path", __NR_execve, BAD, (long)page, (long)page},
    {"execve, the arguments", __NR_execve, (long)"/proc/self/exe", BAD, 0},
    {"execve, an argument", __NR_execve, (long)"/proc/self/exe", (long)bad_list, 0},
    {"execve, the environment", __NR_execve, (long)"/proc/self/exe", 0, (long)bad_list},
    {"rt_sigaction, the new one", __NR_rt_sigaction, SIGUSR1, BAD, 0, 8},
    {"rt_sigaction, the old one", __NR_rt_sigaction, SIGUSR1, 0, BAD, 8},
    {"rt_sigprocmask, the new one", __NR_rt_sigprocmask, SIG_BLOCK, BAD, 0, 8},
    {"rt_sigprocmask, the old one", __NR_rt_sigprocmask, SIG_BLOCK, 0, BAD, 8},
    {"rt_sigpending", __NR_rt_sigpending, BAD, 8},
    {"rt_sigsuspend", __NR_rt_sigsuspend, BAD, 8},
    {"rt_sigtimedwait", __NR_rt_sigtimedwait, BAD, 0, 0, 8},
    {"rt_sigqueueinfo", __NR_rt_sigqueueinfo, 1, SIGUSR1, BAD},
    {"sigaltstack", __NR_sigaltstack, BAD, 0},
    {"getrlimit", __NR_getrlimit, RLIMIT_CPU, BAD},
    {"prlimit64", __NR_prlimit64, 0, RLIMIT_CPU, BAD, 0},
    {"getresuid", __NR_getresuid, BAD, (long)page, (long)page},
    {"setgroups", __NR_setgroups, 4, BAD},
    {"getrusage", __NR_getrusage, 0, BAD},
    {"times", __NR_times, BAD},
    {"prctl", __NR_prctl, PR_GET_NAME, BAD},
  };
  check_rows(rows, countof(rows));
}

static void check_rest(void) {
  const struct row rows[] = {
    {"clock_gettime", __NR_clock_gettime, CLOCK_REALTIME, BAD},
    {"clock_getres", __NR_clock_getres, CLOCK_REALTIME, BAD},
    {"clock_nanosleep", __NR_clock_nanosleep, CLOCK_MONOTONIC, 0, BAD, 0},
    {"nanosleep", __NR_nanosleep, BAD, 0},
    {"gettimeofday", __NR_gettimeofday, BAD, 0},
    {"setitimer", __NR_setitimer, ITIMER_REAL, BAD, 0},
    {"getitimer", __NR_getitimer, ITIMER_REAL, BAD},
    {"uname", __NR_uname, BAD},
    {"sysinfo", __NR_sysinfo, BAD},
    {"getrandom", __NR_getrandom, BAD, 8, 0},
    {"futex", __NR_futex, BAD, FUTEX_WAIT, 0, 0},
    {"sched_getaffinity", __NR_sched_getaffinity, 0, 128, BAD},
    {"an address of the kernel", __NR_uname, (long)0xffff800000000000},
    {"an address between user space and kernel", __NR_uname, 1L << 55},
    {"a page that is only readable", __NR_uname, (long)read_only},
  };
  check_rows(rows, countof(rows));
}

static void check_partly(void) {
  int status = 0;
  char byte = 0;
  char *end = page + 4096;
  pwrite(fd, "12345678", 8, 0);
  check_is(pread(fd, end - 4, 8, 0), 4, "a read into a buffer that ends too early reads what fits");
  check_is(end[-1], '4', "really");
  check_is(pwrite(fd, end - 4, 8, 0), 4, "a write from one writes what there is");
  check_is(write(pipe_fds[1], end - 4, 8), -EFAULT, "a pipe takes all of a page's worth or nothing");
  struct iovec iov[2] = {{"ab", 2}, {(void *)BAD, 2}};
  check_is(writev(fd, iov, 2), 2, "writev writes the pieces before the bad one");
  memcpy(end - 5, "/tmp", 5);
  check_is(access(end - 5, F_OK), 0, "a path may end right before a page that is not mapped");
  end[-1] = 'x';
  check_is(access(end - 5, F_OK), -EFAULT, "but must end");

  long pid = fork();
  if (pid == 0) exit(4);
  check_is(wait4((pid_t)pid, (int *)BAD, 0, NULL), -EFAULT, "wait4 with a bad place for the status is EFAULT");
  check_is(wait4((pid_t)pid, &status, 0, NULL), -ECHILD, "but has taken the child away");
  check_is(read(fd, &byte, 0), 0, "a count of zero needs no buffer");
  check_is(syscall(__NR_read, fd, BAD, 0), 0, "so any address will do");
}

int main(void) {
  fd = (int)open("/tmp/efault-test", O_RDWR | O_CREAT | O_TRUNC, 0600);
  write(fd, "contents", 8);
  lseek(fd, 0, SEEK_SET);
  pipe2(pipe_fds, O_NONBLOCK);
  page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  check_files();
  check_processes();
  check_rest();
  check_partly();
  return checked();
}
