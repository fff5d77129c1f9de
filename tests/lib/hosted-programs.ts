/*
 * tests/lib/hosted-programs.ts - random user programs, and the kernel around them
 *
 * The kernel is TypeScript, as arch/arm64 is: at exceptions it does what a kernel or a debugger does. Pages are remapped
 * and protected, code is rewritten, address spaces change, interrupts, breakpoints, watchpoints and steps come and go.
 */
import type { AlarmHandle } from '../../board/clock.ts';
import { EXCEPTION_COST, PAUSE } from '../../board/cpu/cpu.ts';
import { STATE } from '../../board/cpu/state.ts';
import { DISTANCE, type Guest } from './engines.ts';
import { WORD } from './oracle.ts';
import { type Random, randomState } from './random-insn.ts';
import { type Program, randomProgram } from './random-program.ts';
import { PTE, RAM, type Rig } from './rig.ts';

const PAGE = 0x1000;
const PAGE_WORDS = PAGE / 4;
/** The program, twice: its pages lie apart from each other in RAM, and can be seen at two addresses. */
const CODE = 0x40_0000;
const CODE_AGAIN = 0x80_0000;
const CODE_PAGES = 5;
const CODE_PA = RAM + 0x2_0000;
const codePa = (page: number): number => CODE_PA + PAGE * ((page * 7 + 3) % 16);
/** Pages that may stand in for one of the program's. */
const SPARE_PA = RAM + 0x6_0000;

const DATA = 0x2000_0000;
const DATA_PA = RAM + 0x10_0000;
const dataPa = (page: number): number => DATA_PA + PAGE * ((page * 5 + 2) % 16);
/** What is special about a page of data; others are read and written. `null` is not mapped. */
const DATA_BITS: Readonly<Record<number, bigint | null>> = { 9: PTE.RDONLY, 10: null, 12: PTE.DEVICE };
const DATA_PAGES = 16;
/** The last page of data is the program's first page of code. */
const ALIAS = 15;

const STEP = 1 << 21; // SPSR_EL1.SS
const EC = { FP: 0x07, STEP: 0x32, BREAKPOINT: 0x30, WATCHPOINT: 0x34, SVC: 0x15 } as const;
const UCI = 1 << 26;
/** Caches may be maintained by programs, and their stack pointers must be aligned. */
const SCTLR = UCI | (1 << 4) | (1 << 14); // UCI, SA0, DZE
const MDE = 1 << 15; // MDSCR_EL1: breakpoints and watchpoints
const NOP = 0xd503_201f;
const FPEN = 3 << 20;
const EL0T_IRQ = 0x480;

/** How often a program is disturbed. Most are, so that anything may come after anything; some can get really hot. */
const TEMPERS = [4, 4, 12, 400] as const;

/** Something that a kernel does: to every CPU the same. */
type Action = (rig: Rig) => void;
type Work = (random: Random, program: Program) => Action;

export class HostedPrograms implements Guest {
  words = 0;
  exceptions = 0;
  readonly isStuck = false;
  readonly hidden = [];
  private readonly random: Random;
  private rigs: readonly Rig[] = [];
  private alarms: readonly AlarmHandle[] = [];
  private program: Program = { words: [], entry: 0, patched: [] };
  private temper = 1;
  private stepping = 0;

  constructor(random: Random) {
    this.random = random;
  }

  powerOn(rigs: readonly Rig[]): void {
    this.rigs = rigs;
    this.alarms = rigs.map(({ clock, cpu }) => clock.alarm(() => cpu.irqLine.set(true)));
    this.all((rig) => {
      rig.mmuOn(SCTLR);
      rig.cpu.writeSysreg('OSLAR_EL1', 0);
    });
  }

  private get reference(): Rig {
    return this.rigs[0]!;
  }

  private all(action: Action): void {
    for (const rig of this.rigs) action(rig);
  }

  /* ---- Programs ---- */

  load(): void {
    const { random } = this;
    this.program = randomProgram(random, CODE_PAGES * PAGE_WORDS);
    this.temper = random.pick(TEMPERS);
    const { words, entry } = this.program;
    this.words += words.length;
    const pages = Array.from({ length: CODE_PAGES }, (_, i) => pageOf(words, i));
    const spare = random.pick(pages).map((word) => (random.below(8) ? word : NOP));
    const data = Array.from({ length: DATA_PAGES * PAGE_WORDS }, () => random.word());
    this.all((rig) => {
      if (rig.cpu.regs.el === 0) enterKernel(rig);
      for (let i = 0; i < DATA_PAGES; i++) rig.write(dataPa(i), pageOf(data, i));
      pages.forEach((page, i) => void rig.write(codePa(i), page));
      rig.write(SPARE_PA, spare);
      repair(rig);
    });
    this.setRegisters();
    this.jump(CODE + 4 * entry);
    this.all(({ cpu }) => cpu.eret());
  }

