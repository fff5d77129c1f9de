/*
 * splice.c - bytes move between pipes and files, and no program sees them
 *
 * Linux: fs/splice.c
 */
#include <linux/uio.h>
#include "check.h"

#define NONBLOCK 2

static char buf[100000] __attribute__((aligned(4096)));
static int a[2], b[2];

static long splice(int in, long *off_in, int out, long *off_out, long length, int flags) {
  return syscall(__NR_splice, in, off_in, out, off_out, length, flags);
}
static long tee(int in, int out, long length, int flags) { return syscall(__NR_tee, in, out, length, flags); }
static long vmsplice(int fd, void *at, long length, int flags) {
  struct iovec vec = {at, (size_t)length};
  return syscall(__NR_vmsplice, fd, &vec, 1, flags);
}

static void pipes(void) {
  pipe2(a, 0);
  pipe2(b, 0);
}

static void close_pipes(void) {
  for (int i = 0; i < 2; i++) close(a[i]), close(b[i]);
}

static void files(int file) {
  pipes();
  long at = 2;
  check_is(splice(file, &at, a[1], NULL, 5, 0), 5, "a file goes into a pipe");
  check_is(at, 7, "from where one says");
  check_is(lseek(file, 0, SEEK_CUR), 0, "and the file stays where it is");
  check(read(a[0], buf, 10) == 5 && memcmp(buf, "23456", 5) == 0, "with what is there");
  check_is(splice(file, NULL, a[1], NULL, 4, 0), 4, "or from where it is");
  check_is(lseek(file, 0, SEEK_CUR), 4, "and then it moves");
  at = 100;
  check_is(splice(file, &at, a[1], NULL, 4, 0), 0, "behind the end there is nothing");
  int out = (int)open("/tmp/out", O_CREAT | O_RDWR, 0600);
  at = 3;
  check_is(splice(a[0], NULL, out, &at, 100, 0), 4, "what is in a pipe goes into a file");
  check_is(at, 7, "to where one says");
  check(syscall(__NR_pread64, out, buf, 10, 0) == 7 && memcmp(buf, "\0\0\0" "0123", 7) == 0, "and no further than it reaches");
  check_is(splice(a[0], NULL, out, NULL, 1, NONBLOCK), -EAGAIN, "an empty pipe can be waited for, or not");
  close(a[1]);
  check_is(splice(a[0], NULL, out, NULL, 1, 0), 0, "without a writer it has ended");
  close(out);
  close_pipes();
}

static int input;
static void into_nothing(void) { splice(input, NULL, b[1], NULL, 1, 0); }

static void refusals(int file) {
  pipes();
  long at = 0;
  check_is(splice(file, NULL, file, NULL, 1, 0), -EINVAL, "one end must be a pipe");
  check_is(splice(a[0], NULL, a[1], NULL, 1, 0), -EINVAL, "but not the same");
  check_is(splice(a[0], &at, b[1], NULL, 1, 0), -ESPIPE, "a pipe has no places");
  check_is(splice(file, NULL, b[1], &at, 1, 0), -ESPIPE, "neither end has");
  check_is(splice(a[1], NULL, b[1], NULL, 1, 0), -EBADF, "what is read must be open for that");
  check_is(splice(file, NULL, a[0], NULL, 1, 0), -EBADF, "and what is written");
  check_is(splice(file, (long *)8, a[1], NULL, 1, 0), -EFAULT, "a bad pointer is EFAULT");
  check_is(splice(-1, NULL, a[1], NULL, 0, 99), 0, "nothing at all is no mistake");
  check_is(splice(file, NULL, a[1], NULL, 1, 16), -EINVAL, "unknown flags are");
  int appending = (int)open("/tmp/out", O_WRONLY | O_APPEND, 0);
  write(a[1], "x", 1);
  check_is(splice(a[0], NULL, appending, NULL, 1, 0), -EINVAL, "O_APPEND is EINVAL");
  close(b[0]);
  input = file;
  check_is(WTERMSIG(in_child(into_nothing)), SIGPIPE, "a pipe that nobody reads is SIGPIPE");
  check_is(tee(file, a[1], 1, 0), -EINVAL, "tee is for pipes");
  check_is(tee(a[0], a[1], 1, 0), -EINVAL, "of which there are two");
  check_is(tee(a[0], a[1], 0, 0), 0, "unless there is nothing to do");
  check_is(vmsplice(file, buf, 1, 0), -EBADF, "vmsplice is for one");
  close(appending);
  close_pipes();
}

static void between(void) {
  pipes();
  write(a[1], "hello", 5);
  write(a[1], "world", 5);
  check_is(tee(a[0], b[1], 7, 0), 7, "tee copies from pipe to pipe");
  check(read(b[0], buf, 20) == 7 && memcmp(buf, "hellowo", 7) == 0, "as much as one wants");
  check_is(splice(a[0], NULL, b[1], NULL, 7, 0), 7, "and leaves it where it was");
  check_is(read(b[0], buf, 20), 7, "from where splice takes it");
  check(read(a[0], buf, 20) == 3 && memcmp(buf, "rld", 3) == 0, "the rest stays");
  check_is(tee(a[0], b[1], 7, NONBLOCK), -EAGAIN, "of an empty pipe there is nothing to copy");
  close(a[1]);
  check_is(tee(a[0], b[1], 7, 0), 0, "or never will be");
  close_pipes();
}

static void memory(void) {
  pipes();
  memset(buf, 'm', sizeof(buf));
  check_is(vmsplice(a[1], buf, 10, 0), 10, "memory goes into a pipe");
  check_is(vmsplice(a[0], buf + 50, 100, 0), 10, "and out of it");
  check_is(vmsplice(a[1], buf, sizeof(buf), 0), 65536, "as much as there is room for");
  check_is(vmsplice(a[1], buf, 1, NONBLOCK), -EAGAIN, "then there is none");
  check_is(splice(a[0], NULL, b[1], NULL, 100000, 0), 65536, "all of it can go on");
  check_is(vmsplice(a[1], (void *)8, 10, 0), -EFAULT, "a bad pointer is EFAULT");
  check_is(vmsplice(a[1], buf, 0, 0), 0, "and nothing nothing");
  int sockets[2];
  syscall(__NR_socketpair, 1, 1, 0, sockets);
  check_is(splice(b[0], NULL, sockets[0], NULL, 1000, 0), 1000, "a socket can be at the other end");
  check_is(splice(sockets[1], NULL, a[1], NULL, 2000, 0), 1000, "of either");
  close_pipes();
}

static void waiting(int file) {
  pipes();
  pid_t pid = (pid_t)fork();
  if (pid == 0) {
    sleep_ms(5);
    write(a[1], "late", 4);
    sleep_ms(5);
    read(b[0], buf, 4096);
    exit(0);
  }
  check_is(splice(a[0], NULL, file, &(long){0}, 100, 0), 4, "splice waits until something is there");
  while (vmsplice(b[1], buf, 4096, NONBLOCK) == 4096) {}
  check_is(splice(file, &(long){0}, b[1], NULL, 2, 0), 2, "and until there is room");
  int status;
  wait4(pid, &status, 0, NULL);
  close_pipes();
}

int main(void) {
  int file = (int)open("/tmp/in", O_CREAT | O_RDWR, 0600);
  write(file, "0123456789", 10);
  lseek(file, 0, SEEK_SET);
  files(file);
  refusals(file);
  between();
  memory();
  waiting(file);
  return checked();
}
