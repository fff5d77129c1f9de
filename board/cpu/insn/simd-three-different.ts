/*
 * board/cpu/insn/simd-three-different.ts - integer operations whose result is wider or narrower than an operand
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD three different", "Advanced SIMD scalar
 *         three different"
 *
 * S is the size of the narrow side. Widening instructions take the lower or (Q) upper half of their narrow operands.
 */
import type { Builder, Bytes, Fields, Helper, Row, Semantics, VectorBits } from '../builder.ts';
import {
  addSaturating,
  extend,
  type Lanewise,
  multiplyLong,
  odds,
  subSaturating,
  vadd,
  vsub,
  wider,
  withLane,
  ZEROS,
} from '../lanes.ts';
import { add, and, i32, i64, ltu, or, sar, shl, shr, type Value, v128, xor } from '../value.ts';
import { abd, polynomialMultiply } from './simd-three-same.ts';
import { BHS, high, HS, setHalf, SIMD } from './simd.ts';

/** Elements of 2e bytes from the chosen halves of n and m, and perhaps from the old destination. All are let(). */
export type Long = (e: Bytes, n: Value, m: Value, upper: boolean, b: Builder, d: Value) => Value;

const long =
  (operation: Long): Semantics =>
  (b, f) => {
    const e = (1 << f.S) as Bytes;
    const [n, m, d] = [b.let(b.v(f.n)), b.let(b.v(f.m)), b.let(b.v(f.d))];
    b.setV(f.d, operation(e, n, m, high(f), b, d));
  };

/** One element each; beyond it all is zero, and stays so. */
const long_scalar =
  (operation: Long): Semantics =>
  (b, f) => {
    const e = (1 << f.S) as Bytes;
    const [narrow, wide] = [8 * e, 16 * e] as [VectorBits, VectorBits];
    const [n, m, d] = [b.let(b.v(f.n, narrow)), b.let(b.v(f.m, narrow)), b.let(b.v(f.d, wide))];
    b.setV(f.d, operation(e, n, m, false, b, d), wide);
  };

const both_extended =
  (combine: Lanewise, signed: boolean): Long =>
  (e, n, m, upper) =>
    combine(wider(e), extend(e, n, upper, signed), extend(e, m, upper, signed));

const second_extended =
  (combine: Lanewise, signed: boolean): Long =>
  (e, n, m, upper) =>
    combine(wider(e), n, extend(e, m, upper, signed));

/** The difference without its sign is unsigned, whatever the operands are. */
const abdl =
  (signed: boolean): Long =>
  (e, n, m, upper, b, d) =>
    extend(e, b.let(abd(signed)(e, n, m, b, d)), upper, false);

const abal =
  (signed: boolean): Long =>
  (e, n, m, upper, b, d) =>
    vadd(wider(e), d, abdl(signed)(e, n, m, upper, b, d));

export const mull =
  (signed: boolean): Long =>
  (e, n, m, upper) =>
    multiplyLong(e, n, m, upper, signed);

export const mlal =
  (combine: Lanewise, signed: boolean): Long =>
  (e, n, m, upper, _, d) =>
    combine(wider(e), d, multiplyLong(e, n, m, upper, signed));

export const sqdmull: Long = (e, n, m, upper, b) => {
  const product = b.let(multiplyLong(e, n, m, upper, true));
  return addSaturating(b, wider(e), product, product, true);
};

export const sqdmlal: Long = (e, n, m, upper, b, d) =>
  addSaturating(b, wider(e), d, sqdmull(e, n, m, upper, b, d), true);

export const sqdmlsl: Long = (e, n, m, upper, b, d) =>
  subSaturating(b, wider(e), d, sqdmull(e, n, m, upper, b, d), true);

