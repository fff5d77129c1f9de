/*
 * kernel/signal/stop.ts - to stop: with the whole process for job control, alone for a tracer
 *
 * Linux:   kernel/signal.c (do_signal_stop, ptrace_stop, do_jobctl_trap), v6.12
 *
 *               signal, event, system call                    PTRACE_<resume>
 *    RUNNING ------------------------------> TRACED ----------------------------> RUNNING
 *      |                                       | ^
 *      | do_signal_stop, not traced     LISTEN | | ptrace_trap_notify
 *      v                                       v |
 *    STOPPED --SIGCONT--> RUNNING         TRACED, listening
 *
 *    SIGKILL leads out of every one of them.
 */

import {
  JOBCTL_LISTENING,
  JOBCTL_PTRACE_FROZEN,
  JOBCTL_STOPPED,
  JOBCTL_STOP_CONSUME,
  JOBCTL_STOP_DEQUEUED,
  JOBCTL_STOP_PENDING,
  JOBCTL_STOP_SIGMASK,
  JOBCTL_TRACED,
  JOBCTL_TRAP_NOTIFY,
  JOBCTL_TRAP_STOP,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_STOPPED,
} from '../include/linux/jobctl.ts';
import { PT_SEIZED, ptrace_reparented } from '../include/linux/ptrace.ts';
import { TASK_STOPPED, TASK_TRACED, type Task, __TASK_STOPPED } from '../include/linux/sched.ts';
import type { KernelSigInfo } from '../include/linux/signal.ts';
import { PTRACE_EVENT_STOP } from '../include/uapi/ptrace.ts';
import { CLD_STOPPED, CLD_TRAPPED } from '../include/uapi/siginfo.ts';
import { SIGTRAP } from '../include/uapi/signal.ts';
import { schedule } from '../sched/core.ts';
import type { Sleeps } from '../sched/wait.ts';
import {
  ptrace_trap_notify,
  task_clear_jobctl_pending,
  task_clear_jobctl_trapping,
  task_participate_group_stop,
  task_set_jobctl_pending,
} from './jobctl.ts';
import { do_notify_parent_cldstop } from './notify.ts';
import { __fatal_signal_pending, recalc_sigpending_tsk } from './pending.ts';
import { signal_wake_up } from './send.ts';
import { user_siginfo } from './siginfo.ts';
import { task_pid_vnr } from '../pid.ts';

/**
 * Stops with the process. `signr`: the stop signal that was dequeued, 0: another thread's, JOBCTL_STOP_PENDING is set.
 * False: there is nothing to stop for any more, or a tracer's trap has been arranged instead.
 */
export function* do_signal_stop(task: Task, signr: number): Sleeps<boolean> {
  if (!(task.jobctl & JOBCTL_STOP_PENDING) && !start_group_stop(task, signr)) return false;

  if (task.ptrace) {
    // A tracee does not stop, it traps: do_jobctl_trap().
    task_set_jobctl_pending(task, JOBCTL_TRAP_STOP);
    return false;
  }
  const last = task_participate_group_stop(task);
  task.jobctl |= JOBCTL_STOPPED;
  task.state = TASK_STOPPED;
  if (last) do_notify_parent_cldstop(task, false, CLD_STOPPED);
  yield* schedule(task);
  return true;
}

/** Every thread that is not stopped yet is told to stop and counted. */
function start_group_stop(task: Task, signr: number): boolean {
  const { signal } = task;
  // SIGCONT took the signal back, or the process is dying.
  if (!(task.jobctl & JOBCTL_STOP_DEQUEUED)) return false;
  if (signal.flags & SIGNAL_GROUP_EXIT || signal.group_exec_task) return false;

  // A second stop signal to a stopped process, whose tracee has run on, is not the one that counts.
  if (!(signal.flags & SIGNAL_STOP_STOPPED)) signal.group_exit_code = signr;

  const gstop = signr | JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME;
  signal.group_stop_count = task_set_jobctl_pending(task, gstop) ? 1 : 0;
  for (const thread of signal.threads) {
    if (thread === task || thread.state & __TASK_STOPPED || !task_set_jobctl_pending(thread, gstop)) continue;
    signal.group_stop_count++;
    if (thread.ptrace & PT_SEIZED) ptrace_trap_notify(thread);
    else signal_wake_up(thread, false);
  }
  return true;
}

