/* tests/programs/strings.c - the C library's string functions, at every alignment, against loops over bytes */
#include "programs.h"

#define ALIGN 17
#define LENGTH 70

static unsigned char from[256], to[256], model[256];
static int wrong;

static void expect(const char *what, int right, int align, int length) {
  if (!right && wrong++ < 10) printf("%s: wrong at alignment %d, length %d\n", what, align, length);
}

static int sign(int x) { return (x > 0) - (x < 0); }

/* Not the library's: the compiler must not see through it. */
static void bytewise_copy(volatile unsigned char *d, const volatile unsigned char *s, int n) {
  for (int i = 0; i < n; i++) d[i] = s[i];
}

static void copies(int a, int b, int n) {
  memset(to, 0xee, sizeof to);
  bytewise_copy(model, to, sizeof to);
  memcpy(to + b, from + a, (size_t)n);
  bytewise_copy(model + b, from + a, n);
  expect("memcpy", memcmp(to, model, sizeof to) == 0, a, n);

  memcpy(to, from, sizeof to);
  unsigned char saved[256];
  bytewise_copy(saved, from + a, n);
  bytewise_copy(model, from, sizeof model);
  bytewise_copy(model + b, saved, n);
  memmove(to + b, to + a, (size_t)n);
  expect("memmove", memcmp(to, model, sizeof to) == 0, a, n);

  memset(to + b, a, (size_t)n);
  for (int i = 0; i < n; i++) expect("memset", to[b + i] == a, b, n);
  expect("memset", to[b + n] == model[b + n], b, n);
}

static void searches(int a, int n) {
  char text[256];
  memset(text, 'x', sizeof text);
  char *s = text + a;
  s[n] = 0;
  expect("strlen", (int)strlen(s) == n, a, n);
  expect("strnlen", (int)strnlen(s, 40) == (n < 40 ? n : 40), a, n);
  expect("memchr", memchr(s, 0, 200) == s + n, a, n);
  expect("strchr", strchr(s, 'y') == NULL && strchr(s, 0) == s + n, a, n);
  if (n < 2) return;
  s[n - 1] = 'y';
  s[n / 2] = 'y';
  expect("strchr", strchr(s, 'y') == s + n / 2, a, n);
  expect("strrchr", strrchr(s, 'y') == s + n - 1, a, n);
  expect("strstr", strstr(s, "yx") == (n / 2 + 1 < n - 1 ? s + n / 2 : NULL), a, n);
  expect("strspn", (int)strspn(s, "x") == n / 2 && (int)strcspn(s, "zy") == n / 2, a, n);
}

static void comparisons(int a, int b, int n) {
  char x[256], y[256];
  memset(x, 'q', sizeof x);
  memset(y, 'q', sizeof y);
  x[a + n] = y[b + n] = 0;
  expect("strcmp", strcmp(x + a, y + b) == 0 && memcmp(x + a, y + b, (size_t)n) == 0, a, n);
  if (n == 0) return;
  for (int at = 0; at < n; at += 5) {
    x[a + at] = (char)0x90; // larger than 'q' only as an unsigned char
    expect("strcmp", sign(strcmp(x + a, y + b)) == 1, a, at);
    expect("memcmp", sign(memcmp(y + b, x + a, (size_t)n)) == -1, a, at);
    expect("strncmp", strncmp(x + a, y + b, (size_t)at) == 0, a, at);
    x[a + at] = 'q';
  }
  char copy[256];
  expect("strcpy", strcmp(strcpy(copy + b, x + a), x + a) == 0, a, n);
  expect("strncpy", strncpy(copy, x + a, 100) == copy && copy[n] == 0 && copy[99] == 0, a, n);
  expect("strcat", strlen(strcat(copy, y + b)) == 2 * (size_t)n, a, n);
}

void strings(void) {
  fill_random(from, sizeof from, 31);
  for (int a = 0; a < ALIGN; a++) {
    for (int n = 0; n < LENGTH; n += 1 + n / 20) {
      int b = (a * 5 + n) % ALIGN;
      copies(a, b, n);
      searches(a, n);
      comparisons(a, b, n);
    }
  }
  printf("%d wrong\n", wrong);
}
