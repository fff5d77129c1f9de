/*
 * rmdir.c - removes empty directories
 */
#include "lib.h"

int main(int argc, char **argv) {
  int status = 0;
  if (argc < 2) return fdprintf(STDERR, "usage: rmdir directory...\n"), 1;
  for (int i = 1; i < argc; i++) {
    long err = rmdir(argv[i]);
    if (err < 0) status = complain("rmdir", argv[i], (int)err);
  }
  return status;
}
