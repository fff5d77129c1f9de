/*
 * ptrace-more.c - stops out of the ordinary: from a filter's event, of one thread among others, at instructions that wait
 *
 * Linux: kernel/ptrace.c, kernel/seccomp.c, arch/arm64/kernel/debug-monitors.c
 */
#include "trace.h"
#include "filter.h"
#include "thread.h"

static int step(long pid) { return run_to_stop(PTRACE_SINGLESTEP, pid, 0); }

static void asks_tracer(void) {
  filter_call(__NR_getppid, SECCOMP_RET_TRACE | 0x77, 0);
  exit(getppid() > 0 ? 5 : 6);
}

static long at_event(void) {
  long pid = tracee(asks_tracer, SYSGOOD | PTRACE_O_TRACESECCOMP);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_EVENT(PTRACE_EVENT_SECCOMP), "a filter's event");
  return pid;
}

static void check_filter_event(void) {
  long pid = at_event();
  struct ptrace_syscall_info info = get_info(pid);
  check(info.op == PTRACE_SYSCALL_INFO_SECCOMP && info.seccomp.ret_data == 0x77, "check 91: GET_SYSCALL_INFO tells the filter's data");
  check_is(to_syscall(pid), AT_SYSCALL, "check 43: resumed with SYSCALL there is one more stop");
  check(message(pid) == PTRACE_EVENTMSG_SYSCALL_EXIT && get_nr(pid) == __NR_getppid, "check 43: at the exit of the same call");
  check_is(to_syscall(pid), AT_SYSCALL, "check 43: the next one");
  check(message(pid) == PTRACE_EVENTMSG_SYSCALL_ENTRY && get_nr(pid) == __NR_exit_group, "check 43: is the entry of the next call");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 5 << 8, "and the call was made");

  pid = at_event();
  unsigned long pc = get_regs(pid).pc;
  check_is(step(pid), AT_TRAP, "check 71: resumed with SINGLESTEP it stops");
  check(get_code(pid) == 0 && get_regs(pid).pc == pc && (long)get_reg(pid, 0) > 0, "check 71: behind the svc, after the call, with si_code 0");
  check(step(pid) == AT_TRAP && get_code(pid) == TRAP_TRACE && get_regs(pid).pc != pc, "check 71: the next step is an ordinary one");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 5 << 8, "and the program goes on");
}

static volatile int other, turns, done;

static void counts(void) {
  while (!done) {
    turns++;
    sched_yield();
  }
}

static void two_threads(void) {
  start_thread(counts, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID, &other, 0);
  while (!turns) sched_yield();
  syscall(__NR_getpgid, 0);
  done = 1;
  wait_until_zero(&other);
  exit(7);
}

static long peek(long pid, volatile int *at) {
  long value = 0;
  ptrace(PTRACE_PEEKDATA, (pid_t)pid, (unsigned long)at, &value);
  return value & 0xffffffff;
}

static void check_threads(void) {
  long pid = tracee(two_threads, SYSGOOD);
  while (to_syscall(pid) == AT_SYSCALL && get_nr(pid) != __NR_getpgid) {}
  long before = peek(pid, &turns);
  for (int i = 0; i < 100 && peek(pid, &turns) < before + 3; i++) sleep_ms(1);
  check(peek(pid, &turns) >= before + 3, "check 58: while one thread is in its entry stop another makes calls");
  check_is(get_nr(pid), __NR_getpgid, "check 58: and the first is still there");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 7 << 8, "both go on");
}

extern char waits[];
static void waiter(void) {
  __asm__ volatile("brk #9\n"
                   ".globl waits\nwaits: wfi\n  yield\n  wfe\n  sevl\n  nop");
  exit(8);
}

static void check_waiting(void) {
  long pid = tracee(waiter, 0);
  run_to_stop(PTRACE_CONT, pid, 0);
  struct user_pt_regs regs = get_regs(pid);
  regs.pc = (unsigned long)waits;
  put_regs(pid, &regs);
  check(step(pid) == AT_TRAP && get_regs(pid).pc == (unsigned long)waits + 4, "check 76: a step over wfi ends behind it");
  check(step(pid) == AT_TRAP && get_regs(pid).pc == (unsigned long)waits + 8, "check 76: and one over yield");
  check(step(pid) == AT_TRAP && get_regs(pid).pc == (unsigned long)waits + 12, "check 76: and one over wfe");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 8 << 8, "and the program goes on");
}

int main(void) {
  check_filter_event();
  check_threads();
  check_waiting();
  return checked();
}
