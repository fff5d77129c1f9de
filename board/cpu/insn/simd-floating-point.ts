/*
 * board/cpu/insn/simd-floating-point.ts - how an operation on numbers becomes an Advanced SIMD instruction
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Data Processing -- Scalar Floating-Point and Advanced SIMD"
 *
 * Fields of the rows: P single or double precision (none: half), Q 128 bits rather than 64.
 */
import type { Attributes, Builder, Fields, Semantics } from '../builder.ts';
import { eachElement, element, setScalar, vectorFormat, vectorOf } from '../fp/element.ts';
import type { Format } from '../fp/format.ts';
import { FPMulAdd } from '../fp/fused.ts';
import { onScalars, onVectors, type Operation } from '../fp/operation.ts';
import { and, i32, neg, or, shl, type Value, xor, zext } from '../value.ts';

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

/** All ones if it holds. */
export const mask = (holds: Value): Value => neg(zext(holds));

export const vector_of_one =
  (operation: Operation): Semantics =>
  (b, f) => {
    const { format, bits } = vectorOf(f);
    const n = b.let(b.v(f.n, bits));
    const exactly = () =>
      eachElement(b, { format, bits }, (i) =>
        b.call(operation.helper[format.name], element(b, format, f.n, i)),
      );
    b.setV(f.d, onVectors(b, operation, format, [n, n], bits, exactly), bits);
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

export const vector_of_two =
  (operation: Operation, second = register): Semantics =>
  (b, f) => {
    const { format, bits } = vectorOf(f);
    const m = second(b, f, format);
    const operands = [b.let(b.v(f.n, bits)), b.let(m.vector(bits))] as const;
    const exactly = () =>
      eachElement(b, { format, bits }, (i) =>
        b.call(operation.helper[format.name], element(b, format, f.n, i), m.element(i)),
      );
    b.setV(f.d, onVectors(b, operation, format, operands, bits, exactly), bits);
  };

export const scalar_of_two =
  (operation: Operation, second = register): Semantics =>
  (b, f) => {
    const format = vectorFormat(f);
    const operands = [element(b, format, f.n), second(b, f, format).element(0)];
    setScalar(b, format, f.d, onScalars(b, operation, format, operands));
  };

// d + n * m

export type Of = (format: Format, v: Value) => Value;
export const same: Of = (_, v) => v;

/** `of`: n or its negative. */
export const vector_multiply_add =
  (of: Of, second = register): Semantics =>
  (b, f) => {
    const shape = vectorOf(f);
    const { format, bits } = shape;
    const m = second(b, f, format);
    const value = eachElement(b, shape, (i) => multiplyAdd(b, f, format, i, of, m.element(i)));
    b.setV(f.d, value, bits);
  };

export const scalar_multiply_add =
  (of: Of, second = register): Semantics =>
  (b, f) => {
    const format = vectorFormat(f);
    setScalar(b, format, f.d, multiplyAdd(b, f, format, 0, of, second(b, f, format).element(0)));
  };

const multiplyAdd = (b: Builder, f: Fields, format: Format, i: Index, of: Of, y: Value): Value =>
  b.call(FPMulAdd[format.name], element(b, format, f.d, i), of(format, element(b, format, f.n, i)), y);

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
