/* tests/programs/main.c - runs the programs named on the command line, or all of them */
#include "programs.h"

#define ROW(name) {#name, name},
static const struct {
  const char *name;
  void (*run)(void);
} programs[] = {PROGRAMS(ROW)};

int main(int argc, char **argv) {
  for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
    int wanted = argc == 1;
    for (int n = 1; n < argc; n++) wanted |= strcmp(argv[n], programs[i].name) == 0;
    if (!wanted) continue;
    printf("# %s\n", programs[i].name);
    programs[i].run();
  }
  return 0;
}
