/*
 * arch/arm64/mm/mmu.ts - what the generic memory management asks of arm64, in one object
 *
 * Linux:   arch/arm64/mm/mmu.c, arch/arm64/include/asm/{pgalloc,mmu_context,tlbflush,uaccess}.h
 * Differs: pgd.ts (tables), context.ts (ASIDs and the TLB) and uaccess.ts do the work
 */

import type { ArchMm, ArchUaccess } from '../../../kernel/arch.ts';
import type { Mm } from '../../../kernel/include/linux/mm_types.ts';
import { PAGE_SIZE, type PhysAddr, type UserPtr } from '../../../kernel/include/linux/types.ts';
import type { Io } from '../../../kernel/kernel.ts';
import { type PageAllocator, PG_table } from '../../../kernel/mm/page_alloc.ts';
import { Uaccess } from '../lib/uaccess.ts';
import { Asids, type MmContext, type MmCpu } from './context.ts';
import { PageTables } from './pgd.ts';

export class Arm64Mm implements ArchMm, ArchUaccess {
  readonly tables: PageTables;
  readonly asids: Asids;
  readonly uaccess: Uaccess;
  private readonly pages: () => PageAllocator;

  /** `pages` is asked for late: the allocator exists only once memory has been found. */
  constructor(io: Io, cpu: MmCpu, pages: () => PageAllocator) {
    this.tables = new PageTables(io);
    this.asids = new Asids(cpu);
    this.uaccess = new Uaccess(io, this.tables);
    this.pages = pages;
  }

  pgd_alloc(): PhysAddr {
    const pages = this.pages();
    const pfn = pages.get_zeroed_page();
    if (pfn !== 0) pages.set_page_flags(pfn, PG_table);
    return (pfn * PAGE_SIZE) as PhysAddr;
  }
  pgd_free(mm: Mm): void {
    const pages = this.pages();
    pages.put_page(pages.phys_to_pfn(mm.pgd));
  }

  pte_offset(mm: Mm, address: number): number {
    return this.tables.pte_offset(mm, address);
  }
  pte_alloc(mm: Mm, address: number): number {
    return this.tables.pte_alloc(mm, address);
  }
  next_pte_table(mm: Mm, address: number, end: number): number {
    return this.tables.next_pte_table(mm, address, end);
  }
  free_pgtables(mm: Mm, start: number, end: number, floor: number, ceiling: number): void {
    this.tables.free_pgtables(mm, start, end, floor, ceiling);
  }
  pte_flags(ptep: number): number {
    return this.tables.pte_flags(ptep);
  }
  pte_pfn(ptep: number): number {
    return this.tables.pte_pfn(ptep);
  }
  set_pte(ptep: number, pfn: number, flags: number): void {
    this.tables.set_pte(ptep, pfn, flags);
  }
  pte_clear(ptep: number): void {
    this.tables.pte_clear(ptep);
  }

  init_new_context(): MmContext {
    return this.asids.init_new_context();
  }
  destroy_context(mm: Mm): void {
    this.asids.destroy_context(mm);
  }
  /** Linux: switch_mm(). Cheap when it is the running address space already. */
  switch_mm(mm: Mm): void {
    this.asids.switch_mm(mm);
  }
  flush_tlb_page(mm: Mm, address: number): void {
    this.asids.flush_tlb_page(mm, address);
  }
  flush_tlb_range(mm: Mm, start: number, end: number): void {
    this.asids.flush_tlb_range(mm, start, end);
  }
  flush_tlb_mm(mm: Mm): void {
    this.asids.flush_tlb_mm(mm);
  }
  /** The board's memory is coherent; an engine that keeps translations hears of writes by itself. */
  flush_icache_page(_pfn: number): void {}

  copy_from_user(mm: Mm, to: Uint8Array, from: UserPtr): number {
    return this.uaccess.copy_from_user(mm, to, from);
  }
  copy_to_user(mm: Mm, to: UserPtr, from: Uint8Array): number {
    return this.uaccess.copy_to_user(mm, to, from);
  }
  clear_user(mm: Mm, to: UserPtr, size: number): number {
    return this.uaccess.clear_user(mm, to, size);
  }
  get_user(mm: Mm, from: UserPtr, size: 1 | 2 | 4 | 8): number {
    return this.uaccess.get_user(mm, from, size);
  }
  put_user(mm: Mm, to: UserPtr, value: number, size: 1 | 2 | 4 | 8): number {
    return this.uaccess.put_user(mm, to, value, size);
  }
}
