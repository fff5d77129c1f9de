/*
 * ptrace-event.c - fork, vfork, clone, exec and exit, as a tracer hears of them
 *
 * Linux: kernel/fork.c, kernel/exit.c, fs/exec.c, Manual: ptrace(2), "PTRACE_EVENT stops"
 */
#include "thread.h"
#include "trace.h"

static void forks(void) {
  long pid = fork();
  if (pid == 0) exit(4);
  int status;
  wait4((pid_t)pid, &status, 0, NULL);
  exit(WEXITSTATUS(status) + 1);
}

static long vfork_child(void) { return syscall(__NR_clone, CLONE_VFORK | SIGCHLD); }
static void vforks(void) {
  long pid = vfork_child();
  if (pid == 0) exit(4);
  exit(5);
}

static volatile int tid;
static void in_thread(void) {}
static void clones(void) {
  start_thread(in_thread, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, &tid, 0);
  sleep_ms(100);
  exit(3);
}

static void check_fork(void) {
  long pid = tracee(forks, PTRACE_O_TRACEFORK | SYSGOOD);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_EVENT(PTRACE_EVENT_FORK), "check 131: a fork");
  long child = (long)message(pid);
  check(child > 1 && get_nr(pid) == __NR_clone, "check 131: tells the child's number");
  check_is(get_code(pid), 0x105, "si_code is the event");
  check_is((long)get_reg(pid, 0), SIGCHLD, "x0 is the argument still");
  check_is(wait_for(child), AT_SIGSTOP, "check 132: the child is traced, and starts with SIGSTOP");
  siginfo_t info = get_siginfo(child);
  check(info.si_code == 0 && info.si_pid == 0, "check 132: from nobody");
  check(get_reg(child, 0) == 0 && get_nr(child) == -1, "check 14: its x0 is 0");
  check(get_regs(child).pc == get_regs(pid).pc, "check 14: and its pc behind the svc");
  check_is(to_syscall(child), AT_SYSCALL, "resumed with SYSCALL");
  check(message(child) == 1 && get_nr(child) == __NR_exit_group, "check 15: its first stop is at an entry: it does not leave the fork");
  check_is(run_to_stop(PTRACE_SYSCALL, child, 0), 4 << 8, "check 50: exit_group has no stop at the exit");
  check_is(to_syscall(pid), AT_SYSCALL, "the parent's call ends");
  check((long)get_reg(pid, 0) == child && message(pid) == 2, "with the child's number");
  int status;
  while (WIFSTOPPED(status = run_to_stop(PTRACE_CONT, pid, 0))) {}
  check_is(status, 5 << 8, "it could wait for the child as well");
}

static void check_vfork(void) {
  long pid = tracee(vforks, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE | SYSGOOD);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_EVENT(PTRACE_EVENT_VFORK), "check 133: a vfork");
  long child = (long)message(pid);
  wait_for(child);
  resume(PTRACE_SYSCALL, pid, 0);
  resume(PTRACE_CONT, child, 0);
  check_is(wait_for(child), 4 << 8, "its child ends");
  check_is(wait_for(pid), AT_EVENT(PTRACE_EVENT_VFORK_DONE), "check 133: then the parent goes on");
  check_is((long)message(pid), child, "check 133: which child it waited for");
  check_is(run_to_stop(PTRACE_SYSCALL, pid, 0), AT_SYSCALL, "check 54: the exit of the call comes after that");
  check_is(message(pid), 2, "check 54: it is the exit");
  end(pid);
}

static void check_clone(void) {
  long pid = tracee(clones, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | SYSGOOD);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_EVENT(PTRACE_EVENT_CLONE), "check 134: a thread is a clone");
  long thread = (long)message(pid);
  check_is(wait_for(thread), AT_SIGSTOP, "and starts with SIGSTOP");
  resume(PTRACE_CONT, pid, 0);
  check_is(run_to_stop(PTRACE_SYSCALL, thread, 0), AT_SYSCALL, "check 57: it stops for itself");
  check_is(run_to_stop(PTRACE_CONT, thread, 0), AT_EVENT(PTRACE_EVENT_EXIT), "check 138: it inherited the options: its end is an event");
  check_is(message(thread), 0, "with its status");
  check_is(run_to_stop(PTRACE_CONT, thread, 0), 0, "check 147: a thread can be waited for with __WALL");
  check_is(wait_for(pid), AT_EVENT(PTRACE_EVENT_EXIT), "the leader's end");
  check_is(message(pid), 3 << 8, "check 138: with the status that wait will report");
  check(get_nr(pid) == __NR_exit_group, "it still has its registers");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 3 << 8, "and here it is");
}

static void sleeps(void) {
  for (;;) sleep_ms(1000);
}
static void check_kill(void) {
  long pid = tracee(sleeps, PTRACE_O_TRACEEXIT);
  resume(PTRACE_CONT, pid, 0);
  kill((pid_t)pid, SIGKILL);
  check_is(wait_for(pid), AT_EVENT(PTRACE_EVENT_EXIT), "one that is killed stops once more");
  check_is(message(pid), SIGKILL, "check 138: its status is the signal");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGKILL, "then it is gone");

  pid = tracee(sleeps, PTRACE_O_TRACEEXIT | SYSGOOD);
  to_syscall(pid);
  kill((pid_t)pid, SIGKILL);
  check_is(wait_for(pid), AT_EVENT(PTRACE_EVENT_EXIT), "check 55: killed at the entry of a call, too");
  check_is(get_nr(pid), -1, "check 56: which is not made: there is no number");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGKILL, "and gone");
}

static void marked(void) {
  long pid = syscall(__NR_clone, SIGCHLD | CLONE_UNTRACED);
  if (pid == 0) exit(0);
  exit(wait_for(pid) == 0 ? 6 : 7);
}
static void hands_on(void) {
  long pid = syscall(__NR_clone, SIGCHLD | CLONE_PTRACE);
  if (pid == 0) exit(8);
  exit(9);
}
static void check_flags(void) {
  long pid = tracee(marked, PTRACE_O_TRACEFORK);
  int status;
  while ((status = run_to_stop(PTRACE_CONT, pid, 0)) == (SIGCHLD << 8 | 0x7f)) {}
  check_is(status, 6 << 8, "CLONE_UNTRACED: nobody hears of the child");

  pid = tracee(hands_on, 0);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 9 << 8, "CLONE_PTRACE: no event");
  long child = wait4(-1, &status, __WALL, NULL);
  check(child > 0 && status == AT_SIGSTOP, "but the child is traced");
  check_is(run_to_stop(PTRACE_CONT, child, 0), 8 << 8, "by its parent's tracer");
}

int main(void) {
  check_fork();
  check_vfork();
  check_clone();
  check_kill();
  check_flags();
  return checked();
}
