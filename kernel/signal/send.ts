/*
 * kernel/signal/send.ts - from "somebody sends" to "somebody will take it"
 *
 * Linux:   kernel/signal.c (prepare_signal, __send_signal_locked, complete_signal, signal_wake_up), v6.12
 * Absent:  multiprocess signals that a fork in progress would miss: a fork here is never interrupted
 */

import {
  JOBCTL_PENDING_MASK,
  JOBCTL_PTRACE_FROZEN,
  JOBCTL_STOPPED,
  JOBCTL_STOP_PENDING,
  JOBCTL_TRACED,
  SIGNAL_CLD_CONTINUED,
  SIGNAL_CLD_STOPPED,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_CONTINUED,
  SIGNAL_STOP_STOPPED,
  SIGNAL_UNKILLABLE,
} from '../include/linux/jobctl.ts';
import { PT_SEIZED } from '../include/linux/ptrace.ts';
import {
  PF_EXITING,
  PF_KTHREAD,
  TASK_INTERRUPTIBLE,
  TASK_WAKEKILL,
  TIF_SIGPENDING,
  type Task,
  __TASK_STOPPED,
  __TASK_TRACED,
} from '../include/linux/sched.ts';
import type { KernelSigInfo, SigQueue, SigSet } from '../include/linux/signal.ts';
import { EAGAIN } from '../include/uapi/errno.ts';
import { SI_KERNEL, SI_USER } from '../include/uapi/siginfo.ts';
import {
  SIGCONT,
  SIGKILL,
  SIGRTMIN,
  SIG_DFL,
  SIG_IGN,
  SIG_KERNEL_STOP,
  sig_kernel_coredump,
  sig_kernel_ignore,
  sig_kernel_only,
  sig_kernel_stop,
} from '../include/uapi/signal.ts';
import { PIDTYPE_PID, type PidType, task_pid_nr_ns } from '../pid.ts';
import { try_to_wake_up } from '../sched/core.ts';
import { wake_up_interruptible_all } from '../sched/wait.ts';
import { ptrace_trap_notify, signal_set_stop_flags, task_clear_jobctl_pending } from './jobctl.ts';
import { flush_sigqueue_mask, sigqueue_alloc, task_sigpending } from './pending.ts';
import {
  SEND_SIG_NOINFO,
  SEND_SIG_PRIV,
  type SendInfo,
  has_si_pid_and_uid,
  is_si_special,
  kernel_siginfo,
  user_siginfo,
} from './siginfo.ts';
import { sigaddset, sigismember, sigset } from './sigset.ts';

/** Whom a signal is for: a thread (PIDTYPE_PID), its process, or what a group signal became (PIDTYPE_MAX: kill(-1)). */
export const PIDTYPE_MAX = 4;
export type SignalTarget = PidType | typeof PIDTYPE_MAX;

export const sig_handler = (task: Task, sig: number): number => task.sighand.action[sig - 1]!.sa_handler;

export const sig_handler_ignored = (handler: number, sig: number): boolean =>
  handler === SIG_IGN || (handler === SIG_DFL && sig_kernel_ignore(sig));

/** Would it be thrown away when it is looked at? `force`: the kernel sends it. */
function sig_task_ignored(task: Task, sig: number, force: boolean): boolean {
  const handler = sig_handler(task, sig);
  if (task.signal.flags & SIGNAL_UNKILLABLE && handler === SIG_DFL && !(force && sig_kernel_only(sig))) {
    return true;
  }
  if (task.flags & PF_KTHREAD && !force) return true;
  return sig_handler_ignored(handler, sig);
}

function sig_ignored(task: Task, sig: number, force: boolean): boolean {
  // Its action may be another one when it is unblocked.
  if (sigismember(task.blocked, sig) || sigismember(task.real_blocked, sig)) return false;
  // A tracer sees also what the program ignores; SIGKILL is not a matter of taste.
  if (task.ptrace && sig !== SIGKILL) return false;
  return sig_task_ignored(task, sig, force);
}

/**
 * What a signal does at the moment it is sent, delivered or not: a stop signal cancels a pending SIGCONT, SIGCONT cancels
 * stops and wakes the stopped. False: do not queue it.
 */
export function prepare_signal(sig: number, task: Task, force: boolean): boolean {
  const { signal } = task;
  // A dying process takes no more. Only a repeated SIGKILL is harmless, and dropped like the rest.
  if (signal.flags & SIGNAL_GROUP_EXIT) return false;

  if (sig_kernel_stop(sig)) discard(task, sigset(SIGCONT));
  else if (sig === SIGCONT) resume_process(task);

  return !sig_ignored(task, sig, force);
}

