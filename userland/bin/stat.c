/*
 * stat.c - what the kernel knows about a file
 */
#include "lib.h"

static const char *type(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return "directory";
    case S_IFLNK: return "symbolic link";
    case S_IFCHR: return "character special file";
    case S_IFBLK: return "block special file";
    case S_IFIFO: return "fifo";
    case S_IFSOCK: return "socket";
    default: return "regular file";
  }
}

static void show_time(const char *which, const struct statx_timestamp *time) {
  struct date d = to_date(time->tv_sec);
  printf("%s: %ld-%02d-%02d %02d:%02d:%02d.%09u +0000\n", which, d.year, d.month, d.day, d.hour, d.minute, d.second,
         time->tv_nsec);
}

static int show(const char *path) {
  struct statx st;
  char mode[11];
  long err = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);
  if (err < 0) return complain("stat", path, (int)err);

  mode_string(st.stx_mode, mode);
  printf("  File: %s\n", path);
  printf("  Size: %-10lu\tBlocks: %-10lu IO Block: %-6u %s\n", (unsigned long)st.stx_size,
         (unsigned long)st.stx_blocks, st.stx_blksize, type(st.stx_mode));
  printf("Device: %u,%u\tInode: %-10lu Links: %u", st.stx_dev_major, st.stx_dev_minor, (unsigned long)st.stx_ino,
         st.stx_nlink);
  if ((st.stx_mode & S_IFMT) == S_IFCHR || (st.stx_mode & S_IFMT) == S_IFBLK)
    printf("\tDevice type: %u,%u", st.stx_rdev_major, st.stx_rdev_minor);
  printf("\nAccess: (%04o/%s)  Uid: %u  Gid: %u\n", st.stx_mode & 07777u, mode, st.stx_uid, st.stx_gid);
  show_time("Access", &st.stx_atime);
  show_time("Modify", &st.stx_mtime);
  show_time("Change", &st.stx_ctime);
  return 0;
}

int main(int argc, char **argv) {
  int status = 0;
  if (argc < 2) return fdprintf(STDERR, "usage: stat file...\n"), 1;
  for (int i = 1; i < argc; i++) status |= show(argv[i]);
  return status;
}
