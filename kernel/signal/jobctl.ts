/*
 * kernel/signal/jobctl.ts - the bits of task.jobctl, and who counts in a group stop
 *
 * Linux:   kernel/signal.c (task_set_jobctl_pending and neighbours), v6.12
 */

import {
  JOBCTL_LISTENING,
  JOBCTL_PENDING_MASK,
  JOBCTL_STOP_CONSUME,
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  JOBCTL_TRACED,
  JOBCTL_TRAPPING,
  JOBCTL_TRAP_NOTIFY,
  SIGNAL_STOP_MASK,
  SIGNAL_STOP_STOPPED,
} from '../include/linux/jobctl.ts';
import { PF_EXITING, type Task, __TASK_TRACED } from '../include/linux/sched.ts';
import type { SignalStruct } from '../include/linux/signal.ts';
import { wake_up_all } from '../sched/wait.ts';
import { fatal_signal_pending } from './pending.ts';
import { signal_wake_up_state } from './send.ts';

export const signal_set_stop_flags = (signal: SignalStruct, flags: number): void => {
  signal.flags = (signal.flags & ~SIGNAL_STOP_MASK) | flags;
};

/** False for a dying task: it has nothing more to wait for. */
export function task_set_jobctl_pending(task: Task, mask: number): boolean {
  if (fatal_signal_pending(task) || task.flags & PF_EXITING) return false;
  if (mask & JOBCTL_STOP_SIGMASK) task.jobctl &= ~JOBCTL_STOP_SIGMASK;
  task.jobctl |= mask;
  return true;
}

export function task_clear_jobctl_pending(task: Task, mask: number): void {
  if (mask & JOBCTL_STOP_PENDING) mask |= JOBCTL_STOP_CONSUME | JOBCTL_STOP_DEQUEUED;
  task.jobctl &= ~mask;
  if (!(task.jobctl & JOBCTL_PENDING_MASK)) task_clear_jobctl_trapping(task);
}

/** The way from STOPPED to TRACED is done: the tracer may look. */
export function task_clear_jobctl_trapping(task: Task): void {
  if (!(task.jobctl & JOBCTL_TRAPPING)) return;
  task.jobctl &= ~JOBCTL_TRAPPING;
  if (task.trapping) wake_up_all(task.trapping);
}

/** `task` is about to stop. True if it was the last: the group stop is complete and the parent must hear of it. */
export function task_participate_group_stop(task: Task): boolean {
  const { signal } = task;
  const consume = task.jobctl & JOBCTL_STOP_CONSUME;
  task_clear_jobctl_pending(task, JOBCTL_STOP_PENDING);
  if (!consume) return false;

  if (signal.group_stop_count > 0) signal.group_stop_count--;
  // A stopped process may lose a thread or get one: it was reported already.
  if (signal.group_stop_count > 0 || signal.flags & SIGNAL_STOP_STOPPED) return false;
  signal_set_stop_flags(signal, SIGNAL_STOP_STOPPED);
  return true;
}

/** A new thread joins a group stop that is in progress (Linux: task_join_group_stop, from fork). */
export function task_join_group_stop(task: Task, parent: Task): void {
  const { signal } = parent;
  const mask = parent.jobctl & JOBCTL_STOP_SIGMASK;
  if (signal.group_stop_count) signal.group_stop_count++;
  else if (!(signal.flags & SIGNAL_STOP_STOPPED)) return;
  const consume = signal.group_stop_count ? JOBCTL_STOP_CONSUME : 0;
  task_set_jobctl_pending(task, mask | JOBCTL_STOP_PENDING | consume);
}

/** A seized task shall trap to tell its tracer of something; one that is LISTENing does so at once. */
export function ptrace_trap_notify(task: Task): void {
  task_set_jobctl_pending(task, JOBCTL_TRAP_NOTIFY);
  ptrace_signal_wake_up(task, (task.jobctl & JOBCTL_LISTENING) !== 0);
}

/** `resume`: also out of a stop of the tracer's. */
export function ptrace_signal_wake_up(task: Task, resume: boolean): void {
  let state = 0;
  if (resume) {
    task.jobctl &= ~JOBCTL_TRACED;
    state = __TASK_TRACED;
  }
  signal_wake_up_state(task, state);
}
