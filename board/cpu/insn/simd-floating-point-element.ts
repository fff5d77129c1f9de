/*
 * board/cpu/insn/simd-floating-point-element.ts - floating-point operations on a vector and one element of another
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD vector x indexed element", "Advanced SIMD
 *         scalar x indexed element"
 * Absent: FMLAL and its family (FEAT_FHM), which are not announced
 */
import type { Attributes, Fields, Row } from '../builder.ts';
import { element } from '../fp/element.ts';
import { DOUBLE, type Format, HALF, SINGLE } from '../fp/format.ts';
import { MUL, MULX } from '../fp/operations.ts';
import { splat } from '../lanes.ts';
import { add, and, concat, or, shl, type Value, wrap } from '../value.ts';
import {
  complex_multiply_add,
  FP,
  type Index,
  scalar_multiply_add,
  scalar_of_two,
  type SecondOf,
  vector_multiply_add,
  vector_of_two,
} from './simd-floating-point.ts';

/** h for a double, h:L for a single, h:l:x for a half, which is then in one of V0 to V15. */
function index(f: Fields, format: Format): Value {
  if (format === HALF) return concat(concat(f.h, f.l), f.x);
  return format === SINGLE ? or(shl(f.h, 1), f.L) : f.h;
}

const indexed: SecondOf = (b, f, format) => {
  const one = b.let(element(b, format, f.m, index(f, format)));
  return {
    element: () => one,
    vector: () => splat(format.bytes, format === DOUBLE ? one : wrap(one)),
  };
};

/** A complex number: h for single precision, H:l for half. */
const pair: SecondOf = (b, f, format) => {
  const number = format === SINGLE ? f.h : add(f.l, 2 * f.H);
  const part = (i: Index): Value =>
    element(b, format, f.m, or(shl(number, 1), typeof i === 'number' ? i : and(i, 1)));
  return { element: part, vector: () => b.v(f.m) };
};

const VECTOR: Attributes = { ...FP, when: (f) => f.P === 0 || (f.Q === 1 && f.L === 0) };
const SCALAR: Attributes = { ...FP, when: (f) => f.P === 0 || f.L === 0 };
const FULL: Attributes = { ...FP, when: (f) => f.Q === 1 };
/** The second number of two halves is none of a vector of 64 bits. */
const INSIDE: Attributes = { ...FP, when: (f) => f.Q === 1 || f.H === 0 };

/* Fields: P single or double (none: half), h l x the index, R quarter turns. */
// biome-ignore format: columns teach
export const SIMD_FP_ELEMENT: readonly Row[] = [
  // Advanced SIMD vector x indexed element
  ['0Q0011111PLmmmmm0001h0nnnnnddddd', 'FMLA (by element, vector)', vector_multiply_add(false, indexed), 'fmla {Vf:d}, {Vf:n}, {Vf[]}', VECTOR],
  ['0Q0011111PLmmmmm0101h0nnnnnddddd', 'FMLS (by element, vector)', vector_multiply_add(true, indexed), 'fmls {Vf:d}, {Vf:n}, {Vf[]}', VECTOR],
  ['0Q0011111PLmmmmm1001h0nnnnnddddd', 'FMUL (by element, vector)', vector_of_two(MUL, indexed), 'fmul {Vf:d}, {Vf:n}, {Vf[]}', VECTOR],
  ['0Q1011111PLmmmmm1001h0nnnnnddddd', 'FMULX (by element, vector)', vector_of_two(MULX, indexed), 'fmulx {Vf:d}, {Vf:n}, {Vf[]}', VECTOR],
  ['0Q00111100lxmmmm0001h0nnnnnddddd', 'FMLA (by element, vector), half', vector_multiply_add(false, indexed), 'fmla {Vf:d}, {Vf:n}, {Vf[]}', FP],
  ['0Q00111100lxmmmm0101h0nnnnnddddd', 'FMLS (by element, vector), half', vector_multiply_add(true, indexed), 'fmls {Vf:d}, {Vf:n}, {Vf[]}', FP],
  ['0Q00111100lxmmmm1001h0nnnnnddddd', 'FMUL (by element, vector), half', vector_of_two(MUL, indexed), 'fmul {Vf:d}, {Vf:n}, {Vf[]}', FP],
  ['0Q10111100lxmmmm1001h0nnnnnddddd', 'FMULX (by element, vector), half', vector_of_two(MULX, indexed), 'fmulx {Vf:d}, {Vf:n}, {Vf[]}', FP],
  ['0Q10111101lmmmmm0RR1H0nnnnnddddd', 'FCMLA (by element), half', complex_multiply_add(pair, HALF), 'fcmla {Vh:d}, {Vh:n}, {Vc[]}, {turn90}', INSIDE],
  ['0Q101111100mmmmm0RR1h0nnnnnddddd', 'FCMLA (by element), single', complex_multiply_add(pair, SINGLE), 'fcmla {V4s:d}, {V4s:n}, {Vc[]}, {turn90}', FULL],

  // Advanced SIMD scalar x indexed element
  ['010111111PLmmmmm0001h0nnnnnddddd', 'FMLA (by element, scalar)', scalar_multiply_add(false, indexed), 'fmla {f:d}, {f:n}, {Vf[]}', SCALAR],
  ['010111111PLmmmmm0101h0nnnnnddddd', 'FMLS (by element, scalar)', scalar_multiply_add(true, indexed), 'fmls {f:d}, {f:n}, {Vf[]}', SCALAR],
  ['010111111PLmmmmm1001h0nnnnnddddd', 'FMUL (by element, scalar)', scalar_of_two(MUL, indexed), 'fmul {f:d}, {f:n}, {Vf[]}', SCALAR],
  ['011111111PLmmmmm1001h0nnnnnddddd', 'FMULX (by element, scalar)', scalar_of_two(MULX, indexed), 'fmulx {f:d}, {f:n}, {Vf[]}', SCALAR],
  ['0101111100lxmmmm0001h0nnnnnddddd', 'FMLA (by element, scalar), half', scalar_multiply_add(false, indexed), 'fmla {f:d}, {f:n}, {Vf[]}', FP],
  ['0101111100lxmmmm0101h0nnnnnddddd', 'FMLS (by element, scalar), half', scalar_multiply_add(true, indexed), 'fmls {f:d}, {f:n}, {Vf[]}', FP],
  ['0101111100lxmmmm1001h0nnnnnddddd', 'FMUL (by element, scalar), half', scalar_of_two(MUL, indexed), 'fmul {f:d}, {f:n}, {Vf[]}', FP],
  ['0111111100lxmmmm1001h0nnnnnddddd', 'FMULX (by element, scalar), half', scalar_of_two(MULX, indexed), 'fmulx {f:d}, {f:n}, {Vf[]}', FP],
];
