/*
 * randomfs.c - a thousand calls on files that nobody thought of
 *
 * Linux: fs/, mm/shmem.c
 *
 * The calls are random, but the same ones every time. What each answers is printed, so every line of the transcript is
 * a small question to Linux. All happens in an empty tmpfs directory that is also the root, without waiting for
 * anything: whatever is opened is O_NONBLOCK. Another seed and count can be given as arguments.
 */
#include "check.h"

static unsigned long state;

static unsigned random_below(unsigned n) {
  state = state * 6364136223846793005UL + 1442695040888963407UL;
  return (unsigned)(state >> 33) % n;
}
#define one_in(n) (random_below(n) == 0)
#define one_of(table) ((table)[random_below(countof(table))])

static const char *const names[] = {
    "a",  "b",    "c",  "a/b",   "a/c",    "b/a", "a/", "b/.", "a/..", "./c", "/a", "l1", "l2", "l1/x", "fifo", "d1",
    "d1/d2", "d1/d2/f", "d1/f", "", "..", ".", "/", "l3/..", "l3", "a//b", "d1/../b", "null", "zero", "full",
};
static const int open_flags[] = {O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_CLOEXEC};
static char buffer[16384];

static const char *name(void) { return one_of(names); }
static int mode(void) { return (int)random_below(01000); }
static int size(void) { return (int)(one_in(3) ? random_below(9000) : random_below(40)); }

/* Mostly one of those that are likely to be open; never the output. */
static int fd(void) { return one_in(20) ? 50 : 3 + (int)random_below(9); }

static long offset(void) {
  static const long edges[] = {0, 4095, 4096, 4097, 8192, -1};
  return one_in(2) ? one_of(edges) : (long)random_below(20000);
}

static int flags(void) {
  int value = (int)random_below(3);
  for (unsigned n = random_below(4); n > 0; n--) value |= one_of(open_flags);
  return value | O_NONBLOCK;
}

static void fill(void) {
  for (size_t i = 0; i < sizeof buffer; i++) buffer[i] = (char)('a' + random_below(26));
}

static unsigned checksum(long n) {
  unsigned sum = 0;
  for (long i = 0; i < n; i++) sum = sum * 31 + (unsigned char)buffer[i];
  return sum;
}

/* Each of these makes one call, and prints it up to its result. */

static long do_openat(void) {
  const char *path = name();
  int how = flags(), permissions = mode();
  printf("open %s 0%o 0%o", path, how, permissions);
  return openat(AT_FDCWD, path, how, permissions);
}

static long do_openat2(void) {
  static const long resolves[] = {0, 1, 2, 4, 8, 16};
  const char *path = name();
  int how = flags();
  struct open_how { unsigned long flags, mode, resolve; } arg = {(unsigned)how, how & O_CREAT ? 0644 : 0, (unsigned long)one_of(resolves)};
  int dir = one_in(2) ? fd() : AT_FDCWD;
  printf("openat2 %d %s 0%o %lx", dir, path, how, arg.resolve);
  return syscall(__NR_openat2, dir, path, &arg, sizeof arg);
}

static long do_close(void) {
  int file = fd();
  printf("close %d", file);
  return close(file);
}

static long do_read(void) {
  int file = fd(), count = size();
  printf("read %d %d", file, count);
  long got = read(file, buffer, (size_t)count);
  if (got > 0) printf(" %x", checksum(got));
  return got;
}

static long do_write(void) {
  int file = fd(), count = size();
  fill();
  printf("write %d %d", file, count);
  return write(file, buffer, (size_t)count);
}

static long do_pread(void) {
  int file = fd(), count = size();
  long at = offset();
  printf("pread %d %d %ld", file, count, at);
  long got = pread(file, buffer, (size_t)count, at);
  if (got > 0) printf(" %x", checksum(got));
  return got;
}

static long do_pwrite(void) {
  int file = fd(), count = size();
  long at = offset();
  fill();
  printf("pwrite %d %d %ld", file, count, at);
  return pwrite(file, buffer, (size_t)count, at);
}

static long do_lseek(void) {
  int file = fd(), whence = (int)random_below(6);
  long at = offset();
  printf("lseek %d %ld %d", file, at, whence);
  return lseek(file, at, whence);
}

static long do_ftruncate(void) {
  int file = fd();
  long length = offset();
  printf("ftruncate %d %ld", file, length);
  return ftruncate(file, length);
}

static long do_truncate(void) {
  const char *path = name();
  long length = offset();
  printf("truncate %s %ld", path, length);
  return syscall(__NR_truncate, path, length);
}

static long do_fallocate(void) {
  static const int modes[] = {0, 1, 2, 3, 0x100};
  int file = fd(), how = one_of(modes), length = size();
  long at = offset();
  printf("fallocate %d %d %ld %d", file, how, at, length);
  return syscall(__NR_fallocate, file, how, at, length);
}

