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
import { onScalars, onVectors, type Operation } from '../fp/operation.ts';
import type { Value } from '../value.ts';

/** What becomes of the i-th numbers of the registers; i is 0 in the scalar form. */
export type Element = (b: Builder, f: Fields, format: Format, i: Value | number) => Value;

export const vector =
  (result: Element): Semantics =>
  (b, f) => {
    const shape = vectorOf(f);
    const value = eachElement(b, shape, (i) => result(b, f, shape.format, i));
    b.setV(f.d, value, shape.bits);
  };

export const scalar =
  (result: Element): Semantics =>
  (b, f) => {
    const format = vectorFormat(f);
    setScalar(b, format, f.d, result(b, f, format, 0));
  };

/** The operation on n and m, exactly. */
const ofTwo =
  (operation: Operation): Element =>
  (b, f, format, i) =>
    b.call(operation.helper[format.name], element(b, format, f.n, i), element(b, format, f.m, i));

export const vector_of_two =
  (operation: Operation): Semantics =>
  (b, f) => {
    const { format, bits } = vectorOf(f);
    const operands = [b.let(b.v(f.n, bits)), b.let(b.v(f.m, bits))] as const;
    const exactly = () => eachElement(b, { format, bits }, (i) => ofTwo(operation)(b, f, format, i));
    b.setV(f.d, onVectors(b, operation, format, operands, bits, exactly), bits);
  };

export const scalar_of_two =
  (operation: Operation): Semantics =>
  (b, f) => {
    const format = vectorFormat(f);
    const operands = [element(b, format, f.n), element(b, format, f.m)];
    setScalar(b, format, f.d, onScalars(b, operation, format, operands));
  };

export const FP: Attributes = { fp: true, cold: true };
/** One double is no vector. */
export const FP_VECTOR: Attributes = { ...FP, when: (f) => f.P === 0 || f.Q === 1 };
