/*
 * kernel/mm/page_alloc.ts - which page frames of RAM are free, and who uses the others
 *
 * Linux:   mm/page_alloc.c, mm/memblock.c, include/linux/mm.h (get_page(), put_page())
 * Manual:  Documentation/admin-guide/mm/concepts.rst
 * Differs: single pages only: nothing needs two in a row, so free frames are a stack instead of buddies
 * Absent:  zones, NUMA nodes, reclaim, swap, huge pages
 *
 * A page is its frame number (pfn = physical address / 4096); 0 is no page. Its contents are reached through bytes(), the
 * same RAM that the CPU sees.
 */

import type { Mm } from '../include/linux/mm_types.ts';
import type { Io } from '../kernel.ts';
import { PAGE_SHIFT, PAGE_SIZE, type PhysAddr } from '../include/linux/types.ts';

/* What a frame is used for, by frame: Linux's page flags, as far as somebody asks. */
/** Private memory of a process: writing to it concerns nobody else once nobody else maps it. */
export const PG_anon = 1 << 0;
/** Page cache of files that live in memory only. */
export const PG_swapbacked = 1 << 1;
/** A page table. */
export const PG_table = 1 << 2;
/** Never to be freed: the image's tables, the device tree, holes. */
export const PG_reserved = 1 << 3;

/* What is counted for /proc/meminfo and /proc/vmstat: indices of PageAllocator.vmstat. */
export const NR_ANON_MAPPED = 0;
export const NR_FILE_MAPPED = 1;
export const NR_FILE_PAGES = 2;
export const NR_SHMEM = 3;
export const NR_PAGETABLE = 4;
export const NR_MLOCK = 5;
export const PGFAULT = 6;
export const PGMAJFAULT = 7;
export const PGALLOC = 8;
export const PGFREE = 9;
export const OOM_KILL = 10;
const NR_VMSTAT_ITEMS = 11;

/** Frames kept back from user memory, so that what frees memory (exit, page tables for it) can still run. */
const MIN_FREE_SHARE = 1 / 256;
const MIN_FREE_PAGES = 16;
const MAX_FREE_PAGES = 4096;

interface Region {
  base: number;
  end: number;
}

export class PageAllocator {
  /** Frames that were ever given to the allocator. */
  totalram_pages = 0;
  /** Frames that exist, reserved ones included. */
  present_pages = 0;
  /** Below this, alloc_page() refuses. */
  watermark_min = 0;
  /** Pages promised to mappings (VM_ACCOUNT): Committed_AS. */
  vm_committed_as = 0;
  /** Who was killed for its memory and has not ended yet: kernel/mm/oom_kill.ts. */
  oom_victim: Mm | null = null;
  /** Families of private pages so far: VmArea.anon_vma. */
  anon_vmas = 0;
  /** Shared anonymous mappings made so far: their inode numbers. */
  shmem_files = 0;
  /** Counters, by NR_* and PG*. */
  readonly vmstat = new Float64Array(NR_VMSTAT_ITEMS);
  /** One page of zeroes that everybody's untouched memory shares; 0 until memblock_free_all(). */
  zero_pfn = 0;

  private readonly io: Io;
  private readonly memory: Region[] = [];
  private readonly reserved: Region[] = [];
  /** The frame that index 0 of the arrays below is about. */
  private firstPfn = 0;
  private counts = new Int32Array(0);
  private mapcounts = new Int32Array(0);
  private flags = new Uint8Array(0);
  private stack = new Int32Array(0);
  private free = 0;

  constructor(io: Io) {
    this.io = io;
  }

  /** RAM that the device tree tells of. */
  memblock_add(base: number, size: number): void {
    this.memory.push({ base, end: base + size });
  }

  /** Part of it that must not be given out: the device tree itself, the initramfs. */
  memblock_reserve(base: number, size: number): void {
    this.reserved.push({ base, end: base + size });
  }

  /** Hands everything that is not reserved to the allocator. Called once; from here on pages can be had. */
  memblock_free_all(): void {
    this.firstPfn = Math.floor(Math.min(...this.memory.map((r) => r.base)) / PAGE_SIZE);
    const last = Math.ceil(Math.max(...this.memory.map((r) => r.end)) / PAGE_SIZE);
    const frames = last - this.firstPfn;
    this.counts = new Int32Array(frames).fill(1);
    this.mapcounts = new Int32Array(frames);
    this.flags = new Uint8Array(frames).fill(PG_reserved);
    this.stack = new Int32Array(frames);
    for (const region of this.memory) this.freeRegion(region);
    this.watermark_min = clamp(
      Math.floor(this.totalram_pages * MIN_FREE_SHARE),
      MIN_FREE_PAGES,
      MAX_FREE_PAGES,
    );
    this.zero_pfn = this.get_zeroed_page();
  }

  /** Linux: free_reserved_area(). Returns the number of pages that became free: the initramfs, once unpacked. */
  free_reserved_area(base: number, size: number): number {
    const first = Math.ceil(base / PAGE_SIZE);
    const end = Math.floor((base + size) / PAGE_SIZE);
    let pages = 0;
    for (let pfn = first; pfn < end; pfn++) if (this.freeReservedPage(pfn)) pages++;
    return pages;
  }

  /**
   * A page for user space or the page cache, with one reference, contents undefined; 0: memory is (nearly) exhausted.
   * Nothing is killed here: the fault handler calls out_of_memory(), a system call returns -ENOMEM.
   */
  alloc_page(): number {
    return this.free > this.watermark_min ? this.take() : 0;
  }

