/*
 * ptrace-restart.c - calls that a signal interrupts, as their tracer sees them
 *
 * Linux: arch/arm64/kernel/signal.c (do_signal), include/linux/errno.h
 */
#include "trace.h"

enum { ERESTARTSYS = 512, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };

static void waits(int sig) { (void)sig; }

static int fds[2];
static void reads(void) {
  char c;
  set_signal(SIGUSR1, waits, 0);
  exit((int)-read(fds[0], &c, 1));
}
static void suspends(void) {
  set_signal(SIGUSR1, waits, 0);
  exit((int)-rt_sigsuspend(&(sigset_t){{0}}));
}
static void sleeps(void) {
  struct timespec long_time = {5, 0};
  set_signal(SIGUSR1, waits, 0);
  exit((int)-nanosleep(&long_time, NULL));
}

static void check_call(void (*run)(void), int nr, long code, const char *at_exit, const char *at_signal, const char *result) {
  long pid = tracee(run, SYSGOOD);
  while (to_syscall(pid) == AT_SYSCALL && !(get_nr(pid) == nr && message(pid) == PTRACE_EVENTMSG_SYSCALL_ENTRY)) {}
  resume(PTRACE_SYSCALL, pid, 0);
  sleep_ms(30);
  kill((pid_t)pid, SIGUSR1);
  wait_for(pid);
  check(message(pid) == PTRACE_EVENTMSG_SYSCALL_EXIT && get_nr(pid) == nr && (long)get_reg(pid, 0) == -code, at_exit);
  int status = run_to_stop(PTRACE_CONT, pid, 0);
  check(status == (SIGUSR1 << 8 | 0x7f) && get_nr(pid) == -1, at_signal);
  check_is(run_to_stop(PTRACE_CONT, pid, SIGUSR1), EINTR << 8, result);
}

static volatile int *spinning;
static void spins(void) {
  for (;;) *spinning = 1;
}

/* In no call at all. */
static void check_outside(void) {
  spinning = shared_page();
  long pid = tracee(spins, SYSGOOD);
  resume(PTRACE_SYSCALL, pid, 0);
  while (!*spinning) sleep_ms(1);
  kill((pid_t)pid, SIGUSR1);
  check_is(wait_for(pid), SIGUSR1 << 8 | 0x7f, "a signal between two calls");
  check_is(get_nr(pid), -1, "check 17: shows none");
  kill((pid_t)pid, SIGSTOP);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_SIGSTOP, "and so does a stop");
  check_is(get_nr(pid), -1, "check 17: no call's number");
  end(pid);
}

int main(void) {
  pipe2(fds, 0);
  check_call(reads, __NR_read, ERESTARTSYS, "check 51: a read that is interrupted shows -ERESTARTSYS", "check 17: at the signal the call is over", "with a handler it is EINTR");
  check_call(suspends, __NR_rt_sigsuspend, ERESTARTNOHAND, "check 51: sigsuspend shows -ERESTARTNOHAND", "check 17: at the signal it is over", "EINTR");
  check_call(sleeps, __NR_nanosleep, ERESTART_RESTARTBLOCK, "check 51: nanosleep shows -ERESTART_RESTARTBLOCK", "check 17: and this one", "EINTR, too");
  check_outside();
  return checked();
}
