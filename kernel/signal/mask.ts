/*
 * kernel/signal/mask.ts - which signals a task lets through
 *
 * Linux:   kernel/signal.c (__set_task_blocked, retarget_shared_pending, set_user_sigmask), include/linux/sched/signal.h, v6.12
 */

import { SIGNAL_GROUP_EXIT } from '../include/linux/jobctl.ts';
import { JOBCTL_STOP_PENDING } from '../include/linux/jobctl.ts';
import { PF_EXITING, TIF_RESTORE_SIGMASK, type Task } from '../include/linux/sched.ts';
import type { SigSet } from '../include/linux/signal.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL } from '../include/uapi/errno.ts';
import { CLD_STOPPED } from '../include/uapi/siginfo.ts';
import { copy_from_user, copy_to_user } from '../lib/usercopy.ts';
import { task_participate_group_stop } from './jobctl.ts';
import { do_notify_parent_cldstop } from './notify.ts';
import { recalc_sigpending, task_sigpending } from './pending.ts';
import { signal_wake_up } from './send.ts';
import {
  SIGSET_SIZE,
  has_pending_signals,
  sigandnsets,
  sigandsets,
  sigequalsets,
  sigisemptyset,
  signotset,
  sigset_from_bytes,
  sigset_to_bytes,
  without_kernel_only,
} from './sigset.ts';

/** A mask from user space: SIGKILL and SIGSTOP stay open. */
export const set_current_blocked = (task: Task, set: SigSet): void =>
  __set_current_blocked(task, without_kernel_only(set));

export function __set_current_blocked(task: Task, set: SigSet): void {
  if (sigequalsets(task.blocked, set)) return;
  // A signal for the process that woke this thread, which now does not want it any more: somebody else must.
  if (task_sigpending(task) && task.signal.threads.size > 1) {
    retarget_shared_pending(task, sigandnsets(set, task.blocked));
  }
  task.blocked = set;
  recalc_sigpending(task);
}

/** Wakes other threads for the process's pending signals of `which`. */
function retarget_shared_pending(task: Task, which: SigSet): void {
  let retarget = sigandsets(task.signal.shared_pending.signal, which);
  for (const thread of task.signal.threads) {
    if (sigisemptyset(retarget)) return;
    if (thread === task || thread.flags & PF_EXITING) continue;
    if (!has_pending_signals(retarget, thread.blocked)) continue;
    retarget = sigandsets(retarget, thread.blocked);
    if (!task_sigpending(thread)) signal_wake_up(thread, false);
  }
}

/** Linux: exit_signals(). The dying thread takes no more signals, and counts no more in a group stop. */
export function exit_signals(task: Task): void {
  task.flags |= PF_EXITING;
  if (task.signal.threads.size === 1 || task.signal.flags & SIGNAL_GROUP_EXIT) return;
  if (!task_sigpending(task)) return;

  retarget_shared_pending(task, signotset(task.blocked));
  if (task.jobctl & JOBCTL_STOP_PENDING && task_participate_group_stop(task)) {
    do_notify_parent_cldstop(task, false, CLD_STOPPED);
  }
}

/*
 * A mask for one call (ppoll, pselect6, epoll_pwait, rt_sigsuspend): if a handler runs, it is sigreturn that puts the
 * old one back; if none does, the way out of the kernel.
 */

export const set_restore_sigmask = (task: Task): void => {
  task.thread_info.flags |= TIF_RESTORE_SIGMASK;
};
export const clear_restore_sigmask = (task: Task): void => {
  task.thread_info.flags &= ~TIF_RESTORE_SIGMASK;
};
const test_restore_sigmask = (task: Task): boolean => (task.thread_info.flags & TIF_RESTORE_SIGMASK) !== 0;

export function restore_saved_sigmask(task: Task): void {
  if (!test_restore_sigmask(task)) return;
  clear_restore_sigmask(task);
  __set_current_blocked(task, task.saved_sigmask);
}

/** `interrupted`: the signal that did it will be delivered, under the call's own mask. */
export function restore_saved_sigmask_unless(task: Task, interrupted: boolean): void {
  if (!interrupted) restore_saved_sigmask(task);
}

/** The mask that a frame saves and sigreturn restores. */
export const sigmask_to_save = (task: Task): SigSet =>
  test_restore_sigmask(task) ? task.saved_sigmask : task.blocked;

/** For the calls with a mask of their own; no mask (NULL) changes nothing. 0 or -errno. */
export function set_user_sigmask(task: Task, umask: UserPtr, sigsetsize: number): number {
  if (umask === 0) return 0;
  if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
  const mask = get_user_sigset(task, umask);
  if (typeof mask === 'number') return mask;

  set_restore_sigmask(task);
  task.saved_sigmask = task.blocked;
  set_current_blocked(task, mask);
  return 0;
}

export function get_user_sigset(task: Task, from: UserPtr): SigSet | number {
  const bytes = new Uint8Array(SIGSET_SIZE);
  return copy_from_user(task, bytes, from) ? -EFAULT : sigset_from_bytes(new DataView(bytes.buffer));
}

export function put_user_sigset(task: Task, to: UserPtr, set: SigSet): number {
  const bytes = new Uint8Array(SIGSET_SIZE);
  sigset_to_bytes(new DataView(bytes.buffer), 0, set);
  return copy_to_user(task, to, bytes) ? -EFAULT : 0;
}
