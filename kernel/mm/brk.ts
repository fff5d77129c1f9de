/*
 * kernel/mm/brk.ts - the heap's end
 *
 * Linux:   mm/mmap.c (brk())
 * Manual:  brk(2)
 */

import {
  VM_ACCOUNT,
  VM_LOCKED,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_READ,
  VM_WRITE,
} from '../include/linux/mm.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align, TASK_SIZE } from '../include/linux/types.ts';
import { EAGAIN, EINVAL, ENOMEM } from '../include/uapi/errno.ts';
import { MAP_FIXED } from '../include/uapi/mman.ts';
import { RLIMIT_DATA } from '../include/uapi/resource.ts';
import { SYSCALL_DEFINE, ulong } from '../syscalls/define.ts';
import { mm_populate } from './gup.ts';
import { do_munmap } from './mmap.ts';
import { get_unmapped_area } from './unmapped_area.ts';
import { __vm_enough_memory, may_expand_vm, mlock_future_ok, rlimit } from './util.ts';
import { find_vma, insert_vm_struct, MERGE_PREV, vm_area_alloc, vm_start_gap, vma_merge } from './vma.ts';

/** "On success, brk() returns the new program break. On failure, the system call returns the current break." */
export function do_brk(task: Task, wanted: number): number {
  const mm = task.mm!;
  if (wanted < mm.start_brk || wanted > TASK_SIZE) return mm.brk;
  const data = wanted - mm.start_brk + (mm.end_data - mm.start_data);
  if (data > rlimit(task, RLIMIT_DATA)) return mm.brk;

  const oldEnd = page_align(mm.brk);
  const newEnd = page_align(wanted);
  if (newEnd < oldEnd) {
    if (do_munmap(mm, newEnd, oldEnd - newEnd) < 0) return mm.brk;
  } else if (newEnd > oldEnd && grow(task, mm, oldEnd, newEnd) < 0) {
    return mm.brk;
  }
  mm.brk = wanted;
  return wanted;
}

/** One page stays free above the heap, so that it and its neighbour are told apart. */
function grow(task: Task, mm: Mm, oldEnd: number, newEnd: number): number {
  const next = find_vma(mm, oldEnd);
  if (next && newEnd + PAGE_SIZE > vm_start_gap(next)) return -ENOMEM;
  const err = vm_brk_flags(task, mm, oldEnd, newEnd - oldEnd, 0);
  if (err < 0) return err;
  // The heap joins itself, not the bss below its start.
  if (oldEnd > mm.start_brk) vma_merge(mm, find_vma(mm, oldEnd)!, MERGE_PREV);
  if ((mm.def_flags & VM_LOCKED) !== 0) mm_populate(mm, oldEnd, newEnd);
  return 0;
}

/** Anonymous, private, readable and writable memory at a fixed place: heap and bss. 0 or -errno. */
export function vm_brk_flags(task: Task, mm: Mm, start: number, size: number, extraFlags: number): number {
  const length = page_align(size);
  if (length === 0) return 0;
  if (length > TASK_SIZE) return -EINVAL;
  const at = get_unmapped_area(task, mm, start, length, MAP_FIXED);
  if (at < 0) return at;

  const flags =
    VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT | mm.def_flags | extraFlags;
  if (!mlock_future_ok(task, mm, flags, length)) return -EAGAIN;
  const err = do_munmap(mm, start, length);
  if (err < 0) return err;
  const pages = length / PAGE_SIZE;
  if (!may_expand_vm(task, mm, flags, pages)) return -ENOMEM;
  if (__vm_enough_memory(mm.kernel, pages) < 0) return -ENOMEM;

  const vma = vm_area_alloc(mm, { start, end: start + length, flags, pgoff: start / PAGE_SIZE });
  insert_vm_struct(mm, vma);
  if ((flags & VM_LOCKED) !== 0) mm.locked_vm += pages;
  return 0;
}

export const sys_brk = SYSCALL_DEFINE('brk', { addr: ulong }, (task, { addr }) => do_brk(task, addr));
