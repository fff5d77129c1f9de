/*
 * mv.c - renames files, or moves them into a directory
 */
#include "lib.h"

/* Linux's EXDEV: the two names are on different file systems, so copy and remove, as cp and rm do. */
static long move_across(const char *from, const char *to) {
  char *const copy[] = {"cp", "-r", (char *)from, (char *)to, NULL};
  char *const removal[] = {"rm", "-rf", (char *)from, NULL};
  char *const *steps[] = {copy, removal};
  for (size_t i = 0; i < countof(steps); i++) {
    char program[16];
    snprintf(program, sizeof(program), "/bin/%s", steps[i][0]);
    long pid = fork();
    if (pid < 0) return pid;
    if (pid == 0) exit(execve(program, steps[i], environ) ? 127 : 0);

    int status = 0;
    wait4((pid_t)pid, &status, 0, NULL);
    if (status != 0) return -EIO;
  }
  return 0;
}

int main(int argc, char **argv) {
  int status = 0;
  bool force = false;
  int i = options(argc, argv, "f", &force);
  if (i < 0 || argc - i < 2) return fdprintf(STDERR, "usage: mv from... to\n"), 1;

  const char *to = argv[argc - 1];
  struct stat st;
  bool into = stat(to, &st) == 0 && (st.st_mode & S_IFMT) == S_IFDIR;
  if (argc - i > 2 && !into) return complain("mv", to, ENOTDIR);
  for (; i < argc - 1; i++) {
    char inside[PATH_MAX];
    if (into) join_path(inside, sizeof(inside), to, basename(argv[i]));
    long err = rename(argv[i], into ? inside : to);
    if (err == -EXDEV) err = move_across(argv[i], into ? inside : to);
    if (err < 0) status = complain("mv", argv[i], (int)err);
  }
  return status;
}
