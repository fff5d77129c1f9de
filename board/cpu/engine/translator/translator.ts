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
import { FPSR } from '../../fp/status.ts';
import { EXIT, type EngineImports, STATE } from '../../state.ts';
import { loadInterpreter, type Run } from '../load.ts';
import { Discovery, type Trace } from './discovery.ts';
import { dispatcherBytes } from './dispatcher.ts';
import { blockAt, blocksFrom, type FpNow } from './fp-modes.ts';
import type { PageAddress } from './frame.ts';
import { JumpCache } from './jump-cache.ts';
import { TraceModule } from './module.ts';
import { CodePages, type View } from './pages.ts';
import { Slots } from './slots.ts';
import { Visits } from './visits.ts';

export interface TranslatorOptions {
  /** Visits that make a branch target hot, 0 to 65535; 0 and 1: at the first. */
  readonly threshold: number;
  /** Modules that may live at a time. */
  readonly modules?: number | undefined;
}

const MODULES = 2000;
/** Of what waits, so much is compiled together, unless something of it is wished for again. */
const BATCH = 8;
/** Of floating point, between two samples. */
const MOST_SURPRISES = 1000;
const PAGE = 0x1000;
const OFFSET = PAGE - 1;

/** What became hot in a page. */
interface Request {
  readonly page: PageAddress;
  /** Its page of RAM, counted from 0. */
  readonly number: number;
  readonly entries: number[];
  /** FpNow.exact for them. */
  exact: number;
  /** All traces of the page, anew. */
  isMerger: boolean;
}

