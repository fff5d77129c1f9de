/*
 * tail.c - the last lines of a file; -n N or -N: that many instead of ten
 */
#include "lib.h"

static long wanted = 10;

static int tail(const char *path) {
  bool is_stdin = strcmp(path, "-") == 0;
  int fd = is_stdin ? STDIN : (int)open(path, O_RDONLY, 0);
  if (fd < 0) return complain("tail", path, fd);

  struct text text = {0};
  long err = text_read_all(&text, fd);
  if (!is_stdin) close(fd);
  if (err < 0) return complain("tail", path, (int)err);

  size_t start = text.length;
  if (start > 0 && text.data[start - 1] == '\n') start--; // the last line's own
  for (long n = 0; start > 0; start--)
    if (text.data[start - 1] == '\n' && ++n == wanted) break;
  if (wanted == 0) start = text.length;
  write_all(STDOUT, text.data + start, text.length - start);
  text_free(&text);
  return 0;
}

int main(int argc, char **argv) {
  int i = 1, status = 0;
  if (argc > 2 && strcmp(argv[1], "-n") == 0) i = 3;
  else if (argc > 1 && argv[1][0] == '-' && argv[1][1]) i = 2;
  const char *number = i == 3 ? argv[2] : i == 2 ? argv[1] + (argv[1][1] == 'n' ? 2 : 1) : "10";
  if (!parse_long(number, &wanted)) return fdprintf(STDERR, "tail: invalid number of lines: '%s'\n", number), 1;

  if (i == argc) return tail("-");
  for (; i < argc; i++) status |= tail(argv[i]);
  return status;
}
