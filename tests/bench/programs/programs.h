/*
 * programs.h - what `make bench` runs everywhere: pure computing, no library but memcpy and strlen
 *
 * Each does its work `rounds` times and returns a checksum, the same on every machine, so that nobody wins by being wrong.
 * What has to be done once is `prepare`, and is not measured.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* <string.h> is not there without a C library. */
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
size_t strlen(const char *s);

struct program {
  const char *name;
  uint64_t (*run)(unsigned rounds);
  void (*prepare)(void); // may be NULL
};

extern const struct program integer_programs[], float_programs[], memory_programs[]; // each ends with {0}

/* A generator of numbers that are all the same everywhere: xorshift, 32 bits. */
static inline uint32_t next_random(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}
