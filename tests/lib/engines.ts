/*
 * tests/lib/engines.ts - random programs on two CPUs that differ in nothing but the engine, side by side
 *
 * `npx tsx tests/lib/engines.ts PROGRAMS SEED THRESHOLD` runs many. A program is a page of random instructions from the
 * table with branches into each other; each of its exceptions is a point where the two are compared, and the start of
 * another piece with other registers.
 */
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { A64 } from '../../board/cpu/a64.ts';
import { Disassembler } from '../../board/cpu/disasm.ts';
import { STATE } from '../../board/cpu/state.ts';
import { Random, randomCase, randomState } from './random-insn.ts';
import { PTE, RAM, Rig } from './rig.ts';

const CODE = 0x40_0000n;
const CODE_PA = RAM;
const CODE_WORDS = 1024;
const DATA = 0x2000_0000;
const DATA_PA = RAM + 0x1_0000;
const DATA_PAGES = 16;
const PIECES = 24;
/** Instructions of a piece: enough for its loops to become hot. */
const PIECE = 400;

const disassembler = new Disassembler(A64);
const INTEGER = A64.filter((row) => !row[4]?.fp);

function machine(options: ConstructorParameters<typeof Rig>[0]): Rig {
  const rig = new Rig(options);
  rig.mmuOn();
  rig.cpu.writeSysreg('CPACR_EL1', 3 << 20);
  rig.map(CODE, CODE_PA, PTE.USER);
  for (let i = 0; i < DATA_PAGES; i++)
    rig.map(BigInt(DATA + i * 0x1000), DATA_PA + i * 0x1000, PTE.USER | PTE.UXN);
  return rig;
}

export class Engines {
  private readonly rigs: readonly [Rig, Rig];
  private readonly random: Random;
  instructions = 0;

  constructor(seed: number, threshold: number) {
    this.random = new Random(seed);
    this.rigs = [machine({}), machine({ engine: 'translator', threshold })];
  }

  /** Runs one more program on both. Returns what differs, with the listing around it. */
  program(): string | undefined {
    const { random } = this;
    const words = Array.from({ length: CODE_WORDS }, (_, i) => {
      const row = random.pick(random.below(3) ? INTEGER : A64);
      return randomCase(random, row, i).insn;
    });
    for (const rig of this.rigs) this.load(rig, words);
    for (let piece = 0; piece < PIECES; piece++) {
      const start = random.below(CODE_WORDS);
      const state = this.registers();
      const [expected, actual] = this.rigs.map((rig) => run(rig, start, state));
      this.instructions += PIECE;
      const differs = expected!.findIndex((line, i) => line !== actual![i]);
      if (differs >= 0)
        return `${expected![differs]}\n${actual![differs]}\nfrom ${start}\n${listing(words, start)}`;
    }
    return undefined;
  }

  /* Written by somebody other than the CPU: as a kernel does. */
  private load(rig: Rig, words: readonly number[]): void {
    rig.bus.touch(CODE_PA - RAM);
    rig.code(CODE_PA, words);
  }

  /** Most registers point into the data. */
  private registers(): BigUint64Array {
    const { random } = this;
    const state = randomState(random);
    for (let n = 0; n < 31; n++) {
      if (random.below(3) === 0) continue;
      const near = random.below(4) === 0 ? random.below(32) - 16 : random.below(0x1000);
      state[n] = BigInt(DATA + 0x8000 + near * (random.below(2) ? 8 : 1));
      if (random.below(8) === 0) state[n] = CODE + BigInt(4 * random.below(CODE_WORDS));
    }
    return state;
  }
}

/** From instruction `start` to an exception or the end of the piece; what can be seen then. */
function run(rig: Rig, start: number, state: BigUint64Array): string[] {
  const { cpu, clock } = rig;
  cpu.x.set(state.subarray(0, 31));
  cpu.sp_el0 = BigInt(DATA + 0x8000);
  cpu.v.set(state.subarray(36, 100));
  cpu.regs.words[STATE.FPCR >>> 2] = Number(state[34]);
  cpu.regs.words[STATE.FPSR >>> 2] = Number(state[35]);
  const from = clock.now;
  cpu.stopAt = from + PIECE;
  rig.enter(CODE + BigInt(4 * start), Number(state[33]));
  const vector = cpu.run();
  const stopped = vector < 0;
  const memory = Buffer.from(rig.view.buffer, rig.view.byteOffset, 0x2_0000);
  const lines = [
    `${vector} after ${clock.now - from}`,
    `pc ${(stopped ? cpu.pc : cpu.elr).toString(16)} spsr ${stopped ? cpu.regs.words[STATE.NZCV >>> 2]! >>> 28 : cpu.spsr}`,
    `esr ${stopped ? 0 : cpu.esr} far ${stopped ? 0 : cpu.far}`,
    ...Array.from(cpu.x, (x, n) => `x${n} ${x.toString(16)}`),
    ...Array.from(cpu.v, (v, n) => `v${n >> 1} ${v.toString(16)}`),
    `sp ${cpu.regs.dwords[STATE.SP >>> 3]}`,
    `fpsr ${cpu.regs.words[STATE.FPSR >>> 2]}`,
    `memory ${hash(memory)}`,
  ];
  if (stopped) leaveForEl1(rig);
  return lines;
}

/** A pause is no exception: EL1 has to be reached somehow before the next eret(). */
function leaveForEl1(rig: Rig): void {
  rig.cpu.stopAt = Infinity;
  rig.cpu.irqLine.set(true);
  rig.cpu.regs.daif = 0;
  rig.cpu.run();
  rig.cpu.irqLine.set(false);
}

function hash(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 4) sum = (Math.imul(sum, 31) + bytes.readInt32LE(i)) | 0;
  return sum;
}

const listing = (words: readonly number[], start: number): string =>
  words
    .slice(start, start + 24)
    .map((word, i) => `  ${4 * (start + i)}: ${disassembler.text(word, 4 * (start + i))}`)
    .join('\n');

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const [programs = 50, seed = 1, threshold = 1] = argv.slice(2).map(Number);
  const engines = new Engines(seed, threshold);
  for (let i = 0; i < programs; i++) {
    const complaint = engines.program();
    if (!complaint) continue;
    console.log(`program ${i} of seed ${seed}:\n${complaint}`);
    break;
  }
  console.log(`${engines.instructions} instructions at most`);
}
