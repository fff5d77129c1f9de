/*
 * board/mmu/tlb.ts - the translation lookaside buffer that generated code reads inline
 *
 * Manual: Arm ARM, "Translation Lookaside Buffers": "TLB maintenance instructions"
 * Guest:  arch/arm64/mm/mmu.ts invalidates after it has changed a table
 *
 * Two banks, one as EL0 sees memory and one as EL1 does, so that a change of exception level costs nothing; in each a
 * side for data and one for code. Direct mapped by VA[21:12]; state.ts draws an entry. It holds only the current ASID's
 * translations: a change of ASID drops what is not global, and costs what was used since, not the size of the TLB.
 * Holding less than the architecture allows is always right.
 */

import { STATE, TLB_ENTRIES, TLB_ENTRY, TLB_INVALID } from '../cpu/state.ts';
import { PERM_EXEC, PERM_READ, PERM_WRITE } from './walk.ts';

const ENTRY_WORDS = TLB_ENTRY.SIZE >>> 2;
const INDEX_MASK = TLB_ENTRIES - 1;

/* What a side knows about an entry that generated code need not know. */
const LEVEL = 0x0f; // the table level that the translation came from: below 3 it is a piece of a block
const GLOBAL = 0x10;
const IN_USE = 0x20;
const LISTED = 0x40; // the index stands in `used`, also when the entry is no longer in use

/** The word offsets of one or two tags in an entry, with the permission that each needs. */
type Tags = readonly (readonly [word: number, permission: number])[];
const DATA: Tags = [
  [TLB_ENTRY.READ >>> 2, PERM_READ],
  [TLB_ENTRY.WRITE >>> 2, PERM_WRITE],
];
const CODE: Tags = [[TLB_ENTRY.EXECUTE >>> 2, PERM_EXEC]];

class Side {
  private readonly words: Uint32Array;
  private readonly first: number;
  private readonly tags: Tags;
  private readonly addend: number;
  private readonly notes = new Uint8Array(TLB_ENTRIES);
  /** Every entry in use, and perhaps some that no longer are: what a flush has to look at. */
  private readonly used = new Uint16Array(TLB_ENTRIES);
  private usedCount = 0;
  private hasBlocks = false;

  constructor(words: Uint32Array, bank: number, tags: Tags, addend: number) {
    this.words = words;
    this.first = bank >>> 2;
    this.tags = tags;
    this.addend = addend >>> 2;
    for (let index = 0; index < TLB_ENTRIES; index++) this.clear(index);
  }

  has(vaHi: number, vaLo: number): boolean {
    const at = this.first + ((vaLo >>> 12) & INDEX_MASK) * ENTRY_WORDS + this.tags[0]![0];
    return this.words[at] === (vaLo & ~0xfff) >>> 0 && this.words[at + 1] === vaHi >>> 0;
  }

  /** The host pointer to an address that it has. */
  host(vaLo: number): number {
    return (vaLo + this.words[this.first + ((vaLo >>> 12) & INDEX_MASK) * ENTRY_WORDS + this.addend]!) >>> 0;
  }

  /** No entry stands for the page at this host pointer any more. */
  dropHost(host: number): void {
    for (let i = 0; i < this.usedCount; i++)
      if (this.pageOf(this.used[i]!) === host) this.clear(this.used[i]!);
  }

  fill(vaHi: number, vaLo: number, host: number, perms: number, note: number): void {
    const index = (vaLo >>> 12) & INDEX_MASK;
    const page = (vaLo & ~0xfff) >>> 0;
    const at = this.first + index * ENTRY_WORDS;
    for (const [word, permission] of this.tags) this.tag(at + word, (perms & permission) !== 0, vaHi, page);
    this.words[at + this.addend] = host - page;

    if ((this.notes[index]! & LISTED) === 0) this.used[this.usedCount++] = index;
    this.notes[index] = LISTED | IN_USE | note;
    if ((note & LEVEL) < 3) this.hasBlocks = true;
  }

