/*
 * seccomp-addfd.c - a listener hands out descriptors; a signal comes before its answer
 *
 * Linux: kernel/seccomp.c
 */
#include "notify.h"

static int handled;
static void on_usr1(int sig) { (void)sig, handled++; }

static void ask_and_count(void) {
  set_signal(SIGUSR1, on_usr1, 0);
  long got = getppid();
  exit(got == -EINTR ? 10 + handled : (int)got);
}
static void ask_for_file(void) {
  long fd = getppid();
  exit(fd < 0 ? 200 : (int)(fcntl((int)fd, F_GETFD, 0) == FD_CLOEXEC ? fd : 100 + fd));
}

static long add(int srcfd, int newfd, unsigned flags, unsigned newfd_flags) {
  struct seccomp_notif_addfd addfd = {request.id, flags, (unsigned)srcfd, (unsigned)newfd, newfd_flags};
  return ioctl((int)notify_fd, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd);
}
static void check_addfd(void) {
  long pid = start_asking(0, ask_for_file);
  receive();
  check_is(add(1, 5, 0, 0), -EINVAL, "check 207: a number without SETFD");
  check_is(add(1, 0, 4, 0), -EINVAL, "check 207: an unknown flag");
  check_is(add(1, 0, 0, 1), -EINVAL, "check 207: an unknown flag of descriptors");
  check_is(add(99, 0, 0, 0), -EBADF, "check 207: no such file here");
  check_is(ioctl((int)notify_fd, 0x40172103, &request), -EINVAL, "check 207: too small a request");
  check_is(add(1, 40, SECCOMP_ADDFD_FLAG_SETFD, O_CLOEXEC), 40, "check 207: SETFD puts it where it is told");
  check_is(answer(40, 0, 0), 0, "check 207: which the answer can name");
  check_is(finish(pid), 40 << 8, "check 207: and it was there, closed on exec");
  pid = start_asking(0, ask_for_file);
  receive();
  check_is(add(1, 41, SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND, 0), 41, "check 207: SEND answers with it");
  check_is(finish(pid), 141 << 8, "check 207: at once");
}

static void check_signals(void) {
  long pid = start_asking(0, ask_and_count);
  receive();
  kill((pid_t)pid, SIGUSR1);
  check_is(finish(pid), 11 << 8, "check 208: a signal interrupts the question, even a received one");
  pid = start_asking(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, ask_and_count);
  receive();
  kill((pid_t)pid, SIGUSR1);
  sleep_ms(20);
  check_is(valid(), 0, "check 208: not with WAIT_KILLABLE_RECV");
  answer(3, 0, 0);
  check_is(finish(pid), 3 << 8, "check 208: it has its answer first");
  pid = start_asking(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, ask_and_count);
  receive();
  kill((pid_t)pid, SIGKILL);
  check_is(finish(pid), SIGKILL, "check 208: but it can be killed");
}

int main(void) {
  check_addfd();
  check_signals();
  return checked();
}
