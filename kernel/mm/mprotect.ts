/*
 * kernel/mm/mprotect.ts - change what a mapping allows
 *
 * Linux:   mm/mprotect.c
 * Manual:  mprotect(2)
 * Absent:  protection keys
 */

import {
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_GROWSDOWN,
  VM_NORESERVE,
  VM_SHARED,
  VM_WRITE,
} from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_SPECIAL,
  _PAGE_WRITE,
  PTE_STRIDE,
  pmd_addr_end,
} from '../include/linux/pgtable.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align } from '../include/linux/types.ts';
import { EACCES, EINVAL, ENOMEM } from '../include/uapi/errno.ts';
import {
  PROT_EXEC,
  PROT_GROWSDOWN,
  PROT_GROWSUP,
  PROT_READ,
  PROT_SEM,
  PROT_WRITE,
} from '../include/uapi/mman.ts';
import { ptr, SYSCALL_DEFINE, size } from '../syscalls/define.ts';
import { page_is_private, vm_get_page_prot } from './memory.ts';
import { calc_vm_prot_bits, prot_bits } from './mmap.ts';
import { __vm_enough_memory, may_expand_vm } from './util.ts';
import {
  find_vma,
  is_data_mapping,
  merge_range,
  split_range,
  vm_stat_account,
  vma_pages,
  vmas_in,
} from './vma.ts';

const KNOWN_PROT = PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM;

export function do_mprotect(task: Task, address: number, size: number, prot: number): number {
  const mm = task.mm!;
  const grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
  if (grows === (PROT_GROWSDOWN | PROT_GROWSUP)) return -EINVAL;
  if (address % PAGE_SIZE !== 0) return -EINVAL;
  if (size === 0) return 0;
  const end = address + page_align(size);
  if ((prot & ~grows & ~KNOWN_PROT) !== 0) return -EINVAL;

  const first = find_vma(mm, address);
  if (!first) return -ENOMEM;
  let start = address;
  if (grows === PROT_GROWSDOWN) {
    // "Apply the protection mode down to the beginning of a mapping that grows downward."
    if (first.vm_start >= end) return -ENOMEM;
    start = first.vm_start;
    if ((first.vm_flags & VM_GROWSDOWN) === 0) return -EINVAL;
  } else if (first.vm_start > start) {
    return -ENOMEM;
  } else if (grows === PROT_GROWSUP) {
    return -EINVAL; // no stack grows upward here
  }
  return protect_range(task, mm, start, end, calc_vm_prot_bits(prot));
}

/** Mapping by mapping: what comes before a hole, or before one that refuses, is changed all the same. */
function protect_range(task: Task, mm: Mm, start: number, end: number, access: number): number {
  let at = start;
  let err = 0;
  for (const vma of vmas_in(mm, start, end)) {
    if (vma.vm_start > at) break;
    const flags = (vma.vm_flags & ~VM_ACCESS_FLAGS) | access;
    // VM_MAY* are VM_* four bits higher.
    err = (flags & ~(flags >>> 4) & VM_ACCESS_FLAGS) !== 0 ? -EACCES : 0;
    const upto = Math.min(vma.vm_end, end);
    err ||= mprotect_fixup(task, mm, vma, at, upto, flags);
    if (err < 0) break;
    at = upto;
  }
  merge_range(mm, start, end);
  return err < 0 || at >= end ? err : -ENOMEM;
}

function mprotect_fixup(task: Task, mm: Mm, vma: VmArea, start: number, end: number, flags: number): number {
  if (flags === vma.vm_flags) return 0;
  const pages = (end - start) / PAGE_SIZE;
  const becomesData = is_data_mapping(flags) && !is_data_mapping(vma.vm_flags);
  if (becomesData && !may_expand_vm(task, mm, flags, pages)) return -ENOMEM;

  // Memory that could not be written until now was not paid for.
  const pay =
    (flags & VM_WRITE) !== 0 && (vma.vm_flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)) === 0;
  if (pay && __vm_enough_memory(mm.kernel, pages) < 0) return -ENOMEM;
  const err = split_range(mm, start, end);
  if (err < 0) return err;

  const part = vma.vm_start === start ? vma : find_vma(mm, start)!;
  vm_stat_account(mm, part.vm_flags, -vma_pages(part));
  part.vm_flags = pay ? flags | VM_ACCOUNT : flags;
  vm_stat_account(mm, part.vm_flags, vma_pages(part));
  change_protection(mm, part);
  return 0;
}

/** The entries of a mapping say what its flags say now. Linux: change_protection(). */
function change_protection(mm: Mm, vma: VmArea): void {
  const { arch } = mm.kernel;
  const { vm_start, vm_end } = vma;
  for (let at = arch.next_pte_table(mm, vm_start, vm_end); at < vm_end; ) {
    const next = pmd_addr_end(at, vm_end);
    change_pte_range(mm, vma, arch.pte_offset(mm, at), (next - at) / PAGE_SIZE);
    at = arch.next_pte_table(mm, next, vm_end);
  }
  arch.flush_tlb_range(mm, vm_start, vm_end);
}

const KEPT = _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL;

function change_pte_range(mm: Mm, vma: VmArea, first: number, count: number): void {
  const { arch } = mm.kernel;
  const prot = vm_get_page_prot(vma.vm_flags);
  const writable = (vma.vm_flags & VM_WRITE) !== 0;
  for (let ptep = first; ptep < first + count * PTE_STRIDE; ptep += PTE_STRIDE) {
    const entry = arch.pte_flags(ptep);
    if (entry === 0) continue;
    // A page that is private anyway is spared the fault that would find this out.
    const own = writable && (entry & _PAGE_DIRTY) !== 0 && page_is_private(mm, ptep) ? _PAGE_WRITE : 0;
    arch.set_pte(ptep, arch.pte_pfn(ptep), prot | own | (entry & KEPT));
  }
}

export const sys_mprotect = SYSCALL_DEFINE(
  'mprotect',
  { addr: ptr, length: size, prot: prot_bits },
  (task, { addr, length, prot }) => do_mprotect(task, addr, length, prot),
);