  /** The same, all zero. */
  alloc_zeroed_page(): number {
    const pfn = this.alloc_page();
    if (pfn !== 0) this.clear_page(pfn);
    return pfn;
  }

  /** For the kernel's own needs (page tables): may use the reserve. All zero. */
  get_zeroed_page(): number {
    if (this.free === 0) return 0;
    const pfn = this.take();
    this.clear_page(pfn);
    return pfn;
  }

  /** One more user of a page. */
  get_page(pfn: number): void {
    this.counts[pfn - this.firstPfn]!++;
  }

  /** One user fewer; the last one frees it. */
  put_page(pfn: number): void {
    const index = pfn - this.firstPfn;
    const count = --this.counts[index]!;
    if (count > 0) return;
    if (count < 0 || this.mapcounts[index]! !== 0)
      throw new Error(`page ${pfn.toString(16)} freed in use or twice`);
    this.flags[index] = 0;
    this.stack[this.free++] = pfn;
    this.vmstat[PGFREE]!++;
  }

  /** How many use it. 0 = free. */
  page_count(pfn: number): number {
    return this.counts[pfn - this.firstPfn]!;
  }

  /** How many page table entries show it. */
  page_mapcount(pfn: number): number {
    return this.mapcounts[pfn - this.firstPfn]!;
  }

  /** Called by kernel/mm/rmap.ts only. */
  page_mapped(pfn: number): void {
    if (this.mapcounts[pfn - this.firstPfn]!++ === 0) this.vmstat[this.mappedItem(pfn)]!++;
  }

  page_unmapped(pfn: number): void {
    if (--this.mapcounts[pfn - this.firstPfn]! === 0) this.vmstat[this.mappedItem(pfn)]!--;
  }

  private mappedItem(pfn: number): number {
    return (this.page_flags(pfn) & PG_anon) !== 0 ? NR_ANON_MAPPED : NR_FILE_MAPPED;
  }

  /** PG_* */
  page_flags(pfn: number): number {
    return this.flags[pfn - this.firstPfn]!;
  }

  set_page_flags(pfn: number, flags: number): void {
    this.flags[pfn - this.firstPfn]! |= flags;
  }

  /** Linux: pfn_valid(). */
  pfn_valid(pfn: number): boolean {
    return pfn >= this.firstPfn && pfn < this.firstPfn + this.counts.length;
  }

  /** The page's contents: RAM itself, not a copy. */
  bytes(pfn: number): Uint8Array {
    const at = pfn * PAGE_SIZE - this.io.ramBase;
    this.io.touch?.(at);
    return this.io.ram.subarray(at, at + PAGE_SIZE);
  }

  clear_page(pfn: number): void {
    const at = pfn * PAGE_SIZE - this.io.ramBase;
    this.io.touch?.(at);
    this.io.ram.fill(0, at, at + PAGE_SIZE);
  }

  copy_page(to: number, from: number): void {
    const at = from * PAGE_SIZE - this.io.ramBase;
    const target = to * PAGE_SIZE - this.io.ramBase;
    this.io.touch?.(target);
    this.io.ram.copyWithin(target, at, at + PAGE_SIZE);
  }

  page_to_phys(pfn: number): PhysAddr {
    return (pfn * PAGE_SIZE) as PhysAddr;
  }

  phys_to_pfn(pa: number): number {
    return Math.floor(pa / 2 ** PAGE_SHIFT);
  }

  nr_free_pages(): number {
    return this.free;
  }

  /** Linux: si_mem_available(). What could still be had: free pages above the reserve (nothing is reclaimable). */
  si_mem_available(): number {
    return Math.max(0, this.free - this.watermark_min);
  }

  /** Adds to one of the counters above. */
  mod_state(item: number, delta: number): void {
    this.vmstat[item]! += delta;
  }

  private take(): number {
    const pfn = this.stack[--this.free]!;
    this.counts[pfn - this.firstPfn] = 1;
    this.vmstat[PGALLOC]!++;
    return pfn;
  }

  /** From the top down, so that the lowest frames are given out first. */
  private freeRegion(region: Region): void {
    const first = Math.ceil(region.base / PAGE_SIZE);
    const end = Math.floor(region.end / PAGE_SIZE);
    this.present_pages += end - first;
    for (const { base, end: last } of this.reserved) this.keep(base, last);
    for (let pfn = end - 1; pfn >= first; pfn--) if (this.page_count(pfn) === 1) this.freeReservedPage(pfn);
    for (const { base, end: last } of this.reserved) this.keep(base, last, 1);
  }

  /** Marks reserved frames so that freeRegion() leaves them alone: a second reference, taken back afterwards. */
  private keep(base: number, end: number, count = 2): void {
    const first = Math.max(0, Math.floor(base / PAGE_SIZE) - this.firstPfn);
    this.counts.fill(count, first, Math.max(first, Math.ceil(end / PAGE_SIZE) - this.firstPfn));
  }

  /** False: it was not reserved. */
  private freeReservedPage(pfn: number): boolean {
    if (!this.pfn_valid(pfn) || (this.page_flags(pfn) & PG_reserved) === 0) return false;
    this.flags[pfn - this.firstPfn] = 0;
    this.counts[pfn - this.firstPfn] = 0;
    this.stack[this.free++] = pfn;
    this.totalram_pages++;
    return true;
  }
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
