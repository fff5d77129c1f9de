/*
 * linux.c - `make bench` on any Linux: those that only compute, and those that ask the kernel for something
 *
 *   programs NAME ROUNDS     prepares, says "ready", waits for a line, works, says what came out
 *
 * What came out is "= CHECKSUM CPU WALL", the two in nanoseconds: the process's own time with that of its children, and
 * what went by on the clock, which on a board whose clock counts instructions is their number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "programs.h"

static const char *self;

/* The shortest way into the kernel and out again. */
static uint64_t calls(unsigned rounds) {
  long parents = 0;
  while (rounds-- > 0) parents |= syscall(SYS_getppid);
  return parents >= 0;
}

static uint64_t child(int again) {
  pid_t pid = fork();
  if (pid == 0) {
    if (again) execl(self, self, (char *)NULL);
    _exit(7);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? (uint64_t)WEXITSTATUS(status) : 1000;
}

static uint64_t forks(unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) sum += child(0);
  return sum;
}

/* The same program again, which ends at once. */
static uint64_t execs(unsigned rounds) {
  uint64_t sum = 0;
  while (rounds-- > 0) sum += child(1);
  return sum;
}

static const struct program kernel_programs[] = {
  {"call", calls, NULL},
  {"fork", forks, NULL},
  {"exec", execs, NULL},
  {0},
};

static const struct program *find(const char *name) {
  static const struct program *const tables[] = {integer_programs, float_programs, memory_programs, kernel_programs};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct program *program = tables[i]; program->name; program++)
      if (strcmp(program->name, name) == 0) return program;
  return NULL;
}

static long long nanoseconds(long long seconds, long long rest) { return seconds * 1000000000 + rest; }

static long long wall(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return nanoseconds(now.tv_sec, now.tv_nsec);
}

static long long cpu(void) {
  static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
  long long sum = 0;
  for (int i = 0; i < 2; i++) {
    struct rusage usage;
    getrusage(whose[i], &usage);
    sum += nanoseconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec, 1000 * (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
  }
  return sum;
}

int main(int argc, char **argv) {
  if (argc == 1) return 7; // what `exec` runs
  const struct program *program = argc == 3 ? find(argv[1]) : NULL;
  if (!program) return 2;
  self = argv[0];
  if (program->prepare) program->prepare();
  puts("ready");
  fflush(stdout);
  getchar();

  long long cpu_before = cpu(), wall_before = wall();
  uint64_t sum = program->run((unsigned)atoi(argv[2]));
  printf("= %llx %lld %lld\n", (unsigned long long)sum, cpu() - cpu_before, wall() - wall_before);
  return 0;
}