  private setRegisters(): void {
    const { random } = this;
    const state = randomState(random);
    for (let n = 19; n < 24; n++) state[n] = BigInt(pointer(random));
    state[30] = BigInt(CODE + 4 * this.program.entry);
    const sp = BigInt(DATA + 0x4000 + 16 * random.below(256));
    this.all(({ cpu }) => {
      cpu.x.set(state.subarray(0, 31));
      cpu.v.set(state.subarray(WORD.V));
      cpu.sp_el0 = sp;
      cpu.regs.words[STATE.FPCR >>> 2] = Number(state[WORD.FPCR]);
      cpu.regs.words[STATE.FPSR >>> 2] = Number(state[WORD.FPSR]);
      cpu.spsr = Number(state[WORD.NZCV]) | 0;
    });
  }

  private jump(pc: number): void {
    this.all(({ cpu }) => {
      cpu.elr = BigInt(pc);
    });
  }

  /* ---- From stop to stop ---- */

  /** An interrupt comes soon, or later. */
  beforeRun(): void {
    const { random, alarms } = this;
    const { now } = this.reference.clock;
    const interrupt = now + random.below(6 * DISTANCE);
    if (interrupt < now + DISTANCE) for (const alarm of alarms) alarm.set(interrupt);
  }

  afterRun(vector: number): number {
    if (vector === PAUSE) return 0;
    this.handle(vector);
    return EXCEPTION_COST;
  }

  /** What a kernel does: makes good, goes on behind what faulted or elsewhere; and something for no reason at all. */
  private handle(vector: number): void {
    const { random, program } = this;
    this.exceptions++;
    if (vector === EL0T_IRQ) this.all(({ cpu }) => cpu.irqLine.set(false));
    else this.handleSync(this.reference.ec);
    if (random.below(this.temper) === 0) this.all(random.pick(WORK)(random, program));
    if (random.below(4 * this.temper) === 0) this.stepping = 1 + random.below(12);
    const steps = this.stepping > 0 && this.stepping-- > 0;
    this.all(({ cpu }) => {
      cpu.writeSysreg('MDSCR_EL1', MDE | (steps ? 1 : 0));
      cpu.spsr = steps ? cpu.spsr | STEP : cpu.spsr & ~STEP;
      cpu.eret();
    });
  }

  private handleSync(ec: number): void {
    const { random } = this;
    if (ec === EC.SVC || ec === EC.STEP) return;
    if (ec === EC.FP || ec === EC.BREAKPOINT || ec === EC.WATCHPOINT || random.below(8) === 0)
      this.all(repair);
    if (ec === EC.FP || ec === EC.BREAKPOINT || ec === EC.WATCHPOINT) return;
    if (random.below(4) === 0) this.setRegisters();
    const pc = Number(this.reference.cpu.elr);
    const known = [CODE, CODE_AGAIN].some(
      (base) => pc >= base && pc < base + 4 * this.program.words.length - 4,
    );
    if (known && random.below(8)) return this.jump(pc + 4);
    const word = random.below(2) ? this.program.entry : random.below(this.program.words.length);
    this.jump((random.below(3) ? CODE : CODE_AGAIN) + 4 * word);
  }
}

const pageOf = (words: readonly number[], page: number): number[] =>
  words.slice(page * PAGE_WORDS, (page + 1) * PAGE_WORDS);

/** A stop is no exception, but a kernel can act only after one. */
function enterKernel(rig: Rig): void {
  rig.cpu.stopAt = Infinity;
  rig.cpu.irqLine.set(true);
  rig.cpu.run();
  rig.cpu.irqLine.set(false);
}

/** Everything as a program expects it. */
function repair(rig: Rig): void {
  for (let i = 0; i < CODE_PAGES; i++) {
    rig.map(BigInt(CODE + i * PAGE), codePa(i), PTE.USER | ng(i));
    rig.map(BigInt(CODE_AGAIN + i * PAGE), codePa(i), PTE.USER | ng(i + 1));
  }
  for (let i = 0; i < DATA_PAGES; i++) mapData(rig, i, DATA_BITS[i] ?? (i in DATA_BITS ? null : 0n));
  rig.cpu.tlbi('VMALLE1');
  rig.cpu.writeSysreg('CPACR_EL1', FPEN);
  rig.cpu.writeSysreg('DBGBCR0_EL1', 0);
  rig.cpu.writeSysreg('DBGWCR0_EL1', 0);
}

