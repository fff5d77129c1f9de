/*
 * kernel/ptrace/check.ts - may this request be made now?
 *
 * Linux:  kernel/ptrace.c (ptrace_check_attach, ptrace_freeze_traced, ptrace_unfreeze_traced), v6.12
 * Manual: ptrace(2): "most ptrace commands require the tracee to be in a ptrace-stop, otherwise they fail with ESRCH"
 */

import { JOBCTL_LISTENING, JOBCTL_PTRACE_FROZEN, JOBCTL_TRACED } from '../include/linux/jobctl.ts';
import { type Task, __TASK_TRACED } from '../include/linux/sched.ts';
import { ESRCH } from '../include/uapi/errno.ts';
import { PTRACE_EVENT_EXEC } from '../include/uapi/ptrace.ts';
import { SIGTRAP } from '../include/uapi/signal.ts';
import { try_to_wake_up } from '../sched/core.ts';
import { __fatal_signal_pending } from '../signal.ts';

/** 0, or -ESRCH. `running`: the request does not need a stop; otherwise the child is frozen in it. */
export function ptrace_check_attach(task: Task, child: Task, running: boolean): number {
  if (!child.ptrace || child.parent !== task) return -ESRCH;
  return running || ptrace_freeze_traced(child) ? 0 : -ESRCH;
}

/** Until it is unfrozen not even SIGKILL takes the child out of its stop. */
function ptrace_freeze_traced(child: Task): boolean {
  if (child.jobctl & JOBCTL_LISTENING || !(child.state & __TASK_TRACED)) return false;
  if (looks_like_a_spurious_pid(child) || __fatal_signal_pending(child)) return false;
  child.jobctl |= JOBCTL_PTRACE_FROZEN;
  return true;
}

/**
 * A thread executed a program and took its leader's number, and the tracer has not been told: what it asks for under that
 * number is meant for the task that is gone.
 */
function looks_like_a_spurious_pid(child: Task): boolean {
  return child.exit_code === ((PTRACE_EVENT_EXEC << 8) | SIGTRAP) && child.pid !== child.ptrace_message;
}

export function ptrace_unfreeze_traced(child: Task): void {
  if (!(child.jobctl & JOBCTL_PTRACE_FROZEN)) return;
  child.jobctl &= ~JOBCTL_PTRACE_FROZEN;
  if (!__fatal_signal_pending(child)) return;
  child.jobctl &= ~JOBCTL_TRACED;
  try_to_wake_up(child, __TASK_TRACED);
}