static long do_mkdirat(void) {
  const char *path = name();
  int permissions = mode();
  printf("mkdir %s 0%o", path, permissions);
  return syscall(__NR_mkdirat, AT_FDCWD, path, permissions);
}

static long do_mknodat(void) {
  static const int kinds[] = {S_IFIFO, S_IFREG, 0, S_IFDIR, S_IFSOCK, S_IFMT};
  const char *path = one_in(2) ? "fifo" : name();
  int what = one_of(kinds) | 0644;
  printf("mknod %s 0%o", path, what);
  return syscall(__NR_mknodat, AT_FDCWD, path, what, 0);
}

static long do_unlinkat(void) {
  static const int hows[] = {0, AT_REMOVEDIR, 0x100};
  const char *path = name();
  int how = one_of(hows);
  printf("unlink %s 0x%x", path, how);
  return syscall(__NR_unlinkat, AT_FDCWD, path, how);
}

static long do_rename(void) {
  static const int hows[] = {0, 0, 0, 1, 2, 3, 8};
  const char *from = name(), *to = name();
  int how = one_of(hows);
  printf("rename %s %s %d", from, to, how);
  return syscall(__NR_renameat2, AT_FDCWD, from, AT_FDCWD, to, how);
}

static long do_linkat(void) {
  static const int hows[] = {0, AT_SYMLINK_FOLLOW, 0x200};
  const char *from = name(), *to = name();
  int how = one_of(hows);
  printf("link %s %s 0x%x", from, to, how);
  return syscall(__NR_linkat, AT_FDCWD, from, AT_FDCWD, to, how);
}

static long do_symlinkat(void) {
  const char *text = name(), *path = one_in(2) ? "l1" : name();
  printf("symlink %s %s", text, path);
  return syscall(__NR_symlinkat, text, AT_FDCWD, path);
}

static long do_readlinkat(void) {
  const char *path = name();
  printf("readlink %s", path);
  long got = syscall(__NR_readlinkat, AT_FDCWD, path, buffer, 5);
  if (got > 0) printf(" %x", checksum(got));
  return got;
}

static long do_fstatat(void) {
  static const int hows[] = {0, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 0x400};
  const char *path = one_in(4) ? "" : name();
  int how = one_of(hows), dir = one_in(2) ? fd() : AT_FDCWD;
  struct stat st;
  printf("stat %d %s 0x%x", dir, path, how);
  long ret = syscall(__NR_newfstatat, dir, path, &st, how);
  if (ret == 0) printf(" 0%o %u %u:%u %ld %ld", st.st_mode, st.st_nlink, st.st_uid, st.st_gid, (long)st.st_size, (long)st.st_blocks);
  return ret;
}

static long do_access(void) {
  const char *path = name();
  int what = (int)random_below(9), how = one_in(2) ? 0 : AT_SYMLINK_NOFOLLOW;
  printf("access %s %d 0x%x", path, what, how);
  return syscall(__NR_faccessat2, AT_FDCWD, path, what, how);
}

static long do_chmod(void) {
  const char *path = name();
  int permissions = mode(), how = one_in(2) ? 0 : AT_SYMLINK_NOFOLLOW;
  printf("chmod %s 0%o 0x%x", path, permissions, how);
  return syscall(__NR_fchmodat2, AT_FDCWD, path, permissions, how);
}

static long do_getdents(void) {
  int file = fd(), room = one_in(3) ? 80 : 4000;
  printf("getdents %d %d", file, room);
  long got = syscall(__NR_getdents64, file, buffer, room);
  for (long at = 0; at < got; at += ((struct linux_dirent64 *)(buffer + at))->d_reclen) {
    struct linux_dirent64 *entry = (struct linux_dirent64 *)(buffer + at);
    printf(" %s:%d@%ld", entry->d_name, entry->d_type, (long)entry->d_off);
  }
  return got;
}

static long do_dup3(void) {
  int from = fd(), to = fd(), how = one_in(4) ? O_CLOEXEC : 0;
  printf("dup3 %d %d 0%o", from, to, how);
  return syscall(__NR_dup3, from, to, how);
}

static long do_fcntl(void) {
  static const int commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, 1031, 1032, 1033, 1034};
  int file = fd(), command = one_of(commands), arg = command == F_SETFL ? O_NONBLOCK | (one_in(2) ? O_APPEND : 0) : (int)random_below(16);
  printf("fcntl %d %d %d", file, command, arg);
  return syscall(__NR_fcntl, file, command, arg);
}

static long do_lock(void) {
  static const int commands[] = {5, 6, 36, 37};
  struct flock { short type, whence; long start, length; int pid; } lock = {(short)random_below(4), (short)random_below(4), offset(), (long)random_below(60) - 20, 0};
  int file = fd(), command = one_of(commands);
  printf("lock %d %d %d %d %ld %ld", file, command, lock.type, lock.whence, lock.start, lock.length);
  long ret = syscall(__NR_fcntl, file, command, &lock);
  if (ret == 0) printf(" %d %ld %ld", lock.type, lock.start, lock.length);
  return ret;
}

