/*
 * board/cpu/insn/simd-shift.ts - shifts of integer elements by an immediate
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD shift by immediate", "Advanced SIMD scalar
 *         shift by immediate"
 * Absent: the conversions between fixed and floating point (simd-floating-point files)
 *
 * immh:immb is the size and a number i below it. Left shifts are by i; right shifts by the size minus i, so from 1 to
 * the size itself. There ~i, modulo the size as WebAssembly's counts are, is one less than the shift.
 */
import type { Bytes, Row, Semantics, VectorBits } from '../builder.ts';
import {
  extend,
  type Narrowing,
  narrow,
  ONES,
  plainShift,
  roundingShift,
  shlSaturating,
  vadd,
  vselect,
  vshift,
  vshl,
  wider,
} from '../lanes.ts';
import { i32, not, sub, type Value } from '../value.ts';
import type { Builder } from '../builder.ts';
import { ALL_SIZES, forSizes, high, NARROW_SIZES, setHalf, sizedVector } from './simd.ts';

/** What becomes of n with the number i; d is the old destination. n is let(). */
type Shift = (e: Bytes, n: Value, i: Value, b: Builder, d: Value) => Value;

const vector =
  (shift: Shift) =>
  (e: Bytes): Semantics =>
  (b, f) => {
    const bits = f.Q ? 128 : 64;
    const n = b.let(b.v(f.n, bits));
    b.setV(f.d, shift(e, n, f.i, b, b.v(f.d, bits)), bits);
  };

const scalar =
  (shift: Shift) =>
  (e: Bytes): Semantics =>
  (b, f) => {
    const bits = (8 * e) as VectorBits;
    const n = b.let(b.v(f.n, bits));
    b.setV(f.d, shift(e, n, f.i, b, b.v(f.d, bits)), bits);
  };

const shr =
  (signed: boolean): Shift =>
  (e, n, i) =>
    plainShift(e, n, not(i), signed);

const rounding_shr =
  (signed: boolean): Shift =>
  (e, n, i, b) =>
    roundingShift(b, e, n, not(i), signed);

const accumulating =
  (shift: Shift): Shift =>
  (e, n, i, b, d) =>
    vadd(e, d, shift(e, n, i, b, d));

const shl: Shift = (e, n, i) => vshl(e, n, i);

/** The bits that the shift would fill with zeros stay as they were. */
const sri: Shift = (e, n, i, _, d) =>
  vselect(plainShift(e, ONES, not(i), false), plainShift(e, n, not(i), false), d);
const sli: Shift = (e, n, i, _, d) => vselect(vshl(e, ONES, i), vshl(e, n, i), d);

/** From one signedness to another. */
const saturating_shl =
  (from: boolean, to: boolean): Shift =>
  (e, n, i, b) =>
    shlSaturating(b, e, n, i, from, to);

/** The shift is at most the narrow size, half of what WebAssembly counts modulo. */
const shifted = (b: Builder, e: Bytes, n: Value, i: Value, kind: Right): Value =>
  kind.rounding
    ? roundingShift(b, wider(e), n, sub(i32(8 * e - 1), i), kind.signed)
    : vshift(wider(e), n, sub(i32(8 * e), i), kind.signed);

interface Right {
  readonly signed: boolean;
  readonly rounding: boolean;
  readonly how: Narrowing;
}

const narrow_vector =
  (kind: Right) =>
  (e: Bytes): Semantics =>
  (b, f) => {
    const wide = shifted(b, e, b.let(b.v(f.n)), f.i, kind);
    setHalf(b, f, b.let(narrow(b, e, kind.how, wide)));
  };

const narrow_scalar =
  (kind: Right) =>
  (e: Bytes): Semantics =>
  (b, f) => {
    const wide = shifted(b, e, b.let(b.v(f.n, (16 * e) as VectorBits)), f.i, kind);
    b.setV(f.d, narrow(b, e, kind.how, wide), (8 * e) as VectorBits);
  };

const shll =
  (signed: boolean) =>
  (e: Bytes): Semantics =>
  (b, f) =>
    b.setV(f.d, vshl(wider(e), extend(e, b.v(f.n), high(f), signed), f.i));

const SHRN: Right = { signed: false, rounding: false, how: 'cut' };
const RSHRN: Right = { signed: false, rounding: true, how: 'cut' };
const SQSHRN: Right = { signed: true, rounding: false, how: 'signed' };
const SQRSHRN: Right = { signed: true, rounding: true, how: 'signed' };
const UQSHRN: Right = { signed: false, rounding: false, how: 'unsigned' };
const UQRSHRN: Right = { signed: false, rounding: true, how: 'unsigned' };
const SQSHRUN: Right = { signed: true, rounding: false, how: 'signedToUnsigned' };
const SQRSHRUN: Right = { signed: true, rounding: true, how: 'signedToUnsigned' };

