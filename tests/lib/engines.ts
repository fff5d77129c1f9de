/*
 * tests/lib/engines.ts - random programs on CPUs that differ in nothing but the engine, compared at every stop
 *
 * The reference interprets; the others translate: at the first visit, at the third, and at the default. All stop at the
 * same random counts, with the same registers and the same TLB. What the programs are, and who is their kernel, is the guest's affair:
 *
 *   hosted-programs.ts   user programs; their kernel is out here, and does to all CPUs the same
 *   kernel-programs.ts   programs at EL1 and EL0; their kernel is machine code
 *
 * `make fuzz` has the long run (fuzz.ts).
 */
import { STATE } from '../../board/cpu/state.ts';
import { A64 } from '../../board/cpu/a64.ts';
import { Disassembler } from '../../board/cpu/disasm.ts';
import { PAUSE } from '../../board/cpu/cpu.ts';
import type { EngineOptions } from '../../board/cpu/engine/engine.ts';
import { sameState, sideBySide, snapshot, systemRegisters } from '../../arch/arm64/boot/lockstep/state.ts';
import { Random } from './random-insn.ts';
import { RAM, Rig } from './rig.ts';
import { tlbDifference } from './same-tlb.ts';

/** How far apart stops are at most, and how many instructions a listing has. */
export const DISTANCE = 3000;
const MOST_LINES = 100;
/** Instructions from one comparison of the TLBs, which takes longer, to the next. */
const TLB_DISTANCE = 10_000;
/** Programs on the same machines, one after the other. */
const BATCH = 8;

/** What translates, and when: at first sight with hardly any room, at first sight, soon, and as it is meant. */
export const SUBJECTS: readonly EngineOptions[] = [
  { engine: 'translator', threshold: 0, modules: 6 },
  { engine: 'translator', threshold: 1 },
  { engine: 'auto', threshold: 40 },
  { engine: 'auto' },
];

const REFERENCE: EngineOptions = { engine: 'interpreter' };

/** Who lives on the CPUs. Whatever it does it does to all of them alike. */
export interface Guest {
  /** Of all programs so far. */
  readonly words: number;
  readonly exceptions: number;
  /** The machines are new; the first is the reference. */
  powerOn(rigs: readonly Rig[]): void;
  /** Another program. */
  load(): void;
  /** run() is next. */
  beforeRun(): void;
  /** run() has returned this from all of them. Returns how much time passed that no instruction took. */
  afterRun(vector: number): number;
  /** The program is at its end, in that nothing more will come of it. */
  readonly isStuck: boolean;
  /** Registers without a place in STATE that are worth a look. Reading them changes nothing. */
  readonly hidden: readonly string[];
}

export type NewGuest = (random: Random) => Guest;

/** Where in the run something happened: counted in steps, as the same seed makes the same steps. */
interface Place {
  readonly step: number;
  /** Stop here instead. */
  readonly stop: number;
}

export class Engines {
  /** Executed by each CPU. */
  instructions = 0;
  readonly guest: Guest;
  private readonly newGuest: NewGuest;
  private readonly seed: number;
  private readonly random: Random;
  private readonly subjects: readonly EngineOptions[];
  private readonly last: Place | undefined;
  private rigs: readonly Rig[] = [];
  private programs = 0;
  private stuck = 0;
  private steps = 0;
  /** Of the programs so far. */
  private readonly lengths: number[] = [];
  /** What the last step ended in, and who was not as the first; -1: nobody. */
  private vectors: readonly number[] = [];
  private wrong = -1;
  private stop = 0;
  private tlbDue = 0;

  /** `last`: the run ends there. */
  constructor(newGuest: NewGuest, seed: number, subjects: readonly EngineOptions[] = SUBJECTS, last?: Place) {
    this.newGuest = newGuest;
    this.seed = seed;
    this.random = new Random(seed);
    this.guest = newGuest(this.random);
    this.subjects = subjects;
    this.last = last;
  }

  /** One more program, for `length` instructions. Returns what differs, if something does, with a listing. */
  next(length: number): string | undefined {
    this.lengths.push(length);
    if (this.programs++ % BATCH === 0) this.powerOn();
    this.guest.load();
    const end = this.reference.clock.now + length;
    while (this.reference.clock.now < end && !this.isOver() && !this.guest.isStuck) {
      const wrong = this.step();
      if (wrong >= 0) return this.last ? '' : this.complaint(wrong);
    }
    if (this.guest.isStuck) this.stuck++;
    return this.compareMemory();
  }

  get summary(): string {
    const { instructions, guest, programs, stuck } = this;
    const modules = this.rigs.map(({ cpu }) => cpu.liveModules).slice(1);
    const ends = stuck > 0 ? `, ${stuck} of them got stuck` : '';
    return `${instructions} instructions, ${programs} programs of ${guest.words} words${ends}, ${guest.exceptions} exceptions, modules ${modules}`;
  }

  private get reference(): Rig {
    return this.rigs[0]!;
  }

  private isOver(): boolean {
    return this.last !== undefined && this.steps > this.last.step;
  }

  private powerOn(): void {
    this.rigs = [REFERENCE, ...this.subjects].map((options) => new Rig(options));
    this.guest.powerOn(this.rigs);
  }

  /* ---- From stop to stop ---- */

