/*
 * tests/lib/same-tlb.ts - whether two CPUs remember the same translations
 *
 * A guest that changes an entry and does not invalidate it, or not yet, can tell what the TLB remembers: so that every
 * mix of engines gives the same run, it must not depend on the engine. What may be written does, as who translates
 * wants to be told of writes to his code: it is not in the memory that is looked at here.
 */
import type { Bus } from '../../board/bus.ts';
import { STATE, TLB_BANK, TLB_ENTRIES, TLB_ENTRY, TLB_INVALID, TLB_USERS } from '../../board/cpu/state.ts';

const BANKS = [STATE.TLB_EL1, ...Array.from({ length: TLB_USERS }, (_, n) => STATE.TLB_EL0 + n * TLB_BANK)];
/* Fields of an entry, as offsets of words. */
const READ = TLB_ENTRY.READ >>> 2;
const EXECUTE = TLB_ENTRY.EXECUTE >>> 2;
const ADDEND = TLB_ENTRY.ADDEND >>> 2;
const EXECUTE_ADDEND = TLB_ENTRY.EXECUTE_ADDEND >>> 2;
const ENTRY_WORDS = TLB_ENTRY.SIZE >>> 2;

/** A Rig or a Board. */
interface Machine {
  readonly bus: Bus;
}

/** Where in the memory they differ; undefined: nowhere. */
export function tlbDifference(a: Machine, b: Machine): number | undefined {
  const [x, y] = [wordsOf(a), wordsOf(b)];
  for (const bank of BANKS) {
    // Before a bank is used its first entry says that it is empty: until then not even that is there.
    if (x[bank >>> 2] === 0 && y[bank >>> 2] === 0) continue;
    const at = differenceInBank(x, y, bank >>> 2);
    if (at !== undefined) return 4 * at;
  }
  return undefined;
}

const wordsOf = ({ bus }: Machine): Int32Array => new Int32Array(bus.memory.buffer, 0, STATE.END >>> 2);

function differenceInBank(x: Int32Array, y: Int32Array, bank: number): number | undefined {
  for (let at = bank; at < bank + TLB_ENTRIES * ENTRY_WORDS; at += ENTRY_WORDS) {
    if (!same(x, y, at + READ, at + ADDEND) || !same(x, y, at + EXECUTE, at + EXECUTE_ADDEND)) return at;
  }
  return undefined;
}

function same(x: Int32Array, y: Int32Array, tag: number, addend: number): boolean {
  if (x[tag] === y[tag] && x[tag + 1] === y[tag + 1] && x[addend] === y[addend]) return true;
  return isEmpty(x, tag) && isEmpty(y, tag);
}

/** Invalid, or never used: no test maps page 0. */
function isEmpty(words: Int32Array, tag: number): boolean {
  return words[tag] === (TLB_INVALID | 0) || (words[tag] === 0 && words[tag + 1] === 0);
}
