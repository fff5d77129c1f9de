/*
 * tee.c - standard input to standard output and to files; -a: appends
 */
#include "lib.h"

int main(int argc, char **argv) {
  bool append = false;
  int fds[16] = {STDOUT}, n = 1, status = 0;
  int i = options(argc, argv, "a", &append);
  if (i < 0) return 1;
  for (; i < argc && n < (int)countof(fds); i++) {
    int fd = (int)open(argv[i], O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0) status = complain("tee", argv[i], fd);
    else fds[n++] = fd;
  }

  char block[4096];
  long got;
  while ((got = read(STDIN, block, sizeof(block))) > 0)
    for (i = 0; i < n; i++) write_all(fds[i], block, (size_t)got);
  return status;
}
