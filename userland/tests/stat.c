/*
 * stat.c - what a file is
 *
 * Linux: fs/stat.c
 */
#include "check.h"

static void check_kinds(void) {
  static const struct {
    const char *path;
    unsigned type;
    const char *sentence;
  } rows[] = {
    {"file", S_IFREG, "a file is a regular file"},          {".", S_IFDIR, "a directory is a directory"},
    {"link", S_IFLNK, "a link is a link"},                   {"fifo", S_IFIFO, "a FIFO is a FIFO"},
    {"/dev/null", S_IFCHR, "/dev/null is a character device"},
  };
  struct stat st;
  struct statx stx;
  for (size_t i = 0; i < countof(rows); i++) {
    lstat(rows[i].path, &st);
    statx(AT_FDCWD, rows[i].path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx);
    check((st.st_mode & S_IFMT) == rows[i].type && stx.stx_mode == st.st_mode, rows[i].sentence);
  }
}

static void check_fields(void) {
  struct stat st, by_fd;
  int fd = (int)open("file", O_RDWR, 0);
  write(fd, "12345", 5);
  check_is(fstat(fd, &by_fd), 0, "fstat asks by descriptor");
  stat("file", &st);
  check(st.st_ino == by_fd.st_ino && st.st_dev == by_fd.st_dev, "and gets the same answer as stat by name");
  check_is(st.st_size, 5, "the size is in bytes");
  check_is(st.st_blocks, 8, "the blocks are of 512 bytes, a page's worth");
  check_is(st.st_blksize, 4096, "the best size for reading is a page");
  check_is(st.st_nlink, 1, "the file has one name");
  check(st.st_uid == 0 && st.st_gid == 0, "and belongs to who made it");
  check_is(st.st_mode, S_IFREG | 0644, "with the permissions asked for");
  check_is(fstatat(fd, "", &st, AT_EMPTY_PATH), 0, "an empty path with AT_EMPTY_PATH means the descriptor");
  check_is(st.st_size, 5, "and asks for its file");
  check_is(fstatat(fd, "", &st, 0), -ENOENT, "without the flag it is ENOENT");
  check_is(stat("none", &st), -ENOENT, "what does not exist is ENOENT");
  check_is(fstat(99, &st), -EBADF, "what is not open is EBADF");
  check_is(fstatat(AT_FDCWD, "file", &st, 0x40), -EINVAL, "unknown flags are EINVAL");
  stat("/dev/null", &st);
  check_is(st.st_rdev, 0x103, "/dev/null is device 1:3");
  close(fd);
}

static void check_statx(void) {
  struct statx st;
  memset(&st, 0xff, sizeof(st));
  check_is(statx(AT_FDCWD, "file", 0, STATX_BASIC_STATS, &st), 0, "statx answers");
  check_is(st.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS, "all basic fields");
  check(st.stx_size == 5 && st.stx_nlink == 1 && st.stx_mode == (S_IFREG | 0644), "as stat does");
  check_is(st.stx_rdev_major | st.stx_rdev_minor, 0, "a file is no device");
  statx(AT_FDCWD, "/dev/zero", 0, STATX_BASIC_STATS, &st);
  check(st.stx_rdev_major == 1 && st.stx_rdev_minor == 5, "/dev/zero is device 1:5");
  check_is(statx(AT_FDCWD, "file", 0, 0x80000000, &st), -EINVAL, "the reserved bit of the mask is EINVAL");
  check_is(statx(AT_FDCWD, "file", 0x40, 0, &st), -EINVAL, "unknown flags are EINVAL");
}

static void check_times(void) {
  struct stat st;
  struct timespec times[2] = {{1000, 5}, {2000, 6}}, omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}}, bad[2] = {{0, 1000000000}, {0, 0}};
  check_is(utimensat(AT_FDCWD, "file", times, 0), 0, "times can be set");
  stat("file", &st);
  check(st.st_atime == 1000 && st.st_atime_nsec == 5 && st.st_mtime == 2000 && st.st_mtime_nsec == 6, "and read back");
  check(st.st_ctime > 2000, "the time of the last change is now");
  check_is(utimensat(AT_FDCWD, "file", omit, 0), 0, "UTIME_OMIT leaves a time");
  stat("file", &st);
  check_is(st.st_mtime, 2000, "as it is");
  check_is(utimensat(AT_FDCWD, "file", bad, 0), -EINVAL, "a second has fewer nanoseconds: EINVAL");
  utimensat(AT_FDCWD, "file", NULL, 0);
  stat("file", &st);
  check(st.st_mtime > 2000 && st.st_atime == st.st_mtime, "without times it is now");
  times[1].tv_sec = 0;
  utimensat(AT_FDCWD, "file", times, 0);
  int fd = (int)open("file", O_WRONLY, 0);
  write(fd, "x", 1);
  fstat(fd, &st);
  check(st.st_mtime > 2000, "writing changes the time of modification");
  close(fd);
}

static void check_access(void) {
  chmod("file", 0);
  check_is(access("file", R_OK | W_OK), 0, "root may read and write whatever the permissions");
  check_is(access("file", X_OK), -EACCES, "but not execute what nobody may");
  chmod("file", 0100);
  check_is(access("file", X_OK), 0, "what somebody may, root may");
  check_is(access("file", 8), -EINVAL, "there are three permissions");
  chmod("file", 0644);
}

int main(void) {
  mkdir("/tmp/stat-test", 0755);
  chdir("/tmp/stat-test");
  close((int)open("file", O_WRONLY | O_CREAT | O_TRUNC, 0644));
  symlink("file", "link");
  mknod("fifo", S_IFIFO | 0644, 0);
  check_kinds();
  check_fields();
  check_statx();
  check_times();
  check_access();
  return checked();
}
