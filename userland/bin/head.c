/*
 * head.c - the first lines of files; -n N or -N: that many instead of ten, -c N: that many bytes
 */
#include "lib.h"

static long wanted = 10;
static bool bytes;

static void head_lines(int fd) {
  struct lines lines = {.fd = fd};
  size_t length;
  char *line;
  for (long n = 0; n < wanted && (line = next_line(&lines, &length)); n++) {
    if (lines.newline) line[length++] = '\n'; // where it was
    if (write_all(STDOUT, line, length) < 0) break;
  }
  text_free(&lines.text);
}

static void head_bytes(int fd) {
  char block[4096];
  for (long n, left = wanted; left > 0; left -= n) {
    n = read(fd, block, left < (long)sizeof(block) ? (size_t)left : sizeof(block));
    if (n <= 0 || write_all(STDOUT, block, (size_t)n) < 0) break;
  }
}

static int head(const char *path) {
  bool is_stdin = strcmp(path, "-") == 0;
  int fd = is_stdin ? STDIN : (int)open(path, O_RDONLY, 0);
  if (fd < 0) return complain("head", path, fd);
  if (bytes) head_bytes(fd);
  else head_lines(fd);
  if (!is_stdin) close(fd);
  return 0;
}

/* -n 5, -n5, -c 5, -c5 and -5 are understood. The index of the first file, 0 after an error. */
static int parse_options(int argc, char **argv) {
  if (argc < 2 || argv[1][0] != '-' || !argv[1][1]) return 1;
  const char *number = argv[1] + 1;
  int next = 2;
  bytes = *number == 'c';
  if (*number == 'c' || *number == 'n') number++;
  if (!*number && argc > 2) number = argv[next++];
  if (parse_long(number, &wanted)) return next;
  fdprintf(STDERR, "head: invalid number: '%s'\n", number);
  return 0;
}

int main(int argc, char **argv) {
  int i = parse_options(argc, argv), status = 0;
  if (i == 0) return 1;
  if (i == argc) return head("-");
  bool several = argc - i > 1;
  for (bool first = true; i < argc; i++, first = false) {
    if (several) printf("%s==> %s <==\n", first ? "" : "\n", argv[i]);
    status |= head(argv[i]);
  }
  return status;
}
