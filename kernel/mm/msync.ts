/*
 * kernel/mm/msync.ts - write back what was changed in a shared mapping
 *
 * Linux:   mm/msync.c
 * Manual:  msync(2)
 * Differs: mapped pages are the file's only copy as long as every file lives in memory, so there is nothing to write
 */

import { VM_LOCKED, VM_SHARED } from '../include/linux/mm.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align_wrapping, TASK_SIZE } from '../include/linux/types.ts';
import { EBUSY, EINVAL, ENOMEM } from '../include/uapi/errno.ts';
import { MS_ASYNC, MS_INVALIDATE, MS_SYNC } from '../include/uapi/mman.ts';
import { bits, mapping, SYSCALL_DEFINE, size } from '../syscalls/define.ts';
import { vmas_in } from './vma.ts';

function do_msync(task: Task, start: number, length: number, flags: number): number {
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0) return -EINVAL;
  if (start % PAGE_SIZE !== 0) return -EINVAL;
  if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return -EINVAL;
  const end = start + page_align_wrapping(length);
  if (end === start) return 0;
  if (length > TASK_SIZE) return -ENOMEM;

  let at = start;
  let hole = 0; // what lies behind it is written all the same
  for (const vma of vmas_in(task.mm!, start, end)) {
    if (vma.vm_start > at) hole = -ENOMEM;
    if ((flags & MS_INVALIDATE) !== 0 && (vma.vm_flags & VM_LOCKED) !== 0) return -EBUSY;
    const file = (vma.vm_flags & VM_SHARED) !== 0 ? vma.vm_file : null;
    const err = (flags & MS_SYNC) !== 0 ? (file?.f_op.fsync?.(file) ?? 0) : 0;
    if (err < 0) return err;
    at = vma.vm_end;
  }
  return at < end ? -ENOMEM : hole;
}

export const sys_msync = SYSCALL_DEFINE(
  'msync',
  { addr: mapping, length: size, flags: bits({ MS_ASYNC, MS_INVALIDATE, MS_SYNC }) },
  (task, { addr, length, flags }) => do_msync(task, addr, length, flags),
);
