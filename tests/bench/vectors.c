/*
 * tests/bench/vectors.c - what `make bench` runs of floating point, vectors and strings
 *
 *   vectors double|float|bytes|string ROUNDS
 *
 * Each prints a result, so that nobody wins by being wrong.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Scalar: five bodies under gravity, 1000 steps a round. */
static double bodies(long rounds) {
  static double x[5][3] = {{0, 0, 0}, {4.8, -1.2, -0.1}, {8.3, 4.1, -0.4}, {12.9, -15.1, -0.2}, {15.4, -25.9, 0.2}};
  static double v[5][3] = {{0, 0, 0}, {0.6, 2.8, 0}, {-1, 1.8, 0}, {1.1, 0.9, 0}, {1, 0.6, 0}};
  static const double mass[5] = {39.5, 0.038, 0.011, 0.0017, 0.002};
  for (long step = 0; step < 1000 * rounds; step++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double d[3], square = 0;
        for (int k = 0; k < 3; k++) d[k] = x[i][k] - x[j][k], square += d[k] * d[k];
        double force = 0.001 / (square * sqrt(square));
        for (int k = 0; k < 3; k++) v[i][k] -= d[k] * mass[j] * force, v[j][k] += d[k] * mass[i] * force;
      }
    for (int i = 0; i < 5; i++)
      for (int k = 0; k < 3; k++) x[i][k] += 0.001 * v[i][k];
  }
  return x[1][0];
}

/* Vectors of four floats: a product of two 96 x 96 matrices a round. */
enum { SIZE = 96 };
static float a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

static double matrices(long rounds) {
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) a[i][j] = (float)(i - j) / 64, b[i][j] = (float)(i + j) / 128;
  while (rounds-- > 0)
    for (int i = 0; i < SIZE; i++)
      for (int k = 0; k < SIZE; k++)
        for (int j = 0; j < SIZE; j++) c[i][j] += a[i][k] * b[k][j];
  return c[3][5];
}

/* Vectors of bytes: two pictures of 64 KiB blended, and their differences summed up. */
static uint8_t first[1 << 16], second[1 << 16];

static double pictures(long rounds) {
  uint32_t differences = 0;
  for (unsigned i = 0; i < sizeof first; i++) first[i] = (uint8_t)(i * 7), second[i] = (uint8_t)(i >> 3);
  while (rounds-- > 0)
    for (unsigned i = 0; i < sizeof first; i++) {
      differences += (uint32_t)abs(first[i] - second[i]);
      first[i] = (uint8_t)((first[i] * 3 + second[i] + 2) >> 2);
      second[i]++;
    }
  return differences;
}

/* The C library: copies, lengths, searches and comparisons, of short strings and of long ones. */
static double strings(long rounds) {
  static char text[1 << 14], copy[1 << 14];
  double sum = 0;
  memset(text, 'x', sizeof text - 1);
  while (rounds-- > 0)
    for (size_t length = 8; length < sizeof text; length = length * 3 / 2) {
      char *end = text + sizeof text - 1 - length;
      memcpy(copy, end, length + 1);
      sum += (double)strlen(copy) + (strchr(copy, 'y') != NULL) + strcmp(copy, end) + memcmp(copy, end, length);
      sum += memchr(copy, 0, length + 1) == copy + length;
    }
  return sum;
}

static const struct {
  const char *name;
  double (*run)(long rounds);
} programs[] = {{"double", bodies}, {"float", matrices}, {"bytes", pictures}, {"string", strings}};

int main(int argc, char **argv) {
  for (size_t i = 0; argc == 3 && i < sizeof programs / sizeof *programs; i++)
    if (strcmp(argv[1], programs[i].name) == 0) {
      printf("%.9g\n", programs[i].run(atol(argv[2])));
      return 0;
    }
  return 2;
}
