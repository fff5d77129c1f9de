/*
 * arch/arm64/mm/pgd.ts - translation tables in RAM: finding, making and freeing them
 *
 * Linux:   arch/arm64/mm/pgd.c, arch/arm64/include/asm/{pgalloc,pgtable}.h, mm/memory.c (free_pgd_range)
 * Manual:  Arm ARM, "The VMSAv8-64 translation table format"
 * Differs: one loop over the levels instead of a function per level; a table is named by the index of its first word
 *
 *   TTBR0 -> level 0 -> level 1 -> level 2 -> level 3 -> page
 *            VA 47:39   38:30      29:21      20:12      11:0
 */

import type { ArchMm } from '../../../kernel/arch.ts';
import type { Mm } from '../../../kernel/include/linux/mm_types.ts';
import { PAGE_SIZE, type PhysAddr } from '../../../kernel/include/linux/types.ts';
import type { Io } from '../../../kernel/kernel.ts';
import { NR_PAGETABLE, PG_table } from '../../../kernel/mm/page_alloc.ts';
import {
  HI_ADDR_MASK,
  HI_PMD_TABLE_PXN,
  PMD_TYPE_TABLE,
  PTE_VALID,
  PTRS_PER_PTE,
  pte_high,
  pte_low,
  pte_to_flags,
} from '../include/asm/pgtable.ts';

/** Bytes that one entry of a level 0, 1, 2 table covers. */
const SPAN = [2 ** 39, 2 ** 30, 2 ** 21] as const;
/** To multiply with: of a power of two as exact as the division, and faster. */
const PER_SPAN = [2 ** -39, 2 ** -30, 2 ** -21] as const;
const LEAF_LEVEL = 3;
/** Leaf tables that are remembered; a power of two. */
const REMEMBERED = 16;

type Tables = Pick<
  ArchMm,
  | 'pte_offset'
  | 'pte_alloc'
  | 'next_pte_table'
  | 'free_pgtables'
  | 'pte_flags'
  | 'pte_pfn'
  | 'set_pte'
  | 'pte_clear'
>;

export class PageTables implements Tables {
  /** RAM as words; index = (physical address - ramBase) / 4. */
  readonly words: Uint32Array;
  private readonly ramBase: number;
  /** The leaf tables found last, each in the place that its region of 2 MiB has: until any table is freed. */
  private readonly owners = new Array<Mm | null>(REMEMBERED).fill(null);
  private readonly regions = new Float64Array(REMEMBERED);
  private readonly leaves = new Int32Array(REMEMBERED);

  constructor(io: Io) {
    this.words = new Uint32Array(io.ram.buffer, io.ram.byteOffset, io.ram.length >>> 2);
    this.ramBase = io.ramBase;
  }

  pte_offset(mm: Mm, address: number): number {
    const region = Math.floor(address * PER_SPAN[2]);
    const place = region & (REMEMBERED - 1);
    if (this.owners[place] === mm && this.regions[place] === region)
      return this.leaves[place]! + 2 * leafIndex(address);

    let table = this.tableAt(mm.pgd);
    for (let level = 0; level < LEAF_LEVEL; level++) {
      const entry = table + 2 * entryIndex(level, address);
      if ((this.words[entry]! & PTE_VALID) === 0) return 0;
      table = this.target(entry);
    }
    this.owners[place] = mm;
    this.regions[place] = region;
    this.leaves[place] = table;
    return table + 2 * leafIndex(address);
  }

  pte_alloc(mm: Mm, address: number): number {
    let table = this.tableAt(mm.pgd);
    for (let level = 0; level < LEAF_LEVEL; level++) {
      const entry = table + 2 * entryIndex(level, address);
      if ((this.words[entry]! & PTE_VALID) === 0 && !this.populate(mm, entry)) return 0;
      table = this.target(entry);
    }
    return table + 2 * leafIndex(address);
  }

  next_pte_table(mm: Mm, address: number, end: number): number {
    const pgd = this.tableAt(mm.pgd);
    let at = address;
    while (at < end) {
      const absent = this.firstAbsentLevel(pgd, at);
      if (absent === LEAF_LEVEL) return at;
      const span = SPAN[absent as 0 | 1 | 2];
      at += span - (at % span);
    }
    return end;
  }

