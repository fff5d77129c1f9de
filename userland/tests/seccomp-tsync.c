/*
 * seccomp-tsync.c - one thread's filters for all of them; strict mode; what can be seen from outside
 *
 * Linux: kernel/seccomp.c
 */
#include "trace.h"
#include "filter.h"
#include "thread.h"

enum { TSYNC = SECCOMP_FILTER_FLAG_TSYNC };

static volatile int tid, stage, own_filter;
static volatile long others_answer;

/* The other thread: installs a filter of its own if that is wanted, then waits for the first one's turn. */
static void other_thread(void) {
  if (own_filter) filter_call(__NR_getuid, SECCOMP_RET_ALLOW, 0);
  stage = 1;
  futex(&stage, FUTEX_WAKE, 1, NULL);
  while (stage != 2) futex(&stage, FUTEX_WAIT, 1, NULL);
  others_answer = getppid() < 0 ? 1 : 2;
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) others_answer += 10;
  if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2) others_answer += 20;
}
static long synchronise(unsigned flags) {
  tid = -1;
  start_thread(other_thread, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID, &tid, 0);
  while (stage != 1) futex(&stage, FUTEX_WAIT, 0, NULL);
  int number = tid;
  forbid_new_privileges();
  long got = filter_call(__NR_getppid, SECCOMP_RET_ERRNO | 9, TSYNC | flags);
  if (got > 0) got = got == number ? 1000 : 2000;
  stage = 2;
  futex(&stage, FUTEX_WAKE, 1, NULL);
  wait_until_zero(&tid);
  return got;
}
static long sync_all(void) { return synchronise(0) * 100 + others_answer; }
static long diverged(void) {
  own_filter = 1;
  return synchronise(0);
}
static long diverged_esrch(void) {
  own_filter = 1;
  return synchronise(SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
}
static long ancestor(void) {
  filter_call(__NR_getuid, SECCOMP_RET_ALLOW, 0);
  return synchronise(0);
}

/* The tracer holds the first thread at an entry while the second one gives filters to both. */
static void filter_both(void) {
  while (!stage) sched_yield();
  filter_call(__NR_getppid, SECCOMP_RET_ERRNO | 88, TSYNC);
  stage = 2;
}
static void traced_threads(void) {
  tid = -1;
  start_thread(filter_both, CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID, &tid, 0);
  exit((int)getppid() == -88 ? 88 : 1);
}
static void check_entry_stop(void) {
  long pid = tracee(traced_threads, SYSGOOD);
  do run_to_stop(PTRACE_SYSCALL, pid, 0); while (get_reg(pid, 8) != __NR_getppid);
  unsigned long at = (unsigned long)&stage;
  ptrace(PTRACE_POKEDATA, (pid_t)pid, at, (void *)1UL);
  for (long value = 1; (int)value != 2; sleep_ms(1)) ptrace(PTRACE_PEEKDATA, (pid_t)pid, at, &value);
  check_is(run_to_stop(PTRACE_CONT, pid, 0), 88 << 8, "check 196: a filter that came during the entry stop counts for this call");
}

static long strict_fd;
static long nr;
static void in_strict_mode(void) {
  strict_fd = open("/dev/null", O_RDWR, 0);
  seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL);
  syscall(nr, strict_fd, NULL, 0);
  syscall(__NR_exit, 5);
}
static int strictly(long call) {
  nr = call;
  return in_child(in_strict_mode);
}
static long strict_after_filter(void) {
  filter_call(__NR_getppid, SECCOMP_RET_ALLOW, 0);
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
}
static long by_prctl(void) {
  struct sock_filter program[] = {LOAD_NR, IF_EQUAL(__NR_getppid, 0, 1), ANSWER(SECCOMP_RET_ERRNO | 9), ANSWER(SECCOMP_RET_ALLOW)};
  struct sock_fprog prog = {countof(program), program};
  if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 0) return 1;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (long)&prog, 0, 0) != 0) return 2;
  return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2 ? getppid() : 3;
}

