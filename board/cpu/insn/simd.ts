/*
 * board/cpu/insn/simd.ts - what the rows of Advanced SIMD share: how an operation on vectors becomes an instruction
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Data Processing -- Scalar Floating-Point and Advanced SIMD"
 *
 * An operation says what becomes of elements of e bytes, whatever their number. The vector form applies it to 64 or 128
 * bits (Q), the scalar form to one element, the form by element to a vector of copies of that element.
 */
import type { Attributes, Builder, Bytes, Fields, Row, Semantics, VectorBits } from '../builder.ts';
import { lowHalves } from '../lanes.ts';
import type { Value } from '../value.ts';

/** Two operands, let(); an operation that accumulates sees the old destination too, which is not. */
export type Operation = (e: Bytes, n: Value, m: Value, b: Builder, d: Value) => Value;
/** One operand. */
export type Unary = (e: Bytes, n: Value, b: Builder, d: Value) => Value;

/** How much of the registers an instruction is about, and in what pieces. */
interface Shape {
  readonly e: Bytes;
  readonly bits: VectorBits;
}

/** By the fields S, log2 of the bytes of an element, and Q. */
export const vector = (f: Fields): Shape => ({ e: (1 << f.S) as Bytes, bits: f.Q ? 128 : 64 });
export const scalar = (f: Fields): Shape => ({ e: (1 << f.S) as Bytes, bits: (8 << f.S) as VectorBits });

/** Three registers of one shape. */
export const three =
  (operation: Operation, shape = vector): Semantics =>
  (b, f) => {
    const { e, bits } = shape(f);
    const [n, m] = [b.let(b.v(f.n, bits)), b.let(b.v(f.m, bits))];
    b.setV(f.d, operation(e, n, m, b, b.v(f.d, bits)), bits);
  };

/** Two. */
export const two =
  (operation: Unary, shape = vector): Semantics =>
  (b, f) => {
    const { e, bits } = shape(f);
    const n = b.let(b.v(f.n, bits));
    b.setV(f.d, operation(e, n, b, b.v(f.d, bits)), bits);
  };

/** Narrow results go into the lower half of Vd and clear the rest, or (Q) into the upper half and leave the lower. */
export function setHalf(b: Builder, f: Fields, v: Value): void {
  if (f.Q) b.setV(f.d, lowHalves(b.v(f.d), v));
  else b.setV(f.d, v, 64);
}

/** The suffix 2 of what takes or fills upper halves. */
export const high = (f: Fields): boolean => f.Q === 1;

/**
 * Rows for each element size, where a run of bits holds the size (the position of a one) and a number: seven bits that
 * begin with zeros for shifts, five that end with them for indices. In a pattern that run is written IIIIIII or IIIII;
 * in the syntax % is the letter of the size.
 */
export function forSizes(
  sizes: readonly Bytes[],
  [pattern, title, semantics, syntax, attributes]: readonly [
    pattern: string,
    title: string,
    semantics: (e: Bytes) => Semantics,
    syntax: string,
    attributes?: (e: Bytes) => Attributes,
  ],
): Row[] {
  return sizes.map((e) => {
    const filled = pattern.replace('IIIIIII', SHIFT_BITS[e]).replace('IIIII', INDEX_BITS[e]);
    const letter = LETTERS[e];
    const text = syntax.replaceAll('%', letter);
    return [filled, `${title}, ${letter.toUpperCase()}`, semantics(e), text, attributes?.(e) ?? SIMD];
  });
}
const SHIFT_BITS: Readonly<Record<Bytes, string>> = {
  1: '0001iii',
  2: '001iiii',
  4: '01iiiii',
  8: '1iiiiii',
};
const INDEX_BITS: Readonly<Record<Bytes, string>> = { 1: 'iiii1', 2: 'iii10', 4: 'ii100', 8: 'i1000' };
const LETTERS: Readonly<Record<Bytes, string>> = { 1: 'b', 2: 'h', 4: 's', 8: 'd' };

export const ALL_SIZES: readonly Bytes[] = [1, 2, 4, 8];
export const NARROW_SIZES: readonly Bytes[] = [1, 2, 4];

// Attributes. What `when` leaves out is reserved.

export const SIMD = { fp: true, cold: true } as const satisfies Attributes;

/** Two doublewords, or any number of smaller elements. */
export const sizedVector = (e: Bytes): Attributes => (e === 8 ? { ...SIMD, when: (f) => f.Q === 1 } : SIMD);
/** The 64 bits of one doubleword are no vector. */
const isVector = (f: { S: number; Q: number }): boolean => f.S < 3 || f.Q === 1;
/** Every element size. */
export const BHSD: Attributes = { ...SIMD, when: isVector };
export const BHS: Attributes = { ...SIMD, when: (f) => f.S < 3 };
export const HS: Attributes = { ...SIMD, when: (f) => f.S === 1 || f.S === 2 };
export const ONLY_S: Attributes = { ...SIMD, when: (f) => f.S === 2 };
export const ONLY_D: Attributes = { ...SIMD, when: (f) => f.S === 3 };
