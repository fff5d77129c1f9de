/*
 * sigstack.c - alternate stacks, faults in handlers, and masks that are lent to a call
 *
 * Linux: kernel/signal.c, arch/arm64/kernel/signal.c, Manual: sigaltstack(2), signal(7)
 */
#include "check.h"

static char *stack;
enum { SIZE = 32768, AUTODISARM = (int)(1U << 31) };
static volatile int calls, order[4];
static volatile long answer;
static stack_t inside;

static void use_stack(int flags) {
  stack_t ss = {stack, flags, SIZE};
  sigaltstack(&ss, NULL);
}
static void looks(int sig) {
  (void)sig;
  sigaltstack(NULL, &inside);
  stack_t other = {stack, 0, SIZE};
  answer = sigaltstack(&other, NULL);
}

static void check_limits(void) {
  stack_t ss = {stack, 0, 5119};
  check_is(sigaltstack(&ss, NULL), -ENOMEM, "check 281: 5119 bytes are too few");
  ss.ss_size = 5120;
  check_is(sigaltstack(&ss, NULL), 0, "check 281: 5120 are enough");
  ss.ss_flags = 4;
  check_is(sigaltstack(&ss, NULL), -EINVAL, "check 281: unknown flags are EINVAL");
  use_stack(0);
  set_signal(SIGUSR1, looks, SA_ONSTACK);
  raise(SIGUSR1);
  check(inside.ss_flags == SS_ONSTACK && answer == -EPERM, "check 281: on it, it cannot be changed: EPERM");
  use_stack(AUTODISARM);
  raise(SIGUSR1);
  check(inside.ss_flags == SS_DISABLE && answer == 0, "check 281: with SS_AUTODISARM it is forgotten in the handler");
  stack_t after;
  sigaltstack(NULL, &after);
  check(after.ss_sp == stack && after.ss_flags == AUTODISARM, "check 281: and there again behind it");
  check((long)getauxval(AT_MINSIGSTKSZ) > 0, "AT_MINSIGSTKSZ tells how large a frame is");
}

static int recurse(int depth) {
  volatile char room[4096];
  room[0] = (char)depth;
  return depth < 0 ? 0 : recurse(depth + 1) + room[0];
}
static void ends(int sig) { exit(sig == SIGSEGV ? 5 : 6); }
static void overflows(void) {
  use_stack(0);
  set_signal(SIGSEGV, ends, SA_ONSTACK);
  exit(recurse(0));
}
static void unwritable(void) {
  set_signal(SIGSEGV, ends, SA_ONSTACK);
  set_signal(SIGUSR1, ends, 0);
  use_stack(0);
  register long x8 __asm__("x8") = __NR_kill;
  register long x0 __asm__("x0") = getpid();
  register long x1 __asm__("x1") = SIGUSR1;
  __asm__ volatile("mov x9, sp\n mov sp, #4096\n svc #0\n mov sp, x9" : "+r"(x0) : "r"(x8), "r"(x1) : "x9", "memory");
  exit(1);
}
static void blocked_fault(void) {
  sigset_t segv = signal_set(SIGSEGV);
  set_signal(SIGSEGV, ends, 0);
  rt_sigprocmask(SIG_BLOCK, &segv, NULL);
  *(volatile int *)8 = 1;
}
static void ignored_fault(void) {
  set_signal(SIGSEGV, SIG_IGN, 0);
  *(volatile int *)8 = 1;
}
static void sleeps(int sig) {
  (void)sig;
  for (;;) sleep_ms(1000);
}
static void killed_in_handler(void) {
  set_signal(SIGUSR1, sleeps, 0);
  if (fork() == 0) {
    sleep_ms(20);
    kill((pid_t)getppid(), SIGKILL);
    exit(0);
  }
  raise(SIGUSR1);
}

static void check_deaths(void) {
  check_is(in_child(overflows), 5 << 8, "check 282: who overflows its stack gets SIGSEGV on the alternate one");
  check_is(in_child(unwritable), 5 << 8, "check 293: a frame that cannot be written is SIGSEGV");
  check_is(WTERMSIG(in_child(blocked_fault)), SIGSEGV, "check 290: a fault kills who blocks SIGSEGV");
  check_is(WTERMSIG(in_child(ignored_fault)), SIGSEGV, "check 290: or ignores it");
  check_is(in_child(killed_in_handler), SIGKILL, "check 287: SIGKILL kills in a handler");
}

