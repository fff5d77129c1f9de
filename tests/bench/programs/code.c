/*
 * code.c - a program that writes programs: as many distinct instructions as it is told to, for arm64
 *
 *   code KILOBYTES CALLS     generates, says "ready", waits for a line, calls each function CALLS times, one after the other
 *
 * A function is 32 instructions, none of them like another one's: additions, logic, shifts and multiplications of x0 to x7,
 * and a branch over one of them. What came out is told as by linux.c.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { WORDS = 32 };
typedef uint64_t function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static uint32_t state = 2463534242;
static uint32_t bits(int count) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state >> (32 - count);
}

/* Rd, Rn and, where there is one, Rm are any of x0 to x7. */
static uint32_t random_instruction(void) {
  uint32_t d = bits(3), n = bits(3) << 5, m = bits(3) << 16;
  switch (bits(3)) {
  case 0: return 0x91000000 | bits(12) << 10 | n | d; //      add  xd, xn, #imm
  case 1: return 0xd1000000 | bits(12) << 10 | n | d; //      sub  xd, xn, #imm
  case 2: return 0x8b000000 | m | bits(6) << 10 | n | d; //   add  xd, xn, xm, lsl #imm
  case 3: return 0xca000000 | m | bits(6) << 10 | n | d; //   eor  xd, xn, xm, lsl #imm
  case 4: return 0xaa000000 | m | bits(6) << 10 | n | d; //   orr  xd, xn, xm, lsl #imm
  case 5: return 0x93c00000 | m | bits(6) << 10 | n | d; //   extr xd, xn, xm, #imm
  case 6: return 0x9b000000 | m | bits(3) << 10 | n | d; //   madd xd, xn, xm, xa
  default: return 0x9b008000 | m | bits(3) << 10 | n | d; //  msub xd, xn, xm, xa
  }
}

static void generate(uint32_t *code) {
  for (int i = 0; i < WORDS - 1; i++) code[i] = random_instruction();
  code[WORDS / 2] = 0xb4000040 | bits(3); // cbz xt, over the next one
  code[WORDS - 1] = 0xd65f03c0; //          ret
}

static long long wall(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  size_t size = (size_t)atol(argv[1]) << 10, functions = size / (4 * WORDS);
  int calls = atoi(argv[2]);
  uint32_t *code = mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 1;
  for (size_t i = 0; i < functions; i++) generate(code + i * WORDS);
  __builtin___clear_cache((char *)code, (char *)code + size);
  puts("ready");
  fflush(stdout);
  getchar();

  long long before = wall();
  uint64_t sum = 0;
  for (size_t i = 0; i < functions; i++)
    for (int n = 0; n < calls; n++)
      sum = ((function *)(code + i * WORDS))(sum, i, 2, 3, 4, 5, 6, 7);
  printf("= %llx 0 %lld\n", (unsigned long long)sum, wall() - before);
  return 0;
}
