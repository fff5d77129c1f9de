/* tests/programs/vectors.c - loops that compilers turn into vector code: every element size, and every kind of reduction */
#include "programs.h"

#define N 259 // not a multiple of any vector: there is a rest to do

static uint8_t u8[2][N];
static int8_t s8[2][N];
static uint16_t u16[2][N];
static int16_t s16[2][N];
static uint32_t u32[2][N];
static int32_t s32[2][N];
static uint64_t u64[2][N];
static int64_t s64[2][N];
static float f32[2][N];
static double f64[2][N];

static void fill(void) {
  fill_random(u8, sizeof u8, 11), fill_random(s8, sizeof s8, 12), fill_random(u16, sizeof u16, 13);
  fill_random(s16, sizeof s16, 14), fill_random(u32, sizeof u32, 15), fill_random(s32, sizeof s32, 16);
  fill_random(u64, sizeof u64, 17), fill_random(s64, sizeof s64, 18);
  for (int i = 0; i < N; i++)
    for (int n = 0; n < 2; n++) f32[n][i] = (float)s16[n][i] / 64, f64[n][i] = (double)s32[n][i] / 1024, s32[n][i] >>= 2;
}

/* One result an element. */
#define MAP(what, T, expression)                            \
  {                                                         \
    T out[N];                                               \
    for (int i = 0; i < N; i++) out[i] = (T)(expression);   \
    SHOW(what, out, sizeof out);                            \
  }
/* One result of all. */
#define REDUCE(what, T, start, expression)                  \
  {                                                         \
    T x = start;                                            \
    for (int i = 0; i < N; i++) x = (T)(expression);        \
    SHOW(what, &x, sizeof x);                               \
  }
#define A(t) t[0][i]
#define B(t) t[1][i]
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define ABS(a) ((a) < 0 ? -(a) : (a))

static void integers(void) {
  MAP("saturating add", uint8_t, MIN(A(u8) + B(u8), 255))
  MAP("halving add", uint8_t, (A(u8) + B(u8) + 1) >> 1)
  MAP("absolute difference", uint8_t, ABS((int)A(u8) - (int)B(u8)))
  MAP("signed bytes", int8_t, A(s8) * B(s8) + (A(s8) ^ 0x55))
  MAP("halfwords", uint16_t, (A(u16) * B(u16) >> 3) + (uint16_t)(A(u16) << 5))
  MAP("saturating halfwords", int16_t, MAX(MIN((int)A(s16) + (int)B(s16), 32767), -32768))
  MAP("high half of products", int16_t, ((int)A(s16) * (int)B(s16) + 0x4000) >> 15)
  MAP("words", uint32_t, A(u32) * B(u32) + (A(u32) >> (B(u32) & 31)) + (A(u32) << (B(u32) & 31)))
  MAP("signed words", int32_t, MAX(A(s32), B(s32)) - (MIN(A(s32), B(s32)) >> (i & 15)))
  MAP("doublewords", uint64_t, (A(u64) + B(u64)) ^ (A(u64) >> 7) ^ (A(u64) > B(u64) ? 1 : 99))
  MAP("widening", uint32_t, (uint32_t)A(u16) * B(u16) + A(u8))
  MAP("narrowing", uint8_t, A(u32) >> 11)
  MAP("selects", int32_t, A(s32) < B(s32) ? A(s32) : A(s16) == B(s16) ? 5 : B(s16))
  MAP("population", uint8_t, __builtin_popcount(A(u8)))
  MAP("leading zeroes", uint32_t, __builtin_clz(A(u32) | 1))
  MAP("swapped", uint32_t, __builtin_bswap32(A(u32)))
  MAP("reversed", uint16_t, u16[0][N - 1 - i])
  MAP("strided", uint8_t, i < N / 3 ? u8[0][3 * i] + u8[0][3 * i + 1] - u8[0][3 * i + 2] : 0)
}

static void reductions(void) {
  REDUCE("sum of bytes", uint32_t, 0, x + A(u8))
  REDUCE("sum of differences", uint32_t, 0, x + (uint32_t)ABS((int)A(u8) - (int)B(u8)))
  REDUCE("dot product", int32_t, 0, x + A(s8) * B(s8))
  REDUCE("wide dot product", int64_t, 0, x + (int64_t)A(s32) * B(s32))
  REDUCE("maximum", int16_t, -32768, MAX(x, A(s16)))
  REDUCE("minimum", uint32_t, ~0u, MIN(x, A(u32)))
  REDUCE("exclusive or", uint64_t, 0, x ^ A(u64))
  REDUCE("signed maximum", int64_t, INT64_MIN, MAX(x, A(s64)))
  REDUCE("count", uint32_t, 0, x + (A(u8) > B(u8)))
  REDUCE("float sum", float, 0, x + A(f32) * B(f32))
  REDUCE("double sum", double, 0, x + A(f64))
  REDUCE("double maximum", double, 0, MAX(x, A(f64)))
}

static void floating(void) {
  MAP("saxpy", float, 2.5f * A(f32) + B(f32))
  MAP("quotients", float, A(f32) / (B(f32) + 1000))
  MAP("roots", double, __builtin_sqrt(ABS(A(f64))))
  MAP("to double", double, A(f32))
  MAP("to float", float, A(f64))
  MAP("to int", int32_t, A(f32) * 3)
  MAP("to long", int64_t, A(f64))
  MAP("from unsigned", float, A(u32))
  MAP("from long", double, A(s64))
  MAP("larger", float, A(f32) > B(f32) ? A(f32) : B(f32))
  MAP("absolute", double, ABS(A(f64) - B(f64)))
  MAP("rounded", float, __builtin_floorf(A(f32)) + __builtin_truncf(B(f32)))
}

typedef int16_t eight __attribute__((vector_size(16)));

/* Vectors in C itself. */
static void extensions(void) {
  eight x, y, index = {7, 0, 6, 1, 5, 2, 4, 3};
  memcpy(&x, s16[0], 16);
  memcpy(&y, s16[1], 16);
  eight out[] = {x + y, x * y, x >> 3, -x, x & ~y, x > y, x == y, __builtin_shufflevector(x, y, 0, 8, 1, 9, 2, 10, 3, 11)};
  for (int i = 0; i < 8; i++) out[2][index[i]] += x[i];
  SHOW("extensions", out, sizeof out);
}

void vectors(void) {
  fill();
  integers();
  reductions();
  floating();
  extensions();
}
