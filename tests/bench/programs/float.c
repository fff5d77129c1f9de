/*
 * float.c - double precision: a product of matrices, and bodies under gravity
 *
 * The checksum is the bits of a result: compiled without fused multiply-add, all machines round alike.
 */
#include "programs.h"

static uint64_t bits(double value) {
  union {
    double value;
    uint64_t bits;
  } u = {value};
  return u.bits;
}

/* Two matrices of 96 x 96. */
enum { EDGE = 96 };
static double a[EDGE][EDGE], b[EDGE][EDGE], c[EDGE][EDGE];

static void prepare_matrices(void) {
  for (int i = 0; i < EDGE; i++)
    for (int j = 0; j < EDGE; j++) a[i][j] = (i - j) / 64.0, b[i][j] = (i + j) / 128.0, c[i][j] = 0;
}

static uint64_t matrices(unsigned rounds) {
  while (rounds-- > 0)
    for (int i = 0; i < EDGE; i++)
      for (int j = 0; j < EDGE; j++) {
        double sum = 0;
        for (int k = 0; k < EDGE; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum - c[i][j] / 2;
      }
  return bits(c[3][5]);
}

/* The sun and four planets of its own, 1000 steps a round. */
enum { BODIES = 5 };
static struct body {
  double x[3], v[3], mass;
} bodies[BODIES];

static void prepare_bodies(void) {
  static const struct body start[BODIES] = {
    {{0, 0, 0}, {0, 0, 0}, 39.5},
    {{4.8, -1.2, -0.1}, {0.6, 2.8, 0}, 0.038},
    {{8.3, 4.1, -0.4}, {-1, 1.8, 0}, 0.011},
    {{12.9, -15.1, -0.2}, {1.1, 0.9, 0}, 0.0017},
    {{15.4, -25.9, 0.2}, {1, 0.6, 0}, 0.002},
  };
  for (int i = 0; i < BODIES; i++) bodies[i] = start[i];
}

static void attract(struct body *one, struct body *other) {
  double d[3], square = 0;
  for (int k = 0; k < 3; k++) d[k] = one->x[k] - other->x[k], square += d[k] * d[k];
  double force = 0.001 / (square * __builtin_sqrt(square));
  for (int k = 0; k < 3; k++) one->v[k] -= d[k] * other->mass * force, other->v[k] += d[k] * one->mass * force;
}

static uint64_t gravity(unsigned rounds) {
  for (unsigned step = 0; step < 1000 * rounds; step++) {
    for (int i = 0; i < BODIES; i++)
      for (int j = i + 1; j < BODIES; j++) attract(&bodies[i], &bodies[j]);
    for (int i = 0; i < BODIES; i++)
      for (int k = 0; k < 3; k++) bodies[i].x[k] += 0.001 * bodies[i].v[k];
  }
  return bits(bodies[1].x[0]);
}

const struct program float_programs[] = {
  {"matrix", matrices, prepare_matrices},
  {"nbody", gravity, prepare_bodies},
  {0},
};