/**
 * Stops for the tracer and returns what it says: the signal to deliver, 0 for none. `exitCode` is what wait() reports,
 * `info` what PTRACE_GETSIGINFO shows (null: EINVAL).
 */
export function* ptrace_stop(
  task: Task,
  exitCode: number,
  why: typeof CLD_TRAPPED | typeof CLD_STOPPED,
  message: number,
  info: KernelSigInfo | null,
): Sleeps<number> {
  // The tracer is gone, or the task is to die: nobody could resume it.
  if (!task.ptrace || __fatal_signal_pending(task)) return exitCode;

  task.state = TASK_TRACED;
  task.jobctl |= JOBCTL_TRACED;
  task.ptrace_message = message;
  task.last_siginfo = info;
  task.exit_code = exitCode;

  // Trapping counts as taking part in a group stop; only PTRACE_CONT takes the tracee out of it again.
  const stopped =
    why === CLD_STOPPED && task.jobctl & JOBCTL_STOP_PENDING ? task_participate_group_stop(task) : false;
  task_clear_jobctl_pending(task, JOBCTL_TRAP_STOP);
  if (info && info.si_code >> 8 === PTRACE_EVENT_STOP) task_clear_jobctl_pending(task, JOBCTL_TRAP_NOTIFY);
  task_clear_jobctl_trapping(task);

  do_notify_parent_cldstop(task, true, why);
  if (stopped && ptrace_reparented(task)) do_notify_parent_cldstop(task, false, why);
  yield* schedule(task);

  const signr = task.exit_code;
  task.last_siginfo = null;
  task.ptrace_message = 0;
  task.exit_code = 0;
  task.jobctl &= ~(JOBCTL_LISTENING | JOBCTL_PTRACE_FROZEN | JOBCTL_TRACED);
  // Signals that came while it was stopped woke nobody.
  recalc_sigpending_tsk(task);
  return signr;
}

/** A stop that is not about a signal: the siginfo says which one. */
function ptrace_do_notify(
  task: Task,
  signr: number,
  exitCode: number,
  why: typeof CLD_TRAPPED | typeof CLD_STOPPED,
  message: number,
): Sleeps<number> {
  const info = user_siginfo(signr, exitCode, task);
  info.si_pid = task_pid_vnr(task, task);
  return ptrace_stop(task, exitCode, why, message, info);
}

/** `exitCode`: SIGTRAP, perhaps with 0x80 (a system call) or an event in bits 15:8. */
export function ptrace_notify(task: Task, exitCode: number, message: number): Sleeps<number> {
  return ptrace_do_notify(task, SIGTRAP, exitCode, CLD_TRAPPED, message);
}

/** A tracee's part in a group stop, and a seized one's answer to PTRACE_INTERRUPT and SIGCONT. */
export function* do_jobctl_trap(task: Task): Sleeps<void> {
  const { signal } = task;
  const signr = task.jobctl & JOBCTL_STOP_SIGMASK;
  if (!(task.ptrace & PT_SEIZED)) {
    yield* ptrace_stop(task, signr, CLD_STOPPED, 0, null);
    return;
  }
  const stopped = signal.group_stop_count > 0 || (signal.flags & SIGNAL_STOP_STOPPED) !== 0;
  const sig = stopped ? signr : SIGTRAP;
  yield* ptrace_do_notify(task, sig, sig | (PTRACE_EVENT_STOP << 8), CLD_STOPPED, 0);
}
