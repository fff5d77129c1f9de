/*
 * kernel/mm/memory.ts - pages come when they are touched
 *
 * Linux:   mm/memory.c (v6.12)
 * Manual:  Documentation/mm/process_addrs.rst
 * Differs: nothing sleeps here, as every page comes from memory; so a fault is one plain function call
 * Absent:  swap, NUMA, huge pages, userfaultfd
 *
 * A mapping is a promise. handle_mm_fault() keeps it, one page at a time:
 *
 *   no entry,  anonymous, read    the shared zero page            do_anonymous_page()
 *   no entry,  anonymous, write   a fresh zeroed page             do_anonymous_page()
 *   no entry,  file, read         the page cache's page           do_read_fault()
 *   no entry,  private file, write   a copy of it                 do_cow_fault()
 *   no entry,  shared file, write    the page itself, dirty       do_shared_fault()
 *   read-only entry, write        copy, or reuse if it is nobody else's   do_wp_page()
 *   clean entry, write            note that it is dirty
 */

import type { Arch } from '../arch.ts';
import type { AddressSpace } from '../include/linux/fs.ts';
import {
  FAULT_FLAG_WRITE,
  MMF_UNSTABLE,
  VM_ACCESS_FLAGS,
  VM_EXEC,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_SHARED,
  VM_WRITE,
} from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_EXEC,
  _PAGE_PRESENT,
  _PAGE_SPECIAL,
  _PAGE_USER,
  _PAGE_WRITE,
  PTE_STRIDE,
  pmd_addr_end,
} from '../include/linux/pgtable.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { ENOMEM } from '../include/uapi/errno.ts';
import { PG_anon, PGFAULT } from './page_alloc.ts';
import { page_add_rmap, page_remove_rmap, update_hiwater_rss } from './rmap.ts';
import { anon_vma_prepare, linear_page_index, vma_is_anonymous, vma_pages } from './vma.ts';

/** A read fault on a file brings its neighbours too, as far as they are in memory: sysctl fault_around_bytes. */
const FAULT_AROUND_PAGES = 16;

/**
 * What an entry of this mapping allows to begin with. Linux: vm_get_page_prot(). Private pages are born read-only: who
 * writes gets a copy, and the entry that says so.
 */
export function vm_get_page_prot(vmFlags: number): number {
  if ((vmFlags & VM_ACCESS_FLAGS) === 0) return _PAGE_PRESENT | _PAGE_ACCESSED;
  return (
    _PAGE_PRESENT |
    _PAGE_ACCESSED |
    _PAGE_USER |
    ((vmFlags & VM_EXEC) !== 0 ? _PAGE_EXEC : 0) |
    ((vmFlags & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE) ? _PAGE_WRITE : 0)
  );
}

/** For a page that belongs to this mapping alone. A debugger's write to a read-only mapping stays read-only. */
const private_prot = (vma: VmArea): number =>
  vm_get_page_prot(vma.vm_flags) | _PAGE_DIRTY | ((vma.vm_flags & VM_WRITE) !== 0 ? _PAGE_WRITE : 0);

/** Makes `address`, which is inside `vma`, accessible. The caller has checked what the mapping allows. VM_FAULT_*. */
export function handle_mm_fault(mm: Mm, vma: VmArea, address: number, flags: number): number {
  const { arch, mm: pages } = mm.kernel;
  pages.vmstat[PGFAULT]!++;
  if ((mm.flags & MMF_UNSTABLE) !== 0) return VM_FAULT_SIGBUS; // its memory was taken away: it is being killed

  const ptep = arch.pte_alloc(mm, address);
  if (ptep === 0) return VM_FAULT_OOM;
  const page = address - (address % PAGE_SIZE);
  const entry = arch.pte_flags(ptep);
  if (entry === 0) {
    return vma_is_anonymous(vma)
      ? do_anonymous_page(mm, vma, ptep, flags)
      : do_fault(mm, vma, page, ptep, flags);
  }
  return handle_present(mm, vma, page, ptep, entry, flags);
}

function handle_present(
  mm: Mm,
  vma: VmArea,
  page: number,
  ptep: number,
  entry: number,
  flags: number,
): number {
  const { arch } = mm.kernel;
  const write = (flags & FAULT_FLAG_WRITE) !== 0;
  if (write && (entry & _PAGE_WRITE) === 0) return do_wp_page(mm, vma, page, ptep, entry);

  arch.set_pte(ptep, arch.pte_pfn(ptep), entry | _PAGE_ACCESSED | (write ? _PAGE_DIRTY : 0));
  arch.flush_tlb_page(mm, page);
  return 0;
}

function do_anonymous_page(mm: Mm, vma: VmArea, ptep: number, flags: number): number {
  const { arch, mm: pages } = mm.kernel;
  if ((flags & FAULT_FLAG_WRITE) === 0) {
    arch.set_pte(ptep, pages.zero_pfn, vm_get_page_prot(vma.vm_flags) | _PAGE_SPECIAL);
    return 0;
  }
  const pfn = pages.alloc_zeroed_page();
  if (pfn === 0) return VM_FAULT_OOM;
  map_anon_page(mm, vma, ptep, pfn);
  return 0;
}

