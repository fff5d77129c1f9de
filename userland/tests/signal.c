/*
 * signal.c - actions, masks, flags and pending signals
 *
 * Linux: kernel/signal.c
 */
#include "check.h"

static volatile int calls, depth, deepest;
static sigset_t mask_inside;

static sigset_t current_mask(void) {
  sigset_t mask;
  rt_sigprocmask(SIG_BLOCK, NULL, &mask);
  return mask;
}

static void on_signal(int sig) {
  if (sig) calls++;
  mask_inside = current_mask();
}

static void on_nested(int sig) {
  calls++;
  if (++depth > deepest) deepest = depth;
  if (calls == 1) raise(sig);
  depth--;
}

static unsigned long bit(int sig) { return 1UL << (sig - 1); }

static void check_actions(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART, .sa_mask = {{bit(SIGUSR2) | bit(SIGKILL)}}};
  struct sigaction old;
  check_is(rt_sigaction(SIGUSR1, &action, NULL), 0, "a handler can be set");
  rt_sigaction(SIGUSR1, NULL, &old);
  check(old.sa_handler == on_signal && old.sa_flags == SA_RESTART, "and read back with its flags");
  check_is(old.sa_mask.sig[0], bit(SIGUSR2), "its mask lacks SIGKILL, which cannot be blocked");
  check_is(raise(SIGUSR1), 0, "raise returns 0");
  check_is(calls, 1, "and the handler has run before it returns");
  check_is(mask_inside.sig[0], bit(SIGUSR1) | bit(SIGUSR2), "check 280: in the handler the signal and its mask are blocked");
  check_is(current_mask().sig[0], 0, "and afterwards no longer");

  check_is(rt_sigaction(SIGKILL, &action, NULL), -EINVAL, "SIGKILL cannot have a handler");
  check_is(rt_sigaction(SIGSTOP, &action, NULL), -EINVAL, "nor can SIGSTOP");
  check_is(rt_sigaction(SIGKILL, NULL, &old), 0, "but one may ask for SIGKILL's action");
  check_is(rt_sigaction(0, NULL, &old), -EINVAL, "there is no signal 0");
  check_is(rt_sigaction(65, NULL, &old), -EINVAL, "nor a signal 65");
  check_is(rt_sigaction(64, NULL, &old), 0, "64 is the last");
  check_is(syscall(__NR_rt_sigaction, SIGUSR1, NULL, &old, 4), -EINVAL, "the size of a signal set must be 8");
}

static void check_flags(void) {
  struct sigaction old;
  calls = deepest = 0;
  set_signal(SIGUSR1, on_nested, 0);
  raise(SIGUSR1);
  check_is(calls, 2, "a signal that its own handler raises comes after the handler");
  check_is(deepest, 1, "not inside it");
  calls = deepest = 0;
  set_signal(SIGUSR1, on_nested, SA_NODEFER);
  raise(SIGUSR1);
  check_is(deepest, 2, "check 280: with SA_NODEFER it comes inside");
  set_signal(SIGUSR1, on_signal, SA_NODEFER);
  raise(SIGUSR1);
  check_is(mask_inside.sig[0], 0, "since the handler then runs with the signal unblocked");

  calls = 0;
  set_signal(SIGUSR1, on_signal, SA_RESETHAND);
  raise(SIGUSR1);
  rt_sigaction(SIGUSR1, NULL, &old);
  check(calls == 1 && old.sa_handler == SIG_DFL, "check 280: SA_RESETHAND makes a handler run once and then be the default");
  check_is(old.sa_flags, SA_RESETHAND, "but the flag stays");
}

