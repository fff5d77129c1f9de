/*
 * kernel/mm/mlock.ts - memory that must stay
 *
 * Linux:   mm/mlock.c
 * Manual:  mlock(2)
 * Differs: nothing is ever swapped out, so locking means: bring it in now, count it, and refuse to drop it
 */

import { CAP_IPC_LOCK, capable } from '../cred.ts';
import { VM_LOCKED, VM_LOCKED_MASK, VM_LOCKONFAULT, VM_SPECIAL } from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align, page_align_wrapping, page_align_down } from '../include/linux/types.ts';
import { EAGAIN, EINVAL, ENOMEM, EPERM } from '../include/uapi/errno.ts';
import { MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT, MLOCK_ONFAULT } from '../include/uapi/mman.ts';
import { RLIMIT_MEMLOCK } from '../include/uapi/resource.ts';
import { bits, mapping, SYSCALL_DEFINE, size } from '../syscalls/define.ts';
import { mm_populate, mm_populate_strictly } from './gup.ts';
import { rlimit } from './util.ts';
import { find_vma, vma_lookup, vma_modify_flags, vmas_in } from './vma.ts';

/** Where 64-bit lengths begin again. */
const WRAP = 2 ** 64;

export const can_do_mlock = (task: Task): boolean =>
  rlimit(task, RLIMIT_MEMLOCK) !== 0 || capable(task, CAP_IPC_LOCK);

const memlock_pages = (task: Task): number => Math.floor(rlimit(task, RLIMIT_MEMLOCK) / PAGE_SIZE);

function do_mlock(task: Task, address: number, length: number, flags: number): number {
  const mm = task.mm!;
  if (!can_do_mlock(task)) return -EPERM;
  const start = page_align_down(address);
  const end = start + whole_pages(address, length);
  const locked = mm.locked_vm + (end - start) / PAGE_SIZE - count_locked(mm, start, end);
  if (locked > memlock_pages(task) && !capable(task, CAP_IPC_LOCK)) return -ENOMEM;

  const err = apply_vma_lock_flags(mm, start, end, flags);
  if (err < 0) return err;
  // "Some of the specified address range does not correspond to mapped pages": told also when a page cannot be had.
  const populated = mm_populate_strictly(mm, start, end);
  return populated < 0 ? posix_error(populated) : 0;
}

/** Linux: __mlock_posix_error_return(). A page past a file's end is ENOMEM here, lack of memory is EAGAIN. */
const posix_error = (err: number): number => (err === -ENOMEM ? -EAGAIN : -ENOMEM);

/** Bytes of the pages that [address, address + length) touches. As upstream, almost 2^64 of them are none, or one. */
function whole_pages(address: number, length: number): number {
  const lead = address % PAGE_SIZE;
  return length < WRAP ? page_align_wrapping(length + lead) : page_align(Math.max(0, lead - 1)); // -1, in a double
}

function count_locked(mm: Mm, start: number, end: number): number {
  let pages = 0;
  for (const vma of vmas_in(mm, start, end)) {
    if ((vma.vm_flags & VM_LOCKED) === 0) continue;
    pages += (Math.min(end, vma.vm_end) - Math.max(start, vma.vm_start)) / PAGE_SIZE;
  }
  return pages;
}

/** Every page of the range must be mapped: what comes before a hole is changed all the same. */
function apply_vma_lock_flags(mm: Mm, start: number, end: number, flags: number): number {
  if (end >= WRAP) return -EINVAL;
  if (end === start) return 0;
  let at = start;
  while (at < end) {
    const vma = vma_lookup(mm, at);
    if (!vma) return -ENOMEM;
    const upto = Math.min(vma.vm_end, end);
    const err = mlock_fixup(mm, vma, at, upto, (vma.vm_flags & ~VM_LOCKED_MASK) | flags);
    if (err < 0) return err;
    at = upto;
  }
  return 0;
}

/** A part of a mapping becomes locked, or not. 0 or -errno. */
function mlock_fixup(mm: Mm, vma: VmArea, start: number, end: number, flags: number): number {
  if (flags === vma.vm_flags || (vma.vm_flags & VM_SPECIAL) !== 0) return 0;
  const was = (vma.vm_flags & VM_LOCKED) !== 0;
  const is = (flags & VM_LOCKED) !== 0;
  const part = vma_modify_flags(mm, vma, start, end, flags);
  if (typeof part === 'number') return part;
  if (was !== is) mm.locked_vm += ((end - start) / PAGE_SIZE) * (is ? 1 : -1);
  return 0;
}

function do_mlockall(task: Task, flags: number): number {
  const mm = task.mm!;
  if (flags === 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) !== 0 || flags === MCL_ONFAULT) {
    return -EINVAL;
  }
  if (!can_do_mlock(task)) return -EPERM;
  const all = (flags & MCL_CURRENT) === 0 || mm.total_vm <= memlock_pages(task);
  if (!all && !capable(task, CAP_IPC_LOCK)) return -ENOMEM;
  apply_mlockall_flags(mm, flags);
  if ((flags & MCL_CURRENT) !== 0) mm_populate(mm, 0, Infinity);
  return 0;
}

function apply_mlockall_flags(mm: Mm, flags: number): void {
  const onfault = (flags & MCL_ONFAULT) !== 0 ? VM_LOCKONFAULT : 0;
  mm.def_flags &= ~VM_LOCKED_MASK;
  if ((flags & MCL_FUTURE) !== 0) {
    mm.def_flags |= VM_LOCKED | onfault;
    if ((flags & MCL_CURRENT) === 0) return;
  }
  const wanted = (flags & MCL_CURRENT) !== 0 ? VM_LOCKED | onfault : 0;
  for (let vma = find_vma(mm, 0); vma; ) {
    const end = vma.vm_end;
    mlock_fixup(mm, vma, vma.vm_start, end, (vma.vm_flags & ~VM_LOCKED_MASK) | wanted);
    vma = find_vma(mm, end);
  }
}

function do_munlock(task: Task, address: number, length: number): number {
  const start = page_align_down(address);
  return apply_vma_lock_flags(task.mm!, start, start + whole_pages(address, length), 0);
}

export const sys_mlock = SYSCALL_DEFINE('mlock', { addr: mapping, length: size }, (task, { addr, length }) =>
  do_mlock(task, addr, length, VM_LOCKED),
);

export const sys_mlock2 = SYSCALL_DEFINE(
  'mlock2',
  { addr: mapping, length: size, flags: bits({ MLOCK_ONFAULT }) },
  (task, { addr, length, flags }) => {
    if ((flags & ~MLOCK_ONFAULT) !== 0) return -EINVAL;
    return do_mlock(task, addr, length, VM_LOCKED | (flags !== 0 ? VM_LOCKONFAULT : 0));
  },
);

export const sys_munlock = SYSCALL_DEFINE(
  'munlock',
  { addr: mapping, length: size },
  (task, { addr, length }) => do_munlock(task, addr, length),
);

export const sys_mlockall = SYSCALL_DEFINE(
  'mlockall',
  { flags: bits({ MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT }) },
  (task, { flags }) => do_mlockall(task, flags),
);

export const sys_munlockall = SYSCALL_DEFINE('munlockall', {}, (task) => {
  apply_mlockall_flags(task.mm!, 0);
  return 0;
});
