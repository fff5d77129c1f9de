/*
 * clone.c - clone3, pidfds, and what cannot be combined
 *
 * Linux: kernel/fork.c, kernel/pid.c
 */
#include "check.h"

enum { BAD = 16 };

struct args {
  unsigned long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup, more;
};

/* Clones a child that exits with 7; its status, or why there is none. */
static long clone3(struct args args, long size) {
  int status = -1;
  long pid = syscall(__NR_clone3, &args, size);
  if (pid == 0) exit(7);
  if (pid < 0) return pid;
  wait4((pid_t)pid, &status, __WALL, NULL);
  return status >> 8;
}

#define refused(why, ...) check_is(clone3((struct args){__VA_ARGS__}, 88), -EINVAL, why)

static void check_clone3(void) {
  check_is(clone3((struct args){.exit_signal = SIGCHLD}, 88), 7, "clone3 makes a child");
  check_is(clone3((struct args){0}, 64), 7, "the first version of its arguments is enough");
  check_is(clone3((struct args){0}, 63), -EINVAL, "less is not");
  check_is(clone3((struct args){0}, 96), 7, "more may follow");
  check_is(clone3((struct args){.more = 1}, 96), -E2BIG, "as long as it is zero");
  check_is(clone3((struct args){0}, 4097), -E2BIG, "and on one page");
  check_is(syscall(__NR_clone3, BAD, 88), -EFAULT, "they must be readable");
  refused("a signal goes into its own field", .flags = SIGCHLD);
  refused("there is no signal 65", .exit_signal = 65);
  refused("CLONE_DETACHED is no more", .flags = CLONE_DETACHED);
  refused("unknown flags are refused", .flags = 1UL << 34);
  refused("a sibling has no signal of its own", .flags = CLONE_PARENT, .exit_signal = SIGCHLD);
  refused("a thread has none", .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD);
  refused("a stack has a size", .stack = 0x10000);
  refused("and a size a stack", .stack_size = 0x10000);
  refused("handlers are shared or reset", .flags = CLONE_CLEAR_SIGHAND | CLONE_SIGHAND | CLONE_VM);
  check_is(clone3((struct args){.flags = CLONE_CLEAR_SIGHAND}, 88), 7, "reset is possible");
}

static void check_set_tid(void) {
  int tid[2] = {3000, 3001};
  unsigned long at = (unsigned long)tid;
  refused("set_tid needs a size", .set_tid = at);
  refused("and a size set_tid", .set_tid_size = 1);
  refused("there are not that many namespaces", .set_tid = at, .set_tid_size = 2);
  refused("nor will there be", .set_tid = at, .set_tid_size = 33);
  check_is(clone3((struct args){.set_tid = BAD, .set_tid_size = 1}, 88), -EFAULT, "it must be readable");
  struct args args = {.set_tid = at, .set_tid_size = 1, .exit_signal = SIGCHLD};
  long pid = syscall(__NR_clone3, &args, 88);
  if (pid == 0) exit(0);
  check_is(pid, 3000, "root can choose a number");
  wait4(3000, NULL, 0, NULL);
  tid[0] = 1;
  check_is(clone3(args, 88), -EEXIST, "that is free");
  tid[0] = 0;
  check_is(clone3(args, 88), -EINVAL, "and a number");
  tid[0] = 1 << 30;
  check_is(clone3(args, 88), -EINVAL, "that is not too large");
}

static void check_flags(void) {
  static const unsigned long never[] = {
    CLONE_THREAD | CLONE_VM,
    CLONE_SIGHAND,
    CLONE_NEWNS | CLONE_FS,
    CLONE_NEWUSER | CLONE_FS,
    CLONE_NEWIPC | CLONE_SYSVSEM,
    CLONE_NEWPID | CLONE_THREAD | CLONE_SIGHAND | CLONE_VM,
    CLONE_PIDFD | CLONE_DETACHED,
    CLONE_PIDFD | CLONE_PARENT_SETTID,
  };
  int word;
  for (unsigned i = 0; i < countof(never); i++)
    check_is(syscall(__NR_clone, never[i] | SIGCHLD, 0, &word, 0, &word), -EINVAL, "some flags exclude each other");
}

static void check_pidfd(void) {
  int fd = -1;
  siginfo_t info;
  struct pollfd poll = {.events = POLLIN};
  long pid = syscall(__NR_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
  if (pid == 0) {
    sleep_ms(50);
    exit(3);
  }
  check(fd >= 0, "CLONE_PIDFD gives a descriptor");
  check_is(fcntl(fd, F_GETFD, 0), FD_CLOEXEC, "that programs do not inherit");
  poll.fd = fd;
  check_is(ppoll(&poll, 1, &(struct timespec){0, 0}, NULL), 0, "while the child lives there is nothing to read");
  check_is(ppoll(&poll, 1, &(struct timespec){9, 0}, NULL), 1, "one can wait for its end");
  check_is(poll.revents, POLLIN, "which makes it readable");
  check_is(syscall(__NR_waitid, P_PIDFD, fd, &info, WEXITED | WNOWAIT, NULL), 0, "waitid takes it");
  check(info.si_pid == pid && info.si_status == 3, "and tells about the child");
  check_is(syscall(__NR_waitid, P_PIDFD, fd, &info, WEXITED, NULL), 0, "then it is reaped");
  check_is(syscall(__NR_waitid, P_PIDFD, fd, &info, WEXITED, NULL), -ECHILD, "once");
  check_is(syscall(__NR_waitid, P_PIDFD, 0, &info, WEXITED, NULL), -EBADF, "other descriptors are none");
  check_is(syscall(__NR_waitid, P_PIDFD, -1, &info, WEXITED, NULL), -EINVAL, "nor is -1");

  check_is(syscall(__NR_pidfd_open, 0, 0), -EINVAL, "pidfd_open wants a number");
  check_is(syscall(__NR_pidfd_open, 99999, 0), -ESRCH, "of somebody");
  check_is(syscall(__NR_pidfd_open, getpid(), 1), -EINVAL, "and no flags it does not know");
  pid = fork();
  if (pid == 0) exit(0);
  sleep_ms(20);
  fd = (int)syscall(__NR_pidfd_open, pid, O_NONBLOCK);
  check(fd >= 0, "a zombie can be opened");
  wait4((pid_t)pid, NULL, 0, NULL);
  check_is(syscall(__NR_pidfd_open, pid, 0), -ESRCH, "what is reaped cannot");
  pid = fork();
  if (pid == 0) {
    sleep_ms(2000);
    exit(0);
  }
  fd = (int)syscall(__NR_pidfd_open, pid, O_NONBLOCK);
  check_is(syscall(__NR_waitid, P_PIDFD, fd, &info, WEXITED, NULL), -EAGAIN, "with O_NONBLOCK nobody waits");
  kill((pid_t)pid, SIGKILL);
  wait4((pid_t)pid, NULL, 0, NULL);
}

int main(void) {
  check_clone3();
  check_set_tid();
  check_flags();
  check_pidfd();
  return checked();
}
