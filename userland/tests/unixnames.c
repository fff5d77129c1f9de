/*
 * unixnames.c - Unix sockets that have a name: bind, listen, connect, accept
 *
 * Linux: net/unix/af_unix.c
 */
#include <linux/un.h>
#include "check.h"

#define AF_UNIX 1
#define STREAM 1
#define DGRAM 2
#define SEQPACKET 5
#define NONBLOCK 04000

static struct sockaddr_un at;
static char buf[300];

/* The address of `path`; "@x" is the abstract name "\0x". Returns its length. */
static int address(const char *path) {
  memset(&at, 0, sizeof(at));
  at.sun_family = AF_UNIX;
  memcpy(at.sun_path, path, strlen(path));
  if (*path != '@') return (int)strlen(path) + 3;
  at.sun_path[0] = 0;
  return (int)strlen(path) + 2;
}

static int sock(int type) { return (int)syscall(__NR_socket, AF_UNIX, type, 0); }
static long bind_to(int fd, const char *path) {
  int length = address(path);
  return syscall(__NR_bind, fd, &at, length);
}
static long connect_to(int fd, const char *path) {
  int length = address(path);
  return syscall(__NR_connect, fd, &at, length);
}
static long listen_on(int fd, int backlog) { return syscall(__NR_listen, fd, backlog); }
static long accept_from(int fd) { return syscall(__NR_accept4, fd, NULL, NULL, 0); }
static long send_to(int fd, const char *what, const char *path) {
  int length = address(path);
  return syscall(__NR_sendto, fd, what, strlen(what), 0, &at, length);
}
static long option(int fd, int name) {
  int value = -1, size = sizeof(value);
  long err = syscall(__NR_getsockopt, fd, 1, name, &value, &size);
  return err ? err : value;
}

static int events(int fd) {
  struct pollfd ready = {fd, POLLIN | POLLOUT | POLLRDHUP, 0};
  ppoll(&ready, 1, &(struct timespec){0}, NULL);
  return ready.revents;
}

/* getsockname or getpeername: the length, and the address in `at`. */
static long name_of(long nr, int fd) {
  int size = sizeof(at);
  memset(&at, 0, sizeof(at));
  long err = syscall(nr, fd, &at, &size);
  return err ? err : size;
}

static void binding(void) {
  int fd = sock(STREAM), other = sock(STREAM);
  check_is(name_of(__NR_getsockname, fd), 2, "a socket has no name at first");
  check_is(bind_to(fd, "/tmp/one"), 0, "bind gives it one");
  struct stat st;
  check_is(stat("/tmp/one", &st), 0, "which is a file");
  check_is((int)(st.st_mode & S_IFMT), S_IFSOCK, "of its own kind");
  check_is(open("/tmp/one", O_RDWR, 0), -ENXIO, "that cannot be opened");
  check_is(name_of(__NR_getsockname, fd), 2 + 9, "the name ends with its NUL");
  check(strcmp(at.sun_path, "/tmp/one") == 0, "and is what it was called");
  check_is(bind_to(other, "/tmp/one"), -EADDRINUSE, "a name is taken while there is a file");
  check_is(bind_to(fd, "/tmp/more"), -EINVAL, "one name is enough");
  check_is(stat("/tmp/more", &st), -ENOENT, "and leaves no file");
  check_is(bind_to(other, "/absent/x"), -ENOENT, "a directory must be there");
  close(fd);
  check_is(bind_to(other, "/tmp/one"), -EADDRINUSE, "the file stays when the socket is gone");
  unlink("/tmp/one");
  check_is(bind_to(other, "/tmp/one"), 0, "until it is removed");

  int hidden = sock(STREAM), same = sock(STREAM), datagrams = sock(DGRAM);
  check_is(bind_to(hidden, "@one"), 0, "a name may be abstract");
  check_is(bind_to(same, "@one"), -EADDRINUSE, "once");
  check_is(bind_to(datagrams, "@one"), 0, "for each type");
  check_is(name_of(__NR_getsockname, hidden), 2 + 4, "it has no NUL at its end");
  close(hidden);
  check_is(bind_to(same, "@one"), 0, "and goes with the socket");

  int automatic = sock(STREAM);
  address("");
  check_is(syscall(__NR_bind, automatic, &at, 2), 0, "no name at all is one made up");
  check_is(name_of(__NR_getsockname, automatic), 2 + 6, "of five characters");
  check_is(at.sun_path[0], 0, "and abstract");
  address("/tmp/x");
  check_is(syscall(__NR_bind, sock(STREAM), &at, 1), -EINVAL, "half a family is EINVAL");
  check_is(syscall(__NR_bind, sock(STREAM), &at, 111), -EINVAL, "more than an address, too");
  at.sun_family = 2;
  check_is(syscall(__NR_bind, sock(STREAM), &at, 10), -EINVAL, "and another family");
  check_is(syscall(__NR_bind, sock(STREAM), (void *)8, 10), -EFAULT, "a bad pointer is EFAULT");
}

