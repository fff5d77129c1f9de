/*
 * ptrace-attach.c - becoming a tracer, and ceasing to be one
 *
 * Linux: kernel/ptrace.c (ptrace_attach, ptrace_traceme, ptrace_detach), Manual: ptrace(2)
 */
#include "thread.h"
#include "trace.h"

static void asks_twice(void) {
  long first = ptrace(PTRACE_TRACEME, 0, 0, NULL), second = ptrace(PTRACE_TRACEME, 0, 0, NULL);
  exit(first == 0 && second == -EPERM ? 1 : 2);
}
static void sleeps(void) {
  for (;;) sleep_ms(1000);
}
static void ends_at_usr1(int sig) { exit(sig); }
static void waits_for_usr1(void) {
  set_signal(SIGUSR1, ends_at_usr1, 0);
  sleeps();
}

static long child(void (*run)(void)) {
  long pid = fork();
  if (pid == 0) run();
  sleep_ms(10); // it is asleep now
  return pid;
}
static long attach(long pid) { return ptrace(PTRACE_ATTACH, (pid_t)pid, 0, NULL); }

static void check_errors(void) {
  check_is(in_child(asks_twice), 1 << 8, "check 116: TRACEME a second time is EPERM");
  check_is(attach(getpid()), -EPERM, "check 117: nobody traces himself");
  check_is(attach(99999), -ESRCH, "check 117: or somebody who is not there");
  check_is(ptrace(PTRACE_SEIZE, getpid(), 1, NULL), -EIO, "check 118: SEIZE with an address is EIO, whomever");
  check_is(ptrace(PTRACE_SEIZE, getpid(), 0, (void *)(1L << 30)), -EIO, "check 118: and so are unknown options");

  long pid = child(sleeps);
  check_is(attach(pid), 0, "ATTACH");
  check_is(wait_for(pid), AT_SIGSTOP, "check 122: stops it with SIGSTOP");
  siginfo_t info = get_siginfo(pid);
  check(info.si_code == SI_KERNEL && info.si_pid == 0, "check 122: from the kernel");
  check_is(attach(pid), -EPERM, "check 117: again is EPERM");
  check_is(set_options(pid, 1L << 30), -EINVAL, "check 119: unknown options are EINVAL");
  check_is(set_options(pid, 1L << 40), -EINVAL, "check 119: however high");
  check_is(resume(PTRACE_CONT, pid, 65), -EIO, "check 121: signal 65 is EIO");
  check_is(resume(PTRACE_CONT, pid, -1), -EIO, "and so is -1");
  check_is(resume(PTRACE_INTERRUPT, pid, 0), -EIO, "check 124: INTERRUPT is for those who were seized");
  check_is(resume(PTRACE_LISTEN, pid, 0), -EIO, "check 124: and LISTEN");
  resume(PTRACE_CONT, pid, 0);
  check_is(resume(PTRACE_CONT, pid, 0), -ESRCH, "check 120: requests to one that runs are ESRCH");
  check_is(ptrace(PTRACE_PEEKDATA, (pid_t)pid, (unsigned long)&pid, &info), -ESRCH, "check 120: all of them");
  check_is(resume(PTRACE_DETACH, pid, 0), -ESRCH, "check 143: also DETACH");
  check_is(resume(0x5555, pid, 0), -ESRCH, "even unknown ones");
  check_is(resume(PTRACE_KILL, pid, 0), 0, "check 142: but KILL");
  check_is(wait_for(pid), SIGKILL, "check 142: kills");
}

static void check_detach(void) {
  long pid = child(waits_for_usr1);
  attach(pid);
  wait_for(pid);
  check_is(resume(PTRACE_DETACH, pid, 65), -EIO, "DETACH with signal 65 is EIO");
  check_is(resume(PTRACE_DETACH, pid, SIGUSR1), 0, "DETACH with a signal");
  check_is(wait_for(pid), SIGUSR1 << 8, "check 144: delivers it");

  pid = child(sleeps);
  attach(pid);
  wait_for(pid);
  run_to_stop(PTRACE_CONT, pid, SIGSTOP); // the group stop
  check_is(get_code(pid), 0x55555555, "check 125: in a group stop of an attached tracee there is no siginfo");
  siginfo_t info = {0};
  check_is(ptrace(PTRACE_GETSIGINFO, (pid_t)pid, 0, &info), -EINVAL, "check 125: EINVAL");
  check_is(ptrace(PTRACE_SETSIGINFO, (pid_t)pid, 0, &info), -EINVAL, "also to set it");
  check_is(resume(PTRACE_DETACH, pid, 0), 0, "detached from there");
  int status = -1;
  wait4((pid_t)pid, &status, WUNTRACED, NULL);
  check_is(status, AT_SIGSTOP, "check 145: it stays stopped");
  check_is(wait4((pid_t)pid, &status, WNOHANG | WCONTINUED, NULL), 0, "check 148: and nothing else happens");
  kill((pid_t)pid, SIGCONT);
  wait4((pid_t)pid, &status, WCONTINUED, NULL);
  check_is(status, 0xffff, "until SIGCONT");

  kill((pid_t)pid, SIGSTOP);
  wait4((pid_t)pid, &status, WUNTRACED, NULL);
  check_is(attach(pid), 0, "attaching to one that is stopped");
  int seen = 0;
  while ((status = wait_for(pid)) == AT_SIGSTOP && ++seen < 2) resume(PTRACE_CONT, pid, 0);
  check_is(seen, 2, "reports its stop and then the SIGSTOP of attaching");
  end(pid);
}

static volatile int made, asked;
static long other_pid, others_answer;

static void other_thread(void) {
  others_answer = resume(PTRACE_CONT, other_pid, 0);
  asked = 1;
  futex(&asked, FUTEX_WAKE, 1, NULL);
}

static void check_thread(void) {
  other_pid = tracee(sleeps, 0);
  start_thread(other_thread, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, &made, 0);
  while (!asked) futex(&asked, FUTEX_WAIT, 0, NULL);
  check_is(others_answer, -ESRCH, "check 146: another thread of the tracer's is not the tracer");
  end(other_pid);
}

int main(void) {
  check_errors();
  check_detach();
  check_thread();
  return checked();
}
