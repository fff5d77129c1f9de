/*
 * board/cpu/engine/translator/translator.ts - engine 1: hot code as WebAssembly, everything else by the interpreter
 *
 * Guest:  none can tell: both engines count the same instructions, fault at the same ones, and leave for the same reasons
 * Absent: traces across pages; code that is watched, stepped or breaks is the interpreter's
 *
 * The dispatcher runs traces and the interpreter in turn (dispatcher.ts). All reasons to leave but the system call are
 * the interpreter's own: so translated code has no faults and no interrupts. What is left to do here is to make traces
 * of what has become hot, to enter them into the jump cache, and to forget them when their code is written.
 */
import type { Bus } from '../../../bus.ts';
import type { Tlb } from '../../../mmu/tlb.ts';
import type { Row } from '../../builder.ts';
import { EXIT, type EngineImports, JUMP_ENTRIES, JUMP_ENTRY, STATE, VISIT_COUNTERS } from '../../state.ts';
import { loadInterpreter, type Run } from '../load.ts';
import { Discovery, type Trace } from './discovery.ts';
import { dispatcherBytes } from './dispatcher.ts';
import type { PageAddress } from './frame.ts';
import { TraceModule } from './module.ts';
import { CodePages, type View } from './pages.ts';
import { Slots } from './slots.ts';

export interface TranslatorOptions {
  /** Visits that make a branch target hot, 0 to 65535; 0 and 1: at the first. */
  readonly threshold: number;
  /** Modules that may live at a time. */
  readonly modules?: number | undefined;
}

const MODULES = 2000;
/** Regions that wait are compiled when there are so many, or when one of them is visited this often again. */
const BATCH = 8;
const PATIENCE = 64;
const MOST_VISITS = 0xffff;
/** Hot at the next visit; the dispatcher's own look at PC, before the interpreter goes on, counts as one. */
const NOT_NOW = 2;
/** Of a target whose counter serves a translated one as well: visits that the counter could not count. */
const SUSPICION = 500;
/** Rarely: less than a 16th of the visits that make hot. */
const RARELY = 4;
/** A page is merged at 2 samples, 16, 128... */
const MERGER_FACTOR = 8;
const MOST_SUSPECTS = 4096;
const PAGE = 0x1000;
const OFFSET = PAGE - 1;

