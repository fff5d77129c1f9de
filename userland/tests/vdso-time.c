/*
 * vdso-time.c - what the vDSO says of the time is what the kernel would have said
 *
 * Linux: lib/vdso/gettimeofday.c, kernel/time/vsyscall.c, Manual: vdso(7), clock_gettime(2)
 */
#include "filter.h"
#include "trace.h"
#include "vdso.h"
#include <linux/timex.h>

enum { SECOND = 1000000000, ROUNDS = 200 };

static clock_function *gettime, *getres;
static time_function *gettimeofday;

static const int known[] = {CLOCK_REALTIME,        CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                            CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,  CLOCK_TAI};
static const int asked[] = {CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM,
                            10, 12, 15, 16, 32, 33, 99, -1, -2, -3, -6, 1 << 31};
#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

static long ns(struct timespec time) { return time.tv_sec * SECOND + time.tv_nsec; }
static long kernels(int clock) {
  struct timespec time = {-1, -1};
  clock_gettime(clock, &time);
  return ns(time);
}
static long vdsos(int clock) {
  struct timespec time = {-1, -1};
  return gettime(clock, &time) == 0 && (unsigned long)time.tv_nsec < SECOND ? ns(time) : -1;
}

/*
 * One clock, whoever reads it
 */

static bool agrees(int clock) {
  for (int i = 0; i < ROUNDS; i++) {
    long before = kernels(clock), first = vdsos(clock), second = vdsos(clock), after = kernels(clock);
    if (before > first || first > second || second > after || after - before > SECOND) return false;
  }
  return true;
}

static void check_agreement(void) {
  bool all = true;
  for (int i = 0; i < COUNT(known); i++) all &= agrees(known[i]);
  check(all, "whoever asks the kernel and the vDSO by turns never sees a clock go back");

  struct timeval day;
  long before = kernels(CLOCK_REALTIME) / 1000;
  check_is(gettimeofday(&day, NULL), 0, "gettimeofday answers");
  long now = day.tv_sec * 1000000 + day.tv_usec, after = kernels(CLOCK_REALTIME) / 1000;
  check(before <= now && now <= after, "what CLOCK_REALTIME shows, in microseconds");
  check_is(gettimeofday(NULL, NULL), 0, "it need not have anything to say");
}

static void check_resolution(void) {
  bool same = true;
  for (int i = 0; i < COUNT(known); i++) {
    struct timespec mine = {-1, -1}, its = {-1, -1};
    same &= getres(known[i], &mine) == 0 && syscall(__NR_clock_getres, known[i], &its) == 0 && ns(mine) == ns(its);
  }
  check(same, "resolutions are the kernel's");
  check_is(getres(CLOCK_MONOTONIC, NULL), 0, "for which one need not have room");
  same = true;
  for (int i = 0; i < COUNT(asked); i++) {
    struct timespec mine = {-1, -1}, its = {-1, -1};
    same &= getres(asked[i], &mine) == syscall(__NR_clock_getres, asked[i], &its) && ns(mine) == ns(its);
  }
  check(same, "those of the clocks that it does not know too");
}

/*
 * Without a call: who is forbidden to make it does not notice
 */

enum { FORBIDDEN = -EXDEV };

static void forbid(void) {
  static const long numbers[] = {__NR_clock_gettime, __NR_clock_getres, __NR_gettimeofday};
  forbid_new_privileges();
  for (int i = 0; i < COUNT(numbers); i++) filter_call(numbers[i], SECCOMP_RET_ERRNO | EXDEV, 0);
}

static long answers_alone(void) {
  forbid();
  struct timespec time;
  struct timeval day;
  struct timezone zone;
  long bad = clock_gettime(CLOCK_MONOTONIC, &time) != FORBIDDEN;
  for (int i = 0; i < COUNT(known); i++) bad += vdsos(known[i]) < 0 || getres(known[i], &time) != 0;
  return bad + (gettimeofday(&day, &zone) != 0);
}

static long asks_the_kernel(void) {
  forbid();
  long bad = 0;
  struct timespec time;
  for (int i = 0; i < COUNT(asked); i++)
    bad += gettime(asked[i], &time) != FORBIDDEN || getres(asked[i], &time) != FORBIDDEN;
  return bad;
}

