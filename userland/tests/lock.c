/*
 * lock.c - locks on ranges of files
 *
 * Linux: fs/locks.c, Manual: fcntl(2), flock(2)
 */
#include "check.h"

#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

static int fd;
static volatile int *shared;

static long lock(int file, int cmd, short type, long start, long length) {
  struct flock flock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(file, cmd, (long)&flock);
}

static long try_lock(short type, long start, long length) { return lock(fd, F_SETLK, type, start, length); }

/* Asks in another process, since a process never conflicts with itself. */
static int other_process(short type, long start, long length) {
  int status = 0;
  long pid = fork();
  if (pid == 0) exit((int)-try_lock(type, start, length));
  wait4((pid_t)pid, &status, 0, NULL);
  return -(status >> 8);
}

static void check_conflicts(void) {
  check_is(try_lock(F_RDLCK, 0, 10), 0, "a range can be locked for reading");
  check_is(other_process(F_RDLCK, 5, 10), 0, "by several");
  check_is(other_process(F_WRLCK, 5, 10), -EAGAIN, "which keeps writers away: EAGAIN");
  check_is(other_process(F_WRLCK, 10, 10), 0, "from that range only");
  check_is(try_lock(F_WRLCK, 0, 10), 0, "who has it alone can make it a lock for writing");
  check_is(other_process(F_RDLCK, 9, 1), -EAGAIN, "which keeps everybody away");
  check_is(try_lock(F_UNLCK, 4, 2), 0, "a piece in the middle can be unlocked");
  check_is(other_process(F_WRLCK, 4, 2), 0, "and is free");
  check_is(other_process(F_WRLCK, 4, 3), -EAGAIN, "what is beside it is not");
  check_is(try_lock(F_WRLCK, 100, 0), 0, "a length of zero goes to the end, wherever that will be");
  check_is(other_process(F_WRLCK, 1000000, 1), -EAGAIN, "so everything behind is locked");
  check_is(try_lock(F_WRLCK, 20, -5), 0, "a negative length goes backwards");
  check_is(other_process(F_WRLCK, 15, 1), -EAGAIN, "to there");
  check_is(try_lock(9, 0, 1), -EINVAL, "there are three types");
  check_is(try_lock(F_RDLCK, -1, 1), -EINVAL, "and no positions below zero");
}

static void check_questions(void) {
  struct flock flock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 100};
  check_is(fcntl(fd, F_GETLK, (long)&flock), 0, "one can ask who is in the way");
  check_is(flock.l_type, F_UNLCK, "never oneself");
  int status;
  if (fork() == 0) {
    flock = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 100};
    fcntl(fd, F_GETLK, (long)&flock);
    exit(flock.l_type == F_WRLCK && flock.l_start == 0 && flock.l_len == 4 && flock.l_pid == getppid() ? 0 : 1);
  }
  wait4(-1, &status, 0, NULL);
  check_is(status, 0, "another process learns the first lock in the way, and whose it is");
}

static void check_release(void) {
  int copy = (int)open("/tmp/lock-test", O_RDWR, 0);
  check_is(other_process(F_WRLCK, 0, 1), -EAGAIN, "a child does not inherit locks");
  close(copy);
  check_is(other_process(F_WRLCK, 0, 1), 0, "closing any descriptor of the file gives all of a process's locks away");
}

static void check_waiting(void) {
  try_lock(F_WRLCK, 0, 1);
  long pid = fork();
  if (pid == 0) {
    long err = lock(fd, F_SETLKW, F_WRLCK, 0, 1);
    exit(err == 0 && shared[0] == 1 ? 0 : 1);
  }
  sleep_ms(30);
  shared[0] = 1;
  try_lock(F_UNLCK, 0, 1);
  int status;
  wait4((pid_t)pid, &status, 0, NULL);
  check_is(status, 0, "F_SETLKW waits until the range is free");

  try_lock(F_WRLCK, 0, 1);
  pid = fork();
  if (pid == 0) {
    try_lock(F_WRLCK, 1, 1);
    shared[0] = 2;
    exit((int)-lock(fd, F_SETLKW, F_WRLCK, 0, 1));
  }
  while (shared[0] != 2) sleep_ms(1);
  sleep_ms(20);
  check_is(lock(fd, F_SETLKW, F_WRLCK, 1, 1), -EDEADLK, "two that wait for each other would wait for ever: EDEADLK");
  try_lock(F_UNLCK, 0, 0);
  wait4((pid_t)pid, &status, 0, NULL);
  check_is(status, 0, "the other one gets its lock");
}

static void check_open_file_locks(void) {
  int a = (int)open("/tmp/lock-test", O_RDWR, 0), b = (int)open("/tmp/lock-test", O_RDWR, 0);
  check_is(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10), 0, "a lock can belong to an open file");
  check_is(lock(b, F_OFD_SETLK, F_WRLCK, 0, 10), -EAGAIN, "then another one of the same process conflicts");
  int copy = (int)dup(a);
  close(copy);
  check_is(lock(b, F_OFD_SETLK, F_WRLCK, 0, 10), -EAGAIN, "closing a duplicate does not give it away");
  close(a);
  check_is(lock(b, F_OFD_SETLK, F_WRLCK, 0, 10), 0, "closing the last one does");
  close(b);

  a = (int)open("/tmp/lock-test", O_RDONLY, 0), b = (int)open("/tmp/lock-test", O_RDONLY, 0);
  check_is(syscall(__NR_flock, a, LOCK_EX), 0, "flock locks whole files, however they are open");
  check_is(syscall(__NR_flock, b, LOCK_SH | LOCK_NB), -EAGAIN, "for open files, too");
  check_is(syscall(__NR_flock, a, LOCK_SH), 0, "it can be shared");
  check_is(syscall(__NR_flock, b, LOCK_SH | LOCK_NB), 0, "by several");
  check_is(syscall(__NR_flock, a, LOCK_EX | LOCK_NB), -EAGAIN, "who then keep writers away");
  check_is(lock(a, F_SETLK, F_WRLCK, 0, 1), -EBADF, "fcntl's lock for writing needs a file that is open for writing");
  check_is(syscall(__NR_flock, a, 0), -EINVAL, "flock knows three requests");
}

int main(void) {
  shared = shared_page();
  fd = (int)open("/tmp/lock-test", O_RDWR | O_CREAT | O_TRUNC, 0600);
  check_conflicts();
  check_questions();
  check_release();
  check_waiting();
  check_open_file_locks();
  unlink("/tmp/lock-test");
  return checked();
}
