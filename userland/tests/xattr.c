/*
 * xattr.c - extended attributes: who may have which, and what the calls answer
 *
 * Linux: fs/xattr.c, mm/shmem.c
 */
#include "check.h"

#define XATTR_CREATE 1
#define XATTR_REPLACE 2

static const char *const file = "/tmp/file", *dir = "/tmp/dir", *slink = "/tmp/link", *fifo = "/tmp/fifo";
static char bytes[70000], long_name[300];

static long set(const char *path, const char *name, const char *value, long size, int flags) {
  return syscall(__NR_setxattr, path, name, value, size, flags);
}
static long lset(const char *path, const char *name) { return syscall(__NR_lsetxattr, path, name, "v", 1, 0); }
static long get(const char *path, const char *name, void *to, long size) { return syscall(__NR_getxattr, path, name, to, size); }
static long list(const char *path, void *to, long size) { return syscall(__NR_listxattr, path, to, size); }
static long drop(const char *path, const char *name) { return syscall(__NR_removexattr, path, name); }

static void values(void) {
  check_is(get(file, "user.a", bytes, 10), -ENODATA, "a file has no attributes at first");
  check_is(list(file, bytes, 100), 0, "and no names to list");
  check_is(set(file, "user.a", "one", 3, 0), 0, "user.a can be set");
  check_is(get(file, "user.a", bytes, 100), 3, "and read");
  check(memcmp(bytes, "one", 3) == 0, "as it was set");
  check_is(get(file, "user.a", NULL, 0), 3, "a size of zero asks for the length");
  check_is(get(file, "user.a", bytes, 2), -ERANGE, "too little room is ERANGE");
  check_is(set(file, "user.a", "x", 1, XATTR_CREATE), -EEXIST, "XATTR_CREATE wants a new one");
  check_is(set(file, "user.b", "x", 1, XATTR_REPLACE), -ENODATA, "XATTR_REPLACE an old one");
  check_is(set(file, "user.a", "", 0, XATTR_REPLACE), 0, "a value may be empty");
  check_is(get(file, "user.a", bytes, 100), 0, "and is then there all the same");
  check_is(set(file, "user.a", "x", 1, 4), -EINVAL, "unknown flags are EINVAL");
  check_is(set(file, "user.a", bytes, 65537, 0), -E2BIG, "more than 64 KiB are E2BIG");
  check_is(set(file, "user.big", bytes, 65536, 0), 0, "64 KiB are not");
  check_is(get(file, "user.big", bytes, 70000), 65536, "and can be read into more");
  check_is(set(file, "user.c", (void *)8, 10, 0), -EFAULT, "a bad pointer is EFAULT");
  check_is(get(file, "user.big", (void *)8, 65536), -EFAULT, "there, too");
}

static void names(void) {
  memset(long_name, 'n', sizeof(long_name) - 1);
  memcpy(long_name, "user.", 5);
  check_is(set(file, long_name, "x", 1, 0), -ERANGE, "a name of 299 bytes is ERANGE");
  long_name[256] = 0;
  check_is(get(file, long_name, bytes, 1), -ERANGE, "of 256, too");
  long_name[255] = 0;
  check_is(set(file, long_name, "x", 1, 0), 0, "of 255 is one");
  check_is(drop(file, long_name), 0, "and can be removed");
  check_is(set(file, "", "x", 1, 0), -ERANGE, "no name is ERANGE");
  check_is(set(file, (void *)8, "x", 1, 0), -EFAULT, "a bad pointer EFAULT");
  check_is(set(file, "user.", "x", 1, 0), -EINVAL, "a prefix alone is EINVAL");
  check_is(set(file, "mine.a", "x", 1, 0), -EOPNOTSUPP, "an unknown one EOPNOTSUPP");
  check_is(set(file, "nothing", "x", 1, 0), -EOPNOTSUPP, "none at all, too");
  check_is(set("/tmp/absent", "user.a", "x", 1, 0), -ENOENT, "an absent file is ENOENT");
  check_is(set("/tmp/absent", "user.a", "x", 1, 4), -EINVAL, "unless the flags are wrong");
  check_is(set("/tmp/absent", "", "x", 1, 0), -ERANGE, "or the name");
  check_is(get("/tmp/absent", "", bytes, 1), -ENOENT, "which getxattr looks at later");
  check_is(drop("/tmp/absent", ""), -ERANGE, "and removexattr does not");
}

