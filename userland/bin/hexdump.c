/*
 * hexdump.c - bytes in hexadecimal and as characters, as `hexdump -C` prints them
 */
#include "lib.h"

static bool is_printable(char c) { return c >= ' ' && c < 0x7f; }

static void show(unsigned long offset, const char *bytes, int n) {
  char line[96];
  int at = snprintf(line, sizeof(line), "%08lx ", offset);
  for (int i = 0; i < 16; i++) {
    const char *gap = i % 8 == 0 ? " " : "";
    if (i < n) at += snprintf(line + at, sizeof(line) - (size_t)at, "%s%02x ", gap, (unsigned char)bytes[i]);
    else at += snprintf(line + at, sizeof(line) - (size_t)at, "%s   ", gap);
  }
  line[at++] = ' ';
  line[at++] = '|';
  for (int i = 0; i < n; i++) line[at++] = is_printable(bytes[i]) ? bytes[i] : '.';
  printf("%.*s|\n", at, line);
}

/* A pipe gives what it has, so sixteen bytes may take several reads. */
static int read_block(int fd, char *block) {
  int n = 0;
  while (n < 16) {
    long more = read(fd, block + n, (size_t)(16 - n));
    if (more == -EINTR) continue;
    if (more < 0) return (int)more;
    if (more == 0) break;
    n += (int)more;
  }
  return n;
}

int main(int argc, char **argv) {
  bool canonical = false;
  int i = options(argc, argv, "C", &canonical), n;
  if (i < 0) return 1;
  int fd = i < argc ? (int)open(argv[i], O_RDONLY, 0) : STDIN;
  if (fd < 0) return complain("hexdump", argv[i], fd);

  char block[16], previous[16];
  bool starred = false;
  unsigned long offset = 0;
  for (; (n = read_block(fd, block)) > 0; offset += (unsigned long)n) {
    bool repeated = offset > 0 && n == 16 && memcmp(block, previous, 16) == 0;
    if (!repeated) show(offset, block, n);
    else if (!starred) printf("*\n");
    starred = repeated;
    memcpy(previous, block, 16);
  }
  if (n < 0) return complain("hexdump", i < argc ? argv[i] : "-", n);
  if (offset > 0) printf("%08lx\n", offset);
  return 0;
}