export class Translator {
  private readonly interpreter: Run;
  private readonly dispatch: Run;
  private readonly bus: Bus;
  private readonly tlb: Tlb;
  private readonly fetch: () => number;
  private readonly words: Uint32Array;
  private readonly visits: Visits;
  private readonly jumps: JumpCache;
  private readonly pages: CodePages;
  private readonly slots: Slots;
  private readonly rows: () => readonly Row[];
  private discovery: Discovery | undefined;
  private waiting: Request[] = [];
  /** Instructions, up to the current run(); and the budget with which that began. */
  private executed = 0;
  private budget = 0;

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
    this.words = new Uint32Array(memory.buffer);
    this.visits = new Visits(memory, threshold);
    this.jumps = new JumpCache(memory);
    this.pages = new CodePages(bus);
    this.slots = new Slots(memory, modules);
    this.interpreter = loadInterpreter(memory, imports, 'counting');
    const env = { memory, interpret: this.interpreter, traces: this.slots.table };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(dispatcherBytes()), {
      env,
    });
    this.dispatch = instance.exports.run as Run;
  }

  /** As the interpreter's run(): executes until there is a reason to stop. */
  run(): number {
    this.budget = this.words[STATE.BUDGET >>> 2]!;
    for (;;) {
      if (this.bus.touched.length > 0) this.verify();
      const exit = this.dispatch();
      if (exit === EXIT.BUDGET) this.sample();
      if (exit !== EXIT.HOT) {
        this.executed = this.now;
        return exit;
      }
      this.enter();
    }
  }

  /**
   * The interpreter alone, for one instruction at a time. One that does not count would have asked where the next one
   * is, if that is in another page: so that the TLB shall hold the same whoever executes, that is done here.
   */
  interpret(): number {
    const exit = this.interpreter();
    if (exit === EXIT.HOT) this.hostOf(this.words[STATE.PC >>> 2]!, this.words[(STATE.PC >>> 2) + 1]!);
    return exit;
  }

  /** Instructions executed so far. */
  private get now(): number {
    return this.executed + this.budget - this.words[STATE.BUDGET >>> 2]!;
  }

  get liveModules(): number {
    return this.slots.live;
  }

  /** Code that was written is forgotten. */
  private verify(): void {
    for (const number of this.bus.touched) {
      const dropped = this.pages.verify(number, this.now);
      if (!dropped) continue;
      this.slots.release(dropped);
      this.waiting = this.waiting.filter((request) => request.number !== number);
      this.jumps.clear();
    }
    this.bus.forgetTouched();
  }

  /* ---- PC is hot, and not in the jump cache ---- */

  /** Puts PC's trace into the jump cache, if it has one or now gets one. */
  private enter(): void {
    const lo = this.words[STATE.PC >>> 2]!;
    const hi = this.words[(STATE.PC >>> 2) + 1]!;
    this.visits.restart(lo);
    const host = this.hostOf(lo, hi);
    if (host === 0) return;
    const { page, number } = this.pageAt(lo, hi, host);
    const offset = lo & OFFSET;
    const slot = this.pages.find(number, page, offset) ?? this.translate(page, number, offset, host);
    if (slot === undefined) return;
    this.jumps.link(lo, hi, page.el, host, slot);
    this.slots.use(slot);
    this.visits.claim(lo);
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

  private pageAt(lo: number, hi: number, host: number): { page: PageAddress; number: number } {
    const page = { lo: (lo & ~OFFSET) | 0, hi: hi | 0, el: this.words[STATE.EL >>> 2]! };
    return { page, number: (host - this.bus.ramOffset) >>> 12 };
  }

  /* ---- Translating ---- */

  /** The slot of PC's trace, if it was worth its while to make it now. */
  private translate(page: PageAddress, number: number, offset: number, host: number): number | undefined {
    if (this.visits.isMistaken(page.lo | offset, host)) return undefined;
    if (this.pages.mayTranslate(number)) this.request(page, number, offset);
    return this.pages.find(number, page, offset);
  }

  private request(page: PageAddress, number: number, offset: number): void {
    const request = this.requestFor(page, number);
    const isWishedAgain = request.entries.includes(offset);
    if (!isWishedAgain) request.entries.push(offset);
    if (this.isExact) request.exact |= blocksFrom(offset);
    this.visits.postpone(page.lo | offset);
    const count = this.waiting.reduce((sum, request) => sum + request.entries.length, 0);
    if (isWishedAgain || this.visits.threshold === 1 || count >= BATCH) this.compile();
  }

  private requestFor(page: PageAddress, number: number): Request {
    const waiting = this.waiting.find((one) => one.number === number && samePage(one.page, page));
    if (waiting) return waiting;
    const request = { page, number, entries: [], exact: 0, isMerger: false };
    this.waiting.push(request);
    return request;
  }

  private compile(): void {
    const module = new TraceModule();
    const made: { request: Request; heads: number[] }[] = [];
    for (const request of this.waiting) {
      const traces = this.discover(request);
      if (traces.length === 0) continue;
      module.add(request.page, this.fpNow(request), traces, request.isMerger || this.visits.isEager);
      made.push({ request, heads: traces.map(({ head }) => head) });
    }
    this.waiting = [];
    this.place(module, made);
  }

  private fpNow({ page, number, exact }: Request): FpNow {
    const view = this.pages.view(number, page);
    const [control, status] = [this.words[STATE.FPCR >>> 2]!, this.words[STATE.FPSR >>> 2]!];
    return { control, status, exact: exact | (view?.exact ?? 0), careful: view?.careful ?? 0 };
  }

  /** Nothing has been inexact so far. */
  private get isExact(): boolean {
    return (this.words[STATE.FPSR >>> 2]! & FPSR.IXC) === 0;
  }

  /** The traces of the region. An entry without one will not be asked for again soon. */
  private discover({ page, number, entries }: Request): Trace[] {
    this.discovery ??= new Discovery(this.rows());
    if (this.pages.begin(number, this.now)) this.tlb.withholdWrites(this.bus.ramOffset + number * PAGE);
    const { visits } = this;
    const known = this.pages.view(number, page);
    for (const entry of entries) visits.refuse(page.lo | entry);
    return this.discovery.region(this.pages.wordsOf(number), entries, {
      isKnown: (offset) => known?.slots.has(offset) === true,
      isHot: (offset) => visits.isSurelyFrequent(page.lo | offset),
      mayBeHot: (offset) => entries.includes(offset) || visits.isEager || visits.isFrequent(page.lo | offset),
    });
  }

  /**
   * Time was up at PC, so this is where it is spent. What became hot at different times is in different modules, which
   * know nothing of each other, and each trace is a function of its own: a page where this happens again and again is
   * translated anew, as one region of groups.
   */
  private sample(): void {
    const lo = this.words[STATE.PC >>> 2]!;
    const hi = this.words[(STATE.PC >>> 2) + 1]!;
    const el = this.words[STATE.EL >>> 2]! as 0 | 1;
    if (!this.tlb.hasCode(el, hi, lo)) return;
    const { page, number } = this.pageAt(lo, hi, this.tlb.codeHost(el, lo));
    const view = this.pages.view(number, page);
    if (!view) return;
    view.samples++;
    if (this.isToBeMended(page, view) || view.isWorthMerging) this.merge(page, number, view);
  }

  /** Whether code that often comes to what was not expected can be made anew so that it expects that. */
  private isToBeMended(page: PageAddress, view: View): boolean {
    const block = this.surprised(page) & ~view.careful;
    if (this.isExact && (view.exact & block) === 0) view.exact |= block;
    else view.careful |= block;
    return block !== 0;
  }

  /** The block of the page where floating point often came to what was not expected; 0: none. */
  private surprised(page: PageAddress): number {
    const [count, at] = [this.words[STATE.SURPRISES >>> 2]!, this.words[STATE.SURPRISE_AT >>> 2]!];
    this.words[STATE.SURPRISES >>> 2] = 0;
    return count > MOST_SURPRISES && (at & ~OFFSET) === page.lo ? blockAt(at & OFFSET) : 0;
  }

  private merge(page: PageAddress, number: number, view: View): void {
    const request = this.requestFor(page, number);
    request.entries.push(...view.slots.keys());
    request.isMerger = true;
    this.slots.release(view.slots.values());
    view.slots.clear();
    view.samples = 0;
    this.jumps.clear();
    this.compile();
  }

  private place(module: TraceModule, made: readonly { request: Request; heads: number[] }[]): void {
    const count = made.reduce((sum, { heads }) => sum + heads.length, 0);
    if (count === 0) return;
    const slots = this.slots.add(module.finish(), count);
    let i = 0;
    for (const { request, heads } of made) {
      for (const head of heads) {
        const view = this.pages.put(request.number, request.page, head, slots[i++]!);
        view.isScattered = !request.isMerger;
        view.exact |= request.exact;
        this.visits.claim(request.page.lo | head);
      }
    }
    if (this.slots.isFull) this.evict();
  }

  /**
   * Half of the modules go, those that were linked least recently; what still runs comes back when it is hot again. What
   * stays is linked anew when it is visited, so that the next time its being used is known.
   */
  private evict(): void {
    this.pages.forget(this.slots.evict());
    this.jumps.clear();
    this.visits.clear();
    for (const lo of this.pages.addresses()) this.visits.claim(lo);
  }
}

const samePage = (a: PageAddress, b: PageAddress): boolean => a.lo === b.lo && a.hi === b.hi && a.el === b.el;
