/*
 * board/cpu/engine/translator/pages.ts - pages of RAM that contain translated code
 *
 * A translation belongs to a physical page, as it is seen at one address by one exception level. While a page has any,
 * nobody writes to it without the bus being told (Bus.touch): then it is compared with what was translated.
 */
import type { Bus } from '../../../bus.ts';
import type { Heads } from './discovery.ts';
import type { PageAddress } from './frame.ts';

const PAGE = 0x1000;
/** A page whose code was overwritten so often holds data as well: it is left to the interpreter. */
const MOST_DROPS = 16;

class CodePage {
  readonly snapshot: Uint8Array;
  /** By address and exception level: the slots of the traces, by their offset in the page. */
  readonly views = new Map<number, Map<number, number>>();

  constructor(snapshot: Uint8Array) {
    this.snapshot = snapshot;
  }
}

export class CodePages {
  private readonly bus: Bus;
  private readonly pages = new Map<number, CodePage>();
  private readonly drops = new Map<number, number>();

  constructor(bus: Bus) {
    this.bus = bus;
  }

  mayTranslate(number: number): boolean {
    return (this.drops.get(number) ?? 0) < MOST_DROPS;
  }

  /** The page is about to have translations. Returns whether it had none. */
  begin(number: number): boolean {
    if (this.pages.has(number)) return false;
    this.pages.set(number, new CodePage(this.bytesOf(number).slice()));
    this.bus.watchPage(number, true);
    return true;
  }

  /** The slot of the trace at the offset. */
  find(number: number, page: PageAddress, offset: number): number | undefined {
    return this.pages.get(number)?.views.get(keyOf(page))?.get(offset);
  }

  /** All traces by their heads. */
  heads(number: number, page: PageAddress): Heads {
    return this.pages.get(number)?.views.get(keyOf(page)) ?? NO_HEADS;
  }

  put(number: number, page: PageAddress, offset: number, slot: number): void {
    const { views } = this.pages.get(number)!;
    const key = keyOf(page);
    const view = views.get(key) ?? new Map<number, number>();
    views.set(key, view);
    view.set(offset, slot);
  }

  wordsOf(number: number): Uint32Array {
    return new Uint32Array(this.bus.memory.buffer, this.bus.ramOffset + number * PAGE, PAGE / 4);
  }

  /** If the page is no longer what was translated it has no translations any more: returns their slots. */
  verify(number: number): number[] | undefined {
    const page = this.pages.get(number);
    if (!page || Buffer.compare(page.snapshot, this.bytesOf(number)) === 0) return undefined;
    this.pages.delete(number);
    this.bus.watchPage(number, false);
    this.drops.set(number, (this.drops.get(number) ?? 0) + 1);
    return [...page.views.values()].flatMap((view) => [...view.values()]);
  }

  /** These slots are empty now. */
  forget(slots: ReadonlySet<number>): void {
    for (const page of this.pages.values()) {
      for (const view of page.views.values()) {
        for (const [offset, slot] of view) if (slots.has(slot)) view.delete(offset);
      }
    }
  }

  private bytesOf(number: number): Uint8Array {
    return this.bus.ram.subarray(number * PAGE, (number + 1) * PAGE);
  }
}

const NO_HEADS: Heads = { has: () => false };

/** Code is fetched from canonical addresses only: bits above 48 are all the same. */
const keyOf = ({ lo, hi, el }: PageAddress): number => ((hi & 0x1_ffff) * 2 ** 20 + (lo >>> 12)) * 2 + el;