static bool file_says(const char *path, const char *what) {
  char buffer[4096];
  int fd = (int)open(path, O_RDONLY, 0);
  long n = read(fd, buffer, sizeof(buffer) - 1);
  close(fd);
  buffer[n > 0 ? n : 0] = 0;
  return strstr(buffer, what) != NULL;
}
static long status_lines(void) {
  const char *path = "/proc/self/status";
  long good = file_says(path, "NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t0\n");
  forbid_new_privileges();
  filter_call(__NR_getppid, SECCOMP_RET_ALLOW, 0);
  filter_call(__NR_getppid, SECCOMP_RET_ALLOW, 0);
  return good + file_says(path, "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t2\n");
}
static const char *logged = "/proc/sys/kernel/seccomp/actions_logged";
static long write_logged(const char *text) {
  int fd = (int)open(logged, O_WRONLY, 0);
  long got = write(fd, text, strlen(text));
  close(fd);
  return got;
}
static long available(unsigned action, unsigned flags) { return seccomp(SECCOMP_GET_ACTION_AVAIL, flags, &action); }

int main(void) {
  const char *all = "kill_process kill_thread trap errno user_notif trace log";
  check_is(strictly(__NR_read), 5 << 8, "check 171: strict mode lets read");
  check_is(strictly(__NR_write), 5 << 8, "check 171: write");
  check_is(strictly(__NR_exit), 3 << 8, "check 171: and exit, with its status");
  check_is(strictly(__NR_getpid), SIGKILL, "check 171: nothing else");
  check_is(strictly(__NR_exit_group), SIGKILL, "check 171: not even exit_group");
  check_is(seccomp(SECCOMP_SET_MODE_STRICT, 1, NULL), -EINVAL, "check 171: it has no flags");
  check_is(seccomp(SECCOMP_SET_MODE_STRICT, 0, &nr), -EINVAL, "check 171: nor arguments");
  check_is(try_in_child(strict_after_filter), -EINVAL, "check 171: a filtered task cannot become strict");
  check_is(try_in_child(by_prctl), -9, "check 218: prctl does what seccomp does");
  check_is(prctl(PR_SET_SECCOMP, 3, 0, 0, 0), -EINVAL, "check 218: there are two modes");
  check_is(seccomp(4, 0, NULL), -EINVAL, "check 218: and four operations");
  check_is(try_in_child(sync_all), 31, "check 197: TSYNC: filters, mode and no_new_privs for all threads");
  check_is(try_in_child(diverged), 1000, "check 197: a thread with filters of its own cannot follow: its number");
  check_is(try_in_child(diverged_esrch), -ESRCH, "check 197: or ESRCH");
  check_is(try_in_child(ancestor), 0, "check 197: one with a part of ours can");
  check_entry_stop();
  check_is(try_in_child(status_lines), 2, "check 212: /proc/self/status tells mode, count and no_new_privs");
  check(file_says("/proc/sys/kernel/seccomp/actions_avail", "kill_process kill_thread trap errno user_notif trace log allow\n"),
        "check 211: the actions that there are");
  check(file_says(logged, all), "check 211: all but allow are logged");
  check_is(write_logged("errno trap"), 10, "check 211: which can be changed");
  check(file_says(logged, "trap errno\n"), "check 211: in any order");
  check_is(write_logged("allow"), -EINVAL, "check 211: allow is never logged");
  check_is(write_logged("none"), -EINVAL, "check 211: nor is what does not exist");
  write_logged(all);
  check_is(available(SECCOMP_RET_ERRNO, 0), 0, "check 219: ERRNO is available");
  check_is(available(SECCOMP_RET_ERRNO | 1, 0), -EOPNOTSUPP, "check 219: but not with data");
  check_is(available(0x12340000, 0), -EOPNOTSUPP, "check 219: nor what does not exist");
  check_is(available(SECCOMP_RET_ERRNO, 1), -EINVAL, "check 219: the question has no flags");
  check_is(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, NULL), -EFAULT, "check 219: but an argument");
  return checked();
}
