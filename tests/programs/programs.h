/* tests/programs/programs.h - what the compiled programs share: numbers that look random, and a way to print much in little */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Every program is one of these; main.c calls them by name. */
#define PROGRAMS(X) \
  X(integer) X(wide) X(doubles) X(floats) X(vectors) X(neon) X(strings) X(modes) X(complexes) X(varargs) X(atomics) X(sha256) X(aes) X(library)

#define DECLARE(name) void name(void);
PROGRAMS(DECLARE)

/* The optimiser must not compute at compile time what the CPU is to be asked for. */
#define HIDE(x) __asm__ volatile("" : "+r"(x))

static inline uint64_t next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static inline void fill_random(void *to, size_t size, uint64_t seed) {
  unsigned char *bytes = to;
  for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(next_random(&seed) >> 24);
}

/* FNV-1a */
static inline uint64_t digest(const void *from, size_t size, uint64_t hash) {
  const unsigned char *bytes = from;
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

#define SHOW(what, from, size) printf("%s %016" PRIx64 "\n", what, digest(from, size, 0xcbf29ce484222325u))

#endif
