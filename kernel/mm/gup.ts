/*
 * kernel/mm/gup.ts - reaching the memory of a process from the kernel
 *
 * Linux:   mm/gup.c, mm/memory.c (access_remote_vm(), lock_mm_and_find_vma())
 * Differs: the one place that decides whether an access is allowed: the arch's fault handler asks it too
 */

import {
  FAULT_FLAG_FORCE,
  FAULT_FLAG_INSTRUCTION,
  FAULT_FLAG_WRITE,
  VM_EXEC,
  VM_FAULT_BADACCESS,
  VM_FAULT_BADMAP,
  VM_FAULT_OOM,
  VM_GROWSDOWN,
  VM_IO,
  VM_LOCKONFAULT,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
} from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import { _PAGE_USER, _PAGE_WRITE } from '../include/linux/pgtable.ts';
import { PAGE_SIZE, TASK_SIZE } from '../include/linux/types.ts';
import { EFAULT, ENOMEM } from '../include/uapi/errno.ts';
import { handle_mm_fault, page_is_private } from './memory.ts';
import { out_of_memory } from './oom_kill.ts';
import { expand_stack } from './stack.ts';
import { find_vma, vma_is_anonymous, vmas_in } from './vma.ts';

/** Which mappings allow an access. Writable and executable imply readable, as the descriptors have it. */
function access_ok(vma: VmArea, flags: number): boolean {
  if ((flags & FAULT_FLAG_FORCE) !== 0) return forced_access_ok(vma, flags);
  if ((flags & FAULT_FLAG_INSTRUCTION) !== 0) return (vma.vm_flags & VM_EXEC) !== 0;
  if ((flags & FAULT_FLAG_WRITE) !== 0) return (vma.vm_flags & VM_WRITE) !== 0;
  return (vma.vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) !== 0;
}

/** Does the mapping itself say so? Stricter than the hardware: MADV_POPULATE_*. */
export const access_allows = (vma: VmArea, write: boolean): boolean =>
  (vma.vm_flags & (write ? VM_WRITE : VM_READ)) !== 0;

/** A debugger may read what could be made readable, and write what is private: it gets its own copy. */
function forced_access_ok(vma: VmArea, flags: number): boolean {
  if ((flags & FAULT_FLAG_WRITE) === 0) return (vma.vm_flags & VM_MAYREAD) !== 0;
  if ((vma.vm_flags & VM_WRITE) !== 0) return true;
  return (vma.vm_flags & VM_SHARED) === 0 && (vma.vm_flags & VM_MAYWRITE) !== 0;
}

/** The mapping for a user address, a stack grown down to it if need be. */
export function find_vma_or_expand(mm: Mm, address: number): VmArea | null {
  const vma = find_vma(mm, address);
  if (!vma || vma.vm_start <= address) return vma;
  if ((vma.vm_flags & VM_GROWSDOWN) === 0) return null;
  return expand_stack(mm, vma, address) === 0 ? vma : null;
}

/** One access by user space, or on its behalf: 0, or VM_FAULT_* why not. Linux: __do_page_fault(). */
export function do_user_fault(mm: Mm, address: number, flags: number): number {
  const vma = find_vma_or_expand(mm, address);
  if (!vma) return VM_FAULT_BADMAP;
  if (!access_ok(vma, flags)) return VM_FAULT_BADACCESS;
  return handle_mm_fault(mm, vma, address, flags);
}

/** The kernel touches a page for a system call. 0, or -EFAULT. Kills somebody when memory is short. */
export function fault_in_user_page(mm: Mm, address: number, write: boolean): number {
  const fault = do_user_fault(mm, address, write ? FAULT_FLAG_WRITE : 0);
  if (fault === 0) return 0;
  if (fault === VM_FAULT_OOM && out_of_memory(mm.kernel, mm)) return 0; // try again
  return -EFAULT;
}

/**
 * Memory of a process that need not be the caller's: ptrace, /proc/<pid>/mem. Mappings' permissions are overridden as a
 * debugger expects. Returns how many bytes were moved before something was in the way.
 */
export const access_remote_vm = (mm: Mm, address: number, buffer: Uint8Array, write: boolean): number =>
  access_vm(mm, address, buffer, write, FAULT_FLAG_FORCE);

