/* tests/programs/varargs.c - arguments of every class: general and vector registers, stack, structs by value, 128-bit reals */
#include <stdarg.h>
#include "programs.h"

struct point { double x, y, z; };       // three of a kind travel in vector registers
struct mixed { int a; float b; };       // eight bytes in a general register
struct large { long a[5]; double b; };  // by reference
union either { float f; int i; };

static void report(const char *kinds, ...) {
  va_list list, again;
  va_start(list, kinds);
  va_copy(again, list);
  int count = 0;
  for (const char *k = kinds; *k; k++, count++) {
    switch (*k) {
      case 'i': printf(" %d", va_arg(list, int)); break;
      case 'l': printf(" %lx", va_arg(list, unsigned long)); break;
      case 'd': printf(" %.17g", va_arg(list, double)); break;
      case 'q': printf(" %.30Lg", va_arg(list, long double)); break;
      case 's': printf(" %s", va_arg(list, char *)); break;
      case 'p': { struct point p = va_arg(list, struct point); printf(" (%g %g %g)", p.x, p.y, p.z); break; }
      case 'm': { struct mixed m = va_arg(list, struct mixed); printf(" {%d %g}", m.a, (double)m.b); break; }
      case 'L': { struct large l = va_arg(list, struct large); printf(" [%ld %ld %g]", l.a[0], l.a[4], l.b); break; }
      case 'u': { union either u = va_arg(list, union either); printf(" <%x>", (unsigned)u.i); break; }
      default: break;
    }
  }
  printf(" (%d)", count);
  if (*kinds == 'd') printf(" first again %g", va_arg(again, double));
  va_end(again);
  va_end(list);
  putchar('\n');
}

static struct point turn(struct point p, struct large l, long double by) {
  return (struct point){p.y * (double)by, -p.x + l.b, p.z + (double)l.a[2]};
}

void varargs(void) {
  struct point p = {1.5, -2.25, 1e100};
  struct large l = {{1, 2, 3, 4, 5}, 0.125};
  struct mixed m = {-7, 2.5f};
  union either u = {.f = 1.0f};
  report("iiiiiiiiiiii", 1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -12);
  report("dddddddddddd", 1., .5, .25, 1e-5, 1e5, 1e300, -0., 1. / 3, 2. / 3, 9., 10., 11.);
  report("idslpmLuqd", 42, 2.5, "text", ~0ul, p, m, l, u, 1.0L / 3, -1.5);
  report("qqqqqqqqqi", 1.L, 2.L, 3.L, 1e4000L, 5.L, 6.L, 7.L, 1.L / 7, 9.L, 77);
  report("pppp", p, turn(p, l, 2.5L), turn(turn(p, l, 1), l, -1), p);

  long double sum = 0; // in software: the CPU has no such numbers
  for (int i = 1; i < 100; i++) sum += 1.0L / i * (i & 1 ? 1 : -1);
  printf("%.33Lg %d %d %lld %.20Lf\n", sum, sum < 0.7L, (int)(sum * 1000), (long long)(sum * 1e15L), (long double)1e-5);
}
