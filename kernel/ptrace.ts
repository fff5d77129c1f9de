/*
 * kernel/ptrace.ts - a task that watches and changes another
 *
 * Linux:   kernel/ptrace.c, include/linux/ptrace.h (v6.12)
 * Manual:  ptrace(2)
 * Differs: upstream's one file is a folder here; this is its front door
 *
 *    access.ts    may it?
 *    attach.ts    tracer and tracee find and lose each other
 *    events.ts    what a tracee stops at; how: kernel/signal/stop.ts
 *    check.ts     is it in a stop?
 *    request.ts   the system call, and the table of requests
 *      registers.ts, memory.ts, siginfo.ts, syscall_info.ts    to look and to change
 *      options.ts, resume.ts                                   to go on
 */

export {
  PTRACE_MODE_ATTACH,
  PTRACE_MODE_ATTACH_FSCREDS,
  PTRACE_MODE_ATTACH_REALCREDS,
  PTRACE_MODE_FSCREDS,
  PTRACE_MODE_NOAUDIT,
  PTRACE_MODE_READ,
  PTRACE_MODE_READ_FSCREDS,
  PTRACE_MODE_READ_REALCREDS,
  PTRACE_MODE_REALCREDS,
  SUID_DUMP_USER,
  __ptrace_may_access,
  mm_access,
  ptrace_may_access,
  ptracer_capable,
} from './ptrace/access.ts';
export {
  exit_ptrace,
  hand_zombie_to_parent,
  ptrace_release_task,
  tells_tracer_first,
} from './ptrace/attach.ts';
export {
  ptrace_clone_event,
  ptrace_event,
  ptrace_init_task,
  ptrace_report_syscall,
} from './ptrace/events.ts';
export { sys_ptrace } from './ptrace/request.ts';
