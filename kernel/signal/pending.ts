/*
 * kernel/signal/pending.ts - signals that were sent and not yet delivered
 *
 * Linux:   kernel/signal.c (next_signal, collect_signal, dequeue_signal, recalc_sigpending), include/linux/sched/signal.h
 *
 * A task has its own queue, a process a shared one. `signal` says which signals are pending, `list` what is known about
 * each; a signal can be pending without an entry (the queue was full: then it looks like a kill() by nobody).
 */

import { JOBCTL_PENDING_MASK, JOBCTL_STOP_DEQUEUED, JOBCTL_TRAP_FREEZE } from '../include/linux/jobctl.ts';
import { TIF_NOTIFY_SIGNAL, TIF_SIGPENDING, type Task } from '../include/linux/sched.ts';
import type { KernelSigInfo, SigPending, SigQueue, SigQueueTimer, SigSet } from '../include/linux/signal.ts';
import { SI_TIMER, SI_USER } from '../include/uapi/siginfo.ts';
import {
  SIGALRM,
  SIGKILL,
  SYNCHRONOUS_MASK,
  sig_kernel_stop,
  sig_synchronous,
} from '../include/uapi/signal.ts';
import { RLIMIT_SIGPENDING } from '../include/uapi/resource.ts';
import {
  EMPTY_SIGSET,
  first_signal,
  has_pending_signals,
  sigandnsets,
  sigdelset,
  sigismember,
  sigorsets,
} from './sigset.ts';

export const new_pending = (): SigPending => ({ signal: EMPTY_SIGSET, list: [] });

/** Something interrupts `task`: a signal, or work that pretends to be one. */
export const signal_pending = (task: Task): boolean =>
  (task.thread_info.flags & (TIF_SIGPENDING | TIF_NOTIFY_SIGNAL)) !== 0;

export const task_sigpending = (task: Task): boolean => (task.thread_info.flags & TIF_SIGPENDING) !== 0;

export const __fatal_signal_pending = (task: Task): boolean => sigismember(task.pending.signal, SIGKILL);

/** It is going to die; only that may cut a killable sleep short. */
export const fatal_signal_pending = (task: Task): boolean =>
  task_sigpending(task) && __fatal_signal_pending(task);

/*
 * Entries
 */

/** An entry charged to the target's user, or null when that user has too many and `overrideLimit` is not given. */
export function sigqueue_alloc(
  task: Task,
  overrideLimit: boolean,
  timer: SigQueueTimer | null = null,
): SigQueue | null {
  const { user } = task.cred;
  const limit = task.signal.rlim[RLIMIT_SIGPENDING]!.cur;
  if (!overrideLimit && user.sigpending + 1 > limit) return null;
  user.sigpending++;
  return { info: { si_signo: 0, si_errno: 0, si_code: 0 }, user, timer };
}

/** A timer's entry lives as long as the timer. */
export function __sigqueue_free(entry: SigQueue): void {
  if (!entry.timer) sigqueue_free(entry);
}

/** Linux: posixtimer_sigqueue_putref(). Of a timer that goes away; it must not be queued. */
export function sigqueue_free(entry: SigQueue): void {
  if (entry.user) entry.user.sigpending--;
}

export function flush_sigqueue(queue: SigPending): void {
  queue.signal = EMPTY_SIGSET;
  for (const entry of queue.list) __sigqueue_free(entry);
  queue.list.length = 0;
}

/** Drops every pending signal of `mask`. */
export function flush_sigqueue_mask(mask: SigSet, queue: SigPending): void {
  queue.signal = sigandnsets(queue.signal, mask);
  const dropped = queue.list.filter((entry) => sigismember(mask, entry.info.si_signo));
  for (const entry of dropped) {
    queue.list.splice(queue.list.indexOf(entry), 1);
    __sigqueue_free(entry);
  }
}

export function flush_signals(task: Task): void {
  task.thread_info.flags &= ~TIF_SIGPENDING;
  flush_sigqueue(task.pending);
  flush_sigqueue(task.signal.shared_pending);
}

/*
 * TIF_SIGPENDING: has the task anything to do before it returns to user space?
 */

