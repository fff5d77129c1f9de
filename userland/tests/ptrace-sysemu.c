/*
 * ptrace-sysemu.c - system calls that the tracer makes in the kernel's place
 *
 * Linux: include/linux/entry-common.h (syscall_trace_enter), Manual: ptrace(2), PTRACE_SYSEMU
 */
#include "trace.h"

static void make_calls(void) {
  long first = syscall(__NR_getpgid, 0x1234);
  long second = getppid();
  exit(first == 0x1234 ? (second == -1 ? 3 : 1) : 2);
}

static int ends(long pid) {
  int status;
  while (WIFSTOPPED(status = run_to_stop(PTRACE_CONT, pid, 0))) {}
  return WEXITSTATUS(status);
}

static void check_sysemu(void) {
  long pid = tracee(make_calls, SYSGOOD);
  check_is(run_to_stop(PTRACE_SYSEMU, pid, 0), AT_SYSCALL, "SYSEMU stops at a system call");
  check(message(pid) == 1 && get_nr(pid) == __NR_getpgid, "at its entry");
  check_is(run_to_stop(PTRACE_SYSEMU, pid, 0), AT_SYSCALL, "and then");
  check(message(pid) == 1 && get_nr(pid) == __NR_getppid, "check 61: at the entry of the next: there is no stop at the exit");
  put_reg(pid, 0, -1UL);
  check_is(ends(pid), 3, "check 62: both were skipped: x0 is what it was, or what the tracer made of it");

  pid = tracee(make_calls, SYSGOOD);
  run_to_stop(PTRACE_SYSEMU, pid, 0);
  check_is(to_syscall(pid), AT_SYSCALL, "resumed with SYSCALL it stops again");
  check(message(pid) == 2 && get_reg(pid, 0) == 0x1234, "check 63: at the exit of the same call, which was skipped");
  to_syscall(pid);
  check(message(pid) == 1 && get_nr(pid) == __NR_getppid, "the next one is at its entry");
  check_is(run_to_stop(PTRACE_SYSEMU, pid, 0), AT_SYSCALL, "SYSEMU from there");
  check(get_nr(pid) == __NR_exit_group, "check 64: goes to the entry of the call after");
  check((long)get_info(pid).entry.args[0] == 1, "check 64: the one it was in was made");
  end(pid);
}

static void on_usr1(int sig) { (void)sig; }
static void alias(void) {
  set_signal(SIGUSR1, on_usr1, 0);
  syscall(__NR_getpgid, 0x1234);
  exit(1);
}

/* -ERESTARTSYS is an errno between kernel and kernel: what a tracer makes of it is nobody's fault but its own. */
static void check_alias(void) {
  long pid = tracee(alias, SYSGOOD);
  to_syscall(pid);
  to_syscall(pid);
  run_to_stop(PTRACE_SYSEMU, pid, 0);
  put_reg(pid, 0, -512UL);
  to_syscall(pid);
  check_is((long)get_reg(pid, 0), -512, "a skipped call can have the result -512");
  to_syscall(pid);
  check_is((long)get_reg(pid, 0), 1, "and the program goes on with it");
  end(pid);
}

int main(void) {
  check_sysemu();
  check_alias();
  return checked();
}
