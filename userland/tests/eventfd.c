/*
 * eventfd.c - a counter as a file
 *
 * Linux: fs/eventfd.c
 */
#include "check.h"

enum { SEMAPHORE = 1 };
static unsigned long value;
static int fd;

static long eventfd(unsigned count, int flags) { return syscall(__NR_eventfd2, count, flags); }
static long add(unsigned long n) { return write(fd, &n, 8); }
static long take(void) { return read(fd, &value, 8); }
static int events(void) {
  struct pollfd poll = {.fd = fd, .events = POLLIN | POLLOUT};
  static const struct timespec zero;
  ppoll(&poll, 1, &zero, NULL);
  return poll.revents;
}

static void wait_and_add(void) {
  sleep_ms(20);
  add(42);
}
static void take_one(void) {
  sleep_ms(20);
  take();
}

int main(void) {
  check_is(eventfd(0, 2), -EINVAL, "unknown flags are EINVAL");
  fd = (int)eventfd(3, O_NONBLOCK);
  check(take() == 8 && value == 3, "it is read as the number it began with");
  check_is(take(), -EAGAIN, "and is 0 then, which is nothing to read");
  check_is(events(), POLLOUT, "but can be added to");
  check_is(read(fd, &value, 7), -EINVAL, "a read of less than eight bytes is EINVAL");
  check_is(write(fd, &value, 7), -EINVAL, "and so is a write");
  check(add(5) == 8 && add(7) == 8 && take() == 8 && value == 12, "what is written is added up");
  check_is(add(-1UL), -EINVAL, "the largest number is no number");
  check_is(add(-2UL), 8, "the one before is");
  check_is(add(1), -EAGAIN, "and fills it");
  check_is(events(), POLLIN, "then it cannot be added to");
  check(take() == 8 && value == -2UL, "all 64 bits are kept");
  add(0xffffffff);
  add(2);
  check(take() == 8 && value == 0x100000001, "and carried");
  check_is(lseek(fd, 5, SEEK_SET), 0, "seeking does nothing");
  check_is(read(fd, (void *)8, 8), -EAGAIN, "nothing to read comes before a bad address");
  check_is(write(fd, (void *)8, 8), -EFAULT, "which is EFAULT");
  close(fd);

  fd = (int)eventfd(2, SEMAPHORE | O_NONBLOCK);
  check(take() == 8 && value == 1 && take() == 8 && value == 1, "a semaphore is read one by one");
  check_is(take(), -EAGAIN, "until it is 0");
  close(fd);

  fd = (int)eventfd(0, 0);
  long pid = fork();
  if (pid == 0) {
    wait_and_add();
    exit(0);
  }
  check(take() == 8 && value == 42, "a reader waits for somebody to add");
  wait4((pid_t)pid, NULL, 0, NULL);
  add(-2UL);
  if ((pid = fork()) == 0) {
    take_one();
    exit(0);
  }
  check_is(add(1), 8, "and a writer for room");
  wait4((pid_t)pid, NULL, 0, NULL);
  check(take() == 8 && value == 1, "of which there is enough then");
  check_is(fcntl(fd, F_GETFD, 0), 0, "close-on-exec is not set");
  close(fd);
  fd = (int)eventfd(0, O_CLOEXEC);
  check_is(fcntl(fd, F_GETFD, 0), FD_CLOEXEC, "unless asked for");
  return checked();
}
