/*
 * board/cpu/engine/translator/translator.ts - engine 1: hot code as WebAssembly, everything else by the interpreter
 *
 * Guest:  none can tell: both engines count the same instructions, fault at the same ones, and leave for the same reasons
 * Absent: traces across pages; code that is watched, stepped or breaks is the interpreter's
 *
 * run() alternates. The dispatcher calls traces until one cannot go on or there is none for PC. The interpreter
 * executes from there to the next taken branch whose target is hot or translated, or returns for good: all reasons to
 * leave are its own. So translated code has no faults, no system calls and no interrupts.
 */
import type { Bus } from '../../../bus.ts';
import type { Tlb } from '../../../mmu/tlb.ts';
import type { Row } from '../../builder.ts';
import { EXIT, type EngineImports, JUMP_ENTRIES, JUMP_ENTRY, STATE, VISIT_COUNTERS } from '../../state.ts';
import { loadInterpreter, type Run } from '../load.ts';
import { Discovery } from './discovery.ts';
import { dispatcherBytes } from './dispatcher.ts';
import { OUTCOME, type PageAddress } from './frame.ts';
import { TraceModule } from './module.ts';
import { CodePages } from './pages.ts';
import { Slots } from './slots.ts';

export interface TranslatorOptions {
  /** Visits that make a branch target hot, 1 to 255. */
  readonly threshold: number;
  /** Modules that may live at a time. */
  readonly modules?: number | undefined;
}

const MODULES = 2000;
/** Regions that wait are compiled when there are so many, or when one is visited this often again. */
const BATCH = 8;
const PATIENCE = 6;
const REFUSED = 255;
const TAG_BITS = 0xfff;

/** A region that became hot. */
interface Request {
  readonly page: PageAddress;
  /** Its page of RAM, counted from 0. */
  readonly number: number;
  readonly offset: number;
}

export class Translator {
  /** The interpreter alone, for one instruction at a time. */
  readonly interpret: Run;
  private readonly dispatch: Run;
  private readonly bus: Bus;
  private readonly tlb: Tlb;
  private readonly fetch: () => number;
  private readonly threshold: number;
  private readonly words: Uint32Array;
  private readonly visits: Uint8Array;
  private readonly pages: CodePages;
  private readonly slots: Slots;
  private readonly rows: () => readonly Row[];
  private discovery: Discovery | undefined;
  private waiting: Request[] = [];
  private linked: number[] = [];
  private flushes = 0;
  private wasHot = false;

