/*
 * kernel/mm/stack.ts - a stack grows when the page below it is touched
 *
 * Linux:   mm/mmap.c (expand_downwards(), acct_stack_growth())
 * Manual:  mmap(2) "MAP_GROWSDOWN"; getrlimit(2) "RLIMIT_STACK"
 */

import { MMAP_MIN_ADDR, STACK_GUARD_GAP, VM_GROWSDOWN, VM_LOCKED } from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import { PAGE_SIZE, page_align_down } from '../include/linux/types.ts';
import { ENOMEM, EPERM } from '../include/uapi/errno.ts';
import { RLIMIT_STACK } from '../include/uapi/resource.ts';
import { __vm_enough_memory, may_expand_vm, mlock_future_ok, rlimit } from './util.ts';
import { anon_vma_prepare, find_vma_index, vm_stat_account, vma_is_accessible } from './vma.ts';

/** Lets a mapping that grows down reach `address`. 0 or -errno: the access then finds nothing there. */
export function expand_stack(mm: Mm, vma: VmArea, address: number): number {
  const start = page_align_down(address);
  if (start < MMAP_MIN_ADDR) return -EPERM;

  // What ran over the end of the stack shall fault, not find itself in somebody's heap.
  const prev = mm.mmap[find_vma_index(mm, vma.vm_start) - 1];
  const tooNear = prev && (prev.vm_flags & VM_GROWSDOWN) === 0 && start - prev.vm_end < STACK_GUARD_GAP;
  if (tooNear && vma_is_accessible(prev)) return -ENOMEM;
  if (prev && start < prev.vm_end) return -ENOMEM;

  const grow = (vma.vm_start - start) / PAGE_SIZE;
  if (grow > vma.vm_pgoff) return -ENOMEM;
  const err = acct_stack_growth(mm, vma, vma.vm_end - start, grow);
  if (err < 0) return err;
  if (vma.anon_vma === 0) anon_vma_prepare(mm, vma);
  vma.vm_start = start;
  vma.vm_pgoff -= grow;
  return 0;
}

function acct_stack_growth(mm: Mm, vma: VmArea, size: number, grow: number): number {
  const task = mm.kernel.sched.current;
  if (!may_expand_vm(task, mm, vma.vm_flags, grow)) return -ENOMEM;
  if (size > rlimit(task, RLIMIT_STACK)) return -ENOMEM;
  if (!mlock_future_ok(task, mm, vma.vm_flags, grow * PAGE_SIZE)) return -ENOMEM;
  const err = __vm_enough_memory(mm.kernel, grow);
  if (err < 0) return err;

  vm_stat_account(mm, vma.vm_flags, grow);
  if ((vma.vm_flags & VM_LOCKED) !== 0) mm.locked_vm += grow;
  return 0;
}
