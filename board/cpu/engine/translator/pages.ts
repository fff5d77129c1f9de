/*
 * board/cpu/engine/translator/pages.ts - pages of RAM that contain translated code
 *
 * A translation belongs to a physical page, as it is seen at one address by one exception level. While a page has any,
 * nobody writes to it without the bus being told (Bus.touch): then it is compared with what was translated.
 */
import type { Bus } from '../../../bus.ts';
import type { PageAddress } from './frame.ts';

const PAGE = 0x1000;
/** Wishes for a translation that a page has refused at most, after its code was written again and again. */
const MOST_PENALTY = 1024;
/**
 * A page that kept its code for so many instructions has a clean record again: to translate it took as long as some
 * hundred thousand of the interpreter's. And the next program that comes to the same RAM has done nothing yet.
 */
const LONG = 2_000_000;
/** A slice takes some milliseconds, and so does a trace in a group, mostly V8's optimising compiler. */
const SAMPLES_PER_TRACE = 2;

/** The traces of a page, as it is seen at one address by one exception level. */
export class View {
  /** The low word of the page's address. */
  readonly lo: number;
  /** Slots by the offsets where traces begin. */
  readonly slots = new Map<number, number>();
  /** How often time was up here since everything was translated anew, together. */
  samples = 0;
  /** Blocks of it, a bit each, whose floating point is not what is expected elsewhere (fp-modes.ts). */
  exact = 0;
  careful = 0;
  /** Traces were made since. */
  isScattered = false;

  constructor(lo: number) {
    this.lo = lo;
  }

  /** There is something to put together, and as much time was spent here as that takes. */
  get isWorthMerging(): boolean {
    return this.isScattered && this.slots.size > 1 && this.samples > SAMPLES_PER_TRACE * this.slots.size;
  }
}

class CodePage {
  readonly snapshot: Uint8Array;
  readonly born: number;
  /** By address and exception level. */
  readonly views = new Map<number, View>();

  constructor(snapshot: Uint8Array, born: number) {
    this.snapshot = snapshot;
    this.born = born;
  }
}

/** Code that was soon overwritten. */
interface Record {
  drops: number;
  /** Wishes to be refused before the page is translated again. */
  penalty: number;
}

export class CodePages {
  private readonly bus: Bus;
  private readonly pages = new Map<number, CodePage>();
  private readonly records = new Map<number, Record>();

  constructor(bus: Bus) {
    this.bus = bus;
  }

  /** Not yet, if its code changes often: it may hold data as well. */
  mayTranslate(number: number): boolean {
    const record = this.records.get(number);
    return record === undefined || record.penalty-- <= 0;
  }

  /** The page is about to have translations, after `now` instructions. Returns whether it had none. */
  begin(number: number, now: number): boolean {
    if (this.pages.has(number)) return false;
    this.pages.set(number, new CodePage(this.bytesOf(number).slice(), now));
    this.bus.watchPage(number, true);
    return true;
  }

  view(number: number, page: PageAddress): View | undefined {
    return this.pages.get(number)?.views.get(keyOf(page));
  }

  /** The slot of the trace at the offset. */
  find(number: number, page: PageAddress, offset: number): number | undefined {
    return this.view(number, page)?.slots.get(offset);
  }

  put(number: number, page: PageAddress, offset: number, slot: number): View {
    const { views } = this.pages.get(number)!;
    const key = keyOf(page);
    const view = views.get(key) ?? new View(page.lo);
    views.set(key, view);
    view.slots.set(offset, slot);
    return view;
  }

  /** The low words of the addresses of all traces. */
  *addresses(): Generator<number> {
    for (const { views } of this.pages.values())
      for (const { lo, slots } of views.values()) for (const offset of slots.keys()) yield lo | offset;
  }

  wordsOf(number: number): Uint32Array {
    return new Uint32Array(this.bus.memory.buffer, this.bus.ramOffset + number * PAGE, PAGE / 4);
  }

  /** If the page is no longer what was translated it has no translations any more: returns their slots. */
  verify(number: number, now: number): number[] | undefined {
    const page = this.pages.get(number);
    if (!page || Buffer.compare(page.snapshot, this.bytesOf(number)) === 0) return undefined;
    this.delete(number);
    if (now - page.born > LONG) this.records.delete(number);
    else this.blame(number);
    return [...page.views.values()].flatMap(({ slots }) => [...slots.values()]);
  }

  /** These slots are empty now. */
  forget(slots: ReadonlySet<number>): void {
    for (const [number, { views }] of this.pages) {
      for (const [key, view] of views) {
        for (const [offset, slot] of view.slots) if (slots.has(slot)) view.slots.delete(offset);
        if (view.slots.size === 0) views.delete(key);
      }
      if (views.size === 0) this.delete(number);
    }
  }

  private blame(number: number): void {
    const drops = (this.records.get(number)?.drops ?? 0) + 1;
    this.records.set(number, { drops, penalty: Math.min(2 ** drops - 1, MOST_PENALTY) });
  }

  private delete(number: number): void {
    this.pages.delete(number);
    this.bus.watchPage(number, false);
  }

  private bytesOf(number: number): Uint8Array {
    return this.bus.ram.subarray(number * PAGE, (number + 1) * PAGE);
  }
}

/** Code is fetched from canonical addresses only: bits above 48 are all the same. */
const keyOf = ({ lo, hi, el }: PageAddress): number => ((hi & 0x1_ffff) * 2 ** 20 + (lo >>> 12)) * 2 + el;
