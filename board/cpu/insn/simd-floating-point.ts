/*
 * board/cpu/insn/simd-floating-point.ts - how an operation on numbers becomes an Advanced SIMD instruction
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Data Processing -- Scalar Floating-Point and Advanced SIMD"
 *
 * Fields of the rows: P single or double precision (none: half), Q 128 bits rather than 64.
 */
import type { Attributes, Builder, Fields, Semantics } from '../builder.ts';
import { eachElement, element, setScalar, vectorFormat, vectorOf } from '../fp/element.ts';
import { DOUBLE, type Format, negated } from '../fp/format.ts';
import { FPMulAdd } from '../fp/fused.ts';
import { onScalars, onVectors, type Operation } from '../fp/operation.ts';
import { MULADD } from '../fp/operations.ts';
import { ZEROS } from '../lanes.ts';
import { and, i32, i64, op, or, shl, type Value, xor, zext } from '../value.ts';

export type Index = Value | number;
/** What becomes of the i-th numbers of the registers; i is 0 in the scalar form. */
export type Element = (b: Builder, f: Fields, format: Format, i: Index) => Value;

/** `fixed`: the format, where the pattern says it. */
export const vector =
  (result: Element, fixed?: Format): Semantics =>
  (b, f) => {
    const shape = vectorOf(f, fixed);
    const value = eachElement(b, shape, (i) => result(b, f, shape.format, i));
    b.setV(f.d, value, shape.bits);
  };

export const scalar =
  (result: Element, fixed?: Format): Semantics =>
  (b, f) => {
    const format = fixed ?? vectorFormat(f);
    setScalar(b, format, f.d, result(b, f, format, 0));
  };

export const vector_of_one =
  (operation: Operation): Semantics =>
  (b, f) => {
    const shape = vectorOf(f);
    const { format, bits } = shape;
    const exactly = () =>
      eachElement(b, shape, (i) => b.call(operation.helper[format.name], element(b, format, f.n, i)));
    b.setV(f.d, onVectors(b, operation, shape, [b.v(f.n, bits)], exactly), bits);
  };

export const scalar_of_one =
  (operation: Operation): Semantics =>
  (b, f) => {
    const format = vectorFormat(f);
    setScalar(b, format, f.d, onScalars(b, operation, format, [element(b, format, f.n)]));
  };

// Of two operands the second is a register or made of one element of it.

export interface Second {
  readonly element: (i: Index) => Value;
  /** The whole as a v128. */
  readonly vector: (bits: 64 | 128) => Value;
}
export type SecondOf = (b: Builder, f: Fields, format: Format) => Second;

export const register: SecondOf = (b, f, format) => ({
  element: (i) => element(b, format, f.m, i),
  vector: (bits) => b.v(f.m, bits),
});

export const zero: SecondOf = () => ({ element: () => i64(0), vector: () => ZEROS });

export const vector_of_two =
  (operation: Operation, second = register): Semantics =>
  (b, f) => {
    const shape = vectorOf(f);
    const { format, bits } = shape;
    const m = second(b, f, format);
    const operands = [b.v(f.n, bits), m.vector(bits)];
    const exactly = () =>
      eachElement(b, shape, (i) =>
        b.call(operation.helper[format.name], element(b, format, f.n, i), m.element(i)),
      );
    b.setV(f.d, onVectors(b, operation, shape, operands, exactly), bits);
  };

export const scalar_of_two =
  (operation: Operation, second = register): Semantics =>
  (b, f) => {
    const format = vectorFormat(f);
    const operands = [element(b, format, f.n), second(b, f, format).element(0)];
    setScalar(b, format, f.d, onScalars(b, operation, format, operands));
  };

// d + n * m or, if `negative`, d - n * m

const factor = (b: Builder, f: Fields, format: Format, i: Index, negative: boolean): Value => {
  const n = element(b, format, f.n, i);
  return negative ? negated(format, n) : n;
};

export const vector_multiply_add =
  (negative: boolean, second = register): Semantics =>
  (b, f) => {
    const shape = vectorOf(f);
    const { format, bits } = shape;
    const m = second(b, f, format);
    const n = b.v(f.n, bits);
    const operands = [
      b.v(f.d, bits),
      negative ? op(format === DOUBLE ? 'f64x2.neg' : 'f32x4.neg', n) : n,
      m.vector(bits),
    ];
    const exactly = () =>
      eachElement(b, shape, (i) => {
        const x = factor(b, f, format, i, negative);
        return b.call(MULADD.helper[format.name], element(b, format, f.d, i), x, m.element(i));
      });
    b.setV(f.d, onVectors(b, MULADD, shape, operands, exactly), bits);
  };

export const scalar_multiply_add =
  (negative: boolean, second = register): Semantics =>
  (b, f) => {
    const format = vectorFormat(f);
    const m = second(b, f, format).element(0);
    const operands = [element(b, format, f.d), factor(b, f, format, 0, negative), m];
    setScalar(b, format, f.d, onScalars(b, MULADD, format, operands));
  };

// Complex numbers: the real part in the even elements.

export const isOdd = (i: Value): Value => and(i, 1);

/** v, or with its sign changed where `condition` is 1. */
export const negatedIf = (format: Format, condition: Value, v: Value): Value =>
  xor(v, shl(zext(condition), format.bits - 1));

/** R quarter turns: the product with the real part of n if that is even, with the imaginary part if it is odd. */
export const complex_multiply_add =
  (second = register, fixed?: Format): Semantics =>
  (b, f) => {
    const shape = vectorOf(f, fixed);
    const { format, bits } = shape;
    const m = second(b, f, format);
    const value = eachElement(b, shape, (i) => {
      const part = or(and(i, -2), f.R & 1);
      const isNegative = [i32(0), xor(isOdd(i), 1), i32(1), isOdd(i)][f.R]!;
      const turned = negatedIf(format, isNegative, m.element(xor(i, f.R & 1)));
      return b.call(FPMulAdd[format.name], element(b, format, f.d, i), element(b, format, f.n, part), turned);
    });
    b.setV(f.d, value, bits);
  };

export const FP: Attributes = { fp: true, cold: true };
/** One double is no vector. */
export const FP_VECTOR: Attributes = { ...FP, when: (f) => f.P === 0 || f.Q === 1 };
