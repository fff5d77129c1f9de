/*
 * ptrace-step-more.c - stepping across fork, exec, restarted calls and sigreturn
 *
 * Linux: arch/arm64/kernel/{debug-monitors,signal}.c, Manual: ptrace(2)
 */
#include "trace.h"

static int fds[2];

static int step(long pid) { return run_to_stop(PTRACE_SINGLESTEP, pid, 0); }

static void forks(void) {
  long pid = fork();
  if (pid == 0) exit(0);
  int status = -1;
  wait4((pid_t)pid, &status, 0, NULL);
  exit(status == 0 ? 3 : 4);
}

static void check_fork(void) {
  long pid = tracee(forks, 0);
  int steps = 0, status;
  while ((status = step(pid)) == AT_TRAP) steps++;
  if (WIFSTOPPED(status)) status = run_to_stop(PTRACE_CONT, pid, 0); // SIGCHLD
  check(steps > 10, "a program can be stepped through");
  check_is(status, 3 << 8, "check 80: its child is not stepped");
}

static void execs(void) {
  char *argv[] = {"true", NULL}, *envp[] = {NULL};
  execve("/bin/true", argv, envp);
}

static void check_exec(void) {
  long pid = tracee(execs, SYSGOOD);
  to_syscall(pid);
  check_is(get_nr(pid), __NR_execve, "from the entry of execve");
  check_is(step(pid), AT_TRAP, "check 79: a step ends at the new program's first instruction");
  unsigned long pc = get_regs(pid).pc;
  check_is(get_code(pid), 0, "with si_code 0");
  int status = step(pid);
  for (int i = 0; status == AT_TRAP && get_regs(pid).pc == pc && i < 3; i++) status = step(pid);
  check(status == AT_TRAP && get_regs(pid).pc == pc + 4, "check 79: and stepping goes on");
  end(pid);
}

/* A read that a signal interrupts, without a handler, and that starts again. */
static void reads(void) {
  char c = 0;
  read(fds[0], &c, 1);
  exit(c);
}

static void check_restart(void) {
  pipe2(fds, 0);
  long pid = tracee(reads, SYSGOOD);
  to_syscall(pid);
  unsigned long behind = get_regs(pid).pc;
  resume(PTRACE_SINGLESTEP, pid, 0);
  sleep_ms(30);
  kill((pid_t)pid, SIGUSR2);
  check_is(wait_for(pid), AT_TRAP, "a step over a read that is interrupted: the step comes first");
  int status = step(pid);
  check_is(status, SIGUSR2 << 8 | 0x7f, "then the signal");
  check(get_regs(pid).pc == behind - 4, "with pc at the svc");
  resume(PTRACE_SINGLESTEP, pid, 0);
  sleep_ms(30);
  write(fds[1], "\7", 1);
  check_is(wait_for(pid), AT_TRAP, "check 81: without it the call is made again");
  check(get_regs(pid).pc == behind, "check 81: and the step ends behind the svc");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 7 << 8, "it has read");
  close(fds[0]);
  close(fds[1]);
}

/* A handler that asks for a step in the frame that sigreturn takes. */
static void sets_ss(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  ((struct ucontext *)context)->uc_mcontext.pstate |= 1 << 21;
}
static void asks_for_step(void) {
  set_handler(SIGUSR1, sets_ss, 0);
  raise(SIGUSR1);
  exit(6);
}

static void check_sigreturn(void) {
  check_is(in_child(asks_for_step), 6 << 8, "check 78: nobody can step himself with sigreturn");
}

int main(void) {
  check_fork();
  check_exec();
  check_restart();
  check_sigreturn();
  return checked();
}
