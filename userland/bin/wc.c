/*
 * wc.c - counts lines, words and bytes; -l -w -c: only those
 */
#include "lib.h"

struct counts {
  long lines, words, bytes;
};

static bool seen[3];

static void count(struct counts *counts, const char *data, long n, bool *in_word) {
  counts->bytes += n;
  for (; n > 0; n--, data++) {
    bool space = *data == ' ' || (*data >= '\t' && *data <= '\r');
    if (*data == '\n') counts->lines++;
    if (!space && !*in_word) counts->words++;
    *in_word = !space;
  }
}

static void show(const struct counts *counts, const char *name) {
  const long values[] = {counts->lines, counts->words, counts->bytes};
  bool all = !seen[0] && !seen[1] && !seen[2];
  bool alone = !all && seen[0] + seen[1] + seen[2] == 1; // then no column is needed
  for (int i = 0, shown = 0; i < 3; i++)
    if (all || seen[i]) printf("%s%*ld", shown++ ? " " : "", alone ? 0 : 7, values[i]);
  printf(name ? " %s\n" : "\n", name);
}

static int wc(const char *path, struct counts *total) {
  int fd = path ? (int)open(path, O_RDONLY, 0) : STDIN;
  if (fd < 0) return complain("wc", path, fd);

  struct counts counts = {0};
  bool in_word = false;
  char block[4096];
  long n;
  while ((n = read(fd, block, sizeof(block))) > 0) count(&counts, block, n, &in_word);
  if (path) close(fd);
  if (n < 0) return complain("wc", path ? path : "-", (int)n);

  show(&counts, path);
  total->lines += counts.lines;
  total->words += counts.words;
  total->bytes += counts.bytes;
  return 0;
}

int main(int argc, char **argv) {
  struct counts total = {0};
  int status = 0, first = options(argc, argv, "lwc", seen);
  if (first < 0) return 1;
  if (first == argc) return wc(NULL, &total);

  for (int i = first; i < argc; i++) status |= wc(argv[i], &total);
  if (argc - first > 1) show(&total, "total");
  return status;
}
