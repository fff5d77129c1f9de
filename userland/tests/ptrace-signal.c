/*
 * ptrace-signal.c - signals on their way through a tracer
 *
 * Linux: kernel/signal.c (ptrace_signal), kernel/ptrace.c (ptrace_peek_siginfo), Manual: ptrace(2), "Signal-delivery-stop"
 */
#include "trace.h"

enum { RT = 34 };
struct peek {
  unsigned long off;
  unsigned flags;
  int nr;
};

static volatile siginfo_t seen;
static void on_signal(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  *(siginfo_t *)&seen = *info;
}
static void queue_info(int sig, int value) {
  siginfo_t info = {.si_signo = sig, .si_code = SI_QUEUE};
  info.si_value.sival_int = value;
  syscall(__NR_rt_sigqueueinfo, getpid(), sig, &info);
}

static void handles(void) {
  set_handler(SIGUSR1, on_signal, 0);
  set_handler(SIGUSR2, on_signal, 0);
  raise(SIGUSR1);
  exit(seen.si_signo == SIGUSR1 ? (seen.si_code == SI_QUEUE ? seen.si_value.sival_int : 1)
                                : seen.si_signo == SIGUSR2 ? (seen.si_pid == getppid() ? 2 : 3) : 4);
}

static void check_delivery(void) {
  long pid = tracee(handles, 0);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGUSR1 << 8 | 0x7f, "a signal stops a tracee before it is delivered");
  siginfo_t info = get_siginfo(pid);
  check(info.si_code == SI_TKILL && info.si_pid == pid, "with its own siginfo");
  check_is(run_to_stop(PTRACE_CONT, pid, SIGUSR1), 1 << 8, "passed on, the handler runs");

  pid = tracee(handles, 0);
  run_to_stop(PTRACE_CONT, pid, 0);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 4 << 8, "or the tracer keeps it");

  pid = tracee(handles, 0);
  run_to_stop(PTRACE_CONT, pid, 0);
  info = get_siginfo(pid);
  info.si_code = SI_QUEUE;
  info.si_value.sival_int = 77;
  check_is(ptrace(PTRACE_SETSIGINFO, (pid_t)pid, 0, &info), 0, "SETSIGINFO");
  check_is(run_to_stop(PTRACE_CONT, pid, SIGUSR1), 77 << 8, "check 154: changes what the handler sees");

  pid = tracee(handles, 0);
  run_to_stop(PTRACE_CONT, pid, 0);
  check_is(run_to_stop(PTRACE_CONT, pid, SIGUSR2), 2 << 8, "check 155: another signal in its place is the tracer's");
}

static void blocks(void) {
  sigset_t all = {{~0UL}};
  rt_sigprocmask(SIG_SETMASK, &all, NULL);
  for (int i = 0; i < 3; i++) queue_info(RT, i + 10);
  for (int i = 0; i < 2; i++) {
    siginfo_t info = {.si_signo = RT + 1, .si_code = SI_QUEUE};
    info.si_value.sival_int = i + 20;
    syscall(__NR_rt_tgsigqueueinfo, getpid(), gettid(), RT + 1, &info);
  }
  syscall(__NR_exit_group, 0);
}

static long peek(long pid, unsigned long off, unsigned flags, int nr, siginfo_t *to) {
  struct peek args = {off, flags, nr};
  return ptrace(PTRACE_PEEKSIGINFO, (pid_t)pid, (unsigned long)&args, to);
}

