/*
 * board/mmu/tlb-side.ts - the data half or the code half of a TLB bank
 *
 * Manual: Arm ARM, "Translation Lookaside Buffers"
 * Guest:  generated code compares the tags and adds the addend: state.ts draws an entry
 *
 * Direct mapped by the low bits of the page's number. A flush costs what was used since the last one, not the size of
 * the bank; and a bank costs nothing before it is used, neither time nor memory.
 */

import { TLB_ENTRIES, TLB_ENTRY, TLB_INVALID } from '../cpu/state.ts';
import { PERM_EXEC, PERM_READ, PERM_WRITE } from './walk.ts';

const ENTRY_WORDS = TLB_ENTRY.SIZE >>> 2;
const INDEX_MASK = TLB_ENTRIES - 1;

/* What a side knows about an entry that generated code need not know. */
const LEVEL = 0x0f; // the table level that the translation came from: below 3 it is a piece of a block
export const GLOBAL = 0x10;
const IN_USE = 0x20;
const LISTED = 0x40; // the index stands in `used`, also when the entry is no longer in use
export const WITHHELD = 0x80; // it may be written, but whoever does so is to ask: its page is watched (Bus.watchPage)

/** Places of the filter of blocks: a power of two. */
const FILTER = 4096;
const FILTER_SHIFT = 32 - Math.log2(FILTER);

/** An entry's fields, as offsets of words: a tag, another one or the same again, and the addend. */
interface Layout {
  readonly first: number;
  readonly second: number;
  readonly addend: number;
  readonly firstRight: number;
  readonly secondRight: number;
}

export const DATA: Layout = {
  first: TLB_ENTRY.READ >>> 2,
  second: TLB_ENTRY.WRITE >>> 2,
  addend: TLB_ENTRY.ADDEND >>> 2,
  firstRight: PERM_READ,
  secondRight: PERM_WRITE,
};
export const CODE: Layout = {
  first: TLB_ENTRY.EXECUTE >>> 2,
  second: TLB_ENTRY.EXECUTE >>> 2,
  addend: TLB_ENTRY.EXECUTE_ADDEND >>> 2,
  firstRight: PERM_EXEC,
  secondRight: PERM_EXEC,
};

export class Side {
  /** There may be entries that all address spaces share; and some that belong to one. */
  hasGlobals = false;
  hasLocals = false;
  /** There may be pieces of blocks; if so, of those whose place in the filter is set. */
  private hasBlocks = false;
  private readonly blocks = new Uint8Array(FILTER);
  private readonly words: Uint32Array;
  private readonly start: number;
  private readonly layout: Layout;
  private readonly notes = new Uint8Array(TLB_ENTRIES);
  /** Every entry in use, and perhaps some that no longer are: what a flush has to look at. */
  private readonly used = new Uint16Array(TLB_ENTRIES);
  private usedCount = 0;

  /** `bank`: its offset in the memory, where all is zero yet. */
  constructor(words: Uint32Array, bank: number, layout: Layout) {
    this.words = words;
    this.start = bank >>> 2;
    this.layout = layout;
    // Page 0 is the only one whose tag is zero, so the other entries need no tag to be empty: but the last, where an
    // access looks that begins in the address space's last page and ends in its first.
    this.clear(0);
    this.clear(TLB_ENTRIES - 1);
  }

  has(vaHi: number, vaLo: number): boolean {
    const at = this.at((vaLo >>> 12) & INDEX_MASK) + this.layout.first;
    return this.words[at] === (vaLo & ~0xfff) >>> 0 && this.words[at + 1] === vaHi >>> 0;
  }

  /** The host pointer to an address that it has. */
  host(vaLo: number): number {
    return (vaLo + this.words[this.at((vaLo >>> 12) & INDEX_MASK) + this.layout.addend]!) >>> 0;
  }

  fill(vaHi: number, vaLo: number, host: number, perms: number, note: number): void {
    const index = (vaLo >>> 12) & INDEX_MASK;
    const page = (vaLo & ~0xfff) >>> 0;
    const at = this.at(index);
    const { first, second, addend, firstRight, secondRight } = this.layout;
    this.tag(at + first, (perms & firstRight) !== 0, vaHi, page);
    this.tag(at + second, (perms & secondRight) !== 0 && (note & WITHHELD) === 0, vaHi, page);
    this.words[at + addend] = host - page;

    if ((this.notes[index]! & LISTED) === 0) this.used[this.usedCount++] = index;
    this.notes[index] = LISTED | IN_USE | note;
    this.summarize(note);
    if ((note & LEVEL) < 3) this.blocks[placeOf(note & LEVEL, vaHi, vaLo)] = 1;
  }

  /** The entry that could hold this page goes. */
  drop(vaLo: number): void {
    this.clear((vaLo >>> 12) & INDEX_MASK);
  }

  /** The second right to the page at this host pointer is withheld. What is translated stays so. */
  withhold(host: number): void {
    for (let i = 0; i < this.usedCount; i++) {
      const index = this.used[i]!;
      const second = this.at(index) + this.layout.second;
      if (this.words[second] === TLB_INVALID || this.pageOf(index) !== host) continue;
      this.tag(second, false, 0, 0);
      this.notes[index] = this.notes[index]! | WITHHELD;
    }
  }

