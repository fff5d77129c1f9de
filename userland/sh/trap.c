/*
 * trap.c - signals that run commands
 *
 * The handler only takes a note: the commands run between two commands of the shell.
 */
#include "sh.h"

static char *traps[_NSIG + 1]; // 0: at the end of the shell
static volatile unsigned long pending;

static void on_signal(int sig) {
  pending |= 1UL << (sig - 1);
  if (sig == SIGINT && !traps[SIGINT]) sh.interrupted = true;
}

bool is_trapped(int sig) { return traps[sig] != NULL; }

static void run_trap(int sig) {
  char *commands = traps[sig];
  int status = sh.status;
  if (!commands || !*commands) return;
  run_text(scratch_string(commands, strlen(commands))); // which may change the trap
  if (!sh.exiting) sh.status = status;
}

void run_traps(void) {
  while (pending && !sh.exiting) {
    int sig = __builtin_ctzl(pending) + 1;
    pending &= ~(1UL << (sig - 1));
    run_trap(sig);
  }
}

void run_exit_trap(void) {
  sh.exiting = sh.returning = sh.interrupted = false;
  char *commands = traps[0];
  traps[0] = NULL;
  if (!commands) return;
  int status = sh.status;
  run_text(commands);
  if (!sh.exiting) sh.status = status;
}

/* What the shell ignores or catches for itself is not for its children; what `trap ''` ignores is. */
void reset_signals(void) {
  static const int own[] = {SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};
  for (size_t i = 0; i < countof(own); i++)
    if (!traps[own[i]]) set_signal(own[i], SIG_DFL, 0);
  for (int sig = 0; sig <= _NSIG; sig++) {
    if (!traps[sig] || (sig && !*traps[sig])) continue;
    if (sig) set_signal(sig, SIG_DFL, 0);
    traps[sig] = NULL;
  }
  pending = 0;
}

static void set_trap(int sig, const char *commands) {
  let_go(traps[sig]);
  traps[sig] = commands ? keep_string(commands) : NULL;
  if (sig == 0) return;
  bool default_action = !commands && !(sig == SIGINT && sh.interactive);
  set_signal(sig, default_action ? SIG_DFL : commands && !*commands ? SIG_IGN : on_signal, 0);
}

static void show_traps(void) {
  for (int sig = 0; sig <= _NSIG; sig++) {
    if (!traps[sig]) continue;
    printf("trap -- '%s' ", traps[sig]);
    if (sig && signal_name(sig)) printf("%s\n", signal_name(sig));
    else printf(sig ? "%d\n" : "EXIT\n", sig);
  }
}

int builtin_trap(char **argv) {
  if (!argv[1]) return show_traps(), 0;
  const char *commands = strcmp(argv[1], "-") == 0 ? NULL : argv[1];
  bool only_signal = argv[1] && !argv[2]; // `trap INT` is `trap - INT`
  int status = 0;
  for (int i = only_signal ? 1 : 2; argv[i]; i++) {
    int sig = strcmp(argv[i], "EXIT") == 0 ? 0 : signal_number(argv[i]);
    if (sig < 0) status = error_in("trap", argv[i], "invalid signal");
    else set_trap(sig, only_signal ? NULL : commands);
  }
  return status;
}
