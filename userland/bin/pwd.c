/*
 * pwd.c - the working directory
 */
#include "lib.h"

int main(void) {
  char path[PATH_MAX];
  long n = getcwd(path, sizeof(path));
  if (n < 0) return complain("pwd", "getcwd", (int)n);
  printf("%s\n", path);
  return 0;
}
