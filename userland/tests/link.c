/*
 * link.c - several names for a file, and names that stand for paths
 *
 * Linux: fs/namei.c
 */
#include "check.h"

static char buffer[PATH_MAX];

static unsigned links(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 ? st.st_nlink : 0;
}

static void check_hard_links(void) {
  struct stat a, b;
  close((int)open("file", O_WRONLY | O_CREAT, 0644));
  check_is(links("file"), 1, "a new file has one name");
  check_is(link("file", "other"), 0, "it can get another");
  stat("file", &a), stat("other", &b);
  check(a.st_ino == b.st_ino && a.st_nlink == 2, "both mean the same file, which counts them");
  check_is(link("file", "other"), -EEXIST, "a name in use is EEXIST");
  check_is(link("none", "x"), -ENOENT, "a file that does not exist is ENOENT");
  check_is(link(".", "x"), -EPERM, "directories have one name only");
  unlink("file");
  check_is(links("other"), 1, "removing a name leaves the others");
  mkdir("d", 0755), mkdir("d/e", 0755);
  check_is(links("d"), 3, "a directory is also its own dot and the dot-dot of those in it");
}

static void check_symbolic_links(void) {
  struct stat st;
  close((int)open("file", O_WRONLY | O_CREAT, 0644));
  check_is(symlink("file", "link"), 0, "a symbolic link can be made");
  check_is(symlink("x", "link"), -EEXIST, "but not over something");
  check_is(symlink("", "x"), -ENOENT, "nor to nothing");
  check_is(readlink("link", buffer, sizeof(buffer)), 4, "readlink gives its text without a NUL");
  check_is(readlink("link", buffer, 2), 2, "or as much as there is room for");
  check_is(readlink("file", buffer, sizeof(buffer)), -EINVAL, "other files have none");
  check_is(readlink("link", buffer, 0), -EINVAL, "no room at all is EINVAL");
  stat("link", &st);
  check_is(st.st_mode & S_IFMT, S_IFREG, "stat follows it");
  lstat("link", &st);
  check(st.st_mode == (S_IFLNK | 0777) && st.st_size == 4, "lstat does not");
  check_is(open("link", O_RDONLY | O_NOFOLLOW, 0), -ELOOP, "O_NOFOLLOW does not open it");
  symlink("nowhere", "dangling");
  check_is(open("dangling", O_RDONLY, 0), -ENOENT, "a link to nothing is ENOENT");
  check_is(open("dangling", O_WRONLY | O_CREAT | O_EXCL, 0644), -EEXIST, "but with O_EXCL it exists");
  close((int)open("dangling", O_WRONLY | O_CREAT, 0644));
  check_is(access("nowhere", F_OK), 0, "and without it O_CREAT makes what it points to");
  check_is(unlink("link"), 0, "unlink removes the link");
  check_is(access("file", F_OK), 0, "not what it points to");
}

static void check_walks(void) {
  symlink("loop2", "loop1"), symlink("loop1", "loop2");
  check_is(open("loop1", O_RDONLY, 0), -ELOOP, "a circle is ELOOP");
  symlink("d", "dirlink");
  check_is(access("dirlink/e", F_OK), 0, "a link to a directory leads into it");
  check_is(access("dirlink/e/../../file", F_OK), 0, "dot-dot goes up from where the link has led");
  check_is(rmdir("dirlink"), -ENOTDIR, "rmdir does not remove a link");
  symlink("/tmp/link-test/file", "absolute");
  check_is(access("absolute", F_OK), 0, "a link may start at the root");

  // Forty links in one path are followed, one more is not.
  symlink("file", "chain0");
  for (int i = 1; i <= 40; i++) {
    char from[16], to[16];
    snprintf(to, sizeof(to), "chain%d", i - 1);
    snprintf(from, sizeof(from), "chain%d", i);
    symlink(to, from);
  }
  check_is(access("chain39", F_OK), 0, "forty links in a row are followed");
  check_is(access("chain40", F_OK), -ELOOP, "forty-one are ELOOP");
}

static void check_link_of_link(void) {
  struct stat st;
  symlink("file", "slink");
  check_is(link("slink", "hard"), 0, "link does not follow a symbolic link");
  lstat("hard", &st);
  check_is(st.st_mode & S_IFMT, S_IFLNK, "so the new name is one as well");
  check_is(syscall(__NR_linkat, AT_FDCWD, "slink", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW), 0, "AT_SYMLINK_FOLLOW does");
  lstat("followed", &st);
  check_is(st.st_mode & S_IFMT, S_IFREG, "and gives the file a name");
}

int main(void) {
  mkdir("/tmp/link-test", 0755);
  chdir("/tmp/link-test");
  check_hard_links();
  check_symbolic_links();
  check_walks();
  check_link_of_link();
  return checked();
}