/** Out of the process's queue and out of every thread's. */
function discard(task: Task, mask: SigSet): void {
  flush_sigqueue_mask(mask, task.signal.shared_pending);
  for (const thread of task.signal.threads) flush_sigqueue_mask(mask, thread.pending);
}

function resume_process(task: Task): void {
  const { signal } = task;
  discard(task, { lo: SIG_KERNEL_STOP, hi: 0 });
  for (const thread of signal.threads) {
    task_clear_jobctl_pending(thread, JOBCTL_STOP_PENDING);
    if (thread.ptrace & PT_SEIZED) {
      ptrace_trap_notify(thread);
    } else {
      thread.jobctl &= ~JOBCTL_STOPPED;
      try_to_wake_up(thread, __TASK_STOPPED);
    }
  }

  // The parent hears of it from the first thread that runs: it may hear of the stop only now, too.
  let why = 0;
  if (signal.flags & SIGNAL_STOP_STOPPED) why = SIGNAL_CLD_CONTINUED;
  else if (signal.group_stop_count) why = SIGNAL_CLD_STOPPED;
  if (!why) return;
  signal_set_stop_flags(signal, why | SIGNAL_STOP_CONTINUED);
  signal.group_stop_count = 0;
  signal.group_exit_code = 0;
}

/** Linux: SEND_SIG_NOINFO is the running task's kill(), SEND_SIG_PRIV the kernel's own. */
function fill_info(sig: number, info: SendInfo, task: Task): KernelSigInfo {
  if (info === SEND_SIG_PRIV) return kernel_siginfo(sig);
  if (info === SEND_SIG_NOINFO) return user_siginfo(sig, SI_USER, task.kernel.sched.current);
  return info;
}

/**
 * Queues `sig` for a thread or, with any other `type`, for its process, and wakes who shall take it. 0, or -EAGAIN when
 * the queue is full and the information that would be lost is wanted.
 */
export function send_signal_locked(sig: number, info: SendInfo, task: Task, type: SignalTarget): number {
  const force = info === SEND_SIG_PRIV || (!is_si_special(info) && info.si_code === SI_KERNEL);
  if (info !== SEND_SIG_PRIV && from_ancestor_ns(task))
    return __send_signal_locked(sig, without_sender(sig, info), task, type, true);
  return __send_signal_locked(sig, info, task, type, force);
}

/** Where si_pid is in a siginfo_t. */
const SI_PID = 16;

/** Is the running task outside of the target's PID namespace? Then its word is the kernel's, even for the first process there. */
function from_ancestor_ns(task: Task): boolean {
  const { ns } = task.thread_pid;
  return ns.level > 0 && task_pid_nr_ns(task.kernel.sched.current, ns) === 0;
}

/** The sender has no number in there; the signal itself is told as it is. */
function without_sender(sig: number, info: SendInfo): SendInfo {
  const given = info === SEND_SIG_NOINFO ? { ...kernel_siginfo(sig), si_code: SI_USER } : info;
  if (is_si_special(given) || !has_si_pid_and_uid(given)) return given;
  const raw = given.raw?.slice().fill(0, SI_PID, SI_PID + 4);
  return { ...given, si_pid: 0, ...(raw && { raw }) };
}

export function __send_signal_locked(
  sig: number,
  info: SendInfo,
  task: Task,
  type: SignalTarget,
  force: boolean,
): number {
  if (!prepare_signal(sig, task, force)) return 0;

  const pending = type === PIDTYPE_PID ? task.pending : task.signal.shared_pending;
  // A standard signal is pending once, whoever sent it first.
  if (sig < SIGRTMIN && sigismember(pending.signal, sig)) return 0;

  const err = queue_info(sig, info, task, pending.list);
  if (err < 0) return err;
  const { events } = task.kernel;
  if (events) {
    const { si_code } = fill_info(sig, info, task);
    events.emit({ type: 'signal_generate', sig, target: task.pid, code: si_code });
  }
  pending.signal = sigaddset(pending.signal, sig);
  complete_signal(sig, task, type);
  return 0;
}

