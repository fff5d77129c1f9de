/*
 * board/cpu/engine/translator/jump-cache.ts - where the dispatcher finds the trace for PC
 *
 * Direct mapped by the place of the instruction in RAM; state.ts draws an entry.
 */
import { JUMP_ENTRIES, JUMP_ENTRY, STATE } from '../../state.ts';

/** No instruction is at an odd host pointer. */
const EMPTY = 1;
const HOST = JUMP_ENTRY.HOST >>> 2;
const SLOT = JUMP_ENTRY.SLOT >>> 2;

export class JumpCache {
  private readonly words: Uint32Array;
  /** Entries that are not empty, as indices of words. */
  private readonly used: number[] = [];

  constructor(memory: WebAssembly.Memory) {
    this.words = new Uint32Array(memory.buffer);
  }

  /** From the instruction at this address, seen by this exception level, and in the host's memory, to its trace. */
  link(lo: number, hi: number, el: number, host: number, slot: number): void {
    const at = (STATE.JUMPS + ((host >>> 2) & (JUMP_ENTRIES - 1)) * JUMP_ENTRY.SIZE) >>> 2;
    if (this.words[at + HOST]! <= EMPTY) this.used.push(at);
    this.words[at] = (lo | el) >>> 0;
    this.words[at + 1] = hi;
    this.words[at + HOST] = host;
    this.words[at + SLOT] = slot;
  }

  clear(): void {
    for (const at of this.used) this.words[at + HOST] = EMPTY;
    this.used.length = 0;
  }
}
