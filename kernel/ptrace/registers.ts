/*
 * kernel/ptrace/registers.ts - register sets, by note type
 *
 * Linux:  kernel/ptrace.c (ptrace_regset), include/linux/regset.h (v6.12)
 * Manual: ptrace(2), PTRACE_GETREGSET
 *
 * The tracer says how long its buffer is and is told how much of it was used.
 */

import type { UserRegset } from '../include/linux/regset.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL } from '../include/uapi/errno.ts';
import { get_unaligned_le64 } from '../lib/bytes.ts';
import { copy_to_user, memdup_user, put_user_u64 } from '../lib/usercopy.ts';
import { pointer_in } from '../syscalls/define.ts';

const IOVEC_SIZE = 16;
const IOV_LEN = 8;

type Transfer = (task: Task, child: Task, set: UserRegset, base: UserPtr, length: number) => number;

export const ptrace_getregset = (task: Task, child: Task, type: number, uiov: UserPtr): number =>
  ptrace_regset(task, child, type, uiov, copy_regset_to_user);

export const ptrace_setregset = (task: Task, child: Task, type: number, uiov: UserPtr): number =>
  ptrace_regset(task, child, type, uiov, copy_regset_from_user);

function ptrace_regset(task: Task, child: Task, type: number, uiov: UserPtr, move: Transfer): number {
  const iov = memdup_user(task, uiov, IOVEC_SIZE);
  if (typeof iov === 'number') return iov;
  const wanted = get_unaligned_le64(iov, IOV_LEN);
  const set = task.kernel.arch.regsets.find(({ core_note_type }) => core_note_type === type);
  if (!set || wanted % set.unit !== 0) return -EINVAL;

  const length = Math.min(wanted, set.size);
  const err = move(task, child, set, pointer_in(task, iov, 0), length);
  if (err < 0) return err;
  return put_user_u64(task, (uiov + IOV_LEN) as UserPtr, length);
}

const copy_regset_to_user: Transfer = (task, child, set, base, length) =>
  copy_to_user(task, base, set.get(child).subarray(0, length)) ? -EFAULT : 0;

const copy_regset_from_user: Transfer = (task, child, set, base, length) => {
  const bytes = memdup_user(task, base, length);
  return typeof bytes === 'number' ? bytes : set.set(child, bytes);
};
