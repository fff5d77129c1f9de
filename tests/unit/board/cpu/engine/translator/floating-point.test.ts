/*
 * tests/unit/board/cpu/engine/translator/floating-point.test.ts - translated code computes what the interpreter computes
 *
 * The interpreter is compared with QEMU elsewhere (tests/cpu). Here every instruction runs in a loop over random numbers,
 * translated in one mode: what that mode makes likely is in the code, all else is a surprise. Result and flags must be
 * the interpreter's, from both kinds of code: that which leaves surprises to the interpreter, and that which does not.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PAUSE } from '../../../../../../board/cpu/cpu.ts';
import type { EngineOptions } from '../../../../../../board/cpu/engine/engine.ts';
import { FPCR, FPSR } from '../../../../../../board/cpu/fp/status.ts';
import { STATE } from '../../../../../../board/cpu/state.ts';
import { assembleAll } from '../../../../../lib/asm.ts';
import { RandomFloats } from '../../../../../lib/random-float.ts';
import { Random } from '../../../../../lib/random-insn.ts';
import { PTE, RAM, Rig } from '../../../../../lib/rig.ts';

const NUMBERS = 0x1000n;
const RESULTS = 0x2000n;
const NUMBERS_PA = RAM + 0x1_0000;
const RESULTS_PA = RAM + 0x2_0000;
/** Iterations of the loop, and how often it is entered. */
const LENGTH = 3;
const ENTRIES = Number(process.env.ENTRIES ?? 60);
/** As they lie in memory. */
const bits = ({ buffer }: Float64Array | Float32Array): bigint =>
  new BigUint64Array(buffer as ArrayBuffer)[0]!;
/** They raise nothing, so that the mode stays what it is. */
const ZEROS = new Array<bigint>(6 * LENGTH).fill(0n);
/** Quiet ones of all sizes. */
const NANS = new Array<bigint>(6 * LENGTH).fill(0x7ff8_0000_7fc0_0000n);
const TRANSLATOR: EngineOptions = { engine: 'translator', threshold: 2 };

const scalars = [
  'fadd',
  'fsub',
  'fmul',
  'fdiv',
  'fnmul',
  'fabd',
  'fmulx',
  'fmax',
  'fminnm',
  'fcmgt',
  'facge',
];
const vectors = [
  'fadd',
  'fsub',
  'fmul',
  'fdiv',
  'fabd',
  'fmulx',
  'fmin',
  'fmaxnm',
  'fcmge',
  'fmla',
  'fmls',
  'faddp',
];
const fused = ['fmadd', 'fmsub', 'fnmadd', 'fnmsub'];
const shapes = ['2d', '4s', '2s'];
const texts = [
  ...scalars.flatMap((name) => ['d', 's'].map((r) => `${name} ${r}3, ${r}0, ${r}1`)),
  ...fused.flatMap((name) => ['d', 's'].map((r) => `${name} ${r}3, ${r}0, ${r}1, ${r}2`)),
  ...vectors.flatMap((name) => shapes.map((s) => `${name} v3.${s}, v0.${s}, v1.${s}`)),
  ...['fsqrt', 'fneg', 'fabs', 'fmov'].flatMap((name) => ['d', 's'].map((r) => `${name} ${r}3, ${r}0`)),
  ...shapes.map((s) => `fsqrt v3.${s}, v0.${s}`),
  ...['fmul v3.2d, v0.2d, v1.d[1]', 'fmla v3.4s, v0.4s, v1.s[2]', 'fmul d3, d0, v1.d[1]', 'faddp d3, v0.2d'],
  ...['fcvt d3, s0', 'fcvt s3, d0', 'scvtf s3, s0', 'ucvtf d3, d0', 'fcvtzs d3, d0', 'fcvtzu s3, s0'],
  ...['scvtf d3, x4', 'scvtf s3, w4', 'ucvtf d3, w4', 'fmov d3, x4', 'fmov d3, #1.5'].map(
    (i) => `fmov x4, d0; ${i}`,
  ),
  ...['fcvtzs x4, d0', 'fcvtzu w4, s0', 'fcvtns w4, d0', 'fmov w4, s0'].map((i) => `${i}; fmov d3, x4`),
  'fcmp d0, d1',
  ...['fcmp d0, d1', 'fcmpe s0, s1', 'fcmp d0, #0.0', 'fcmp d0, d1; fccmpe d0, d2, #4, ge'].flatMap((i) =>
    ['eq', 'cs', 'mi', 'vs', 'hi', 'ge', 'gt'].map((c) => `${i}; cset x4, ${c}; fmov d3, x4`),
  ),
  // Flags that are looked at, or left behind, as they were set.
  ...['hi', 'ls', 'ge', 'le', 'vc', 'pl', 'cc', 'ne'].map(
    (c) => `fmov x4, d0; msr nzcv, x4; cset x5, ${c}; adcs x4, x4, x5; cset x5, ${c}; fmov d3, x5`,
  ),
  ...[
    'fcmp s0, s1',
    'fcmp d0, d1; fccmp d1, d2, #3, gt',
    'fcmp d0, d1; b.lt 2f; fadd d3, d0, d1; 2: fcmp d1, d0',
  ],
  // Registers that are now a number, now a vector, and those that keep something above the number.
  ...['fadd d3, d0, d1; fadd v3.2d, v3.2d, v2.2d; fadd d3, d3, d1', 'fadd s3, s0, s1; fadd d3, d3, d1'],
  ...[
    'fadd v3.4s, v0.4s, v1.4s; fmul d3, d3, d1; mov v3.d[1], v0.d[0]',
    'fcsel d3, d0, d1, ne',
    'mov v3.s[1], v0.s[0]',
  ],
  ...[
    'ldr q3, [x1]; fadd d0, d3, d1; add v3.2d, v3.2d, v0.2d',
    'ldr b3, [x1]; fadd d3, d3, d0',
    'fmov v3.d[1], x1',
  ],
  ...[
    'fadd d0, d0, d3; fadd v3.2d, v0.2d, v3.2d; fadd s3, s3, s0',
    'tbz w0, #0, 2f; fadd d3, d3, d0; 2: fadd s3, s3, s1',
  ],
];
const LOADS = 'ldp q0, q1, [x1]; ldr q2, [x1, #32]; add x1, x1, #48';
const code = assembleAll(
  Object.fromEntries(
    texts.map((text) => [
      text,
      `1: ${LOADS}; ${text}; str q3, [x2], #16; sub x0, x0, #1; cbnz x0, 1b; svc #0`,
    ]),
  ),
);

