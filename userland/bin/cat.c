/*
 * cat.c - files to standard output
 */
#include "lib.h"

static int cat(const char *path) {
  bool is_stdin = strcmp(path, "-") == 0;
  int fd = is_stdin ? STDIN : (int)open(path, O_RDONLY, 0);
  if (fd < 0) return complain("cat", path, fd);

  long err = copy_fd(fd, STDOUT);
  if (!is_stdin) close(fd);
  return err < 0 ? complain("cat", path, (int)err) : 0;
}

int main(int argc, char **argv) {
  int status = 0;
  for (int i = 1; i < argc; i++) status |= cat(argv[i]);
  return argc > 1 ? status : cat("-");
}
