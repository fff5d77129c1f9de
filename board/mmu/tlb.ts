/*
 * board/mmu/tlb.ts - the translation lookaside buffer that generated code reads inline
 *
 * Manual: Arm ARM, "Translation Lookaside Buffers": "TLB maintenance instructions"
 * Guest:  arch/arm64/mm/mmu.ts invalidates after it has changed a table
 *
 * Two banks, one as EL0 sees memory and one as EL1 does, so that a change of exception level costs nothing. Direct
 * mapped by VA[21:12]; state.ts draws an entry. It holds only the current ASID's translations: a change of ASID drops
 * what is not global, and costs what was used since, not the size of the TLB. Holding less than the architecture
 * allows is always right.
 */

import { STATE, TLB_ENTRIES, TLB_ENTRY, TLB_INVALID } from '../cpu/state.ts';
import { PERM_EXEC, PERM_READ, PERM_WRITE } from './walk.ts';

const TAGS = [TLB_ENTRY.READ >>> 2, TLB_ENTRY.WRITE >>> 2, TLB_ENTRY.EXECUTE >>> 2] as const;
const ADDEND = TLB_ENTRY.ADDEND >>> 2;
const ENTRY_WORDS = TLB_ENTRY.SIZE >>> 2;
const INDEX_MASK = TLB_ENTRIES - 1;

/* What the bank knows about an entry that generated code need not know. */
const GLOBAL = 0x10;
const IN_USE = 0x20;
const LISTED = 0x40; // the index stands in `used`, also when the entry is no longer in use
const LEVEL = 0x0f; // the table level that the translation came from: below 3 it is a piece of a block

class Bank {
  private readonly words: Uint32Array;
  private readonly first: number;
  private readonly notes = new Uint8Array(TLB_ENTRIES);
  /** Every entry in use, and perhaps some that no longer are: what a flush has to look at. */
  private readonly used = new Uint16Array(TLB_ENTRIES);
  private usedCount = 0;
  private hasBlocks = false;

  constructor(words: Uint32Array, byteOffset: number) {
    this.words = words;
    this.first = byteOffset >>> 2;
    for (let index = 0; index < TLB_ENTRIES; index++) this.clear(index);
  }

  fill(vaHi: number, vaLo: number, host: number, perms: number, level: number, global: boolean): void {
    const index = (vaLo >>> 12) & INDEX_MASK;
    const page = (vaLo & ~0xfff) >>> 0;
    const at = this.first + index * ENTRY_WORDS;
    this.tag(at + TAGS[0], (perms & PERM_READ) !== 0, vaHi, page);
    this.tag(at + TAGS[1], (perms & PERM_WRITE) !== 0, vaHi, page);
    this.tag(at + TAGS[2], (perms & PERM_EXEC) !== 0, vaHi, page);
    this.words[at + ADDEND] = host - page;

    if ((this.notes[index]! & LISTED) === 0) this.used[this.usedCount++] = index;
    this.notes[index] = LISTED | IN_USE | level | (global ? GLOBAL : 0);
    if (level < 3) this.hasBlocks = true;
  }

  /** Forgets `kinds` (PERM_*) of a page, whatever it was tagged with. */
  revoke(vaLo: number, kinds: number): void {
    const at = this.first + ((vaLo >>> 12) & INDEX_MASK) * ENTRY_WORDS;
    if ((kinds & PERM_READ) !== 0) this.tag(at + TAGS[0], false, 0, 0);
    if ((kinds & PERM_WRITE) !== 0) this.tag(at + TAGS[1], false, 0, 0);
    if ((kinds & PERM_EXEC) !== 0) this.tag(at + TAGS[2], false, 0, 0);
  }

  /** The entry that could hold this page goes; and a block, which was invalidated as a whole by any address in it. */
  flushPage(vaHi: number, vaLo: number): void {
    const index = (vaLo >>> 12) & INDEX_MASK;
    this.clear(index);
    if (this.hasBlocks) this.flushBlocks(vaHi, vaLo);
  }

  flushAll(): void {
    for (let i = 0; i < this.usedCount; i++) this.clear(this.used[i]!);
    this.sweep();
  }

  flushNonGlobal(): void {
    for (let i = 0; i < this.usedCount; i++) {
      const index = this.used[i]!;
      if ((this.notes[index]! & GLOBAL) === 0) this.clear(index);
    }
    this.sweep();
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
    if (level === 0) return true;
    const at = this.first + index * ENTRY_WORDS;
    for (const kind of TAGS) {
      const lo = this.words[at + kind]!;
      if (lo === TLB_INVALID) continue;
      const differ = (this.words[at + kind + 1]! ^ vaHi) & 0x00ff_ffff;
      return differ === 0 && (lo ^ vaLo) >>> (level === 1 ? 30 : 21) === 0;
    }
    return true;
  }

  /** Drops the entries that clear() emptied from the list. */
  private sweep(): void {
    let kept = 0;
    this.hasBlocks = false;
    for (let i = 0; i < this.usedCount; i++) {
      const index = this.used[i]!;
      const note = this.notes[index]!;
      if ((note & IN_USE) === 0) {
        this.notes[index] = 0;
        continue;
      }
      this.used[kept++] = index;
      if ((note & LEVEL) < 3) this.hasBlocks = true;
    }
    this.usedCount = kept;
  }

  private clear(index: number): void {
    const at = this.first + index * ENTRY_WORDS;
    for (const kind of TAGS) this.tag(at + kind, false, 0, 0);
    this.notes[index] = this.notes[index]! & LISTED;
  }

  private tag(at: number, valid: boolean, vaHi: number, page: number): void {
    this.words[at] = valid ? page : TLB_INVALID;
    this.words[at + 1] = valid ? vaHi : TLB_INVALID;
  }
}

export class Tlb {
  private readonly banks: readonly [Bank, Bank];

  constructor(memory: WebAssembly.Memory) {
    const words = new Uint32Array(memory.buffer);
    this.banks = [new Bank(words, STATE.TLB_EL0), new Bank(words, STATE.TLB_EL1)];
  }

  /** The page at host pointer `host` may be reached with `perms` (PERM_*) as exception level `el` sees it. */
  fill(
    el: 0 | 1,
    vaHi: number,
    vaLo: number,
    host: number,
    perms: number,
    level: number,
    global: boolean,
  ): void {
    this.banks[el].fill(vaHi, vaLo, host, perms, level, global);
  }

  revoke(el: 0 | 1, vaLo: number, kinds: number): void {
    this.banks[el].revoke(vaLo, kinds);
  }

  flushPage(vaHi: number, vaLo: number): void {
    for (const bank of this.banks) bank.flushPage(vaHi, vaLo);
  }

  flushNonGlobal(): void {
    for (const bank of this.banks) bank.flushNonGlobal();
  }

  flushAll(): void {
    for (const bank of this.banks) bank.flushAll();
  }
}
