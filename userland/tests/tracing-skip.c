/*
 * tracing-skip.c - what the trace shows of calls that were not made
 *
 * Linux: kernel/entry/common.c, kernel/trace/trace_syscalls.c
 */
#include "trace.h"
#include "filter.h"
#include "tracefs.h"

#define RAW TRACING "events/raw_syscalls/enable"

static void record(const char *events, void (*run)(void)) {
  put(events, "1");
  put(TRACING "trace", "");
  run();
  put(events, "0");
}

static void killed_by_getpgid(void) {
  filter_call(__NR_getpgid, SECCOMP_RET_KILL_PROCESS, 0);
  exit(syscall(__NR_getpgid, 0x1234) == 0x1234 ? 3 : 4);
}

static int status;
static void emulate(void) {
  long pid = tracee(killed_by_getpgid, SYSGOOD);
  while (run_to_stop(PTRACE_SYSCALL, pid, 0) == AT_SYSCALL && get_nr(pid) != __NR_seccomp) {}
  run_to_stop(PTRACE_SYSEMU, pid, 0); // from the entry of seccomp, which is made, to that of getpgid
  status = get_nr(pid) == __NR_getpgid ? run_to_stop(PTRACE_CONT, pid, 0) : -1;
}

static void refused(void) {
  filter_call(__NR_getpgid, SECCOMP_RET_ERRNO | 5, 0);
  exit(syscall(__NR_getpgid, 0x1234) == -5 ? 5 : 6);
}
static void refuse(void) { status = in_child(refused); }

static void skip(void) {
  long pid = tracee(killed_by_getpgid, SYSGOOD);
  while (run_to_stop(PTRACE_SYSCALL, pid, 0) == AT_SYSCALL && get_nr(pid) != __NR_getpgid) {}
  put_nr(pid, -1);
  status = run_to_stop(PTRACE_CONT, pid, 0);
}

static void asks_tracer(void) {
  filter_call(__NR_getpgid, SECCOMP_RET_TRACE, 0);
  exit(syscall(__NR_getpgid, 0x1234) == 0x1234 ? 7 : 8);
}
static void skip_at_event(void) {
  long pid = tracee(asks_tracer, SYSGOOD | PTRACE_O_TRACESECCOMP);
  run_to_stop(PTRACE_CONT, pid, 0);
  put_nr(pid, -1);
  status = run_to_stop(PTRACE_CONT, pid, 0);
}

static void calls_once(void) { syscall(__NR_getpgid, 0x6666); }
static void kill_at_entry(void) {
  long pid = tracee(calls_once, SYSGOOD);
  to_syscall(pid);
  kill((pid_t)pid, SIGKILL);
  status = wait_for(pid);
}

static void call_two(void) {
  syscall(-1, 0x7777);
  syscall(__NR_getpgid, 0x8888);
}

int main(void) {
  mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL); // where it is not yet
  record(RAW, emulate);
  check_is(status, 3 << 8, "check 65: the filter does not see a call that SYSEMU skips");
  check(!traced("sys_enter: NR 155 "), "check 65: sys_enter does not tell of it");
  check(traced("sys_exit: NR 155 = 4660\n"), "check 65: but sys_exit does");

  record(RAW, refuse);
  check_is(status, 5 << 8, "a call that a filter refuses");
  check(!traced("sys_enter: NR 155 "), "check 220: has no sys_enter");
  check(traced("sys_exit: NR 155 = -5\n"), "check 220: its sys_exit has its number and the filter's answer");

  record(RAW, skip);
  check_is(status, 3 << 8, "checks 33, 298: a call that the tracer skips leaves x0 alone");
  check(traced("sys_enter: NR -1 (1234, ") && traced("sys_exit: NR -1 = 4660\n"), "and is traced as number -1");

  record(RAW, skip_at_event);
  check_is(status, 7 << 8, "so does one that is skipped at a filter's event");
  check(!traced("(1234, ") && traced("sys_exit: NR -1 = 4660\n"), "check 255: which has a sys_exit only, with number -1");

  record(RAW, kill_at_entry);
  check_is(status, SIGKILL, "a call whose task is killed in the entry stop");
  check(traced("sys_exit: NR -1 = "), "check 255: has a sys_exit with number -1");
  check(!traced("(6666, "), "check 255: and no sys_enter");

  record(TRACING "events/syscalls/enable", call_two);
  check(traced("sys_getpgid(pid: 8888)\n") && !traced("7777"), "check 259: number -1 has no event of its own");
  return checked();
}
