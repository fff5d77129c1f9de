/*
 * signals.c - signals by name
 */
#include "lib.h"

struct row {
  const char *name, *text;
};

static const struct row rows[] = {
  [SIGHUP] = {"HUP", "Hangup"},
  [SIGINT] = {"INT", "Interrupt"},
  [SIGQUIT] = {"QUIT", "Quit"},
  [SIGILL] = {"ILL", "Illegal instruction"},
  [SIGTRAP] = {"TRAP", "Trace/breakpoint trap"},
  [SIGABRT] = {"ABRT", "Aborted"},
  [SIGBUS] = {"BUS", "Bus error"},
  [SIGFPE] = {"FPE", "Floating point exception"},
  [SIGKILL] = {"KILL", "Killed"},
  [SIGUSR1] = {"USR1", "User defined signal 1"},
  [SIGSEGV] = {"SEGV", "Segmentation fault"},
  [SIGUSR2] = {"USR2", "User defined signal 2"},
  [SIGPIPE] = {"PIPE", "Broken pipe"},
  [SIGALRM] = {"ALRM", "Alarm clock"},
  [SIGTERM] = {"TERM", "Terminated"},
  [SIGSTKFLT] = {"STKFLT", "Stack fault"},
  [SIGCHLD] = {"CHLD", "Child exited"},
  [SIGCONT] = {"CONT", "Continued"},
  [SIGSTOP] = {"STOP", "Stopped (signal)"},
  [SIGTSTP] = {"TSTP", "Stopped"},
  [SIGTTIN] = {"TTIN", "Stopped (tty input)"},
  [SIGTTOU] = {"TTOU", "Stopped (tty output)"},
  [SIGURG] = {"URG", "Urgent I/O condition"},
  [SIGXCPU] = {"XCPU", "CPU time limit exceeded"},
  [SIGXFSZ] = {"XFSZ", "File size limit exceeded"},
  [SIGVTALRM] = {"VTALRM", "Virtual timer expired"},
  [SIGPROF] = {"PROF", "Profiling timer expired"},
  [SIGWINCH] = {"WINCH", "Window changed"},
  [SIGIO] = {"IO", "I/O possible"},
  [SIGPWR] = {"PWR", "Power failure"},
  [SIGSYS] = {"SYS", "Bad system call"},
};

const char *signal_name(int sig) { return sig > 0 && sig < (int)countof(rows) ? rows[sig].name : NULL; }

const char *signal_text(int sig) {
  if (sig > 0 && sig < (int)countof(rows)) return rows[sig].text;
  return sig >= 32 && sig <= _NSIG ? "Real-time signal" : "Unknown signal";
}

int signal_number(const char *name) {
  long number;
  if (parse_long(name, &number)) return number >= 0 && number <= _NSIG ? (int)number : -1;
  if (starts_with(name, "SIG")) name += 3;
  for (int sig = 1; sig < (int)countof(rows); sig++)
    if (strcmp(name, rows[sig].name) == 0) return sig;
  return -1;
}

void set_signal(int sig, void (*handler)(int), unsigned long flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  rt_sigaction(sig, &action, NULL);
}

void set_handler(int sig, signal_handler *handler, unsigned long flags) {
  set_signal(sig, (__sighandler_t)(void *)handler, flags | SA_SIGINFO);
}

sigset_t signal_set(int sig) { return (sigset_t){{1UL << (sig - 1)}}; }
