/*
 * tests/lib/kernel-programs.ts - random programs at EL1 and EL0, under a kernel that is machine code as they are
 *
 * Nothing is done to these CPUs from outside: an unmodified Linux is alone with the board as well. Beside RAM there are
 * the timers, whose two interrupts are IRQ and FIQ, and a device that knows what time it is.
 */
import type { MmioDevice } from '../../board/bus.ts';
import type { Clock } from '../../board/clock.ts';
import { IDLE } from '../../board/cpu/cpu.ts';
import { EC_IABT_LOW } from '../../board/cpu/exception.ts';
import { PSTATE_I } from '../../board/cpu/registers.ts';
import { STATE } from '../../board/cpu/state.ts';
import { GenericTimer } from '../../board/timer/generic-timer.ts';
import type { Guest } from './engines.ts';
import {
  CODE,
  CODE_AGAIN,
  CODE_PAGES,
  codePa,
  DATA_PAGES,
  dataPa,
  DEVICE_PA,
  HIGH,
  IMAGE,
  IMAGE_PA,
  isInImage,
  KNOWN,
  PAGE,
  PAGE_WORDS,
  randomTables,
  rootOf,
} from './kernel-layout.ts';
import { knowledge, KNOWS, MAIR, SCTLR, STARTS, TCR } from './kernel-pieces.ts';
import { WORD } from './oracle.ts';
import { type Random, randomState } from './random-insn.ts';
import { BEGIN, Kernel } from './random-kernel.ts';
import { randomProgram } from './random-program.ts';
import type { Rig } from './rig.ts';

/** Who is found in the kernel so many times in a row, or masks interrupts, will not come back. */
const MOST_STOPS = 40;
/** No program sleeps for so long. */
const LONG = 1e9;
/** One in how many pieces of a program is something for EL1. */
const RARITIES = [2, 4, 8, 24] as const;
const EL1H_MASKED = 0x3c5;

const COMPARATORS = ['BVR0', 'BCR0', 'BVR5', 'BCR5', 'WVR0', 'WCR0'].map((name) => `DBG${name}_EL1`);
const TIMERS = ['CNTV_CTL_EL0', 'CNTV_CVAL_EL0', 'CNTP_CTL_EL0', 'CNTP_CVAL_EL0', 'CNTKCTL_EL1'];

export class KernelPrograms implements Guest {
  words = 0;
  exceptions = 0;
  readonly hidden = [...COMPARATORS, ...TIMERS, 'OSLSR_EL1'];
  private readonly kernel = new Kernel();
  private readonly random: Random;
  private rigs: readonly Rig[] = [];
  private counted = 0;
  private started = 0;
  /** It waits for an interrupt that will not come. */
  private isAsleep = false;
  private stops = 0;

  constructor(random: Random) {
    this.random = random;
  }

  powerOn(rigs: readonly Rig[]): void {
    this.rigs = rigs;
    for (const rig of rigs) solder(rig);
  }

  /* ---- Programs ---- */

  load(): void {
    const { random, rigs, kernel } = this;
    const { words, entry } = randomProgram(
      random,
      CODE_PAGES * PAGE_WORDS,
      kernel.taste(random.pick(RARITIES)),
    );
    const image = kernel.image(random);
    const known = knowledge(random, this.starts(entry, words.length));
    const tables = randomTables(random);
    const data = Array.from({ length: DATA_PAGES * PAGE_WORDS }, () => random.word());
    const state = randomState(random);
    this.words += words.length;
    for (const rig of rigs) {
      wake(rig);
      for (let i = 0; i < DATA_PAGES; i++) rig.write(dataPa(i), pageOf(data, i));
      for (let i = 0; i < CODE_PAGES; i++) rig.write(codePa(i), pageOf(words, i));
      rig.write(IMAGE_PA, image);
      for (const [at, value] of known) rig.setU64(IMAGE_PA + KNOWN + at, value);
      for (const [pa, entries] of tables) {
        rig.write(pa, new Array<number>(PAGE_WORDS).fill(0));
        for (const [i, value] of entries) rig.setU64(pa + 8 * i, value);
      }
      begin(rig, state);
    }
    this.counted = this.count;
    this.stops = 0;
    this.isAsleep = false;
  }

  /** The program's entry, and anywhere. */
  private starts(entry: number, length: number): bigint[] {
    const { random } = this;
    return Array.from({ length: STARTS }, () => {
      const at = 4 * (random.below(4) ? random.below(length) : entry);
      return BigInt(at + random.pick([CODE, CODE, CODE_AGAIN])) | random.pick([0n, 0n, HIGH]);
    });
  }

