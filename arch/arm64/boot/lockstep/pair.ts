/*
 * arch/arm64/boot/lockstep/pair.ts - two machines that differ in nothing but the engine, compared as they run
 *
 * The reference, which interprets, goes first and leaves in a log how each run() of its CPU returned: every exception,
 * every interrupt, every stop. The subject follows and is compared with the log. Registers are the same at all those
 * instants, or the first at which they are not is known.
 */

import type { Cpu } from '../../../../board/cpu/cpu.ts';
import type { RunState } from '../../../../kernel/sched/core.ts';
import type { EventLog } from '../../../../kernel/trace/events.ts';
import { Machine, type MachineOptions, MachinePanic } from '../machine.ts';
import { type Snapshot, StateLog, sameState, snapshot } from './state.ts';

export interface PairOptions extends MachineOptions {
  /** Called with the machine under test when it has been made: a test of the comparison spoils it. */
  readonly spoil?: ((subject: Machine) => void) | undefined;
}

/** The two machines were the same at instruction `after`, and no longer at `by`. */
export interface Mismatch {
  readonly after: number;
  readonly by: number;
  readonly what: string;
  /** Reference and subject, where registers differ. */
  readonly states?: readonly [Snapshot, Snapshot];
}

type Outcome = RunState | MachinePanic;

export class Pair {
  readonly reference: Machine;
  readonly subject: Machine;
  mismatch: Mismatch | undefined;
  private readonly log = new StateLog();
  private compared = 0;
  private readonly printed: [string, string] = ['', ''];
  private readonly output: (bytes: Uint8Array) => void;
  /** The instruction count at which everything was the same, RAM included. */
  private same = 0;

  /** `watch` sees the reference's events. */
  constructor(options: PairOptions, watch?: (events: EventLog) => void) {
    this.output = options.output;
    const engine = options.engine === 'translator' ? 'translator' : 'auto';
    this.reference = new Machine({ ...options, engine: 'interpreter', output: this.printer(0) }, watch);
    this.subject = new Machine({ ...options, engine, output: this.printer(1) });
    options.spoil?.(this.subject);
    onReturn(this.reference.board.cpu, (cpu, vector) => this.log.append(cpu, vector));
    onReturn(this.subject.board.cpu, (cpu, vector) => this.compare(cpu, vector));
    this.flush();
  }

  get now(): number {
    return this.reference.now;
  }

  /** Both run until instruction `until`, as Machine.run(). After a mismatch neither is to be run again. */
  run(until: number): RunState {
    this.log.clear();
    this.compared = 0;
    const expected = outcome(this.reference, until);
    const actual = outcome(this.subject, until);
    this.compareEnds(expected, actual);
    this.flush();
    if (this.mismatch) return 'paused';
    if (expected instanceof MachinePanic) throw expected; // both did
    return expected;
  }

  /** All of RAM, which takes a while. */
  compareMemory(): void {
    if (this.mismatch) return;
    const at = firstDifference(this.reference.board.bus.ram, this.subject.board.bus.ram);
    if (at < 0) this.same = this.now;
    else this.complain(`RAM at ${address(this.reference, at)}`);
  }

  type(bytes: readonly number[]): void {
    this.reference.type(bytes);
    this.subject.type(bytes);
  }

  skipTo(instruction: number): void {
    this.reference.skipTo(instruction);
    this.subject.skipTo(instruction);
  }

  private compare(cpu: Cpu, vector: number): void {
    const index = this.compared++;
    if (this.mismatch) return;
    if (index >= this.log.length) return this.complain('it went on where the reference stopped');
    if (this.log.holds(index, cpu, vector)) return;
    const expected = this.log.at(index);
    this.mismatch = {
      after: this.same,
      by: Math.max(expected.clock, cpu.clock.now),
      what: 'registers',
      states: [expected, snapshot(cpu, vector)],
    };
  }

  private compareEnds(expected: Outcome, actual: Outcome): void {
    if (this.mismatch) return;
    const complaint =
      (describe(expected) !== describe(actual) && `${describe(expected)} and ${describe(actual)}`) ||
      (this.compared !== this.log.length && 'it stopped where the reference went on') ||
      (this.printed[0] !== this.printed[1] && 'what was printed') ||
      (!sameState(this.reference.board.cpu, this.subject.board.cpu) && 'registers');
    if (complaint) this.complain(complaint);
  }

  private complain(what: string): void {
    this.mismatch = { after: this.same, by: Math.max(this.reference.now, this.subject.now), what };
  }

  private printer(which: 0 | 1): (bytes: Uint8Array) => void {
    return (bytes) => {
      this.printed[which] += Buffer.from(bytes).toString('latin1');
    };
  }

  private flush(): void {
    if (this.printed[0] !== '') this.output(Buffer.from(this.printed[0], 'latin1'));
    this.printed[0] = '';
    this.printed[1] = '';
  }
}

/** Calls `look` whenever run() of this CPU has returned. The CPU itself has no such thing: it would cost everybody. */
function onReturn(cpu: Cpu, look: (cpu: Cpu, vector: number) => void): void {
  const run = cpu.run.bind(cpu);
  cpu.run = () => {
    const vector = run();
    look(cpu, vector);
    return vector;
  };
}

function outcome(machine: Machine, until: number): Outcome {
  try {
    return machine.run(until);
  } catch (error) {
    if (error instanceof MachinePanic) return error;
    throw error;
  }
}

const describe = (end: Outcome): string => (end instanceof MachinePanic ? end.message : end);

const CHUNK = 0x10_0000;

/** The index of the first byte that differs; -1: none. */
export function firstDifference(a: Uint8Array, b: Uint8Array, from = 0): number {
  for (let at = from; at < a.length; at += CHUNK) {
    const [left, right] = [a.subarray(at, at + CHUNK), b.subarray(at, at + CHUNK)];
    if (Buffer.compare(left, right) === 0) continue;
    return at + left.findIndex((byte, i) => byte !== right[i]);
  }
  return -1;
}

export const address = (machine: Machine, offset: number): string =>
  `0x${(machine.board.bus.ramBase + offset).toString(16)}`;
