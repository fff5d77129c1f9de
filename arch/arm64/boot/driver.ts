/*
 * arch/arm64/boot/driver.ts - lets a machine run, and brings it what was typed
 *
 * The one place where the host's time and the machine's meet. Idle time either follows the wall clock (somebody sits at
 * the terminal) or is skipped (tests, scripts). Whatever comes in is stamped with the instruction count at which it did;
 * with a log of those stamps the run repeats to the byte.
 */

import { NS_PER_INSTRUCTION } from '../../../board/clock.ts';
import type { InputEvent } from './inputlog.ts';
import type { Machine } from './machine.ts';

/** What it drives: a machine, or two in lockstep. */
export type Driven = Pick<Machine, 'now' | 'nextEvent' | 'inputRoom' | 'run' | 'type' | 'skipTo'>;

export interface DriverOptions {
  /** How idle time passes. */
  readonly idle: 'wall' | 'skip';
  /** Called when all that was typed has been delivered. */
  readonly hungry?: () => void;
  /** Called for each input as it is delivered. */
  readonly record?: (event: InputEvent) => void;
  /** Give up at this instruction. */
  readonly until?: number;
  /** Replays this instead of listening to the host; idle time is skipped. */
  readonly replay?: readonly InputEvent[];
}

/** Instructions between two looks at the host: some ten milliseconds. */
const SLICE = 2_000_000;
/** The same while typed bytes wait for room in the receive FIFO. */
const SHORT_SLICE = 50_000;
/** ^D, as somebody who has nothing more to say types it. */
const VEOF = 4;
/** End of file was typed this often and nothing came of it. */
const EOF_PATIENCE = 16;
const NS_PER_MS = 1e6;

export class Driver {
  private readonly machine: Driven;
  private readonly options: DriverOptions;
  private typed: number[] = [];
  private delivered = 0;
  private replayed = 0;
  private inputEnded = false;
  private eofs = 0;
  private held = false;
  private wake: (() => void) | null = null;

  constructor(machine: Driven, options: DriverOptions) {
    this.machine = machine;
    this.options = options;
  }

  /** Somebody typed. */
  type(bytes: Iterable<number>): void {
    for (const byte of bytes) this.typed.push(byte);
    this.wake?.();
  }

  /** Nothing more will be typed. A last line without an end needs two ^D: one for the line, one for the file. */
  endInput(lastByte: number | undefined): void {
    if (lastByte !== undefined && lastByte !== 10) this.type([VEOF]);
    this.inputEnded = true;
    this.wake?.();
  }

  /** Stops and goes on: the monitor has the terminal. */
  hold(held: boolean): void {
    this.held = held;
    this.wake?.();
  }

  /** True when the machine went off, false when it was given up: nothing can happen any more, or it took too long. */
  async run(): Promise<boolean> {
    const { until = Infinity } = this.options;
    while (this.machine.now < until) {
      this.deliver();
      const state = this.machine.run(this.machine.now + this.sliceLength());
      if (state === 'off') return true;
      if (state === 'idle' && !this.canDeliver()) {
        if (!(await this.idle())) return false;
      } else await breathe();
      while (this.held) await this.sleep(Infinity);
    }
    return false;
  }

  private sliceLength(): number {
    const next = this.nextReplay();
    if (next !== undefined) return Math.min(SLICE, Math.max(1, next.t - this.machine.now));
    return this.waiting > 0 ? SHORT_SLICE : SLICE;
  }

  /** Bytes that were typed and not delivered. */
  private get waiting(): number {
    return this.typed.length - this.delivered;
  }

  private nextReplay(): InputEvent | undefined {
    return this.options.replay?.[this.replayed];
  }

  private canDeliver(): boolean {
    const next = this.nextReplay();
    if (next !== undefined) return next.t <= this.machine.now;
    return this.waiting > 0 && this.machine.inputRoom > 0;
  }

  private deliver(): void {
    const next = this.nextReplay();
    if (next && next.t <= this.machine.now) {
      // One at a time: what came later at the same instant came after the machine had looked at this.
      this.options.record?.({ t: this.machine.now, in: next.in });
      this.machine.type(Buffer.from(next.in, 'latin1'));
      this.replayed++;
    }
    if (this.options.replay) return;
    const bytes = this.typed.slice(this.delivered, this.delivered + this.machine.inputRoom);
    if (bytes.length === 0) return;
    this.delivered += bytes.length;
    if (this.waiting === 0) this.eat();
    this.options.record?.({ t: this.machine.now, in: Buffer.from(bytes).toString('latin1') });
    this.machine.type(bytes);
  }

  private eat(): void {
    this.typed = [];
    this.delivered = 0;
    this.options.hungry?.();
  }

  /** Every task sleeps. Goes to the next moment at which something happens; false: nothing ever will. */
  private async idle(): Promise<boolean> {
    const deadline = this.machine.nextEvent;
    if (this.options.replay) return this.idleReplay(deadline);
    if (this.inputEnded && deadline === Infinity) return this.typeEof();
    if (this.options.idle === 'skip' && deadline !== Infinity) {
      this.machine.skipTo(deadline);
      return true;
    }
    await this.idleWall(deadline);
    return true;
  }

  private idleReplay(deadline: number): boolean {
    const until = Math.min(deadline, this.nextReplay()?.t ?? Infinity);
    if (until === Infinity) return false; // the recorded run was stopped here
    this.machine.skipTo(until);
    return true;
  }

  /** Waits on the host until the deadline or until somebody types, and moves the machine's clock as far as the wall's went. */
  private async idleWall(deadline: number): Promise<void> {
    const before = performance.now();
    const instructions = deadline - this.machine.now;
    const woken = await this.sleep((instructions * NS_PER_INSTRUCTION) / NS_PER_MS);
    const passed = Math.floor(((performance.now() - before) * NS_PER_MS) / NS_PER_INSTRUCTION);
    this.machine.skipTo(woken ? Math.min(deadline, this.machine.now + passed) : deadline);
  }

  /** The console's end of file reaches whoever reads it next; a guest that will not hear it is switched off. */
  private typeEof(): boolean {
    if (this.eofs++ >= EOF_PATIENCE) return false;
    this.typed.push(VEOF);
    return true;
  }

  /** Until `ms` have passed (false) or somebody calls wake() (true). */
  private async sleep(ms: number): Promise<boolean> {
    const { promise, resolve } = withResolvers<boolean>();
    this.wake = () => resolve(true);
    const timer = ms < MAX_TIMEOUT_MS ? setTimeout(resolve, ms, false) : undefined;
    const woken = await promise;
    clearTimeout(timer);
    this.wake = null;
    return woken;
  }
}

/** setTimeout() cannot wait longer; what sleeps 25 days waits for somebody to type. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Promise.withResolvers(), which Node 20 does not have. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Lets the host's events happen: keys, signals, output. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
