/*
 * ptrace-entry.c - the ways out of a system call stop, and calls that are not like others
 *
 * Linux: arch/arm64/kernel/ptrace.c, include/linux/entry-common.h, Manual: ptrace(2), "Syscall-stops"
 */
#include "trace.h"

enum { NO_CALL = 9999 };
static int *shared;

static void call_nothing(void) {
  exit(syscall(-1L, 0x77, 2) == -ENOSYS ? 1 : 2);
}
static void call_unknown(void) {
  exit(syscall(NO_CALL, 1, 2) == -ENOSYS ? 1 : 2);
}
static void call_getppid(void) {
  exit(getppid() > 0 ? 1 : 2);
}
static void count_calls(void) {
  *shared = 0;
  while (sched_yield() == 0 && ++*shared < 2) {}
}

static int ends(long request, long pid) { return WEXITSTATUS(run_to_stop(request, pid, 0)); }

static void check_minus_one(void) {
  long pid = tracee(call_nothing, SYSGOOD);
  to_syscall(pid);
  check_is((long)get_reg(pid, 0), -ENOSYS, "check 37: at the entry of call -1 x0 is -ENOSYS already");
  struct ptrace_syscall_info info = get_info(pid);
  check(info.entry.args[0] == 0x77, "check 37: but the first argument is still told");
  check(info.entry.nr == ~0UL, "check 90: and the number is 2^64 - 1");
  check_is(ends(PTRACE_CONT, pid), 1, "check 5: the program gets ENOSYS");

  pid = tracee(call_nothing, SYSGOOD);
  to_syscall(pid);
  put_nr(pid, __NR_getpgid);
  check_is((long)get_info(pid).entry.args[0], -ENOSYS, "check 38: turned into a call its first argument is -ENOSYS");
  to_syscall(pid);
  check_is((long)get_reg(pid, 0), -ESRCH, "check 38: and the call is made");
  end(pid);

  pid = tracee(call_unknown, SYSGOOD);
  check_is(to_syscall(pid), AT_SYSCALL, "check 39: a number without a call has a stop at entry");
  check_is(to_syscall(pid), AT_SYSCALL, "check 39: and one at exit");
  check_is((long)get_reg(pid, 0), -ENOSYS, "check 39: where x0 is -ENOSYS");
  end(pid);
}

static void check_ways_out(void) {
  long pid = tracee(call_getppid, SYSGOOD);
  to_syscall(pid);
  check_is(ends(PTRACE_CONT, pid), 1, "check 41: continued from the entry it makes the call, and does not stop at the exit");

  pid = tracee(call_getppid, SYSGOOD);
  to_syscall(pid);
  resume(PTRACE_DETACH, pid, 0);
  check_is(wait_for(pid), 1 << 8, "check 42: detached at the entry it runs on");

  pid = tracee(call_getppid, SYSGOOD);
  to_syscall(pid);
  kill((pid_t)pid, SIGKILL);
  check_is(wait_for(pid), SIGKILL, "SIGKILL takes it out of the stop");
  check_is(resume(PTRACE_CONT, pid, 0), -ESRCH, "and then there is nobody to ask");

  pid = tracee(count_calls, SYSGOOD);
  *shared = -1;
  to_syscall(pid);
  struct user_pt_regs regs = get_regs(pid);
  check_is(*shared, 0, "it is about to make its first call");
  regs.pc -= 4;
  put_regs(pid, &regs);
  to_syscall(pid);
  check_is(get_nr(pid), __NR_sched_yield, "check 45: with pc moved back this call is made all the same");
  to_syscall(pid);
  check_is(message(pid), 1, "check 45: and then again: the next stop is at an entry");
  end(pid);
}

static void on_usr1(int sig) {
  (void)sig;
  *shared = 1;
}
static void with_handler(void) {
  set_signal(SIGUSR1, on_usr1, 0);
  getppid();
  exit(*shared ? 1 : 2);
}

static void check_signal_at_entry(void) {
  long pid = tracee(with_handler, SYSGOOD);
  *shared = 0;
  to_syscall(pid); // rt_sigaction
  to_syscall(pid);
  to_syscall(pid); // getppid
  check_is(run_to_stop(PTRACE_SYSCALL, pid, SIGUSR1), AT_SYSCALL, "check 44: with a signal passed on at the entry, the exit comes first");
  check(message(pid) == 2 && get_nr(pid) == __NR_getppid, "check 46: a call's exit comes before its signals");
  check_is(to_syscall(pid), SIGUSR1 << 8 | 0x7f, "check 44: then the signal");
  siginfo_t info = get_siginfo(pid);
  check(info.si_code == SI_KERNEL && info.si_pid == 0, "check 44: which came from the kernel");
  check_is(get_nr(pid), -1, "check 40, check 17: there it is in no system call");
  check_is(run_to_stop(PTRACE_SYSCALL, pid, SIGUSR1), AT_SYSCALL, "the handler ends in a system call");
  check(get_nr(pid) == __NR_rt_sigreturn && message(pid) == 1, "check 47: rt_sigreturn, at its entry");
  to_syscall(pid);
  check(get_nr(pid) == -1 && message(pid) == 2, "check 47: at its exit the number is forgotten");
  check_is(get_info(pid).exit.rval, getpid(), "check 47: and its result is the restored x0");
  check_is(ends(PTRACE_CONT, pid), 1, "the handler has run");
}

int main(void) {
  shared = shared_page();
  check_minus_one();
  check_ways_out();
  check_signal_at_entry();
  return checked();
}
