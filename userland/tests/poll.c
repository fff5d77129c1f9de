/*
 * poll.c - waiting for several files
 *
 * Linux: fs/select.c
 */
#include "check.h"

static int fds[2];
static volatile int calls;

static void on_signal(int sig) {
  (void)sig;
  calls++;
}

static const struct timespec zero;

/* What poll says of one descriptor now. */
static int events_of(int fd, short events) {
  struct pollfd poll = {.fd = fd, .events = events};
  ppoll(&poll, 1, &zero, NULL);
  return poll.revents;
}

static void check_events(void) {
  static char block[65536];
  pipe2(fds, O_NONBLOCK);
  check_is(events_of(fds[0], POLLIN), 0, "an empty pipe has nothing to read");
  check_is(events_of(fds[1], POLLOUT | POLLIN), POLLOUT, "but can be written");
  write(fds[1], "x", 1);
  check_is(events_of(fds[0], POLLIN | POLLRDNORM | POLLOUT), POLLIN | POLLRDNORM, "then it can be read");
  check_is(events_of(fds[0], 0), 0, "only what was asked for is told");
  write(fds[1], block, sizeof(block));
  check_is(events_of(fds[1], POLLOUT), 0, "a full pipe cannot be written");
  close(fds[0]);
  check_is(events_of(fds[1], POLLOUT) & POLLERR, POLLERR, "without a reader there is POLLERR, asked for or not");
  close(fds[1]);

  pipe2(fds, 0);
  write(fds[1], "x", 1);
  close(fds[1]);
  check_is(events_of(fds[0], POLLIN), POLLIN | POLLHUP, "without a writer there is POLLHUP, beside what is left to read");
  close(fds[0]);
  check_is(events_of(fds[0], POLLIN), POLLNVAL, "what is not open is POLLNVAL");
  check_is(events_of(-1, POLLIN), 0, "a negative descriptor is passed over");
  int fd = (int)open("/tmp/poll-test", O_RDWR | O_CREAT, 0600);
  check_is(events_of(fd, POLLIN | POLLOUT), POLLIN | POLLOUT, "a file is always ready");
  close(fd);
  unlink("/tmp/poll-test");
}

static long elapsed_ms(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
}

static void check_waiting(void) {
  struct timespec start, time = {0, 50000000};
  pipe2(fds, 0);
  struct pollfd polls[3] = {{.fd = fds[0], .events = POLLIN}, {.fd = -1}, {.fd = fds[1], .events = POLLIN}};
  clock_gettime(CLOCK_MONOTONIC, &start);
  check_is(ppoll(polls, 3, &time, NULL), 0, "when the time is over the answer is 0");
  check(elapsed_ms(&start) >= 50, "and not earlier");
  long pid = fork();
  if (pid == 0) {
    sleep_ms(50);
    write(fds[1], "x", 1);
    exit(0);
  }
  check_is(ppoll(polls, 3, NULL, NULL), 1, "without a time it waits until something is ready, and counts those");
  check_is(polls[0].revents, POLLIN, "and tells which");
  wait4((pid_t)pid, NULL, 0, NULL);
  time.tv_nsec = 1000000000;
  check_is(ppoll(polls, 1, &time, NULL), -EINVAL, "a second has fewer nanoseconds");
  check_is(ppoll(NULL, 0, &zero, NULL), 0, "no descriptors at all are possible");
  close(fds[0]), close(fds[1]);
}

static void check_masks(void) {
  sigset_t none = {{0}}, usr1 = signal_set(SIGUSR1), now;
  set_signal(SIGUSR1, on_signal, SA_RESTART);
  rt_sigprocmask(SIG_BLOCK, &usr1, NULL);
  raise(SIGUSR1);
  check_is(ppoll(NULL, 0, NULL, &none), -EINTR, "a signal that is unblocked while ppoll waits ends it");
  check_is(calls, 1, "after its handler has run");
  rt_sigprocmask(SIG_BLOCK, NULL, &now);
  check_is(now.sig[0], usr1.sig[0], "and the mask is as before");
  rt_sigprocmask(SIG_SETMASK, &none, NULL);
}

static long select6(int n, unsigned long *in, unsigned long *out, struct timespec *time) {
  return syscall(__NR_pselect6, n, in, out, NULL, time, NULL);
}

static void check_select(void) {
  struct timespec time = zero;
  pipe2(fds, 0);
  unsigned long in = 1UL << fds[0], out = 1UL << fds[1] | 1UL << fds[0];
  check_is(select6(fds[1] + 1, &in, &out, &time), 1, "select counts what is ready");
  check(in == 0 && out == 1UL << fds[1], "and leaves only those in its sets");
  write(fds[1], "x", 1);
  in = out = 1UL << fds[0] | 1UL << fds[1];
  check_is(select6(fds[1] + 1, &in, &out, NULL), 2, "both ends of a pipe can be ready");
  check_is(in, 1UL << fds[0], "each in its own set");
  in = 1UL << 60;
  check_is(select6(61, &in, NULL, &time), -EBADF, "a descriptor that is not open is EBADF");
  check_is(select6(-1, &in, NULL, &time), -EINVAL, "a negative number of descriptors is EINVAL");
  in = 1UL << fds[0];
  char c;
  read(fds[0], &c, 1);
  time.tv_nsec = 10000000;
  check_is(select6(fds[0] + 1, &in, NULL, &time), 0, "when the time is over the answer is 0");
  check_is(in, 0, "and the sets are empty");
  check(time.tv_sec == 0 && time.tv_nsec == 0, "the time tells what is left of it");
}

int main(void) {
  check_events();
  check_waiting();
  check_masks();
  check_select();
  return checked();
}
