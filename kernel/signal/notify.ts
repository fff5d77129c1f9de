/*
 * kernel/signal/notify.ts - what a parent or tracer is told about its child
 *
 * Linux:   kernel/signal.c (do_notify_parent, do_notify_parent_cldstop), kernel/exit.c (__wake_up_parent), v6.12
 */

import type { Task } from '../include/linux/sched.ts';
import type { KernelSigInfo } from '../include/linux/signal.ts';
import {
  CLD_CONTINUED,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  type CLD_TRAPPED,
} from '../include/uapi/siginfo.ts';
import {
  SA_NOCLDSTOP,
  SA_NOCLDWAIT,
  SIGCHLD,
  SIGCONT,
  SIG_IGN,
  valid_signal,
} from '../include/uapi/signal.ts';
import { PIDTYPE_TGID, task_active_pid_ns, task_pid_nr_ns } from '../pid.ts';
import { wake_up_interruptible_all } from '../sched/wait.ts';
import { from_kuid_munged } from '../user_namespace.ts';
import { __send_signal_locked } from './send.ts';

export type CldStopReason = typeof CLD_STOPPED | typeof CLD_CONTINUED | typeof CLD_TRAPPED;

/** si_utime and si_stime count in these: USER_HZ is 100. */
const NSEC_PER_TICK = 10_000_000;
export const nsec_to_clock_t = (ns: number): number => Math.floor(ns / NSEC_PER_TICK);

/** Whoever waits for a child of `parent` looks again. */
export const __wake_up_parent = (parent: Task): void =>
  wake_up_interruptible_all(parent.signal.wait_chldexit);

/**
 * `task` (a group leader, or a ptraced thread) is dead. Sends `sig` to its parent; true when the parent does not want to
 * wait for it, so that it can go at once.
 */
export function do_notify_parent(task: Task, sig: number): boolean {
  const { parent } = task;
  // A parent that has executed another program since cannot have meant that signal.
  if (sig !== SIGCHLD && task.parent_exec_id !== parent.self_exec_id) sig = SIGCHLD;
  let autoreap = false;
  if (!task.ptrace && sig === SIGCHLD) {
    const action = parent.sighand.action[SIGCHLD - 1]!;
    const ignored = action.sa_handler === SIG_IGN;
    autoreap = ignored || (action.sa_flags & SA_NOCLDWAIT) !== 0;
    // With SA_NOCLDWAIT the signal is sent all the same: POSIX leaves it open, Linux always did.
    if (ignored) sig = 0;
  }
  if (sig !== 0 && valid_signal(sig)) {
    const { si_code, si_status } = exit_status(task.exit_code);
    const info = child_info(task, parent, sig, si_code, si_status);
    __send_signal_locked(sig, info, parent, PIDTYPE_TGID, false);
  }
  __wake_up_parent(parent);
  return autoreap;
}

/** wait(2)'s status as waitid(2) tells it. */
export function exit_status(status: number): { si_code: number; si_status: number } {
  const sig = status & 0x7f;
  if (status & 0x80) return { si_code: CLD_DUMPED, si_status: sig };
  return sig ? { si_code: CLD_KILLED, si_status: sig } : { si_code: CLD_EXITED, si_status: status >> 8 };
}

/* A siginfo for each stop of each tracee: made at once, as fields that are added later make it several times as dear. */
function child_info(
  task: Task,
  parent: Task,
  sig: number,
  si_code: number,
  si_status: number,
): KernelSigInfo {
  return {
    si_signo: sig,
    si_errno: 0,
    si_code,
    si_pid: task_pid_nr_ns(task, task_active_pid_ns(parent)),
    si_uid: from_kuid_munged(parent.cred, task.cred.uid),
    si_status,
    si_utime: nsec_to_clock_t(task.utime + task.signal.utime),
    si_stime: nsec_to_clock_t(task.stime + task.signal.stime),
  };
}

/**
 * `task` stopped, went on or trapped: its tracer hears about the thread, its real parent about the process. Also wakes
 * who waits, signal or not.
 */
export function do_notify_parent_cldstop(task: Task, forTracer: boolean, why: CldStopReason): void {
  const subject = forTracer ? task : task.group_leader;
  const parent = forTracer ? task.parent : subject.real_parent;

  const action = parent.sighand.action[SIGCHLD - 1]!;
  if (action.sa_handler !== SIG_IGN && !(action.sa_flags & SA_NOCLDSTOP)) {
    const info = child_info(subject, parent, SIGCHLD, why, stop_status(subject, why));
    __send_signal_locked(SIGCHLD, info, parent, PIDTYPE_TGID, false);
  }
  __wake_up_parent(parent);
}

function stop_status(task: Task, why: CldStopReason): number {
  if (why === CLD_CONTINUED) return SIGCONT;
  return (why === CLD_STOPPED ? task.signal.group_exit_code : task.exit_code) & 0x7f;
}
