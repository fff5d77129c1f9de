/*
 * seccomp-trace.c - filters and a tracer
 *
 * Linux: kernel/seccomp.c, kernel/ptrace.c
 */
#include "trace.h"
#include "filter.h"

#define AT_SECCOMP AT_EVENT(PTRACE_EVENT_SECCOMP)

static unsigned action, other_action;
static long other_nr = __NR_getuid;

/* What the tracee's call came to is its exit status; -1 is 255. */
static void filtered(void) {
  install(0, LOAD_NR, IF_EQUAL(__NR_getppid, 0, 1), ANSWER(action), IF_EQUAL((unsigned)other_nr, 0, 1), ANSWER(other_action),
          ANSWER(SECCOMP_RET_ALLOW));
  kill((pid_t)getpid(), SIGSTOP); // the tracer's turn
  exit((int)syscall(__NR_getppid, 0x77, 2, 3) & 0xff);
}

static long start_filtered(unsigned first, unsigned second, long options) {
  action = first;
  other_action = second;
  long pid = tracee(filtered, options);
  run_to_stop(PTRACE_CONT, pid, 0);
  return pid;
}

static void check_order(void) {
  long pid = start_filtered(SECCOMP_RET_TRACE | 0x456, SECCOMP_RET_ALLOW, PTRACE_O_TRACESECCOMP | SYSGOOD);
  check_is(run_to_stop(PTRACE_SYSCALL, pid, 0), AT_SYSCALL, "check 189: first the stop at the entry");
  check_is(run_to_stop(PTRACE_SYSCALL, pid, 0), AT_SECCOMP, "check 189: then the filter's");
  check_is(message(pid), 0x456, "check 189: with its data");
  struct ptrace_syscall_info info = {0};
  check_is(ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)pid, sizeof(info), &info), 84, "check 189: GET_SYSCALL_INFO tells 84 bytes");
  check(info.op == PTRACE_SYSCALL_INFO_SECCOMP && info.seccomp.nr == __NR_getppid && info.seccomp.args[0] == 0x77 &&
            info.seccomp.ret_data == 0x456, "check 189: the call and the data");
  check_is(run_to_stop(PTRACE_SYSCALL, pid, 0), AT_SYSCALL, "check 189: then the one at the exit");
  check_is(message(pid), PTRACE_EVENTMSG_SYSCALL_EXIT, "check 189: which says so");
  end(pid);
}

/* What becomes of it when the tracer makes the call `nr` at the event. */
static int changed(unsigned first, unsigned second, int nr, long x0) {
  long pid = start_filtered(first, second, PTRACE_O_TRACESECCOMP);
  if (run_to_stop(PTRACE_CONT, pid, 0) != AT_SECCOMP) return -1;
  if (nr != __NR_getppid) put_nr(pid, nr);
  if (x0) put_reg(pid, 0, (unsigned long)x0);
  int status = run_to_stop(PTRACE_CONT, pid, 0);
  return status;
}

static void check_changes(void) {
  unsigned trace = SECCOMP_RET_TRACE;
  check_is(changed(trace, SECCOMP_RET_ALLOW, -1, 33), 33 << 8, "check 190: number -1 at the event: no call, x0 is the result");
  check_is(changed(trace, SECCOMP_RET_ALLOW, __NR_getuid, 0), 0, "check 190: another number is called");
  check_is(changed(trace, SECCOMP_RET_ERRNO | 9, __NR_getuid, 0), 247 << 8, "check 191: if the filter lets it: ERRNO");
  check_is(changed(trace, SECCOMP_RET_KILL_PROCESS, __NR_getuid, 0) & 0x7f, SIGSYS, "check 191: or KILL");
  check_is(changed(trace, trace, __NR_getuid, 0), 0, "check 191: TRACE is not asked twice");
  other_nr = -1;
  long pid = start_filtered(SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | 11, SYSGOOD);
  run_to_stop(PTRACE_SYSCALL, pid, 0);
  put_nr(pid, -1);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 245 << 8, "check 193: number -1 at the entry is what the filter sees");
  other_nr = __NR_getuid;
  pid = start_filtered(SECCOMP_RET_ERRNO | 12, SECCOMP_RET_ERRNO | 13, SYSGOOD);
  run_to_stop(PTRACE_SYSCALL, pid, 0);
  put_nr(pid, __NR_getuid);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 243 << 8, "check 192: it judges the tracer's number, not the program's");
}

