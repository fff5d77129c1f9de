/*
 * printf.c - formatted output
 */
#include "lib.h"

struct sink {
  char *out;
  size_t size, length; // length counts what would have been written, as C demands
};

static void put(struct sink *sink, char c) {
  if (sink->length + 1 < sink->size) sink->out[sink->length] = c;
  sink->length++;
}

static void put_padding(struct sink *sink, char c, int n) {
  while (n-- > 0) put(sink, c);
}

/* What stands between '%' and the letter. */
struct spec {
  bool left, zero, is_long;
  int width, precision; // precision -1: none given
};

static void put_field(struct sink *sink, const struct spec *spec, const char *prefix, const char *body, int n) {
  int prefix_length = (int)strlen(prefix);
  int padding = spec->width - n - prefix_length;
  bool zeros = spec->zero && !spec->left && spec->precision < 0;

  if (!spec->left && !zeros) put_padding(sink, ' ', padding);
  while (*prefix) put(sink, *prefix++);
  if (zeros) put_padding(sink, '0', padding);
  while (n-- > 0) put(sink, *body++);
  if (spec->left) put_padding(sink, ' ', padding);
}

static void put_number(struct sink *sink, const struct spec *spec, const char *prefix, unsigned long n, unsigned base) {
  char digits[24];
  int i = sizeof(digits);
  int least = spec->precision < 0 ? 1 : spec->precision;
  for (; n > 0 && i > 0; n /= base) digits[--i] = "0123456789abcdef"[n % base];
  while ((int)sizeof(digits) - i < least && i > 0) digits[--i] = '0';

  struct spec numeric = *spec;
  numeric.precision = -1;
  put_field(sink, &numeric, prefix, digits + i, (int)sizeof(digits) - i);
}

static void put_string(struct sink *sink, const struct spec *spec, const char *s) {
  if (!s) s = "(null)";
  int n = 0;
  while (s[n] && (spec->precision < 0 || n < spec->precision)) n++;

  struct spec text = *spec;
  text.zero = false;
  put_field(sink, &text, "", s, n);
}

static int parse_count(const char **format, va_list *args) {
  int n = 0;
  if (**format == '*') {
    (*format)++;
    return va_arg(*args, int);
  }
  while (**format >= '0' && **format <= '9') n = n * 10 + *(*format)++ - '0';
  return n;
}

static struct spec parse_spec(const char **format, va_list *args) {
  struct spec spec = {.precision = -1};
  for (;; (*format)++) {
    if (**format == '-') spec.left = true;
    else if (**format == '0') spec.zero = true;
    else break;
  }
  spec.width = parse_count(format, args);
  if (spec.width < 0) spec.left = true, spec.width = -spec.width;
  if (**format == '.') (*format)++, spec.precision = parse_count(format, args);
  while (**format == 'l' || **format == 'z') (*format)++, spec.is_long = true;
  return spec;
}

static unsigned long next_unsigned(const struct spec *spec, va_list *args) {
  return spec->is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned);
}

static void put_conversion(struct sink *sink, char letter, const struct spec *spec, va_list *args) {
  char c;
  long n;
  switch (letter) {
    case 'd':
      n = spec->is_long ? va_arg(*args, long) : va_arg(*args, int);
      put_number(sink, spec, n < 0 ? "-" : "", n < 0 ? -(unsigned long)n : (unsigned long)n, 10);
      break;
    case 'u': put_number(sink, spec, "", next_unsigned(spec, args), 10); break;
    case 'x': put_number(sink, spec, "", next_unsigned(spec, args), 16); break;
    case 'o': put_number(sink, spec, "", next_unsigned(spec, args), 8); break;
    case 'p': put_number(sink, spec, "0x", (unsigned long)va_arg(*args, void *), 16); break;
    case 's': put_string(sink, spec, va_arg(*args, const char *)); break;
    case 'c': c = (char)va_arg(*args, int), put_field(sink, spec, "", &c, 1); break;
    default: put(sink, letter);
  }
}

int vsnprintf(char *out, size_t size, const char *format, va_list arguments) {
  struct sink sink = {out, size, 0};
  va_list args;
  va_copy(args, arguments); // an array on some ABIs: only a copy of our own can be passed by address
  while (*format) {
    if (*format != '%') {
      put(&sink, *format++);
      continue;
    }
    format++;
    struct spec spec = parse_spec(&format, &args);
    if (*format) put_conversion(&sink, *format++, &spec, &args);
  }
  va_end(args);
  if (size) out[sink.length < size ? sink.length : size - 1] = 0;
  return (int)sink.length;
}

int snprintf(char *out, size_t size, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(out, size, format, args);
  va_end(args);
  return n;
}

/* Long output needs a second try, with a buffer as large as the first try has found necessary. */
static int vfdprintf(int fd, const char *format, va_list args) {
  char line[512];
  int n = vsnprintf(line, sizeof(line), format, args);
  if ((size_t)n < sizeof(line)) return write_all(fd, line, (size_t)n) < 0 ? -1 : n;

  size_t size = (size_t)n + 1;
  char *large = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (is_error(large)) return -1;
  vsnprintf(large, size, format, args);
  long err = write_all(fd, large, (size_t)n);
  munmap(large, size);
  return err < 0 ? -1 : n;
}

int fdprintf(int fd, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vfdprintf(fd, format, args);
  va_end(args);
  return n;
}

int printf(const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vfdprintf(STDOUT, format, args);
  va_end(args);
  return n;
}
