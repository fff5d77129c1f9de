/*
 * seccomp-notify.c - a filter that asks another process
 *
 * Linux: kernel/seccomp.c
 */
#include "notify.h"

static void ask_once(void) { exit((int)getppid() & 0xff); }
static void ask_twice(void) {
  long first = getppid();
  exit(first == -ENOSYS && getppid() == -ENOSYS ? 1 : 2);
}
static void ask_both(void) {
  fork();
  ask_once();
}
static void ask_wide(void) { exit(getppid() == -5000); }
static int events(void) {
  struct pollfd poll = {(int)notify_fd, POLLIN | POLLOUT, 0};
  struct timespec second = {1, 0};
  ppoll(&poll, 1, &second, NULL);
  return poll.revents;
}
static int answered(long value, int error, unsigned flags) {
  long pid = start_asking(0, ask_once);
  receive();
  answer(value, error, flags);
  return finish(pid);
}

static void check_protocol(void) {
  unsigned short sizes[3];
  check_is(seccomp(SECCOMP_GET_NOTIF_SIZES, 0, sizes), 0, "check 200: the sizes of the structures");
  check(sizes[0] == 80 && sizes[1] == 24 && sizes[2] == 64, "check 200: are 80, 24 and 64");
  long pid = start_asking(0, ask_once);
  check_is(events(), POLLIN, "check 206: somebody asks: POLLIN");
  memset(&request, 1, sizeof(request));
  check_is(ioctl((int)notify_fd, SECCOMP_IOCTL_NOTIF_RECV, &request), -EINVAL, "check 201: a buffer that is not zero");
  check_is(answer(1, 0, 0), -ENOENT, "check 202: an answer to no question");
  check_is(receive(), 0, "check 201: a question");
  check(request.pid == pid && request.data.nr == __NR_getppid && request.data.arch == AUDIT_ARCH_AARCH64, "check 201: who, and what");
  check_is(valid(), 0, "check 201: it is waiting for an answer");
  check_is(events(), POLLOUT, "check 206: which can be given: POLLOUT");
  check_is(answer(1, 0, 2), -EINVAL, "check 202: an unknown flag");
  check_is(answer(1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), -EINVAL, "check 202: CONTINUE with a value");
  check_is(answer(7, 0, 0), 0, "check 202: an answer");
  int status;
  wait4((pid_t)pid, &status, 0, NULL);
  check_is(status, 7 << 8, "check 203: a value is the result");
  check_is(answer(7, 0, 0), -ENOENT, "check 202: the question is gone");
  check_is(valid(), -ENOENT, "check 202: and not valid");
  check_is(events(), POLLHUP, "check 206: so is everybody who could ask: POLLHUP");
  check_is(receive(), -ENOENT, "check 206: nobody will");
  check_is(ioctl((int)notify_fd, 0x2105, NULL), -EINVAL, "an unknown request");
  close((int)notify_fd);
}

static void check_two(void) {
  long pid = start_asking(0, ask_both);
  receive();
  sleep_ms(20);
  request.id++; // numbers are given one after the other
  check_is(answer(1, 0, 0), -EINPROGRESS, "check 202: an answer before the question was received");
  check_is(valid(), -ENOENT, "check 202: until then it is not valid");
  request.id--;
  answer(2, 0, 0);
  receive();
  answer(2, 0, 0);
  check_is(finish(pid), 2 << 8, "check 202: two tasks, two questions");
}

static long second_listener(void) {
  filter_call(__NR_getuid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
  return filter_call(__NR_getppid, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

int main(void) {
  check_protocol();
  check_two();
  check_is(try_in_child(second_listener), -EBUSY, "check 199: one listener for a task's filters");
  check_is(answered(0, -9, 0), 247 << 8, "check 203: an error is the result");
  check_is(answered(5, -9, 0), 247 << 8, "check 203: and counts more than a value");
  long pid = start_asking(0, ask_wide);
  receive();
  answer(0, -5000, 0);
  check_is(finish(pid), 1 << 8, "check 203: whatever number it is");
  check_is(answered(0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), (int)(getpid() & 0xff) << 8, "check 204: CONTINUE makes the call");
  pid = start_asking(0, ask_twice);
  receive();
  close((int)notify_fd);
  check_is(finish(pid), 1 << 8, "check 205: without a listener every question is answered by ENOSYS");
  return checked();
}