static void lists(void) {
  set(file, "user.z", "x", 1, 0);
  set(file, "trusted.t", "x", 1, 0);
  set(file, "security.s", "x", 1, 0);
  drop(file, "user.big");
  static const char all[] = "user.z\0user.a\0trusted.t\0security.s";
  check_is(list(file, NULL, 0), sizeof(all), "the list is all names");
  check_is(list(file, bytes, 100), sizeof(all), "one after the other");
  check(memcmp(bytes, all, sizeof(all)) == 0, "in the order of the alphabet, backwards");
  check_is(list(file, bytes, 10), -ERANGE, "whole, or ERANGE");
  check_is(drop(file, "user.z"), 0, "one can be removed");
  check_is(drop(file, "user.z"), -ENODATA, "once");
  check_is(list("/proc/self/status", bytes, 100), 0, "files of /proc have none");
  check_is(get("/proc/self/status", "user.a", bytes, 100), -EOPNOTSUPP, "and can have none");
}

static void kinds(void) {
  check_is(set(dir, "user.a", "x", 1, 0), 0, "a directory may have user attributes");
  check_is(set(fifo, "user.a", "x", 1, 0), -EPERM, "a FIFO may not");
  check_is(get(fifo, "user.a", bytes, 10), -ENODATA, "and has none");
  check_is(set(fifo, "trusted.a", "x", 1, 0), 0, "but may have trusted ones");
  check_is(lset(slink, "user.l"), -EPERM, "a link may have no user attributes, either");
  check_is(lset(slink, "trusted.l"), 0, "but trusted ones");
  check_is(get(slink, "trusted.l", bytes, 10), -ENODATA, "and they are the link's");
  check_is(syscall(__NR_lgetxattr, slink, "trusted.l", bytes, 10), 1, "not the file's");
  check_is(syscall(__NR_llistxattr, slink, bytes, 100), 10, "which lists them");
  check_is(syscall(__NR_lremovexattr, slink, "trusted.l"), 0, "until they are removed");
}

static void descriptors(void) {
  int fd = (int)open(file, O_RDONLY, 0), path = (int)open(file, O_PATH, 0);
  check_is(syscall(__NR_fsetxattr, fd, "user.f", "x", 1, 0), 0, "a descriptor for reading is enough to set one");
  check_is(syscall(__NR_fgetxattr, fd, "user.f", bytes, 10), 1, "and to read it");
  check(syscall(__NR_flistxattr, fd, bytes, 100) > 0, "and to list it");
  check_is(syscall(__NR_fremovexattr, fd, "user.f"), 0, "and to remove it");
  check_is(syscall(__NR_fgetxattr, path, "user.a", bytes, 10), -EBADF, "O_PATH is not enough");
  int pipes[2];
  pipe2(pipes, 0);
  check_is(syscall(__NR_fgetxattr, pipes[0], "trusted.a", bytes, 10), -EOPNOTSUPP, "a pipe has none");
}

/* What somebody without rights is answered: the exit status has a bit for each sentence of nobody_says. */
static void as_nobody(void) {
  syscall(__NR_setresuid, 1000, 1000, 1000);
  bool told[] = {
      set(file, "user.a", "x", 1, 0) == -EACCES && get(file, "user.a", bytes, 10) == 0,
      set(file, "trusted.t", "x", 1, 0) == -EPERM,
      get(file, "trusted.t", bytes, 10) == -ENODATA,
      list(file, NULL, 0) == sizeof("security.s\0user.a"),
      set(file, "security.s", "x", 1, 0) == -EPERM,
      get(file, "security.s", bytes, 10) == 1,
      set("/tmp", "user.a", "x", 1, 0) == -EPERM && set(dir, "user.a", "x", 1, 0) == -EACCES,
  };
  int answer = 0;
  for (int i = 0; i < (int)sizeof(told); i++) answer |= told[i] << i;
  exit(answer);
}

static const char *const nobody_says[] = {
    "who may write a file may set user attributes, who may read it read them",
    "trusted ones are for CAP_SYS_ADMIN: EPERM",
    "others do not see them: ENODATA",
    "nor their names",
    "security attributes are set by CAP_SYS_ADMIN",
    "and read by everybody",
    "of a sticky directory, only the owner sets them",
};

int main(void) {
  close((int)open(file, O_CREAT | O_RDWR, 0644));
  mkdir(dir, 0755);
  chmod("/tmp", 01777);
  symlink(file, slink);
  mknod(fifo, S_IFIFO | 0644, 0);
  values();
  names();
  lists();
  kinds();
  descriptors();
  int answer = WEXITSTATUS(in_child(as_nobody));
  for (int i = 0; i < 7; i++) check(answer >> i & 1, nobody_says[i]);
  return checked();
}