/** Some pages belong to one address space only. */
const ng = (i: number): bigint => (i % 2 ? PTE.NG : 0n);

function mapData(rig: Rig, page: number, bits: bigint | null): void {
  const va = BigInt(DATA + page * PAGE);
  rig.map(va, page === ALIAS ? codePa(0) : dataPa(page), PTE.USER | PTE.UXN | ng(page) | (bits ?? 0n));
  if (bits === null) rig.unmap(va);
}

/** Into the data; often near the end of a page, seldom in one that is special. */
function pointer(random: Random): number {
  const page = random.below(10) === 0 ? 8 + random.below(8) : 3 + random.below(4);
  const offset = random.below(3) === 0 ? 0xff0 + random.below(16) : 16 * random.below(256);
  return DATA + page * PAGE + offset;
}

const tlbi = (rig: Rig, all: boolean, va: number): void =>
  all ? rig.cpu.tlbi('VMALLE1') : rig.cpu.tlbi('VAAE1', va / PAGE);

/** What a kernel, a debugger or a loader does between two instructions of a program. */
const WORK: readonly Work[] = [
  // Writes an instruction.
  (random, { words, patched }) => {
    const at = random.below(2) && patched.length > 0 ? random.pick(patched) : random.below(words.length);
    const word = random.pick([
      NOP,
      words[at]! ^ (1 << (10 + random.below(12))),
      words[random.below(words.length)]!,
    ]);
    return (rig) => rig.write(codePa(Math.floor(at / PAGE_WORDS)) + 4 * (at % PAGE_WORDS), [word]);
  },
  // Takes rights to a page of data away, or gives them.
  (random) => {
    const page = random.below(DATA_PAGES);
    const bits = random.pick([0n, PTE.RDONLY, null]);
    const all = random.below(2) === 0;
    return (rig) => {
      mapData(rig, page, bits);
      tlbi(rig, all, DATA + page * PAGE);
    };
  },
  // Puts another page of code in the place of one, or one that may not be executed.
  (random) => {
    const page = random.below(CODE_PAGES);
    const pa = random.pick([SPARE_PA, codePa(page), codePa(random.below(CODE_PAGES))]);
    const bits = random.below(4) ? 0n : PTE.UXN;
    const base = random.pick([CODE, CODE_AGAIN]) + page * PAGE;
    const all = random.below(2) === 0;
    return (rig) => {
      rig.map(BigInt(base), pa, PTE.USER | bits);
      tlbi(rig, all, base);
    };
  },
  // Switches address spaces: the tables are the same.
  (random) => {
    const asid = random.below(3);
    return ({ cpu }) => cpu.writeSysreg('TTBR0_EL1', cpu.readSysregHalf('TTBR0_EL1', 0), asid << 16);
  },
  // Takes floating point, or cache maintenance, away until it is asked for.
  () =>
    ({ cpu }) =>
      cpu.writeSysreg('CPACR_EL1', 0),
  (random) => {
    const bits = SCTLR ^ (random.below(2) ? UCI : 0);
    return ({ cpu }) => cpu.writeSysreg('SCTLR_EL1', bits | 1);
  },
  // Sets a breakpoint or a watchpoint.
  (random, { words }) => {
    const at = CODE + 4 * random.below(words.length);
    return ({ cpu }) => {
      cpu.writeSysreg('DBGBVR0_EL1', at);
      cpu.writeSysreg('DBGBCR0_EL1', (0xf << 5) | (2 << 1) | 1);
    };
  },
  (random) => {
    const at = pointer(random) & ~7;
    const kind = 1 + random.below(3);
    return ({ cpu }) => {
      cpu.writeSysreg('DBGWVR0_EL1', at);
      cpu.writeSysreg('DBGWCR0_EL1', (0xff << 5) | (kind << 3) | (2 << 1) | 1);
    };
  },
  // Changes a register, as a debugger.
  (random) => {
    const [n, value] = [random.below(16), random.dword()];
    return ({ cpu }) => {
      cpu.x[n] = value;
      cpu.spsr ^= 1 << 30;
    };
  },
  // Goes on elsewhere, as after a signal.
  (random, { words }) => {
    const pc = random.pick([CODE, CODE_AGAIN]) + 4 * random.below(words.length);
    return ({ cpu }) => {
      cpu.elr = BigInt(pc);
    };
  },
];
