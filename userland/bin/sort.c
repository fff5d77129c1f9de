/*
 * sort.c - lines in order; -r: reversed, -n: by number, -u: each once
 */
#include "lib.h"

static bool seen[3];

static long leading_number(const char *s) {
  long n = 0;
  while (*s == ' ') s++;
  bool minus = *s == '-';
  for (s += minus; *s >= '0' && *s <= '9'; s++) n = n * 10 + *s - '0';
  return minus ? -n : n;
}

static int compare(const void *a, const void *b) {
  int order = 0;
  if (seen[1]) {
    long x = leading_number(a), y = leading_number(b);
    order = (x > y) - (x < y);
  }
  if (order == 0) order = strcmp(a, b);
  return seen[0] ? -order : order;
}

/* Ends each line with a NUL and lists where they start. */
static bool split(struct text *text, struct text *pointers) {
  char *end = text->data + text->length;
  for (char *line = text->data; line < end;) {
    if (!text_add(pointers, &line, sizeof(line))) return false;
    while (line < end && *line != '\n') line++;
    if (line < end) *line++ = 0;
  }
  return true;
}

int main(int argc, char **argv) {
  struct text text = {0}, pointers = {0};
  int i = options(argc, argv, "rnu", seen);
  if (i < 0) return 2;
  if (i == argc) text_read_all(&text, STDIN);
  for (; i < argc; i++) {
    int fd = (int)open(argv[i], O_RDONLY, 0);
    if (fd < 0) return complain("sort", argv[i], fd), 2;
    text_read_all(&text, fd);
    close(fd);
  }
  if (text.length == 0) return 0;
  if (!split(&text, &pointers)) return complain("sort", "memory", ENOMEM), 2;

  char **lines = (char **)pointers.data;
  size_t n = pointers.length / sizeof(*lines);
  sort((void **)lines, n, compare);
  for (size_t k = 0; k < n; k++)
    if (!(seen[2] && k > 0 && strcmp(lines[k], lines[k - 1]) == 0)) printf("%s\n", lines[k]);
  return 0;
}
