/*
 * kernel/signal/action.ts - what is done about each signal
 *
 * Linux:  kernel/signal.c (do_sigaction, flush_signal_handlers), kernel/fork.c (copy_sighand), v6.12
 * Manual: sigaction(2)
 */

import type { Task } from '../include/linux/sched.ts';
import type { KSigAction, SigHand } from '../include/linux/signal.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EINVAL } from '../include/uapi/errno.ts';
import {
  SA_IMMUTABLE,
  SIG_DFL,
  SIG_IGN,
  UAPI_SA_FLAGS,
  _NSIG,
  sig_kernel_only,
  valid_signal,
} from '../include/uapi/signal.ts';
import { flush_sigqueue_mask } from './pending.ts';
import { sig_handler, sig_handler_ignored } from './send.ts';
import { EMPTY_SIGSET, sigset, without_kernel_only } from './sigset.ts';

const default_action = (): KSigAction => ({
  sa_handler: SIG_DFL as UserPtr,
  sa_flags: 0,
  sa_restorer: NULL,
  sa_mask: EMPTY_SIGSET,
});

/** All default. */
export const new_sighand = (): SigHand => ({
  action: Array.from({ length: _NSIG }, default_action),
  count: 1,
});

/** Fork without CLONE_SIGHAND: the child's own copy. */
export const clone_sighand = (sighand: SigHand): SigHand => ({
  action: sighand.action.map((action) => ({ ...action })),
  count: 1,
});

/** execve: handlers are gone with the old image, what was ignored stays ignored. `force`: that not either. */
export function flush_signal_handlers(task: Task, force: boolean): void {
  for (const action of task.sighand.action) {
    if (force || action.sa_handler !== SIG_IGN) action.sa_handler = SIG_DFL as UserPtr;
    action.sa_flags = 0;
    action.sa_restorer = NULL;
    action.sa_mask = EMPTY_SIGSET;
  }
}

/** Would `sig` interrupt a program that did nothing about it? For kthreads and /proc. */
export const unhandled_signal = (task: Task, sig: number): boolean => {
  const handler = sig_handler(task, sig);
  if (task.tgid === 1) return true;
  return (handler === SIG_DFL || handler === SIG_IGN) && !task.ptrace;
};

/** The old action, or -EINVAL. Flag bits that mean nothing are cleared: that is how a program finds out what is known. */
export function do_sigaction(task: Task, sig: number, act: KSigAction | null): KSigAction | number {
  if (!valid_signal(sig) || sig < 1 || (act && sig_kernel_only(sig))) return -EINVAL;
  const action = task.sighand.action[sig - 1]!;
  if (action.sa_flags & SA_IMMUTABLE) return -EINVAL;

  const old = { ...action, sa_flags: (action.sa_flags & UAPI_SA_FLAGS) >>> 0 };
  if (act) {
    action.sa_handler = act.sa_handler;
    action.sa_flags = (act.sa_flags & UAPI_SA_FLAGS) >>> 0;
    action.sa_restorer = act.sa_restorer;
    action.sa_mask = without_kernel_only(act.sa_mask);
    // POSIX: ignoring a signal discards it even if it is pending and blocked.
    if (sig_handler_ignored(sig_handler(task, sig), sig)) discard_pending(task, sig);
  }
  return old;
}

function discard_pending(task: Task, sig: number): void {
  const mask = sigset(sig);
  flush_sigqueue_mask(mask, task.signal.shared_pending);
  for (const thread of task.signal.threads) flush_sigqueue_mask(mask, thread.pending);
}
