/*
 * jit.c - a compiler that never rests: functions are written, called and forgotten, over and over
 *
 *   jit ring FUNCTIONS CALLS     each in the next place of a buffer of 64 KiB, which goes round
 *   jit pages FUNCTIONS CALLS    each in a page that is mapped for it, made executable, and unmapped again
 *   jit alias FUNCTIONS CALLS    as ring, but written by way of another mapping of the same memory
 *
 * No function is like another, and each adds up to a number that is known when it is written: a call that returns another
 * one has executed something else. As real hardware demands, caches are maintained before the first call.
 */
#include "lib.h"

enum { WORDS = 32, RING = 65536, PAGE = 4096 };
typedef unsigned long function(unsigned long);

static unsigned long state = 88172645463325252;

static unsigned random_bits(int count) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state >> (64 - count);
}

/* Additions to x0, with a loop around some of them, a branch over one, and a return. Returns what it adds. */
static unsigned long generate(unsigned *code) {
  unsigned long total = 0, in_loop = 0;
  unsigned rounds = 1 + random_bits(2);
  int n = 0;
  code[n++] = 0xd2800001 | rounds << 5; // movz x1, #rounds
  int head = n;
  for (; n < 10; n++) {
    unsigned imm = random_bits(12);
    code[n] = 0x91000000 | imm << 10; // add x0, x0, #imm
    in_loop += imm;
  }
  code[n++] = 0xd1000421; // sub x1, x1, #1
  code[n] = 0xb5000001 | (unsigned)((head - n) & 0x7ffff) << 5; // cbnz x1, head
  n++;
  code[n++] = 0xb4000041; // cbz x1, over the next one
  code[n++] = 0x91000400; // add x0, x0, #1
  for (; n < WORDS - 1; n++) {
    unsigned imm = random_bits(12);
    code[n] = 0xd1000000 | imm << 10; // sub x0, x0, #imm
    total -= imm;
  }
  code[n] = 0xd65f03c0; // ret
  return total + rounds * in_loop;
}

static void clear_cache(unsigned *from, unsigned *to) {
  unsigned long ctr;
  asm volatile("mrs %0, ctr_el0" : "=r"(ctr));
  unsigned long data = 4ul << (ctr >> 16 & 15), code = 4ul << (ctr & 15);
  for (unsigned long at = (unsigned long)from & -data; at < (unsigned long)to; at += data)
    asm volatile("dc cvau, %0" ::"r"(at) : "memory");
  asm volatile("dsb ish" ::: "memory");
  for (unsigned long at = (unsigned long)from & -code; at < (unsigned long)to; at += code)
    asm volatile("ic ivau, %0" ::"r"(at) : "memory");
  asm volatile("dsb ish; isb" ::: "memory");
}

/* Writes a function at `writable`, which is executed at `executable`. False: it did not do what it says. */
static bool make_and_call(unsigned *writable, unsigned *executable, long calls, bool protect) {
  unsigned long sum = generate(writable), result = 0;
  if (protect && mprotect(executable, PAGE, PROT_READ | PROT_EXEC) < 0) return false;
  clear_cache(executable, executable + WORDS);
  for (long i = 0; i < calls; i++) result = ((function *)executable)(result);
  return result == sum * calls;
}

static void *anonymous(long size, int prot) {
  return mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static long ring(long functions, long calls, char *writable, char *executable) {
  long wrong = 0;
  for (long i = 0; i < functions; i++) {
    long at = i * WORDS * 4 % RING;
    if (!make_and_call((unsigned *)(writable + at), (unsigned *)(executable + at), calls, false)) wrong++;
  }
  return wrong;
}

static long own_ring(long functions, long calls) {
  char *buffer = anonymous(RING, PROT_READ | PROT_WRITE | PROT_EXEC);
  return ring(functions, calls, buffer, buffer);
}

static long alias(long functions, long calls) {
  long fd = syscall(__NR_memfd_create, "jit", 0);
  if (fd < 0 || syscall(__NR_ftruncate, fd, RING) < 0) return -1;
  char *writable = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *executable = mmap(NULL, RING, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  return ring(functions, calls, writable, executable);
}

static long pages(long functions, long calls) {
  long wrong = 0;
  for (long i = 0; i < functions; i++) {
    unsigned *page = anonymous(PAGE, PROT_READ | PROT_WRITE);
    if (!make_and_call(page, page, calls, true)) wrong++;
    munmap(page, PAGE);
  }
  return wrong;
}

int main(int argc, char **argv) {
  long functions, calls, wrong;
  if (argc != 4 || !parse_long(argv[2], &functions) || !parse_long(argv[3], &calls)) return 2;
  if (strcmp(argv[1], "ring") == 0)
    wrong = own_ring(functions, calls);
  else if (strcmp(argv[1], "alias") == 0)
    wrong = alias(functions, calls);
  else
    wrong = pages(functions, calls);
  printf("%ld functions, %ld of them wrong\n", functions, wrong);
  return wrong != 0;
}
