/*
 * ptrace-step.c - one instruction at a time
 *
 * Linux: arch/arm64/kernel/debug-monitors.c, ptrace.c, Manual: ptrace(2), PTRACE_SINGLESTEP
 */
#include "trace.h"

/* Straight on, a branch, a load, a store, a call, a return, a hint; then a system call, and the end. */
extern char walk[], walk_branch[], walk_target[], walk_svc[], walk_after[], walk_brk[], walk_fault[];
__asm__(".text\n"
        "walk:  mov x0, #1\n"
        "walk_branch: b walk_target\n"
        "  udf #0\n"
        "walk_target: ldr x1, [sp]\n"
        "  str x1, [sp]\n"
        "  bl 1f\n"
        "  yield\n"
        "  mov x8, #173\n"
        "walk_svc: svc #0\n"
        "walk_after: mov x0, #7\n"
        "  mov x8, #94\n"
        "  svc #0\n"
        "1: ret\n"
        "walk_brk: brk #1\n"
        "walk_fault: mov x1, #8\n"
        "  ldr x1, [x1]\n");

static void run_walk(void) { ((void (*)(void))walk)(); }

/* The tracee with its pc at `at`, as if it had jumped there from its first stop. */
static long at(const void *at, long options) {
  long pid = tracee(run_walk, options);
  struct user_pt_regs regs = get_regs(pid);
  regs.pc = (unsigned long)at;
  put_regs(pid, &regs);
  return pid;
}

static int step(long pid) { return run_to_stop(PTRACE_SINGLESTEP, pid, 0); }
static long pc_after(long pid, const char *from) { return (long)(get_regs(pid).pc - (unsigned long)from); }

static void check_plain(void) {
  static const long way[] = {4, 12, 16, 20, 48, 24, 28, 32};
  bool good = true, codes = true, addresses = true;
  long pid = at(walk, 0);
  for (size_t i = 0; i < countof(way); i++) {
    good = good && step(pid) == AT_TRAP && pc_after(pid, walk) == way[i];
    siginfo_t info = get_siginfo(pid);
    codes = codes && info.si_code == TRAP_TRACE;
    addresses = addresses && (long)info.si_addr - (long)walk == way[i];
  }
  check(good, "check 73: a step goes over a branch, a load, a store, a call, a return and a hint");
  check(codes, "check 70: each reports TRAP_TRACE");
  check(addresses, "and si_addr is where it stands");
  check(step(pid) == AT_TRAP && pc_after(pid, walk_svc) == 4, "check 69: a step over a system call ends behind it");
  siginfo_t info = get_siginfo(pid);
  check(info.si_code == 0 && info.si_pid == 0 && info.si_uid == 0 && info.si_errno == 0, "check 69: with si_code 0");
  check(step(pid) == AT_TRAP && pc_after(pid, walk_svc) == 4 && get_code(pid) == TRAP_TRACE, "check 69: and the next one gets no further, with TRAP_TRACE");
  check(step(pid) == AT_TRAP && pc_after(pid, walk_after) == 4, "the one after that does");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 7 << 8, "check 82: CONT ends stepping");
}

static void check_from_entry(void) {
  long pid = at(walk, SYSGOOD);
  to_syscall(pid);
  check_is(message(pid), 1, "from the entry of a system call");
  check(step(pid) == AT_TRAP && get_code(pid) == 0 && pc_after(pid, walk_svc) == 4, "check 67: a step makes the call and traps behind it with si_code 0");
  check(get_nr(pid) == -1, "check 68: there it is in no call");
  check((long)get_reg(pid, 0) == getpid(), "the result is in x0");
  check(step(pid) == AT_TRAP && get_code(pid) == TRAP_TRACE && pc_after(pid, walk_after) == 4, "the next step goes on");
  end(pid);
}

static void check_others(void) {
  long pid = at(walk_brk, 0);
  check(step(pid) == AT_TRAP && get_code(pid) == TRAP_BRKPT && pc_after(pid, walk_brk) == 0, "check 75: brk is TRAP_BRKPT, and stays where it is");
  end(pid);
  pid = at(walk_fault, 0);
  step(pid);
  check(step(pid) == (SIGSEGV << 8 | 0x7f) && pc_after(pid, walk_fault) == 4, "check 74: an instruction that faults reports the fault, not a step");
  end(pid);

  pid = at(walk, 0);
  struct user_pt_regs regs = get_regs(pid);
  regs.pstate |= 1 << 21;
  check_is(put_regs(pid, &regs), 0, "check 77: PSTATE.SS can be written");
  check_is(get_regs(pid).pstate & 1 << 21, 0, "check 77: but is not what was written");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 7 << 8, "check 77: and nothing comes of it");

  pid = at(walk, 0);
  check_is(resume(33, pid, 0), -EIO, "check 83: there is no stepping by blocks");
  end(pid);
}

static void on_usr1(int sig) { (void)sig; }
static void with_handler(void) {
  set_signal(SIGUSR1, on_usr1, 0);
  raise(SIGUSR1);
  exit(5);
}

static void check_handler(void) {
  long pid = tracee(with_handler, 0);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGUSR1 << 8 | 0x7f, "a signal with a handler");
  check_is(run_to_stop(PTRACE_SINGLESTEP, pid, SIGUSR1), AT_TRAP, "check 72: a step into it stops");
  check(get_regs(pid).pc == (unsigned long)on_usr1, "check 72: at its first instruction");
  check_is(get_code(pid), 5, "check 72: with si_code 5");
  check(step(pid) == AT_TRAP && get_code(pid) == TRAP_TRACE && get_regs(pid).pc != (unsigned long)on_usr1, "and the next goes on from there");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 5 << 8, "it returns as if nobody had looked");
}

int main(void) {
  check_plain();
  check_from_entry();
  check_others();
  check_handler();
  return checked();
}
