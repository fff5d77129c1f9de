/*
 * kernel/mm/mremap.ts - make a mapping larger, smaller, or put it elsewhere
 *
 * Linux:   mm/mremap.c (v6.12)
 * Manual:  mremap(2)
 */

import {
  DEFAULT_MAX_MAP_COUNT,
  VM_ACCOUNT,
  VM_DONTEXPAND,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_MAYSHARE,
  VM_PFNMAP,
} from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import { PTE_STRIDE, pmd_addr_end } from '../include/linux/pgtable.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align_wrapping, TASK_SIZE } from '../include/linux/types.ts';
import { EAGAIN, EFAULT, EINVAL, ENOMEM } from '../include/uapi/errno.ts';
import { MAP_FIXED, MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../include/uapi/mman.ts';
import { bits, mapping, SYSCALL_DEFINE, size, ulong } from '../syscalls/define.ts';
import { mm_populate } from './gup.ts';
import { zap_page_range } from './memory.ts';
import { do_munmap } from './mmap.ts';
import { get_unmapped_area } from './unmapped_area.ts';
import { __vm_enough_memory, may_expand_vm, mlock_future_ok, vm_unacct_memory } from './util.ts';
import {
  find_vma,
  insert_vm_struct,
  may_split,
  MERGE_NEXT,
  linear_page_index,
  vm_area_alloc,
  vm_stat_account,
  vma_is_anonymous,
  vma_lookup,
  vma_merge,
  vma_modify_flags,
} from './vma.ts';

/** What was asked for, checked and rounded. */
interface Request {
  readonly oldAddr: number;
  readonly oldLen: number;
  readonly newAddr: number;
  readonly newLen: number;
  readonly flags: number;
}

export function do_mremap(
  task: Task,
  addr: number,
  oldSize: number,
  newSize: number,
  flags: number,
  newAddr: number,
): number {
  const mm = task.mm!;
  if ((flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) !== 0) return -EINVAL;
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0 && (flags & MREMAP_MAYMOVE) === 0) return -EINVAL;
  if ((flags & MREMAP_DONTUNMAP) !== 0 && oldSize !== newSize) return -EINVAL;
  if (addr % PAGE_SIZE !== 0) return -EINVAL;
  // "A zero old size is allowed for shared mappings: a second mapping of the same pages."
  const [oldLen, newLen] = [page_align_wrapping(oldSize), page_align_wrapping(newSize)];
  const request = { oldAddr: addr, oldLen, newAddr, newLen, flags };
  if (request.newLen === 0) return -EINVAL;

  const vma = vma_lookup(mm, addr);
  if (!vma) return -EFAULT;
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return mremap_to(task, mm, request);
  if (request.oldLen >= request.newLen) return shrink(mm, request);
  return expand(task, mm, vma, request);
}

function shrink(mm: Mm, { oldAddr, oldLen, newLen }: Request): number {
  if (oldLen === newLen) return oldAddr;
  const err = do_munmap(mm, oldAddr + newLen, oldLen - newLen);
  return err < 0 ? err : oldAddr;
}

function expand(task: Task, mm: Mm, vma: VmArea, request: Request): number {
  const { oldAddr, oldLen, newLen, flags } = request;
  const err = vma_to_resize(task, mm, vma, oldAddr, oldLen, newLen, flags);
  if (err < 0) return err;
  if (oldLen === vma.vm_end - oldAddr && can_grow_in_place(mm, vma, newLen - oldLen)) {
    return grow_in_place(mm, vma, request);
  }
  if ((flags & MREMAP_MAYMOVE) === 0) return -ENOMEM;
  const at = get_unmapped_area(task, mm, 0, newLen, 0);
  return at < 0 ? at : move_vma(mm, vma, { ...request, newAddr: at });
}