static void refusals(void) {
  int fd = sock(STREAM), quiet = sock(STREAM);
  bind_to(quiet, "/tmp/quiet");
  check_is(connect_to(fd, "/tmp/nobody"), -ENOENT, "a path that is not there is ENOENT");
  check_is(connect_to(fd, "@nobody"), -ECONNREFUSED, "an abstract name ECONNREFUSED");
  check_is(connect_to(fd, "/tmp"), -ECONNREFUSED, "what is no socket ECONNREFUSED");
  check_is(connect_to(fd, "/tmp/quiet"), -ECONNREFUSED, "who does not listen, too");
  check_is(connect_to(sock(DGRAM), "/tmp/quiet"), -EPROTOTYPE, "another type is EPROTOTYPE");
  check_is(listen_on(fd, 1), -EINVAL, "without a name nobody listens");
  check_is(listen_on(sock(DGRAM), 1), -EOPNOTSUPP, "and no datagram socket");
  check_is(accept_from(quiet), -EINVAL, "who does not listen accepts nothing");
  check_is(accept_from(sock(DGRAM)), -EOPNOTSUPP, "nor does a datagram socket");
  check_is(accept_from(0), -ENOTSOCK, "nor what is no socket");
  listen_on(quiet, 1);
  check_is(syscall(__NR_accept4, quiet, NULL, NULL, 1), -EINVAL, "accept4 knows its flags");
  close(quiet);
  check_is(connect_to(fd, "/tmp/quiet"), -ECONNREFUSED, "nobody is behind a file that was left");
}

static void streams(void) {
  int server = sock(STREAM | NONBLOCK), client = sock(STREAM | NONBLOCK), third = sock(STREAM | NONBLOCK);
  bind_to(server, "/tmp/server");
  check_is(events(server), POLLOUT | POLLHUP, "a socket that is not connected is hung up");
  check_is(listen_on(server, 0), 0, "a name can be listened on");
  check_is(events(server), 0, "then there is nothing to read or write");
  check_is(option(server, 30), 1, "SO_ACCEPTCONN says so");
  check_is(accept_from(server), -EAGAIN, "nobody is there yet");
  check_is(connect_to(client, "/tmp/server"), 0, "connecting does not wait to be accepted");
  check_is(events(server), POLLIN, "the listener knows");
  check_is(write(client, "early", 5), 5, "one can write at once");
  check_is(connect_to(third, "/tmp/server"), -EAGAIN, "a second has to wait: the backlog is full");
  check_is(connect_to(client, "/tmp/server"), -EAGAIN, "who is connected already finds that out first");
  int size = sizeof(at), worker = (int)syscall(__NR_accept4, server, &at, &size, NONBLOCK);
  check(worker >= 0, "accept gives the other end");
  check_is(size, 2, "whose peer has no name");
  check_is(connect_to(client, "/tmp/server"), -EISCONN, "a connected socket does not connect again");
  check_is(read(worker, buf, 10), 5, "what was written early is there");
  check_is(read(worker, buf, 10), -EAGAIN, "and no more");
  check_is(name_of(__NR_getsockname, worker), 2 + 12, "the accepted socket has the listener's name");
  check_is(name_of(__NR_getpeername, client), 2 + 12, "by which its peer knows it");
  check_is(write(worker, "hi", 2), 2, "it can be written to");
  check_is(syscall(__NR_recvfrom, client, buf, 10, 0, &at, &size), 2, "and read at the other end");
  int creds[3], length = sizeof(creds);
  syscall(__NR_getsockopt, client, 1, 17, creds, &length);
  check_is(creds[0], getpid(), "SO_PEERCRED is who listened");
  check_is(listen_on(client, 1), -EINVAL, "a connected socket cannot listen");
  check_is(send_to(client, "x", "/tmp/server"), -EISCONN, "nor send elsewhere");
  check_is(send_to(third, "x", "/tmp/server"), -EOPNOTSUPP, "an unconnected one not at all");
  check_is(write(third, "x", 1), -ENOTCONN, "not even without an address");
  check_is(read(third, buf, 1), -EINVAL, "and reading is EINVAL");
  close(client);
  check_is(events(worker), POLLIN | POLLOUT | POLLHUP | POLLRDHUP, "a close is seen");
  check_is(read(worker, buf, 10), 0, "as the end");

  check_is(connect_to(third, "/tmp/server"), 0, "the next may connect");
  close(server);
  check_is(read(third, buf, 1), -ECONNRESET, "whom nobody accepts is reset when the listener goes");
  check_is(read(third, buf, 1), 0, "then it is the end");
}

