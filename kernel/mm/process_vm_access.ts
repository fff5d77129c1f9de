/*
 * kernel/mm/process_vm_access.ts - from one process's memory to another's, without a stop in between
 *
 * Linux:  mm/process_vm_access.c (v6.12)
 * Manual: process_vm_readv(2)
 */

import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, type UserPtr } from '../include/linux/types.ts';
import { EACCES, EFAULT, EINVAL, EPERM, ESRCH } from '../include/uapi/errno.ts';
import { type IovIter, UIO_MAXIOV, import_iovec } from '../lib/iov_iter.ts';
import { get_unaligned_sle64 } from '../lib/bytes.ts';
import { memdup_user } from '../lib/usercopy.ts';
import { PTRACE_MODE_ATTACH_REALCREDS, mm_access } from '../ptrace.ts';
import { SYSCALL_DEFINE, int, ptr, size, ulong, untagged_ptr } from '../syscalls/define.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import { access_process_vm } from './gup.ts';
import { find_task_by_vpid } from '../pid.ts';

interface Remote {
  readonly base: UserPtr;
  readonly length: number;
}

const ARGS = { pid: int, lvec: ptr, liovcnt: size, rvec: ptr, riovcnt: size, flags: ulong };

export const sys_process_vm_readv = SYSCALL_DEFINE('process_vm_readv', ARGS, (task, args) =>
  args.flags !== 0 ? -EINVAL : process_vm_rw(task, args, false),
);

export const sys_process_vm_writev = SYSCALL_DEFINE('process_vm_writev', ARGS, (task, args) =>
  args.flags !== 0 ? -EINVAL : process_vm_rw(task, args, true),
);

type Args = { pid: number; lvec: UserPtr; liovcnt: number; rvec: UserPtr; riovcnt: number };

function process_vm_rw(task: Task, { pid, lvec, liovcnt, rvec, riovcnt }: Args, write: boolean): number {
  const iter = import_iovec(task, lvec, liovcnt);
  if (typeof iter === 'number') return iter;
  if (iter.count === 0) return 0;
  const remote = iovec_from_user(task, rvec, riovcnt);
  if (typeof remote === 'number') return remote;
  if (remote.every(({ length }) => length === 0)) return 0;

  const target = find_task_by_vpid(task, pid);
  if (!target) return -ESRCH;
  const mm = mm_access(task, target, PTRACE_MODE_ATTACH_REALCREDS);
  if (typeof mm === 'number') return mm === -EACCES ? -EPERM : mm;
  return process_vm_rw_core(mm, iter, remote, write);
}

/** The far side. Its addresses are only looked at when they are used: those of another process may be anywhere. */
function iovec_from_user(task: Task, rvec: UserPtr, count: number): readonly Remote[] | number {
  if (count > UIO_MAXIOV) return -EINVAL;
  const bytes = memdup_user(task, rvec, 16 * count);
  if (typeof bytes === 'number') return bytes;
  const words = new Uint32Array(bytes.buffer);
  const segments = Array.from({ length: count }, (_, i) => ({
    base: untagged_ptr(words, 2 * i),
    length: get_unaligned_sle64(bytes, 16 * i + 8),
  }));
  return segments.some(({ length }) => length < 0) ? -EINVAL : segments;
}

/** A transfer that fails in the middle is partial: then how much was done counts. */
function process_vm_rw_core(mm: Mm, iter: IovIter, remote: readonly Remote[], write: boolean): number {
  const total = iter.count;
  for (const { base, length } of remote) {
    const wanted = Math.min(length, iter.count);
    if (process_vm_rw_single_vec(mm, iter, base, wanted, write) < wanted)
      return total - iter.count || -EFAULT;
  }
  return total - iter.count;
}

/** Page by page, until something is in the way. */
function process_vm_rw_single_vec(
  mm: Mm,
  iter: IovIter,
  base: UserPtr,
  length: number,
  write: boolean,
): number {
  let done = 0;
  while (done < length) {
    const at = base + done;
    const page = new Uint8Array(Math.min(length - done, PAGE_SIZE - (at % PAGE_SIZE)));
    const moved = write ? store(mm, at, iter, page) : load(mm, at, iter, page);
    done += moved;
    if (moved < page.length) break;
  }
  return done;
}

function load(mm: Mm, at: number, iter: IovIter, page: Uint8Array): number {
  const got = access_process_vm(mm, at, page, false);
  return iter.copy_to_iter(page.subarray(0, got));
}

function store(mm: Mm, at: number, iter: IovIter, page: Uint8Array): number {
  const got = iter.copy_from_iter(page);
  const moved = access_process_vm(mm, at, page.subarray(0, got), true);
  iter.revert(got - moved);
  return moved;
}
