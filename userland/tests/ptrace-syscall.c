/*
 * ptrace-syscall.c - what a tracer sees at the two stops of a system call, and what it may change there
 *
 * Linux: arch/arm64/kernel/ptrace.c (syscall_trace_enter), Manual: ptrace(2), "Syscall-stops"
 */
#include "trace.h"

enum { X = 0x1111 };

/* The last one says what came of the call before. */
static void call_twice(void) {
  long answer = syscall(__NR_getpgid, X, 0x2222, 0x3333, 4, 5, 6);
  exit(answer == -ESRCH ? 1 : answer == X ? 2 : answer == 555 ? 3 : answer == getppid() ? 4 : 5);
}

static int at_exit(long pid) { // wait status, after whatever stops there still are
  int status;
  while (WIFSTOPPED(status = run_to_stop(PTRACE_CONT, pid, 0))) {}
  return WEXITSTATUS(status);
}

static void check_stops(void) {
  long pid = tracee(call_twice, SYSGOOD);
  check_is(to_syscall(pid), AT_SYSCALL, "check 18: the stop at entry is SIGTRAP | 0x80 with TRACESYSGOOD");
  struct user_pt_regs entry = get_regs(pid);
  siginfo_t info = get_siginfo(pid);
  check(info.si_code == 0x85 && info.si_signo == SIGTRAP && info.si_pid == pid, "check 20: and so is its si_code; si_pid is its own");
  check_is(message(pid), 1, "check 21: the message at entry is 1");
  check(entry.regs[7] == 0, "check 22: x7 is 0 at entry");
  check(entry.regs[0] == X && entry.regs[1] == 0x2222, "check 26: x0 at entry is the first argument");
  check_is(get_nr(pid), __NR_getpgid, "the number is in a register set of its own");

  check_is(to_syscall(pid), AT_SYSCALL, "the stop at exit looks the same");
  struct user_pt_regs left = get_regs(pid);
  check_is(message(pid), 2, "check 21: but its message is 2");
  check(left.regs[7] == 1, "check 22: and x7 is 1");
  check(left.pc == entry.pc, "check 25, check 8: pc is behind the svc at both");
  check_is((long)left.regs[0], -ESRCH, "check 27: x0 at exit is the result");
  check_is(at_exit(pid), 1, "and what the program gets");

  pid = tracee(call_twice, 0);
  check_is(to_syscall(pid), AT_TRAP, "check 19: without TRACESYSGOOD it is SIGTRAP");
  check_is(get_code(pid), 5, "check 20: si_code too");
  end(pid);
}

static void check_entry_changes(void) {
  long pid = tracee(call_twice, SYSGOOD);
  to_syscall(pid);
  put_reg(pid, 0, 0);
  check_is(get_info(pid).entry.args[0], 0, "check 29: what the tracer puts into x0 is the argument");
  to_syscall(pid);
  check_is((long)get_reg(pid, 0), getpgid(0), "check 28: the call is made with it");
  end(pid);

  pid = tracee(call_twice, SYSGOOD);
  to_syscall(pid);
  put_reg(pid, 8, __NR_getppid);
  to_syscall(pid);
  check_is((long)get_reg(pid, 0), -ESRCH, "check 31: what it puts into x8 changes nothing");
  end(pid);

  pid = tracee(call_twice, SYSGOOD);
  to_syscall(pid);
  put_nr(pid, __NR_getppid);
  to_syscall(pid);
  check_is(get_nr(pid), __NR_getppid, "check 32: what it puts into the system call register set is called");
  check_is(at_exit(pid), 4, "check 32: and the program gets that call's result");
}

static void check_suppression(void) {
  long pid = tracee(call_twice, SYSGOOD);
  to_syscall(pid);
  put_nr(pid, -1);
  check_is(to_syscall(pid), AT_SYSCALL, "check 35: without a call there is still a stop at exit");
  check_is(get_nr(pid), -1, "check 36: where the number reads -1");
  check_is(at_exit(pid), 2, "check 33: the program gets its own first argument back");

  for (int order = 0; order < 2; order++) {
    pid = tracee(call_twice, SYSGOOD);
    to_syscall(pid);
    if (order) put_nr(pid, -1);
    put_reg(pid, 0, 555);
    if (!order) put_nr(pid, -1);
    check_is(at_exit(pid), 3, order ? "check 34: or what the tracer puts into x0 after that" : "check 34: or what the tracer puts into x0 before that");
  }
}

static void check_exit_changes(void) {
  long pid = tracee(call_twice, SYSGOOD);
  to_syscall(pid);
  to_syscall(pid);
  put_reg(pid, 0, 555);
  check_is(at_exit(pid), 3, "check 30: the program gets what the tracer puts into x0 at exit");
}

/* x7 = 7 around a call; exits with what is left of it. */
static void call_with_x7(void) {
  register long x8 __asm__("x8") = __NR_getppid, x7 __asm__("x7") = 7, x0 __asm__("x0");
  __asm__ volatile("svc #0" : "=r"(x0), "+r"(x7) : "r"(x8) : "memory");
  exit((int)x7);
}

static void check_x7(void) {
  long pid = tracee(call_with_x7, SYSGOOD);
  to_syscall(pid);
  put_reg(pid, 7, 99);
  to_syscall(pid);
  put_reg(pid, 7, 98);
  check_is(at_exit(pid), 7, "check 23: x7 is restored, and what the tracer writes there is lost");
}

int main(void) {
  check_stops();
  check_entry_changes();
  check_suppression();
  check_exit_changes();
  check_x7();
  return checked();
}