/** A fresh page becomes private memory of `mm`. */
function map_anon_page(mm: Mm, vma: VmArea, ptep: number, pfn: number): void {
  if (vma.anon_vma === 0) anon_vma_prepare(mm, vma);
  mm.kernel.mm.set_page_flags(pfn, PG_anon);
  page_add_rmap(mm, pfn);
  mm.kernel.arch.set_pte(ptep, pfn, private_prot(vma));
}

/* ---- Files and special mappings ---- */

function do_fault(mm: Mm, vma: VmArea, page: number, ptep: number, flags: number): number {
  // A copy is going to be made; that it fails for want of a page changes nothing about whose it would have been.
  const copy = (flags & FAULT_FLAG_WRITE) !== 0 && (vma.vm_flags & VM_SHARED) === 0;
  if (copy && vma.anon_vma === 0) anon_vma_prepare(mm, vma);
  const pfn = find_file_page(vma, page);
  if (pfn < 0) return pfn === -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;

  if ((flags & FAULT_FLAG_WRITE) === 0) return do_read_fault(mm, vma, page, ptep, pfn);
  return copy ? do_cow_fault(mm, vma, ptep, pfn) : do_shared_fault(mm, vma, ptep, pfn);
}

/** The frame that `page` of the mapping shows, made if it is a hole; or -errno: past the end, or no memory. */
function find_file_page(vma: VmArea, page: number): number {
  const index = linear_page_index(vma, page);
  if (vma.vm_pages) return vma.vm_pages[index] ?? -1;
  if (index >= file_pages(vma)) return -1;
  return vma.vm_mapping!.get_page(index, true);
}

/** Pages up to the end of the file; a device that made the mapping memory of its own (/dev/zero) has no such end. */
function file_pages({ vm_file, vm_mapping }: VmArea): number {
  const inode = vm_file?.f_inode;
  return inode && inode.i_mapping === vm_mapping ? Math.ceil(inode.i_size / PAGE_SIZE) : Infinity;
}

function do_read_fault(mm: Mm, vma: VmArea, page: number, ptep: number, pfn: number): number {
  map_file_page(mm, vma, ptep, pfn);
  if (vma.vm_mapping) do_fault_around(mm, vma, vma.vm_mapping, page, ptep);
  return 0;
}

function do_shared_fault(mm: Mm, vma: VmArea, ptep: number, pfn: number): number {
  map_file_page(mm, vma, ptep, pfn);
  const { arch } = mm.kernel;
  arch.set_pte(ptep, pfn, arch.pte_flags(ptep) | _PAGE_DIRTY);
  return 0;
}

function do_cow_fault(mm: Mm, vma: VmArea, ptep: number, source: number): number {
  const pages = mm.kernel.mm;
  const pfn = pages.alloc_page();
  if (pfn === 0) return VM_FAULT_OOM;
  pages.copy_page(pfn, source);
  map_anon_page(mm, vma, ptep, pfn);
  return 0;
}

function map_file_page(mm: Mm, vma: VmArea, ptep: number, pfn: number): void {
  const { arch, mm: pages } = mm.kernel;
  const prot = vm_get_page_prot(vma.vm_flags);
  if (vma.vm_pages) {
    arch.set_pte(ptep, pfn, prot | _PAGE_SPECIAL); // nobody counts the vDSO's users
    return;
  }
  pages.get_page(pfn);
  page_add_rmap(mm, pfn);
  arch.set_pte(ptep, pfn, prot);
}

/** The aligned block of pages around a fault, as far as mapping, file, table and memory have them. */
function do_fault_around(mm: Mm, vma: VmArea, mapping: AddressSpace, page: number, ptep: number): void {
  const { arch } = mm.kernel;
  const block = FAULT_AROUND_PAGES * PAGE_SIZE;
  const first = page - (page % block); // 64 KiB aligned: never leaves the table of 2 MiB
  const start = Math.max(first, vma.vm_start);
  const end = Math.min(first + block, vma.vm_end);
  const size = file_pages(vma);
  for (let at = start; at < end; at += PAGE_SIZE) {
    const neighbour = ptep + ((at - page) / PAGE_SIZE) * PTE_STRIDE;
    if (arch.pte_flags(neighbour) !== 0) continue;
    const index = linear_page_index(vma, at);
    if (index >= size) return;
    const pfn = mapping.get_page(index, false);
    if (pfn > 0) map_file_page(mm, vma, neighbour, pfn);
  }
}

/* ---- Writing to what is read-only ---- */

function do_wp_page(mm: Mm, vma: VmArea, page: number, ptep: number, entry: number): number {
  const { arch, mm: pages } = mm.kernel;
  const old = arch.pte_pfn(ptep);
  if ((vma.vm_flags & VM_SHARED) !== 0 || can_reuse(mm, old, entry)) {
    const writable = (vma.vm_flags & VM_WRITE) !== 0 ? _PAGE_WRITE : 0;
    arch.set_pte(ptep, old, entry | writable | _PAGE_DIRTY | _PAGE_ACCESSED);
    arch.flush_tlb_page(mm, page);
    return 0;
  }

  const pfn = pages.alloc_page();
  if (pfn === 0) return VM_FAULT_OOM;
  pages.copy_page(pfn, old);
  if ((entry & _PAGE_SPECIAL) === 0) page_remove_rmap(mm, old);
  map_anon_page(mm, vma, ptep, pfn);
  arch.flush_tlb_page(mm, page);
  return 0;
}

