/*
 * board/cpu/insn/simd-floating-point-three-same.ts - floating-point operations on two vectors of one shape
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD three same", "Advanced SIMD three same
 *         (FP16)", "Advanced SIMD scalar three same", "Advanced SIMD three-register extension"
 * Absent: FMLAL and its family (FEAT_FHM), which are not announced
 */
import type { Builder, Fields, Row, Semantics } from '../builder.ts';
import { FPAdd } from '../fp/arithmetic.ts';
import { eachElement, element, lengthOf, vectorOf } from '../fp/element.ts';
import type { Format, PerFormat } from '../fp/format.ts';
import { FPRecipStepFused, FPRSqrtStepFused } from '../fp/fused.ts';
import { onVectors, type Operation } from '../fp/operation.ts';
import {
  ABD,
  ABSOLUTE_GE,
  ABSOLUTE_GT,
  ADD,
  DIV,
  EQ,
  GE,
  GT,
  MAX,
  MAXNM,
  MIN,
  MINNM,
  MUL,
  MULX,
  SUB,
} from '../fp/operations.ts';
import { evens, lowHalves, odds, ZEROS } from '../lanes.ts';
import { and, ltu, or, select, shl, type Value, xor } from '../value.ts';
import {
  complex_multiply_add,
  type Element,
  FP,
  FP_VECTOR,
  isOdd,
  negatedIf,
  scalar,
  scalar_of_two,
  vector,
  vector_multiply_add,
  vector_of_two,
} from './simd-floating-point.ts';

const x = (b: Builder, f: Fields, format: Format, i: Value | number): Value => element(b, format, f.n, i);
const y = (b: Builder, f: Fields, format: Format, i: Value | number): Value => element(b, format, f.m, i);

const step =
  (helper: PerFormat): Element =>
  (b, f, format, i) =>
    b.call(helper[format.name], x(b, f, format, i), y(b, f, format, i));

/** Neighbours, first those of n, then those of m. */
const pairwise =
  (operation: Operation): Semantics =>
  (b, f) => {
    const shape = vectorOf(f);
    const { format, bits } = shape;
    const half = lengthOf(shape) / 2;
    const exactly = () =>
      eachElement(b, shape, (i) => {
        const register = b.let(select(ltu(i, half), f.n, f.m));
        const first = b.let(and(shl(i, 1), lengthOf(shape) - 1));
        const second = element(b, format, register, or(first, 1));
        return b.call(operation.helper[format.name], element(b, format, register, first), second);
      });
    const [n, m] = [b.let(b.v(f.n, bits)), b.let(b.v(f.m, bits))];
    const all = bits === 128 ? ([n, m] as const) : ([b.let(lowHalves(n, m)), ZEROS] as const);
    const operands = [evens(format.bytes, ...all), odds(format.bytes, ...all)];
    b.setV(f.d, onVectors(b, operation, shape, operands, exactly), bits);
  };

// Complex numbers

/** R: 0 a quarter turn, 1 three quarters. */
const complex_add: Semantics = (b, f) => {
  const shape = vectorOf(f);
  const { format, bits } = shape;
  const value = eachElement(b, shape, (i) => {
    const turned = negatedIf(format, f.R ? isOdd(i) : xor(isOdd(i), 1), y(b, f, format, xor(i, 1)));
    return b.call(FPAdd[format.name], x(b, f, format, i), turned);
  });
  b.setV(f.d, value, bits);
};

