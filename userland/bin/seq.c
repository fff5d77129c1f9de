/*
 * seq.c - numbers in order
 *
 * Usage: seq [first [step]] last
 */
#include "lib.h"

int main(int argc, char **argv) {
  long n[3] = {1, 1, 0}; // first, step, last
  if (argc < 2 || argc > 4) return fdprintf(STDERR, "usage: seq [first [step]] last\n"), 1;
  for (int i = 1; i < argc; i++) {
    int which = i == argc - 1 ? 2 : i - 1;
    if (!parse_long(argv[i], &n[which])) return fdprintf(STDERR, "seq: invalid number: '%s'\n", argv[i]), 1;
  }
  if (n[1] == 0) return fdprintf(STDERR, "seq: the step must not be zero\n"), 1;

  for (long i = n[0]; n[1] > 0 ? i <= n[2] : i >= n[2]; i += n[1])
    if (printf("%ld\n", i) < 0) return 1;
  return 0;
}
