/*
 * mount.c - shows what is mounted, or mounts a file system
 *
 * Usage: mount    mount -t type device directory
 */
#include "lib.h"

static int show(void) {
  int fd = (int)open("/proc/mounts", O_RDONLY, 0);
  return fd < 0 ? complain("mount", "/proc/mounts", fd) : copy_fd(fd, STDOUT) < 0;
}

int main(int argc, char **argv) {
  if (argc == 1) return show();
  if (argc != 5 || strcmp(argv[1], "-t") != 0)
    return fdprintf(STDERR, "usage: mount [-t type device directory]\n"), 1;
  long err = mount(argv[3], argv[4], argv[2], 0, NULL);
  return err < 0 ? complain("mount", argv[4], (int)err) : 0;
}