function queue_info(sig: number, info: SendInfo, task: Task, list: SigQueue[]): number {
  // Nobody will ever look at the information of a SIGKILL.
  if (sig === SIGKILL || task.flags & PF_KTHREAD) return 0;

  // A standard signal that the kernel or kill() sends is too important to be lost to a limit.
  const override = sig < SIGRTMIN && (is_si_special(info) || info.si_code >= 0);
  const entry = sigqueue_alloc(task, override);
  if (entry) {
    entry.info = fill_info(sig, info, task);
    list.push(entry);
    return 0;
  }
  const wanted = !is_si_special(info) && sig >= SIGRTMIN && info.si_code !== SI_USER;
  return wanted ? -EAGAIN : 0;
}

/** Could `task` take `sig` now, without being taken out of something it must finish? */
function wants_signal(sig: number, task: Task): boolean {
  if (sigismember(task.blocked, sig)) return false;
  if (task.flags & PF_EXITING) return false;
  if (sig === SIGKILL) return true;
  if (task.state & (__TASK_STOPPED | __TASK_TRACED)) return false;
  return task === task.kernel.sched.current || !task_sigpending(task);
}

/** The thread that takes a process's signal: the one it was sent to if it can, else each in turn. */
function choose_thread(sig: number, task: Task, type: SignalTarget): Task | null {
  if (wants_signal(sig, task)) return task;
  const { signal } = task;
  if (type === PIDTYPE_PID || signal.threads.size === 1) return null;

  const threads = [...signal.threads];
  const start = Math.max(0, threads.indexOf(signal.curr_target ?? task));
  for (let i = 0; i < threads.length; i++) {
    const thread = threads[(start + i) % threads.length]!;
    if (wants_signal(sig, thread)) {
      signal.curr_target = thread;
      return thread;
    }
  }
  return null;
}

/** Linux: sig_fatal(). Does the default action end the process? */
const sig_fatal = (task: Task, sig: number): boolean =>
  !sig_kernel_ignore(sig) && !sig_kernel_stop(sig) && sig_handler(task, sig) === SIG_DFL;

/** Who reads signals from a file looks whether it is his. */
function signalfd_notify({ sighand }: Task): void {
  if (sighand.signalfd_wqh) wake_up_interruptible_all(sighand.signalfd_wqh);
}

export function complete_signal(sig: number, task: Task, type: SignalTarget): void {
  signalfd_notify(task);
  // Nobody wants it now: whoever unblocks it will find it.
  const thread = choose_thread(sig, task, type);
  if (!thread) return;

  if (
    sig_fatal(task, sig) &&
    !(task.signal.flags & SIGNAL_GROUP_EXIT) &&
    !sigismember(thread.real_blocked, sig) &&
    (sig === SIGKILL || !task.ptrace) &&
    // A core dump shows all threads as they were: the one that takes the signal stops the others itself.
    !sig_kernel_coredump(sig)
  ) {
    start_group_exit(task, sig);
    return;
  }
  signal_wake_up(thread, sig === SIGKILL);
}

/** The end of the process is decided: every thread has a SIGKILL from now on. */
function start_group_exit(task: Task, sig: number): void {
  const { signal } = task;
  signal.flags = SIGNAL_GROUP_EXIT;
  signal.group_exit_code = sig;
  signal.group_stop_count = 0;
  for (const thread of signal.threads) {
    task_clear_jobctl_pending(thread, JOBCTL_PENDING_MASK);
    thread.pending.signal = sigaddset(thread.pending.signal, SIGKILL);
    signal_wake_up(thread, true);
  }
}

/** The others are to die: exit_group(), execve(). Returns how many there are. */
export function zap_other_threads(task: Task): number {
  let count = 0;
  task.signal.group_stop_count = 0;
  for (const thread of task.signal.threads) {
    if (thread === task) continue;
    task_clear_jobctl_pending(thread, JOBCTL_PENDING_MASK);
    count++;
    if (thread.exit_state) continue;
    thread.pending.signal = sigaddset(thread.pending.signal, SIGKILL);
    signal_wake_up(thread, true);
  }
  return count;
}

/** Makes `task` look: out of a sleep that a signal may end, and with `fatal` out of stops and killable sleeps. */
export function signal_wake_up(task: Task, fatal: boolean): void {
  let state = 0;
  if (fatal && !(task.jobctl & JOBCTL_PTRACE_FROZEN)) {
    task.jobctl &= ~(JOBCTL_STOPPED | JOBCTL_TRACED);
    state = TASK_WAKEKILL | __TASK_TRACED;
  }
  signal_wake_up_state(task, state);
}

export function signal_wake_up_state(task: Task, state: number): void {
  task.thread_info.flags |= TIF_SIGPENDING;
  try_to_wake_up(task, state | TASK_INTERRUPTIBLE);
}
