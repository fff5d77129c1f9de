/*
 * ptrace-setinfo.c - another call, other arguments, another result (since Linux 6.16)
 *
 * Linux: kernel/ptrace.c (ptrace_set_syscall_info), Manual: ptrace(2), PTRACE_SET_SYSCALL_INFO
 *
 * What is expected here was seen on Linux 7.2 and 7.3; 6.12 does not know the request: EIO. See tests/DIFFERENCES.md.
 */
#include "trace.h"

#ifndef PTRACE_SET_SYSCALL_INFO
#define PTRACE_SET_SYSCALL_INFO 0x4212
#endif
enum { SIZE = 88 };

static void calls(void) {
  long answer = syscall(__NR_getpgid, 0x1111, 2);
  exit(answer == -ESRCH ? 1 : answer == getppid() ? 2 : answer == -ENOSYS ? 3 : answer == -77 ? 4 : answer == 555 ? 5 : 6);
}

static int ends(long pid) {
  int status;
  while (WIFSTOPPED(status = run_to_stop(PTRACE_CONT, pid, 0))) {}
  return WEXITSTATUS(status);
}

static long put(long pid, const void *info) { return ptrace(PTRACE_SET_SYSCALL_INFO, (pid_t)pid, SIZE, info); }

static long at_entry(unsigned char *info) {
  long pid = tracee(calls, SYSGOOD);
  to_syscall(pid);
  memset(info, 0, 128);
  ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)pid, SIZE, info);
  return pid;
}

static unsigned char buffer[128] __attribute__((aligned(8)));
static struct ptrace_syscall_info *const info = (void *)buffer;

static void check_entry(void) {
  long pid = at_entry(buffer);
  info->entry.nr = __NR_getppid;
  check_is(put(pid, info), 0, "check 92: at the entry number and arguments can be set");
  check_is(ends(pid), 2, "check 92: and that call is made");

  pid = at_entry(buffer);
  info->entry.args[0] = 0;
  check_is(put(pid, info), 0, "check 92: only an argument");
  check(get_reg(pid, 0) == 0 && get_info(pid).entry.args[0] == 0, "check 92: is in x0, and told");
  end(pid);

  pid = at_entry(buffer);
  info->entry.nr = ~0UL;
  info->entry.args[0] = 9;
  check_is(put(pid, info), 0, "check 93: number -1");
  check_is((long)get_reg(pid, 0), -ENOSYS, "check 93: makes x0 -ENOSYS, and leaves the arguments");
  check_is(ends(pid), 3, "check 93: which is what the program gets");
}

static void check_errors(void) {
  long pid = at_entry(buffer);
  check_is(ptrace(PTRACE_SET_SYSCALL_INFO, (pid_t)pid, SIZE - 1, info), -EINVAL, "check 94: a short structure is EINVAL");
  info->op = PTRACE_SYSCALL_INFO_EXIT;
  check_is(put(pid, info), -EINVAL, "check 94: another stop's op is EINVAL");
  info->op = PTRACE_SYSCALL_INFO_ENTRY;
  buffer[1] = 1;
  check_is(put(pid, info), -EINVAL, "check 94: a reserved byte is EINVAL");
  buffer[1] = 0, buffer[3] = 1;
  check_is(put(pid, info), -EINVAL, "check 94: flags are EINVAL");
  buffer[3] = 0;
  info->entry.nr = 0xffffffff;
  check_is(put(pid, info), -ERANGE, "check 95: a number that is no int is ERANGE");
  check_is(put(pid, (void *)8), -EFAULT, "a bad pointer is EFAULT");
  check_is(ends(pid), 1, "nothing has changed");

  pid = tracee(calls, SYSGOOD);
  memset(buffer, 0, sizeof(buffer));
  check_is(put(pid, info), -EINVAL, "check 94: at a stop that is no system call's it is EINVAL");
  end(pid);
}

static void check_exit(void) {
  static const struct {
    long value;
    int is_error, ends;
    const char *sentence;
  } rows[] = {
    {555, 0, 5, "check 96: at the exit the result can be set"},
    {-77, 1, 4, "check 96: or an error"},
    {-77, 2, 4, "check 96: whatever number says that it is one"},
  };
  for (size_t i = 0; i < countof(rows); i++) {
    long pid = at_entry(buffer);
    to_syscall(pid);
    ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)pid, SIZE, info);
    info->exit.rval = rows[i].value;
    info->exit.is_error = (unsigned char)rows[i].is_error;
    put(pid, info);
    check(ends(pid) == rows[i].ends, rows[i].sentence);
  }
}

int main(void) {
  check_entry();
  check_errors();
  check_exit();
  return checked();
}
