/*
 * epoll.c - waiting for many files
 *
 * Linux: fs/eventpoll.c
 */
#include "check.h"
#include <linux/eventpoll.h>

static int ep, fds[2];
static struct epoll_event got[4];

static long create(void) { return syscall(__NR_epoll_create1, 0); }
static long control(int on, int op, int fd, unsigned events) {
  struct epoll_event event = {events, 0x123456789abcdef0UL + (unsigned)fd};
  return syscall(__NR_epoll_ctl, on, op, fd, &event);
}
static long add(int fd, unsigned events) { return control(ep, EPOLL_CTL_ADD, fd, events); }
static long change(int fd, unsigned events) { return control(ep, EPOLL_CTL_MOD, fd, events); }
static long wait_ms(int ms) { return syscall(__NR_epoll_pwait, ep, got, 4, ms, NULL, 8); }
static long ready(void) { return wait_ms(0); }

static void check_control(void) {
  check_is(syscall(__NR_epoll_create1, 1), -EINVAL, "unknown flags are EINVAL");
  ep = (int)create();
  pipe2(fds, O_NONBLOCK);
  check_is(add(fds[0], EPOLLIN), 0, "a file is added");
  check_is(add(fds[0], EPOLLIN), -EEXIST, "but not twice");
  check_is(change(fds[1], EPOLLIN), -ENOENT, "what was not added cannot be changed");
  check_is(control(ep, EPOLL_CTL_DEL, fds[1], 0), -ENOENT, "nor removed");
  check_is(control(ep, 9, fds[0], 0), -EINVAL, "an operation that does not exist is EINVAL");
  check_is(add(77, EPOLLIN), -EBADF, "what is not open is EBADF");
  check_is(add(ep, EPOLLIN), -EINVAL, "it cannot watch itself");
  check_is(control(fds[0], EPOLL_CTL_ADD, fds[1], EPOLLIN), -EINVAL, "only an epoll file can watch");
  check_is(syscall(__NR_epoll_ctl, ep, EPOLL_CTL_ADD, fds[1], 8), -EFAULT, "a bad address is EFAULT");
  int file = (int)open("/tmp/epoll-test", O_RDWR | O_CREAT, 0600);
  check_is(add(file, EPOLLIN), -EPERM, "a regular file is always ready, and not watched");
  close(file);
  unlink("/tmp/epoll-test");
  check_is(syscall(__NR_epoll_pwait, ep, got, 0, 0, NULL, 8), -EINVAL, "there must be room for one event");
  check_is(syscall(__NR_epoll_pwait, fds[0], got, 1, 0, NULL, 8), -EINVAL, "and an epoll file to wait for");
}

static void check_levels(void) {
  static char byte;
  check_is(ready(), 0, "nothing is ready");
  write(fds[1], "xy", 2);
  check(ready() == 1 && got[0].events == EPOLLIN && got[0].data == 0x123456789abcdef0UL + (unsigned)fds[0], "what is ready is told with its data");
  check_is(ready(), 1, "again and again");
  check_is(change(fds[0], EPOLLIN | EPOLLET), 0, "an edge");
  check_is(ready(), 1, "is told once");
  check_is(ready(), 0, "and not again");
  read(fds[0], &byte, 1);
  check_is(ready(), 0, "not even when some of it is read");
  write(fds[1], "z", 1);
  check_is(ready(), 1, "but when more comes");
  change(fds[0], EPOLLIN | EPOLLONESHOT);
  check_is(ready(), 1, "one shot");
  write(fds[1], "z", 1);
  check_is(ready(), 0, "is one");
  change(fds[0], EPOLLIN | EPOLLONESHOT);
  check_is(ready(), 1, "until it is loaded again");
  change(fds[0], 0);
  check_is(ready(), 0, "nothing is asked for");
  close(fds[1]);
  check(ready() == 1 && got[0].events == EPOLLHUP, "but a hang-up is told always");
  close(fds[0]);
  check_is(ready(), 0, "a closed file is not watched any more");
  pipe2(fds, O_NONBLOCK);
  add(fds[0], EPOLLIN), add(fds[1], EPOLLOUT);
  write(fds[1], "x", 1);
  check_is(syscall(__NR_epoll_pwait, ep, got, 1, 0, NULL, 8), 1, "of two there is room for one");
  unsigned long first = got[0].data;
  check(syscall(__NR_epoll_pwait, ep, got, 1, 0, NULL, 8) == 1 && got[0].data != first, "the other one's turn comes next");
  check_is(control(ep, EPOLL_CTL_DEL, fds[1], 0), 0, "a file is removed");
  check_is(ready(), 1, "and the other one stays");
}

static volatile int calls;
static void on_alarm(int sig) { calls += sig == SIGALRM; }

static void check_waiting(void) {
  static char byte;
  read(fds[0], &byte, 1);
  struct itimerval soon = {.it_value = {0, 20000}};
  set_signal(SIGALRM, on_alarm, SA_RESTART);
  setitimer(ITIMER_REAL, &soon, NULL);
  check_is(wait_ms(1000), -EINTR, "a signal interrupts, and nothing is restarted");
  check_is(wait_ms(10), 0, "time runs out");
  long pid = fork();
  if (pid == 0) {
    sleep_ms(20);
    write(fds[1], "x", 1);
    exit(0);
  }
  check_is(wait_ms(1000), 1, "somebody writes");
  wait4((pid_t)pid, NULL, 0, NULL);
  struct timespec time = {0, 1000000};
  check_is(syscall(__NR_epoll_pwait2, ep, got, 4, &time, NULL, 8), 1, "there is a call for finer times");
  time.tv_nsec = 1000000000;
  check_is(syscall(__NR_epoll_pwait2, ep, got, 4, &time, NULL, 8), -EINVAL, "which must be times");
  check_is(syscall(__NR_epoll_pwait, ep, 8, 4, 0, NULL, 8), -EFAULT, "an event that cannot be told is EFAULT");
  check_is(ready(), 1, "and is not lost");
}

static void check_nesting(void) {
  int outer = (int)create();
  check_is(control(outer, EPOLL_CTL_ADD, ep, EPOLLIN), 0, "an epoll file can be watched");
  struct pollfd poll = {.fd = outer, .events = POLLIN};
  check(ppoll(&poll, 1, &(struct timespec){0, 0}, NULL) == 1 && poll.revents == POLLIN, "and is ready when something in it is");
  check_is(add(outer, EPOLLIN), -ELOOP, "but not in a circle");
  long chain[6] = {ep, outer}, err = 0;
  for (int i = 2; i < 6; i++) {
    chain[i] = create();
    err = control((int)chain[i], EPOLL_CTL_ADD, (int)chain[i - 1], EPOLLIN);
    if (i == 4) check_is(err, 0, "nor deeper than four");
  }
  check_is(err, -ELOOP, "which five is");
  check_is(change(fds[0], EPOLLIN | EPOLLEXCLUSIVE), -EINVAL, "exclusive is asked for when adding");
  check_is(add(fds[1], EPOLLOUT | EPOLLEXCLUSIVE), 0, "only then");
  check_is(change(fds[1], EPOLLOUT), -EINVAL, "and not changed");
  check_is(add(outer, EPOLLIN | EPOLLEXCLUSIVE), -EINVAL, "and not for epoll files");
}

int main(void) {
  check_control();
  check_levels();
  check_waiting();
  check_nesting();
  return checked();
}
