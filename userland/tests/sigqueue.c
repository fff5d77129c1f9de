/*
 * sigqueue.c - real-time signals: queued, in order, with a value; and waiting for signals without a handler
 *
 * Linux: kernel/signal.c
 */
#include "check.h"

#define SIGRT (SIGRTMIN + 3)

static int values[8], count;

static void on_signal(int sig, siginfo_t *info, void *context) {
  (void)context;
  values[count++ & 7] = sig == SIGRT ? info->si_int : -sig;
}

static long queue(int sig, int value) {
  siginfo_t info = {.si_signo = sig, .si_code = SI_QUEUE};
  info.si_pid = (pid_t)getpid();
  info.si_uid = (unsigned)getuid();
  info.si_int = value;
  return syscall(__NR_rt_sigqueueinfo, getpid(), sig, &info);
}

static void check_queue(void) {
  sigset_t all = {{~0UL}}, none = {{0}};
  set_handler(SIGRT, on_signal, 0);
  set_handler(SIGUSR1, on_signal, 0);
  rt_sigprocmask(SIG_SETMASK, &all, NULL);
  for (int i = 1; i <= 3; i++) check_is(queue(SIGRT, i), 0, "a signal with a value can be queued");
  for (int i = 0; i < 2; i++) queue(SIGUSR1, 9);
  rt_sigprocmask(SIG_SETMASK, &none, NULL);
  check_is(count, 4, "a real-time signal comes as often as it was sent, an old one only once");
  check(values[0] == 1 && values[1] == 2 && values[2] == 3, "check 288: real-time signals come in the order in which they were sent, with their values");
  check_is(values[3], -SIGUSR1, "check 283: the lowest signal was taken first, so its frame lies at the bottom and its handler runs last");
}

static void check_wait(void) {
  sigset_t set = {{1UL << (SIGRT - 1) | 1UL << (SIGUSR1 - 1)}}, pending;
  struct timespec zero = {0, 0}, bad = {0, 1000000000}, soon = {0, 20000000};
  siginfo_t info = {0};
  rt_sigprocmask(SIG_BLOCK, &set, NULL);
  check_is(rt_sigtimedwait(&set, &info, &zero), -EAGAIN, "with a time of zero sigtimedwait only looks");
  check_is(rt_sigtimedwait(&set, &info, &soon), -EAGAIN, "when the time is over it is EAGAIN");
  check_is(rt_sigtimedwait(&set, &info, &bad), -EINVAL, "a second has fewer than 1000000000 nanoseconds");
  queue(SIGRT, 77);
  kill(getpid(), SIGUSR1);
  check_is(rt_sigtimedwait(&set, &info, NULL), SIGUSR1, "it takes the lowest of the pending signals");
  check(info.si_code == SI_USER && info.si_pid == getpid(), "which kill sent");
  check_is(rt_sigtimedwait(&set, &info, NULL), SIGRT, "then the next");
  check(info.si_code == SI_QUEUE && info.si_int == 77, "with its value");
  rt_sigpending(&pending);
  check_is(pending.sig[0], 0, "what it has taken is no longer pending");
  int before = count;
  rt_sigprocmask(SIG_UNBLOCK, &set, NULL);
  check_is(count, before, "and no handler runs for it");
}

static void check_forgery(void) {
  siginfo_t info = {.si_signo = SIGUSR1, .si_code = SI_USER};
  check_is(syscall(__NR_rt_sigqueueinfo, 1, SIGUSR1, &info), -EPERM, "a signal to another process cannot claim to be kill's");
  info.si_code = SI_TKILL;
  check_is(syscall(__NR_rt_sigqueueinfo, 1, SIGUSR1, &info), -EPERM, "nor tkill's");
  info.si_code = 1;
  check_is(syscall(__NR_rt_sigqueueinfo, 1, SIGUSR1, &info), -EPERM, "nor the kernel's");
}

int main(void) {
  check_queue();
  check_wait();
  check_forgery();
  return checked();
}
