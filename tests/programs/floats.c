/* tests/programs/floats.c - single precision, half as storage, and conversions between everything */
#include <math.h>
#include "programs.h"

#define SIZE 24
static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static void matrices(void) {
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) a[i][j] = (float)(i * 7 + j) / 13, b[i][j] = (float)(i - j) / 3, c[i][j] = 0;
  for (int i = 0; i < SIZE; i++)
    for (int k = 0; k < SIZE; k++)
      for (int j = 0; j < SIZE; j++) c[i][j] += a[i][k] * b[k][j];
  SHOW("matrix", c, sizeof c);
  printf("%.9g %.9g\n", (double)c[1][2], (double)c[SIZE - 1][SIZE - 1]);
}

static int escapes(float x, float y) {
  float re = 0, im = 0;
  for (int n = 0; n < 60; n++) {
    float next = re * re - im * im + x;
    im = 2 * re * im + y, re = next;
    if (re * re + im * im > 4) return n;
  }
  return 60;
}

static void mandelbrot(void) {
  for (int y = -6; y <= 6; y++) {
    char line[40];
    for (int x = 0; x < 39; x++) line[x] = " .:-=+*#%@"[escapes((float)x / 13 - 2.2f, (float)y / 5) * 9 / 60];
    line[39] = 0;
    puts(line);
  }
}

/* A conversion that does not fit is undefined in C but not on the CPU: the instructions saturate. */
static void conversions(void) {
  static const float from[] = {0, -0.0f, 1.5f, -2.5f, 3e9f, -3e9f, 1e19f, -1e19f, INFINITY, 16777216, 1e-40f, 65520, 6e-8f};
  for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
    float x = from[i];
    HIDE(i);
    int32_t s;
    uint32_t u;
    int64_t l;
    uint64_t m;
    __asm__("fcvtzs %w0, %s1" : "=r"(s) : "w"(x));
    __asm__("fcvtnu %w0, %s1" : "=r"(u) : "w"(x));
    __asm__("fcvtms %x0, %s1" : "=r"(l) : "w"(x));
    __asm__("fcvtpu %x0, %s1" : "=r"(m) : "w"(x));
    __fp16 half = (__fp16)x;
    uint16_t bits;
    memcpy(&bits, &half, 2);
    printf("%d %u %" PRId64 " %" PRIu64 " %04x %.9g %a\n", s, u, l, m, bits, (double)(float)half, (double)x);
  }
  uint64_t seed = 6;
  for (int i = 0; i < 6; i++) {
    uint64_t x = next_random(&seed) >> (9 * i);
    printf("%.9g %.9g %.9g %.17g %.17g\n", (double)(float)x, (double)(float)(int64_t)x, (double)(float)(uint32_t)x,
           (double)(int64_t)x, (double)(uint16_t)x);
  }
}

static void functions(void) {
  for (int i = 1; i < 8; i++) {
    volatile float x = (float)i * 0.37f;
    printf("%.9g %.9g %.9g %.9g %.9g %.9g %.9g\n", (double)sinf(x), (double)expf(x), (double)logf(x), (double)powf(x, x),
           (double)sqrtf(x), (double)atan2f(x, 2), (double)fmaf(x, x, -x));
  }
}

void floats(void) {
  matrices();
  mandelbrot();
  conversions();
  functions();
}
