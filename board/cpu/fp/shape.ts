/*
 * board/cpu/fp/shape.ts - the host's floating-point instructions, on scalars and vectors alike
 *
 * Manual: WebAssembly Core Specification 2.0, "Floating-Point Operations", "Vector Instructions"
 */
import { and, f32, f64, op, or, type Value, v128 } from '../value.ts';
import type { OpName } from '../wasm-ops.ts';
import { type Format, SINGLE } from './format.ts';

/** What the host finds. All but the result are conditions: an i32, or a v128 of ones and zeros. */
export interface Attempt {
  /** Of the shape; of a scalar it may be the i64 that is written. */
  readonly result: Value;
  /** Where that is right, as long as it may be rounded to nearest; undefined: everywhere. */
  readonly isRight?: Value;
  /** Only where the result is a finite number. */
  readonly mustBeFinite?: true;
  /** The rest of isRight is about underflow only: that has no effect but a flag. */
  readonly mayUnderflow?: true;
  /** Stronger than isRight, true of most numbers, and quicker to find out: all of these. */
  readonly isUsual?: readonly Value[];
  /** Where there is nothing to round. */
  readonly isExact?: () => Value;
}

/** A type of the host's whose numbers have the format. */
export interface Shape {
  readonly name: 'f32' | 'f64' | 'f32x4' | 'f64x2';
  readonly format: Format;
}
export const scalarShape = (format: Format): Shape => ({ name: format === SINGLE ? 'f32' : 'f64', format });
export const vectorShape = (format: Format): Shape => ({
  name: format === SINGLE ? 'f32x4' : 'f64x2',
  format,
});

/** The instruction `name` of the shape. Comparisons give an i32, or a v128 of ones and zeros. */
export const host = (s: Shape, name: string, ...args: Value[]): Value =>
  op(`${s.name}.${name}` as OpName, ...args);
export const both = (x: Value, y: Value): Value => (x.type === 'v128' ? op('v128.and', x, y) : and(x, y));
export const either = (x: Value, y: Value): Value => (x.type === 'v128' ? op('v128.or', x, y) : or(x, y));

/** The number n, in every element of a vector. */
export function constant(s: Shape, n: number): Value {
  if (s.name === 'f32') return f32(n);
  if (s.name === 'f64') return f64(n);
  const numbers = s.name === 'f32x4' ? Float32Array.of(n, n, n, n) : Float64Array.of(n, n);
  return v128([...new Uint8Array(numbers.buffer)]);
}

export const isBounded = (s: Shape, x: Value): Value =>
  host(s, 'lt', host(s, 'abs', x), constant(s, Infinity));
export const isNumber = (s: Shape, x: Value): Value => host(s, 'eq', x, x);
export const isZero = (s: Shape, x: Value): Value => host(s, 'eq', x, constant(s, 0));
/** Larger than the least normal number, which a result may have become by rounding. */
export const isLarge = (s: Shape, x: Value, of = s.format): Value =>
  host(s, 'gt', host(s, 'abs', x), constant(s, 2 ** (1 - of.bias)));
