/*
 * options.c - the option letters of a command
 */
#include "lib.h"

/* seen[i] tells whether the letter allowed[i] was given. */
int options(int argc, char **argv, const char *allowed, bool *seen) {
  int i = 1;
  for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
    if (strcmp(argv[i], "--") == 0) return i + 1;
    for (const char *letter = argv[i] + 1; *letter; letter++) {
      const char *found = strchr(allowed, *letter);
      if (!found) {
        fdprintf(STDERR, "%s: invalid option -- '%c'\n", basename(argv[0]), *letter);
        return -1;
      }
      seen[found - allowed] = true;
    }
  }
  return i;
}
