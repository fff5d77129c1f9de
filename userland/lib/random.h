/*
 * random.h - random words and arguments, the same ones for the same seed
 */
#pragma once
#include "lib.h"

static unsigned long state;
static char memory[8192] __attribute__((aligned(4096))); // what pointers may well point to

/* xorshift64* */
static unsigned long random_word(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1dul;
}
static unsigned long pick(unsigned long n) { return random_word() % n; }
static bool one_in(unsigned long n) { return pick(n) == 0; }

/* From here on this task's numbers are others than its parent's. */
static inline void seed_with(unsigned long salt) {
  state = (state ^ salt * 0x9e3779b97f4a7c15ul) | 1;
  for (int i = 0; i < 4; i++) random_word();
}

static long argument(void) {
  static const long edges[] = {0, 1, -1, 0x7fffffff, -0x80000000l, 0x7fffffffffffffffl, 1l << 48};
  switch (pick(5)) {
    case 0:
      return (long)pick(70);
    case 1:
      return edges[pick(countof(edges))];
    case 2:
      return (long)random_word();
    default:
      return (long)(memory + pick(sizeof(memory)));
  }
}
