/*
 * ln.c - gives a file another name; -s: a symbolic link, -f: replaces what is there
 */
#include "lib.h"

int main(int argc, char **argv) {
  bool seen[2] = {false};
  int i = options(argc, argv, "sf", seen);
  if (i < 0 || argc - i < 1 || argc - i > 2) return fdprintf(STDERR, "usage: ln [-sf] target [name]\n"), 1;

  const char *target = argv[i], *name = argc - i == 2 ? argv[i + 1] : basename(target);
  char inside[PATH_MAX];
  struct stat st;
  if (stat(name, &st) == 0 && (st.st_mode & S_IFMT) == S_IFDIR) {
    join_path(inside, sizeof(inside), name, basename(target));
    name = inside;
  }
  if (seen[1]) unlink(name);
  long err = seen[0] ? symlink(target, name) : link(target, name);
  return err < 0 ? complain("ln", name, (int)err) : 0;
}
