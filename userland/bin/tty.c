/*
 * tty.c - the name of the terminal on standard input
 */
#include "lib.h"

int main(void) {
  char path[PATH_MAX];
  struct termios termios;
  bool is_tty = ioctl(STDIN, TCGETS, &termios) == 0;
  long n = is_tty ? readlink("/proc/self/fd/0", path, sizeof(path) - 1) : 0;
  if (n <= 0) return printf("%s\n", is_tty ? "/dev/console" : "not a tty"), !is_tty;
  path[n] = 0;
  printf("%s\n", path);
  return 0;
}