type Mode = readonly [control: number, status: number];
const MODES: readonly Mode[] = [
  [0, 0],
  [0, FPSR.IXC],
  [FPCR.FZ, FPSR.IXC],
  [FPCR.RMODE, FPSR.IXC],
  [FPCR.DN, 0],
];

/** All numbers of an entry: of any kind, whole numbers, or zeros and ones. */
function numbers(random: Random): bigint[] {
  const floats = new RandomFloats(random);
  const kind = random.below(5);
  const scales = random.pick(SCALES);
  const next = [
    () => floats.dword(),
    () => double(random),
    () => singles(random),
    () => random.pick(SMALL),
    () => random.pick(scales),
  ][kind]!;
  return Array.from({ length: 6 * LENGTH }, next);
}

/** Powers of two, what is nearly one, and numbers with all their bits: in double precision, and in single precision. */
const SCALES = [
  [2 ** 55 - 8, 1 / 3, 4, 1.5, 2 ** -20].map((n) => bits(Float64Array.of(n))),
  [2 ** 25 - 2, 1 / 3, 4, 1.5, 2 ** -20].map((n) => bits(Float32Array.of(n, 2))),
];
/** 0, -0, 1, -1 in double precision, and in single precision. */
const SMALL = [
  0n,
  0x8000_0000_0000_0000n,
  0x3ff0n << 48n,
  0xbff0n << 48n,
  0x8000_0000n,
  0x3f80_0000_bf80_0000n,
];
/** Of about half as many bits as there are in a significand: products are just exact, or just not. */
const double = (random: Random): bigint => bits(Float64Array.of(whole(random, 24)));
const singles = (random: Random): bigint => bits(Float32Array.of(whole(random, 10), whole(random, 10)));
const whole = (random: Random, least: number): number =>
  (random.word() >>> (32 - least - random.below(5))) / 2 ** random.below(4);

/** Every text on a page of its own. */
const codeOf = (text: string): number => 0x10_0000 + 0x1000 * texts.indexOf(text);