/** The high halves of sums, rounded or not. */
const high_narrow =
  (combine: Lanewise, rounding: boolean): Semantics =>
  (b, f) => {
    const e = (1 << f.S) as Bytes;
    const w = wider(e);
    const exact = combine(w, b.v(f.n), b.v(f.m));
    const sum = b.let(rounding ? vadd(w, exact, halfOfLow(e)) : exact);
    setHalf(b, f, odds(e, sum, sum));
  };
/** The highest bit of the low half: half a unit of the high one. */
const halfOfLow = (e: Bytes): Value =>
  v128(Array.from({ length: 16 }, (_, i) => (i % wider(e) === e - 1 ? 0x80 : 0)));

// Polynomials over {0, 1}: bytes to halfwords, and doublewords to 128 bits

const pmull_bytes: Long = (_, n, m, upper, b) =>
  polynomialMultiply(b, 2, extend(1, n, upper, false), extend(1, m, upper, false));

/** Horner's rule: from the highest coefficient of m down. */
const POLYNOMIAL_64: Helper = {
  name: 'polynomial64',
  params: ['i64', 'i64'],
  result: 'v128',
  body(b, n, m) {
    const [low, above] = [b.variable(i64(0)), b.variable(i64(0))];
    const [rest, steps] = [b.variable(m!), b.variable(i32(0))];
    b.repeat(() => {
      above.set(or(shl(above.get(), 1), shr(low.get(), 63)));
      low.set(xor(shl(low.get(), 1), and(n!, sar(rest.get(), 63))));
      rest.set(shl(rest.get(), 1));
      steps.set(add(steps.get(), 1));
      return ltu(steps.get(), 64);
    });
    return withLane(8, withLane(8, ZEROS, 0, low.get()), 1, above.get());
  },
};

function pmull_doublewords(b: Builder, f: Fields): void {
  const [n, m] = [b.lane(f.n, 8, f.Q), b.lane(f.m, 8, f.Q)];
  b.setV(f.d, b.call(POLYNOMIAL_64, n, m));
}

const LONG = '{Vw:d}, {V:n}, {V:m}';
const WIDE = '{Vw:d}, {Vw:n}, {V:m}';
const NARROW = '{V:d}, {Vw:n}, {Vw:m}';
const SCALAR = '{vw:d}, {v:n}, {v:m}';

