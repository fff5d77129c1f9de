/*
 * dir.c - reading directories, and the working directory
 *
 * Linux: fs/readdir.c, fs/d_path.c
 */
#include "check.h"

static char buffer[4096] __attribute__((aligned(8)));
static char path[PATH_MAX];

static bool path_is(const char *want) { return strcmp(path, want) == 0; }

/* How many names there are, read with a buffer of that size; each name `fN` sets bit N. */
static int count_names(size_t size, unsigned *seen) {
  int fd = (int)open(".", O_RDONLY | O_DIRECTORY, 0), count = 0;
  long n;
  *seen = 0;
  while ((n = getdents64(fd, buffer, size)) > 0) {
    for (long at = 0; at < n; count++) {
      struct linux_dirent64 *entry = (struct linux_dirent64 *)(buffer + at);
      long number;
      if (entry->d_name[0] == 'f' && parse_long(entry->d_name + 1, &number)) *seen |= 1u << number;
      at += entry->d_reclen;
    }
  }
  close(fd);
  return count;
}

static int type_of(const char *name) {
  struct dir dir;
  int type = -1;
  dir_open(&dir, ".");
  for (struct linux_dirent64 *entry; (entry = dir_next(&dir));)
    if (strcmp(entry->d_name, name) == 0) type = entry->d_type;
  dir_close(&dir);
  return type;
}

static void check_entries(void) {
  char name[8];
  unsigned seen;
  for (int i = 0; i < 20; i++) {
    snprintf(name, sizeof(name), "f%d", i);
    close((int)open(name, O_WRONLY | O_CREAT, 0644));
  }
  check(count_names(4096, &seen) == 22 && seen == 0xfffff, "a directory lists its names, with dot and dot-dot");
  check(count_names(64, &seen) == 22 && seen == 0xfffff, "a few at a time if there is little room, and none twice");

  int fd = (int)open(".", O_RDONLY | O_DIRECTORY, 0);
  check_is(getdents64(fd, buffer, 8), -EINVAL, "no room for a single one is EINVAL");
  long all = getdents64(fd, buffer, 4096);
  check_is(getdents64(fd, buffer, 4096), 0, "at the end there are none");
  lseek(fd, 0, SEEK_SET);
  check_is(getdents64(fd, buffer, 4096), all, "lseek goes back to the start");
  struct linux_dirent64 *first = (struct linux_dirent64 *)buffer;
  check_is(first->d_reclen % 8, 0, "entries are aligned to eight bytes");
  check_is(strcmp(first->d_name, "."), 0, "the first is the dot");
  close(fd);
  fd = (int)open("f0", O_RDONLY, 0);
  check_is(getdents64(fd, buffer, 4096), -ENOTDIR, "a file has no entries: ENOTDIR");
  close(fd);

  mkdir("sub", 0755);
  symlink("f0", "symbolic");
  check_is(type_of("f0"), 8, "an entry tells that it is a regular file");
  check_is(type_of("sub"), 4, "or a directory");
  check_is(type_of("symbolic"), 10, "or a symbolic link");
}

static void check_removed(void) {
  unsigned seen;
  for (int i = 0; i < 20; i++) {
    char name[8];
    snprintf(name, sizeof(name), "f%d", i);
    unlink(name);
  }
  check_is(count_names(4096, &seen), 4, "removed files are not listed");
  mkdir("sub/gone", 0755);
  chdir("sub/gone");
  rmdir("../gone");
  check_is(count_names(4096, &seen), 0, "a removed directory is empty, without even the dots");
  check_is(open("new", O_WRONLY | O_CREAT, 0644), -ENOENT, "nothing can be made in it");
  check_is(getcwd(path, sizeof(path)), -ENOENT, "and it has no path");
  chdir("/tmp/dir-test");
}

static void check_cwd(void) {
  check_is(getcwd(path, sizeof(path)), 14, "getcwd tells the length, with the NUL");
  check(path_is("/tmp/dir-test"), "and the path");
  check_is(getcwd(path, 5), -ERANGE, "too little room is ERANGE");
  check_is(chdir("sub"), 0, "a relative path starts there");
  getcwd(path, sizeof(path));
  check(path_is("/tmp/dir-test/sub"), "and leads further down");
  chdir("..");
  getcwd(path, sizeof(path));
  check(path_is("/tmp/dir-test"), "or up");
  chdir("../../../../..");
  getcwd(path, sizeof(path));
  check(path_is("/"), "above the root is the root");
  chdir("/tmp/dir-test");
  check_is(chdir("none"), -ENOENT, "a directory that does not exist is ENOENT");
  check_is(chdir("symbolic"), -ENOENT, "and so is a link to nothing");
  close((int)open("f0", O_WRONLY | O_CREAT, 0644));
  check_is(chdir("symbolic"), -ENOTDIR, "a file is ENOTDIR");
  int fd = (int)open("sub", O_RDONLY, 0), file = (int)open("f0", O_RDONLY, 0);
  check_is(fchdir(fd), 0, "fchdir goes to an open directory");
  rename("/tmp/dir-test/sub", "/tmp/dir-test/renamed");
  getcwd(path, sizeof(path));
  check(path_is("/tmp/dir-test/renamed"), "whose path is the one that it has now");
  check_is(fchdir(file), -ENOTDIR, "a file is ENOTDIR");
  check_is(fchdir(99), -EBADF, "what is not open is EBADF");
  if (fork() == 0) exit((int)chdir("/"));
  wait4(-1, NULL, 0, NULL);
  getcwd(path, sizeof(path));
  check(path_is("/tmp/dir-test/renamed"), "a child that goes elsewhere goes alone");
}

int main(void) {
  mkdir("/tmp/dir-test", 0755);
  chdir("/tmp/dir-test");
  check_entries();
  check_removed();
  check_cwd();
  return checked();
}
