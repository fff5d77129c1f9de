/*
 * limits.c - resource limits and what happens at them
 *
 * Linux: kernel/sys.c (do_prlimit)
 */
#include "check.h"

static volatile int calls;

static void on_signal(int sig) {
  calls = sig;
}

static void set(int what, unsigned long soft, unsigned long hard) {
  struct rlimit64 limit = {soft, hard};
  prlimit(0, what, &limit, NULL);
}

static void check_calls(void) {
  struct rlimit64 limit = {20, 30}, old = {0, 0}, wrong = {31, 30};
  struct rlimit plain;
  check_is(prlimit(0, RLIMIT_NOFILE, &limit, &old), 0, "a limit can be set");
  check(old.rlim_cur >= 20 && old.rlim_max >= old.rlim_cur, "and the old one is told");
  check_is(syscall(__NR_getrlimit, RLIMIT_NOFILE, &plain), 0, "getrlimit reads it");
  check(plain.rlim_cur == 20 && plain.rlim_max == 30, "as it was set");
  check_is(prlimit(0, RLIMIT_NOFILE, &wrong, NULL), -EINVAL, "the soft limit cannot be above the hard one");
  check_is(prlimit(0, 16, NULL, &old), -EINVAL, "there are sixteen kinds of limits");
  check_is(prlimit(99999999, RLIMIT_NOFILE, NULL, &old), -ESRCH, "nobody has that number");
}

static void check_files(void) {
  int fd, last = -1;
  while ((fd = (int)open("/dev/null", O_RDONLY, 0)) >= 0) last = fd;
  check_is(fd, -EMFILE, "opening more files than RLIMIT_NOFILE allows is EMFILE");
  check_is(last, 19, "the last descriptor is one below the limit");
  check_is(dup(0), -EMFILE, "the same goes for dup");
  check_is(fcntl(0, F_DUPFD, 20), -EINVAL, "a number from the limit on is EINVAL to F_DUPFD");
  check_is(dup3(0, 20, 0), -EBADF, "and EBADF to dup3");
  int fds[2];
  close(19);
  check_is(pipe2(fds, 0), -EMFILE, "a pipe needs two");
  check_is(open("/dev/null", O_RDONLY, 0), 19, "and takes none if it cannot have both");
  for (fd = 3; fd < 20; fd++) close(fd);
}

static void check_size(void) {
  static char block[5000];
  int fd = (int)open("/tmp/limits-test", O_RDWR | O_CREAT | O_TRUNC, 0600);
  set_signal(SIGXFSZ, on_signal, 0);
  set(RLIMIT_FSIZE, 8000, RLIM64_INFINITY);
  check_is(write(fd, block, 5000), 5000, "a file may grow up to RLIMIT_FSIZE");
  check_is(write(fd, block, 5000), 3000, "what is above it is not written");
  check_is(write(fd, block, 1), -EFBIG, "at the limit it is EFBIG");
  check_is(calls, SIGXFSZ, "and SIGXFSZ");
  check_is(ftruncate(fd, 8001), -EFBIG, "ftruncate is limited, too");
  set(RLIMIT_FSIZE, RLIM64_INFINITY, RLIM64_INFINITY);
  close(fd);
  unlink("/tmp/limits-test");
}

static void check_memory(void) {
  set(RLIMIT_AS, 64 << 20, RLIM64_INFINITY);
  void *p = mmap(NULL, 128 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  check_is((long)p, -ENOMEM, "mapping more than RLIMIT_AS is ENOMEM");
  set(RLIMIT_AS, RLIM64_INFINITY, RLIM64_INFINITY);
  long end = brk(NULL);
  set(RLIMIT_DATA, 1 << 20, RLIM64_INFINITY);
  check_is(brk((void *)(end + (4 << 20))), end, "the heap does not grow above RLIMIT_DATA");
  set(RLIMIT_DATA, RLIM64_INFINITY, RLIM64_INFINITY);
}

static void use_processor(void) {
  struct rlimit64 second = {1, 2};
  prlimit(0, RLIMIT_CPU, &second, NULL);
  for (;;) {}
}

static void check_inheritance(void) {
  int status;
  set(RLIMIT_NOFILE, 17, 30);
  if (fork() == 0) {
    struct rlimit64 limit;
    prlimit(0, RLIMIT_NOFILE, NULL, &limit);
    exit(limit.rlim_cur == 17 && limit.rlim_max == 30 ? 0 : 1);
  }
  wait4(-1, &status, 0, NULL);
  check_is(status, 0, "a child inherits limits");
  set(RLIMIT_CORE, 0, 0);
  check_is(in_child(use_processor), SIGXCPU, "more processor time than RLIMIT_CPU is SIGXCPU");
}

int main(void) {
  check_calls();
  check_files();
  check_size();
  check_memory();
  check_inheritance();
  return checked();
}
