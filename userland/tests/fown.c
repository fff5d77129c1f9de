/*
 * fown.c - whom a file tells
 *
 * Linux: fs/fcntl.c (f_setown, f_getown_ex), Manual: fcntl(2), F_SETOWN
 */
#include "check.h"

enum { OWNER_TID, OWNER_PID, OWNER_PGRP };
struct owner {
  int type, pid;
};

static int fd;
static long get(void) { return fcntl(fd, F_GETOWN, 0); }
static long set(long who) { return fcntl(fd, F_SETOWN, who); }
static long set_ex(int type, int pid) {
  struct owner owner = {type, pid};
  return fcntl(fd, F_SETOWN_EX, (long)&owner);
}
static bool is_ex(int type, long pid) {
  struct owner owner = {-1, -1};
  fcntl(fd, F_GETOWN_EX, (long)&owner);
  return owner.type == type && owner.pid == pid;
}

static int ends(long pid) {
  int status = -1;
  wait4((pid_t)pid, &status, 0, NULL);
  return status;
}

/* What the first process of a new PID namespace makes of it. */
static int sees_from_inside(void) {
  if (get() != 0 || set(getppid() + 100) != -ESRCH || set(1) != 0 || get() != 1) return 1;
  return is_ex(OWNER_PID, 1) ? 0 : 2;
}

int main(void) {
  int fds[2];
  pipe2(fds, 0);
  fd = fds[0];
  long me = getpid();
  check(get() == 0 && is_ex(OWNER_TID, 0), "nobody at first, as a thread");
  check_is(set(me), 0, "a process");
  check(get() == me && is_ex(OWNER_PID, me), "is told by its number");
  setpgid(0, 0);
  check(set(-me) == 0 && get() == -me && is_ex(OWNER_PGRP, me), "a group by its number below zero");
  check(set_ex(OWNER_TID, (int)gettid()) == 0 && get() == me && is_ex(OWNER_TID, me), "a thread by F_SETOWN_EX");
  check_is(set_ex(3, (int)me), -EINVAL, "there is nothing else");
  check_is(set(30000), -ESRCH, "a number that nobody has");
  check_is(set(-0x80000000l), -EINVAL, "and one that nobody can have");
  check_is(get(), me, "change nothing");

  long child = fork();
  if (child == 0) {
    sleep_ms(1000);
    exit(0);
  }
  set(child);
  kill((pid_t)child, SIGKILL);
  check_is(get(), child, "who is about to end still is the owner");
  ends(child);
  check(get() == 0 && is_ex(OWNER_PID, 0), "who is gone is not");

  set(me);
  struct clone_args args = {.flags = CLONE_NEWPID, .exit_signal = SIGCHLD};
  child = syscall(__NR_clone3, &args, sizeof(args));
  if (child == 0) exit(sees_from_inside());
  sleep_ms(30);
  check_is(get(), child, "a process of another namespace has the number that one sees");
  check_is(ends(child), 0, "and it sees its own there, and none of those outside");
  check(set(0) == 0 && get() == 0, "nobody again");
  return checked();
}
