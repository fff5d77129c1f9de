/*
 * signalfd.c - signals read from a file
 *
 * Linux: fs/signalfd.c
 */
#include "check.h"
#include <linux/signalfd.h>

static struct signalfd_siginfo info[3];
static int fd;

static long signalfd(int ufd, sigset_t mask, int flags) { return syscall(__NR_signalfd4, ufd, &mask, 8, flags); }
static long take(int count) { return read(fd, info, (size_t)count * sizeof(info[0])); }
static int events(int which) {
  struct pollfd poll = {.fd = which, .events = POLLIN | POLLOUT};
  static const struct timespec zero;
  ppoll(&poll, 1, &zero, NULL);
  return poll.revents;
}

int main(void) {
  sigset_t usr1 = signal_set(SIGUSR1), both = usr1;
  both.sig[0] |= signal_set(SIGUSR2).sig[0] | signal_set(40).sig[0] | signal_set(SIGCHLD).sig[0];
  check_is(syscall(__NR_signalfd4, -1, &usr1, 4, 0), -EINVAL, "a mask has eight bytes");
  check_is(syscall(__NR_signalfd4, -1, 8, 8, 0), -EFAULT, "at a good address");
  check_is(signalfd(-1, usr1, 1), -EINVAL, "unknown flags are EINVAL");
  check_is(signalfd(0, usr1, 0), -EINVAL, "another kind of file cannot be changed");
  check_is(signalfd(77, usr1, 0), -EBADF, "nor what is not open");
  rt_sigprocmask(SIG_BLOCK, &both, NULL);
  fd = (int)signalfd(-1, usr1, O_NONBLOCK);
  check_is(take(1), -EAGAIN, "without a signal there is nothing to read");
  check_is(events(fd), 0, "and poll says so");
  check_is(read(fd, info, 127), -EINVAL, "a read has room for one at least");

  kill((pid_t)getpid(), SIGUSR1);
  check_is(events(fd), POLLIN, "a blocked signal that is pending can be read");
  check_is(take(3), 128, "once");
  check(info[0].ssi_signo == SIGUSR1 && info[0].ssi_code == 0 && info[0].ssi_pid == getpid() && info[0].ssi_uid == 0, "with who sent it");
  check_is(take(1), -EAGAIN, "then it is not pending any more");
  kill((pid_t)getpid(), SIGUSR2);
  check_is(take(1), -EAGAIN, "one that is not in the mask stays");
  check_is(signalfd(fd, both, 0), fd, "until the mask is changed");
  check(take(1) == 128 && info[0].ssi_signo == SIGUSR2, "then it comes");

  siginfo_t queued = {.si_code = SI_QUEUE};
  queued._sifields._rt._pid = (int)getpid();
  queued._sifields._rt._sigval.sival_int = 0x1234;
  syscall(__NR_rt_sigqueueinfo, getpid(), 40, &queued);
  queued._sifields._rt._sigval.sival_int = 0x5678;
  syscall(__NR_rt_sigqueueinfo, getpid(), 40, &queued);
  kill((pid_t)getpid(), SIGUSR1);
  check_is(take(3), 3 * 128, "several at once, if there is room");
  check(info[0].ssi_signo == SIGUSR1 && info[1].ssi_signo == 40 && info[2].ssi_signo == 40, "in the order of their numbers");
  check(info[1].ssi_int == 0x1234 && info[2].ssi_int == 0x5678 && info[1].ssi_code == SI_QUEUE, "and real-time ones in that of sending, with their values");

  long pid = fork();
  if (pid == 0) exit(7);
  int flags = (int)fcntl(fd, F_GETFL, 0);
  fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  check_is(take(1), 128, "a reader waits");
  check(info[0].ssi_signo == SIGCHLD && info[0].ssi_pid == pid && info[0].ssi_status == 7 && info[0].ssi_code == CLD_EXITED, "here for the end of a child");
  wait4((pid_t)pid, NULL, 0, NULL);

  kill((pid_t)getpid(), SIGUSR1);
  if ((pid = fork()) == 0) exit(events(fd) == 0 ? 0 : 1);
  int status;
  wait4((pid_t)pid, &status, 0, NULL);
  check_is(status, 0, "a child that has the file reads its own signals, not its parent's");
  check_is(signalfd(fd, signal_set(SIGKILL), 0), fd, "SIGKILL may be asked for");
  return checked();
}
