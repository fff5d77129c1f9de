/*
 * ptrace-sysemu-step.c - stepping over a system call that is not made, with generic entry
 *
 * Linux: include/linux/entry-common.h (report_single_step), Manual: ptrace(2), PTRACE_SYSEMU_SINGLESTEP
 *
 * arm64's own entry code reports a step over a call that it skipped, and then another at the same place; the generic one
 * reports the latter only. tests/DIFFERENCES.md has these sentences.
 */
#include "trace.h"

static void calls(void) {
  long first = syscall(__NR_getpgid, 0x1234), second = getppid();
  exit(first == 0x1234 && second > 0 ? 1 : 2);
}

int main(void) {
  long pid = tracee(calls, SYSGOOD);
  int status, steps = 0;
  while ((status = run_to_stop(PTRACE_SYSEMU_SINGLESTEP, pid, 0)) == AT_TRAP) steps++;
  check(steps > 0, "SYSEMU_SINGLESTEP steps");
  check_is(status, AT_SYSCALL, "and stops at a system call");
  unsigned long pc = get_regs(pid).pc;
  check_is(run_to_stop(PTRACE_SYSEMU_SINGLESTEP, pid, 0), AT_TRAP, "resumed, it traps");
  check(get_regs(pid).pc == pc, "at the same pc: behind the svc");
  check(get_code(pid) == TRAP_TRACE, "check 66: with TRAP_TRACE: the call was not made, so there was nothing to step over");
  while ((status = run_to_stop(PTRACE_SINGLESTEP, pid, 0)) == AT_TRAP) {}
  check_is(status, 1 << 8, "the call was skipped");

  pid = tracee(calls, SYSGOOD);
  to_syscall(pid);
  pc = get_regs(pid).pc;
  check_is(run_to_stop(PTRACE_SYSEMU_SINGLESTEP, pid, 0), AT_TRAP, "SYSEMU_SINGLESTEP from an entry that SYSCALL came to");
  check((long)get_reg(pid, 0) == -ESRCH, "makes the call");
  check(get_code(pid) == TRAP_TRACE && get_regs(pid).pc != pc, "check 66: and traps after one more instruction, with TRAP_TRACE");
  end(pid);
  return checked();
}
