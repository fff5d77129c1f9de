/*
 * kill.c - sends a signal
 *
 * Usage: kill [-SIGNAL] pid...    kill -l
 */
#include "lib.h"

static int list(void) {
  for (int sig = 1; sig < SIGRTMIN; sig++)
    if (signal_name(sig)) printf("%2d %s\n", sig, signal_name(sig));
  return 0;
}

int main(int argc, char **argv) {
  int sig = SIGTERM, i = 1, status = 0;
  if (argc == 2 && strcmp(argv[1], "-l") == 0) return list();
  if (argc > 2 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
    const char *name = strcmp(argv[1], "-s") == 0 ? argv[++i] : argv[1] + 1;
    sig = signal_number(name);
    if (sig < 0) return fdprintf(STDERR, "kill: %s: invalid signal\n", name), 1;
    i++;
  }
  if (i < argc && strcmp(argv[i], "--") == 0) i++;
  if (i >= argc) return fdprintf(STDERR, "usage: kill [-signal] pid...\n"), 1;

  for (; i < argc; i++) {
    long pid;
    long err = parse_long(argv[i], &pid) ? kill((pid_t)pid, sig) : -EINVAL;
    if (err < 0) status = complain("kill", argv[i], (int)err);
  }
  return status;
}
