/*
 * time.c - clocks, sleeping and timers
 *
 * Linux: kernel/time/posix-timers.c, kernel/time/hrtimer.c, kernel/time/itimer.c
 */
#include "check.h"
#include <linux/timex.h>

#define MS 1000000L

static volatile int alarms;

static void on_alarm(int sig) {
  (void)sig;
  alarms++;
}

static long now(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static long sleep_on(int clock, int flags, long ns, struct timespec *left) {
  struct timespec time = {ns / 1000000000L, ns % 1000000000L};
  return syscall(__NR_clock_nanosleep, clock, flags, &time, left);
}

static void check_clocks(void) {
  struct timespec time, resolution;
  struct timeval of_day;
  check(now(CLOCK_REALTIME) > 1700000000L * 1000000000L, "CLOCK_REALTIME counts from 1970");
  long a = now(CLOCK_MONOTONIC), b = now(CLOCK_MONOTONIC);
  check(a > 0 && b >= a, "CLOCK_MONOTONIC does not go back");
  check(now(CLOCK_BOOTTIME) >= a, "CLOCK_BOOTTIME is not behind it");
  check(now(CLOCK_MONOTONIC_RAW) > 0 && now(CLOCK_MONOTONIC_COARSE) > 0, "its raw and coarse sisters run");
  check(now(CLOCK_REALTIME) - now(CLOCK_REALTIME_COARSE) < 100 * MS, "a coarse clock is less than a tenth of a second behind");
  check(now(CLOCK_PROCESS_CPUTIME_ID) > 0 && now(CLOCK_THREAD_CPUTIME_ID) > 0, "a process and a thread have clocks of their own");
  check_is(clock_gettime(999, &time), -EINVAL, "other clocks are EINVAL");
  check_is(syscall(__NR_clock_getres, CLOCK_MONOTONIC, &resolution), 0, "a clock has a resolution");
  check_is(resolution.tv_nsec, 1, "of a nanosecond");
  check_is(syscall(__NR_clock_getres, CLOCK_MONOTONIC, NULL), 0, "for which one need not have room");
  check_is(syscall(__NR_gettimeofday, &of_day, NULL), 0, "gettimeofday answers");
  long difference = now(CLOCK_REALTIME) / 1000000000L - of_day.tv_sec;
  check(difference == 0 || difference == 1, "what CLOCK_REALTIME does");

  long used = now(CLOCK_PROCESS_CPUTIME_ID);
  sleep_ms(50);
  check(now(CLOCK_PROCESS_CPUTIME_ID) - used < 40 * MS, "sleeping uses no processor time");
  long start = now(CLOCK_MONOTONIC);
  used = now(CLOCK_PROCESS_CPUTIME_ID);
  while (now(CLOCK_MONOTONIC) - start < 30 * MS) {}
  check(now(CLOCK_PROCESS_CPUTIME_ID) - used > 2 * MS, "running does");
}

static void check_sleep(void) {
  struct timespec time = {0, 30 * MS}, bad = {0, 1000000000}, negative = {-1, 0};
  long start = now(CLOCK_MONOTONIC);
  check_is(nanosleep(&time, NULL), 0, "nanosleep returns 0");
  check(now(CLOCK_MONOTONIC) - start >= 30 * MS, "not before the time is over");
  check_is(nanosleep(&bad, NULL), -EINVAL, "a second has fewer nanoseconds: EINVAL");
  check_is(nanosleep(&negative, NULL), -EINVAL, "nobody sleeps for less than nothing");
  start = now(CLOCK_MONOTONIC);
  check_is(sleep_on(CLOCK_MONOTONIC, TIMER_ABSTIME, start + 30 * MS, NULL), 0, "one can sleep until a time");
  check(now(CLOCK_MONOTONIC) - start >= 30 * MS, "which then has come");
  check_is(sleep_on(CLOCK_MONOTONIC, TIMER_ABSTIME, start - 1, NULL), 0, "a time that is over is no reason to sleep");
  check_is(sleep_on(CLOCK_REALTIME, 0, MS, NULL), 0, "one can sleep by CLOCK_REALTIME");
  check_is(sleep_on(CLOCK_THREAD_CPUTIME_ID, 0, MS, NULL), -EOPNOTSUPP, "but not by one's own processor time");
}

static void check_interrupted_sleep(void) {
  struct timespec time = {1, 0}, left = {9, 9};
  struct itimerval timer = {.it_value = {0, 50000}};
  set_signal(SIGALRM, on_alarm, 0);
  setitimer(ITIMER_REAL, &timer, NULL);
  check_is(nanosleep(&time, &left), -EINTR, "a signal ends nanosleep");
  check(left.tv_sec == 0 && left.tv_nsec > 500 * MS && left.tv_nsec <= 960 * MS, "and it tells what was left");
  setitimer(ITIMER_REAL, &timer, NULL);
  left.tv_sec = 9;
  check_is(sleep_on(CLOCK_MONOTONIC, TIMER_ABSTIME, now(CLOCK_MONOTONIC) + 1000 * MS, &left), -EINTR, "a sleep until a time is ended as well");
  check_is(left.tv_sec, 9, "without telling, since the time is known");
}

static void check_timers(void) {
  struct itimerval timer = {{0, 10000}, {0, 10000}}, old, off = {{0, 0}, {0, 0}}, bad = {{0, 0}, {0, 1000000}};
  alarms = 0;
  check_is(setitimer(ITIMER_REAL, &timer, NULL), 0, "a timer can be set");
  while (alarms < 3) sleep_ms(1);
  check(alarms >= 3, "and comes again and again");
  check_is(setitimer(ITIMER_REAL, &off, &old), 0, "until it is stopped");
  check(old.it_interval.tv_usec == 10000 && old.it_value.tv_usec <= 10000, "which tells how it was set, and what was left");
  int before = alarms;
  sleep_ms(40);
  check_is(alarms, before, "then it comes no more");
  check_is(setitimer(9, &timer, NULL), -EINVAL, "there are three timers");
  check_is(setitimer(ITIMER_REAL, &bad, NULL), -EINVAL, "a second has fewer microseconds");

  timer = (struct itimerval){{0, 0}, {100, 0}};
  setitimer(ITIMER_REAL, &timer, NULL);
  syscall(__NR_getitimer, ITIMER_REAL, &old);
  check(old.it_value.tv_sec == 99 && old.it_interval.tv_sec == 0, "getitimer tells what is left");
  int status = -1;
  if (fork() == 0) exit(syscall(__NR_getitimer, ITIMER_REAL, &old) != 0 || old.it_value.tv_sec != 0);
  wait4(-1, &status, 0, NULL);
  check_is(status, 0, "a child does not inherit it");
  setitimer(ITIMER_REAL, &off, NULL);

  set_signal(SIGVTALRM, on_alarm, 0);
  alarms = 0;
  timer = (struct itimerval){{0, 0}, {0, 10000}};
  setitimer(ITIMER_VIRTUAL, &timer, NULL);
  for (long start = now(CLOCK_MONOTONIC); alarms == 0 && now(CLOCK_MONOTONIC) - start < 5000 * MS;) {
    for (volatile int i = 0; i < 10000; i++) {} // in user mode, which is what it counts
  }
  check_is(alarms, 1, "ITIMER_VIRTUAL counts the time of the program itself");
}

static long set_wall(long sec) {
  struct timespec time = {sec, 0};
  return syscall(__NR_clock_settime, CLOCK_REALTIME, &time);
}

static long adjust(unsigned modes, long sec, long tai) {
  struct timex timex = {.modes = modes, .time = {sec, 0}, .constant = tai};
  long state = syscall(__NR_adjtimex, &timex);
  return state < 0 ? state : timex.tai;
}

static void check_setting(void) {
  long wall = now(CLOCK_REALTIME) / 1000000000L, last = 8277292035L; // 30 years before 64 bits of ns are full
  check_is(set_wall(last + 1), -EINVAL, "the wall clock does not show just any year: EINVAL");
  check_is(set_wall(last), 0, "the last one is 2232");
  check_is(set_wall(0), -EINVAL, "the machine was not switched on before 1970");
  check_is(set_wall(wall), 0, "(and back)");
  check_is(adjust(ADJ_SETOFFSET, last - wall + 100, 0), -EINVAL, "neither does it jump there");
  check_is(adjust(ADJ_SETOFFSET, -wall - 100, 0), -EINVAL, "nor before 1970");
  check_is(adjust(ADJ_SETOFFSET, 1000, 0), 0, "it may jump");
  check(now(CLOCK_REALTIME) / 1000000000L - wall >= 1000, "as far as it is told");
  set_wall(wall);
  check_is(adjust(ADJ_TAI, 0, 37), 37, "TAI is told how far it is ahead");
  check_is(adjust(ADJ_TAI, 0, 100001), 37, "which is not much");
  check_is(adjust(ADJ_TAI, 0, -1), 37, "and never negative");
  adjust(ADJ_TAI, 0, 0);
}

int main(void) {
  check_clocks();
  check_sleep();
  check_interrupted_sleep();
  check_timers();
  check_setting();
  return checked();
}
