/*
 * ptrace-death.c - tracers that die, tracees that die, and who waits for whom
 *
 * Linux: kernel/ptrace.c (exit_ptrace), kernel/exit.c (wait_task_zombie), Manual: ptrace(2)
 */
#include "thread.h"
#include "trace.h"

static volatile int *shared;

static void counts(void) {
  *shared = 0;
  for (;;) (*shared)++;
}
static void makes_call(void) {
  *shared = 100;
  *shared = syscall(__NR_getpgid, 0x7777) == -ESRCH ? 1 : 2;
  exit(0);
}

/* A tracer in between: traces a child of its own, and dies. The child's number is left in shared[1]. */
static void tracer_dies(void (*run)(void), long options, int calls) {
  long tracer = fork();
  if (tracer == 0) {
    long pid = tracee(run, options);
    shared[1] = (int)pid;
    for (int i = 0; i < calls; i++) to_syscall(pid);
    if (!calls) resume(PTRACE_CONT, pid, 0);
    sleep_ms(20);
    exit(0);
  }
  wait_for(tracer);
  sleep_ms(30);
}

static void check_tracer(void) {
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  int status = -1;
  tracer_dies(counts, PTRACE_O_EXITKILL, 0);
  check_is(wait4(shared[1], &status, 0, NULL), shared[1], "check 139: with EXITKILL a tracee does not survive its tracer");
  check_is(status, SIGKILL, "check 139: it is killed");

  tracer_dies(counts, 0, 0);
  int before = *shared;
  sleep_ms(20);
  check(*shared != before, "check 140: without it it goes on");
  kill(shared[1], SIGKILL);
  wait4(shared[1], &status, 0, NULL);

  tracer_dies(makes_call, SYSGOOD, 1);
  check_is(wait4(shared[1], &status, 0, NULL), shared[1], "check 141: one that was stopped at a system call goes on, too");
  check(status == 0 && *shared == 1, "check 141: and makes it");
}

/* The tracer is no relative: the child's end goes to it first, and to the parent only then. */
static void check_stranger(void) {
  int fds[2], status = -1;
  char c;
  *shared = 0;
  pipe2(fds, 0);
  long child = fork();
  if (child == 0) {
    read(fds[0], &c, 1);
    exit(9);
  }
  long tracer = fork();
  if (tracer == 0) {
    ptrace(PTRACE_SEIZE, (pid_t)child, 0, NULL);
    *shared = 1;
    siginfo_t info = {0};
    waitid(P_PID, (pid_t)child, &info, WEXITED | WNOWAIT);
    *shared = 2;
    while (*shared == 2) sleep_ms(1);
    exit(wait_for(child) == 9 << 8 ? 1 : 2);
  }
  while (*shared != 1) sleep_ms(1);
  write(fds[1], "x", 1);
  while (*shared != 2) sleep_ms(1);
  check_is(wait4((pid_t)child, &status, WNOHANG, NULL), 0, "a traced child's end is not its parent's to see");
  *shared = 3;
  check_is(wait_for(tracer), 1 << 8, "until its tracer has seen it");
  check_is(wait4((pid_t)child, &status, WNOHANG, NULL), child, "then it is");
  check_is(status, 9 << 8, "with the same status");
}

static volatile int tid;
static void thread_waits(void) {
  for (;;) sleep_ms(1000);
}
static void group(void) {
  start_thread(thread_waits, CLONE_CHILD_SETTID, &tid, 0);
  sleep_ms(20);
  exit(6);
}

static void check_group(void) {
  long pid = tracee(group, PTRACE_O_TRACECLONE);
  run_to_stop(PTRACE_CONT, pid, 0);
  long thread = (long)message(pid);
  wait_for(thread);
  resume(PTRACE_CONT, thread, 0);
  resume(PTRACE_CONT, pid, 0);
  check_is(wait_for(thread), 6 << 8, "check 149: a thread of a process that exits reports the process's status");
  check_is(wait_for(pid), 6 << 8, "and the leader after it");
}

static void thread_exits(void) {
  sleep_ms(30);
  syscall(__NR_exit, 5);
}
static void leader_first(void) {
  start_thread(thread_exits, 0, &tid, 0);
  syscall(__NR_exit, 3);
}

static void check_wait(void) {
  int status = -1;
  long pid = tracee(counts, 0);
  check_is(wait4((pid_t)pid, &status, WNOHANG | __WALL, NULL), 0, "check 148: a stop is reported once");
  siginfo_t info = {0};
  resume(PTRACE_SYSCALL, pid, 0);
  kill((pid_t)pid, SIGUSR1);
  waitid(P_PID, (pid_t)pid, &info, WSTOPPED | WEXITED | __WALL);
  check(info.si_code == CLD_TRAPPED && info.si_status == SIGUSR1, "waitid tells of a trap with CLD_TRAPPED");
  end(pid);
  pid = tracee(makes_call, SYSGOOD);
  resume(PTRACE_SYSCALL, pid, 0);
  waitid(P_PID, (pid_t)pid, &info, WSTOPPED | WEXITED | __WALL);
  check(info.si_code == CLD_TRAPPED && info.si_status == 0x85, "check 60: a system call's status is 0x85");
  end(pid);
  check_is(in_child(leader_first), 5 << 8, "the last thread to exit decides what a process ends with");
}

int main(void) {
  shared = shared_page();
  check_tracer();
  check_stranger();
  check_group();
  check_wait();
  return checked();
}