static long bad_pointer(void) { return gettime(CLOCK_MONOTONIC, (struct timespec *)8); }
static long bad_pointer_there(void) { return gettime(CLOCK_THREAD_CPUTIME_ID, (struct timespec *)8); }

static void check_calls(void) {
  check_is(try_in_child(answers_alone), 0, "seven clocks are read without a call");
  check_is(try_in_child(asks_the_kernel), 0, "for all others, and for none, the kernel is asked");
  check_is(try_in_child(bad_pointer), DIED + SIGSEGV, "where there is no room for the time, it is the program that faults");
  check_is(try_in_child(bad_pointer_there), -EFAULT, "or the kernel, if it was asked");
}

/*
 * Clocks that are set
 */

static long set_clock(long to) {
  struct timespec time = {to / SECOND, to % SECOND};
  return syscall(__NR_clock_settime, CLOCK_REALTIME, &time);
}

static bool about(long time, long want) { return time >= want && time < want + 60L * SECOND; }

static void check_setting(void) {
  long real = kernels(CLOCK_REALTIME), steady = kernels(CLOCK_MONOTONIC), hour = 3600L * SECOND;
  set_clock(real + hour);
  check(about(vdsos(CLOCK_REALTIME), real + hour) && about(vdsos(CLOCK_REALTIME_COARSE), real + hour), "a clock that is set is set at once");
  check(about(vdsos(CLOCK_MONOTONIC), steady) && agrees(CLOCK_MONOTONIC), "the steady ones go on as they did");
  set_clock(kernels(CLOCK_REALTIME) - hour);
  check(about(vdsos(CLOCK_REALTIME), real), "and set back");

  struct timex tai = {.modes = ADJ_TAI, .constant = 37};
  check(syscall(__NR_adjtimex, &tai) >= 0, "leap seconds are told to the kernel");
  long before = kernels(CLOCK_REALTIME);
  check(about(vdsos(CLOCK_TAI), before + 37L * SECOND) && agrees(CLOCK_TAI), "and CLOCK_TAI is ahead by so many");
  tai.constant = 0;
  syscall(__NR_adjtimex, &tai);

  struct timezone zone = {-60, 3}, mine = {0, 0};
  struct timeval day;
  gettimeofday(&day, NULL);
  check_is(syscall(__NR_settimeofday, &day, &zone), 0, "the kernel keeps a time zone for programs");
  check_is(gettimeofday(NULL, &mine), 0, "which the vDSO hands out");
  check(mine.tz_minuteswest == -60 && mine.tz_dsttime == 3, "as it is");
}

/*
 * Set while somebody reads: after so many of the reader's instructions
 */

enum { STEPS = 120, JUMP = 1000 };

static long *result;

static void reader(void) {
  for (;;) {
    *result = vdsos(CLOCK_REALTIME);
    raise(SIGSTOP);
  }
}

/* Read before it was set, or after: never the old clock later than it was set. */
static bool set_after(long pid, int steps) {
  *result = 0;
  for (int i = 0; i < steps; i++) run_to_stop(PTRACE_SINGLESTEP, pid, 0);
  long old = kernels(CLOCK_REALTIME), new = old + (long)JUMP * SECOND;
  set_clock(new);
  run_to_stop(PTRACE_CONT, pid, 0);
  return (*result > 0 && *result <= old) || about(*result, new);
}

static void check_race(void) {
  result = shared_page();
  long pid = tracee(reader, 0), start = kernels(CLOCK_REALTIME);
  bool good = true;
  for (int steps = 1; steps <= STEPS; steps++) good &= set_after(pid, steps);
  check(good, "a clock that is set while somebody reads it shows the old time or the new, and nothing else");
  end(pid);
  set_clock(start);
}

int main(void) {
  gettime = vdso_function("__kernel_clock_gettime");
  getres = vdso_function("__kernel_clock_getres");
  gettimeofday = vdso_function("__kernel_gettimeofday");
  check_agreement();
  check_resolution();
  check_calls();
  check_setting();
  check_race();
  return checked();
}
