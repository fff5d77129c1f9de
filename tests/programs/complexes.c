/* tests/programs/complexes.c - complex numbers: the compiler's multiplication and division, the library's functions, an FFT */
#include <complex.h>
#include <math.h>
#include "programs.h"

#define N 64

static void print(const char *what, double complex z) { printf("%s %.15g %.15g\n", what, creal(z), cimag(z)); }

static void fft(double complex *x, int n) {
  if (n == 1) return;
  double complex even[N / 2], odd[N / 2];
  for (int i = 0; i < n / 2; i++) even[i] = x[2 * i], odd[i] = x[2 * i + 1];
  fft(even, n / 2);
  fft(odd, n / 2);
  for (int i = 0; i < n / 2; i++) {
    double angle = -6.283185307179586 * i / n;
    double complex turn = (cos(angle) + sin(angle) * I) * odd[i];
    x[i] = even[i] + turn, x[i + n / 2] = even[i] - turn;
  }
}

void complexes(void) {
  volatile double complex a = 1.25 - 3.5 * I, b = -0.75 + 2 * I;
  print("product", a * b);
  print("quotient", a / b);
  print("root", csqrt(a));
  print("exp", cexp(a));
  print("log", clog(b));
  print("power", cpow(a, b));
  print("sine", csin(b));
  print("tangent", ctanh(b));
  printf("%.15g %.15g\n", cabs(a), carg(b));

  double complex x[N];
  uint64_t seed = 7;
  for (int i = 0; i < N; i++) x[i] = (double)(next_random(&seed) & 1023) + (double)(i % 5) * I;
  fft(x, N);
  for (int i = 0; i < N; i += 9) print("fft", x[i]);

  float complex z = 0, c = -0.4f + 0.6f * I;
  for (int i = 0; i < 50; i++) z = z * z + c;
  printf("%.9g %.9g\n", (double)crealf(z), (double)cimagf(z));
}