function machine(options: EngineOptions): Rig {
  const rig = new Rig(options);
  rig.mmuOn();
  rig.cpu.writeSysreg('CPACR_EL1', 3 << 20);
  rig.map(NUMBERS, NUMBERS_PA, PTE.USER);
  rig.map(RESULTS, RESULTS_PA, PTE.USER);
  for (const text of texts) {
    rig.map(BigInt(codeOf(text)), RAM + codeOf(text), PTE.USER);
    rig.code(RAM + codeOf(text), code[text]!);
  }
  return rig;
}

function enter(rig: Rig, text: string, list: readonly bigint[], [control, status]: Mode): void {
  const { cpu } = rig;
  list.forEach((number, i) => void rig.setU64(NUMBERS_PA + 8 * i, number));
  cpu.writeSysreg('FPCR', control);
  cpu.writeSysreg('FPSR', status);
  cpu.x.set([BigInt(LENGTH), NUMBERS, RESULTS]);
  rig.enter(codeOf(text));
}

/** What the loop leaves behind. */
function results(rig: Rig): string {
  rig.cpu.run();
  const words = Array.from({ length: 2 * LENGTH }, (_, i) => rig.u64(RESULTS_PA + 8 * i).toString(16));
  const registers = [...rig.cpu.v.subarray(0, 8)].map((v) => v.toString(16));
  return `${words} ${registers} ${rig.cpu.readSysregHalf('FPSR', 0).toString(16)} ${rig.cpu.x[4]} ${rig.cpu.spsr >>> 28}`;
}

/** Makes a machine translate the text in a mode. */
type Preparation = (rig: Rig, text: string, mode: Mode, list: readonly bigint[]) => void;

const warmUp: Preparation = (rig, text, mode, list) => {
  for (let i = 0; i < 4; i++) {
    enter(rig, text, list, mode);
    rig.cpu.run();
  }
};

/** Nothing but NaNs, until that is no surprise any more: where time is up the translator looks (Translator.sample). */
const surprise: Preparation = (rig, text, mode, list) => {
  warmUp(rig, text, mode, list);
  for (let i = 0; i < 400; i++) {
    enter(rig, text, NANS, mode);
    rig.cpu.run();
  }
  for (let instructions = 2; instructions < 10; instructions++) {
    enter(rig, text, list, mode);
    rig.cpu.stopAt = rig.clock.now + instructions;
    assert.is(rig.cpu.run(), PAUSE);
    rig.cpu.stopAt = Infinity;
    rig.cpu.run();
  }
  warmUp(rig, text, mode, list);
};

const surprises = (rig: Rig): number => new Uint32Array(rig.bus.memory.buffer)[STATE.SURPRISES >>> 2]!;

/** What the two machines do not agree on. */
function compare(text: string, mode: Mode, fast: Rig, slow: Rig): string[] {
  const random = new Random(20261121 + text.length);
  slow.cpu.v.set(fast.cpu.v);
  slow.cpu.x.set(fast.cpu.x);
  const found: string[] = [];
  for (let i = 0; i < ENTRIES; i++) {
    const list = numbers(random);
    const now = i % 8 === 7 ? random.pick(MODES) : mode;
    for (const rig of [fast, slow]) enter(rig, text, list, now);
    const [ours, theirs] = [results(fast), results(slow)];
    if (ours !== theirs) found.push(`${text} in ${now}: ${ours} instead of ${theirs}`);
  }
  return found;
}

function disagreements(mode: Mode, prepare: Preparation): string[] {
  const [fast, slow] = [machine(TRANSLATOR), machine({})];
  return texts.flatMap((text) => {
    prepare(fast, text, mode, ZEROS);
    return compare(text, mode, fast, slow);
  });
}

for (const mode of MODES)
  test(`translated in mode ${mode}, instructions do what the interpreter does`, () => {
    assert.equal(disagreements(mode, warmUp), []);
  });

test('so they do after many surprises', () => {
  assert.equal(disagreements([0, FPSR.IXC], surprise), []);
});

test('code with many surprises is translated anew, and none is left to the interpreter', () => {
  const rig = machine(TRANSLATOR);
  for (const text of ['fadd d3, d0, d1', 'fmul v3.4s, v0.4s, v1.4s', 'fcmp d0, d1']) {
    surprise(rig, text, [0, FPSR.IXC], NANS);
    const before = surprises(rig);
    enter(rig, text, NANS, [0, FPSR.IXC]);
    rig.cpu.run();
    assert.is(surprises(rig), before);
  }
});

test.run();
