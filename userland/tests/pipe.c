/*
 * pipe.c - pipes: order, atomicity, ends
 *
 * Linux: fs/pipe.c, Manual: pipe(7)
 */
#include "check.h"

enum { PIPE_SIZE = 65536 };

static int fds[2];
static char block[2 * PIPE_SIZE];
static volatile int pipe_signals;

static void on_pipe_signal(int sig) {
  (void)sig;
  pipe_signals++;
}

static void open_pipe(int flags) { pipe2(fds, flags); }
static void close_pipe(void) { close(fds[0]), close(fds[1]); }

static void check_basics(void) {
  char buffer[16] = {0};
  struct stat st;
  open_pipe(0);
  check(write(fds[1], "one", 3) == 3 && write(fds[1], "two", 3) == 3, "a pipe takes bytes");
  check_is(read(fds[0], buffer, 4), 4, "and gives as many as one asks for");
  check(memcmp(buffer, "onet", 4) == 0, "in the order in which they came");
  check_is(read(fds[0], buffer, 16), 2, "or as many as there are");
  check_is(read(fds[1], buffer, 1), -EBADF, "its writing end cannot be read");
  check_is(write(fds[0], buffer, 1), -EBADF, "nor its reading end written");
  check_is(lseek(fds[0], 0, SEEK_CUR), -ESPIPE, "it has no positions");
  check_is(write(fds[1], buffer, 0), 0, "writing nothing is possible");
  fstat(fds[0], &st);
  check_is(st.st_mode & S_IFMT, S_IFIFO, "it is a FIFO to stat");
  write(fds[1], "rest", 4);
  close(fds[1]);
  check_is(read(fds[0], buffer, 16), 4, "what is in it can still be read when the writer has gone");
  check_is(read(fds[0], buffer, 16), 0, "then it has ended");
  close(fds[0]);
}

static void check_no_reader(void) {
  open_pipe(0);
  close(fds[0]);
  set_signal(SIGPIPE, on_pipe_signal, 0);
  check_is(write(fds[1], "x", 1), -EPIPE, "writing without a reader is EPIPE");
  check_is(pipe_signals, 1, "and SIGPIPE");
  set_signal(SIGPIPE, SIG_IGN, 0);
  check_is(write(fds[1], "x", 1), -EPIPE, "if that is ignored EPIPE remains");
  set_signal(SIGPIPE, SIG_DFL, 0);
  close(fds[1]);
}

static void check_nonblocking(void) {
  open_pipe(O_NONBLOCK | O_CLOEXEC);
  check_is(fcntl(fds[0], F_GETFD, 0), FD_CLOEXEC, "pipe2 sets close-on-exec");
  check_is(fcntl(fds[1], F_GETFL, 0) & O_NONBLOCK, O_NONBLOCK, "and O_NONBLOCK");
  check_is(read(fds[0], block, 1), -EAGAIN, "an empty pipe is EAGAIN");
  check_is(write(fds[1], block, sizeof(block)), PIPE_SIZE, "a pipe holds 65536 bytes");
  check_is(write(fds[1], block, 1), -EAGAIN, "a full one is EAGAIN");
  read(fds[0], block, 100);
  check_is(write(fds[1], block, 1), -EAGAIN, "room comes in whole pages");
  read(fds[0], block, 4095 - 99);
  check_is(write(fds[1], block, 5000), 4096, "more than 4096 bytes are written as far as they fit");
  read(fds[0], block, 4096);
  check_is(write(fds[1], block, 4096), 4096, "up to 4096 bytes are written at once or not at all");
  int available = 0;
  ioctl(fds[0], FIONREAD, &available);
  check_is(available, PIPE_SIZE, "FIONREAD tells how much is in it");
  check_is(fcntl(fds[0], F_GETPIPE_SZ, 0), PIPE_SIZE, "F_GETPIPE_SZ tells its size");
  close_pipe();
}

static void check_blocking(void) {
  open_pipe(0);
  if (fork() == 0) {
    close(fds[0]);
    for (int i = 0; i < 100; i++) write(fds[1], block, 3000);
    exit(0);
  }
  close(fds[1]);
  long total = 0, n;
  while ((n = read(fds[0], block, 7777)) > 0) total += n;
  check_is(total, 300000, "a writer waits for room, a reader for bytes, and all arrive");
  close(fds[0]);
  wait4(-1, NULL, 0, NULL);
}

/* Two writers of 512 bytes each: pieces of up to PIPE_BUF bytes are never mixed. */
static void check_atomicity(void) {
  open_pipe(0);
  for (char name = 'a'; name <= 'b'; name++) {
    if (fork() != 0) continue;
    close(fds[0]);
    memset(block, name, 512);
    for (int i = 0; i < 400; i++) write(fds[1], block, 512);
    exit(0);
  }
  close(fds[1]);
  bool whole = true;
  for (int i = 0; i < 800; i++) {
    for (int have = 0; have < 512;) have += (int)read(fds[0], block + have, (size_t)(512 - have));
    for (int k = 1; k < 512; k++) whole &= block[k] == block[0];
  }
  check(whole, "two writers do not mix their pieces");
  close(fds[0]);
  while (wait4(-1, NULL, 0, NULL) > 0) {}
}

static void check_fifo(void) {
  char buffer[8] = {0};
  unlink("/tmp/fifo-test");
  check_is(mknod("/tmp/fifo-test", S_IFIFO | 0600, 0), 0, "a FIFO has a name");
  check_is(open("/tmp/fifo-test", O_WRONLY | O_NONBLOCK, 0), -ENXIO, "without a reader it cannot be opened for writing with O_NONBLOCK");
  int reader = (int)open("/tmp/fifo-test", O_RDONLY | O_NONBLOCK, 0);
  check(reader >= 0, "but for reading without a writer");
  check_is(read(reader, buffer, 1), 0, "and then it has ended");
  int writer = (int)open("/tmp/fifo-test", O_WRONLY | O_NONBLOCK, 0);
  check_is(read(reader, buffer, 1), -EAGAIN, "with a writer it is only empty");
  write(writer, "fifo", 4);
  check_is(read(reader, buffer, 8), 4, "what the writer writes arrives");
  close(reader), close(writer);
  if (fork() == 0) exit(write((int)open("/tmp/fifo-test", O_WRONLY, 0), "meet", 4) != 4);
  reader = (int)open("/tmp/fifo-test", O_RDONLY, 0);
  check_is(read(reader, buffer, 8), 4, "without O_NONBLOCK the two ends wait for each other");
  wait4(-1, NULL, 0, NULL);
  close(reader);
  unlink("/tmp/fifo-test");
}

int main(void) {
  check_basics();
  check_no_reader();
  check_nonblocking();
  check_blocking();
  check_atomicity();
  check_fifo();
  return checked();
}
