/*
 * env.c - prints the environment, or runs a program in a changed one
 *
 * Usage: env [-i] [NAME=value]... [program [args]...]
 */
#include "lib.h"

static char *entries[256];
static int count;

static void put(char *entry) {
  size_t name = (size_t)(strchr(entry, '=') - entry) + 1;
  for (int i = 0; i < count; i++) {
    if (strncmp(entries[i], entry, name) == 0) {
      entries[i] = entry;
      return;
    }
  }
  if (count < (int)countof(entries) - 1) entries[count++] = entry;
}

/* Tries each directory of PATH; the last error that was not "no such file" is the one worth telling. */
static int run(char **argv) {
  const char *path = getenv("PATH");
  int err = -ENOENT;
  if (!path || strchr(argv[0], '/')) err = (int)execve(argv[0], argv, entries);
  while (path && *path && !strchr(argv[0], '/')) {
    const char *colon = strchr(path, ':');
    int n = colon ? (int)(colon - path) : (int)strlen(path);
    char file[PATH_MAX];
    snprintf(file, sizeof(file), "%.*s/%s", n, path, argv[0]);
    int answer = (int)execve(file, argv, entries);
    if (answer != -ENOENT) err = answer;
    path += n + (colon != NULL);
  }
  complain("env", argv[0], err);
  return err == -ENOENT ? 127 : 126;
}

int main(int argc, char **argv) {
  int i = 1;
  if (argc > 1 && strcmp(argv[1], "-i") == 0) i++;
  else for (char **entry = environ; *entry; entry++) put(*entry);
  for (; i < argc && strchr(argv[i], '='); i++) put(argv[i]);
  if (i < argc) return run(argv + i);

  for (i = 0; i < count; i++) printf("%s\n", entries[i]);
  return 0;
}