/* Fields: S log2 of the bytes of a narrow element, Q the upper half of narrow vectors, d n m the registers. */
// biome-ignore format: columns teach
export const SIMD_THREE_DIFFERENT: readonly Row[] = [
  // Advanced SIMD three different
  ['0Q001110SS1mmmmm000000nnnnnddddd', 'SADDL', long(both_extended(vadd, true)), `saddl{2} ${LONG}`, BHS],
  ['0Q101110SS1mmmmm000000nnnnnddddd', 'UADDL', long(both_extended(vadd, false)), `uaddl{2} ${LONG}`, BHS],
  ['0Q001110SS1mmmmm000100nnnnnddddd', 'SADDW', long(second_extended(vadd, true)), `saddw{2} ${WIDE}`, BHS],
  ['0Q101110SS1mmmmm000100nnnnnddddd', 'UADDW', long(second_extended(vadd, false)), `uaddw{2} ${WIDE}`, BHS],
  ['0Q001110SS1mmmmm001000nnnnnddddd', 'SSUBL', long(both_extended(vsub, true)), `ssubl{2} ${LONG}`, BHS],
  ['0Q101110SS1mmmmm001000nnnnnddddd', 'USUBL', long(both_extended(vsub, false)), `usubl{2} ${LONG}`, BHS],
  ['0Q001110SS1mmmmm001100nnnnnddddd', 'SSUBW', long(second_extended(vsub, true)), `ssubw{2} ${WIDE}`, BHS],
  ['0Q101110SS1mmmmm001100nnnnnddddd', 'USUBW', long(second_extended(vsub, false)), `usubw{2} ${WIDE}`, BHS],
  ['0Q001110SS1mmmmm010000nnnnnddddd', 'ADDHN', high_narrow(vadd, false), `addhn{2} ${NARROW}`, BHS],
  ['0Q101110SS1mmmmm010000nnnnnddddd', 'RADDHN', high_narrow(vadd, true), `raddhn{2} ${NARROW}`, BHS],
  ['0Q001110SS1mmmmm010100nnnnnddddd', 'SABAL', long(abal(true)), `sabal{2} ${LONG}`, BHS],
  ['0Q101110SS1mmmmm010100nnnnnddddd', 'UABAL', long(abal(false)), `uabal{2} ${LONG}`, BHS],
  ['0Q001110SS1mmmmm011000nnnnnddddd', 'SUBHN', high_narrow(vsub, false), `subhn{2} ${NARROW}`, BHS],
  ['0Q101110SS1mmmmm011000nnnnnddddd', 'RSUBHN', high_narrow(vsub, true), `rsubhn{2} ${NARROW}`, BHS],
  ['0Q001110SS1mmmmm011100nnnnnddddd', 'SABDL', long(abdl(true)), `sabdl{2} ${LONG}`, BHS],
  ['0Q101110SS1mmmmm011100nnnnnddddd', 'UABDL', long(abdl(false)), `uabdl{2} ${LONG}`, BHS],
  ['0Q001110SS1mmmmm100000nnnnnddddd', 'SMLAL (vector)', long(mlal(vadd, true)), `smlal{2} ${LONG}`, BHS],
  ['0Q101110SS1mmmmm100000nnnnnddddd', 'UMLAL (vector)', long(mlal(vadd, false)), `umlal{2} ${LONG}`, BHS],
  ['0Q001110SS1mmmmm100100nnnnnddddd', 'SQDMLAL (vector)', long(sqdmlal), `sqdmlal{2} ${LONG}`, HS],
  ['0Q001110SS1mmmmm101000nnnnnddddd', 'SMLSL (vector)', long(mlal(vsub, true)), `smlsl{2} ${LONG}`, BHS],
  ['0Q101110SS1mmmmm101000nnnnnddddd', 'UMLSL (vector)', long(mlal(vsub, false)), `umlsl{2} ${LONG}`, BHS],
  ['0Q001110SS1mmmmm101100nnnnnddddd', 'SQDMLSL (vector)', long(sqdmlsl), `sqdmlsl{2} ${LONG}`, HS],
  ['0Q001110SS1mmmmm110000nnnnnddddd', 'SMULL (vector)', long(mull(true)), `smull{2} ${LONG}`, BHS],
  ['0Q101110SS1mmmmm110000nnnnnddddd', 'UMULL (vector)', long(mull(false)), `umull{2} ${LONG}`, BHS],
  ['0Q001110SS1mmmmm110100nnnnnddddd', 'SQDMULL (vector)', long(sqdmull), `sqdmull{2} ${LONG}`, HS],
  ['0Q001110001mmmmm111000nnnnnddddd', 'PMULL, bytes', long(pmull_bytes), 'pmull{2} {V8h:d}, {Vb:n}, {Vb:m}', SIMD],
  ['0Q001110111mmmmm111000nnnnnddddd', 'PMULL, doublewords', pmull_doublewords, 'pmull{2} {V1q:d}, {Vd:n}, {Vd:m}', SIMD],

  // Advanced SIMD scalar three different
  ['01011110SS1mmmmm100100nnnnnddddd', 'SQDMLAL (scalar)', long_scalar(sqdmlal), `sqdmlal ${SCALAR}`, HS],
  ['01011110SS1mmmmm101100nnnnnddddd', 'SQDMLSL (scalar)', long_scalar(sqdmlsl), `sqdmlsl ${SCALAR}`, HS],
  ['01011110SS1mmmmm110100nnnnnddddd', 'SQDMULL (scalar)', long_scalar(sqdmull), `sqdmull ${SCALAR}`, HS],
];