  constructor(
    bus: Bus,
    tlb: Tlb,
    imports: EngineImports,
    rows: () => readonly Row[],
    { threshold, modules = MODULES }: TranslatorOptions,
  ) {
    const { memory } = bus;
    this.bus = bus;
    this.tlb = tlb;
    this.fetch = imports.fetch;
    this.rows = rows;
    this.threshold = Math.min(255, Math.max(1, threshold));
    this.words = new Uint32Array(memory.buffer);
    this.visits = new Uint8Array(memory.buffer, STATE.VISITS, VISIT_COUNTERS).fill(this.threshold);
    for (let index = 0; index < JUMP_ENTRIES; index++) this.words[jumpEntry(index)] = emptyTag(index);
    this.pages = new CodePages(bus);
    this.slots = new Slots(memory, modules);
    this.interpret = loadInterpreter(memory, imports, 'counting');
    const env = { memory, traces: this.slots.table };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(dispatcherBytes()), { env });
    this.dispatch = instance.exports.run as Run;
  }

  /** As the interpreter's run(): executes until there is a reason to stop. */
  run(): number {
    for (;;) {
      this.settle();
      if (this.dispatch() === OUTCOME.MISS && this.enter()) continue;
      const exit = this.interpret();
      if (exit !== EXIT.HOT) return exit;
      this.wasHot = true;
      this.visits[this.counter()] = 1;
    }
  }

  get liveModules(): number {
    return this.slots.live;
  }

  /* ---- Before anything translated runs ---- */

  /** Code that was written is forgotten; after a change of translation every address is looked up again. */
  private settle(): void {
    const { bus, tlb } = this;
    if (bus.touched.length > 0) this.verify();
    if (tlb.flushes === this.flushes) return;
    this.flushes = tlb.flushes;
    this.unlinkAll();
  }

  private verify(): void {
    for (const number of this.bus.touched) {
      const dropped = this.pages.verify(number);
      if (!dropped) continue;
      this.slots.release(dropped);
      this.waiting = this.waiting.filter((request) => request.number !== number);
      this.unlinkAll();
    }
    this.bus.touched.length = 0;
  }

  private unlinkAll(): void {
    for (const index of this.linked) this.words[jumpEntry(index)] = emptyTag(index);
    this.linked.length = 0;
  }

  /* ---- PC is not in the jump cache ---- */

  /** Puts PC's trace into the jump cache, if it has one or now gets one. */
  private enter(): boolean {
    const { wasHot } = this;
    this.wasHot = false;
    const lo = this.words[STATE.PC >>> 2]!;
    const hi = this.words[(STATE.PC >>> 2) + 1]!;
    const number = this.pageOf(lo, hi);
    if (number < 0) return false;
    const page = { lo: (lo & ~TAG_BITS) | 0, hi: hi | 0, el: this.words[STATE.EL >>> 2]! };
    const offset = lo & TAG_BITS;
    const slot = this.pages.find(number, page, offset);
    if (slot !== undefined) return this.link(lo, hi, page.el, slot);
    if (!wasHot && !this.countVisit()) return false;
    this.request({ page, number, offset });
    const made = this.pages.find(number, page, offset);
    return made !== undefined && this.link(lo, hi, page.el, made);
  }

  /** The number of the page of RAM that PC is fetched from; -1: it cannot be, or not by us. */
  private pageOf(lo: number, hi: number): number {
    if ((lo & 3) !== 0) return -1;
    if (!this.tlb.hasCode(this.words[STATE.EL >>> 2]! as 0 | 1, hi, lo)) {
      this.words[STATE.VA >>> 2] = lo;
      this.words[(STATE.VA >>> 2) + 1] = hi;
      if (this.fetch() === 0 || !this.tlb.hasCode(this.words[STATE.EL >>> 2]! as 0 | 1, hi, lo)) return -1;
    }
    return (this.tlb.codeHost(this.words[STATE.EL >>> 2]! as 0 | 1, lo) - this.bus.ramOffset) >>> 12;
  }

  private link(lo: number, hi: number, el: number, slot: number): true {
    const index = (lo >>> 2) & (JUMP_ENTRIES - 1);
    const at = jumpEntry(index);
    if (this.words[at] === emptyTag(index)) this.linked.push(index);
    this.words[at] = (lo | el) >>> 0;
    this.words[at + 1] = hi;
    this.words[at + (JUMP_ENTRY.SLOT >>> 2)] = slot;
    this.slots.use(slot);
    this.visits[this.counter()] = 1;
    return true;
  }

  private counter(): number {
    return counterOf(this.words[STATE.PC >>> 2]!);
  }

  private countVisit(): boolean {
    const at = this.counter();
    this.visits[at] = this.visits[at]! - 1;
    return this.visits[at] === 0;
  }

  /* ---- Translating ---- */

  private request(request: Request): void {
    const again = this.waiting.some((one) => sameRegion(one, request));
    if (!this.pages.mayTranslate(request.number)) {
      this.visits[this.counter()] = REFUSED;
      return;
    }
    if (!again) this.waiting.push(request);
    this.visits[this.counter()] = PATIENCE;
    if (again || this.threshold === 1 || this.waiting.length >= BATCH) this.compile();
  }

  private compile(): void {
    this.discovery ??= new Discovery(this.rows());
    const module = new TraceModule();
    const made: { request: Request; heads: number[] }[] = [];
    for (const request of this.waiting) {
      const { page, number, offset } = request;
      if (this.pages.begin(number)) this.tlb.forgetWrites(this.bus.ramOffset + number * 0x1000);
      const known = this.pages.heads(number, page);
      const traces = this.discovery.region(this.pages.wordsOf(number), offset, known);
      if (traces.length > 0) module.add(page, traces);
      this.visits[counterOf(page.lo | offset)] = traces.length > 0 || known.has(offset) ? 1 : REFUSED;
      const heads = traces.map(({ head }) => head);
      for (const head of heads) this.pages.put(number, page, head, Slots.NONE);
      made.push({ request, heads });
    }
    this.waiting = [];
    this.place(module, made);
  }

  private place(module: TraceModule, made: readonly { request: Request; heads: number[] }[]): void {
    const count = made.reduce((sum, { heads }) => sum + heads.length, 0);
    if (count === 0) return;
    const slots = this.slots.add(module.finish(), count);
    let i = 0;
    for (const { request, heads } of made) {
      for (const head of heads) {
        this.pages.put(request.number, request.page, head, slots[i++]!);
        this.visits[counterOf(request.page.lo | head)] = 1;
      }
    }
    if (this.slots.isFull) this.evict();
  }

  /** Half of the modules, those that were not used for longest; what still runs comes back when it is hot again. */
  private evict(): void {
    this.pages.forget(this.slots.evict());
    this.unlinkAll();
    this.visits.fill(this.threshold);
  }
}

/** An entry of the jump cache as an index of words. */
const jumpEntry = (index: number): number => (STATE.JUMPS + index * JUMP_ENTRY.SIZE) >>> 2;
/** The low word of a tag that no address with this index has, aligned or not. */
const emptyTag = (index: number): number => ~(index << 2) >>> 0;

const counterOf = (lo: number): number => (lo >>> 2) & (VISIT_COUNTERS - 1);

const sameRegion = (a: Request, b: Request): boolean =>
  a.number === b.number &&
  a.offset === b.offset &&
  a.page.lo === b.page.lo &&
  a.page.hi === b.page.hi &&
  a.page.el === b.page.el;