const ONLY_D: readonly Bytes[] = [8];
const RIGHT = '{V%:d}, {V%:n}, {#right}';
const LEFT = '{V%:d}, {V%:n}, {#:i}';
const NARROW = '{V%:d}, {V%w:n}, {#right}';
const LONG = '{V%w:d}, {V%:n}, {#:i}';
const SCALAR_RIGHT = '{D:d}, {D:n}, {#right}';
const SCALAR_LEFT = '{s%:d}, {s%:n}, {#:i}';
const SCALAR_NARROW = '{s%:d}, {s%w:n}, {#right}';

/* Fields: i the number in immh:immb, Q 128 bits or the upper half, d and n the registers. */
// biome-ignore format: columns teach
export const SIMD_SHIFT: readonly Row[] = [
  // Advanced SIMD shift by immediate
  ...forSizes(ALL_SIZES, ['0Q0011110IIIIIII000001nnnnnddddd', 'SSHR (vector)', vector(shr(true)), `sshr ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q1011110IIIIIII000001nnnnnddddd', 'USHR (vector)', vector(shr(false)), `ushr ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q0011110IIIIIII000101nnnnnddddd', 'SSRA (vector)', vector(accumulating(shr(true))), `ssra ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q1011110IIIIIII000101nnnnnddddd', 'USRA (vector)', vector(accumulating(shr(false))), `usra ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q0011110IIIIIII001001nnnnnddddd', 'SRSHR (vector)', vector(rounding_shr(true)), `srshr ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q1011110IIIIIII001001nnnnnddddd', 'URSHR (vector)', vector(rounding_shr(false)), `urshr ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q0011110IIIIIII001101nnnnnddddd', 'SRSRA (vector)', vector(accumulating(rounding_shr(true))), `srsra ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q1011110IIIIIII001101nnnnnddddd', 'URSRA (vector)', vector(accumulating(rounding_shr(false))), `ursra ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q1011110IIIIIII010001nnnnnddddd', 'SRI (vector)', vector(sri), `sri ${RIGHT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q0011110IIIIIII010101nnnnnddddd', 'SHL (vector)', vector(shl), `shl ${LEFT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q1011110IIIIIII010101nnnnnddddd', 'SLI (vector)', vector(sli), `sli ${LEFT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q1011110IIIIIII011001nnnnnddddd', 'SQSHLU (vector)', vector(saturating_shl(true, false)), `sqshlu ${LEFT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q0011110IIIIIII011101nnnnnddddd', 'SQSHL (immediate, vector)', vector(saturating_shl(true, true)), `sqshl ${LEFT}`, sizedVector]),
  ...forSizes(ALL_SIZES, ['0Q1011110IIIIIII011101nnnnnddddd', 'UQSHL (immediate, vector)', vector(saturating_shl(false, false)), `uqshl ${LEFT}`, sizedVector]),
  ...forSizes(NARROW_SIZES, ['0Q0011110IIIIIII100001nnnnnddddd', 'SHRN', narrow_vector(SHRN), `shrn{2} ${NARROW}`]),
  ...forSizes(NARROW_SIZES, ['0Q1011110IIIIIII100001nnnnnddddd', 'SQSHRUN (vector)', narrow_vector(SQSHRUN), `sqshrun{2} ${NARROW}`]),
  ...forSizes(NARROW_SIZES, ['0Q0011110IIIIIII100011nnnnnddddd', 'RSHRN', narrow_vector(RSHRN), `rshrn{2} ${NARROW}`]),
  ...forSizes(NARROW_SIZES, ['0Q1011110IIIIIII100011nnnnnddddd', 'SQRSHRUN (vector)', narrow_vector(SQRSHRUN), `sqrshrun{2} ${NARROW}`]),
  ...forSizes(NARROW_SIZES, ['0Q0011110IIIIIII100101nnnnnddddd', 'SQSHRN (vector)', narrow_vector(SQSHRN), `sqshrn{2} ${NARROW}`]),
  ...forSizes(NARROW_SIZES, ['0Q1011110IIIIIII100101nnnnnddddd', 'UQSHRN (vector)', narrow_vector(UQSHRN), `uqshrn{2} ${NARROW}`]),
  ...forSizes(NARROW_SIZES, ['0Q0011110IIIIIII100111nnnnnddddd', 'SQRSHRN (vector)', narrow_vector(SQRSHRN), `sqrshrn{2} ${NARROW}`]),
  ...forSizes(NARROW_SIZES, ['0Q1011110IIIIIII100111nnnnnddddd', 'UQRSHRN (vector)', narrow_vector(UQRSHRN), `uqrshrn{2} ${NARROW}`]),
  ...forSizes(NARROW_SIZES, ['0Q0011110IIIIIII101001nnnnnddddd', 'SSHLL', shll(true), `sshll{2} ${LONG}`]),
  ...forSizes(NARROW_SIZES, ['0Q1011110IIIIIII101001nnnnnddddd', 'USHLL', shll(false), `ushll{2} ${LONG}`]),

  // Advanced SIMD scalar shift by immediate
  ...forSizes(ONLY_D, ['010111110IIIIIII000001nnnnnddddd', 'SSHR (scalar)', scalar(shr(true)), `sshr ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['011111110IIIIIII000001nnnnnddddd', 'USHR (scalar)', scalar(shr(false)), `ushr ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['010111110IIIIIII000101nnnnnddddd', 'SSRA (scalar)', scalar(accumulating(shr(true))), `ssra ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['011111110IIIIIII000101nnnnnddddd', 'USRA (scalar)', scalar(accumulating(shr(false))), `usra ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['010111110IIIIIII001001nnnnnddddd', 'SRSHR (scalar)', scalar(rounding_shr(true)), `srshr ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['011111110IIIIIII001001nnnnnddddd', 'URSHR (scalar)', scalar(rounding_shr(false)), `urshr ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['010111110IIIIIII001101nnnnnddddd', 'SRSRA (scalar)', scalar(accumulating(rounding_shr(true))), `srsra ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['011111110IIIIIII001101nnnnnddddd', 'URSRA (scalar)', scalar(accumulating(rounding_shr(false))), `ursra ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['011111110IIIIIII010001nnnnnddddd', 'SRI (scalar)', scalar(sri), `sri ${SCALAR_RIGHT}`]),
  ...forSizes(ONLY_D, ['010111110IIIIIII010101nnnnnddddd', 'SHL (scalar)', scalar(shl), `shl ${SCALAR_LEFT}`]),
  ...forSizes(ONLY_D, ['011111110IIIIIII010101nnnnnddddd', 'SLI (scalar)', scalar(sli), `sli ${SCALAR_LEFT}`]),
  ...forSizes(ALL_SIZES, ['011111110IIIIIII011001nnnnnddddd', 'SQSHLU (scalar)', scalar(saturating_shl(true, false)), `sqshlu ${SCALAR_LEFT}`]),
  ...forSizes(ALL_SIZES, ['010111110IIIIIII011101nnnnnddddd', 'SQSHL (immediate, scalar)', scalar(saturating_shl(true, true)), `sqshl ${SCALAR_LEFT}`]),
  ...forSizes(ALL_SIZES, ['011111110IIIIIII011101nnnnnddddd', 'UQSHL (immediate, scalar)', scalar(saturating_shl(false, false)), `uqshl ${SCALAR_LEFT}`]),
  ...forSizes(NARROW_SIZES, ['011111110IIIIIII100001nnnnnddddd', 'SQSHRUN (scalar)', narrow_scalar(SQSHRUN), `sqshrun ${SCALAR_NARROW}`]),
  ...forSizes(NARROW_SIZES, ['011111110IIIIIII100011nnnnnddddd', 'SQRSHRUN (scalar)', narrow_scalar(SQRSHRUN), `sqrshrun ${SCALAR_NARROW}`]),
  ...forSizes(NARROW_SIZES, ['010111110IIIIIII100101nnnnnddddd', 'SQSHRN (scalar)', narrow_scalar(SQSHRN), `sqshrn ${SCALAR_NARROW}`]),
  ...forSizes(NARROW_SIZES, ['011111110IIIIIII100101nnnnnddddd', 'UQSHRN (scalar)', narrow_scalar(UQSHRN), `uqshrn ${SCALAR_NARROW}`]),
  ...forSizes(NARROW_SIZES, ['010111110IIIIIII100111nnnnnddddd', 'SQRSHRN (scalar)', narrow_scalar(SQRSHRN), `sqrshrn ${SCALAR_NARROW}`]),
  ...forSizes(NARROW_SIZES, ['011111110IIIIIII100111nnnnnddddd', 'UQRSHRN (scalar)', narrow_scalar(UQRSHRN), `uqrshrn ${SCALAR_NARROW}`]),
];