/** Sets the flag if so; never clears it, as the task may be on its way to look. */
export function recalc_sigpending_tsk(task: Task): boolean {
  if (
    task.jobctl & (JOBCTL_PENDING_MASK | JOBCTL_TRAP_FREEZE) ||
    has_pending_signals(task.pending.signal, task.blocked) ||
    has_pending_signals(task.signal.shared_pending.signal, task.blocked)
  ) {
    task.thread_info.flags |= TIF_SIGPENDING;
    return true;
  }
  return false;
}

/** `task` is the one that runs: only it may clear its own flag. */
export function recalc_sigpending(task: Task): void {
  if (!recalc_sigpending_tsk(task)) task.thread_info.flags &= ~TIF_SIGPENDING;
}

/** A new task's first look: what came before it could run set no flag. */
export const calculate_sigpending = recalc_sigpending;

/*
 * Taking one out
 */

/** Faults of the last instruction first, then the lowest number. 0: nothing that `mask` does not block. */
function next_signal(pending: SigPending, mask: SigSet): number {
  const { signal } = pending;
  const synchronous = signal.lo & ~mask.lo & SYNCHRONOUS_MASK;
  if (synchronous) return first_signal({ lo: synchronous, hi: 0 });
  if (!has_pending_signals(signal, mask)) return 0;
  return first_signal(sigandnsets(signal, mask));
}

/** The oldest entry for `sig` leaves the queue; the signal stays pending while it has another. */
function collect_signal(sig: number, pending: SigPending): { info: KernelSigInfo; entry: SigQueue | null } {
  const { list } = pending;
  const at = list.findIndex((entry) => entry.info.si_signo === sig);
  const entry = at < 0 ? null : list.splice(at, 1)[0]!;
  if (!list.some((other) => other.info.si_signo === sig)) pending.signal = sigdelset(pending.signal, sig);
  if (!entry) return { info: { si_signo: sig, si_errno: 0, si_code: SI_USER, si_pid: 0, si_uid: 0 }, entry };
  __sigqueue_free(entry);
  return { info: entry.info, entry };
}

/** What was dequeued, and from where: a tracer may have it sent again to the same queue. */
export interface Dequeued {
  readonly info: KernelSigInfo;
  readonly shared: boolean;
}

/** The next signal of the running task that `mask` does not block, or null. */
export function dequeue_signal(task: Task, mask: SigSet): Dequeued | null {
  for (;;) {
    const shared = next_signal(task.pending, mask) === 0;
    const pending = shared ? task.signal.shared_pending : task.pending;
    const sig = next_signal(pending, mask);
    if (sig === 0) {
      recalc_sigpending(task);
      return null;
    }
    const { info, entry } = collect_signal(sig, pending);
    // A periodic ITIMER_REAL goes on only when its last signal was taken: nobody can be flooded by it.
    if (shared && sig === SIGALRM) restart_itimer(task);
    recalc_sigpending(task);

    if (sig_kernel_stop(sig)) task.jobctl |= JOBCTL_STOP_DEQUEUED;
    if (entry?.timer && info.si_code === SI_TIMER && !entry.timer.posixtimer_deliver_signal(task, info))
      continue;
    return { info, shared };
  }
}

function restart_itimer(task: Task): void {
  const { real_timer, it_real_incr } = task.signal;
  if (!real_timer || real_timer.queued || it_real_incr === 0) return;
  real_timer.forward(it_real_incr);
  real_timer.start(real_timer.expires);
}

/** A fault of the very instruction the task is at: it comes before everything, in the order of occurrence. */
export function dequeue_synchronous_signal(task: Task): KernelSigInfo | null {
  const { pending } = task;
  if ((pending.signal.lo & ~task.blocked.lo & SYNCHRONOUS_MASK) === 0) return null;
  const entry = pending.list.find(({ info }) => info.si_code > SI_USER && sig_synchronous(info.si_signo));
  if (!entry) return null;

  pending.list.splice(pending.list.indexOf(entry), 1);
  if (!pending.list.some(({ info }) => info.si_signo === entry.info.si_signo)) {
    pending.signal = sigdelset(pending.signal, entry.info.si_signo);
  }
  recalc_sigpending(task);
  __sigqueue_free(entry);
  return entry.info;
}

/** For sigpending(2) and /proc: pending for the task or its process. */
export const pending_signals = (task: Task): SigSet =>
  sigorsets(task.pending.signal, task.signal.shared_pending.signal);