static long *made; // shared

static void writer(void) {
  install(0, LOAD_NR, IF_EQUAL(__NR_pwrite64, 0, 1), ANSWER(SECCOMP_RET_TRACE), ANSWER(SECCOMP_RET_ALLOW));
  int fd = (int)open("/dev/zero", O_RDONLY, 0);
  read(fd, NULL, 0);
  syscall(__NR_pwrite64, -1, NULL, 0);
  *made = 1;
}
static void check_kill(void) {
  made = shared_page();
  long pid = tracee(writer, PTRACE_O_TRACESECCOMP);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), AT_SECCOMP, "check 194: at the event");
  kill((pid_t)pid, SIGKILL);
  check_is(wait_for(pid), SIGKILL, "check 194: a killed tracee is dead");
  check_is(*made, 0, "check 194: and did nothing any more");
}

static void check_suspend(void) {
  long pid = start_filtered(SECCOMP_RET_ERRNO | 9, SECCOMP_RET_ALLOW, 0);
  check_is(set_options(pid, PTRACE_O_SUSPEND_SECCOMP), 0, "check 195: filters can be suspended by a tracer that has none");
  put_reg(pid, 19, 0);
  int status = run_to_stop(PTRACE_CONT, pid, 0);
  check_is(status, (int)(getpid() & 0xff) << 8, "check 195: then they do nothing");
}

static void two_filters(void) {
  filter_call(__NR_getuid, SECCOMP_RET_ALLOW, 0);
  install(SECCOMP_FILTER_FLAG_LOG, ANSWER(SECCOMP_RET_ALLOW));
  kill((pid_t)getpid(), SIGSTOP);
}
static long look(long pid, unsigned long n, void *to) { return ptrace(PTRACE_SECCOMP_GET_FILTER, (pid_t)pid, n, to); }
static long metadata(long pid, unsigned long n, unsigned long size, unsigned long *flags) {
  unsigned long data[2] = {n, 77};
  long got = ptrace(PTRACE_SECCOMP_GET_METADATA, (pid_t)pid, size, data);
  *flags = data[1];
  return got;
}
static void check_looking(void) {
  struct sock_filter insns[8];
  unsigned long flags;
  long pid = tracee(two_filters, 0);
  check_is(look(pid, 0, NULL), -EINVAL, "check 209: no filters to look at");
  run_to_stop(PTRACE_CONT, pid, 0);
  check_is(look(pid, 0, NULL), 4, "check 209: filter 0 is the oldest: its length");
  check_is(look(pid, 1, insns), 1, "check 209: filter 1, with its instruction");
  check(insns[0].code == 6 && insns[0].k == SECCOMP_RET_ALLOW, "check 209: RET #allow");
  check_is(look(pid, 2, NULL), -ENOENT, "check 209: there are two");
  check_is(look(pid, 1, (void *)8), -EFAULT, "check 209: nowhere to put it");
  check_is(metadata(pid, 0, 16, &flags), 16, "check 210: the metadata of filter 0");
  check_is(flags, 0, "check 210: has no flags");
  metadata(pid, 1, 16, &flags);
  check_is(flags, SECCOMP_FILTER_FLAG_LOG, "check 210: of filter 1: LOG");
  check_is(metadata(pid, 1, 8, &flags), 8, "check 210: as much as there is room for");
  check_is(metadata(pid, 1, 7, &flags), -EINVAL, "check 210: but not less than the question");
  check_is(metadata(pid, 2, 16, &flags), -ENOENT, "check 210: there are two");
  end(pid);
}

int main(void) {
  check_order();
  check_changes();
  check_kill();
  check_suspend();
  check_looking();
  return checked();
}
