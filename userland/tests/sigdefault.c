/*
 * sigdefault.c - what each signal does to a process that has said nothing about it
 *
 * Linux: kernel/signal.c (get_signal)
 */
#include "check.h"

enum action { TERMINATE, CORE, IGNORE, STOP };

static const struct {
  int sig;
  enum action action;
  const char *sentence;
} expected[] = {
  {SIGHUP, TERMINATE, "SIGHUP terminates"},
  {SIGINT, TERMINATE, "SIGINT terminates"},
  {SIGQUIT, CORE, "SIGQUIT dumps core"},
  {SIGILL, CORE, "SIGILL dumps core"},
  {SIGTRAP, CORE, "SIGTRAP dumps core"},
  {SIGABRT, CORE, "SIGABRT dumps core"},
  {SIGBUS, CORE, "SIGBUS dumps core"},
  {SIGFPE, CORE, "SIGFPE dumps core"},
  {SIGKILL, TERMINATE, "SIGKILL terminates"},
  {SIGUSR1, TERMINATE, "SIGUSR1 terminates"},
  {SIGSEGV, CORE, "SIGSEGV dumps core"},
  {SIGUSR2, TERMINATE, "SIGUSR2 terminates"},
  {SIGPIPE, TERMINATE, "SIGPIPE terminates"},
  {SIGALRM, TERMINATE, "SIGALRM terminates"},
  {SIGTERM, TERMINATE, "SIGTERM terminates"},
  {SIGSTKFLT, TERMINATE, "SIGSTKFLT terminates"},
  {SIGCHLD, IGNORE, "SIGCHLD is ignored"},
  {SIGCONT, IGNORE, "SIGCONT is ignored by a process that runs"},
  {SIGSTOP, STOP, "SIGSTOP stops"},
  {SIGTSTP, STOP, "SIGTSTP stops"},
  {SIGTTIN, STOP, "SIGTTIN stops"},
  {SIGTTOU, STOP, "SIGTTOU stops"},
  {SIGURG, IGNORE, "SIGURG is ignored"},
  {SIGXCPU, CORE, "SIGXCPU dumps core"},
  {SIGXFSZ, CORE, "SIGXFSZ dumps core"},
  {SIGVTALRM, TERMINATE, "SIGVTALRM terminates"},
  {SIGPROF, TERMINATE, "SIGPROF terminates"},
  {SIGWINCH, IGNORE, "SIGWINCH is ignored"},
  {SIGIO, TERMINATE, "SIGIO terminates"},
  {SIGPWR, TERMINATE, "SIGPWR terminates"},
  {SIGSYS, CORE, "SIGSYS dumps core"},
  {32, TERMINATE, "the first real-time signal terminates"},
  {64, TERMINATE, "the last real-time signal terminates"},
};

/* The child gets the signal and, if it lives, ends by itself. */
static int status_after(int sig) {
  int status = 0;
  long pid = fork();
  if (pid == 0) {
    setpgid(0, 0); // orphaned groups are not stopped, and the test's own may be one
    raise(sig);
    exit(0);
  }
  wait4((pid_t)pid, &status, WUNTRACED, NULL);
  if (WIFSTOPPED(status)) {
    kill((pid_t)pid, SIGKILL);
    wait4((pid_t)pid, NULL, 0, NULL);
  }
  return status;
}

static int expected_status(int sig, enum action action) {
  switch (action) {
    case TERMINATE: return sig;
    case CORE: return sig | 0x80;
    case STOP: return sig << 8 | 0x7f;
    default: return 0;
  }
}

static void stop_orphan(void) {
  setsid(); // a session of its own: no parent in it, so its group is orphaned
  raise(SIGTSTP);
  exit(3);
}

static void abort_without_core(void) {
  struct rlimit64 none = {0, 0};
  prlimit(0, RLIMIT_CORE, &none, NULL);
  raise(SIGABRT);
}

int main(void) {
  struct rlimit64 unlimited = {RLIM64_INFINITY, RLIM64_INFINITY};
  mkdir("/tmp/core-test", 0700);
  chdir("/tmp/core-test"); // where the core files go
  prlimit(0, RLIMIT_CORE, &unlimited, NULL);
  for (size_t i = 0; i < countof(expected); i++)
    check_is(status_after(expected[i].sig), expected_status(expected[i].sig, expected[i].action), expected[i].sentence);

  check_is(in_child(abort_without_core), SIGABRT, "with a limit of zero there is no core, and the status says so");
  check_is(in_child(stop_orphan), 3 << 8, "SIGTSTP does nothing to an orphaned process group");
  return checked();
}
