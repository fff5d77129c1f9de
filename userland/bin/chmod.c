/*
 * chmod.c - changes modes, given in octal or as [ugoa][+-=][rwxst]
 */
#include "lib.h"

static bool parse_octal(const char *s, unsigned *mode) {
  *mode = 0;
  for (; *s >= '0' && *s <= '7'; s++) *mode = *mode * 8 + (unsigned)(*s - '0');
  return !*s;
}

static bool apply(const char *s, unsigned *mode) {
  unsigned who = 0, bits = 0;
  for (; *s && strchr("ugoa", *s); s++) who |= *s == 'u' ? 04700 : *s == 'g' ? 02070 : *s == 'o' ? 01007 : 07777;
  char operation = *s++;
  if (!operation || !strchr("+-=", operation)) return false;
  for (; *s && *s != ','; s++) {
    const char *found = strchr("rwxst", *s);
    if (!found) return false;
    bits |= (const unsigned[]){0444, 0222, 0111, 06000, 01000}[found - "rwxst"];
  }
  if (!who) who = 07777;
  if (operation == '=') *mode &= ~who;
  *mode = operation == '-' ? *mode & ~(bits & who) : *mode | (bits & who);
  return !*s || apply(s + 1, mode);
}

int main(int argc, char **argv) {
  int status = 0;
  if (argc < 3) return fdprintf(STDERR, "usage: chmod mode file...\n"), 1;
  for (int i = 2; i < argc; i++) {
    struct stat st;
    unsigned mode;
    long err = stat(argv[i], &st);
    if (err == 0) {
      mode = st.st_mode & 07777;
      if (!parse_octal(argv[1], &mode)) {
        mode = st.st_mode & 07777;
        if (!apply(argv[1], &mode)) return fdprintf(STDERR, "chmod: invalid mode: '%s'\n", argv[1]), 1;
      }
      err = chmod(argv[i], (int)mode);
    }
    if (err < 0) status = complain("chmod", argv[i], (int)err);
  }
  return status;
}
