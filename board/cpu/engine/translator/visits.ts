/*
 * board/cpu/engine/translator/visits.ts - how often code was branched to
 *
 * A counter counts down in generated code; at zero its target is hot. There are fewer counters than addresses. That of a
 * target with a translation stays at 1, so that the interpreter always stops for it; others that share it are counted
 * here, when the interpreter stops for them in vain.
 */
import { STATE, VISIT_COUNTERS } from '../../state.ts';

const MOST = 0xffff;
/** Hot at the next visit; the dispatcher's own look at PC, before the interpreter goes on, counts as one. */
const NOT_NOW = 2;
/** More visits, until what is hot but waits for others shall wait no more. */
const PATIENCE = 64;
/** Visits in vain, of which each costs as much as a hundred others. */
const SUSPICION = 500;
const MOST_SUSPECTS = 4096;
/** Rarely: less than a 16th of the visits that make hot. */
const RARELY = 4;

export class Visits {
  /** Visits that make hot. */
  readonly threshold: number;
  private readonly counters: Uint16Array;
  private readonly claimed = new Uint8Array(VISIT_COUNTERS);
  /** Visits in vain, by host pointer. */
  private readonly suspects = new Map<number, number>();

  constructor(memory: WebAssembly.Memory, threshold: number) {
    this.threshold = Math.min(MOST, Math.max(1, threshold));
    this.counters = new Uint16Array(memory.buffer, STATE.VISITS, VISIT_COUNTERS).fill(this.threshold);
  }

  /** What is visited is translated at once, whatever it is, and as if it were worth all the time that takes: for tests. */
  get isEager(): boolean {
    return this.threshold <= PATIENCE;
  }

  /** The counting begins again. Never at 1: the interpreter must get on. */
  restart(lo: number): void {
    this.counters[counterOf(lo)] = Math.max(NOT_NOW, this.threshold);
  }

  /** Hot, but its time has not come. */
  postpone(lo: number): void {
    this.counters[counterOf(lo)] = Math.min(this.threshold, PATIENCE);
  }

  /** Cannot be translated. */
  refuse(lo: number): void {
    this.counters[counterOf(lo)] = MOST;
  }

  /** Has a translation. */
  claim(lo: number): void {
    this.counters[counterOf(lo)] = 1;
    this.claimed[counterOf(lo)] = 1;
  }

  /** The interpreter stopped at `lo`, which has no translation: is it hot, or does another translated target use its counter? */
  isMistaken(lo: number, host: number): boolean {
    if (this.claimed[counterOf(lo)] === 0) return false;
    const seen = (this.suspects.get(host) ?? 0) + 1;
    if (this.suspects.size >= MOST_SUSPECTS) this.suspects.clear();
    this.suspects.set(host, seen);
    if (seen >= Math.min(this.threshold, SUSPICION)) return false;
    this.counters[counterOf(lo)] = NOT_NOW;
    return true;
  }

  /** Visited, and not rarely, compared with what is hot. */
  isFrequent(lo: number): boolean {
    return this.counters[counterOf(lo)]! <= this.threshold - Math.max(1, this.threshold >>> RARELY);
  }

  /** The same of a target without a translation, for certain. */
  isSurelyFrequent(lo: number): boolean {
    return this.claimed[counterOf(lo)] === 0 && this.isFrequent(lo);
  }

  /** Nothing has a translation. */
  clear(): void {
    this.counters.fill(this.threshold);
    this.claimed.fill(0);
    this.suspects.clear();
  }
}

const counterOf = (lo: number): number => (lo >>> 2) & (VISIT_COUNTERS - 1);
