/*
 * socketpair.c - two ends of a socket, and what goes through beside bytes
 *
 * Linux: net/unix/af_unix.c, net/core/scm.c
 */
#include "check.h"
#include <linux/uio.h>

enum { AF_UNIX = 1, AF_INET = 2, STREAM = 1, DGRAM = 2, SEQPACKET = 5, NONBLOCK = O_NONBLOCK };
enum { SOL_SOCKET = 1, SO_TYPE = 3, SO_ERROR = 4, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_DOMAIN = 39 };
enum { PEEK = 2, CTRUNC = 8, TRUNC = 0x20, NOSIGNAL = 0x4000 };
enum { RIGHTS = 1, CREDENTIALS = 2 };

static int pair[2];
static char buffer[64];
static struct {
  unsigned long length;
  int level, type;
  int data[12];
} control;
struct msghdr {
  void *name;
  int namelen;
  struct iovec *iov;
  unsigned long iovlen;
  void *control;
  unsigned long controllen;
  unsigned flags;
};

static long open_pair(int type) { return syscall(__NR_socketpair, AF_UNIX, type, 0, pair); }
static void close_pair(void) { close(pair[0]), close(pair[1]); }
static long send(int fd, const void *data, size_t n, int flags) { return syscall(__NR_sendto, fd, data, n, flags, NULL, 0); }
static long receive(int fd, size_t n, int flags) { return syscall(__NR_recvfrom, fd, buffer, n, flags, NULL, NULL); }
static long option(int fd, int name) {
  int value = -1, length = sizeof(value);
  long ret = syscall(__NR_getsockopt, fd, SOL_SOCKET, name, &value, &length);
  return ret < 0 ? ret : value;
}
static int events(int fd) {
  struct pollfd poll = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
  static const struct timespec zero;
  ppoll(&poll, 1, &zero, NULL);
  return poll.revents;
}
static unsigned got_flags;
static long message(long nr, int fd, const void *data, size_t n, size_t room) {
  struct iovec iov = {(void *)data, n};
  struct msghdr header = {.iov = &iov, .iovlen = 1, .control = room ? &control : NULL, .controllen = room};
  long ret = syscall(nr, fd, &header, 0);
  got_flags = header.flags;
  return ret;
}
static void put_control(int type, int a, int b, int c, int words) {
  control.length = 16 + 4 * (unsigned)words, control.level = SOL_SOCKET, control.type = type;
  control.data[0] = a, control.data[1] = b, control.data[2] = c;
}

static void check_kinds(void) {
  check_is(syscall(__NR_socketpair, AF_UNIX, 77, 0, pair), -EINVAL, "a type that does not exist is EINVAL");
  check_is(syscall(__NR_socketpair, AF_UNIX, STREAM, 5, pair), -EPROTONOSUPPORT, "a protocol that does not exist is EPROTONOSUPPORT");
  check_is(syscall(__NR_socketpair, 77, STREAM, 0, pair), -EAFNOSUPPORT, "a family that does not exist is EAFNOSUPPORT");
  check_is(syscall(__NR_socketpair, AF_UNIX, STREAM, 0, 8), -EFAULT, "a bad address is EFAULT");
  check_is(syscall(__NR_shutdown, 0, 0), -ENOTSOCK, "another kind of file is no socket");
  check_is(open_pair(STREAM | NONBLOCK | O_CLOEXEC), 0, "flags go with the type");
  check(fcntl(pair[0], F_GETFD, 0) == FD_CLOEXEC && (fcntl(pair[1], F_GETFL, 0) & O_NONBLOCK), "and hold for both ends");
  check(option(pair[0], SO_TYPE) == STREAM && option(pair[0], SO_DOMAIN) == AF_UNIX && option(pair[0], SO_ERROR) == 0, "a socket tells what it is");
  int creds[3] = {0}, length = sizeof(creds);
  syscall(__NR_getsockopt, pair[0], SOL_SOCKET, SO_PEERCRED, creds, &length);
  check(creds[0] == getpid() && creds[1] == 0 && length == 12, "and who made the other end");
  close_pair();
}

