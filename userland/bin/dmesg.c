/*
 * dmesg.c - the kernel's log
 */
#include "lib.h"

enum { SYSLOG_ACTION_READ_ALL = 3, SYSLOG_ACTION_SIZE_BUFFER = 10 };

/* Each record starts with its priority, "<6>", which is for machines. */
static void show(const char *log, long n) {
  const char *end = log + n;
  while (log < end) {
    const char *line = log;
    while (log < end && *log++ != '\n') {}
    if (*line == '<')
      while (line < log && *line++ != '>') {}
    write_all(STDOUT, line, (size_t)(log - line));
  }
}

int main(void) {
  long size = syscall(__NR_syslog, SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
  if (size < 0) return complain("dmesg", "syslog", (int)size);
  char *log = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (is_error(log)) return complain("dmesg", "mmap", ENOMEM);
  long n = syscall(__NR_syslog, SYSLOG_ACTION_READ_ALL, log, size);
  if (n < 0) return complain("dmesg", "syslog", (int)n);
  show(log, n);
  return 0;
}
