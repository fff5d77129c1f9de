/*
 * board/cpu/insn/simd-floating-point-misc.ts - floating-point operations on one vector
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD two-register miscellaneous", "Advanced SIMD
 *         two-register miscellaneous (FP16)", their scalar forms, "Advanced SIMD across lanes", "Advanced SIMD scalar
 *         pairwise", "Advanced SIMD shift by immediate"
 * Absent: FRINT32 and FRINT64, BFCVTN: not announced
 */
import type { Attributes, Builder, Fields, Row, Semantics } from '../builder.ts';
import { FixedToFP, FPConvert, FPConvertToOdd, FPRoundInt, FPToFixed } from '../fp/convert.ts';
import {
  eachElement,
  element,
  integerElement,
  lengthOf,
  setScalar,
  vectorFormat,
  vectorOf,
} from '../fp/element.ts';
import {
  FPRecipEstimate,
  FPRecpX,
  FPRSqrtEstimate,
  unsignedRecipEstimate,
  unsignedRSqrtEstimate,
} from '../fp/estimate.ts';
import { DOUBLE, type Format, HALF, type PerFormat, SINGLE } from '../fp/format.ts';
import { onScalars, type Operation } from '../fp/operation.ts';
import {
  ABS,
  ADD,
  EQ,
  FROM_SIGNED,
  FROM_UNSIGNED,
  GE,
  GT,
  LE,
  LT,
  MAX,
  MAXNM,
  MIN,
  MINNM,
  NEG,
  SQRT,
  TO_SIGNED,
  TO_UNSIGNED,
} from '../fp/operations.ts';
import { ROUNDING, roundingMode } from '../fp/status.ts';
import { lane } from '../lanes.ts';
import { add, concat, i32, sub, type Value, wrap, zext } from '../value.ts';
import {
  type Element,
  FP,
  FP_VECTOR,
  scalar,
  scalar_of_one,
  scalar_of_two,
  vector,
  vector_of_one,
  vector_of_two,
  zero,
} from './simd-floating-point.ts';

const x = (b: Builder, f: Fields, format: Format, i: Value | number): Value => element(b, format, f.n, i);

// Estimates

const unary =
  (helper: PerFormat): Element =>
  (b, f, format, i) =>
    b.call(helper[format.name], x(b, f, format, i));

/** Not numbers, but 32-bit fractions. */
const fraction =
  (operation: (b: Builder, v: Value) => Value): Element =>
  (b, f, format, i) =>
    zext(operation(b, b.let(wrap(x(b, f, format, i)))));

// Rounding and conversion. The mode is fixed, or in bits 12 and 23 as FPCR has it.

type Mode = (b: Builder, f: Fields) => Value;
const encoded: Mode = (_, f) => concat(f.r, f.a);
const away: Mode = () => i32(ROUNDING.TIEAWAY);
const toZero: Mode = () => i32(ROUNDING.ZERO);

const round_integral =
  (mode: Mode, exact = false): Element =>
  (b, f, format, i) =>
    b.call(FPRoundInt[format.name], x(b, f, format, i), mode(b, f), i32(Number(exact)));

/** Bits of a fixed-point number's fraction; s is those of an element minus that. */
type Fraction = (f: Fields, format: Format) => Value;
const none: Fraction = () => i32(0);
const encodedFraction: Fraction = (f, format) => sub(i32(format.bits), f.s);

const to_integer =
  (signed: boolean, mode: Mode, fractionBits = none): Element =>
  (b, f, format, i) =>
    FPToFixed(
      b,
      format,
      x(b, f, format, i),
      { bits: format.bits, signed },
      fractionBits(f, format),
      mode(b, f),
    );

const from_integer =
  (signed: boolean, fractionBits: Fraction): Element =>
  (b, f, format, i) => {
    const n = signed ? integerElement(b, format, f.n, i) : x(b, f, format, i);
    return FixedToFP(b, format, n, signed, fractionBits(f, format));
  };

