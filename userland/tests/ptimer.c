/*
 * ptimer.c - POSIX timers
 *
 * Linux: kernel/time/posix-timers.c, kernel/time/posix-cpu-timers.c
 */
#include "check.h"
#include "thread.h"

#define MS 1000000L
enum { BAD = 16 };

struct event {
  long value;
  int signal, notify, tid, pad[11];
};

struct setting {
  struct timespec interval, value;
};

static volatile int count, value, overrun, code;

static void on_signal(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  count++;
  code = info->si_code;
  value = info->si_int;
  overrun = info->si_overrun;
}

static long create(int clock, int notify, int signal, int tid) {
  struct event event = {.value = 42, .signal = signal, .notify = notify, .tid = tid};
  int id = -1;
  long error = syscall(__NR_timer_create, clock, &event, &id);
  return error ? error : id;
}

static long set(long id, int flags, long interval, long first) {
  struct setting setting = {{interval / 1000000000, interval % 1000000000}, {first / 1000000000, first % 1000000000}};
  return syscall(__NR_timer_settime, id, flags, &setting, NULL);
}

static long left(long id) {
  struct setting setting;
  if (syscall(__NR_timer_gettime, id, &setting)) return -1;
  return setting.value.tv_sec * 1000000000 + setting.value.tv_nsec;
}

static long now(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000 + time.tv_nsec;
}

static void check_signals(void) {
  long id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
  check(id >= 0, "a timer can be made");
  check_is(left(id), 0, "it does not run yet");
  check_is(set(id, 0, 0, 20 * MS), 0, "it can be set");
  check(left(id) > 0 && left(id) <= 20 * MS, "then it runs down");
  sleep_ms(60);
  check_is(count, 1, "to a signal");
  check(code == SI_TIMER && value == 42, "from a timer, with its value");
  check_is(left(id), 0, "once");

  count = 0;
  set(id, 0, 10 * MS, 10 * MS);
  while (count < 3) sleep_ms(5);
  check(count >= 3, "with an interval again and again");
  check(left(id) > 0 && left(id) <= 10 * MS, "with at most an interval left");
  check_is(set(id, 0, 0, 0), 0, "until it is stopped");
  sleep_ms(30);
  count = 0;
  sleep_ms(30);
  check_is(count, 0, "then it is silent");

  sigset_t usr1 = signal_set(SIGUSR1), none = signal_set(0);
  rt_sigprocmask(SIG_BLOCK, &usr1, NULL);
  set(id, 0, 10 * MS, 10 * MS);
  sleep_ms(105);
  rt_sigprocmask(SIG_SETMASK, &none, NULL);
  check_is(count, 1, "while its signal is blocked there is only one");
  check(overrun >= 5, "which tells how many it stands for");
  check_is(syscall(__NR_timer_getoverrun, id), overrun, "as timer_getoverrun does");
  check_is(syscall(__NR_timer_delete, id), 0, "a timer can be deleted");
  check_is(syscall(__NR_timer_delete, id), -EINVAL, "once");
  check_is(left(id), -1, "then it is gone");
}

static void check_clocks(void) {
  long id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
  count = 0;
  set(id, TIMER_ABSTIME, 0, now(CLOCK_MONOTONIC) + 20 * MS);
  sleep_ms(60);
  check_is(count, 1, "a timer can be set to a moment");
  set(id, TIMER_ABSTIME, 0, 1);
  sleep_ms(10);
  check_is(count, 2, "one that is over is now");
  id = create(CLOCK_REALTIME, SIGEV_SIGNAL, SIGUSR1, 0);
  set(id, TIMER_ABSTIME, 0, now(CLOCK_REALTIME) + 20 * MS);
  sleep_ms(60);
  check_is(count, 3, "on the wall clock, too");
  id = create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1, 0);
  set(id, 0, 0, 30 * MS);
  sleep_ms(100);
  check_is(count, 3, "on a processor clock only running counts");
  for (long start = now(CLOCK_MONOTONIC); count == 3 && now(CLOCK_MONOTONIC) - start < 5000 * MS;) {}
  check_is(count, 4, "until it is enough");
  id = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
  set(id, 0, 0, 20 * MS);
  check(left(id) > 0, "a timer need not signal");
  sleep_ms(30);
  check_is(left(id), 0, "it can be looked at");
  id = create(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGUSR1, (int)gettid());
  set(id, 0, 0, 10 * MS);
  sleep_ms(30);
  check_is(count, 5, "or it can signal one thread");
}

static void check_refusals(void) {
  int id;
  long mine = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
  check_is(create(99, SIGEV_SIGNAL, SIGUSR1, 0), -EINVAL, "a clock must exist");
  check_is(create(CLOCK_MONOTONIC_RAW, SIGEV_SIGNAL, SIGUSR1, 0), -EOPNOTSUPP, "and be one for timers");
  check_is(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 0, 0), -EINVAL, "there is no signal 0");
  check_is(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, 65, 0), -EINVAL, "nor 65");
  check_is(create(CLOCK_MONOTONIC, 3, SIGUSR1, 0), -EINVAL, "nor a third way to tell");
  check_is(create(CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGUSR1, 1), -EINVAL, "others' threads are not one's own");
  check_is(syscall(__NR_timer_create, CLOCK_MONOTONIC, BAD, &id), -EFAULT, "the event must be readable");
  check_is(syscall(__NR_timer_create, CLOCK_MONOTONIC, NULL, BAD), -EFAULT, "the number must have room");
  check_is(set(mine, 0, 0, -1), -EINVAL, "time does not run backwards");
  check_is(syscall(__NR_timer_settime, mine, 0, NULL, NULL), -EINVAL, "nothing is no setting");
  check_is(syscall(__NR_timer_settime, mine, 0, BAD, NULL), -EFAULT, "it must be readable");
  check_is(set(99999, 0, 0, 1), -EINVAL, "a timer must exist");
}

static void outlives_leader(void) {
  for (int i = 0; i < 200 && count < 3; i++) sleep_ms(5);
  exit(count >= 3 ? 3 : 4);
}
static void leader_goes(void) {
  count = 0;
  set(create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0), 0, 10 * MS, 10 * MS);
  start_thread(outlives_leader, 0, NULL, 0);
  syscall(__NR_exit, 0);
}

static volatile int tid;
static void runs_on(void) {
  while (count < 5) {}
}

static void check_threads(void) {
  check_is(in_child(leader_goes), 3 << 8, "a process whose leader has gone still gets its timer's signals");
  count = 0;
  long id = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
  start_thread(runs_on, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID, &tid, 0);
  set(id, 0, 10 * MS, 10 * MS);
  struct timespec time = {0, 35 * MS};
  check_is(nanosleep(&time, NULL), 0, "the thread that runs takes them, and not the one that sleeps");
  wait_until_zero(&tid);
  set(id, 0, 0, 0);
  check(count >= 5, "one after the other");
  set_signal(SIGUSR1, SIG_IGN, 0);
  set(id, 0, 10 * MS, 10 * MS);
  check_is(nanosleep(&time, NULL), 0, "nobody is woken for one that is ignored");
}

int main(void) {
  set_handler(SIGUSR1, on_signal, 0);
  check_signals();
  check_clocks();
  check_refusals();
  check_threads();
  return checked();
}