static void check_peek(void) {
  static siginfo_t room[8];
  long pid = tracee(blocks, SYSGOOD | PTRACE_O_TRACEEXIT);
  run_to_stop(PTRACE_CONT, pid, 0);
  check_is(peek(pid, 0, 0, 8, room), 2, "check 152: two signals wait for the thread");
  check(room[0].si_value.sival_int == 20 && room[1].si_value.sival_int == 21, "check 152: in the order they came");
  check_is(peek(pid, 0, 1, 8, room), 3, "check 152: and three for the process");
  check(room[0].si_value.sival_int == 10 && room[2].si_value.sival_int == 12, "with what was sent");
  check_is(peek(pid, 1, 1, 1, room), 1, "check 152: from the second on, one");
  check_is(room[0].si_value.sival_int, 11, "is the second");
  check_is(peek(pid, 9, 1, 1, room), 0, "check 152: there is no tenth");
  check_is(peek(pid, 0, 1, 0, room), 0, "none is wanted");
  check_is(peek(pid, 0, 1, -1, room), -EINVAL, "check 152: a negative number is EINVAL");
  check_is(peek(pid, 0, 2, 1, room), -EINVAL, "check 152: an unknown flag, too");
  check_is(peek(pid, 0, 1, 1, (void *)8), -EFAULT, "check 152: a bad place is EFAULT");
  check_is(ptrace(PTRACE_PEEKSIGINFO, (pid_t)pid, 8, room), -EFAULT, "and bad arguments are");
  check_is(peek(pid, 0, 1, 8, room), 3, "to look takes nothing away");

  unsigned long mask = 0;
  check_is(ptrace(PTRACE_GETSIGMASK, (pid_t)pid, 4, &mask), -EINVAL, "check 153: a mask is 8 bytes");
  ptrace(PTRACE_GETSIGMASK, (pid_t)pid, 8, &mask);
  check(mask == 0xfffffffffffbfeffUL, "check 151: it blocks all but SIGKILL and SIGSTOP");
  mask = 1;
  check_is(ptrace(PTRACE_SETSIGMASK, (pid_t)pid, 8, &mask), 0, "check 153: it can be set");
  mask = ~0UL;
  ptrace(PTRACE_SETSIGMASK, (pid_t)pid, 8, &mask);
  ptrace(PTRACE_GETSIGMASK, (pid_t)pid, 8, &mask);
  check(mask == 0xfffffffffffbfeffUL, "check 151: but for SIGKILL and SIGSTOP");
  check_is(ptrace(PTRACE_SETSIGMASK, (pid_t)pid, 8, (void *)8), -EFAULT, "a bad mask is EFAULT");
  kill((pid_t)pid, SIGKILL);
  check_is(wait4((pid_t)pid, NULL, WNOHANG | __WALL, NULL), 0, "SIGKILL does not hurry a process that exits already");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 0, "only its tracer does");
}

static void suspends(void) {
  set_handler(SIGUSR1, on_signal, 0);
  sigset_t mask = {{1UL << (SIGUSR2 - 1)}};
  rt_sigsuspend(&mask);
  exit(5);
}
static void check_suspend(void) {
  unsigned long mask = 0;
  long pid = tracee(suspends, 0);
  resume(PTRACE_CONT, pid, 0);
  sleep_ms(20);
  kill((pid_t)pid, SIGTERM);
  check_is(wait_for(pid), SIGTERM << 8 | 0x7f, "in rt_sigsuspend");
  ptrace(PTRACE_GETSIGMASK, (pid_t)pid, 8, &mask);
  check_is((long)mask, 0, "GETSIGMASK tells the mask that will come back");
  check_is(run_to_stop(PTRACE_CONT, pid, SIGTERM), SIGTERM, "SIGTERM passed on kills");
}

static void reads_forever(void) {
  struct timespec long_time = {1, 0};
  nanosleep(&long_time, NULL);
  exit(1);
}
static void check_restart(void) {
  long pid = tracee(reads_forever, SYSGOOD);
  to_syscall(pid);
  resume(PTRACE_SYSCALL, pid, 0);
  sleep_ms(20);
  kill((pid_t)pid, SIGUSR1);
  check_is(wait_for(pid), AT_SYSCALL, "check 46: a call that a signal interrupts ends first");
  check_is((long)get_reg(pid, 0), -516, "check 51: its result is -ERESTART_RESTARTBLOCK");
  check_is(to_syscall(pid), SIGUSR1 << 8 | 0x7f, "then the signal");
  check(get_nr(pid) == -1 && (long)get_reg(pid, 8) == __NR_nanosleep, "check 52: there x8 is still nanosleep's");
  check_is(to_syscall(pid), AT_SYSCALL, "without it");
  check(get_nr(pid) == __NR_restart_syscall && message(pid) == 1, "check 52: restart_syscall is next");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 1 << 8, "and sleeps on");
}

int main(void) {
  check_delivery();
  check_peek();
  check_suspend();
  check_restart();
  return checked();
}
