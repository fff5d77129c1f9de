/*
 * printf.c - formatted output
 *
 * Usage: printf format [argument]...
 *
 * %s %d %x %o %c %% with width, precision, '-' and '0'; \n \t \\ and octal codes. As long as arguments remain the
 * format is used again.
 */
#include "lib.h"

static char escaped(const char **s) {
  static const char letters[] = "abefnrtv\\", codes[] = "\a\b\033\f\n\r\t\v\\";
  const char *found = **s ? strchr(letters, **s) : NULL;
  if (found) {
    (*s)++;
    return codes[found - letters];
  }
  int code = 0, digits = 0;
  while (digits < 3 && **s >= '0' && **s <= '7') code = code * 8 + *(*s)++ - '0', digits++;
  return digits ? (char)code : '\\';
}

static long number(const char *s) {
  long n = 0;
  if (*s == '"' || *s == '\'') return s[1]; // the code of a character
  if (*s && !parse_long(s, &n)) fdprintf(STDERR, "printf: %s: invalid number\n", s);
  return n;
}

/* One conversion, from its '%' on, is handed to the library with the argument it wants. */
static const char *convert(struct text *out, const char *s, const char *argument) {
  char format[32], piece[1024];
  size_t n = 0;
  do format[n++] = *s++;
  while (*s && strchr("-0123456789.", *s) && n < sizeof(format) - 4);
  char letter = *s ? *s++ : '%';
  if (letter == '%') snprintf(piece, sizeof(piece), "%%");
  else if (letter == 's' || letter == 'c') {
    memcpy(format + n, letter == 's' ? "s" : ".1s", letter == 's' ? 2 : 4);
    snprintf(piece, sizeof(piece), format, argument);
  } else {
    format[n++] = 'l';
    format[n++] = letter == 'i' ? 'd' : letter;
    format[n] = 0;
    snprintf(piece, sizeof(piece), format, number(argument));
  }
  text_add_string(out, piece);
  return s;
}

int main(int argc, char **argv) {
  struct text out = {0};
  int next = 2;
  if (argc < 2) return fdprintf(STDERR, "usage: printf format [argument]...\n"), 1;
  do {
    int before = next;
    for (const char *s = argv[1]; *s;) {
      char c = *s++;
      if (c == '%') {
        bool takes = *s != '%';
        s = convert(&out, s - 1, takes && next < argc ? argv[next] : "");
        next += takes;
        continue;
      }
      if (c == '\\') c = escaped(&s);
      text_add(&out, &c, 1);
    }
    if (next == before) break; // it takes no arguments at all
  } while (next < argc);
  return write_all(STDOUT, out.data, out.length) < 0;
}