static void check_blocking(void) {
  sigset_t both = {{bit(SIGUSR1) | bit(SIGUSR2) | bit(SIGKILL) | bit(SIGSTOP)}}, usr1 = signal_set(SIGUSR1), pending;
  set_signal(SIGUSR1, on_signal, 0);
  set_signal(SIGUSR2, on_signal, 0);
  calls = 0;
  check_is(rt_sigprocmask(SIG_BLOCK, &both, NULL), 0, "signals can be blocked");
  check_is(current_mask().sig[0], bit(SIGUSR1) | bit(SIGUSR2), "SIGKILL and SIGSTOP cannot, without a complaint");
  raise(SIGUSR1);
  raise(SIGUSR1);
  kill(getpid(), SIGUSR2);
  check_is(calls, 0, "a blocked signal does not come");
  rt_sigpending(&pending);
  check_is(pending.sig[0], bit(SIGUSR1) | bit(SIGUSR2), "but is pending, be it for the thread or for the process");
  rt_sigprocmask(SIG_UNBLOCK, &usr1, NULL);
  check_is(calls, 1, "when it is unblocked it comes, once, however often it was sent");
  set_signal(SIGUSR2, SIG_IGN, 0);
  rt_sigpending(&pending);
  check_is(pending.sig[0], 0, "ignoring a pending signal discards it");
  rt_sigprocmask(SIG_SETMASK, &(sigset_t){{0}}, NULL);
  check_is(rt_sigprocmask(3, &both, NULL), -EINVAL, "there are three ways to change a mask");
  check_is(rt_sigprocmask(99, NULL, &both), 0, "but without a new mask the way does not matter");
}

static int order[4], order_count;
static void note_order(int sig) { order[order_count++ & 3] = sig; }

static void check_order(void) {
  sigset_t all = {{~0UL}};
  static const int sent[] = {SIGUSR2, SIGTERM, SIGUSR1, SIGHUP};
  for (size_t i = 0; i < 4; i++) set_signal(sent[i], note_order, 0);
  rt_sigprocmask(SIG_SETMASK, &all, NULL);
  for (size_t i = 0; i < 4; i++) raise(sent[i]);
  rt_sigprocmask(SIG_SETMASK, &(sigset_t){{0}}, NULL);
  // The lowest is set up first, and each later frame lies on top of it: so the highest runs first.
  check(order[0] == SIGTERM && order[1] == SIGUSR2 && order[2] == SIGUSR1 && order[3] == SIGHUP,
        "check 283: of several signals that come at once the highest runs first, on top of the frames of the others");
}

static void check_suspend(void) {
  sigset_t none = {{0}}, usr1 = signal_set(SIGUSR1);
  calls = 0;
  set_signal(SIGUSR1, on_signal, SA_RESTART);
  rt_sigprocmask(SIG_BLOCK, &usr1, NULL);
  raise(SIGUSR1);
  check_is(rt_sigsuspend(&none), -EINTR, "check 286: sigsuspend ends with EINTR, SA_RESTART or not");
  check_is(calls, 1, "after the handler has run");
  check_is(current_mask().sig[0], usr1.sig[0], "check 286: and the old mask is back");
  rt_sigprocmask(SIG_SETMASK, &none, NULL);
}

static void check_kill(void) {
  check_is(kill(getpid(), 0), 0, "signal 0 only asks");
  check_is(kill(getpid(), 65), -EINVAL, "signal 65 is EINVAL");
  check_is(kill(getpid(), -1), -EINVAL, "and so is -1");
  check_is(kill(99999999, SIGTERM), -ESRCH, "nobody has the number 99999999");
  check_is(tgkill((pid_t)getpid(), 99999999, SIGTERM), -ESRCH, "and no thread");
  check_is(tgkill((pid_t)getpid(), 0, SIGTERM), -EINVAL, "tgkill wants numbers above zero");
  check_is(tgkill(1, (pid_t)gettid(), 0), -ESRCH, "tgkill checks that the thread is of that process");
  check_is(syscall(__NR_tkill, gettid(), 0), 0, "tkill wants the thread only");
}

int main(void) {
  check_actions();
  check_flags();
  check_blocking();
  check_order();
  check_suspend();
  check_kill();
  return checked();
}
