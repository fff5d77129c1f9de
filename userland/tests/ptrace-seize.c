/*
 * ptrace-seize.c - to be a tracer without being noticed: SEIZE, INTERRUPT, LISTEN
 *
 * Linux: kernel/ptrace.c, kernel/signal.c (do_jobctl_trap), Manual: ptrace(2), "Group-stop"
 */
#include "trace.h"

enum { GROUP_STOP = 0x80137f, EVENT_STOP = 0x80057f };
static int fds[2];
static volatile int *shared;

static void spins(void) {
  for (;;) (*shared)++;
}
static void reads(void) {
  char c = 9;
  long got = read(fds[0], &c, 1);
  exit(got == 1 ? c : 99);
}

static long seized(void (*run)(void), long options) {
  long pid = fork();
  if (pid == 0) run();
  sleep_ms(10);
  ptrace(PTRACE_SEIZE, (pid_t)pid, 0, (void *)options);
  return pid;
}
static long interrupt(long pid) { return resume(PTRACE_INTERRUPT, pid, 0); }
static int nothing(long pid) {
  int status = -1;
  sleep_ms(20);
  return wait4((pid_t)pid, &status, __WALL | WNOHANG, NULL) == 0;
}

static void check_interrupt(void) {
  long pid = seized(spins, 0);
  check(nothing(pid), "a task that is seized goes on");
  check_is(interrupt(pid), 0, "INTERRUPT");
  check_is(interrupt(pid), 0, "twice");
  check_is(wait_for(pid), EVENT_STOP, "check 123: stops it with an event");
  check_is(get_code(pid), 0x8005, "with si_code 0x8005");
  check_is(message(pid), 0, "and no message");
  resume(PTRACE_CONT, pid, 0);
  check(nothing(pid), "check 128: once");
  interrupt(pid);
  wait_for(pid);
  interrupt(pid);
  check(nothing(pid), "check 129: one that is stopped already notices nothing");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), EVENT_STOP, "check 129: until it is resumed: it stops again");
  end(pid);

  pipe2(fds, 0);
  pid = seized(reads, SYSGOOD);
  interrupt(pid);
  check_is(wait_for(pid), EVENT_STOP, "check 130: in the middle of a read");
  struct user_pt_regs regs = get_regs(pid);
  unsigned long word = 0;
  ptrace(PTRACE_PEEKTEXT, (pid_t)pid, regs.pc, &word);
  check((unsigned)word == 0xd4000001, "check 130: its pc is at the svc");
  check(regs.regs[0] == (unsigned long)fds[0] && get_nr(pid) == -1, "check 130: x0 is the argument again, and it is in no call");
  check_is(to_syscall(pid), AT_SYSCALL, "check 53: resumed, the call starts again");
  check(get_nr(pid) == __NR_read && message(pid) == 1, "check 53: it is read");
  write(fds[1], "\3", 1);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 3 << 8, "and gets its byte");
}

static void check_group_stop(void) {
  long pid = seized(spins, 0);
  kill((pid_t)pid, SIGSTOP);
  check_is(wait_for(pid), AT_SIGSTOP, "SIGSTOP is a signal first");
  check_is(run_to_stop(PTRACE_CONT, pid, SIGSTOP), GROUP_STOP, "check 125: and then the group stop");
  check_is(get_code(pid), 0x8013, "check 125: with si_code 0x8013");
  check_is(resume(PTRACE_LISTEN, pid, 0), 0, "LISTEN");
  check(nothing(pid), "leaves it there");
  check_is(resume(PTRACE_CONT, pid, 0), -ESRCH, "check 126: and requests are ESRCH");
  check_is(interrupt(pid), 0, "but INTERRUPT");
  check_is(wait_for(pid), GROUP_STOP, "reports the stop again");
  resume(PTRACE_LISTEN, pid, 0);
  kill((pid_t)pid, SIGCONT);
  check_is(wait_for(pid), EVENT_STOP, "check 127: SIGCONT ends the stop: an event");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGCONT << 8 | 0x7f, "check 127: and then the signal");
  resume(PTRACE_CONT, pid, 0);
  check(nothing(pid), "then it runs");

  kill((pid_t)pid, SIGTSTP);
  wait_for(pid);
  kill((pid_t)pid, SIGCONT);
  check_is(run_to_stop(PTRACE_CONT, pid, SIGTSTP), EVENT_STOP, "check 150: SIGCONT takes back a stop that is on its way");
  check_is(run_to_stop(PTRACE_CONT, pid, 0), SIGCONT << 8 | 0x7f, "check 150: only SIGCONT is left");
  check_is(resume(PTRACE_LISTEN, pid, 0), -EIO, "LISTEN is for group stops only");
  resume(PTRACE_CONT, pid, 0);

  kill((pid_t)pid, SIGSTOP);
  wait_for(pid);
  run_to_stop(PTRACE_CONT, pid, SIGSTOP);
  resume(PTRACE_LISTEN, pid, 0);
  kill((pid_t)pid, SIGKILL);
  check_is(wait_for(pid), SIGKILL, "SIGKILL needs nobody's permission");
}

static void forks(void) {
  long pid = fork();
  if (pid == 0) exit(4);
  int status;
  wait4((pid_t)pid, &status, 0, NULL);
  exit(5);
}

static void check_new_child(void) {
  long pid = fork();
  if (pid == 0) {
    char c;
    read(fds[0], &c, 1);
    forks();
  }
  ptrace(PTRACE_SEIZE, (pid_t)pid, 0, (void *)PTRACE_O_TRACEFORK);
  write(fds[1], "x", 1);
  check_is(wait_for(pid), AT_EVENT(PTRACE_EVENT_FORK), "a fork of a seized task");
  long baby = (long)message(pid);
  check_is(wait_for(baby), EVENT_STOP, "check 132: its child starts in an event stop");
  check(get_reg(baby, 0) == 0 && get_nr(baby) == -1, "with x0 0, in no call");
  resume(PTRACE_CONT, baby, 0);
  check_is(wait_for(baby), 4 << 8, "and runs on");
  int status = run_to_stop(PTRACE_CONT, pid, 0);
  check_is(status, SIGCHLD << 8 | 0x7f, "its parent hears of its end");
  check_is(run_to_stop(PTRACE_CONT, pid, SIGCHLD), 5 << 8, "and has waited for it");
}

int main(void) {
  shared = shared_page();
  check_interrupt();
  check_group_stop();
  check_new_child();
  return checked();
}
