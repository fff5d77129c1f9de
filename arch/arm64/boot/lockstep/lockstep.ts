/*
 * arch/arm64/boot/lockstep/lockstep.ts - a machine that is two, and stops when they are not the same
 *
 * Drives like one Machine (Driven of driver.ts). Registers are compared at every exception and every stop, RAM now and
 * then. The first difference ends the run with a Divergence, whose report says which code makes it.
 */

import type { RunState } from '../../../../kernel/sched/core.ts';
import type { EventLog } from '../../../../kernel/trace/events.ts';
import type { Driven } from '../driver.ts';
import { Pair, type PairOptions } from './pair.ts';
import { reportOf } from './report.ts';
import { type Command, Search } from './search.ts';

/** Instructions between two stops. No round number: they come anywhere in the guest's loops. */
const STRIDE = 250_007;
/** Instructions between two looks at all of RAM. */
const MEMORY_INTERVAL = 64 * STRIDE;

/** The engines differ: a bug of one of them. */
export class Divergence extends Error {
  override readonly name = 'Divergence';
  readonly report: string;
  /** The first instruction count at which they do. */
  readonly at: number;

  constructor(report: string, at: number) {
    super(report);
    this.report = report;
    this.at = at;
  }
}

export class Lockstep implements Driven {
  readonly pair: Pair;
  private readonly options: PairOptions;
  private readonly commands: Command[] = [];
  private readonly progress: (line: string) => void;
  private memoryLooked = 0;

  /** `progress` hears of the search for the instruction, which may take minutes. */
  constructor(
    options: PairOptions,
    watch?: (events: EventLog) => void,
    progress: (line: string) => void = () => {},
  ) {
    this.options = options;
    this.progress = progress;
    this.pair = new Pair(options, watch);
    this.check();
  }

  get now(): number {
    return this.pair.now;
  }

  get nextEvent(): number {
    return this.pair.reference.nextEvent;
  }

  get inputRoom(): number {
    return this.pair.reference.inputRoom;
  }

  /** May throw Divergence, and what Machine.run() may throw. */
  run(until: number): RunState {
    for (;;) {
      const stop = Math.min(until, this.now + STRIDE);
      this.commands.push({ kind: 'run', until: stop });
      const state = this.pair.run(stop);
      if (state === 'off' || this.now >= this.memoryLooked + MEMORY_INTERVAL) this.lookAtMemory();
      this.check();
      if (state !== 'paused' || this.now >= until) return state;
    }
  }

  type(bytes: Iterable<number>): void {
    const typed = [...bytes];
    this.commands.push({ kind: 'type', now: this.now, bytes: typed });
    this.pair.type(typed);
  }

  skipTo(instruction: number): void {
    this.commands.push({ kind: 'skip', to: instruction });
    this.pair.skipTo(instruction);
  }

  private lookAtMemory(): void {
    this.pair.compareMemory();
    this.memoryLooked = this.now;
  }

  private check(): void {
    const { mismatch } = this.pair;
    if (!mismatch) return;
    this.progress(`${mismatch.what}: the engines differ at instruction ${mismatch.by} at the latest`);
    const silent = { ...this.options, output: () => {} };
    const search = new Search(() => new Pair(silent), this.commands, this.progress);
    const located = search.locate(mismatch);
    const { seed, rtc, ram, append, engine, threshold } = this.options;
    const settings = JSON.stringify({ engine, threshold, seed, rtc, ram, append });
    throw new Divergence(reportOf(mismatch, located, search, settings), located.at);
  }
}
