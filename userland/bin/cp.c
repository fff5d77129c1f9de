/*
 * cp.c - copies files; -r: directories too
 */
#include "lib.h"

static bool recursive;

static int copy(const char *from, const char *to);

static int copy_file(const char *from, const char *to, unsigned mode) {
  int in = (int)open(from, O_RDONLY, 0);
  if (in < 0) return complain("cp", from, in);

  int out = (int)open(to, O_WRONLY | O_CREAT | O_TRUNC, (int)mode & 07777);
  if (out < 0) {
    close(in);
    return complain("cp", to, out);
  }
  long err = copy_fd(in, out);
  close(in);
  close(out);
  return err < 0 ? complain("cp", to, (int)err) : 0;
}

static int copy_link(const char *from, const char *to) {
  char target[PATH_MAX];
  long n = readlink(from, target, sizeof(target) - 1);
  if (n < 0) return complain("cp", from, (int)n);
  target[n] = 0;
  long err = symlink(target, to);
  return err < 0 ? complain("cp", to, (int)err) : 0;
}

static int copy_directory(const char *from, const char *to, unsigned mode) {
  struct dir dir;
  int status = 0;
  long err = mkdir(to, (int)mode & 07777);
  if (err < 0 && err != -EEXIST) return complain("cp", to, (int)err);
  if ((err = dir_open(&dir, from)) < 0) return complain("cp", from, (int)err);

  for (struct linux_dirent64 *entry; (entry = dir_next(&dir));) {
    char inner_from[PATH_MAX], inner_to[PATH_MAX];
    join_path(inner_from, sizeof(inner_from), from, entry->d_name);
    join_path(inner_to, sizeof(inner_to), to, entry->d_name);
    status |= copy(inner_from, inner_to);
  }
  dir_close(&dir);
  return status;
}

static int copy(const char *from, const char *to) {
  struct stat a, b;
  long err = recursive ? lstat(from, &a) : stat(from, &a);
  if (err < 0) return complain("cp", from, (int)err);
  if (stat(to, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
    return fdprintf(STDERR, "cp: '%s' and '%s' are the same file\n", from, to), 1;

  switch (a.st_mode & S_IFMT) {
    case S_IFLNK: return copy_link(from, to);
    case S_IFDIR: break;
    default: return copy_file(from, to, a.st_mode);
  }
  if (!recursive) return fdprintf(STDERR, "cp: -r not specified; omitting directory '%s'\n", from), 1;
  return copy_directory(from, to, a.st_mode);
}

int main(int argc, char **argv) {
  bool seen[2] = {false};
  int status = 0, i = options(argc, argv, "rR", seen);
  recursive = seen[0] || seen[1];
  if (i < 0 || argc - i < 2) return fdprintf(STDERR, "usage: cp [-r] from... to\n"), 1;

  const char *to = argv[argc - 1];
  struct stat st;
  bool into = stat(to, &st) == 0 && (st.st_mode & S_IFMT) == S_IFDIR;
  if (argc - i > 2 && !into) return complain("cp", to, ENOTDIR);
  for (; i < argc - 1; i++) {
    char inside[PATH_MAX];
    if (into) join_path(inside, sizeof(inside), to, basename(argv[i]));
    status |= copy(argv[i], into ? inside : to);
  }
  return status;
}
