/*
 * rm.c - removes files; -r: directories and what is in them, -f: without complaints about what is missing
 */
#include "lib.h"

static bool recursive, force;

static int remove_file(const char *path);

/* Opens the directory anew after each removal, since removing under a reader may make it skip names. */
static int remove_directory(const char *path) {
  int status = 0;
  while (status == 0) {
    struct dir dir;
    long err = dir_open(&dir, path);
    if (err < 0) return complain("rm", path, (int)err);

    char inner[PATH_MAX];
    struct linux_dirent64 *entry = dir_next(&dir);
    if (entry) join_path(inner, sizeof(inner), path, entry->d_name);
    dir_close(&dir);
    if (!entry) break;
    status = remove_file(inner);
  }
  long err = status ? 0 : rmdir(path);
  return err < 0 ? complain("rm", path, (int)err) : status;
}

static int remove_file(const char *path) {
  struct stat st;
  long err = lstat(path, &st);
  if (err == 0 && (st.st_mode & S_IFMT) == S_IFDIR) {
    if (recursive) return remove_directory(path);
    err = -EISDIR;
  }
  if (err == 0) err = unlink(path);
  if (err == 0 || (err == -ENOENT && force)) return 0;
  return complain("rm", path, (int)err);
}

int main(int argc, char **argv) {
  bool seen[3] = {false};
  int status = 0, i = options(argc, argv, "rRf", seen);
  recursive = seen[0] || seen[1];
  force = seen[2];
  if (i < 0 || (i == argc && !force)) return fdprintf(STDERR, "usage: rm [-rf] file...\n"), 1;

  for (; i < argc; i++) status |= remove_file(argv[i]);
  return status;
}
