/*
 * open.c - opening, naming and removing files
 *
 * Linux: fs/open.c, fs/namei.c
 */
#include "check.h"

static int make(const char *path, const char *text) {
  int fd = (int)open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  write(fd, text, strlen(text));
  return (int)close(fd);
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* The error of opening; the descriptor is closed again. */
static long try_open(const char *path, int flags) {
  long fd = open(path, flags, 0644);
  return fd < 0 ? fd : close((int)fd);
}

static void check_open(void) {
  static char long_name[300], long_path[5000];
  memset(long_name, 'n', sizeof(long_name) - 1);
  memset(long_path, '/', sizeof(long_path) - 1);
  make("file", "contents");
  check_is(try_open("none", O_RDONLY), -ENOENT, "what does not exist is ENOENT");
  check_is(try_open("", O_RDONLY), -ENOENT, "and so is the empty name");
  check_is(try_open("file/x", O_RDONLY), -ENOTDIR, "a file is no directory: ENOTDIR");
  check_is(try_open("file/", O_RDONLY), -ENOTDIR, "a slash behind a file's name asks for a directory, too");
  check_is(try_open(".", O_WRONLY), -EISDIR, "a directory cannot be opened for writing: EISDIR");
  check_is(try_open(".", O_RDONLY), 0, "but for reading");
  check_is(try_open("file", O_RDONLY | O_DIRECTORY), -ENOTDIR, "O_DIRECTORY takes only directories");
  check_is(try_open("file", O_WRONLY | O_CREAT | O_EXCL), -EEXIST, "O_EXCL makes a new file or is EEXIST");
  check_is(try_open("none/x", O_WRONLY | O_CREAT), -ENOENT, "O_CREAT makes files, not the way to them");
  check_is(try_open("new/", O_WRONLY | O_CREAT), -EISDIR, "nor directories");
  check_is(try_open(long_name, O_RDONLY), -ENAMETOOLONG, "a name has at most 255 bytes");
  check_is(try_open(long_path, O_RDONLY), -ENAMETOOLONG, "a path fewer than 4096");
  check_is(try_open("../open-test/./file", O_RDONLY), 0, "dots are understood");
  check_is(try_open("//tmp///open-test/file", O_RDONLY), 0, "and slashes may be doubled");
}

static void check_mode(void) {
  struct stat st;
  umask(027);
  close((int)open("mode", O_WRONLY | O_CREAT, 0666));
  stat("mode", &st);
  check_is(st.st_mode, S_IFREG | 0640, "the umask takes permissions away from a new file");
  mkdir("mode-dir", 0777);
  stat("mode-dir", &st);
  check_is(st.st_mode, S_IFDIR | 0750, "and from a new directory");
  umask(022);
  chmod("mode", 04711);
  stat("mode", &st);
  check_is(st.st_mode, S_IFREG | 04711, "chmod is not concerned");
  int fd = (int)open("read-only", O_RDWR | O_CREAT, 0444);
  check_is(write(fd, "x", 1), 1, "a new file can be written whatever its permissions");
  close(fd);
}

static void check_descriptors(void) {
  int first = (int)open("file", O_RDONLY, 0), second = (int)open("file", O_RDONLY, 0);
  close(first);
  check_is(open("file", O_RDONLY, 0), first, "a new descriptor is the lowest that is free");
  check_is(close(second), 0, "a descriptor can be closed");
  check_is(close(second), -EBADF, "once");
  check_is(write(first, "x", 1), -EBADF, "what is open for reading cannot be written");
  int fd = (int)open("file", O_WRONLY, 0);
  char c;
  check_is(read(fd, &c, 1), -EBADF, "and the other way round");
  close(fd);
  fd = (int)open(".", O_RDONLY, 0);
  check_is(read(fd, &c, 1), -EISDIR, "a directory cannot be read");
  check_is(openat(fd, "file", O_RDONLY, 0), fd + 1, "openat starts at a directory's descriptor");
  check_is(openat(first, "file", O_RDONLY, 0), -ENOTDIR, "not at a file's");
  check_is(openat(77, "file", O_RDONLY, 0), -EBADF, "nor at one that is not open");
  check_is(openat(77, "/tmp", O_RDONLY, 0), fd + 2, "which does not matter if the path starts at the root");
  int path = (int)open("file", O_PATH, 0);
  check(path >= 0 && read(path, &c, 1) == -EBADF, "O_PATH gives a place in the tree, not a file to read");
  for (int i = first; i <= path; i++) close(i);
}

static void check_rename(void) {
  make("a", "a"), make("b", "b");
  mkdir("d", 0755), mkdir("d/inner", 0755), mkdir("empty", 0755);
  check_is(rename("a", "b"), 0, "rename replaces a file");
  check(!exists("a") && exists("b"), "whose name then means the other");
  check_is(rename("none", "x"), -ENOENT, "what does not exist is ENOENT");
  check_is(rename("b", "d"), -EISDIR, "a file does not replace a directory");
  check_is(rename("d", "b"), -ENOTDIR, "nor a directory a file");
  check_is(rename("empty", "d"), -ENOTEMPTY, "only an empty directory can be replaced");
  check_is(rename("d", "empty"), 0, "then it is");
  check_is(rename("empty", "empty/inner/x"), -EINVAL, "a directory cannot move into itself");
  check_is(rename("b", "b"), 0, "a file can be renamed to itself");
  check_is(rename("b", "/proc/x"), -EXDEV, "another file system is EXDEV");
  make("c", "c");
  check_is(syscall(__NR_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", RENAME_NOREPLACE), -EEXIST, "RENAME_NOREPLACE replaces nothing");
  check_is(syscall(__NR_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE), 0, "RENAME_EXCHANGE exchanges");
}

static void check_remove(void) {
  char c = 0;
  make("gone", "still here");
  int fd = (int)open("gone", O_RDONLY, 0);
  check_is(unlink("gone"), 0, "a file can be removed while it is open");
  check(!exists("gone") && read(fd, &c, 1) == 1 && c == 's', "and its contents remain until it is closed");
  close(fd);
  check_is(unlink("gone"), -ENOENT, "it cannot be removed twice");
  check_is(unlink("empty"), -EISDIR, "unlink does not remove directories");
  check_is(rmdir("file"), -ENOTDIR, "rmdir removes nothing else");
  check_is(rmdir("empty"), -ENOTEMPTY, "and only empty ones");
  check_is(rmdir("empty/inner"), 0, "which it does");
  check_is(rmdir("empty/."), -EINVAL, "it does not remove a directory by the name of a dot");
  check_is(mkdir("file", 0755), -EEXIST, "a name in use is EEXIST to mkdir");
  check_is(mkdir("new/", 0755), 0, "a slash behind its name is fine");
  check_is(rmdir("/"), -EBUSY, "the root cannot be removed");
}

int main(void) {
  mkdir("/tmp/open-test", 0755);
  chdir("/tmp/open-test");
  check_open();
  check_mode();
  check_descriptors();
  check_rename();
  check_remove();
  return checked();
}
