/* tests/programs/library.c - the rest of a C library that a kernel gets to feel: malloc, files, sorting, jumps, numbers as text */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "programs.h"

static void allocation(void) {
  void *blocks[64] = {0};
  size_t sizes[64] = {0};
  uint64_t seed = 61, hash = 0;
  for (int i = 0; i < 1500; i++) {
    uint64_t r = next_random(&seed);
    size_t n = r % 64, size = (r >> 8) % (r & 1 << 7 ? 300000 : 700) + 1;
    if (r & 1 << 6) {
      free(blocks[n]), blocks[n] = NULL, sizes[n] = 0;
      continue;
    }
    blocks[n] = realloc(blocks[n], size);
    unsigned char *bytes = blocks[n];
    hash = digest(bytes, sizes[n] < size ? sizes[n] : size, hash);
    fill_random(bytes, size < 64 ? size : 64, r);
    sizes[n] = size < 64 ? size : 64;
  }
  for (int i = 0; i < 64; i++) free(blocks[i]);
  printf("malloc %016" PRIx64 "\n", hash);
  void *aligned = aligned_alloc(4096, 8192), *zeroed = calloc(1000, 100);
  printf("%d %d\n", (int)((uintptr_t)aligned % 4096), ((char *)zeroed)[99999]);
  free(aligned), free(zeroed);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void sorting(void) {
  double x[500];
  uint64_t seed = 62;
  for (int i = 0; i < 500; i++) x[i] = (double)(int64_t)next_random(&seed) / 1e10;
  qsort(x, 500, sizeof *x, by_value);
  SHOW("sorted", x, sizeof x);
  printf("found at %d\n", (int)((double *)bsearch(&x[123], x, 500, sizeof *x, by_value) - x));
}

static jmp_buf back;
static sigjmp_buf from_handler;
static volatile double handled;

static int deep(volatile int n) {
  if (n == 0) longjmp(back, 7);
  return n < 0 ? n : deep(n - 1) + 1;
}

static void on_signal(int sig) {
  handled = sig / 3.0; // a handler may compute: whom it interrupted does not notice
  siglongjmp(from_handler, sig);
}

static void jumps(void) {
  volatile double kept = 1.0 / 7;
  int got = setjmp(back);
  if (got == 0) deep(20);
  printf("longjmp %d %.17g\n", got, kept);
  signal(SIGUSR1, on_signal);
  got = sigsetjmp(from_handler, 1);
  if (got == 0) raise(SIGUSR1);
  printf("siglongjmp %d %.17g %.17g\n", got, handled, kept);
}

static void files(void) {
  FILE *f = tmpfile();
  if (!f) {
    perror("tmpfile");
    return;
  }
  for (int i = 0; i < 2000; i++) fprintf(f, "%d %.3f %s\n", i, i / 7.0, i & 1 ? "odd" : "even");
  rewind(f);
  char word[10];
  int n, lines = 0;
  double x, sum = 0;
  while (fscanf(f, "%d %lf %9s", &n, &x, word) == 3) lines++, sum += x * (word[0] == 'o' ? 1 : -1);
  printf("%d lines, %.3f, at %ld\n", lines, sum, ftell(f));
  fclose(f);
}

static void numbers(void) {
  static const char *const texts[] = {"42", "-0x1f", "077", "  12abc", "99999999999999999999", "1e3", "0x1.8p3", "inf", "-nan", ".5e-320"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char *end;
    errno = 0;
    long l = strtol(texts[i], &end, 0);
    printf("%ld %d %s|", l, errno == ERANGE, end);
    printf("%.17g %s\n", strtod(texts[i], &end), end);
  }
  printf("%5d|%-5d|%05d|%+d|%x|%#o|%c|%10.3s|%*d|%%|%zu|%hhd\n", 42, 42, 42, 42, 255, 8, 'c', "abcdef", 6, 7, sizeof(long), 300);
  printf("%.0f %.1f %.2e %g %g %.15g %#.3g\n", 0.5, 0.25, 12345.678, 1e-5, 1e20, 0.1, 1.0);
}

void library(void) {
  allocation();
  sorting();
  jumps();
  files();
  numbers();
  setenv("NAME", "value", 1);
  printf("%s %d\n", getenv("NAME"), getpid() > 0);
}