static void notes(int sig) { order[calls++] = sig; }
static void noted(int sig, siginfo_t *info, void *uc) {
  (void)info;
  order[calls++] = sig;
  ((struct ucontext *)uc)->uc_mcontext.pc += 4; // past the instruction
}

static void check_order(void) {
  sigset_t both = {{1UL << (SIGHUP - 1) | 1UL << (SIGTRAP - 1)}};
  set_signal(SIGHUP, notes, 0);
  set_handler(SIGTRAP, noted, 0);
  rt_sigprocmask(SIG_BLOCK, &both, NULL);
  kill((pid_t)getpid(), SIGHUP);
  both = signal_set(SIGTRAP);
  rt_sigprocmask(SIG_UNBLOCK, &both, NULL);
  both.sig[0] = 1UL << (SIGHUP - 1);
  calls = 0;
  register long x8 __asm__("x8") = __NR_rt_sigprocmask;
  register long x0 __asm__("x0") = SIG_UNBLOCK;
  register void *x1 __asm__("x1") = &both;
  register void *x2 __asm__("x2") = NULL;
  register long x3 __asm__("x3") = 8;
  __asm__ volatile("svc #0\n brk #1" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  check(calls == 2 && order[0] == SIGHUP && order[1] == SIGTRAP, "a signal that waits comes before the next instruction's");

  /* Two at once, for the same pc: what the instruction did, and what came from outside meanwhile. */
  struct itimerval timer = {.it_value = {0, 1}};
  set_signal(SIGALRM, notes, 0);
  bool good = true;
  for (int i = 0; i < 20; i++) {
    calls = 0;
    setitimer(ITIMER_REAL, &timer, NULL);
    __asm__ volatile("brk #1" : : : "memory");
    while (calls < 2) sched_yield();
    good = good && ((order[0] == SIGTRAP && order[1] == SIGALRM) || (order[0] == SIGALRM && order[1] == SIGTRAP));
  }
  check(good, "check 284: a fault and a signal from outside are both delivered, the fault with its own pc");
}

static volatile unsigned long mask_inside;
static void sees_mask(int sig) {
  (void)sig;
  sigset_t now;
  rt_sigprocmask(SIG_BLOCK, NULL, &now);
  mask_inside = now.sig[0];
}
static void check_lent_mask(void) {
  sigset_t usr1 = signal_set(SIGUSR1), none = {{0}}, now;
  struct timespec second = {1, 0};
  set_signal(SIGUSR1, sees_mask, 0);
  rt_sigprocmask(SIG_BLOCK, &usr1, NULL);
  raise(SIGUSR1);
  check_is(ppoll(NULL, 0, &second, &none), -EINTR, "check 286: ppoll with an open mask is interrupted");
  rt_sigprocmask(SIG_BLOCK, NULL, &now);
  check(now.sig[0] == usr1.sig[0], "check 286: the old mask is back after the handler");
  check(mask_inside == usr1.sig[0], "check 286: in which the signal was blocked for itself only");
}

static void check_children(void) {
  siginfo_t info = {0};
  set_signal(SIGCHLD, SIG_IGN, 0);
  long pid = fork();
  if (pid == 0) exit(0);
  check_is(wait4((pid_t)pid, NULL, 0, NULL), -ECHILD, "check 291: who ignores SIGCHLD has nobody to wait for");
  set_signal(SIGCHLD, SIG_DFL, 0);
  pid = fork();
  if (pid == 0) sleeps(0);
  kill((pid_t)pid, SIGSTOP);
  waitid(P_PID, (pid_t)pid, &info, WSTOPPED);
  check(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP, "check 292: a stop is CLD_STOPPED");
  kill((pid_t)pid, SIGCONT);
  waitid(P_PID, (pid_t)pid, &info, WCONTINUED);
  check(info.si_code == CLD_CONTINUED && info.si_status == SIGCONT, "check 292: going on is CLD_CONTINUED");
  kill((pid_t)pid, SIGKILL);
  waitid(P_PID, (pid_t)pid, &info, WEXITED);
  check(info.si_code == CLD_KILLED && info.si_status == SIGKILL, "check 292: being killed is CLD_KILLED");
}

int main(void) {
  stack = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check_limits();
  check_deaths();
  check_order();
  check_lent_mask();
  check_children();
  return checked();
}