// Conversion between formats: P is the larger one, single or double. Q: the upper half of the smaller ones.

const smaller = (f: Fields): Format => (f.P ? SINGLE : HALF);

const fcvtl: Semantics = (b, f) => {
  const [from, to] = [smaller(f), vectorFormat(f)];
  const first = f.Q ? 128 / to.bits : 0;
  const value = eachElement(b, { format: to, bits: 128 }, (i) =>
    b.call(FPConvert[to.name][from.name], element(b, from, f.n, add(i, first))),
  );
  b.setV(f.d, value);
};

const narrow =
  (convert: (b: Builder, to: Format, from: Format, v: Value) => Value): Semantics =>
  (b, f) => {
    const [from, to] = [vectorFormat(f), smaller(f)];
    const value = eachElement(b, { format: to, bits: 64 }, (i) =>
      convert(b, to, from, element(b, from, f.n, i)),
    );
    if (f.Q) b.setLane(f.d, 8, 1, lane(8, value, 0));
    else b.setV(f.d, value, 64);
  };

const fcvtn = narrow((b, to, from, v) => b.call(FPConvert[to.name][from.name], v));
const fcvtxn = narrow((b, _to, _from, v) => b.call(FPConvertToOdd.d, v));

function fcvtxn_scalar(b: Builder, f: Fields): void {
  setScalar(b, SINGLE, f.d, b.call(FPConvertToOdd.d, element(b, DOUBLE, f.n)));
}

// Reductions: halves first, so that the first NaN is found where the manual finds it.

function reduce(b: Builder, f: Fields, operation: Operation, first: number, count: number): Value {
  const format = vectorFormat(f);
  if (count === 1) return element(b, format, f.n, first);
  const low = reduce(b, f, operation, first, count / 2);
  const high = reduce(b, f, operation, first + count / 2, count / 2);
  return b.call(operation.helper[format.name], low, high);
}

const across =
  (operation: Operation): Semantics =>
  (b, f) =>
    setScalar(b, vectorFormat(f), f.d, reduce(b, f, operation, 0, lengthOf(vectorOf(f))));

const pair =
  (operation: Operation): Semantics =>
  (b, f) => {
    const format = vectorFormat(f);
    const operands = [element(b, format, f.n, 0), element(b, format, f.n, 1)];
    setScalar(b, format, f.d, onScalars(b, operation, format, operands));
  };

const ONLY_SINGLE: Attributes = { ...FP, when: (f) => f.P === 0 };
const ONLY_DOUBLE: Attributes = { ...FP, when: (f) => f.P === 1 };
/** One double is no vector. */
const TWO: Attributes = { ...FP, when: (f) => f.Q === 1 };
/** Only single precision has enough elements. */
const FOUR: Attributes = { ...FP, when: (f) => f.P === 0 && f.Q === 1 };

