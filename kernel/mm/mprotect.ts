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
  VM_LOCKED,
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
import { mapping, SYSCALL_DEFINE, size } from '../syscalls/define.ts';
import { mm_populate } from './gup.ts';
import { page_is_private, vm_get_page_prot } from './memory.ts';
import { calc_vm_prot_bits, prot_bits } from './mmap.ts';
import { __vm_enough_memory, may_expand_vm, vm_unacct_memory } from './util.ts';
import { find_vma, is_data_mapping, vma_is_anonymous, vma_lookup, vma_modify_flags } from './vma.ts';

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
  while (at < end) {
    const vma = vma_lookup(mm, at);
    if (!vma) return -ENOMEM;
    const flags = (vma.vm_flags & ~VM_ACCESS_FLAGS) | access;
    // VM_MAY* are VM_* four bits higher.
    if ((flags & ~(flags >>> 4) & VM_ACCESS_FLAGS) !== 0) return -EACCES;
    const upto = Math.min(vma.vm_end, end);
    const err = mprotect_fixup(task, mm, vma, at, upto, flags);
    if (err < 0) return err;
    at = upto;
  }
  return 0;
}

function mprotect_fixup(task: Task, mm: Mm, vma: VmArea, start: number, end: number, flags: number): number {
  const old = vma.vm_flags;
  if (flags === old) return 0;
  const pages = (end - start) / PAGE_SIZE;
  const becomesData = is_data_mapping(flags) && !is_data_mapping(old);
  if (becomesData && !may_expand_vm(task, mm, flags, pages)) return -ENOMEM;

  const charge = commit_change(vma, flags);
  if (charge > 0 && __vm_enough_memory(mm.kernel, pages) < 0) return -ENOMEM;
  const accounted = charge > 0 ? flags | VM_ACCOUNT : charge < 0 ? flags & ~VM_ACCOUNT : flags;
  const part = vma_modify_flags(mm, vma, start, end, accounted);
  const failed = typeof part === 'number';
  // Paid for in vain, or paid back.
  if (failed ? charge > 0 : charge < 0) vm_unacct_memory(mm.kernel, pages);
  if (failed) return part;
  change_protection(mm, part, start, end);
  // Locked private memory is not to fault: its copies are made now.
  const locked = (old & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED;
  if (locked && (flags & VM_WRITE) !== 0) mm_populate(mm, start, end);
  return 0;
}

/**
 * Memory that could not be written until now was not paid for: +1. It is paid back, -1, when it can no longer be written
 * and never was.
 */
function commit_change(vma: VmArea, flags: number): number {
  const old = vma.vm_flags;
  if ((flags & VM_WRITE) !== 0)
    return (old & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)) === 0 ? 1 : 0;
  return (old & VM_ACCOUNT) !== 0 && vma_is_anonymous(vma) && vma.anon_vma === 0 ? -1 : 0;
}

/** The entries of a part of a mapping say what its flags say now. Linux: change_protection(). */
function change_protection(mm: Mm, vma: VmArea, start: number, end: number): void {
  const { arch } = mm.kernel;
  for (let at = arch.next_pte_table(mm, start, end); at < end; ) {
    const next = pmd_addr_end(at, end);
    change_pte_range(mm, vma, arch.pte_offset(mm, at), (next - at) / PAGE_SIZE);
    at = arch.next_pte_table(mm, next, end);
  }
  arch.flush_tlb_range(mm, start, end);
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
  { addr: mapping, length: size, prot: prot_bits },
  (task, { addr, length, prot }) => do_mprotect(task, addr, length, prot),
);