  /** To the next stop or exception. Returns which CPU is not as the first; -1: none. */
  private step(): number {
    const { random, reference, rigs, guest } = this;
    const { now } = reference.clock;
    const chosen = now + 1 + random.below(random.below(4) === 0 ? 70 : DISTANCE);
    const stop = this.last?.step === this.steps ? this.last.stop : chosen;
    this.stop = stop;
    guest.beforeRun();
    this.steps++;

    const vectors = rigs.map(({ cpu }) => {
      cpu.stopAt = stop;
      return cpu.run();
    });
    this.vectors = vectors;
    this.wrong = rigs.findIndex((rig, i) => vectors[i] !== vectors[0] || !this.isAsReference(rig));
    if (this.wrong >= 0) return this.wrong;
    if (this.instructions >= this.tlbDue) this.tlbDue = this.instructions + TLB_DISTANCE;
    const passed = reference.clock.now - now;
    this.instructions += passed - (this.isOver() ? 0 : guest.afterRun(vectors[0]!));
    return -1;
  }

  private isAsReference(rig: Rig): boolean {
    const first = this.reference.cpu;
    if (!sameState(first, rig.cpu)) return false;
    if (!this.guest.hidden.every((name) => read(first, name) === read(rig.cpu, name))) return false;
    return this.instructions < this.tlbDue || tlbDifference(this.reference, rig) === undefined;
  }

  private compareMemory(): string | undefined {
    const [first, ...others] = this.rigs.map(({ view }) =>
      Buffer.from(view.buffer, view.byteOffset, view.byteLength),
    );
    const wrong = others.findIndex((bytes) => !bytes.equals(first!));
    if (wrong < 0) return undefined;
    const at = first!.findIndex((byte, i) => byte !== others[wrong]![i]);
    return `${this.name(wrong + 1)}: after program ${this.programs - 1} RAM differs at ${hex(RAM + at)}`;
  }

  /* ---- What differs ---- */

  private name(index: number): string {
    return JSON.stringify(this.subjects[index - 1]);
  }

  /** The first count at which they differ is found by doing all of it again, with other stops. */
  private complaint(wrong: number): string {
    const step = this.steps - 1;
    const subjects = [this.subjects[wrong - 1]!];
    const noticed = this.reference.clock.now;
    let same = this.again(subjects, { step, stop: 0 }).reference.clock.now;
    let different = this.stop;
    while (different - same > 1) {
      const middle = Math.floor((same + different) / 2);
      if (this.again(subjects, { step, stop: middle }).wrong >= 0) different = middle;
      else same = middle;
    }
    const after = this.again(subjects, { step, stop: different });
    return [
      `seed ${this.seed}, program ${this.programs - 1}, step ${step}: ${this.name(wrong)} differs at ${different}`,
      ...this.executed(step, different).map((text) => `  ${text}`),
      ...this.sides(after.reference, after.rigs[1]!, after.vectors),
      `noticed at ${noticed}`,
      ...this.sides(this.reference, this.rigs[wrong]!, [this.vectors[0]!, this.vectors[wrong]!]),
    ].join('\n');
  }

  private again(subjects: readonly EngineOptions[], last: Place): Engines {
    const engines = new Engines(this.newGuest, this.seed, subjects, last);
    for (const length of this.lengths) if (engines.isOver() || engines.next(length) !== undefined) break;
    return engines;
  }

  /** What the reference executes before `stop`, one at a time. */
  private executed(step: number, stop: number): string[] {
    const disassembler = new Disassembler(A64);
    const { cpu, clock } = this.again([], { step, stop: Math.max(0, stop - MOST_LINES) }).reference;
    const lines: string[] = [];
    while (clock.now < stop && !(cpu.hosted && cpu.regs.el === 1)) {
      const [lo, hi] = [cpu.regs.words[STATE.PC >>> 2]!, cpu.regs.words[(STATE.PC >>> 2) + 1]!];
      const word = cpu.mmu.fetchWord(lo, hi) ?? 0;
      lines.push(`EL${cpu.regs.el} ${hex(hi)}_${hex(lo)}  ${disassembler.text(word, lo)}`);
      cpu.stopAt = clock.now + 1;
      if (cpu.run() !== PAUSE) break;
    }
    return lines;
  }

  /** The registers of two CPUs: all the general ones, the others where they differ. */
  private sides(a: Rig, b: Rig, [left, right]: readonly number[]): string[] {
    const lines = sideBySide([snapshot(a.cpu, left!), snapshot(b.cpu, right!)]);
    const hidden = this.guest.hidden
      .filter((name) => read(a.cpu, name) !== read(b.cpu, name))
      .map((name) => ({ name, values: [read(a.cpu, name), read(b.cpu, name)], differs: true }));
    const tlb = tlbDifference(a, b);
    if (tlb !== undefined) hidden.push({ name: 'tlb entry', values: [hex(tlb)], differs: true });
    return [...lines, ...systemRegisters(a.cpu, b.cpu), ...hidden].map(
      ({ name, values, differs }) => `${differs ? '*' : ' '} ${name.padEnd(10)} ${values.join('  ')}`,
    );
  }
}

function read(cpu: Rig['cpu'], name: string): string {
  return `0x${hex(cpu.readSysregHalf(name, 1))}${hex(cpu.readSysregHalf(name, 0))}`;
}

const hex = (n: number): string => n.toString(16).padStart(8, '0');
