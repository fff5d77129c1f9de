/*
 * file.c - positions, sizes, vectors and flags of open files
 *
 * Linux: fs/read_write.c, fs/fcntl.c, fs/open.c
 */
#include "check.h"

static char buffer[64];

static int make(const char *text, int flags) {
  int fd = (int)open("file", O_RDWR | O_CREAT | O_TRUNC | flags, 0644);
  write(fd, text, strlen(text));
  return fd;
}

static long size_of(int fd) {
  struct stat st;
  fstat(fd, &st);
  return st.st_size;
}

static void check_positions(void) {
  int fd = make("0123456789", 0);
  check_is(lseek(fd, 0, SEEK_CUR), 10, "writing moves the position");
  check_is(lseek(fd, 4, SEEK_SET), 4, "SEEK_SET counts from the start");
  check_is(lseek(fd, 2, SEEK_CUR), 6, "SEEK_CUR from the position");
  check_is(lseek(fd, -1, SEEK_END), 9, "SEEK_END from the end");
  check_is(lseek(fd, -11, SEEK_END), -EINVAL, "there is nothing before the start");
  check_is(lseek(fd, 0, 99), -EINVAL, "other ways are EINVAL");
  check_is(lseek(fd, 3, SEEK_DATA), 3, "SEEK_DATA finds data where it is");
  check_is(lseek(fd, 3, SEEK_HOLE), 10, "SEEK_HOLE finds the hole behind the end");
  check_is(lseek(fd, 11, SEEK_DATA), -ENXIO, "behind which there is no data: ENXIO");
  lseek(fd, 2, SEEK_SET);
  check(pread(fd, buffer, 3, 5) == 3 && memcmp(buffer, "567", 3) == 0, "pread reads elsewhere");
  check_is(pwrite(fd, "ab", 2, 0), 2, "pwrite writes elsewhere");
  check_is(lseek(fd, 0, SEEK_CUR), 2, "and both leave the position alone");
  check_is(pread(fd, buffer, 1, -1), -EINVAL, "a negative position is EINVAL");
  check_is(read(fd, buffer, 64), 8, "read stops at the end");
  check_is(read(fd, buffer, 64), 0, "where there is nothing more");
  lseek(fd, 20, SEEK_SET);
  write(fd, "z", 1);
  pread(fd, buffer, 64, 0);
  check(size_of(fd) == 21 && memcmp(buffer + 9, "9\0\0\0\0\0\0\0\0\0\0z", 12) == 0, "writing behind the end leaves zeros before it");
  close(fd);
}

static void check_sizes(void) {
  int fd = make("0123456789", 0);
  check_is(ftruncate(fd, 4), 0, "a file can be cut");
  check_is(size_of(fd), 4, "to that size");
  check_is(ftruncate(fd, 8), 0, "and made longer");
  check(pread(fd, buffer, 64, 0) == 8 && memcmp(buffer, "0123\0\0\0\0", 8) == 0, "what was cut off does not come back");
  check_is(ftruncate(fd, -1), -EINVAL, "a negative size is EINVAL");
  check_is(truncate("file", 1), 0, "truncate does it by name");
  check_is(truncate(".", 1), -EISDIR, "but not to a directory");
  close(fd);
  fd = (int)open("file", O_RDONLY, 0);
  check_is(ftruncate(fd, 0), -EINVAL, "a file that is open for reading is EINVAL");
  close(fd);
  fd = (int)open("file", O_RDWR | O_TRUNC, 0);
  check_is(size_of(fd), 0, "O_TRUNC empties");
  close(fd);
}

static void check_append(void) {
  int fd = make("start", O_APPEND);
  lseek(fd, 0, SEEK_SET);
  write(fd, "end", 3);
  check(pread(fd, buffer, 64, 0) == 8 && memcmp(buffer, "startend", 8) == 0, "O_APPEND writes at the end wherever the position is");
  check_is(lseek(fd, 0, SEEK_CUR), 8, "and moves the position there");
  close(fd);
}

static void check_vectors(void) {
  int fd = make("", 0);
  struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cdef", 4}}, in[2] = {{buffer, 1}, {buffer + 10, 3}}, bad = {buffer, (size_t)-1};
  check_is(writev(fd, out, 3), 6, "writev writes all pieces");
  lseek(fd, 0, SEEK_SET);
  check(readv(fd, in, 2) == 4 && buffer[0] == 'a' && memcmp(buffer + 10, "bcd", 3) == 0, "readv fills one after the other");
  check_is(readv(fd, in, 0), 0, "no pieces are possible");
  check_is(readv(fd, in, -1), -EINVAL, "fewer are not");
  check_is(readv(fd, in, 1025), -EINVAL, "nor are more than 1024");
  check_is(readv(fd, &bad, 1), -EINVAL, "a piece cannot have a negative length");
  close(fd);
}

static void check_duplicates(void) {
  int fd = make("0123456789", 0);
  int copy = (int)dup(fd);
  lseek(fd, 3, SEEK_SET);
  check_is(lseek(copy, 0, SEEK_CUR), 3, "a duplicate has the same position");
  check_is(dup3(fd, 40, O_CLOEXEC), 40, "dup3 takes the number that one wants");
  check_is(fcntl(40, F_GETFD, 0), FD_CLOEXEC, "and sets close-on-exec");
  check_is(dup3(fd, fd, 0), -EINVAL, "the same number is EINVAL");
  check_is(dup3(99, 41, 0), -EBADF, "what is not open is EBADF");
  check_is(fcntl(fd, F_DUPFD, 50), 50, "F_DUPFD takes the lowest from a number on");
  check_is(fcntl(fd, F_DUPFD_CLOEXEC, 50), 51, "F_DUPFD_CLOEXEC too");
  check_is(fcntl(51, F_GETFD, 0), FD_CLOEXEC, "and sets close-on-exec");
  check_is(fcntl(fd, F_SETFD, FD_CLOEXEC), 0, "which can be set later");
  check_is(fcntl(copy, F_GETFD, 0), 0, "and is the descriptor's, not the file's");
  static const int all[] = {40, 50, 51};
  for (size_t i = 0; i < countof(all); i++) close(all[i]);
  close(fd), close(copy);
}

static void check_flags(void) {
  int fd = make("x", O_APPEND);
  check_is(fcntl(fd, F_GETFL, 0) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_APPEND, "F_GETFL tells how it was opened");
  check_is(fcntl(fd, F_SETFL, O_NONBLOCK | O_WRONLY), 0, "F_SETFL changes some flags");
  check_is(fcntl(fd, F_GETFL, 0) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_RDWR | O_NONBLOCK, "and leaves the access alone");
  check_is(fcntl(fd, 9999, 0), -EINVAL, "unknown commands are EINVAL");
  check_is(fcntl(99, F_GETFL, 0), -EBADF, "unknown descriptors EBADF");
  check_is(fsync(fd), 0, "fsync succeeds");
  check_is(ioctl(fd, TCGETS, buffer), -ENOTTY, "a file is no terminal: ENOTTY");
  close(fd);
}

int main(void) {
  mkdir("/tmp/file-test", 0755);
  chdir("/tmp/file-test");
  check_positions();
  check_sizes();
  check_append();
  check_vectors();
  check_duplicates();
  check_flags();
  return checked();
}
