/*
 * kernel/ptrace/siginfo.ts - the signal a tracee stopped with, those that wait, and those it blocks
 *
 * Linux:  kernel/ptrace.c (ptrace_getsiginfo, ptrace_setsiginfo, ptrace_peek_siginfo, PTRACE_GETSIGMASK), v6.12
 * Manual: ptrace(2)
 */

import { TIF_RESTORE_SIGMASK, type Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL } from '../include/uapi/errno.ts';
import { PTRACE_PEEKSIGINFO_SHARED } from '../include/uapi/ptrace.ts';
import { SIGINFO_SIZE } from '../include/uapi/siginfo.ts';
import { get_unaligned_le32, get_unaligned_le64 } from '../lib/bytes.ts';
import { memdup_user } from '../lib/usercopy.ts';
import {
  copy_siginfo,
  copy_siginfo_from_user,
  copy_siginfo_to_user,
  get_user_sigset,
  put_user_sigset,
  signal_pending,
} from '../signal.ts';
import { SIGSET_SIZE, without_kernel_only } from '../signal/sigset.ts';

/** A tracee in a group stop that was not seized has none. */
export function ptrace_getsiginfo(task: Task, child: Task, data: UserPtr): number {
  return child.last_siginfo ? copy_siginfo_to_user(task, data, child.last_siginfo) : -EINVAL;
}

/** What the handler will see, if the signal is delivered. */
export function ptrace_setsiginfo(task: Task, child: Task, data: UserPtr): number {
  const info = copy_siginfo_from_user(task, data, 0);
  if (typeof info === 'number') return info;
  if (!child.last_siginfo) return -EINVAL;
  copy_siginfo(child.last_siginfo, info);
  return 0;
}

/** struct ptrace_peeksiginfo_args: {u64 off, u32 flags, s32 nr} */
const PEEKSIGINFO_ARGS_SIZE = 16;

/** Copies up to `nr` pending signals from number `off` on, and takes none away. How many there were. */
export function ptrace_peek_siginfo(task: Task, child: Task, addr: UserPtr, data: UserPtr): number {
  const args = memdup_user(task, addr, PEEKSIGINFO_ARGS_SIZE);
  if (typeof args === 'number') return args;
  const off = get_unaligned_le64(args, 0);
  const flags = get_unaligned_le32(args, 8);
  const nr = get_unaligned_le32(args, 12) | 0;
  if (flags & ~PTRACE_PEEKSIGINFO_SHARED || nr < 0) return -EINVAL;

  const { list } = flags & PTRACE_PEEKSIGINFO_SHARED ? child.signal.shared_pending : child.pending;
  let count = 0;
  for (const { info } of list.slice(off, off + nr)) {
    const err = copy_siginfo_to_user(task, (data + count * SIGINFO_SIZE) as UserPtr, info);
    if (err < 0) return count || err;
    count++;
    if (signal_pending(task)) break;
  }
  return count;
}

/** In a call with a mask of its own: the mask that it will go back to. */
export function ptrace_getsigmask(task: Task, child: Task, size: number, data: UserPtr): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const saved = child.thread_info.flags & TIF_RESTORE_SIGMASK;
  return put_user_sigset(task, data, saved ? child.saved_sigmask : child.blocked);
}

/** The tracee looks for signals that this has unblocked when it goes on. */
export function ptrace_setsigmask(task: Task, child: Task, size: number, data: UserPtr): number {
  if (size !== SIGSET_SIZE) return -EINVAL;
  const mask = get_user_sigset(task, data);
  if (typeof mask === 'number') return -EFAULT;
  child.blocked = without_kernel_only(mask);
  child.thread_info.flags &= ~TIF_RESTORE_SIGMASK;
  return 0;
}
