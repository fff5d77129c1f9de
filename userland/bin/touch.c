/*
 * touch.c - makes a file if there is none, and sets its times to now
 */
#include "lib.h"

int main(int argc, char **argv) {
  int status = 0;
  if (argc < 2) return fdprintf(STDERR, "usage: touch file...\n"), 1;
  for (int i = 1; i < argc; i++) {
    long err = utimensat(AT_FDCWD, argv[i], NULL, 0);
    if (err == -ENOENT && (err = open(argv[i], O_WRONLY | O_CREAT, 0666)) >= 0) close((int)err);
    if (err < 0) status = complain("touch", argv[i], (int)err);
  }
  return status;
}
