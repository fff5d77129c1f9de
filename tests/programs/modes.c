/* tests/programs/modes.c - the C library's mathematics in every rounding mode, with the exceptions that it raised */
#include <fenv.h>
#include <math.h>
#include "programs.h"

typedef double (*of_one)(double);

static const struct {
  const char *name;
  of_one call;
} functions[] = {
#define FUNCTION(name) {#name, name}
    FUNCTION(sin),   FUNCTION(cos),       FUNCTION(tan),   FUNCTION(asin),  FUNCTION(acos),  FUNCTION(atan),
    FUNCTION(sinh),  FUNCTION(tanh),      FUNCTION(asinh), FUNCTION(exp),   FUNCTION(exp2),  FUNCTION(expm1),
    FUNCTION(log),   FUNCTION(log2),      FUNCTION(log10), FUNCTION(log1p), FUNCTION(sqrt),  FUNCTION(cbrt),
    FUNCTION(erf),   FUNCTION(lgamma),    FUNCTION(tgamma), FUNCTION(floor), FUNCTION(ceil), FUNCTION(trunc),
    FUNCTION(round), FUNCTION(nearbyint), FUNCTION(rint),  FUNCTION(logb),
};

static const int rounding[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

/* Any bits, or a number of moderate size. */
static double some_double(uint64_t *state) {
  uint64_t bits = next_random(state);
  double value;
  if (bits & 1) bits = (bits & 0x800fffffffffffffu) | (0x3f0 + (next_random(state) & 0x1f)) << 52;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Which NaN it is depends on the order of operands, which is the compiler's choice. */
static uint64_t mix(uint64_t hash, double value) {
  double one_nan = value != value ? NAN : value;
  return digest(&one_nan, sizeof one_nan, hash);
}

static uint64_t once(uint64_t hash, of_one call, uint64_t *state) {
  double x = some_double(state), y = some_double(state), z = some_double(state);
  hash = mix(hash, call(x));
  hash = mix(hash, pow(x, y));
  hash = mix(hash, fmod(x, y));
  hash = mix(hash, hypot(x, y));
  hash = mix(hash, fma(x, y, z));
  hash = mix(hash, fmaf((float)x, (float)y, (float)z));
  hash = mix(hash, (double)llrint(x));
  return mix(hash, ldexp(x, (int)(next_random(state) % 200) - 100));
}

static void in_mode(int mode) {
  uint64_t state = 0x9e3779b97f4a7c15u;
  fesetround(rounding[mode]);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    uint64_t hash = 0xcbf29ce484222325u;
    feclearexcept(FE_ALL_EXCEPT);
    for (int round = 0; round < 100; round++) hash = once(hash, functions[i].call, &state);
    printf("%d %s %016" PRIx64 " %x\n", mode, functions[i].name, hash, fetestexcept(FE_ALL_EXCEPT));
  }
  fesetround(FE_TONEAREST);
}

void modes(void) {
  for (int mode = 0; mode < 4; mode++) in_mode(mode);
}