static long do_flock(void) {
  int file = fd(), how = (int)random_below(12) | 4;
  printf("flock %d %d", file, how);
  return syscall(__NR_flock, file, how);
}

static long do_pipe(void) {
  int ends[2] = {-1, -1};
  long ret = syscall(__NR_pipe2, ends, O_NONBLOCK);
  printf("pipe %d %d", ends[0], ends[1]);
  return ret;
}

static long do_memfd(void) {
  int how = (int)random_below(4);
  printf("memfd %d", how);
  return syscall(__NR_memfd_create, "name", how);
}

static long do_ioctl(void) {
  static const unsigned commands[] = {0x541b, 0x5451, 0x5401, 0x5460, 0x12345};
  int file = fd();
  unsigned command = one_of(commands);
  long value[4] = {0};
  printf("ioctl %d 0x%x", file, command);
  long ret = syscall(__NR_ioctl, file, command, value);
  if (ret == 0) printf(" %ld", value[0]);
  return ret;
}

static long do_poll(void) {
  struct pollfd files[3];
  struct timespec now = {0, 0};
  printf("poll");
  for (size_t i = 0; i < countof(files); i++) {
    files[i] = (struct pollfd){fd(), (short)random_below(0x400), 0};
    printf(" %d/%x", files[i].fd, files[i].events);
  }
  long ret = syscall(__NR_ppoll, files, countof(files), &now, 0, 8);
  for (size_t i = 0; i < countof(files); i++) printf(" %x", files[i].revents);
  return ret;
}

static long do_sendfile(void) {
  int to = fd(), from = fd(), count = size();
  long at = offset();
  bool given = one_in(2);
  printf("sendfile %d %d %ld %d", to, from, given ? at : -9, count);
  long ret = syscall(__NR_sendfile, to, from, given ? &at : NULL, count);
  if (given) printf(" %ld", at);
  return ret;
}

static long do_copy(void) {
  int from = fd(), to = fd(), count = size();
  long at = offset(), into = offset();
  printf("copy %d %ld %d %ld %d", from, at, to, into, count);
  return syscall(__NR_copy_file_range, from, &at, to, &into, count, 0);
}

static long do_chdir(void) {
  const char *path = name();
  printf("chdir %s", path);
  long ret = syscall(__NR_chdir, path);
  long length = syscall(__NR_getcwd, buffer, sizeof buffer);
  printf(" %s", length < 0 ? "-" : buffer);
  syscall(__NR_chdir, "/");
  return ret;
}

static long (*const calls[])(void) = {
    do_openat,   do_openat,    do_openat,  do_openat,     do_openat2, do_close,  do_read,   do_read,  do_write,  do_write,
    do_pread,    do_pwrite,    do_lseek,   do_ftruncate,  do_truncate, do_fallocate, do_mkdirat, do_mkdirat, do_mknodat, do_unlinkat,
    do_unlinkat, do_rename,    do_rename,  do_linkat,     do_symlinkat, do_readlinkat, do_fstatat, do_fstatat, do_access, do_chmod,
    do_getdents, do_dup3,      do_fcntl,   do_lock,       do_flock,   do_pipe,   do_memfd,  do_ioctl, do_poll,   do_sendfile,
    do_copy,     do_chdir,
};

/* An empty file system of our own as the root, with three devices in it. */
static bool enter(void) {
  const char *root = "/tmp/randomfs";
  syscall(__NR_mkdirat, AT_FDCWD, root, 0755);
  if (syscall(__NR_mount, "none", root, "tmpfs", 0, "mode=755") < 0) return false;
  if (syscall(__NR_chroot, root) < 0 || syscall(__NR_chdir, "/") < 0) return false;
  syscall(__NR_mknodat, AT_FDCWD, "null", S_IFCHR | 0666, 0x103);
  syscall(__NR_mknodat, AT_FDCWD, "zero", S_IFCHR | 0666, 0x105);
  syscall(__NR_mknodat, AT_FDCWD, "full", S_IFCHR | 0666, 0x107);
  return true;
}

int main(int argc, char **argv) {
  long seed = 1, count = 1500;
  if (argc > 1) parse_long(argv[1], &seed);
  if (argc > 2) parse_long(argv[2], &count);
  state = (unsigned long)seed;
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  syscall(__NR_rt_sigaction, SIGPIPE, &ignore, NULL, 8);
  syscall(__NR_umask, 022);
  for (int file = 3; file < 60; file++) close(file);
  check(enter(), "there is a file system to play in");
  for (long n = 0; n < count; n++) {
    printf("# ");
    long ret = one_of(calls)();
    printf(" = %ld%s%s\n", ret, ret < 0 ? " " : "", ret < 0 ? errno_name((int)-ret) : "");
  }
  return checked();
}