  /** The entry that could hold this page goes. */
  drop(vaLo: number): void {
    this.clear((vaLo >>> 12) & INDEX_MASK);
  }

  /** A block goes as a whole, whichever address in it is named. */
  flushPage(vaHi: number, vaLo: number): void {
    this.drop(vaLo);
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

  /** The host pointer to an entry's page; 0: it has none. */
  private pageOf(index: number): number {
    const at = this.first + index * ENTRY_WORDS;
    for (const [word] of this.tags) {
      const page = this.words[at + word]!;
      if (page !== TLB_INVALID) return (page + this.words[at + this.addend]!) >>> 0;
    }
    return 0;
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
    for (const [word] of this.tags) {
      const at = this.first + index * ENTRY_WORDS + word;
      const lo = this.words[at]!;
      if (lo === TLB_INVALID) continue;
      const differ = (this.words[at + 1]! ^ vaHi) & 0x00ff_ffff;
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
    for (const [word] of this.tags) this.tag(at + word, false, 0, 0);
    this.notes[index] = this.notes[index]! & LISTED;
  }

  private tag(at: number, valid: boolean, vaHi: number, page: number): void {
    this.words[at] = valid ? page : TLB_INVALID;
    this.words[at + 1] = valid ? vaHi : TLB_INVALID;
  }
}

export class Tlb {
  /** How often something was invalidated: who remembers translations looks whether they still hold. */
  flushes = 0;
  private readonly data: readonly [Side, Side];
  private readonly code: readonly [Side, Side];
  private readonly sides: readonly Side[];

  constructor(memory: WebAssembly.Memory) {
    const words = new Uint32Array(memory.buffer);
    const data = (bank: number) => new Side(words, bank, DATA, TLB_ENTRY.ADDEND);
    const code = (bank: number) => new Side(words, bank, CODE, TLB_ENTRY.EXECUTE_ADDEND);
    this.data = [data(STATE.TLB_EL0), data(STATE.TLB_EL1)];
    this.code = [code(STATE.TLB_EL0), code(STATE.TLB_EL1)];
    this.sides = [...this.data, ...this.code];
  }

  /** The page at host pointer `host` may be read and written with `perms` (PERM_*) as exception level `el` sees it. */
  fillData(
    el: 0 | 1,
    vaHi: number,
    vaLo: number,
    host: number,
    perms: number,
    level: number,
    global: boolean,
  ): void {
    this.data[el].fill(vaHi, vaLo, host, perms, level | (global ? GLOBAL : 0));
  }

  fillCode(el: 0 | 1, vaHi: number, vaLo: number, host: number, level: number, global: boolean): void {
    this.code[el].fill(vaHi, vaLo, host, PERM_EXEC, level | (global ? GLOBAL : 0));
  }

  /** Whether an address can be fetched from, and then its host pointer. */
  hasCode(el: 0 | 1, vaHi: number, vaLo: number): boolean {
    return this.code[el].has(vaHi, vaLo);
  }

  codeHost(el: 0 | 1, vaLo: number): number {
    return this.code[el].host(vaLo);
  }

  /** Data accesses to the page at this host pointer ask again: it is to be written no more. */
  forgetWrites(host: number): void {
    for (const side of this.data) side.dropHost(host);
  }

  /** A page of code is to be asked for again. */
  dropCode(el: 0 | 1, vaLo: number): void {
    this.flushes++;
    this.code[el].drop(vaLo);
  }

  flushPage(vaHi: number, vaLo: number): void {
    this.flushes++;
    for (const side of this.sides) side.flushPage(vaHi, vaLo);
  }

  flushNonGlobal(): void {
    this.flushes++;
    for (const side of this.sides) side.flushNonGlobal();
  }

  flushAll(): void {
    this.flushes++;
    for (const side of this.sides) side.flushAll();
  }
}
