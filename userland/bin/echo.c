/*
 * echo.c - prints its arguments; -n: without a newline
 */
#include "lib.h"

int main(int argc, char **argv) {
  struct text line = {0};
  bool newline = !(argc > 1 && strcmp(argv[1], "-n") == 0);
  for (int i = newline ? 1 : 2; i < argc; i++) {
    text_add_string(&line, argv[i]);
    if (i < argc - 1) text_add_string(&line, " ");
  }
  if (newline) text_add_string(&line, "\n");
  return write_all(STDOUT, line.data, line.length) < 0;
}
