/*
 * timerfd.c - a timer as a file
 *
 * Linux: fs/timerfd.c
 */
#include "check.h"

enum { ABSTIME = 1 };
#define MS 1000000L
static struct {
  struct timespec interval, value;
} spec, old;
static unsigned long ticks;
static int fd;

static long create(int clock, int flags) { return syscall(__NR_timerfd_create, clock, flags); }
static long set(int flags, long value_ms, long interval_ms) {
  spec.value = (struct timespec){value_ms / 1000, value_ms % 1000 * MS};
  spec.interval = (struct timespec){interval_ms / 1000, interval_ms % 1000 * MS};
  return syscall(__NR_timerfd_settime, fd, flags, &spec, &old);
}
static long get(void) { return syscall(__NR_timerfd_gettime, fd, &old); }
static long take(void) { return read(fd, &ticks, 8); }
static bool readable(long ms) {
  struct pollfd poll = {.fd = fd, .events = POLLIN};
  struct timespec time = {0, ms * MS};
  return ppoll(&poll, 1, &time, NULL) == 1 && poll.revents == POLLIN;
}
static long now_ms(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000 + time.tv_nsec / MS;
}

int main(void) {
  check_is(create(CLOCK_THREAD_CPUTIME_ID, 0), -EINVAL, "there is none on CPU time");
  check_is(create(CLOCK_MONOTONIC, 1), -EINVAL, "unknown flags are EINVAL");
  fd = (int)create(CLOCK_MONOTONIC, O_NONBLOCK | O_CLOEXEC);
  check_is(fcntl(fd, F_GETFD, 0), FD_CLOEXEC, "close-on-exec can be asked for");
  check_is(take(), -EAGAIN, "a timer that was never set has nothing to say");
  check_is(get(), 0, "and stands still");
  check(old.value.tv_sec == 0 && old.value.tv_nsec == 0, "at 0");

  check_is(set(0, 30, 0), 0, "it is set");
  check_is(get(), 0, "and can be asked");
  check(old.value.tv_nsec > 0 && old.value.tv_nsec <= 30 * MS && old.interval.tv_nsec == 0, "how much is left");
  check(!readable(5), "it cannot be read before");
  check(readable(200), "but then");
  check(read(fd, &ticks, 7) == -EINVAL, "not less than eight bytes");
  check(take() == 8 && ticks == 1, "that it expired once");
  check_is(take(), -EAGAIN, "which is told once");
  get();
  check(old.value.tv_nsec == 0, "and nothing is left");

  set(0, 5, 5);
  sleep_ms(53);
  check(take() == 8 && ticks >= 10 && ticks <= 20, "a periodic one counts");
  get();
  check(old.interval.tv_nsec == 5 * MS && old.value.tv_nsec <= 5 * MS, "and goes on");
  set(0, 0, 0);
  check(old.interval.tv_nsec == 5 * MS, "what it was set to is told by whoever sets it");
  check(!readable(20), "0 stops it");

  set(ABSTIME, now_ms(CLOCK_MONOTONIC) + 20, 0);
  check(!readable(5) && readable(200), "a time can be absolute");
  set(ABSTIME, 1, 0);
  check(readable(200) && take() == 8 && ticks == 1, "also one that has passed");
  spec.value.tv_nsec = 1000000000;
  check_is(syscall(__NR_timerfd_settime, fd, 0, &spec, NULL), -EINVAL, "a second has less than 10^9 ns");
  check_is(set(8, 1, 0), -EINVAL, "unknown flags are EINVAL here, too");
  check_is(syscall(__NR_timerfd_settime, fd, 0, 8, NULL), -EFAULT, "a bad address is EFAULT");
  check_is(syscall(__NR_timerfd_gettime, 0, &old), -EINVAL, "another kind of file is EINVAL");
  check_is(write(fd, &ticks, 8), -EINVAL, "it cannot be written");
  close(fd);

  fd = (int)create(CLOCK_REALTIME, 0);
  set(ABSTIME, now_ms(CLOCK_REALTIME) + 20, 0);
  check(take() == 8 && ticks == 1, "a reader waits, here for the wall clock");
  check(now_ms(CLOCK_REALTIME) * MS >= spec.value.tv_nsec, "which has come that far");
  return checked();
}