/* Fields: P single or double (none: half), Q 128 bits, r and a the rounding mode, s 64 less the bits of a fraction. */
// biome-ignore format: columns teach
export const SIMD_FP_MISC: readonly Row[] = [
  // Advanced SIMD two-register miscellaneous
  ['0Q001110aP100001100r10nnnnnddddd', 'FRINTN, FRINTM, FRINTP, FRINTZ (vector)', vector(round_integral(encoded)), 'frint{mode} {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q0011101P100001101110nnnnnddddd', 'FCVTZS (vector, integer)', vector_of_one(TO_SIGNED), 'fcvtzs {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q001110aP100001101r10nnnnnddddd', 'FCVTNS, FCVTMS, FCVTPS (vector)', vector(to_integer(true, encoded)), 'fcvt{mode}s {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q0011100P100001110010nnnnnddddd', 'FCVTAS (vector)', vector(to_integer(true, away)), 'fcvtas {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q0011100P100001110110nnnnnddddd', 'SCVTF (vector, integer)', vector_of_one(FROM_SIGNED), 'scvtf {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q0011101P100000110010nnnnnddddd', 'FCMGT (vector, zero)', vector_of_two(GT, zero), 'fcmgt {Vf:d}, {Vf:n}, #0.0', FP_VECTOR],
  ['0Q0011101P100000110110nnnnnddddd', 'FCMEQ (vector, zero)', vector_of_two(EQ, zero), 'fcmeq {Vf:d}, {Vf:n}, #0.0', FP_VECTOR],
  ['0Q0011101P100000111010nnnnnddddd', 'FCMLT (vector, zero)', vector_of_two(LT, zero), 'fcmlt {Vf:d}, {Vf:n}, #0.0', FP_VECTOR],
  ['0Q0011101P100000111110nnnnnddddd', 'FABS (vector)', vector_of_one(ABS), 'fabs {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q0011101P100001110110nnnnnddddd', 'FRECPE (vector)', vector(unary(FPRecipEstimate)), 'frecpe {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011100P100001100010nnnnnddddd', 'FRINTA (vector)', vector(round_integral(away)), 'frinta {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011100P100001100110nnnnnddddd', 'FRINTX (vector)', vector(round_integral(roundingMode, true)), 'frintx {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011101P100001101110nnnnnddddd', 'FCVTZU (vector, integer)', vector_of_one(TO_UNSIGNED), 'fcvtzu {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q101110aP100001101r10nnnnnddddd', 'FCVTNU, FCVTMU, FCVTPU (vector)', vector(to_integer(false, encoded)), 'fcvt{mode}u {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011100P100001110010nnnnnddddd', 'FCVTAU (vector)', vector(to_integer(false, away)), 'fcvtau {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011100P100001110110nnnnnddddd', 'UCVTF (vector, integer)', vector_of_one(FROM_UNSIGNED), 'ucvtf {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011101P100000110010nnnnnddddd', 'FCMGE (vector, zero)', vector_of_two(GE, zero), 'fcmge {Vf:d}, {Vf:n}, #0.0', FP_VECTOR],
  ['0Q1011101P100000110110nnnnnddddd', 'FCMLE (vector, zero)', vector_of_two(LE, zero), 'fcmle {Vf:d}, {Vf:n}, #0.0', FP_VECTOR],
  ['0Q1011101P100000111110nnnnnddddd', 'FNEG (vector)', vector_of_one(NEG), 'fneg {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011101P100001100110nnnnnddddd', 'FRINTI (vector)', vector(round_integral(roundingMode)), 'frinti {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011101P100001110110nnnnnddddd', 'FRSQRTE (vector)', vector(unary(FPRSqrtEstimate)), 'frsqrte {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q1011101P100001111110nnnnnddddd', 'FSQRT (vector)', vector_of_one(SQRT), 'fsqrt {Vf:d}, {Vf:n}', FP_VECTOR],
  ['0Q0011100P100001011010nnnnnddddd', 'FCVTN', fcvtn, 'fcvtn{2} {Vfn:d}, {Vfw:n}', FP],
  ['0Q0011100P100001011110nnnnnddddd', 'FCVTL', fcvtl, 'fcvtl{2} {Vfw:d}, {Vfn:n}', FP],
  ['0Q1011100P100001011010nnnnnddddd', 'FCVTXN (vector)', fcvtxn, 'fcvtxn{2} {Vfn:d}, {Vfw:n}', ONLY_DOUBLE],
  ['0Q0011101P100001110010nnnnnddddd', 'URECPE', vector(fraction(unsignedRecipEstimate)), 'urecpe {Vf:d}, {Vf:n}', ONLY_SINGLE],
  ['0Q1011101P100001110010nnnnnddddd', 'URSQRTE', vector(fraction(unsignedRSqrtEstimate)), 'ursqrte {Vf:d}, {Vf:n}', ONLY_SINGLE],

  // Advanced SIMD two-register miscellaneous (FP16)
  ['0Q001110a1111001100r10nnnnnddddd', 'FRINTN, FRINTM, FRINTP, FRINTZ (vector), half', vector(round_integral(encoded)), 'frint{mode} {Vf:d}, {Vf:n}', FP],
  ['0Q001110a1111001101r10nnnnnddddd', 'FCVTNS, FCVTMS, FCVTPS, FCVTZS (vector), half', vector(to_integer(true, encoded)), 'fcvt{mode}s {Vf:d}, {Vf:n}', FP],
  ['0Q00111001111001110010nnnnnddddd', 'FCVTAS (vector), half', vector(to_integer(true, away)), 'fcvtas {Vf:d}, {Vf:n}', FP],
  ['0Q00111001111001110110nnnnnddddd', 'SCVTF (vector, integer), half', vector_of_one(FROM_SIGNED), 'scvtf {Vf:d}, {Vf:n}', FP],
  ['0Q00111011111000110010nnnnnddddd', 'FCMGT (vector, zero), half', vector_of_two(GT, zero), 'fcmgt {Vf:d}, {Vf:n}, #0.0', FP],
  ['0Q00111011111000110110nnnnnddddd', 'FCMEQ (vector, zero), half', vector_of_two(EQ, zero), 'fcmeq {Vf:d}, {Vf:n}, #0.0', FP],
  ['0Q00111011111000111010nnnnnddddd', 'FCMLT (vector, zero), half', vector_of_two(LT, zero), 'fcmlt {Vf:d}, {Vf:n}, #0.0', FP],
  ['0Q00111011111000111110nnnnnddddd', 'FABS (vector), half', vector_of_one(ABS), 'fabs {Vf:d}, {Vf:n}', FP],
  ['0Q00111011111001110110nnnnnddddd', 'FRECPE (vector), half', vector(unary(FPRecipEstimate)), 'frecpe {Vf:d}, {Vf:n}', FP],
  ['0Q10111001111001100010nnnnnddddd', 'FRINTA (vector), half', vector(round_integral(away)), 'frinta {Vf:d}, {Vf:n}', FP],
  ['0Q10111001111001100110nnnnnddddd', 'FRINTX (vector), half', vector(round_integral(roundingMode, true)), 'frintx {Vf:d}, {Vf:n}', FP],
  ['0Q101110a1111001101r10nnnnnddddd', 'FCVTNU, FCVTMU, FCVTPU, FCVTZU (vector), half', vector(to_integer(false, encoded)), 'fcvt{mode}u {Vf:d}, {Vf:n}', FP],
  ['0Q10111001111001110010nnnnnddddd', 'FCVTAU (vector), half', vector(to_integer(false, away)), 'fcvtau {Vf:d}, {Vf:n}', FP],
  ['0Q10111001111001110110nnnnnddddd', 'UCVTF (vector, integer), half', vector_of_one(FROM_UNSIGNED), 'ucvtf {Vf:d}, {Vf:n}', FP],
  ['0Q10111011111000110010nnnnnddddd', 'FCMGE (vector, zero), half', vector_of_two(GE, zero), 'fcmge {Vf:d}, {Vf:n}, #0.0', FP],
  ['0Q10111011111000110110nnnnnddddd', 'FCMLE (vector, zero), half', vector_of_two(LE, zero), 'fcmle {Vf:d}, {Vf:n}, #0.0', FP],
  ['0Q10111011111000111110nnnnnddddd', 'FNEG (vector), half', vector_of_one(NEG), 'fneg {Vf:d}, {Vf:n}', FP],
  ['0Q10111011111001100110nnnnnddddd', 'FRINTI (vector), half', vector(round_integral(roundingMode)), 'frinti {Vf:d}, {Vf:n}', FP],
  ['0Q10111011111001110110nnnnnddddd', 'FRSQRTE (vector), half', vector(unary(FPRSqrtEstimate)), 'frsqrte {Vf:d}, {Vf:n}', FP],
  ['0Q10111011111001111110nnnnnddddd', 'FSQRT (vector), half', vector_of_one(SQRT), 'fsqrt {Vf:d}, {Vf:n}', FP],

  // Advanced SIMD scalar two-register miscellaneous
  ['010111101P100001101110nnnnnddddd', 'FCVTZS (SIMD scalar, integer)', scalar_of_one(TO_SIGNED), 'fcvtzs {f:d}, {f:n}', FP],
  ['01011110aP100001101r10nnnnnddddd', 'FCVTNS, FCVTMS, FCVTPS (SIMD scalar)', scalar(to_integer(true, encoded)), 'fcvt{mode}s {f:d}, {f:n}', FP],
  ['010111100P100001110010nnnnnddddd', 'FCVTAS (SIMD scalar)', scalar(to_integer(true, away)), 'fcvtas {f:d}, {f:n}', FP],
  ['010111100P100001110110nnnnnddddd', 'SCVTF (SIMD scalar, integer)', scalar_of_one(FROM_SIGNED), 'scvtf {f:d}, {f:n}', FP],
  ['010111101P100000110010nnnnnddddd', 'FCMGT (SIMD scalar, zero)', scalar_of_two(GT, zero), 'fcmgt {f:d}, {f:n}, #0.0', FP],
  ['010111101P100000110110nnnnnddddd', 'FCMEQ (SIMD scalar, zero)', scalar_of_two(EQ, zero), 'fcmeq {f:d}, {f:n}, #0.0', FP],
  ['010111101P100000111010nnnnnddddd', 'FCMLT (SIMD scalar, zero)', scalar_of_two(LT, zero), 'fcmlt {f:d}, {f:n}, #0.0', FP],
  ['010111101P100001110110nnnnnddddd', 'FRECPE (SIMD scalar)', scalar(unary(FPRecipEstimate)), 'frecpe {f:d}, {f:n}', FP],
  ['010111101P100001111110nnnnnddddd', 'FRECPX (SIMD scalar)', scalar(unary(FPRecpX)), 'frecpx {f:d}, {f:n}', FP],
  ['011111101P100001101110nnnnnddddd', 'FCVTZU (SIMD scalar, integer)', scalar_of_one(TO_UNSIGNED), 'fcvtzu {f:d}, {f:n}', FP],
  ['01111110aP100001101r10nnnnnddddd', 'FCVTNU, FCVTMU, FCVTPU (SIMD scalar)', scalar(to_integer(false, encoded)), 'fcvt{mode}u {f:d}, {f:n}', FP],
  ['011111100P100001110010nnnnnddddd', 'FCVTAU (SIMD scalar)', scalar(to_integer(false, away)), 'fcvtau {f:d}, {f:n}', FP],
  ['011111100P100001110110nnnnnddddd', 'UCVTF (SIMD scalar, integer)', scalar_of_one(FROM_UNSIGNED), 'ucvtf {f:d}, {f:n}', FP],
  ['011111101P100000110010nnnnnddddd', 'FCMGE (SIMD scalar, zero)', scalar_of_two(GE, zero), 'fcmge {f:d}, {f:n}, #0.0', FP],
  ['011111101P100000110110nnnnnddddd', 'FCMLE (SIMD scalar, zero)', scalar_of_two(LE, zero), 'fcmle {f:d}, {f:n}, #0.0', FP],
  ['011111101P100001110110nnnnnddddd', 'FRSQRTE (SIMD scalar)', scalar(unary(FPRSqrtEstimate)), 'frsqrte {f:d}, {f:n}', FP],
  ['011111100P100001011010nnnnnddddd', 'FCVTXN (SIMD scalar)', fcvtxn_scalar, 'fcvtxn s{n:d}, {f:n}', ONLY_DOUBLE],

  // Advanced SIMD scalar two-register miscellaneous FP16
  ['01011110a1111001101r10nnnnnddddd', 'FCVTNS, FCVTMS, FCVTPS, FCVTZS (SIMD scalar), half', scalar(to_integer(true, encoded)), 'fcvt{mode}s {f:d}, {f:n}', FP],
  ['0101111001111001110010nnnnnddddd', 'FCVTAS (SIMD scalar), half', scalar(to_integer(true, away)), 'fcvtas {f:d}, {f:n}', FP],
  ['0101111001111001110110nnnnnddddd', 'SCVTF (SIMD scalar, integer), half', scalar_of_one(FROM_SIGNED), 'scvtf {f:d}, {f:n}', FP],
  ['0101111011111000110010nnnnnddddd', 'FCMGT (SIMD scalar, zero), half', scalar_of_two(GT, zero), 'fcmgt {f:d}, {f:n}, #0.0', FP],
  ['0101111011111000110110nnnnnddddd', 'FCMEQ (SIMD scalar, zero), half', scalar_of_two(EQ, zero), 'fcmeq {f:d}, {f:n}, #0.0', FP],
  ['0101111011111000111010nnnnnddddd', 'FCMLT (SIMD scalar, zero), half', scalar_of_two(LT, zero), 'fcmlt {f:d}, {f:n}, #0.0', FP],
  ['0101111011111001110110nnnnnddddd', 'FRECPE (SIMD scalar), half', scalar(unary(FPRecipEstimate)), 'frecpe {f:d}, {f:n}', FP],
  ['0101111011111001111110nnnnnddddd', 'FRECPX (SIMD scalar), half', scalar(unary(FPRecpX)), 'frecpx {f:d}, {f:n}', FP],
  ['01111110a1111001101r10nnnnnddddd', 'FCVTNU, FCVTMU, FCVTPU, FCVTZU (SIMD scalar), half', scalar(to_integer(false, encoded)), 'fcvt{mode}u {f:d}, {f:n}', FP],
  ['0111111001111001110010nnnnnddddd', 'FCVTAU (SIMD scalar), half', scalar(to_integer(false, away)), 'fcvtau {f:d}, {f:n}', FP],
  ['0111111001111001110110nnnnnddddd', 'UCVTF (SIMD scalar, integer), half', scalar_of_one(FROM_UNSIGNED), 'ucvtf {f:d}, {f:n}', FP],
  ['0111111011111000110010nnnnnddddd', 'FCMGE (SIMD scalar, zero), half', scalar_of_two(GE, zero), 'fcmge {f:d}, {f:n}, #0.0', FP],
  ['0111111011111000110110nnnnnddddd', 'FCMLE (SIMD scalar, zero), half', scalar_of_two(LE, zero), 'fcmle {f:d}, {f:n}, #0.0', FP],
  ['0111111011111001110110nnnnnddddd', 'FRSQRTE (SIMD scalar), half', scalar(unary(FPRSqrtEstimate)), 'frsqrte {f:d}, {f:n}', FP],

  // Advanced SIMD across lanes
  ['0Q1011100P110000110010nnnnnddddd', 'FMAXNMV', across(MAXNM), 'fmaxnmv {f:d}, {Vf:n}', FOUR],
  ['0Q1011100P110000111110nnnnnddddd', 'FMAXV', across(MAX), 'fmaxv {f:d}, {Vf:n}', FOUR],
  ['0Q1011101P110000110010nnnnnddddd', 'FMINNMV', across(MINNM), 'fminnmv {f:d}, {Vf:n}', FOUR],
  ['0Q1011101P110000111110nnnnnddddd', 'FMINV', across(MIN), 'fminv {f:d}, {Vf:n}', FOUR],
  ['0Q00111000110000110010nnnnnddddd', 'FMAXNMV, half', across(MAXNM), 'fmaxnmv {f:d}, {Vf:n}', FP],
  ['0Q00111000110000111110nnnnnddddd', 'FMAXV, half', across(MAX), 'fmaxv {f:d}, {Vf:n}', FP],
  ['0Q00111010110000110010nnnnnddddd', 'FMINNMV, half', across(MINNM), 'fminnmv {f:d}, {Vf:n}', FP],
  ['0Q00111010110000111110nnnnnddddd', 'FMINV, half', across(MIN), 'fminv {f:d}, {Vf:n}', FP],

  // Advanced SIMD scalar pairwise
  ['011111100P110000110010nnnnnddddd', 'FMAXNMP (scalar)', pair(MAXNM), 'fmaxnmp {f:d}, {Vf2:n}', FP],
  ['011111100P110000110110nnnnnddddd', 'FADDP (scalar)', pair(ADD), 'faddp {f:d}, {Vf2:n}', FP],
  ['011111100P110000111110nnnnnddddd', 'FMAXP (scalar)', pair(MAX), 'fmaxp {f:d}, {Vf2:n}', FP],
  ['011111101P110000110010nnnnnddddd', 'FMINNMP (scalar)', pair(MINNM), 'fminnmp {f:d}, {Vf2:n}', FP],
  ['011111101P110000111110nnnnnddddd', 'FMINP (scalar)', pair(MIN), 'fminp {f:d}, {Vf2:n}', FP],
  ['0101111000110000110010nnnnnddddd', 'FMAXNMP (scalar), half', pair(MAXNM), 'fmaxnmp {f:d}, {Vf2:n}', FP],
  ['0101111000110000110110nnnnnddddd', 'FADDP (scalar), half', pair(ADD), 'faddp {f:d}, {Vf2:n}', FP],
  ['0101111000110000111110nnnnnddddd', 'FMAXP (scalar), half', pair(MAX), 'fmaxp {f:d}, {Vf2:n}', FP],
  ['0101111010110000110010nnnnnddddd', 'FMINNMP (scalar), half', pair(MINNM), 'fminnmp {f:d}, {Vf2:n}', FP],
  ['0101111010110000111110nnnnnddddd', 'FMINP (scalar), half', pair(MIN), 'fminp {f:d}, {Vf2:n}', FP],

  // Advanced SIMD shift by immediate: the highest bit of immh says which format
  ['0Q0011110001ssss111001nnnnnddddd', 'SCVTF (vector, fixed-point), half', vector(from_integer(true, encodedFraction), HALF), 'scvtf {Vh:d}, {Vh:n}, {fraction:s}', FP],
  ['0Q001111001sssss111001nnnnnddddd', 'SCVTF (vector, fixed-point), single', vector(from_integer(true, encodedFraction), SINGLE), 'scvtf {Vs:d}, {Vs:n}, {fraction:s}', FP],
  ['0Q00111101ssssss111001nnnnnddddd', 'SCVTF (vector, fixed-point), double', vector(from_integer(true, encodedFraction), DOUBLE), 'scvtf {Vd:d}, {Vd:n}, {fraction:s}', TWO],
  ['0Q0011110001ssss111111nnnnnddddd', 'FCVTZS (vector, fixed-point), half', vector(to_integer(true, toZero, encodedFraction), HALF), 'fcvtzs {Vh:d}, {Vh:n}, {fraction:s}', FP],
  ['0Q001111001sssss111111nnnnnddddd', 'FCVTZS (vector, fixed-point), single', vector(to_integer(true, toZero, encodedFraction), SINGLE), 'fcvtzs {Vs:d}, {Vs:n}, {fraction:s}', FP],
  ['0Q00111101ssssss111111nnnnnddddd', 'FCVTZS (vector, fixed-point), double', vector(to_integer(true, toZero, encodedFraction), DOUBLE), 'fcvtzs {Vd:d}, {Vd:n}, {fraction:s}', TWO],
  ['0Q1011110001ssss111001nnnnnddddd', 'UCVTF (vector, fixed-point), half', vector(from_integer(false, encodedFraction), HALF), 'ucvtf {Vh:d}, {Vh:n}, {fraction:s}', FP],
  ['0Q101111001sssss111001nnnnnddddd', 'UCVTF (vector, fixed-point), single', vector(from_integer(false, encodedFraction), SINGLE), 'ucvtf {Vs:d}, {Vs:n}, {fraction:s}', FP],
  ['0Q10111101ssssss111001nnnnnddddd', 'UCVTF (vector, fixed-point), double', vector(from_integer(false, encodedFraction), DOUBLE), 'ucvtf {Vd:d}, {Vd:n}, {fraction:s}', TWO],
  ['0Q1011110001ssss111111nnnnnddddd', 'FCVTZU (vector, fixed-point), half', vector(to_integer(false, toZero, encodedFraction), HALF), 'fcvtzu {Vh:d}, {Vh:n}, {fraction:s}', FP],
  ['0Q101111001sssss111111nnnnnddddd', 'FCVTZU (vector, fixed-point), single', vector(to_integer(false, toZero, encodedFraction), SINGLE), 'fcvtzu {Vs:d}, {Vs:n}, {fraction:s}', FP],
  ['0Q10111101ssssss111111nnnnnddddd', 'FCVTZU (vector, fixed-point), double', vector(to_integer(false, toZero, encodedFraction), DOUBLE), 'fcvtzu {Vd:d}, {Vd:n}, {fraction:s}', TWO],

  // Advanced SIMD scalar shift by immediate
  ['010111110001ssss111001nnnnnddddd', 'SCVTF (SIMD scalar, fixed-point), half', scalar(from_integer(true, encodedFraction), HALF), 'scvtf {H:d}, {H:n}, {fraction:s}', FP],
  ['01011111001sssss111001nnnnnddddd', 'SCVTF (SIMD scalar, fixed-point), single', scalar(from_integer(true, encodedFraction), SINGLE), 'scvtf {S:d}, {S:n}, {fraction:s}', FP],
  ['0101111101ssssss111001nnnnnddddd', 'SCVTF (SIMD scalar, fixed-point), double', scalar(from_integer(true, encodedFraction), DOUBLE), 'scvtf {D:d}, {D:n}, {fraction:s}', FP],
  ['010111110001ssss111111nnnnnddddd', 'FCVTZS (SIMD scalar, fixed-point), half', scalar(to_integer(true, toZero, encodedFraction), HALF), 'fcvtzs {H:d}, {H:n}, {fraction:s}', FP],
  ['01011111001sssss111111nnnnnddddd', 'FCVTZS (SIMD scalar, fixed-point), single', scalar(to_integer(true, toZero, encodedFraction), SINGLE), 'fcvtzs {S:d}, {S:n}, {fraction:s}', FP],
  ['0101111101ssssss111111nnnnnddddd', 'FCVTZS (SIMD scalar, fixed-point), double', scalar(to_integer(true, toZero, encodedFraction), DOUBLE), 'fcvtzs {D:d}, {D:n}, {fraction:s}', FP],
  ['011111110001ssss111001nnnnnddddd', 'UCVTF (SIMD scalar, fixed-point), half', scalar(from_integer(false, encodedFraction), HALF), 'ucvtf {H:d}, {H:n}, {fraction:s}', FP],
  ['01111111001sssss111001nnnnnddddd', 'UCVTF (SIMD scalar, fixed-point), single', scalar(from_integer(false, encodedFraction), SINGLE), 'ucvtf {S:d}, {S:n}, {fraction:s}', FP],
  ['0111111101ssssss111001nnnnnddddd', 'UCVTF (SIMD scalar, fixed-point), double', scalar(from_integer(false, encodedFraction), DOUBLE), 'ucvtf {D:d}, {D:n}, {fraction:s}', FP],
  ['011111110001ssss111111nnnnnddddd', 'FCVTZU (SIMD scalar, fixed-point), half', scalar(to_integer(false, toZero, encodedFraction), HALF), 'fcvtzu {H:d}, {H:n}, {fraction:s}', FP],
  ['01111111001sssss111111nnnnnddddd', 'FCVTZU (SIMD scalar, fixed-point), single', scalar(to_integer(false, toZero, encodedFraction), SINGLE), 'fcvtzu {S:d}, {S:n}, {fraction:s}', FP],
  ['0111111101ssssss111111nnnnnddddd', 'FCVTZU (SIMD scalar, fixed-point), double', scalar(to_integer(false, toZero, encodedFraction), DOUBLE), 'fcvtzu {D:d}, {D:n}, {fraction:s}', FP],
];
