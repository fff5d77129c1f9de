/*
 * tracing.c - system calls as trace events, and the files of /sys/kernel/tracing
 *
 * Linux: kernel/trace/trace_syscalls.c, kernel/trace/trace.c
 */
#include "check.h"
#include <linux/ptrace.h>

#define TRACING "/sys/kernel/tracing/"
static char text[1 << 16], line[256];

/* The whole file, or as much as there is room for. */
static const char *get(const char *file) {
  char name[128];
  snprintf(name, sizeof(name), TRACING "%s", file);
  int fd = (int)open(name, O_RDONLY | O_NONBLOCK, 0);
  long n, length = 0;
  while ((n = read(fd, text + length, sizeof(text) - 1 - (size_t)length)) > 0) length += n;
  text[length] = 0;
  close(fd);
  return text;
}

static long put_flags(const char *file, const char *what, int flags) {
  char name[128];
  snprintf(name, sizeof(name), TRACING "%s", file);
  int fd = (int)open(name, O_WRONLY | flags, 0);
  long ret = fd < 0 ? fd : strlen(what) ? write(fd, what, strlen(what)) : 0;
  close(fd);
  return ret;
}
static long put(const char *file, const char *what) { return put_flags(file, what, 0); }
static void clear(const char *file) { put_flags(file, "", O_TRUNC); }
static bool is(const char *file, const char *want) { return strcmp(get(file), want) == 0; }
static bool traced(const char *want) { return strstr(get("trace"), want) != NULL; }

static void check_files(void) {
  check(strstr(get("available_events"), "raw_syscalls:sys_enter\n") != NULL, "raw_syscalls:sys_enter is available");
  check(is("current_tracer", "nop\n"), "the tracer is nop");
  check_is(put("current_tracer", "nosuch"), -EINVAL, "another that does not exist is EINVAL");
  check(is("tracing_on", "1\n") && is("events/enable", "0\n"), "tracing is on, and no event is");
  check(strstr(get("trace"), "# entries-in-buffer/entries-written: 0/0   #P:") != NULL, "the buffer is empty");
  check_is(put("events/raw_syscalls/enable", "2"), -EINVAL, "enable is 0 or 1");
  check_is(put("set_event", "raw_syscalls:sys_enter"), 22, "set_event takes system:event");
  check_is(put("set_event", "nosuch:event"), -EINVAL, "but no name that does not exist");
  check(is("set_event", "raw_syscalls:sys_enter\n"), "and tells what is on");
  check(is("events/enable", "X\n") && is("events/raw_syscalls/enable", "X\n"), "an X where only some are");
  check_is(put("set_event", "!raw_syscalls"), 13, "an exclamation mark switches off");
  check(is("set_event", ""), "then nothing is on");
  check_is(put("set_event_pid", "x"), -EINVAL, "set_event_pid takes numbers");
  check(strstr(get("events/syscalls/sys_enter_openat/format"), "\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n") != NULL,
        "check 259: the format of a call's event has its arguments");
  check(strstr(get("events/raw_syscalls/sys_enter/format"), "print fmt: \"NR %ld (%lx, %lx, %lx, %lx, %lx, %lx)\", REC->id,") != NULL,
        "check 254: that of all calls' events has six");
}

static void on_signal(int sig) { (void)sig; }

static void check_events(void) {
  put("events/raw_syscalls/enable", "1");
  put("events/syscalls/sys_enter_getsid/enable", "1");
  put("events/syscalls/sys_exit_getsid/enable", "1");
  clear("trace");
  check_is(syscall(__NR_getsid, -1L, 2, 3, 4, 5, 6), -ESRCH, "check 260: what is traced answers as before");
  long none = syscall(-1, 0x1234, 2, 3, 4, 5, 6);
  check_is(none, -ENOSYS, "check 260: and so does what is no call");
  kill((pid_t)getpid(), SIGUSR1);
  check_is(put("tracing_on", "0"), 1, "tracing_on stops the recording");
  check(traced("sys_enter: NR 156 (ffffffffffffffff, 2, 3, 4, 5, 6)\n"), "check 254: the event of an entry has number and arguments");
  check(traced("sys_exit: NR 156 = -3\n"), "check 254: that of an exit has number and result");
  check(traced("sys_getsid(pid: ffffffffffffffff)\n"), "check 259: the call's own event has its arguments by name");
  check(traced("sys_getsid -> 0xfffffffffffffffd\n"), "check 259: and its result");
  check(traced("sys_enter: NR -1 (1234, 2, 3, 4, 5, 6)\n"), "check 255: number -1 is traced");
  check(traced("sys_exit: NR -1 = -38\n"), "check 255: with its result");
  check(traced("sys_exit: NR 129 = 0\n") && traced("sys_enter: NR 139 ("), "a signal's handler, and its return");
  check(traced("sys_exit: NR -1 = 0\n"), "check 255: sigreturn has forgotten its number, and shows the interrupted result");
  snprintf(line, sizeof(line), "         tracing-%ld", getpid());
  check(traced(line), "a line begins with name and number");
  check(strstr(get("trace_pipe"), "sys_exit: NR 156 = -3\n") != NULL, "trace_pipe has the same lines");
  check(strstr(get("trace"), "# entries-in-buffer/entries-written: 0/") != NULL, "and takes them out");
  put("tracing_on", "1");
}

static void check_fork(void) {
  clear("set_event_pid");
  clear("trace");
  long pid = fork();
  if (pid == 0) {
    syscall(__NR_getsid, 0x5151, 0, 0, 0, 0, 0);
    exit(0);
  }
  wait4((pid_t)pid, NULL, 0, NULL);
  check(traced("sys_getsid(pid: 5151)\n"), "check 258: a child is traced as its parent was");
  snprintf(line, sizeof(line), "%ld", getpid());
  check_is(put("set_event_pid", line), (long)strlen(line), "set_event_pid takes a number");
  clear("trace");
  if ((pid = fork()) == 0) {
    syscall(__NR_getsid, 0x5252, 0, 0, 0, 0, 0);
    exit(0);
  }
  wait4((pid_t)pid, NULL, 0, NULL);
  check(!traced("sys_getsid(pid: 5252)\n"), "and then no other task is recorded");
  clear("set_event_pid");
  put("events/enable", "0");
  check(is("set_event", ""), "events/enable switches everything off");
}

/* A child in the entry stop of a call; the event is switched before it goes on. */
static void in_the_stop(const char *before, const char *after) {
  int status;
  long pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, NULL);
    raise(SIGSTOP);
    syscall(__NR_getsid, 0x6161, 0, 0, 0, 0, 0);
    exit(0);
  }
  wait4((pid_t)pid, &status, 0, NULL);
  ptrace(PTRACE_SYSCALL, (pid_t)pid, 0, NULL); // the entry of getsid
  wait4((pid_t)pid, &status, 0, NULL);
  put("events/raw_syscalls/enable", before);
  clear("trace");
  put("events/raw_syscalls/enable", after);
  ptrace(PTRACE_CONT, (pid_t)pid, 0, NULL);
  wait4((pid_t)pid, &status, 0, NULL);
}

int main(void) {
  mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL); // where it is not yet
  set_signal(SIGUSR1, on_signal, 0);
  check_files();
  check_events();
  check_fork();

  in_the_stop("0", "1");
  check(traced("sys_enter: NR 156 (6161,") && traced("sys_exit: NR 156 = -3\n"), "check 256: switched on during the entry stop: both events");
  in_the_stop("1", "0");
  check(!traced("NR 156"), "check 257: switched off during it: neither");
  return checked();
}
