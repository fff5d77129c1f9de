/*
 * time.c - how long a program takes
 */
#include "lib.h"

static void show(const char *what, long seconds, long microseconds) {
  fdprintf(STDERR, "%s\t%ldm%ld.%03lds\n", what, seconds / 60, seconds % 60, microseconds / 1000);
}

static long microseconds_since(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - start->tv_sec) * 1000000 + (now.tv_nsec - start->tv_nsec) / 1000;
}

int main(int argc, char **argv) {
  if (argc < 2) return fdprintf(STDERR, "usage: time program [args]...\n"), 1;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  long pid = fork();
  if (pid < 0) return complain("time", "fork", (int)pid);
  if (pid == 0) {
    argv[0] = "env"; // which looks the program up in PATH
    exit(complain("time", argv[1], (int)execve("/bin/env", argv, environ)));
  }

  int status = 0;
  struct rusage usage = {0};
  set_signal(SIGINT, SIG_IGN, 0);
  while (wait4((pid_t)pid, &status, 0, &usage) == -EINTR) {}
  long real = microseconds_since(&start);
  fdprintf(STDERR, "\n");
  show("real", real / 1000000, real % 1000000);
  show("user", usage.ru_utime.tv_sec, usage.ru_utime.tv_usec);
  show("sys", usage.ru_stime.tv_sec, usage.ru_stime.tv_usec);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
