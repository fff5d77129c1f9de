/*
 * sigrestart.c - which system calls start again after a handler, and which give up
 *
 * Linux: arch/arm64/kernel/signal.c (do_signal), Manual: signal(7)
 *
 * A child sends the signal while the call sleeps; a little later it does what the call waits for.
 */
#include "check.h"

static volatile int calls;
static int fds[2];

static void on_signal(int sig) {
  (void)sig;
  calls++;
}

enum { STARTED_AGAIN = 12345 };

static long read_pipe(void) {
  char c;
  long n = read(fds[0], &c, 1);
  return n == 1 ? STARTED_AGAIN : n;
}

static long poll_pipe(void) {
  struct pollfd poll = {.fd = fds[0], .events = POLLIN};
  long n = ppoll(&poll, 1, NULL, NULL);
  return n == 1 ? STARTED_AGAIN : n;
}

static long sleep_half(void) {
  struct timespec time = {0, 500000000}, left = {9, 9};
  long err = nanosleep(&time, &left);
  if (err == 0) return STARTED_AGAIN;
  return left.tv_sec == 0 && left.tv_nsec > 0 && left.tv_nsec < 500000000 ? err : -1;
}

static long sleep_until(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  time.tv_sec++;
  long err = syscall(__NR_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
  return err == 0 ? STARTED_AGAIN : err;
}

static long wait_for_signal(void) {
  sigset_t usr2 = signal_set(SIGUSR2);
  struct timespec second = {1, 0};
  return rt_sigtimedwait(&usr2, NULL, &second);
}

static long write_pipe(void) {
  static char block[65536];
  int full[2];
  pipe2(full, 0);
  write(full[1], block, sizeof(block));
  long pid = fork();
  if (pid == 0) { // makes room in the full pipe later
    sleep_ms(300);
    read(full[0], block, sizeof(block));
    exit(0);
  }
  long n = write(full[1], block, 4096);
  wait4((pid_t)pid, NULL, 0, NULL);
  close(full[0]);
  close(full[1]);
  return n == 4096 ? STARTED_AGAIN : n;
}

/* The child: a signal after a while, and later the byte or the wake-up that ends the call. */
static _Noreturn void disturb(long parent, int *futex) {
  sleep_ms(100);
  kill((pid_t)parent, SIGUSR1);
  sleep_ms(200);
  write(fds[1], "x", 1);
  for (int i = 0; i < 20; i++) {
    syscall(__NR_futex, futex, FUTEX_WAKE, 1);
    sleep_ms(20);
  }
  exit(0);
}

static long run(long (*call)(void), unsigned long flags) {
  int unused = 0;
  calls = 0;
  set_signal(SIGUSR1, on_signal, flags);
  pipe2(fds, 0);
  long parent = getpid(), child = fork();
  if (child == 0) disturb(parent, &unused);
  long answer = call();
  kill((pid_t)child, SIGKILL);
  wait4((pid_t)child, NULL, 0, NULL);
  close(fds[0]);
  close(fds[1]);
  return answer;
}

int main(void) {
  static const struct {
    long (*call)(void);
    long with, without;
    const char *sentence_with, *sentence_without;
  } rows[] = {
    {read_pipe, STARTED_AGAIN, -EINTR, "check 279: read starts again with SA_RESTART", "check 279: read is EINTR without"},
    {write_pipe, STARTED_AGAIN, -EINTR, "check 279: write starts again with SA_RESTART", "check 279: write is EINTR without"},
    {poll_pipe, -EINTR, -EINTR, "check 279: ppoll is EINTR with SA_RESTART", "check 279: ppoll is EINTR without"},
    {sleep_half, -EINTR, -EINTR, "check 279: nanosleep is EINTR with SA_RESTART, and tells what is left", "check 279: nanosleep is EINTR without"},
    {sleep_until, -EINTR, -EINTR, "check 279: clock_nanosleep is EINTR with SA_RESTART", "check 279: clock_nanosleep is EINTR without"},
    {wait_for_signal, -EINTR, -EINTR, "check 279: sigtimedwait is EINTR with SA_RESTART", "check 279: sigtimedwait is EINTR without"},
  };
  for (size_t i = 0; i < countof(rows); i++) {
    check_is(run(rows[i].call, SA_RESTART), rows[i].with, rows[i].sentence_with);
    check_is(run(rows[i].call, 0), rows[i].without, rows[i].sentence_without);
  }

  int *futex = shared_page();
  long parent = getpid();
  set_signal(SIGUSR1, on_signal, SA_RESTART);
  long child = fork();
  if (child == 0) disturb(parent, futex);
  check_is(syscall(__NR_futex, futex, FUTEX_WAIT, 0, NULL), 0, "check 279: a futex wait starts again with SA_RESTART");
  kill((pid_t)child, SIGKILL);
  wait4((pid_t)child, NULL, 0, NULL);
  return checked();
}