  /* ---- From stop to stop ---- */

  beforeRun(): void {
    this.started = this.reference.clock.now;
  }

  afterRun(vector: number): number {
    const { words, daif } = this.reference.cpu.regs;
    const lo = words[STATE.PC >>> 2]!;
    this.stops = isInImage(lo) || (daif & PSTATE_I) !== 0 ? this.stops + 1 : 0;
    const taken = this.countExceptions();
    if (vector === IDLE) this.sleep();
    return taken;
  }

  /** The kernel counts; but a program may write what it pleases where it does. */
  private countExceptions(): number {
    const { count, counted } = this;
    this.counted = count;
    const taken = count - counted;
    if (taken < 0 || taken > this.reference.clock.now - this.started) return 0;
    this.exceptions += taken;
    return taken;
  }

  get isStuck(): boolean {
    return this.stops > MOST_STOPS || this.isAsleep || this.hasLostVectors;
  }

  /** The vector for instruction aborts is one. */
  private get hasLostVectors(): boolean {
    const { ec, cpu } = this.reference;
    return ec === EC_IABT_LOW + 1 && cpu.far === cpu.elr && isInImage(Number(cpu.elr & 0xffff_ffffn));
  }

  private get reference(): Rig {
    return this.rigs[0]!;
  }

  private get count(): number {
    return Number(BigInt.asUintN(32, this.reference.u64(IMAGE_PA + KNOWN + KNOWS.COUNT)));
  }

  /** To the next alarm, if there is one soon. */
  private sleep(): void {
    const { now, deadline } = this.reference.clock;
    this.isAsleep = deadline > now + LONG;
    if (!this.isAsleep) for (const { clock } of this.rigs) clock.now = deadline;
  }
}

const pageOf = (words: readonly number[], page: number): readonly number[] =>
  words.slice(page * PAGE_WORDS, (page + 1) * PAGE_WORDS);

function solder({ cpu, clock, bus }: Rig): void {
  cpu.hosted = false;
  const attachSysreg = cpu.sysregs.attach.bind(cpu.sysregs);
  const openCounter = cpu.openCounter.bind(cpu);
  new GenericTimer({ clock, attachSysreg, openCounter, virtualIrq: cpu.irqLine, physicalIrq: cpu.fiqLine });
  bus.attach(DEVICE_PA, new Watch(clock));
}

/** What is read says when, and what was written last. */
class Watch implements MmioDevice {
  readonly name = 'watch';
  readonly size = PAGE;
  private readonly clock: Clock;
  private last = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  read(offset: number): number {
    return (this.clock.now * 16 + offset) ^ this.last;
  }

  write(_offset: number, value: number): void {
    this.last = value;
  }
}

/** The CPU may wait for an interrupt: it gets one, and takes it in good time, which is never. */
function wake({ cpu, clock }: Rig): void {
  cpu.regs.pstate = EL1H_MASKED;
  cpu.irqLine.set(true);
  cpu.stopAt = clock.now + 1;
  cpu.run();
  for (const name of ['CNTV_CTL_EL0', 'CNTP_CTL_EL0']) cpu.writeSysreg(name, 0);
}

/** The kernel begins, with these registers. */
function begin({ cpu }: Rig, state: BigUint64Array): void {
  const { regs } = cpu;
  const set = (name: string, value: bigint) =>
    cpu.writeSysreg(name, Number(value & 0xffff_ffffn), Number(value >> 32n));
  set('MAIR_EL1', MAIR);
  set('TCR_EL1', TCR);
  for (const name of ['TTBR0_EL1', 'TTBR1_EL1']) set(name, BigInt(rootOf(0)));
  set('SCTLR_EL1', SCTLR);
  cpu.tlbi('VMALLE1');
  cpu.writeSysreg('OSLAR_EL1', 0);
  cpu.writeSysreg('MDSCR_EL1', 0);
  cpu.x.set(state.subarray(0, 31));
  cpu.x[29] = BigInt(IMAGE + KNOWN) | HIGH;
  cpu.v.set(state.subarray(WORD.V));
  regs.words[STATE.FPCR >>> 2] = Number(state[WORD.FPCR]);
  regs.words[STATE.FPSR >>> 2] = Number(state[WORD.FPSR]);
  cpu.spsr = EL1H_MASKED;
  cpu.elr = BigInt(IMAGE + BEGIN) | HIGH;
  cpu.eret();
}
