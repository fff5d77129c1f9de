/*
 * grep.c - lines that match
 *
 * Usage: grep [-ivncqFlh] pattern [file]...
 *
 * Patterns: . [set] [^set] ^ $ and * after any of them; \ takes a special meaning away. The matcher is
 * the classic one: `c*` tries the longest run first and gives back a character at a time.
 */
#include "lib.h"

enum { FOLD, INVERT, NUMBER, COUNT, QUIET, FIXED, NAMES, NO_NAMES, OPTIONS };
static bool seen[OPTIONS];

static char fold(char c) { return seen[FOLD] && c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static bool same(char a, char b) { return fold(a) == fold(b); }

/* The end of one pattern element that starts at p: a set, an escaped or a plain character. */
static const char *element_end(const char *p) {
  if (*p == '\\' && p[1]) return p + 2;
  if (*p != '[') return p + 1;
  const char *end = p + 1 + (p[1] == '^');
  if (*end == ']') end++;
  while (*end && *end != ']') end++;
  return *end ? end + 1 : p + 1; // without its end it is a plain bracket
}

static bool set_matches(const char *p, const char *end, char c) {
  bool inverted = p[1] == '^';
  for (p += 1 + inverted; p < end - 1; p++) {
    bool range = p[1] == '-' && p + 2 < end - 1;
    if (range ? fold(c) >= fold(*p) && fold(c) <= fold(p[2]) : same(*p, c)) return !inverted;
    if (range) p += 2;
  }
  return inverted;
}

static bool element_matches(const char *p, const char *end, char c) {
  if (!c) return false;
  if (*p == '\\' && end == p + 2) return same(p[1], c);
  if (*p == '[' && end > p + 1) return set_matches(p, end, c);
  return *p == '.' || same(*p, c);
}

static bool match_here(const char *p, const char *s) {
  if (!*p) return true;
  if (*p == '$' && !p[1]) return !*s;

  const char *end = element_end(p);
  if (*end != '*') return element_matches(p, end, *s) && match_here(end, s + 1);

  const char *run = s;
  while (element_matches(p, end, *run)) run++;
  for (; run >= s; run--)
    if (match_here(end + 1, run)) return true;
  return false;
}

static bool fixed_here(const char *p, const char *s) {
  while (*p && same(*p, *s)) p++, s++;
  return !*p;
}

static bool matches(const char *pattern, const char *line) {
  if (!seen[FIXED] && *pattern == '^') return match_here(pattern + 1, line);
  for (;; line++) {
    if (seen[FIXED] ? fixed_here(pattern, line) : match_here(pattern, line)) return true;
    if (!*line) return false;
  }
}

/* How many lines matched; shows them on the way. */
static long grep(const char *pattern, const char *path, int fd, bool named) {
  struct lines lines = {.fd = fd};
  long number = 0, found = 0;
  size_t length;
  for (char *line; (line = next_line(&lines, &length));) {
    number++;
    if (matches(pattern, line) == seen[INVERT]) continue;
    found++;
    if (seen[QUIET] || seen[NAMES]) break;
    if (seen[COUNT]) continue;
    if (named) printf("%s:", path);
    if (seen[NUMBER]) printf("%ld:", number);
    printf("%s\n", line);
  }
  if (seen[COUNT] && named) printf("%s:", path);
  if (seen[COUNT]) printf("%ld\n", found);
  if (seen[NAMES] && found) printf("%s\n", path);
  text_free(&lines.text);
  return found;
}

int main(int argc, char **argv) {
  int i = options(argc, argv, "ivncqFlh", seen), status = 1;
  if (i < 0 || i == argc) return fdprintf(STDERR, "usage: grep [-ivncqFlh] pattern [file]...\n"), 2;

  const char *pattern = argv[i++];
  if (i == argc) return grep(pattern, "(standard input)", STDIN, false) == 0;
  bool named = argc - i > 1 && !seen[NO_NAMES], failed = false;
  for (; i < argc; i++) {
    int fd = (int)open(argv[i], O_RDONLY, 0);
    if (fd < 0) failed = complain("grep", argv[i], fd);
    else if (grep(pattern, argv[i], fd, named)) status = 0;
    if (fd >= 0) close(fd);
  }
  return failed ? 2 : status;
}
