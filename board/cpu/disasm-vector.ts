/*
 * board/cpu/disasm-vector.ts - the vector and scalar SIMD&FP operands that syntax columns may name
 *
 * Manual: Arm ARM (DDI 0487), "Structure of the A64 assembler language", "Register names": "SIMD vector register names"
 *
 * Fields that say how a register is seen: S log2 of the element's bytes, Q 128 bits rather than 64, X quadword.
 */
import type { Insn } from './disasm.ts';
import { floatImmediate } from './disasm-fp.ts';

/** `value` is the named field's, 0 when none is named. */
export type Format = (insn: Insn, value: number, field: string) => string;

const SIZES = ['b', 'h', 's', 'd', 'q'];
const letter = (scale: number): string => SIZES[scale] ?? '?';
const sizeOf = (insn: Insn): number => (insn.f.X ? 4 : (insn.f.S ?? 0));
const bytesOf = (insn: Insn): number => (insn.f.Q ? 16 : 8);

const scalar = (n: number, scale: number): string => `${letter(scale)}${n}`;
/** v0.16b: as many elements of 2^scale bytes as there are in `bytes`. */
const vector = (n: number, scale: number, bytes: number): string => `v${n}.${arrangement(scale, bytes)}`;
const arrangement = (scale: number, bytes: number): string => `${bytes >> scale}${letter(scale)}`;

/** By size: {B:d} or {sb:d}, {sbw:d} twice as wide; {Vb:d}, {Vbw:d}; {V4s:d} whatever Q says; an element {b[i]:n}. */
function ofSize(scale: number): [string, Format][] {
  const small = letter(scale);
  const fixed = (bytes: number): [string, Format] => [
    `V${arrangement(scale, bytes)}`,
    (_, n) => vector(n, scale, bytes),
  ];
  return [
    [small.toUpperCase(), (_, n) => scalar(n, scale)],
    [`s${small}`, (_, n) => scalar(n, scale)],
    [`s${small}w`, (_, n) => scalar(n, scale + 1)],
    [`V${small}`, (insn, n) => vector(n, scale, bytesOf(insn))],
    [`V${small}w`, (_, n) => vector(n, scale + 1, 16)],
    [`${small}[i]`, (insn, n) => `v${n}.${small}[${insn.f.i}]`],
    [`${small}[j]`, (insn, n) => `v${n}.${small}[${insn.f.j}]`],
    fixed(8),
    fixed(16),
  ];
}

/** The element of "by element" instructions: h:l:x and m for a halfword, h:l and x:m for a word. */
function indexed(insn: Insn): string {
  const { h = 0, l = 0, x = 0, m = 0, S = 0 } = insn.f;
  return S === 1 ? `v${m}.h[${4 * h + 2 * l + x}]` : `${wordIndexed(insn, 's')}`;
}
function wordIndexed(insn: Insn, what: string): string {
  const { h = 0, l = 0, x = 0, m = 0 } = insn.f;
  return `v${16 * x + m}.${what}[${2 * h + l}]`;
}

/** Right shifts count from the size, which the number's width tells. */
const rightShift = (insn: Insn): string => `#${(1 << (insn.bits.i ?? 0)) - (insn.f.i ?? 0)}`;

/** {v1.16b-v3.16b}; no more than two, or round the corner, one by one. */
function list(first: number, count: number, what: string): string {
  const names = Array.from({ length: count }, (_, i) => `v${(first + i) % 32}.${what}`);
  const range = count > 2 && first + count <= 32;
  return `{${range ? `${names[0]}-${names.at(-1)}` : names.join(', ')}}`;
}

/** The operands of loads and stores of so many registers. */
function structures(count: number): [string, Format][] {
  const whole = (insn: Insn): string => arrangement(sizeOf(insn), bytesOf(insn));
  const index = ({ f, bits }: Insn): number =>
    (((f.q ?? 0) << 1) | (f.s ?? 0)) * 2 ** (bits.z ?? 0) + (f.z ?? 0);
  const single = (what: string): [string, Format] => [
    `list${count}${what}`,
    (insn, t) => `${list(t, count, what)}[${what === 'd' ? insn.f.q : index(insn)}]`,
  ];
  const by =
    (bytes: (insn: Insn) => number): Format =>
    (insn, m) =>
      m === 31 ? `#${bytes(insn)}` : `x${m}`;
  return [
    [`list${count}`, (insn, t) => list(t, count, whole(insn))],
    ...['b', 'h', 's', 'd'].map(single),
    [`post${count}V`, by((insn) => count * bytesOf(insn))],
    [`post${count}S`, by((insn) => count << sizeOf(insn))],
    ...[1, 2, 4, 8].map((e): [string, Format] => [`post${count * e}`, by(() => count * e)]),
  ];
}

// Modified immediates

const imm8 = (insn: Insn): number => 32 * (insn.f.a ?? 0) + (insn.f.h ?? 0);
function imm64(insn: Insn): string {
  const bytes = Array.from({ length: 8 }, (_, i) => ((imm8(insn) >> (7 - i)) & 1 ? 'ff' : '00'));
  return `#0x${bytes.join('').replace(/^0+(?=.)/, '')}`;
}

export const VECTOR_OPERANDS: Readonly<Record<string, Format>> = {
  // By size: B to Q; S, D or Q of a pair; a scalar, and one twice as wide
  BQ: (insn, n) => scalar(n, sizeOf(insn)),
  SDQ: (insn, n) => scalar(n, 2 + (insn.f.S ?? 0)),
  v: (insn, n) => scalar(n, sizeOf(insn)),
  vw: (insn, n) => scalar(n, sizeOf(insn) + 1),

  // Vectors: by S and Q; all 128 bits in elements twice as wide; as many bits in elements twice as wide
  V: (insn, n) => vector(n, sizeOf(insn), bytesOf(insn)),
  Vw: (insn, n) => vector(n, sizeOf(insn) + 1, 16),
  Vp: (insn, n) => vector(n, sizeOf(insn) + 1, bytesOf(insn)),
  DQ: (insn, n) => (insn.f.Q ? vector(n, 3, 16) : scalar(n, 3)),
  XQ: (insn, n) => `${insn.f.Q ? 'x' : 'w'}${n === 31 ? 'zr' : n}`,
  table: (insn, n) => list(n, (insn.f.L ?? 0) + 1, '16b'),

  // Immediates
  '#right': rightShift,
  imm8: (insn) => `#0x${imm8(insn).toString(16)}`,
  imm64,
  fimm8: (insn) => floatImmediate(imm8(insn)),
  lslS: (insn) => (insn.f.S ? `, lsl #${8 * insn.f.S}` : ''),
  mslS: (insn) => `, msl #${insn.f.S ? 16 : 8}`,
  '#bits': (insn) => `#${8 << sizeOf(insn)}`,
  'V[]': indexed,
  'V4b[]': (insn) => wordIndexed(insn, '4b'),
  ...Object.fromEntries([0, 1, 2, 3, 4].flatMap(ofSize)),
  ...Object.fromEntries([1, 2, 3, 4].flatMap(structures)),

  // Suffix of the mnemonic: the upper half of the narrower operand
  '2': (insn) => (insn.f.Q ? '2' : ''),
};
