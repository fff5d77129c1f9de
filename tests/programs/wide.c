/* tests/programs/wide.c - 128-bit integers: carries, high halves and the compiler's library */
#include "programs.h"

typedef unsigned __int128 u128;
typedef __int128 s128;

static void print(const char *what, u128 x) {
  char text[48], *at = text + sizeof text;
  *--at = 0;
  do *--at = (char)('0' + (int)(x % 10));
  while (x /= 10);
  printf("%s %s\n", what, at);
}

static u128 random128(uint64_t *seed) {
  u128 high = next_random(seed);
  return high << 64 | next_random(seed);
}

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus) {
  u128 result = 1, square = base % modulus;
  for (; exponent; exponent >>= 1) {
    if (exponent & 1) result = result * square % modulus;
    square = square * square % modulus;
  }
  return (uint64_t)result;
}

void wide(void) {
  uint64_t seed = 4;
  u128 sum = 0, factorial = 1, a = 0, b = 1;
  for (int i = 0; i < 200; i++) {
    u128 x = random128(&seed) >> (i % 128), y = random128(&seed) >> (i * 5 % 128);
    sum = sum * 31 + (x + y) * (x - y) + (y ? x / y + x % y : 0) + (x << (i % 128)) + (x >> (i % 128));
    s128 s = (s128)x, t = (s128)(y >> 1) + 1;
    sum ^= (u128)(s / t) + (u128)(s % t) + (s < t) + (u128)(s >> (i % 127));
  }
  print("sum", sum);
  for (int i = 1; i <= 33; i++) factorial *= (unsigned)i;
  print("33!", factorial);
  for (int i = 0; i < 180; i++) {
    u128 next = a + b;
    a = b, b = next;
  }
  print("fibonacci", a);
  printf("3^(p-1) mod p = %" PRIu64 "\n", power(3, 18446744073709551556u, 18446744073709551557u));
  for (int i = 0; i < 128; i += 25) {
    s128 x = -(s128)((u128)0x123456789abcdefu << i >> 1);
    double d = (double)x;
    float f = (float)(u128)x;
    printf("%.17g %.9g %lld\n", d, (double)f, (long long)(s128)(d / 3));
  }
}
