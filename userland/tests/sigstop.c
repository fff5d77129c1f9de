/*
 * sigstop.c - stopping and going on, and what that does to calls that sleep
 *
 * Linux: kernel/signal.c (prepare_signal), kernel/time/hrtimer.c (nanosleep's restart), Manual: signal(7)
 */
#include "check.h"

static volatile int *shared;
static volatile int got;

static void on_signal(int sig) { got = sig; }

static pid_t start(void (*run)(void)) {
  shared[0] = 0;
  long pid = fork();
  if (pid == 0) {
    setpgid(0, 0); // a group that is not orphaned, so that SIGTSTP stops it
    shared[0] = 1;
    run();
    exit(0);
  }
  while (!shared[0]) sleep_ms(1);
  return (pid_t)pid;
}

static int wait_status(pid_t pid, int options) {
  int status = -1;
  wait4(pid, &status, options, NULL);
  return status;
}

static int end(pid_t pid) {
  kill(pid, SIGKILL);
  return wait_status(pid, 0);
}

/* A call that sleeps for 100 ms is stopped for as long in the middle of it; what it answers, or 99 if it was quick. */
static int stopped_in_the_middle(void (*call)(void)) {
  pid_t pid = start(call);
  sleep_ms(30);
  kill(pid, SIGSTOP);
  wait_status(pid, WUNTRACED);
  sleep_ms(100);
  kill(pid, SIGCONT);
  return wait_status(pid, 0);
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Exits with the error, if any; the time must have passed. */
static void finish(long answer, long start, long least) { exit(now_ms() - start < least ? 99 : (int)-answer); }

static void sleep_100(void) {
  struct timespec time = {0, 100000000};
  long start = now_ms();
  finish(nanosleep(&time, NULL), start, 100);
}

static void poll_100(void) {
  struct timespec time = {0, 100000000};
  long start = now_ms();
  finish(ppoll(NULL, 0, &time, NULL), start, 100);
}

static void futex_100(void) {
  struct timespec time = {0, 100000000};
  long start = now_ms(), err = syscall(__NR_futex, shared + 1, FUTEX_WAIT, 0, &time);
  finish(err == -ETIMEDOUT ? 0 : err, start, 100);
}

static void select_100(void) {
  struct timespec time = {0, 100000000};
  long start = now_ms();
  finish(syscall(__NR_pselect6, 0, NULL, NULL, NULL, &time, NULL), start, 100);
}

static void read_pipe(void) {
  int fds[2];
  char c;
  pipe2(fds, 0);
  if (fork() == 0) {
    sleep_ms(100);
    write(fds[1], "x", 1);
    exit(0);
  }
  exit(read(fds[0], &c, 1) == 1 ? 0 : 1);
}

static void sleep_for_signal(void) {
  struct timespec time = {0, 100000000};
  sigset_t usr1 = signal_set(SIGUSR1);
  exit((int)-rt_sigtimedwait(&usr1, NULL, &time));
}

static void check_calls(void) {
  check_is(stopped_in_the_middle(sleep_100), 0, "nanosleep goes on after a stop, until its time is over");
  check_is(stopped_in_the_middle(poll_100), 0, "and so does ppoll");
  check_is(stopped_in_the_middle(select_100), 0, "and pselect6");
  check_is(stopped_in_the_middle(futex_100), 0, "and a futex wait");
  check_is(stopped_in_the_middle(read_pipe), 0, "a read waits on");
  check_is(stopped_in_the_middle(sleep_for_signal), EINTR << 8, "but sigtimedwait is EINTR");
}

static void wait_for_usr1(void) {
  set_signal(SIGUSR1, on_signal, 0);
  set_signal(SIGCONT, on_signal, 0);
  while (got != SIGUSR1) sleep_ms(1);
  exit(5);
}

static void check_while_stopped(void) {
  pid_t pid = start(wait_for_usr1);
  kill(pid, SIGSTOP);
  wait_status(pid, WUNTRACED);
  kill(pid, SIGUSR1);
  check_is(wait4(pid, NULL, WNOHANG, NULL), 0, "a handler does not run while its process is stopped");
  kill(pid, SIGCONT);
  check_is(wait_status(pid, 0), 5 << 8, "but when it goes on");

  pid = start(wait_for_usr1);
  kill(pid, SIGSTOP);
  wait_status(pid, WUNTRACED);
  kill(pid, SIGTERM);
  check_is(wait4(pid, NULL, WNOHANG, NULL), 0, "a signal that ends a process waits, too");
  kill(pid, SIGCONT);
  check_is(wait_status(pid, 0), SIGTERM, "until it goes on");
}

static void block_all(void) {
  sigset_t all = {{~0UL}}, pending;
  rt_sigprocmask(SIG_SETMASK, &all, NULL);
  shared[2] = 1;
  while (shared[2] == 1) sleep_ms(1);
  rt_sigpending(&pending);
  shared[3] = (pending.sig[0] & 1UL << (SIGTSTP - 1)) != 0;
  shared[4] = (pending.sig[0] & 1UL << (SIGCONT - 1)) != 0;
  shared[2] = 3;
  for (;;) sleep_ms(100);
}

/* The child blocks everything and tells what is pending after the two signals. */
static void check_pair(int first, int second, bool stop_pending, bool cont_pending, const char *sentence) {
  pid_t pid = start(block_all);
  while (shared[2] != 1) sleep_ms(1);
  kill(pid, first);
  kill(pid, second);
  shared[2] = 2;
  while (shared[2] != 3) sleep_ms(1);
  check(shared[3] == stop_pending && shared[4] == cont_pending, sentence);
  end(pid);
  shared[2] = 0;
}

static void check_pending(void) {
  check_pair(SIGTSTP, SIGCONT, false, true, "SIGCONT discards stop signals that are pending");
  check_pair(SIGCONT, SIGTSTP, true, false, "and a stop signal discards SIGCONT");

  pid_t pid = start(block_all);
  while (shared[2] != 1) sleep_ms(1);
  kill(pid, SIGSTOP);
  check_is(wait_status(pid, WUNTRACED), SIGSTOP << 8 | 0x7f, "SIGSTOP stops who blocks everything");
  kill(pid, SIGCONT);
  check_is(wait_status(pid, WCONTINUED), 0xffff, "and SIGCONT continues it, blocked or not");
  check_is(end(pid), SIGKILL, "SIGKILL kills it");
}

int main(void) {
  shared = shared_page();
  check_calls();
  check_while_stopped();
  check_pending();
  return checked();
}
