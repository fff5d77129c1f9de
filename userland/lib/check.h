/*
 * check.h - the test programs' only tool
 *
 * A check is a sentence that should be true. Each prints one line in the format TAP, so a test's output on this
 * kernel can be compared with its output on Linux line by line. Numbers that differ from run to run
 * (addresses, process numbers) do not belong into a sentence.
 */
#pragma once
#include "lib.h"

static int check_count, check_failures;

/* Prints the sentence; tells whether it is true. */
static inline bool check_line(bool good, const char *sentence) {
  check_count++;
  if (!good) check_failures++;
  printf("%s %d - %s\n", good ? "ok" : "not ok", check_count, sentence);
  return good;
}

static inline void check_answer(long got, long want, const char *sentence) {
  if (check_line(got == want, sentence)) return;
  printf("# got %ld%s%s, want %ld%s%s\n", got, got < 0 ? " = -" : "", got < 0 ? errno_name((int)-got) : "", want,
         want < 0 ? " = -" : "", want < 0 ? errno_name((int)-want) : "");
}

#define check(condition, sentence) check_line(condition, sentence)
#define check_is(got, want, sentence) check_answer((long)(got), (long)(want), sentence)

/* What main() returns. */
static inline int checked(void) {
  printf("1..%d\n", check_count);
  return check_failures != 0;
}

/* Runs the function in a child and returns what wait4 says of it. A child prints no checks. */
static inline int in_child(void (*run)(void)) {
  int status = -1;
  long pid = fork();
  if (pid == 0) {
    run();
    exit(0);
  }
  wait4((pid_t)pid, &status, 0, NULL);
  return status;
}

static inline void sleep_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&time, &time) == -EINTR) {}
}

/* Memory that a child shares, zeroed. */
static inline void *shared_page(void) {
  return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}