static void waiting(void) {
  int server = sock(STREAM);
  bind_to(server, "@waiting");
  listen_on(server, 0);
  pid_t pid = (pid_t)fork();
  if (pid == 0) {
    for (int i = 0; i < 3; i++) {
      int fd = sock(STREAM);
      if (connect_to(fd, "@waiting")) exit(1);
      write(fd, "ok", 2);
      close(fd);
    }
    exit(0);
  }
  int got = 0;
  for (int i = 0; i < 3; i++) {
    int fd = (int)accept_from(server);
    got += (int)read(fd, buf, 10);
    close(fd);
  }
  int status = -1;
  wait4(pid, &status, 0, NULL);
  check_is(status, 0, "connecting waits for room in the backlog");
  check_is(got, 6, "and accepting for somebody who connects");

  long timeout[2] = {0, 20000};
  check_is(syscall(__NR_setsockopt, server, 1, 20, timeout, sizeof(timeout)), 0, "SO_RCVTIMEO");
  check_is(accept_from(server), -EAGAIN, "limits the wait");
  timeout[1] = 1000000;
  check_is(syscall(__NR_setsockopt, server, 1, 20, timeout, sizeof(timeout)), -EDOM, "a second is not a million microseconds");
  check_is(syscall(__NR_setsockopt, server, 1, 20, timeout, 8), -EINVAL, "and half of it nothing");
  check_is(syscall(__NR_shutdown, server, 0), 0, "shutting a listener");
  check_is(accept_from(server), -EINVAL, "ends accepting");
  check_is(connect_to(sock(STREAM), "@waiting"), -ECONNREFUSED, "and connecting");
  int on = 7;
  check_is(syscall(__NR_setsockopt, server, 1, 2, &on, 4), 0, "SO_REUSEADDR means nothing here");
  check_is(option(server, 2), 1, "but is remembered");
}

static void datagrams(void) {
  int one = sock(DGRAM | NONBLOCK), two = sock(DGRAM | NONBLOCK), size = sizeof(at);
  bind_to(one, "/tmp/dgram");
  check_is(write(two, "x", 1), -ENOTCONN, "a datagram needs an address");
  check_is(send_to(two, "hello", "/tmp/dgram"), 5, "with one it is sent");
  check_is(syscall(__NR_recvfrom, one, buf, 10, 0, &at, &size), 5, "and received");
  check_is(size, 0, "from nobody in particular");
  bind_to(two, "@two");
  send_to(two, "x", "/tmp/dgram");
  size = sizeof(at);
  syscall(__NR_recvfrom, one, buf, 10, 0, &at, &size);
  check_is(size, 2 + 4, "or from a name");
  check_is(syscall(__NR_sendto, one, "re", 2, 0, &at, size), 2, "to which one can answer");
  check_is(read(two, buf, 10), 2, "so that it arrives");
  check_is(send_to(two, "x", "@nobody"), -ECONNREFUSED, "nobody there is ECONNREFUSED");
  int sent = 0;
  while (send_to(two, "x", "/tmp/dgram") == 1) sent++;
  check_is(sent, 11, "eleven messages may wait");
  check_is(connect_to(two, "/tmp/dgram"), 0, "a datagram socket can be connected");
  check_is(events(two), 0, "poll sees that the other is full");
  read(one, buf, 10);
  check_is(events(two), POLLOUT, "and when it is not");
  check_is(write(two, "y", 1), 1, "so one more may be written");
  check_is(write(two, "y", 1), -EAGAIN, "not two");
  int three = sock(DGRAM);
  bind_to(three, "@three");
  check_is(connect_to(one, "@three"), 0, "who connects elsewhere");
  check_is(events(one) & POLLIN, POLLIN, "keeps what came before");
  check_is(write(two, "y", 1), -EPERM, "and hears nobody else any more: EPERM");
  check_is(connect_to(two, "/tmp/dgram"), -EPERM, "nor may anybody connect");
  at.sun_family = 0;
  check_is(syscall(__NR_connect, one, &at, 2), 0, "AF_UNSPEC disconnects");
  check_is(events(one) & POLLIN, 0, "and forgets what came");
  close(one);
  check_is(write(two, "y", 1), -ECONNREFUSED, "who is gone refuses");
  check_is(write(two, "y", 1), -ENOTCONN, "and is forgotten");
}

static void packets(void) {
  int server = sock(SEQPACKET), client = sock(SEQPACKET);
  bind_to(server, "@packets");
  listen_on(server, 5);
  check_is(read(client, buf, 1), -ENOTCONN, "SOCK_SEQPACKET is to be connected, too");
  check_is(connect_to(client, "@packets"), 0, "which it can");
  int worker = (int)accept_from(server);
  write(client, "one", 3);
  write(client, "two", 3);
  check_is(read(worker, buf, 10), 3, "its messages stay apart");
  close(client);
  check_is(read(worker, buf, 10), 3, "and are not lost");
  check_is(read(worker, buf, 10), 0, "until the end");
}

int main(void) {
  binding();
  refusals();
  streams();
  waiting();
  datagrams();
  packets();
  return checked();
}
