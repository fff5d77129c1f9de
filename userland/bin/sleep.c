/*
 * sleep.c - waits for that many seconds; fractions and the suffixes s, m, h are understood
 */
#include "lib.h"

static bool parse_duration(const char *s, struct timespec *time) {
  long seconds = 0, nanoseconds = 0;
  if (!*s || !strchr("0123456789.", *s)) return false;
  while (*s >= '0' && *s <= '9') seconds = seconds * 10 + *s++ - '0';
  if (*s == '.') s++;
  for (long unit = 100000000; *s >= '0' && *s <= '9'; unit /= 10) nanoseconds += unit * (*s++ - '0');

  long factor = *s == 'h' ? 3600 : *s == 'm' ? 60 : 1;
  if (*s && strchr("smh", *s)) s++;
  nanoseconds *= factor;
  *time = (struct timespec){seconds * factor + nanoseconds / 1000000000, nanoseconds % 1000000000};
  return !*s;
}

int main(int argc, char **argv) {
  struct timespec time;
  if (argc != 2 || !parse_duration(argv[1], &time)) {
    fdprintf(STDERR, argc == 2 ? "sleep: invalid time interval '%s'\n" : "usage: sleep seconds\n", argv[1]);
    return 1;
  }
  while (nanosleep(&time, &time) == -EINTR) {} // goes on with what is left
  return 0;
}
