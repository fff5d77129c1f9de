/*
 * pidfd-getfd.c - another process's file, and what /proc tells of files without names
 *
 * Linux: kernel/pid.c (pidfd_getfd), fs/eventfd.c, fs/eventpoll.c, fs/signalfd.c, fs/timerfd.c (fdinfo)
 */
#include "check.h"
#include <linux/eventpoll.h>

static char text[512];

static long pidfd_open(long pid) { return syscall(__NR_pidfd_open, pid, 0); }
static long getfd(long pidfd, int fd, unsigned flags) { return syscall(__NR_pidfd_getfd, pidfd, fd, flags); }

/* /proc/self/fdinfo of that file has this line, or what begins like it. */
static bool tells(long fd, const char *want) {
  char name[64];
  snprintf(name, sizeof(name), "/proc/self/fdinfo/%ld", fd);
  int info = (int)open(name, O_RDONLY, 0);
  long n = read(info, text, sizeof(text) - 1);
  text[n > 0 ? n : 0] = 0;
  close(info);
  return strstr(text, want) != NULL;
}

static void check_getfd(void) {
  int fds[2], status;
  pipe2(fds, 0);
  long pid = fork();
  if (pid == 0) {
    close(fds[0]);
    dup3(fds[1], 50, 0);
    for (;;) sleep_ms(1000);
  }
  sleep_ms(20);
  long pidfd = pidfd_open(pid);
  long fd = getfd(pidfd, 50, 0);
  check(fd > 2, "a file is taken from another process");
  check_is(fcntl((int)fd, F_GETFD, 0), FD_CLOEXEC, "with close-on-exec");
  char byte = 0;
  check(write((int)fd, "x", 1) == 1 && read(fds[0], &byte, 1) == 1 && byte == 'x', "it is the same file");
  check_is(getfd(pidfd, 51, 0), -EBADF, "what is not open there is EBADF");
  check_is(getfd(pidfd, 50, 1), -EINVAL, "there are no flags");
  check_is(getfd(fds[0], 50, 0), -EBADF, "another kind of file is no process");
  long other = fork();
  if (other == 0) {
    syscall(__NR_setresuid, 1000, 1000, 1000);
    exit((int)-getfd(pidfd, 50, 0));
  }
  wait4((pid_t)other, &status, 0, NULL);
  check_is(WEXITSTATUS(status), EPERM, "who may not trace it may not take from it");
  kill((pid_t)pid, SIGKILL);
  wait4((pid_t)pid, NULL, 0, NULL);
  check_is(getfd(pidfd, 50, 0), -ESRCH, "and it must exist");
}

static void check_fdinfo(void) {
  long event = syscall(__NR_eventfd2, 10, 1);
  check(tells(event, "eventfd-count:                a\n") && tells(event, "eventfd-semaphore: 1\n"), "fdinfo tells an eventfd's count");
  sigset_t mask = signal_set(SIGUSR1);
  long signals = syscall(__NR_signalfd4, -1, &mask, 8, 0);
  check(tells(signals, "sigmask:\t0000000000000200\n"), "a signalfd's mask");
  long timer = syscall(__NR_timerfd_create, CLOCK_MONOTONIC, 0);
  struct timespec spec[2] = {{2, 3}, {0, 0}};
  syscall(__NR_timerfd_settime, timer, 0, spec, NULL);
  check(tells(timer, "clockid: 1\nticks: 0\nsettime flags: 00\nit_value: (0, 0)\nit_interval: (2, 3)\n"), "a timerfd's setting");
  long ep = syscall(__NR_epoll_create1, 0);
  struct epoll_event wanted = {EPOLLIN, 0x1234};
  syscall(__NR_epoll_ctl, ep, EPOLL_CTL_ADD, event, &wanted);
  snprintf(text, sizeof(text), "tfd: %8ld events:       19 data:             1234  pos:0 ino:", event);
  char want[128];
  memcpy(want, text, sizeof(want));
  check(tells(ep, want), "and what an epoll file watches");
}

int main(void) {
  check_getfd();
  check_fdinfo();
  return checked();
}
