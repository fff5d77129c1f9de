/*
 * ptrace-exec.c - a tracee becomes another program, alone and out of several threads
 *
 * Linux: fs/exec.c (de_thread), Manual: ptrace(2), "execve(2) under ptrace"
 */
#include "thread.h"
#include "trace.h"

static volatile int tid;

static void becomes_nothing(void) {
  char *argv[] = {"none", NULL}, *envp[] = {NULL};
  exit((int)-execve("/none", argv, envp));
}
static void becomes_itself(void) {
  char *argv[] = {"ptrace-exec", "nothing", NULL}, *envp[] = {NULL};
  execve("/proc/self/exe", argv, envp);
}


static void check_alone(void) {
  long pid = tracee(becomes_itself, SYSGOOD | PTRACE_O_TRACEEXEC);
  to_syscall(pid);
  check_is(to_syscall(pid), AT_EVENT(PTRACE_EVENT_EXEC), "check 135: a new program is an event");
  check_is(message(pid), pid, "check 135: its message is the number before");
  struct user_pt_regs regs = get_regs(pid);
  bool zero = true;
  for (int i = 0; i < 31; i++) zero = zero && regs.regs[i] == 0;
  check(zero && get_nr(pid) == __NR_execve, "check 16: x0 to x30 are zero");
  check_is(to_syscall(pid), AT_SYSCALL, "then comes the exit of execve");
  regs = get_regs(pid);
  check(get_nr(pid) == __NR_execve && message(pid) == 2, "check 48: with execve's number");
  check(get_info(pid).exit.rval == 0 && regs.regs[0] == 0, "check 48: and result 0");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 7 << 8, "the new program runs");

  pid = tracee(becomes_itself, SYSGOOD);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_TRAP, "check 137: without the option there is a SIGTRAP");
  siginfo_t info = get_siginfo(pid);
  check(info.si_code == 0 && info.si_pid == pid, "check 137: with si_code 0, from the tracee itself");
  check(get_nr(pid) == -1, "check 137: it is a signal: the call is over");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 7 << 8, "which need not be delivered");

  pid = tracee(becomes_nothing, SYSGOOD | PTRACE_O_TRACEEXEC);
  to_syscall(pid);
  check_is(to_syscall(pid), AT_SYSCALL, "check 49: an execve that fails");
  check_is((long)get_reg(pid, 0), -ENOENT, "check 49: has an ordinary exit");
  end(pid);
}

static volatile int go;
static void thread_execs(void) {
  while (!go) sched_yield();
  becomes_itself();
}
static void threads(void) {
  start_thread(thread_execs, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, &tid, 0);
  go = 1;
  for (;;) sleep_ms(1000);
}

static void check_thread(void) {
  long options = SYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_TRACECLONE;
  long pid = tracee(threads, options);
  run_to_stop(PTRACE_CONT, pid, 0);
  long thread = (long)message(pid);
  wait_for(thread);
  resume(PTRACE_CONT, pid, 0);
  resume(PTRACE_CONT, thread, 0);
  check_is(wait_for(pid), AT_EVENT(PTRACE_EVENT_EXIT), "check 136: when a thread becomes another program its leader ends");
  check_is(message(pid), 0, "check 136: with message 0");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_EVENT(PTRACE_EVENT_EXEC), "check 136: the next stop of that number is the thread's");
  check_is(message(pid), thread, "check 135: the message is the number it had");
  int status = -1;
  check_is(wait4((pid_t)thread, &status, __WALL | WNOHANG, NULL), -ECHILD, "check 136: which is nobody's any more");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_EVENT(PTRACE_EVENT_EXIT), "the program runs");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 7 << 8, "and ends");
}

static void seized_exec(void) {
  sleep_ms(50);
  becomes_itself();
}
static void check_seized(void) {
  long pid = fork();
  if (pid == 0) seized_exec();
  ptrace(PTRACE_SEIZE, (pid_t)pid, 0, NULL);
  check_is(wait_for(pid), 7 << 8, "a seized task without the option does not stop at all");
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return 7;
  check_alone();
  check_thread();
  check_seized();
  return checked();
}
