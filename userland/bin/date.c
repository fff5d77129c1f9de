/*
 * date.c - the time, UTC; +%s: as seconds since 1970
 */
#include "lib.h"

int main(int argc, char **argv) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (argc > 1 && strcmp(argv[1], "+%s") == 0) return printf("%ld\n", now.tv_sec) < 0;

  struct date d = to_date(now.tv_sec);
  printf("%s %s %2d %02d:%02d:%02d UTC %ld\n", weekday_names[d.weekday], month_names[d.month - 1], d.day, d.hour,
         d.minute, d.second, d.year);
  return 0;
}
