/*
 * kernel/include/linux/ptrace.ts - task.ptrace: is it traced, and what its tracer wants to hear of
 *
 * Linux: include/linux/ptrace.h (v6.12)
 *
 *    24       23        16       10 ... 4   3             0
 *    SUSPEND  EXITKILL  SEIZED   events     TRACESYSGOOD  PTRACED
 */

import { PTRACE_O_EXITKILL, PTRACE_O_SUSPEND_SECCOMP } from '../uapi/ptrace.ts';
import type { Task } from './sched.ts';

export const PT_PTRACED = 0x1;
export const PT_SEIZED = 0x1_0000;

/** The PTRACE_O_* options live three bits up; option n reports event n, option 0 is TRACESYSGOOD. */
export const PT_OPT_FLAG_SHIFT = 3;
export const PT_EVENT_FLAG = (event: number): number => 1 << (PT_OPT_FLAG_SHIFT + event);
export const PT_TRACESYSGOOD = 1 << PT_OPT_FLAG_SHIFT;
/** The tracee does not survive its tracer. */
export const PT_EXITKILL = PTRACE_O_EXITKILL << PT_OPT_FLAG_SHIFT;
/** Its seccomp filters are not run. */
export const PT_SUSPEND_SECCOMP = PTRACE_O_SUSPEND_SECCOMP << PT_OPT_FLAG_SHIFT;

export const ptrace_event_enabled = (task: Task, event: number): boolean =>
  (task.ptrace & PT_EVENT_FLAG(event)) !== 0;

/** Is `child`'s tracer somebody else than its parent's process? */
export const ptrace_reparented = (child: Task): boolean => child.real_parent.signal !== child.parent.signal;
