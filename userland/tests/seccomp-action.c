/*
 * seccomp-action.c - what the answers of filters do to a call
 *
 * Linux: kernel/seccomp.c
 */
#include "filter.h"
#include "thread.h"

static siginfo_t seen;
static struct sigcontext frame;
static int traps;

/* The result of a trapped call is what the handler leaves in x0. */
static void on_sigsys(int sig, siginfo_t *info, void *context) {
  struct sigcontext *regs = &((struct ucontext *)context)->uc_mcontext;
  (void)sig;
  seen = *info;
  frame = *regs;
  regs->regs[0] = 700 + (unsigned long)++traps;
}

static const unsigned actions[] = {SECCOMP_RET_KILL_PROCESS,   SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
                                   SECCOMP_RET_ERRNO | 5,      SECCOMP_RET_USER_NOTIF,  SECCOMP_RET_TRACE,
                                   SECCOMP_RET_LOG,            SECCOMP_RET_ALLOW};
static const long outcomes[] = {DIED + SIGSYS, DIED + SIGSYS, 701, -5, -ENOSYS, -ENOSYS, 0, 0};
static unsigned older, newer;
static long parent;

static long both(void) {
  set_handler(SIGSYS, on_sigsys, 0);
  filter_call(__NR_getppid, older, 0);
  filter_call(__NR_getppid, newer, 0);
  long got = getppid();
  return got == parent ? 0 : got;
}
static long ask(unsigned first, unsigned second) {
  older = first;
  newer = second;
  return try_in_child(both);
}
static long alone(unsigned action) { return ask(SECCOMP_RET_ALLOW, action); }

static void check_precedence(void) {
  int wrong = 0;
  for (size_t i = 0; i < countof(actions); i++)
    for (size_t j = 0; j < countof(actions); j++) {
      long got = ask(actions[i], actions[j]);
      if (got == outcomes[i < j ? i : j]) continue;
      wrong++;
      printf("# %x under %x: %ld\n", actions[i], actions[j], got);
    }
  check_is(wrong, 0, "check 178: of two filters' actions the stronger one counts, whichever is newer");
  check_is(ask(SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 2), -2, "check 179: of two equal ones the newer one's data");
}

static long x0_argument;
static long trap_with_argument(void) {
  filter_call(__NR_getppid, SECCOMP_RET_TRAP | 0x123, 0);
  return syscall(__NR_getppid, x0_argument, 2);
}

static void check_trap(unsigned long restart) {
  long pid = fork();
  int status;
  if (pid == 0) {
    set_handler(SIGSYS, on_sigsys, restart);
    long got = trap_with_argument();
    if (x0_argument == -512) exit(restart ? traps != 2 : (long)frame.regs[0] != -EINTR);
    exit(!(got == 701 && traps == 1 && frame.regs[0] == (unsigned long)x0_argument && frame.regs[8] == __NR_getppid &&
           frame.pc == (unsigned long)seen.si_call_addr && ((unsigned *)frame.pc)[-1] == 0xd4000001 && seen.si_code == 1 &&
           seen.si_errno == 0x123 && seen.si_syscall == __NR_getppid && seen.si_arch == AUDIT_ARCH_AARCH64));
  }
  wait4((pid_t)pid, &status, 0, NULL);
  check_is(status, 0, x0_argument != -512 ? "check 181: SIGSYS tells the call, its arguments and its place; the handler answers"
                      : restart ? "check 183: with SA_RESTART an argument of -512 is taken for ERESTARTSYS: it traps again"
                                : "check 183: without SA_RESTART it looks like EINTR");
}

static long trap_blocked(void) {
  sigset_t set = signal_set(SIGSYS);
  set_handler(SIGSYS, on_sigsys, 0);
  rt_sigprocmask(SIG_BLOCK, &set, NULL);
  return trap_with_argument();
}
static long trap_ignored(void) {
  set_signal(SIGSYS, SIG_IGN, 0);
  return trap_with_argument();
}