/** MREMAP_FIXED and MREMAP_DONTUNMAP: the new place is the caller's wish, or anywhere. */
function mremap_to(task: Task, mm: Mm, request: Request): number {
  const { oldAddr, newAddr, oldLen, newLen, flags } = request;
  const fixed = (flags & MREMAP_FIXED) !== 0;
  if (newAddr % PAGE_SIZE !== 0) return -EINVAL;
  if (newLen > TASK_SIZE || newAddr > TASK_SIZE - newLen) return -EINVAL;
  if (oldAddr + oldLen > newAddr && newAddr + newLen > oldAddr) return -EINVAL; // they may not overlap
  if (mm.mmap.length + 2 >= DEFAULT_MAX_MAP_COUNT - 3) return -ENOMEM;
  if (fixed) {
    const err = do_munmap(mm, newAddr, newLen);
    if (err < 0) return err;
  }
  if (oldLen > newLen) {
    const err = do_munmap(mm, oldAddr + newLen, oldLen - newLen);
    if (err < 0) return err;
  }
  const moved = Math.min(oldLen, newLen);
  const vma = vma_lookup(mm, oldAddr);
  if (!vma) return -EFAULT;
  const err = vma_to_resize(task, mm, vma, oldAddr, moved, newLen, flags);
  if (err < 0) return err;
  // "MREMAP_DONTUNMAP can be used only with private anonymous mappings", and since 5.13 with others but special ones.
  if ((flags & MREMAP_DONTUNMAP) !== 0 && !may_expand_vm(task, mm, vma.vm_flags, moved / PAGE_SIZE))
    return -ENOMEM;

  const at = get_unmapped_area(task, mm, newAddr, newLen, fixed ? MAP_FIXED : 0);
  return at < 0 ? at : move_vma(mm, vma, { ...request, newAddr: at, oldLen: moved });
}