/** What became hot in a page. */
interface Request {
  readonly page: PageAddress;
  /** Its page of RAM, counted from 0. */
  readonly number: number;
  readonly entries: number[];
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
  private readonly visits: Uint16Array;
  /** By counter: a translated target uses it, so it is always at 1. */
  private readonly claimed = new Uint8Array(VISIT_COUNTERS);
  private readonly suspects = new Map<number, number>();
  private readonly pages: CodePages;
  private readonly slots: Slots;
  private readonly rows: () => readonly Row[];
  private discovery: Discovery | undefined;
  private waiting: Request[] = [];
  /** Entries of the jump cache that are not empty. */
  private linked: number[] = [];
  private runs = 0;

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
    this.threshold = Math.min(MOST_VISITS, Math.max(1, threshold));
    this.words = new Uint32Array(memory.buffer);
    this.visits = new Uint16Array(memory.buffer, STATE.VISITS, VISIT_COUNTERS).fill(this.threshold);
    this.pages = new CodePages(bus);
    this.slots = new Slots(memory, modules);
    this.interpret = loadInterpreter(memory, imports, 'counting');
    const env = { memory, interpret: this.interpret, traces: this.slots.table };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(dispatcherBytes()), {
      env,
    });
    this.dispatch = instance.exports.run as Run;
  }

  /** As the interpreter's run(): executes until there is a reason to stop. */
  run(): number {
    this.runs++;
    for (;;) {
      if (this.bus.touched.length > 0) this.verify();
      const exit = this.dispatch();
      if (exit === EXIT.BUDGET) this.sample();
      if (exit !== EXIT.HOT) return exit;
      this.enter();
    }
  }

  get liveModules(): number {
    return this.slots.live;
  }

  /** Code that was written is forgotten. */
  private verify(): void {
    for (const number of this.bus.touched) {
      const dropped = this.pages.verify(number, this.runs);
      if (!dropped) continue;
      this.slots.release(dropped);
      this.waiting = this.waiting.filter((request) => request.number !== number);
      this.unlinkAll();
    }
    this.bus.forgetTouched();
  }

  private unlinkAll(): void {
    // No instruction is at an odd host pointer.
    for (const at of this.linked) this.words[at + (JUMP_ENTRY.HOST >>> 2)] = 1;
    this.linked.length = 0;
  }

  /* ---- PC is hot, and not in the jump cache ---- */

  /** Puts PC's trace into the jump cache, if it has one or now gets one. */
  private enter(): void {
    const lo = this.words[STATE.PC >>> 2]!;
    const hi = this.words[(STATE.PC >>> 2) + 1]!;
    const counter = counterOf(lo);
    this.visits[counter] = Math.max(NOT_NOW, this.threshold);
    const host = this.hostOf(lo, hi);
    if (host === 0) return;
    const number = (host - this.bus.ramOffset) >>> 12;
    const page = { lo: (lo & ~OFFSET) | 0, hi: hi | 0, el: this.words[STATE.EL >>> 2]! };
    const offset = lo & OFFSET;
    const slot = this.pages.find(number, page, offset) ?? this.translate(page, number, offset, host);
    if (slot !== undefined && slot !== Slots.NONE) this.link(lo, hi, page.el, host, slot);
  }

  /** Where the instruction at PC is; 0: it cannot be fetched, or not by us. */
  private hostOf(lo: number, hi: number): number {
    if ((lo & 3) !== 0) return 0;
    const el = this.words[STATE.EL >>> 2]! as 0 | 1;
    if (!this.tlb.hasCode(el, hi, lo)) {
      this.words[STATE.VA >>> 2] = lo;
      this.words[(STATE.VA >>> 2) + 1] = hi;
      if (this.fetch() === 0 || !this.tlb.hasCode(el, hi, lo)) return 0;
    }
    return this.tlb.codeHost(el, lo);
  }

  private link(lo: number, hi: number, el: number, host: number, slot: number): void {
    const at = jumpEntry(host);
    this.linked.push(at);
    this.words[at] = (lo | el) >>> 0;
    this.words[at + 1] = hi;
    this.words[at + (JUMP_ENTRY.HOST >>> 2)] = host;
    this.words[at + (JUMP_ENTRY.SLOT >>> 2)] = slot;
    this.slots.use(slot);
    this.claim(lo);
  }

  private claim(lo: number): void {
    this.visits[counterOf(lo)] = 1;
    this.claimed[counterOf(lo)] = 1;
  }

  /* ---- Translating ---- */

  /** The slot of PC's trace, if it was worth its while to make it now. */
  private translate(page: PageAddress, number: number, offset: number, host: number): number | undefined {
    const counter = counterOf(page.lo | offset);
    if (this.claimed[counter] && !this.isSuspect(host)) this.visits[counter] = NOT_NOW;
    else if (this.pages.mayTranslate(number)) this.request(page, number, offset);
    return this.pages.find(number, page, offset);
  }

  /** Counts visits of a target that shares its counter with a translated one. */
  private isSuspect(host: number): boolean {
    const seen = (this.suspects.get(host) ?? 0) + 1;
    if (this.suspects.size >= MOST_SUSPECTS) this.suspects.clear();
    this.suspects.set(host, seen);
    return seen >= Math.min(this.threshold, SUSPICION);
  }

  /** Compiled together are some, or what is wished for again. */
  private request(page: PageAddress, number: number, offset: number): void {
    const waiting = this.waiting.find((one) => one.number === number && samePage(one.page, page));
    const request = waiting ?? { page, number, entries: [] };
    if (!waiting) this.waiting.push(request);
    const again = request.entries.includes(offset);
    if (!again) request.entries.push(offset);
    this.visits[counterOf(page.lo | offset)] = Math.min(this.threshold, PATIENCE);
    const count = this.waiting.reduce((sum, { entries }) => sum + entries.length, 0);
    if (again || this.threshold === 1 || count >= BATCH) this.compile();
  }

  private compile(): void {
    const module = new TraceModule();
    const made: { request: Request; heads: number[] }[] = [];
    for (const request of this.waiting) {
      const traces = this.discover(request);
      if (traces.length > 0) module.add(request.page, traces);
      const heads = traces.map(({ head }) => head);
      for (const head of heads) this.pages.put(request.number, request.page, head, Slots.NONE);
      made.push({ request, heads });
    }
    this.waiting = [];
    this.place(module, made);
  }

  /** The traces of the region. An entry without one will not be asked for again soon. */
  private discover({ page, number, entries }: Request): Trace[] {
    this.discovery ??= new Discovery(this.rows());
    if (this.pages.begin(number, this.runs)) this.tlb.forgetWrites(this.bus.ramOffset + number * PAGE);
    const known = this.pages.view(number, page);
    for (const entry of entries) this.visits[counterOf(page.lo | entry)] = MOST_VISITS;
    return this.discovery.region(this.pages.wordsOf(number), entries, {
      isKnown: (offset) => known?.slots.has(offset) === true,
      isHot: (offset) => !this.claimed[counterOf(page.lo | offset)] && this.isHot(page.lo | offset),
      mayBeHot: (offset) =>
        entries.includes(offset) || this.threshold <= PATIENCE || this.isHot(page.lo | offset),
    });
  }

  /**
   * Time was up at PC, so this is where it is spent. What became hot at different times is in different modules, which
   * know nothing of each other: a page where this happens again and again is translated anew as one region.
   */
  private sample(): void {
    const lo = this.words[STATE.PC >>> 2]!;
    const hi = this.words[(STATE.PC >>> 2) + 1]!;
    const el = this.words[STATE.EL >>> 2]! as 0 | 1;
    if (!this.tlb.hasCode(el, hi, lo)) return;
    const number = (this.tlb.codeHost(el, lo) - this.bus.ramOffset) >>> 12;
    const page = { lo: (lo & ~OFFSET) | 0, hi: hi | 0, el };
    const view = this.pages.view(number, page);
    if (!view || ++view.samples < view.nextMerger || this.slots.areTogether(view.slots.values())) return;
    view.nextMerger *= MERGER_FACTOR;
    this.merge(page, number, view);
  }

  private merge(page: PageAddress, number: number, view: View): void {
    const entries = [...view.slots.keys()];
    this.slots.release(view.slots.values());
    view.slots.clear();
    this.unlinkAll();
    this.waiting.push({ page, number, entries });
    this.compile();
  }

  /** Branched to no longer rarely. */
  private isHot(lo: number): boolean {
    return this.visits[counterOf(lo)]! <= this.threshold - Math.max(1, this.threshold >>> RARELY);
  }

  private place(module: TraceModule, made: readonly { request: Request; heads: number[] }[]): void {
    const count = made.reduce((sum, { heads }) => sum + heads.length, 0);
    if (count === 0) return;
    const slots = this.slots.add(module.finish(), count);
    let i = 0;
    for (const { request, heads } of made) {
      for (const head of heads) {
        this.pages.put(request.number, request.page, head, slots[i++]!);
        this.claim(request.page.lo | head);
      }
    }
    if (this.slots.isFull) this.evict();
  }

  /** Half of the modules, those that were not used for longest; what still runs comes back when it is hot again. */
  private evict(): void {
    this.pages.forget(this.slots.evict());
    this.unlinkAll();
    this.visits.fill(this.threshold);
    this.claimed.fill(0);
    this.suspects.clear();
  }
}

/** An entry of the jump cache as an index of words: STATE.JUMPS says how it is found. */
const jumpEntry = (host: number): number =>
  (STATE.JUMPS + ((host >>> 2) & (JUMP_ENTRIES - 1)) * JUMP_ENTRY.SIZE) >>> 2;

const counterOf = (lo: number): number => (lo >>> 2) & (VISIT_COUNTERS - 1);

const samePage = (a: PageAddress, b: PageAddress): boolean => a.lo === b.lo && a.hi === b.hi && a.el === b.el;
