/*
 * string.c - bytes and strings
 *
 * Compiled with -fno-builtin, or the compiler would turn the loop of memcpy() into a call of memcpy().
 */
#include "lib.h"

void *memcpy(void *to, const void *from, size_t n) {
  char *d = to;
  const char *s = from;
  for (; n >= 8; n -= 8, d += 8, s += 8) __builtin_memcpy(d, s, 8); // one load and one store, aligned or not
  while (n--) *d++ = *s++;
  return to;
}

void *memmove(void *to, const void *from, size_t n) {
  if (to <= from) return memcpy(to, from, n); // which goes upwards

  char *d = to;
  const char *s = from;
  while (n--) d[n] = s[n];
  return to;
}

void *memset(void *to, int byte, size_t n) {
  char *d = to;
  unsigned long eight = (unsigned char)byte * 0x0101010101010101UL;
  for (; n >= 8; n -= 8, d += 8) __builtin_memcpy(d, &eight, 8);
  while (n--) *d++ = (char)byte;
  return to;
}

int memcmp(const void *a, const void *b, size_t n) {
  const unsigned char *p = a, *q = b;
  for (; n > 0; n--, p++, q++)
    if (*p != *q) return *p - *q;
  return 0;
}

size_t strlen(const char *s) {
  size_t n = 0;
  while (s[n]) n++;
  return n;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, (size_t)-1); }

int strncmp(const char *a, const char *b, size_t n) {
  for (; n > 0; n--, a++, b++)
    if (*a != *b || !*a) return (unsigned char)*a - (unsigned char)*b;
  return 0;
}

char *strchr(const char *s, int c) {
  for (;; s++) {
    if (*s == (char)c) return (char *)s;
    if (!*s) return NULL;
  }
}

char *strrchr(const char *s, int c) {
  for (const char *p = s + strlen(s);; p--) {
    if (*p == (char)c) return (char *)p;
    if (p == s) return NULL;
  }
}

char *strstr(const char *s, const char *what) {
  for (;; s++) {
    if (starts_with(s, what)) return (char *)s;
    if (!*s) return NULL;
  }
}

bool starts_with(const char *s, const char *prefix) { return strncmp(s, prefix, strlen(prefix)) == 0; }

const char *basename(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}

static int digit(char c, int base) {
  static const char digits[] = "0123456789abcdef";
  if (c >= 'A' && c <= 'F') c += 'a' - 'A';
  const char *found = c ? strchr(digits, c) : NULL;
  return found && found - digits < base ? (int)(found - digits) : -1;
}

bool parse_long(const char *s, long *value) {
  bool minus = *s == '-';
  if (minus || *s == '+') s++;
  int base = starts_with(s, "0x") ? 16 : 10;
  if (base == 16) s += 2;
  if (!*s) return false;

  unsigned long n = 0;
  for (; *s; s++) {
    int d = digit(*s, base);
    if (d < 0) return false;
    n = n * (unsigned long)base + (unsigned long)d;
  }
  *value = (long)(minus ? -n : n);
  return true;
}

void join_path(char *out, size_t size, const char *dir, const char *name) {
  const char *slash = *dir && dir[strlen(dir) - 1] != '/' ? "/" : "";
  snprintf(out, size, "%s%s%s", dir, slash, name);
}
