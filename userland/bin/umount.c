/*
 * umount.c - takes a file system away
 */
#include "lib.h"

int main(int argc, char **argv) {
  if (argc != 2) return fdprintf(STDERR, "usage: umount directory\n"), 1;
  long err = umount2(argv[1], 0);
  return err < 0 ? complain("umount", argv[1], (int)err) : 0;
}