static volatile int tid, others_result;
static void filtered_thread(void) {
  filter_call(__NR_getppid, newer, 0);
  others_result = 1;
  getppid();
  others_result = 2;
}
static void start_and_wait(void) {
  tid = -1;
  start_thread(filtered_thread, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, &tid, 0);
  wait_until_zero(&tid);
  exit(others_result == 1 ? 42 : 43);
}

static long by_address(void) {
  unsigned long after;
  register long x8 __asm__("x8") = __NR_getppid;
  register long x0 __asm__("x0");
  __asm__ volatile("adr %0, 1f" : "=r"(after)); // the same label below
  install(0, LOAD_IP, IF_EQUAL((unsigned)after, 0, 1), ANSWER(SECCOMP_RET_ERRNO | 9), ANSWER(SECCOMP_RET_ALLOW));
  __asm__ volatile("svc #0\n1:" : "=r"(x0) : "r"(x8) : "memory");
  return x0 == -9 && getppid() > 0;
}
static long by_range(void) { // this function's code only
  unsigned start = (unsigned)(unsigned long)by_range;
  install(0, LOAD_NR, IF_EQUAL(__NR_getppid, 0, 4), LOAD_IP, BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, start, 0, 2),
          BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, start + 4096, 1, 0), ANSWER(SECCOMP_RET_ERRNO | 9), ANSWER(SECCOMP_RET_ALLOW));
  return getppid();
}
static long by_high_half(void) {
  install(0, LOAD_ARG_HIGH(1), IF_EQUAL(0x12345678, 0, 1), ANSWER(SECCOMP_RET_ERRNO | 9), ANSWER(SECCOMP_RET_ALLOW));
  return syscall(__NR_getppid, 0, 0x12345678) > 0 && syscall(__NR_getppid, 0, 0x1234567800000000) == -9;
}
static long child_asks(void) { return getppid(); }
static long inherited_by_fork(void) {
  filter_call(__NR_getppid, SECCOMP_RET_ERRNO | 9, 0);
  return try_in_child(child_asks);
}
static void inherited_by_exec(void) {
  filter_call(__NR_getppid, SECCOMP_RET_ERRNO | 9, 0);
  execve("/proc/self/exe", (char *[]){"again", "again", NULL}, NULL);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return getppid() == -9 ? 44 : 45;
  parent = getpid();
  check_precedence();
  check_is(alone(SECCOMP_RET_ERRNO), 0, "check 180: ERRNO 0 is a result of 0");
  check_is(alone(SECCOMP_RET_ERRNO | 512), -512, "check 180: ERRNO 512 is not taken for ERESTARTSYS without a signal");
  check_is(alone(SECCOMP_RET_ERRNO | 0xffff), -4095, "check 180: ERRNO 0xffff is cut to 4095");
  x0_argument = 0x1111;
  check_trap(0);
  x0_argument = -512;
  check_trap(0);
  check_trap(SA_RESTART);
  check_is(try_in_child(trap_blocked), DIED + SIGSYS, "check 182: a blocked SIGSYS kills");
  check_is(try_in_child(trap_ignored), DIED + SIGSYS, "check 182: an ignored one, too");
  newer = SECCOMP_RET_KILL_PROCESS;
  check_is(in_child(start_and_wait) & 0x7f, SIGSYS, "check 184: KILL_PROCESS in a thread ends all of them");
  newer = SECCOMP_RET_KILL_THREAD;
  check_is(in_child(start_and_wait), 42 << 8, "check 185: KILL_THREAD ends one");
  check_is(alone(SECCOMP_RET_LOG), 0, "check 186: LOG makes the call");
  check_is(alone(0x12340000), DIED + SIGSYS, "check 187: an unknown action kills");
  check_is(alone(SECCOMP_RET_TRACE), -ENOSYS, "check 188: TRACE without a tracer is ENOSYS");
  check_is(try_in_child(inherited_by_fork), -9, "check 213: a child has its parent's filters");
  check_is(in_child(inherited_by_exec), 44 << 8, "check 213: so has the next program");
  check_is(try_in_child(by_high_half), 1, "check 215: arguments have 64 bits");
  check_is(try_in_child(by_address), 1, "check 216: the instruction pointer is behind the svc");
  check_is(try_in_child(by_range), -9, "check 217: calls of one function");
  return checked();
}