/** Private and nobody else's: the other side of a fork has its own copy by now, or is gone. */
function can_reuse(mm: Mm, pfn: number, entry: number): boolean {
  const pages = mm.kernel.mm;
  return (
    (entry & _PAGE_SPECIAL) === 0 && (pages.page_flags(pfn) & PG_anon) !== 0 && pages.page_count(pfn) === 1
  );
}

/** Is the entry's page private to it, so that writing needs no copy? For mprotect(), and for a debugger's writes. */
export function page_is_private(mm: Mm, ptep: number): boolean {
  const { arch } = mm.kernel;
  return can_reuse(mm, arch.pte_pfn(ptep), arch.pte_flags(ptep));
}

/* ---- Ranges of entries ---- */

/** Takes every page out of [start, end), or all but private copies. The mapping stays: touched again, pages come anew. */
export function zap_page_range(mm: Mm, start: number, end: number, evenCows = true): void {
  if (unmap_page_range(mm, start, end, evenCows)) mm.kernel.arch.flush_tlb_range(mm, start, end);
}

/** The same without a word to the TLB, for an address space that nobody enters any more. Returns whether it had tables. */
export function unmap_page_range(mm: Mm, start: number, end: number, evenCows = true): boolean {
  const { arch } = mm.kernel;
  let at = arch.next_pte_table(mm, start, end);
  if (at >= end) return false;
  update_hiwater_rss(mm);
  while (at < end) {
    const next = pmd_addr_end(at, end);
    zap_pte_range(mm, arch.pte_offset(mm, at), (next - at) / PAGE_SIZE, evenCows);
    at = arch.next_pte_table(mm, next, end);
  }
  return true;
}

function zap_pte_range(mm: Mm, first: number, count: number, evenCows: boolean): void {
  const { arch, mm: pages } = mm.kernel;
  for (let ptep = first; ptep < first + count * PTE_STRIDE; ptep += PTE_STRIDE) {
    const entry = arch.pte_flags(ptep);
    if (entry === 0) continue;
    const pfn = arch.pte_pfn(ptep);
    if (!evenCows && (entry & _PAGE_SPECIAL) === 0 && (pages.page_flags(pfn) & PG_anon) !== 0) continue;
    arch.pte_clear(ptep);
    if ((entry & _PAGE_SPECIAL) === 0) page_remove_rmap(mm, pfn);
  }
}

/**
 * fork: the child's table shows what the parent's shows; private pages become read-only for both, so that the first write
 * of either makes a copy. File pages are not copied: a fault finds them again. Returns 0 or -ENOMEM. The caller flushes
 * the parent's TLB.
 */
export function copy_page_range(dst: Mm, src: Mm, vma: VmArea): number {
  if (!vma.anon_vma) return 0;
  const { arch } = src.kernel;
  const { vm_start, vm_end } = vma;
  for (let at = arch.next_pte_table(src, vm_start, vm_end); at < vm_end; ) {
    const next = pmd_addr_end(at, vm_end);
    const to = arch.pte_alloc(dst, at);
    if (to === 0) return -ENOMEM;
    copy_pte_range(dst, arch, to, arch.pte_offset(src, at), (next - at) / PAGE_SIZE);
    at = arch.next_pte_table(src, next, vm_end);
  }
  return 0;
}

function copy_pte_range(dst: Mm, arch: Arch, to: number, from: number, count: number): void {
  const pages = dst.kernel.mm;
  for (let offset = 0; offset < count * PTE_STRIDE; offset += PTE_STRIDE) {
    const entry = arch.pte_flags(from + offset);
    if (entry === 0) continue;
    const pfn = arch.pte_pfn(from + offset);
    const shared = entry & ~_PAGE_WRITE;
    if (shared !== entry) arch.set_pte(from + offset, pfn, shared);
    arch.set_pte(to + offset, pfn, shared);
    if ((entry & _PAGE_SPECIAL) !== 0) continue;
    pages.get_page(pfn);
    page_add_rmap(dst, pfn);
  }
}

/**
 * Pages [first, end) of a file are going away: nobody may show them any longer. `evenCows`: nor private copies of them,
 * as the file ends there; a hole in its middle leaves copies alone.
 */
export function unmap_mapping_range(
  mapping: AddressSpace,
  first: number,
  end: number,
  evenCows: boolean,
): void {
  for (const vma of mapping.i_mmap) {
    const from = Math.max(first, vma.vm_pgoff);
    const to = Math.min(end, vma.vm_pgoff + vma_pages(vma));
    const start = vma.vm_start - vma.vm_pgoff * PAGE_SIZE;
    if (from < to) zap_page_range(vma.vm_mm, start + from * PAGE_SIZE, start + to * PAGE_SIZE, evenCows);
  }
}