// biome-ignore format: columns teach
export const SIMD_FP_THREE_SAME: readonly Row[] = [
  // Advanced SIMD three same
  ['0Q0011100P1mmmmm110001nnnnnddddd', 'FMAXNM (vector)', vector_of_two(MAXNM), 'fmaxnm {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011100P1mmmmm110011nnnnnddddd', 'FMLA (vector)', vector_multiply_add(false), 'fmla {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011100P1mmmmm110101nnnnnddddd', 'FADD (vector)', vector_of_two(ADD), 'fadd {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011100P1mmmmm110111nnnnnddddd', 'FMULX (vector)', vector_of_two(MULX), 'fmulx {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011100P1mmmmm111001nnnnnddddd', 'FCMEQ (vector, register)', vector_of_two(EQ), 'fcmeq {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011100P1mmmmm111101nnnnnddddd', 'FMAX (vector)', vector_of_two(MAX), 'fmax {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011100P1mmmmm111111nnnnnddddd', 'FRECPS (vector)', vector(step(FPRecipStepFused)), 'frecps {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011101P1mmmmm110001nnnnnddddd', 'FMINNM (vector)', vector_of_two(MINNM), 'fminnm {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011101P1mmmmm110011nnnnnddddd', 'FMLS (vector)', vector_multiply_add(true), 'fmls {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011101P1mmmmm110101nnnnnddddd', 'FSUB (vector)', vector_of_two(SUB), 'fsub {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011101P1mmmmm111101nnnnnddddd', 'FMIN (vector)', vector_of_two(MIN), 'fmin {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q0011101P1mmmmm111111nnnnnddddd', 'FRSQRTS (vector)', vector(step(FPRSqrtStepFused)), 'frsqrts {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011100P1mmmmm110001nnnnnddddd', 'FMAXNMP (vector)', pairwise(MAXNM), 'fmaxnmp {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011100P1mmmmm110101nnnnnddddd', 'FADDP (vector)', pairwise(ADD), 'faddp {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011100P1mmmmm110111nnnnnddddd', 'FMUL (vector)', vector_of_two(MUL), 'fmul {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011100P1mmmmm111001nnnnnddddd', 'FCMGE (vector, register)', vector_of_two(GE), 'fcmge {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011100P1mmmmm111011nnnnnddddd', 'FACGE (vector)', vector_of_two(ABSOLUTE_GE), 'facge {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011100P1mmmmm111101nnnnnddddd', 'FMAXP (vector)', pairwise(MAX), 'fmaxp {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011100P1mmmmm111111nnnnnddddd', 'FDIV (vector)', vector_of_two(DIV), 'fdiv {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011101P1mmmmm110001nnnnnddddd', 'FMINNMP (vector)', pairwise(MINNM), 'fminnmp {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011101P1mmmmm110101nnnnnddddd', 'FABD (vector)', vector_of_two(ABD), 'fabd {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011101P1mmmmm111001nnnnnddddd', 'FCMGT (vector, register)', vector_of_two(GT), 'fcmgt {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011101P1mmmmm111011nnnnnddddd', 'FACGT (vector)', vector_of_two(ABSOLUTE_GT), 'facgt {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],
  ['0Q1011101P1mmmmm111101nnnnnddddd', 'FMINP (vector)', pairwise(MIN), 'fminp {Vf:d}, {Vf:n}, {Vf:m}', FP_VECTOR],

  // Advanced SIMD three same (FP16)
  ['0Q001110010mmmmm000001nnnnnddddd', 'FMAXNM (vector), half', vector_of_two(MAXNM), 'fmaxnm {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110010mmmmm000011nnnnnddddd', 'FMLA (vector), half', vector_multiply_add(false), 'fmla {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110010mmmmm000101nnnnnddddd', 'FADD (vector), half', vector_of_two(ADD), 'fadd {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110010mmmmm000111nnnnnddddd', 'FMULX (vector), half', vector_of_two(MULX), 'fmulx {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110010mmmmm001001nnnnnddddd', 'FCMEQ (vector, register), half', vector_of_two(EQ), 'fcmeq {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110010mmmmm001101nnnnnddddd', 'FMAX (vector), half', vector_of_two(MAX), 'fmax {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110010mmmmm001111nnnnnddddd', 'FRECPS (vector), half', vector(step(FPRecipStepFused)), 'frecps {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110110mmmmm000001nnnnnddddd', 'FMINNM (vector), half', vector_of_two(MINNM), 'fminnm {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110110mmmmm000011nnnnnddddd', 'FMLS (vector), half', vector_multiply_add(true), 'fmls {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110110mmmmm000101nnnnnddddd', 'FSUB (vector), half', vector_of_two(SUB), 'fsub {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110110mmmmm001101nnnnnddddd', 'FMIN (vector), half', vector_of_two(MIN), 'fmin {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q001110110mmmmm001111nnnnnddddd', 'FRSQRTS (vector), half', vector(step(FPRSqrtStepFused)), 'frsqrts {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110010mmmmm000001nnnnnddddd', 'FMAXNMP (vector), half', pairwise(MAXNM), 'fmaxnmp {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110010mmmmm000101nnnnnddddd', 'FADDP (vector), half', pairwise(ADD), 'faddp {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110010mmmmm000111nnnnnddddd', 'FMUL (vector), half', vector_of_two(MUL), 'fmul {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110010mmmmm001001nnnnnddddd', 'FCMGE (vector, register), half', vector_of_two(GE), 'fcmge {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110010mmmmm001011nnnnnddddd', 'FACGE (vector), half', vector_of_two(ABSOLUTE_GE), 'facge {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110010mmmmm001101nnnnnddddd', 'FMAXP (vector), half', pairwise(MAX), 'fmaxp {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110010mmmmm001111nnnnnddddd', 'FDIV (vector), half', vector_of_two(DIV), 'fdiv {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110110mmmmm000001nnnnnddddd', 'FMINNMP (vector), half', pairwise(MINNM), 'fminnmp {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110110mmmmm000101nnnnnddddd', 'FABD (vector), half', vector_of_two(ABD), 'fabd {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110110mmmmm001001nnnnnddddd', 'FCMGT (vector, register), half', vector_of_two(GT), 'fcmgt {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110110mmmmm001011nnnnnddddd', 'FACGT (vector), half', vector_of_two(ABSOLUTE_GT), 'facgt {Vf:d}, {Vf:n}, {Vf:m}', FP],
  ['0Q101110110mmmmm001101nnnnnddddd', 'FMINP (vector), half', pairwise(MIN), 'fminp {Vf:d}, {Vf:n}, {Vf:m}', FP],

  // Advanced SIMD scalar three same
  ['010111100P1mmmmm110111nnnnnddddd', 'FMULX (scalar)', scalar_of_two(MULX), 'fmulx {f:d}, {f:n}, {f:m}', FP],
  ['010111100P1mmmmm111001nnnnnddddd', 'FCMEQ (scalar, register)', scalar_of_two(EQ), 'fcmeq {f:d}, {f:n}, {f:m}', FP],
  ['010111100P1mmmmm111111nnnnnddddd', 'FRECPS (scalar)', scalar(step(FPRecipStepFused)), 'frecps {f:d}, {f:n}, {f:m}', FP],
  ['010111101P1mmmmm111111nnnnnddddd', 'FRSQRTS (scalar)', scalar(step(FPRSqrtStepFused)), 'frsqrts {f:d}, {f:n}, {f:m}', FP],
  ['011111100P1mmmmm111001nnnnnddddd', 'FCMGE (scalar, register)', scalar_of_two(GE), 'fcmge {f:d}, {f:n}, {f:m}', FP],
  ['011111100P1mmmmm111011nnnnnddddd', 'FACGE (scalar)', scalar_of_two(ABSOLUTE_GE), 'facge {f:d}, {f:n}, {f:m}', FP],
  ['011111101P1mmmmm110101nnnnnddddd', 'FABD (scalar)', scalar_of_two(ABD), 'fabd {f:d}, {f:n}, {f:m}', FP],
  ['011111101P1mmmmm111001nnnnnddddd', 'FCMGT (scalar, register)', scalar_of_two(GT), 'fcmgt {f:d}, {f:n}, {f:m}', FP],
  ['011111101P1mmmmm111011nnnnnddddd', 'FACGT (scalar)', scalar_of_two(ABSOLUTE_GT), 'facgt {f:d}, {f:n}, {f:m}', FP],

  // Advanced SIMD scalar three same FP16
  ['01011110010mmmmm000111nnnnnddddd', 'FMULX (scalar), half', scalar_of_two(MULX), 'fmulx {f:d}, {f:n}, {f:m}', FP],
  ['01011110010mmmmm001001nnnnnddddd', 'FCMEQ (scalar, register), half', scalar_of_two(EQ), 'fcmeq {f:d}, {f:n}, {f:m}', FP],
  ['01011110010mmmmm001111nnnnnddddd', 'FRECPS (scalar), half', scalar(step(FPRecipStepFused)), 'frecps {f:d}, {f:n}, {f:m}', FP],
  ['01011110110mmmmm001111nnnnnddddd', 'FRSQRTS (scalar), half', scalar(step(FPRSqrtStepFused)), 'frsqrts {f:d}, {f:n}, {f:m}', FP],
  ['01111110010mmmmm001001nnnnnddddd', 'FCMGE (scalar, register), half', scalar_of_two(GE), 'fcmge {f:d}, {f:n}, {f:m}', FP],
  ['01111110010mmmmm001011nnnnnddddd', 'FACGE (scalar), half', scalar_of_two(ABSOLUTE_GE), 'facge {f:d}, {f:n}, {f:m}', FP],
  ['01111110110mmmmm000101nnnnnddddd', 'FABD (scalar), half', scalar_of_two(ABD), 'fabd {f:d}, {f:n}, {f:m}', FP],
  ['01111110110mmmmm001001nnnnnddddd', 'FCMGT (scalar, register), half', scalar_of_two(GT), 'fcmgt {f:d}, {f:n}, {f:m}', FP],
  ['01111110110mmmmm001011nnnnnddddd', 'FACGT (scalar), half', scalar_of_two(ABSOLUTE_GT), 'facgt {f:d}, {f:n}, {f:m}', FP],

  // Advanced SIMD three-register extension
  ['0Q1011101P0mmmmm110RR1nnnnnddddd', 'FCMLA (vector)', complex_multiply_add(), 'fcmla {Vf:d}, {Vf:n}, {Vf:m}, {turn90}', FP_VECTOR],
  ['0Q101110010mmmmm110RR1nnnnnddddd', 'FCMLA (vector), half', complex_multiply_add(), 'fcmla {Vf:d}, {Vf:n}, {Vf:m}, {turn90}', FP],
  ['0Q1011101P0mmmmm111R01nnnnnddddd', 'FCADD', complex_add, 'fcadd {Vf:d}, {Vf:n}, {Vf:m}, {turn180}', FP_VECTOR],
  ['0Q101110010mmmmm111R01nnnnnddddd', 'FCADD, half', complex_add, 'fcadd {Vf:d}, {Vf:n}, {Vf:m}, {turn180}', FP],
];
