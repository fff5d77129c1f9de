/*
 * sigdetail.c - which signal is first, where a handler returns to, and more calls that a handler interrupts
 *
 * Linux: kernel/signal.c (dequeue_synchronous_signal), arch/arm64/kernel/signal.c, Manual: signal(7)
 */
#include "check.h"

static volatile int order[4], count, calls;

static void notes(int sig) { order[count++ & 3] = sig; }

/* Two wait, and are let in together. The one that is taken first lies below, so its handler runs last. */
static int taken_first(int other, int code) {
  siginfo_t info = {.si_signo = SIGSEGV, .si_code = code};
  sigset_t both = {{1UL << (SIGSEGV - 1) | 1UL << (other - 1)}};
  set_signal(SIGSEGV, notes, 0);
  set_signal(other, notes, 0);
  count = 0;
  rt_sigprocmask(SIG_BLOCK, &both, NULL);
  raise(other);
  syscall(__NR_rt_tgsigqueueinfo, getpid(), gettid(), SIGSEGV, &info);
  rt_sigprocmask(SIG_UNBLOCK, &both, NULL);
  return count == 2 ? order[1] : -1;
}

static void check_order(void) {
  check_is(taken_first(SIGHUP, SI_QUEUE), SIGSEGV, "check 284: signals of a kind that faults have are taken before others");
  check_is(taken_first(SIGTRAP, SI_QUEUE), SIGTRAP, "of two such signals that somebody sent the lower one");
  check_is(taken_first(SIGTRAP, SEGV_MAPERR), SIGSEGV, "check 284: but first the one that says that it is a fault's");
}

extern char own_restorer[];
__asm__(".text\n"
        "own_restorer:\n"
        "  adrp x9, calls\n  add x9, x9, :lo12:calls\n"
        "  mov w10, #1000\n  str w10, [x9]\n"
        "  mov x8, #139\n  svc #0\n");

static void check_restorer(void) {
  struct sigaction action = {.sa_handler = notes, .sa_flags = SA_RESTORER, .sa_restorer = (void (*)(void))own_restorer};
  calls = 0;
  rt_sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  check_is(calls, 1000, "check 277: with SA_RESTORER a handler returns there");
  action.sa_flags = 0;
  calls = 0;
  rt_sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  check_is(calls, 0, "check 277: without the flag it does not");
}

static volatile unsigned long pc_inside, sp_inside;
static void looks(int sig, siginfo_t *info, void *context) {
  struct sigcontext *registers = &((struct ucontext *)context)->uc_mcontext;
  (void)sig, (void)info;
  pc_inside = registers->pc;
  sp_inside = registers->sp;
  registers->sp -= 64;
}

extern char behind_svc[];
static void check_stack_pointer(void) {
  register long x8 __asm__("x8") = __NR_tgkill;
  register long x0 __asm__("x0") = getpid();
  register long x1 __asm__("x1") = gettid();
  register long x2 __asm__("x2") = SIGUSR1;
  unsigned long before, after;
  set_handler(SIGUSR1, looks, 0);
  __asm__ volatile("mov %1, sp\n svc #0\n.globl behind_svc\nbehind_svc: mov %2, sp\n mov sp, %1"
                   : "+r"(x0), "=&r"(before), "=&r"(after) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  check(sp_inside == before && after == before - 64, "check 285: sp changed in the frame is changed");
  check(pc_inside == (unsigned long)behind_svc, "check 8: a call returns behind its svc");
}

static long waits(void) {
  long pid = fork();
  if (pid == 0) {
    sleep_ms(250);
    exit(0);
  }
  long got = wait4((pid_t)pid, NULL, 0, NULL);
  wait4((pid_t)pid, NULL, 0, NULL);
  return got == pid ? 1 : got;
}
static long suspends(void) { return rt_sigsuspend(&(sigset_t){{0}}); }
static long polls(void) {
  char event[16];
  long fd = syscall(__NR_epoll_create1, 0), got = syscall(__NR_epoll_pwait, fd, event, 1, 1000, NULL, 8);
  close((int)fd);
  return got;
}
static long waits_for_word(void) {
  int word = 0;
  struct timespec second = {1, 0};
  return syscall(__NR_futex, &word, FUTEX_WAIT, 0, &second);
}

static void counts(int sig) { calls += sig != 0; }

static long interrupted(long (*call)(void), unsigned long flags) {
  struct itimerval soon = {.it_value = {0, 50000}};
  set_signal(SIGALRM, counts, flags);
  setitimer(ITIMER_REAL, &soon, NULL);
  return call();
}

int main(void) {
  check_order();
  check_restorer();
  check_stack_pointer();
  check_is(interrupted(waits, SA_RESTART), 1, "check 279: wait4 starts again with SA_RESTART");
  check_is(interrupted(waits, 0), -EINTR, "check 279: wait4 is EINTR without");
  check_is(interrupted(suspends, SA_RESTART), -EINTR, "check 279: sigsuspend is EINTR with SA_RESTART");
  check_is(interrupted(polls, SA_RESTART), -EINTR, "check 279: epoll_pwait is EINTR with SA_RESTART");
  check_is(interrupted(waits_for_word, SA_RESTART), -EINTR, "check 279: a futex wait with a timeout is EINTR with SA_RESTART");
  return checked();
}
