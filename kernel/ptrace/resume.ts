/*
 * kernel/ptrace/resume.ts - a tracee goes on, or is told to stop
 *
 * Linux:  kernel/ptrace.c (ptrace_resume, PTRACE_INTERRUPT, PTRACE_LISTEN), v6.12
 * Manual: ptrace(2)
 *
 *                         stops next at             TRACE    EMU    step
 *    CONT                 a signal or event
 *    SYSCALL              a system call, twice      set
 *    SYSEMU               a system call, skipped             set
 *    SINGLESTEP           the next instruction                      set
 *    SYSEMU_SINGLESTEP    whichever comes first              set    set
 *
 * What a request does not set, it clears.
 */

import {
  JOBCTL_LISTENING,
  JOBCTL_TRACED,
  JOBCTL_TRAP_NOTIFY,
  JOBCTL_TRAP_STOP,
} from '../include/linux/jobctl.ts';
import { PT_SEIZED } from '../include/linux/ptrace.ts';
import {
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_TRACE,
  type Task,
  __TASK_TRACED,
} from '../include/linux/sched.ts';
import { EIO } from '../include/uapi/errno.ts';
import { PTRACE_EVENT_STOP } from '../include/uapi/ptrace.ts';
import { SIGKILL, valid_signal } from '../include/uapi/signal.ts';
import { try_to_wake_up } from '../sched/core.ts';
import { SEND_SIG_NOINFO, ptrace_signal_wake_up, send_sig_info, task_set_jobctl_pending } from '../signal.ts';

/** `work`: SYSCALL_WORK_* to set. `data`: the signal to go on with, 0 for none. */
export function ptrace_resume(child: Task, work: number, step: boolean, data: number): number {
  if (!valid_signal(data)) return -EIO;
  const info = child.thread_info;
  info.syscall_work &= ~(SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU);
  info.syscall_work |= work;
  const { arch } = child.kernel;
  if (step) arch.user_enable_single_step(child);
  else arch.user_disable_single_step(child);

  child.exit_code = data;
  child.jobctl &= ~JOBCTL_TRACED;
  try_to_wake_up(child, __TASK_TRACED);
  return 0;
}

/** It need not be in a stop for that; and that it is in one, it does not notice. */
export function ptrace_kill(child: Task): number {
  send_sig_info(SIGKILL, SEND_SIG_NOINFO, child);
  return 0;
}

/** A trap as soon as possible, without a signal. A tracee that has stopped will stop once more when it is resumed. */
export function ptrace_interrupt(child: Task): number {
  if (!(child.ptrace & PT_SEIZED)) return -EIO;
  if (task_set_jobctl_pending(child, JOBCTL_TRAP_STOP)) {
    ptrace_signal_wake_up(child, (child.jobctl & JOBCTL_LISTENING) !== 0);
  }
  return 0;
}

/** Leaves it stopped with its process, and has it trap again when that changes. */
export function ptrace_listen(child: Task): number {
  const info = child.last_siginfo;
  if (!(child.ptrace & PT_SEIZED) || !info || info.si_code >> 8 !== PTRACE_EVENT_STOP) return -EIO;
  child.jobctl |= JOBCTL_LISTENING;
  // It has changed already, between the trap and this request.
  if (child.jobctl & JOBCTL_TRAP_NOTIFY) ptrace_signal_wake_up(child, true);
  return 0;
}
