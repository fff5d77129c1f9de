/* tests/programs/integer.c - integers of every width: what compilers make of C's operators */
#include "programs.h"

#define OPERATIONS(T, a, b)                                                                                            \
  {                                                                                                                    \
    T x = (T)(a), y = (T)(b), out[] = {                                                                                \
      (T)(x + y), (T)(x - y), (T)(x * y), y ? (T)(x / y) : 0, y ? (T)(x % y) : 0, (T)(x & y), (T)(x | y), (T)(x ^ y),   \
      (T)((uint64_t)x << (y & 7)), (T)(x >> (y & 7)), (T)~x, (T)-x, (T)(x < y), (T)(x == y), (T)(x > y ? x : y), (T)!x,          \
    };                                                                                                                 \
    hash = digest(out, sizeof out, hash);                                                                              \
  }

static void operators(void) {
  uint64_t seed = 1, hash = 0;
  for (int i = 0; i < 300; i++) {
    uint64_t a = next_random(&seed) >> (i % 60), b = next_random(&seed) >> (i * 7 % 60);
    OPERATIONS(uint8_t, a, b)
    OPERATIONS(uint16_t, a, b)
    OPERATIONS(uint32_t, a, b)
    OPERATIONS(uint64_t, a, b)
    if ((int32_t)b != -1) OPERATIONS(int32_t, a & 0x7fff, (b & 0x7fff) - 0x4000)
    OPERATIONS(int64_t, (a & 0x7fffffff) - 0x40000000, (int64_t)(b & 0xffff) + 1)
  }
  printf("operators %016" PRIx64 "\n", hash);
}

static void bits(void) {
  uint64_t seed = 2;
  for (int i = 0; i < 8; i++) {
    uint64_t x = next_random(&seed) >> (8 * i);
    uint32_t w = (uint32_t)x | 1;
    printf("%016" PRIx64 " clz %d ctz %d popcount %d %d parity %d bswap %016" PRIx64 " %08x ror %08x\n", x, __builtin_clzll(x | 1),
           __builtin_ctzll(x | 1ull << 63), __builtin_popcountll(x), __builtin_popcount(w), __builtin_parityll(x),
           (uint64_t)__builtin_bswap64(x), __builtin_bswap32(w), w >> (i + 1) | w << (31 - i));
  }
}

struct fields {
  unsigned a : 3;
  int b : 7;
  unsigned c : 22;
  long d : 41;
};

static void bitfields(void) {
  struct fields f = {0};
  uint64_t seed = 3;
  for (int i = 0; i < 5; i++) {
    uint64_t x = next_random(&seed);
    f.a += (unsigned)x, f.b = (int)(x >> 9), f.c ^= (unsigned)(x >> 20), f.d = (long)(x >> 13);
    printf("%u %d %u %ld\n", f.a, f.b, f.c, (long)f.d);
  }
}

static void sieve(void) {
  static unsigned char composite[20000];
  int count = 0, last = 0;
  for (int i = 2; i < 20000; i++) {
    if (composite[i]) continue;
    count++, last = i;
    for (int j = 2 * i; j < 20000; j += i) composite[j] = 1;
  }
  printf("%d primes, the last %d\n", count, last);
}

static int overflow(int64_t a, int64_t b) {
  int64_t out;
  return __builtin_add_overflow(a, b, &out) | __builtin_sub_overflow(a, b, &out) << 1 | __builtin_mul_overflow(a, b, &out) << 2;
}

void integer(void) {
  operators();
  bits();
  bitfields();
  sieve();
  printf("%d %d %d\n", overflow(INT64_MAX, 1), overflow(INT64_MIN, 1), overflow(3, -4));
}