static void check_stream(void) {
  open_pair(STREAM | NONBLOCK);
  check_is(receive(pair[0], 8, 0), -EAGAIN, "nothing was sent yet");
  check_is(events(pair[0]), POLLOUT, "so there is only room");
  write(pair[1], "abc", 3), write(pair[1], "def", 3);
  check_is(events(pair[0]), POLLIN | POLLOUT, "then there is something to read");
  check(receive(pair[0], 8, PEEK) >= 3 && buffer[0] == 'a', "which can be looked at");
  check(receive(pair[0], 4, 0) == 4 && !memcmp(buffer, "abcd", 4), "a stream has no borders");
  check(read(pair[0], buffer, 8) == 2 && !memcmp(buffer, "ef", 2), "and read() is a way to receive");
  syscall(__NR_shutdown, pair[1], 1);
  check_is(read(pair[0], buffer, 8), 0, "an end that was shut is the end of the file");
  check_is(events(pair[0]), POLLIN | POLLOUT | POLLRDHUP, "and poll says so");
  check_is(send(pair[1], "x", 1, NOSIGNAL), -EPIPE, "what was shut cannot be sent through");
  check_is(send(pair[0], "x", 1, 0), 1, "the other direction can");
  check_is(syscall(__NR_shutdown, pair[1], 3), -EINVAL, "there are three ways to shut");
  close(pair[1]);
  check_is(send(pair[0], "x", 1, NOSIGNAL), -EPIPE, "nor can anything be sent to nobody");
  check_is(events(pair[0]) & POLLHUP, POLLHUP, "it was hung up");
  check_is(receive(pair[0], 8, 0), -ECONNRESET, "and what was sent last was lost");
  close(pair[0]);
}

static void check_packets(void) {
  open_pair(SEQPACKET | NONBLOCK);
  write(pair[1], "abc", 3), write(pair[1], "defg", 4);
  check_is(receive(pair[0], 8, 0), 3, "a packet is received as it was sent");
  check_is(message(__NR_recvmsg, pair[0], buffer, 2, 0), 2, "if there is room");
  check_is(got_flags & TRUNC, TRUNC, "and if not the rest is lost");
  check_is(receive(pair[0], 8, 0), -EAGAIN, "all of it");
  close(pair[1]);
  check_is(receive(pair[0], 8, 0), 0, "a packet socket's end is an end of file");
  close(pair[0]);
  open_pair(DGRAM | NONBLOCK);
  check_is(send(pair[0], "abcd", 4, 0) + send(pair[0], "", 0, 0), 4, "datagrams may be empty");
  check_is(receive(pair[1], 2, TRUNC), 4, "and their length may be asked for");
  check_is(receive(pair[1], 8, 0), 0, "an empty one is received");
  check_is(receive(pair[1], 8, 0), -EAGAIN, "as one");
  close(pair[1]);
  check_is(send(pair[0], "x", 1, 0), -ECONNREFUSED, "the first one that is sent to nobody is refused");
  check_is(send(pair[0], "x", 1, 0), -ENOTCONN, "for the next one there is no address");
  close(pair[0]);
}

static void check_ancillary(void) {
  int pipe[2], on = 1;
  open_pair(STREAM);
  pipe2(pipe, 0);
  put_control(RIGHTS, pipe[1], 0, 0, 1);
  check_is(message(__NR_sendmsg, pair[0], "x", 1, 20), 1, "a descriptor is sent");
  close(pipe[1]);
  memset(&control, 0, sizeof(control));
  check_is(message(__NR_recvmsg, pair[1], buffer, 8, sizeof(control)), 1, "and received");
  check(control.length == 20 && control.level == SOL_SOCKET && control.type == RIGHTS, "as a control message");
  write(control.data[0], "y", 1);
  check(read(pipe[0], buffer, 8) == 1 && buffer[0] == 'y', "it is the same file, though its sender has closed it");
  close(control.data[0]);
  check_is(read(pipe[0], buffer, 8), 0, "and closes with the last descriptor");
  put_control(RIGHTS, 77, 0, 0, 1);
  check_is(message(__NR_sendmsg, pair[0], "x", 1, 20), -EBADF, "what is not open cannot be sent");
  put_control(RIGHTS, pipe[0], pipe[0], 0, 2);
  message(__NR_sendmsg, pair[0], "x", 1, 24);
  check_is(message(__NR_recvmsg, pair[1], buffer, 8, 0), 1, "without room for them");
  check_is(got_flags & CTRUNC, CTRUNC, "descriptors are lost");
  syscall(__NR_setsockopt, pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
  write(pair[0], "x", 1);
  message(__NR_recvmsg, pair[1], buffer, 8, sizeof(control));
  check(control.length == 28 && control.type == CREDENTIALS && control.data[0] == getpid() && control.data[1] == 0, "whoever wants to know is told who sent");
  put_control(CREDENTIALS, (int)getpid(), 5, 6, 3);
  check_is(message(__NR_sendmsg, pair[0], "x", 1, 28), 1, "root may say what it likes");
  message(__NR_recvmsg, pair[1], buffer, 8, sizeof(control));
  check(control.data[1] == 5 && control.data[2] == 6, "and is believed");
  long pid = fork();
  if (pid == 0) {
    sleep_ms(20);
    send(pair[0], "hello", 5, 0);
    exit(0);
  }
  check(read(pair[1], buffer, 8) == 5, "a reader waits");
  wait4((pid_t)pid, NULL, 0, NULL);
}

int main(void) {
  check_kinds();
  check_stream();
  check_packets();
  check_ancillary();
  return checked();
}
