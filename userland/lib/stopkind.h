/*
 * stopkind.h - which kind of stop is it? What a tracer can find out
 */
#pragma once
#include "trace.h"

enum stop_kind { // in the order of the events' numbers first
  FORK_EVENT, VFORK_EVENT, CLONE_EVENT, EXEC_EVENT, VFORK_DONE_EVENT, EXIT_EVENT, SECCOMP_EVENT,
  CALL_ENTRY, CALL_EXIT, EMULATED_CALL,
  INTERRUPTED, GROUP_STOP_SEIZED, LISTENING, GROUP_STOP, ATTACHED, NEWBORN,
  SIGNALLED, FILTER_SIGSYS, DISPATCH_SIGSYS,
  EXEC_TRAP, STEP, CALL_STEP, HANDLER_STEP, BREAK_INSTRUCTION, HARDWARE_BREAK,
  KINDS
};
static const char *const kind_names[KINDS] = {
  "fork", "vfork", "clone", "exec", "vfork-done", "exit", "seccomp",
  "entry", "exit-of-call", "emulated",
  "interrupt", "seized-group-stop", "listening", "group-stop", "attach", "newborn",
  "signal", "filter's-SIGSYS", "dispatch's-SIGSYS",
  "exec's-SIGTRAP", "step", "step-over-call", "step-into-handler", "brk", "hardware"};

/* What leads there, or at least not elsewhere: the request (0: PTRACE_CONT) and how it is traced. */
enum { ANYHOW, ATTACHING, SEIZING };
static const struct {
  short request;
  char by;
} leads_to[KINDS] = {
  [CALL_ENTRY] = {PTRACE_SYSCALL},   [CALL_EXIT] = {PTRACE_SYSCALL},       [EMULATED_CALL] = {PTRACE_SYSEMU},
  [STEP] = {PTRACE_SINGLESTEP},      [CALL_STEP] = {PTRACE_SINGLESTEP},    [HANDLER_STEP] = {PTRACE_SINGLESTEP},
  [LISTENING] = {PTRACE_LISTEN, SEIZING}, [INTERRUPTED] = {0, SEIZING},    [GROUP_STOP_SEIZED] = {0, SEIZING},
  [GROUP_STOP] = {0, ATTACHING},     [ATTACHED] = {0, ATTACHING},          [NEWBORN] = {0, ATTACHING},
  [EXEC_TRAP] = {0, ATTACHING}};

static enum stop_kind kind_of_trap(long pid, const siginfo_t *info, bool emulates) {
  switch (info->si_code) {
    case SIGTRAP:
    case SIGTRAP | 0x80:
      if (message(pid) == PTRACE_EVENTMSG_SYSCALL_EXIT) return CALL_EXIT;
      return message(pid) == 0 ? HANDLER_STEP : emulates ? EMULATED_CALL : CALL_ENTRY;
    case TRAP_BRKPT:
      return BREAK_INSTRUCTION;
    case TRAP_TRACE:
      return STEP;
    case TRAP_HWBKPT:
      return HARDWARE_BREAK;
    case 0: // nobody's, its own, or somebody's kill()
      return info->si_pid == 0 ? CALL_STEP : info->si_pid == pid ? EXEC_TRAP : SIGNALLED;
    default:
      return SIGNALLED;
  }
}

/* `emulates`: it was let go with PTRACE_SYSEMU. */
static enum stop_kind kind_of_stop(long pid, int status, bool emulates) {
  int event = status >> 16, sig = WSTOPSIG(status) & 0x7f;
  if (event > 0 && event <= PTRACE_EVENT_SECCOMP) return (enum stop_kind)(event - 1);
  if (event) return sig == SIGTRAP ? INTERRUPTED : GROUP_STOP_SEIZED;
  siginfo_t info = {0};
  if (ptrace(PTRACE_GETSIGINFO, (pid_t)pid, 0, &info) == -EINVAL) return GROUP_STOP;
  if (sig == SIGTRAP) return kind_of_trap(pid, &info, emulates);
  if (sig == SIGSTOP && info.si_code == SI_KERNEL) return ATTACHED;
  if (sig == SIGSTOP && info.si_code == 0 && info.si_pid == 0) return NEWBORN;
  if (sig == SIGSYS && info.si_code == SYS_SECCOMP) return FILTER_SIGSYS;
  if (sig == SIGSYS && info.si_code == SYS_USER_DISPATCH) return DISPATCH_SIGSYS;
  return SIGNALLED;
}