  /** Whether the second right to this page is withheld. */
  withholds(vaHi: number, vaLo: number): boolean {
    return (this.notes[(vaLo >>> 12) & INDEX_MASK]! & WITHHELD) !== 0 && this.has(vaHi, vaLo);
  }

  /** Gives that right. */
  grant(vaHi: number, vaLo: number): void {
    const index = (vaLo >>> 12) & INDEX_MASK;
    this.tag(this.at(index) + this.layout.second, true, vaHi, (vaLo & ~0xfff) >>> 0);
    this.notes[index] = this.notes[index]! & ~WITHHELD;
  }

  /** A block goes as a whole, whichever address in it is named. */
  flushPage(vaHi: number, vaLo: number): void {
    this.drop(vaLo);
    if (this.hasBlocks && this.mayHaveBlock(vaHi, vaLo)) this.flushBlocks(vaHi, vaLo);
  }

  flushAll(): void {
    if (this.usedCount === 0) return;
    for (let i = 0; i < this.usedCount; i++) this.clear(this.used[i]!);
    this.sweep();
  }

  flushLocals(): void {
    if (!this.hasLocals) return;
    for (let i = 0; i < this.usedCount; i++) {
      const index = this.used[i]!;
      if ((this.notes[index]! & GLOBAL) === 0) this.clear(index);
    }
    this.sweep();
  }

  private at(index: number): number {
    return this.start + index * ENTRY_WORDS;
  }

  /** The host pointer to an entry's page; 0: it has none. */
  private pageOf(index: number): number {
    const page = this.pageTag(index);
    if (page < 0) return 0;
    return (this.words[page]! + this.words[this.at(index) + this.layout.addend]!) >>> 0;
  }

  /** Which word of an entry holds its page; -1: none. */
  private pageTag(index: number): number {
    const at = this.at(index);
    const { first, second } = this.layout;
    if (this.words[at + first] !== TLB_INVALID) return at + first;
    return this.words[at + second] !== TLB_INVALID ? at + second : -1;
  }

  /* A kernel's memory is blocks, and what it invalidates all day is not: it need not search these. */
  private mayHaveBlock(vaHi: number, vaLo: number): boolean {
    const { blocks } = this;
    return (
      (blocks[placeOf(2, vaHi, vaLo)]! | blocks[placeOf(1, vaHi, vaLo)]! | blocks[placeOf(0, 0, 0)]!) !== 0
    );
  }

  private flushBlocks(vaHi: number, vaLo: number): void {
    for (let i = 0; i < this.usedCount; i++) {
      const index = this.used[i]!;
      const note = this.notes[index]!;
      if ((note & IN_USE) !== 0 && (note & LEVEL) < 3 && this.sameBlock(index, note & LEVEL, vaHi, vaLo))
        this.clear(index);
    }
    this.sweep();
  }

  /* Address bits above the block, without the top byte, which may be a tag. Level 0: the MMU was off. */
  private sameBlock(index: number, level: number, vaHi: number, vaLo: number): boolean {
    const page = this.pageTag(index);
    if (level === 0 || page < 0) return true;
    const differ = (this.words[page + 1]! ^ vaHi) & 0x00ff_ffff;
    return differ === 0 && (this.words[page]! ^ vaLo) >>> (level === 1 ? 30 : 21) === 0;
  }

  /** Drops the entries that clear() emptied from the list. */
  private sweep(): void {
    const { used, notes } = this;
    let kept = 0;
    if (this.hasBlocks) this.blocks.fill(0);
    this.hasBlocks = this.hasGlobals = this.hasLocals = false;
    for (let i = 0; i < this.usedCount; i++) {
      const index = used[i]!;
      const note = notes[index]!;
      if ((note & IN_USE) === 0) {
        notes[index] = 0;
        continue;
      }
      used[kept++] = index;
      this.summarize(note);
      if ((note & LEVEL) < 3) this.rememberBlock(index, note & LEVEL);
    }
    this.usedCount = kept;
  }

  private rememberBlock(index: number, level: number): void {
    const page = this.pageTag(index);
    if (page >= 0) this.blocks[placeOf(level, this.words[page + 1]!, this.words[page]!)] = 1;
  }

  private summarize(note: number): void {
    if ((note & LEVEL) < 3) this.hasBlocks = true;
    if ((note & GLOBAL) !== 0) this.hasGlobals = true;
    else this.hasLocals = true;
  }

  private clear(index: number): void {
    const at = this.at(index);
    this.tag(at + this.layout.first, false, 0, 0);
    this.tag(at + this.layout.second, false, 0, 0);
    this.notes[index] = this.notes[index]! & LISTED;
  }

  private tag(at: number, valid: boolean, vaHi: number, page: number): void {
    this.words[at] = valid ? page : TLB_INVALID;
    this.words[at + 1] = valid ? vaHi : TLB_INVALID;
  }
}

/** A block's place in the filter, which others may share. Without the top byte, as it is compared. Level 0 is one. */
function placeOf(level: number, vaHi: number, vaLo: number): number {
  if (level === 0) return 0;
  const hi = vaHi & 0x00ff_ffff;
  const block = level === 1 ? (hi << 2) | (vaLo >>> 30) : (hi << 11) | (vaLo >>> 21);
  return Math.imul(block, 0x9e37_79b1) >>> FILTER_SHIFT;
}
