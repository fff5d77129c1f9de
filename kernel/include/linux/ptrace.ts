/*
 * kernel/include/linux/ptrace.ts - task.ptrace: is it traced, and what its tracer wants to hear of
 *
 * Linux: include/linux/ptrace.h (v6.12)
 */

import type { Sleeps } from '../../sched/wait.ts';
import { fatal_signal_pending } from '../../signal/pending.ts';
import { send_sig } from '../../signal/kill.ts';
import { ptrace_notify } from '../../signal/stop.ts';
import { SIGTRAP } from '../uapi/signal.ts';
import type { Task } from './sched.ts';

export const PT_PTRACED = 0x1;
export const PT_SEIZED = 0x1_0000;

/** The PTRACE_O_* options live three bits up; option n reports event n, option 0 is TRACESYSGOOD. */
export const PT_OPT_FLAG_SHIFT = 3;
export const PT_EVENT_FLAG = (event: number): number => 1 << (PT_OPT_FLAG_SHIFT + event);
export const PT_TRACESYSGOOD = 1 << PT_OPT_FLAG_SHIFT;

export const ptrace_event_enabled = (task: Task, event: number): boolean =>
  (task.ptrace & PT_EVENT_FLAG(event)) !== 0;

/** Is `child`'s tracer somebody else than its parent's process? */
export const ptrace_reparented = (child: Task): boolean => child.real_parent.signal !== child.parent.signal;

/** With PTRACE_O_TRACESYSGOOD: a stop at a system call, not a SIGTRAP. */
const SYSGOOD = 0x80;

/**
 * Stops at a system call; `message` says at which side of it (PTRACE_EVENTMSG_SYSCALL_*). True: the call must not go on,
 * as the task is to die. A signal that the tracer passes on is sent to the task, which takes it on its way out.
 */
export function* ptrace_report_syscall(task: Task, message: number): Sleeps<boolean> {
  if (!(task.ptrace & PT_PTRACED)) return false;
  const signr = yield* ptrace_notify(task, SIGTRAP | (task.ptrace & PT_TRACESYSGOOD ? SYSGOOD : 0), message);
  if (signr) send_sig(signr, task, true);
  return fatal_signal_pending(task);
}
