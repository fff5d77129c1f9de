/*
 * memory.c - copies and lengths of strings by the C library, and a walk that no TLB helps
 */
#include "programs.h"

/* Lengths from 8 bytes to 16 KiB. */
static char text[1 << 14], copy[1 << 14];

static void prepare_strings(void) { memset(text, 'x', sizeof text - 1); }

static uint64_t strings(unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0)
    for (size_t length = 8; length < sizeof text; length = length * 3 / 2) {
      memcpy(copy, text + sizeof text - 1 - length, length + 1);
      sum += strlen(copy) * (rounds | 1);
    }
  return sum;
}

/*
 * 64 MiB of nodes, one a cache line, each with the address of the next one, which is on another page: index n is followed
 * by MULTIPLIER * n + 12345 modulo their number, which visits all of them (Knuth, volume 2, 3.2.1.2, theorem A).
 */
enum { LINE = 64, COUNT = (64 << 20) / LINE, MULTIPLIER = 663609 };
static union node {
  struct {
    union node *next;
    uint32_t value;
  };
  char line[LINE];
} nodes[COUNT];

static void prepare_chase(void) {
  for (uint32_t n = 0; n < COUNT; n++) {
    nodes[n].next = &nodes[(n * MULTIPLIER + 12345u) % COUNT];
    nodes[n].value = n ^ n >> 7;
  }
}

static uint64_t chase(unsigned rounds) {
  uint64_t sum = 0;
  const union node *at = nodes;
  for (unsigned step = 0; step < 100000 * rounds; step++) {
    sum = sum * 3 + at->value;
    at = at->next;
  }
  return sum;
}

const struct program memory_programs[] = {
  {"strings", strings, prepare_strings},
  {"chase", chase, prepare_chase},
  {0},
};
