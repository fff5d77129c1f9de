/*
 * session.c - process groups and sessions
 *
 * Linux: kernel/sys.c, kernel/exit.c (orphaned groups)
 */
#include "check.h"

static volatile int *shared;
static volatile int hangups, continues;

static void on_signal(int sig) {
  if (sig == SIGHUP) hangups++;
  else continues++;
}

static pid_t start_sleeper(void) {
  long pid = fork();
  if (pid == 0)
    for (;;) sleep_ms(1000);
  return (pid_t)pid;
}

static void end(pid_t pid) {
  kill(pid, SIGKILL);
  wait4(pid, NULL, 0, NULL);
}

static void check_groups(void) {
  pid_t child = start_sleeper();
  check_is(getpgid(0), getpgid((pid_t)getpid()), "0 means oneself");
  check_is(getpgid(child), getpgid(0), "a child is in its parent's group");
  check_is(getsid(child), getsid(0), "and session");
  check_is(setpgid(child, child), 0, "a child can be given a group of its own");
  check_is(getpgid(child), child, "which has the child's number");
  check_is(setpgid(child, (pid_t)getpgid(0)), 0, "and be taken back");
  check_is(setpgid(child, 99999999), -EPERM, "a group must exist");
  check_is(setpgid(child, -1), -EINVAL, "and have a positive number");
  check_is(setpgid(99999999, 0), -ESRCH, "only children can be moved");
  check_is(setpgid((pid_t)getppid(), 0), -ESRCH, "not the parent");
  check_is(getpgid(99999999), -ESRCH, "nobody has that number");
  end(child);
}

static void sessions(void) {
  long pid = getpid();
  bool good = setsid() == pid && getsid(0) == pid && getpgid(0) == pid;
  good = good && setsid() == -EPERM; //          a leader cannot leave
  good = good && setpgid(0, 0) == -EPERM; //     nor change its group
  int fd = (int)open("/dev/tty", O_RDWR, 0); //  a new session has no terminal
  exit(good ? fd == -ENXIO ? 0 : 2 : 1);
}

static void check_sessions(void) {
  check_is(in_child(sessions), 0, "setsid makes a session and a group, for one who leads neither, without a terminal");
  pid_t child = start_sleeper();
  setpgid(child, child);
  if (fork() == 0) {
    setsid();
    exit(setpgid(0, child) == -EPERM ? 0 : 1);
  }
  int status;
  wait4(-1, &status, 0, NULL);
  check_is(status, 0, "a group of another session cannot be joined");
  end(child);
}

static void check_child_after_exec(void) {
  int fds[2];
  char c;
  pipe2(fds, O_CLOEXEC);
  long pid = fork();
  if (pid == 0) {
    close(fds[0]);
    char *argv[] = {"session", "sleep", NULL};
    exit((int)execve("/proc/self/exe", argv, environ));
  }
  close(fds[1]);
  read(fds[0], &c, 1); // ends when the exec has closed the pipe
  close(fds[0]);
  check_is(setpgid((pid_t)pid, (pid_t)pid), -EACCES, "a child that has executed a program decides for itself: EACCES");
  end((pid_t)pid);
}

static void check_group_signals(void) {
  int status;
  pid_t a = start_sleeper(), b = start_sleeper();
  setpgid(a, a), setpgid(b, a);
  check_is(kill(-a, SIGTERM), 0, "a signal can go to a whole group");
  wait4(a, &status, 0, NULL);
  check_is(status, SIGTERM, "and reaches one member");
  wait4(b, &status, 0, NULL);
  check_is(status, SIGTERM, "and the other");
  check_is(kill(-a, SIGTERM), -ESRCH, "then the group is empty");
}

/* The leader of a session ends; its child's group, with a stopped member, is then an orphan. */
static void leave_stopped_group(void) {
  setsid();
  long pid = fork();
  if (pid == 0) {
    set_signal(SIGHUP, on_signal, 0);
    set_signal(SIGCONT, on_signal, 0);
    setpgid(0, 0);
    shared[0] = 1;
    raise(SIGSTOP);
    while (!hangups || !continues) sleep_ms(1);
    shared[1] = hangups * 10 + continues;
    exit(0);
  }
  int status;
  wait4((pid_t)pid, &status, WUNTRACED, NULL);
}

static void check_orphans(void) {
  in_child(leave_stopped_group);
  for (int i = 0; i < 2000 && !shared[1]; i++) sleep_ms(1);
  check_is(shared[1], 11, "a stopped group that becomes an orphan gets SIGHUP and SIGCONT");
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "sleep") == 0) sleep_ms(10000);
  shared = shared_page();
  check_groups();
  check_sessions();
  check_child_after_exec();
  check_group_signals();
  check_orphans();
  return checked();
}