  free_pgtables(mm: Mm, start: number, end: number, floor: number, ceiling: number): void {
    this.freeLevel(mm, this.tableAt(mm.pgd), 0, 0, start, end, floor, ceiling);
  }

  pte_flags(ptep: number): number {
    return pte_to_flags(this.words[ptep]!, this.words[ptep + 1]!);
  }

  pte_pfn(ptep: number): number {
    return (this.words[ptep + 1]! & HI_ADDR_MASK) * 2 ** 20 + (this.words[ptep]! >>> 12);
  }

  set_pte(ptep: number, pfn: number, flags: number): void {
    this.words[ptep] = pte_low(flags) | (pfn << 12);
    this.words[ptep + 1] = pte_high(flags) | Math.floor(pfn / 2 ** 20);
  }

  pte_clear(ptep: number): void {
    this.words[ptep] = 0;
    this.words[ptep + 1] = 0;
  }

  /** Where the walk for an address ends for want of a table: the level of the missing entry, or LEAF_LEVEL. */
  private firstAbsentLevel(pgd: number, address: number): number {
    let table = pgd;
    for (let level = 0; level < LEAF_LEVEL; level++) {
      const entry = table + 2 * entryIndex(level, address);
      if ((this.words[entry]! & PTE_VALID) === 0) return level;
      table = this.target(entry);
    }
    return LEAF_LEVEL;
  }

  /** Hangs an empty table under `entry`; false: no memory. */
  private populate(mm: Mm, entry: number): boolean {
    const pages = mm.kernel.mm;
    const pfn = pages.get_zeroed_page();
    if (pfn === 0) return false;
    pages.set_page_flags(pfn, PG_table);
    pages.mod_state(NR_PAGETABLE, 1);
    mm.pgtables_bytes += PAGE_SIZE;
    this.words[entry] = (pfn << 12) | PMD_TYPE_TABLE;
    this.words[entry + 1] = Math.floor(pfn / 2 ** 20) | HI_PMD_TABLE_PXN;
    return true;
  }

  /*
   * Frees the tables under one table, in [start, end). A table may go when everything it covers lies between floor and
   * ceiling, the neighbouring mappings: then nobody else's entries are in it.
   */
  private freeLevel(
    mm: Mm,
    table: number,
    level: number,
    base: number,
    start: number,
    end: number,
    floor: number,
    ceiling: number,
  ): void {
    const span = SPAN[level as 0 | 1 | 2];
    const first = Math.max(0, Math.floor((start - base) / span));
    const last = Math.min(PTRS_PER_PTE, Math.ceil((end - base) / span));
    for (let index = first; index < last; index++) {
      const entry = table + 2 * index;
      if ((this.words[entry]! & PTE_VALID) === 0) continue;
      const at = base + index * span;
      if (level + 1 < LEAF_LEVEL) {
        this.freeLevel(mm, this.target(entry), level + 1, at, start, end, floor, ceiling);
      }
      if (at >= floor && at + span <= ceiling) this.unpopulate(mm, entry);
    }
  }

  private unpopulate(mm: Mm, entry: number): void {
    const pfn = this.pte_pfn(entry);
    this.owners.fill(null);
    this.pte_clear(entry);
    mm.kernel.mm.put_page(pfn);
    mm.kernel.mm.mod_state(NR_PAGETABLE, -1);
    mm.pgtables_bytes -= PAGE_SIZE;
  }

  private tableAt(pa: PhysAddr): number {
    return (pa - this.ramBase) / 4;
  }

  /** The first word of the table that an entry points at. */
  private target(entry: number): number {
    const pa = (this.words[entry + 1]! & HI_ADDR_MASK) * 2 ** 32 + ((this.words[entry]! & ~0xfff) >>> 0);
    return (pa - this.ramBase) / 4;
  }
}

/** VA[47:39], [38:30], [29:21] */
function entryIndex(level: number, address: number): number {
  return Math.floor(address * PER_SPAN[level as 0 | 1 | 2]) & (PTRS_PER_PTE - 1);
}

const leafIndex = (address: number): number => (address >>> 12) & (PTRS_PER_PTE - 1);