/** The same as the process itself could do it: process_vm_readv(). */
export const access_process_vm = (mm: Mm, address: number, buffer: Uint8Array, write: boolean): number =>
  access_vm(mm, address, buffer, write, 0);

function access_vm(mm: Mm, address: number, buffer: Uint8Array, write: boolean, force: number): number {
  let done = 0;
  while (done < buffer.length) {
    const at = address + done;
    const pfn = get_user_page(mm, at, write, force);
    if (pfn === 0) break;
    const offset = at % PAGE_SIZE;
    const page = mm.kernel.mm.bytes(pfn).subarray(offset, offset + buffer.length - done);
    if (write) page.set(buffer.subarray(done, done + page.length));
    else buffer.set(page, done);
    if (write) mm.kernel.arch.flush_icache_page(pfn);
    done += page.length;
  }
  return done;
}

/** Pages of somebody's own, which nobody else's access may pin: the vDSO's data. Linux: check_vma_flags(). */
export const is_not_memory = (vma: VmArea): boolean => (vma.vm_flags & (VM_IO | VM_PFNMAP)) !== 0;

/** The frame behind an address, private to the process if it is to be written; 0: there is none. */
function get_user_page(mm: Mm, address: number, write: boolean, force: number): number {
  if (!(address >= 0 && address < TASK_SIZE)) return 0;
  const { arch } = mm.kernel;
  const flags = force | (write ? FAULT_FLAG_WRITE : 0);
  const vma = find_vma_or_expand(mm, address);
  if (!vma || is_not_memory(vma) || !access_ok(vma, flags)) return 0;
  for (let tries = 0; tries < 3; tries++) {
    const ptep = arch.pte_offset(mm, address);
    const entry = ptep === 0 ? 0 : arch.pte_flags(ptep);
    const ready = write
      ? (entry & _PAGE_WRITE) !== 0 || (entry !== 0 && page_is_private(mm, ptep))
      : entry !== 0;
    if (ready) return arch.pte_pfn(ptep);
    if (handle_mm_fault(mm, vma, address, flags) !== 0) return 0;
  }
  return 0;
}

/** Brings in every page of [start, end), as far as it can be had: MAP_POPULATE, mlockall(). */
export function mm_populate(mm: Mm, start: number, end: number): void {
  for (const vma of vmas_in(mm, start, end)) {
    populate_vma(mm, vma, Math.max(start, vma.vm_start), Math.min(end, vma.vm_end));
  }
}

/** The same for mlock(): stops at the first page that cannot be had. 0, -EFAULT (no access, past the end) or -ENOMEM. */
export function mm_populate_strictly(mm: Mm, start: number, end: number): number {
  for (const vma of vmas_in(mm, start, end)) {
    const err = populate_vma(mm, vma, Math.max(start, vma.vm_start), Math.min(end, vma.vm_end));
    if (err < 0) return err;
  }
  return 0;
}

function populate_vma(mm: Mm, vma: VmArea, start: number, end: number): number {
  if ((vma.vm_flags & VM_LOCKONFAULT) !== 0 || is_not_memory(vma)) return 0;
  if ((vma.vm_flags & (VM_READ | VM_WRITE | VM_EXEC)) === 0) return -EFAULT;
  // A private writable page is copied now, not at the first write.
  const write = (vma.vm_flags & (VM_WRITE | VM_SHARED)) === VM_WRITE;
  return faultin_page_range(mm, vma, start, end, write);
}

/**
 * Faults in every page of a part of one mapping. 0, -ENOMEM or -EFAULT. Memory that cannot be written and comes from
 * nowhere is the zero page, which is always there: its entries can wait, however many (upstream makes them now).
 */
export function faultin_page_range(mm: Mm, vma: VmArea, start: number, end: number, write: boolean): number {
  if (!write && vma_is_anonymous(vma)) return 0;
  const { arch } = mm.kernel;
  const wanted = write ? _PAGE_USER | _PAGE_WRITE : _PAGE_USER;
  for (let at = start; at < end; at += PAGE_SIZE) {
    const ptep = arch.pte_offset(mm, at);
    if (ptep !== 0 && (arch.pte_flags(ptep) & wanted) === wanted) continue;
    const fault = handle_mm_fault(mm, vma, at, write ? FAULT_FLAG_WRITE : 0);
    if (fault !== 0) return fault === VM_FAULT_OOM ? -ENOMEM : -EFAULT;
  }
  return 0;
}
