/*
 * yama-log.c - who is refused by Yama is written down, ten times in five seconds
 *
 * Linux: security/yama/yama_lsm.c (report_access), lib/string_helpers.c (kstrdup_quotable_cmdline), lib/ratelimit.c
 */
#include "trace.h"

enum { READ_ALL = 3, CLEAR = 5, ATTEMPTS = 30 };
static char log[1 << 17];

static void set_scope(const char *text) {
  int fd = (int)open("/proc/sys/kernel/yama/ptrace_scope", O_WRONLY, 0);
  write(fd, text, strlen(text));
  close(fd);
}

/* How often the text is in the kernel's log. */
static int count(const char *text) {
  int n = 0;
  long size = syscall(__NR_syslog, READ_ALL, log, sizeof(log) - 1);
  log[size > 0 ? size : 0] = 0;
  for (const char *at = log; (at = strstr(at, text)); at++) n++;
  return n;
}

static long victim;
static void tries(int times) {
  if (fork() == 0) {
    syscall(__NR_setuid, 1000);
    for (int i = 0; i < times; i++) ptrace(PTRACE_ATTACH, (pid_t)victim, 0, NULL);
    exit(0);
  }
  wait4(-1, NULL, 0, NULL);
}

static long sleeper(char *const *argv) {
  long pid = fork();
  if (pid == 0) {
    char *envp[] = {NULL};
    syscall(__NR_setuid, 1000);
    execve("/proc/self/exe", argv, envp);
  }
  sleep_ms(50);
  return pid;
}

int main(int argc, char **argv) {
  if (argc > 1) {
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    for (;;) sleep_ms(1000);
  }
  char *words[] = {"sleeper", "a \"b\"\n", "\x01\xff", "", NULL};
  victim = sleeper(words);
  set_scope("2");
  syscall(__NR_syslog, CLEAR, NULL, 0);
  tries(ATTEMPTS);
  check_is(count("ptrace attach of \""), 10, "ten refusals are told");
  char line[160];
  snprintf(line, sizeof(line), "ptrace attach of \"sleeper a \\x22b\\x22\\x0a \x01\xff\"[%ld] was attempted by \"", victim);
  check_is(count(line) + count("sleeper a \\x22b\\x22\\x0a \\x01\\xff\"["), 10, "with the command line of the one who was not traced, quoted");
  snprintf(line, sizeof(line), "was attempted by \"%s\"[", argv[0]);
  check_is(count(line), 10, "and of the one who tried");
  check_is(count("callbacks suppressed"), 0, "the others not yet");
  sleep_ms(5100);
  tries(1);
  check_is(count("__report_access: 20 callbacks suppressed"), 1, "but when five seconds have passed");
  check_is(count("ptrace attach of \""), 11, "and somebody is refused again");

  set_scope("0");
  kill((pid_t)victim, SIGKILL);
  while (wait4(-1, NULL, 0, NULL) > 0) {}
  return checked();
}
