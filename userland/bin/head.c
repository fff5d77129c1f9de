/*
 * head.c - the first lines of files; -n N or -N: that many instead of ten
 */
#include "lib.h"

static long wanted = 10;

static int head(const char *path) {
  bool is_stdin = strcmp(path, "-") == 0;
  struct lines lines = {.fd = is_stdin ? STDIN : (int)open(path, O_RDONLY, 0)};
  if (lines.fd < 0) return complain("head", path, lines.fd);

  size_t length;
  char *line;
  for (long n = 0; n < wanted && (line = next_line(&lines, &length)); n++) {
    line[length] = '\n'; // where its newline, or the text's closing NUL, was
    if (write_all(STDOUT, line, length + 1) < 0) break;
  }
  text_free(&lines.text);
  if (!is_stdin) close(lines.fd);
  return 0;
}

int main(int argc, char **argv) {
  int i = 1, status = 0;
  if (argc > 2 && strcmp(argv[1], "-n") == 0) i = 3;
  else if (argc > 1 && argv[1][0] == '-' && argv[1][1]) i = 2;
  const char *number = i == 3 ? argv[2] : i == 2 ? argv[1] + (argv[1][1] == 'n' ? 2 : 1) : "10";
  if (!parse_long(number, &wanted)) return fdprintf(STDERR, "head: invalid number of lines: '%s'\n", number), 1;

  if (i == argc) return head("-");
  bool several = argc - i > 1;
  for (bool first = true; i < argc; i++, first = false) {
    if (several) printf("%s==> %s <==\n", first ? "" : "\n", argv[i]);
    status |= head(argv[i]);
  }
  return status;
}
