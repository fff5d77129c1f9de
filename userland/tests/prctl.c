/*
 * prctl.c - a process's own settings
 *
 * Linux: kernel/sys.c (prctl)
 */
#include "check.h"

static char name[16];

static bool name_is(const char *want) {
  prctl(PR_GET_NAME, (long)name, 0, 0, 0);
  return strcmp(name, want) == 0;
}

static void check_name(void) {
  char comm[32] = {0};
  check(name_is("prctl"), "a task is named after its program");
  check_is(prctl(PR_SET_NAME, (long)"a name that is too long", 0, 0, 0), 0, "it can have another name");
  check(name_is("a name that is "), "of at most fifteen bytes");
  int fd = (int)open("/proc/self/comm", O_RDONLY, 0);
  read(fd, comm, sizeof(comm));
  close(fd);
  check(strcmp(comm, "a name that is \n") == 0, "which /proc/self/comm shows");
  check_is(prctl(PR_SET_NAME, -1, 0, 0, 0), -EFAULT, "a bad address is EFAULT");
}

static volatile int *shared;

static void on_parent_death(int sig) { shared[0] = sig; }

static void leave_child(void) {
  long parent = getpid();
  if (fork() != 0) {
    while (!shared[1]) sleep_ms(1);
    exit(0);
  }
  int sig = 0;
  set_signal(SIGUSR1, on_parent_death, 0);
  prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
  prctl(PR_GET_PDEATHSIG, (long)&sig, 0, 0, 0);
  shared[2] = sig;
  shared[1] = 1;
  while (getppid() == parent || !shared[0]) sleep_ms(1);
  exit(0);
}

static void check_parent_death(void) {
  in_child(leave_child);
  for (int i = 0; i < 2000 && !shared[0]; i++) sleep_ms(1);
  check_is(shared[0], SIGUSR1, "PR_SET_PDEATHSIG sends a signal when the parent dies");
  check_is(shared[2], SIGUSR1, "PR_GET_PDEATHSIG tells which");
  check_is(prctl(PR_SET_PDEATHSIG, 65, 0, 0, 0), -EINVAL, "there is no signal 65");
}

static void check_flags(void) {
  int value = 9;
  check_is(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1, "a process can be dumped");
  check_is(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), 0, "unless it does not want to");
  check_is(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0, "then it cannot");
  check_is(prctl(PR_SET_DUMPABLE, 2, 0, 0, 0), -EINVAL, "2 is for the kernel to set");
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);

  check_is(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0, "a process can adopt orphans");
  check_is(prctl(PR_GET_CHILD_SUBREAPER, (long)&value, 0, 0, 0), 0, "and be asked whether it does");
  check_is(value, 1, "it does");
  check_is(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0, "new privileges are possible");
  check_is(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0, "until they are given up");
  check_is(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1, "for good");
  check_is(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), -EINVAL, "since there is no way back");
  check_is(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), -EINVAL, "unused arguments must be zero");
  check_is(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 50000, "timers may be 50 microseconds late");
  check_is(prctl(12345, 0, 0, 0, 0), -EINVAL, "unknown settings are EINVAL");
}

int main(void) {
  shared = shared_page();
  check_name();
  check_parent_death();
  check_flags();
  return checked();
}
