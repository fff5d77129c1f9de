/*
 * fork.c - children, how they end, and who waits for them
 *
 * Linux: kernel/fork.c, kernel/exit.c
 */
#include "check.h"

static long parent;
static int *shared, private_value;

static void exit_42(void) { exit(42); }
static void exit_many(void) { exit(0x1ff); }
static void look_around(void) { exit(getppid() == parent && getpid() != parent ? 0 : 1); }
static void change_value(void) { private_value = 7; }
static void kill_self(void) { kill(getpid(), SIGKILL); }
static void sleep_long(void) { sleep_ms(10000); }

static pid_t start(void (*run)(void)) {
  long pid = fork();
  if (pid == 0) {
    run();
    exit(0);
  }
  return (pid_t)pid;
}

static char process_state(pid_t pid) {
  char path[40], stat[200] = {0};
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  int fd = (int)open(path, O_RDONLY, 0);
  read(fd, stat, sizeof(stat) - 1);
  close(fd);
  char *close_parenthesis = strrchr(stat, ')');
  return close_parenthesis ? close_parenthesis[2] : '?';
}

static void check_status(void) {
  check_is(in_child(look_around), 0, "the child sees a process number of its own and its parent's");
  check_is(in_child(exit_42), 42 << 8, "an exit status is in bits 15 to 8");
  check_is(in_child(exit_many), 0xff << 8, "only the low eight bits of an exit status arrive");
  check_is(in_child(kill_self), SIGKILL, "the signal that killed a child is in bits 6 to 0");
  in_child(change_value);
  check_is(private_value, 0, "what a child writes into its memory is not seen in the parent's");
}

static void check_zombie(void) {
  int status;
  siginfo_t info;
  pid_t pid = start(exit_42);
  waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
  check_is(process_state(pid), 'Z', "a child that has ended and was not waited for is a zombie");
  check_is(kill(pid, SIGTERM), 0, "a zombie can be sent signals");
  check_is(setpgid(pid, pid), 0, "a zombie can be moved to another group");
  check_is(wait4(pid, &status, 0, NULL), pid, "waiting for it gives its number");
  check_is(status, 42 << 8, "and its status, which no signal has changed");
  check_is(kill(pid, 0), -ESRCH, "then it is gone");
  check_is(wait4(pid, &status, 0, NULL), -ECHILD, "and cannot be waited for twice");
}

static void check_wait_options(void) {
  int status = 99;
  check_is(wait4(-1, &status, 0, NULL), -ECHILD, "without children there is nothing to wait for");
  check_is(wait4(1, &status, 0, NULL), -ECHILD, "process 1 is nobody's child to wait for");
  check_is(wait4(-1, &status, 0x40, NULL), -EINVAL, "unknown options are refused");

  pid_t pid = start(sleep_long);
  check_is(wait4(pid, &status, WNOHANG, NULL), 0, "WNOHANG returns 0 while the child runs");
  check_is(status, 99, "and leaves the status alone");
  check_is(wait4(-getpgid(0), &status, WNOHANG, NULL), 0, "a child belongs to its parent's process group");
  setpgid(pid, pid);
  check_is(wait4(0, &status, WNOHANG, NULL), -ECHILD, "wait4(0) is about one's own process group only");
  check_is(wait4(-pid, &status, WNOHANG, NULL), 0, "wait4(-group) is about that group");
  kill(pid, SIGKILL);
  check_is(wait4(-pid, &status, 0, NULL), pid, "waiting for the group gives the child");
  check_is(wait4((int)0x80000000, &status, 0, NULL), -ESRCH, "the smallest number is no group");
}

static void leave_orphan(void) {
  pid_t pid = start(sleep_long);
  shared[0] = pid;
}

static void orphan_tells_parent(void) {
  if (fork() != 0) return;
  while (getppid() == parent) sleep_ms(1);
  sleep_ms(20);
  shared[1] = (int)getppid();
}

static void check_orphans(void) {
  int status;
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  in_child(leave_orphan);
  check_is(kill(shared[0], SIGKILL), 0, "an orphan lives on");
  check_is(wait4(-1, &status, 0, NULL), shared[0], "the nearest subreaper among its ancestors gets an orphan");
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);

  in_child(orphan_tells_parent);
  while (shared[1] == 0) sleep_ms(1);
  check_is(shared[1], 1, "without one it is process 1");
}

static void check_ignored_children(void) {
  int status;
  set_signal(SIGCHLD, SIG_IGN, 0);
  pid_t pid = start(exit_42);
  check_is(wait4(pid, &status, 0, NULL), -ECHILD, "check 291: who ignores SIGCHLD has no zombies: waiting ends with ECHILD");
  set_signal(SIGCHLD, SIG_DFL, SA_NOCLDWAIT);
  pid = start(exit_42);
  check_is(wait4(pid, &status, 0, NULL), -ECHILD, "SA_NOCLDWAIT does the same");
  set_signal(SIGCHLD, SIG_DFL, 0);
}

static void check_shared_things(void) {
  int fd = (int)open("/tmp/fork-test", O_RDWR | O_CREAT | O_TRUNC, 0600), status;
  if (fork() == 0) exit(write(fd, "12345", 5) != 5);
  wait4(-1, &status, 0, NULL);
  check_is(lseek(fd, 0, SEEK_CUR), 5, "parent and child share the position in a file");
  unlink("/tmp/fork-test");

  shared[2] = 0;
  long pid = syscall(__NR_clone, CLONE_VFORK | SIGCHLD, 0);
  if (pid == 0) {
    sleep_ms(30);
    shared[2] = 1;
    exit(0);
  }
  check_is(shared[2], 1, "CLONE_VFORK holds the parent until the child has ended");
  wait4((pid_t)pid, &status, 0, NULL);
}

int main(void) {
  parent = getpid();
  shared = shared_page();
  check_status();
  check_zombie();
  check_wait_options();
  check_orphans();
  check_ignored_children();
  check_shared_things();
  return checked();
}
