/*
 * board/cpu/disasm-vector.ts - the vector and scalar SIMD&FP operands that syntax columns may name
 *
 * Manual: Arm ARM (DDI 0487), "Structure of the A64 assembler language", "Register names": "SIMD vector register names"
 *
 * Fields that say how a register is seen: S log2 of the element's bytes, Q 128 bits rather than 64, X quadword.
 */
import type { Insn } from './disasm.ts';

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

/** Scalars and arrangements of one size: {B:d}, {Vb:d}; {V4s:d} whatever Q says. */
function ofSize(scale: number): [string, Format][] {
  const small = letter(scale);
  const fixed = (bytes: number): [string, Format] => [
    `V${arrangement(scale, bytes)}`,
    (_, n) => vector(n, scale, bytes),
  ];
  return [
    [small.toUpperCase(), (_, n) => scalar(n, scale)],
    [`V${small}`, (insn, n) => vector(n, scale, bytesOf(insn))],
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
  'V[]': indexed,
  'V4b[]': (insn) => wordIndexed(insn, '4b'),
  ...Object.fromEntries([0, 1, 2, 3, 4].flatMap(ofSize)),

  // Suffix of the mnemonic: the upper half of the narrower operand
  '2': (insn) => (insn.f.Q ? '2' : ''),
};