/** May [oldAddr, oldAddr + oldLen) of this mapping become newLen long? 0 or -errno. */
function vma_to_resize(
  task: Task,
  mm: Mm,
  vma: VmArea,
  oldAddr: number,
  oldLen: number,
  newLen: number,
  flags: number,
): number {
  // A private mapping cannot be had twice: "old_size is 0 and the mapping is not shared".
  if (oldLen === 0 && (vma.vm_flags & VM_MAYSHARE) === 0) return -EINVAL;
  if ((flags & MREMAP_DONTUNMAP) !== 0 && (vma.vm_flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0) return -EINVAL;
  if (oldLen > vma.vm_end - oldAddr) return -EFAULT; // not across mappings
  if (newLen === oldLen) return 0;
  if (linear_page_index(vma, oldAddr) + newLen / PAGE_SIZE > 2 ** 52) return -EINVAL;
  if ((vma.vm_flags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0) return -EFAULT;
  if (!mlock_future_ok(task, mm, vma.vm_flags, newLen - oldLen)) return -EAGAIN;
  return may_expand_vm(task, mm, vma.vm_flags, (newLen - oldLen) / PAGE_SIZE) ? 0 : -ENOMEM;
}

function can_grow_in_place(mm: Mm, vma: VmArea, delta: number): boolean {
  const end = vma.vm_end + delta;
  const next = find_vma(mm, vma.vm_end);
  return end <= TASK_SIZE && (!next || next.vm_start >= end);
}

function grow_in_place(mm: Mm, vma: VmArea, { oldAddr, oldLen, newLen }: Request): number {
  const pages = (newLen - oldLen) / PAGE_SIZE;
  if ((vma.vm_flags & VM_ACCOUNT) !== 0 && __vm_enough_memory(mm.kernel, pages) < 0) return -ENOMEM;
  const from = vma.vm_end;
  vma.vm_end += newLen - oldLen;
  vm_stat_account(mm, vma.vm_flags, pages);
  if ((vma.vm_flags & VM_LOCKED) !== 0) {
    mm.locked_vm += pages;
    mm_populate(mm, from, vma.vm_end);
  }
  vma_merge(mm, vma, MERGE_NEXT);
  return oldAddr;
}

/** The pages change their address, not their contents. The new place is free. */
function move_vma(mm: Mm, vma: VmArea, request: Request): number {
  const { oldAddr, oldLen, newAddr, newLen, flags } = request;
  if (mm.mmap.length >= DEFAULT_MAX_MAP_COUNT - 3) return -ENOMEM;
  const whole = vma.vm_start === oldAddr && vma.vm_end === oldAddr + oldLen;
  if (!whole && !may_split(vma)) return -EINVAL;
  const account = (vma.vm_flags & VM_ACCOUNT) !== 0;
  if (account && __vm_enough_memory(mm.kernel, newLen / PAGE_SIZE) < 0) return -ENOMEM;

  // Memory that was never touched is not tied to its old place.
  const untouched = vma_is_anonymous(vma) && vma.anon_vma === 0;
  const pgoff = untouched ? newAddr / PAGE_SIZE : linear_page_index(vma, oldAddr);
  const moved = vm_area_alloc(mm, {
    start: newAddr,
    end: newAddr + newLen,
    flags: vma.vm_flags,
    pgoff,
    file: vma.vm_file,
    mapping: vma.vm_mapping,
    pages: vma.vm_pages,
    name: vma.vm_name,
  });
  moved.anon_vma = vma.anon_vma;
  moved.anon_vma_inherited = vma.anon_vma_inherited;
  const movedLen = move_page_tables(mm, oldAddr, newAddr, Math.min(oldLen, newLen));
  if (movedLen < oldLen && movedLen < newLen) {
    move_page_tables(mm, newAddr, oldAddr, movedLen); // no memory for a table: as if nothing had been
    if (account) vm_unacct_memory(mm.kernel, newLen / PAGE_SIZE);
    return -ENOMEM;
  }
  insert_vm_struct(mm, moved);
  if (vma.vm_pages && mm.vdso === oldAddr) mm.vdso = newAddr;
  leave_old_place(mm, vma, request);
  settle(mm, moved, oldLen, flags);
  return newAddr;
}

function leave_old_place(mm: Mm, vma: VmArea, { oldAddr, oldLen, flags }: Request): void {
  if (oldLen === 0) return;
  if ((flags & MREMAP_DONTUNMAP) === 0) {
    do_munmap(mm, oldAddr, oldLen); // cannot fail for want of mappings: three were kept in reserve
    return;
  }
  // The old place stays, empty, and no longer locked.
  if ((vma.vm_flags & VM_LOCKED) !== 0) {
    mm.locked_vm -= oldLen / PAGE_SIZE;
    vma_modify_flags(mm, vma, oldAddr, oldAddr + oldLen, vma.vm_flags & ~VM_LOCKED_MASK);
  }
  zap_page_range(mm, oldAddr, oldAddr + oldLen);
}

function settle(mm: Mm, moved: VmArea, oldLen: number, flags: number): void {
  if ((moved.vm_flags & VM_LOCKED) !== 0) {
    mm.locked_vm += (moved.vm_end - moved.vm_start) / PAGE_SIZE;
    if ((flags & MREMAP_DONTUNMAP) === 0) mm_populate(mm, moved.vm_start + oldLen, moved.vm_end);
  }
  vma_merge(mm, moved);
}

/** Bytes whose entries were moved: fewer than asked when a table could not be had. */
export function move_page_tables(mm: Mm, from: number, to: number, length: number): number {
  const { arch } = mm.kernel;
  const end = from + length;
  for (let at = arch.next_pte_table(mm, from, end); at < end; ) {
    const target = to + (at - from);
    // Up to the end of whichever table ends first.
    const next = Math.min(pmd_addr_end(at, end), at + (pmd_addr_end(target, to + length) - target));
    const place = arch.pte_alloc(mm, target);
    if (place === 0) return at - from;
    move_ptes(mm, arch.pte_offset(mm, at), place, (next - at) / PAGE_SIZE);
    at = arch.next_pte_table(mm, next, end);
  }
  arch.flush_tlb_range(mm, from, end);
  return length;
}

function move_ptes(mm: Mm, from: number, to: number, count: number): void {
  const { arch } = mm.kernel;
  for (let offset = 0; offset < count * PTE_STRIDE; offset += PTE_STRIDE) {
    const entry = arch.pte_flags(from + offset);
    if (entry === 0) continue;
    arch.set_pte(to + offset, arch.pte_pfn(from + offset), entry);
    arch.pte_clear(from + offset);
  }
}

export const sys_mremap = SYSCALL_DEFINE(
  'mremap',
  {
    old_address: mapping,
    old_size: size,
    new_size: size,
    flags: bits({ MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP }),
    new_address: ulong,
  },
  (task, { old_address, old_size, new_size, flags, new_address }) =>
    do_mremap(task, old_address, old_size, new_size, flags, new_address),
);
