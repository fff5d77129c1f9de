/*
 * mkdir.c - makes directories; -p: with all that leads to them, and content if they exist
 */
#include "lib.h"

static long make_path(char *path) {
  for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
    *slash = 0;
    mkdir(path, 0777);
    *slash = '/';
  }
  struct stat st;
  long err = mkdir(path, 0777);
  return err == -EEXIST && stat(path, &st) == 0 && (st.st_mode & S_IFMT) == S_IFDIR ? 0 : err;
}

int main(int argc, char **argv) {
  bool parents = false;
  int status = 0, i = options(argc, argv, "p", &parents);
  if (i < 0 || i == argc) return fdprintf(STDERR, "usage: mkdir [-p] directory...\n"), 1;

  for (; i < argc; i++) {
    long err = parents ? make_path(argv[i]) : mkdir(argv[i], 0777);
    if (err < 0) status = complain("mkdir", argv[i], (int)err);
  }
  return status;
}
