/*
 * board/cpu/fp/shape.ts - the host's floating-point instructions, on scalars and vectors alike
 *
 * Manual: WebAssembly Core Specification 2.0, "Floating-Point Operations", "Vector Instructions"
 */
import { and, f32, f64, op, or, type Value, v128 } from '../value.ts';
import type { OpName } from '../wasm-ops.ts';
import { DOUBLE, type Format, SINGLE } from './format.ts';

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
  /** Where there is nothing to round, for all that each of these finds. */
  readonly isExact?: readonly (() => Value)[];
}

type ShapeName = 'f32' | 'f64' | 'f32x4' | 'f64x2';
const HOST_OPS = [
  ...(['add', 'sub', 'mul', 'div', 'sqrt', 'abs', 'neg', 'min', 'max', 'trunc'] as const),
  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const),
] as const;
export type HostOp = (typeof HOST_OPS)[number];

/** A type of the host's whose numbers have the format. Names and constants are made here, once: code has thousands. */
export interface Shape {
  readonly name: ShapeName;
  readonly format: Format;
  readonly ops: Readonly<Record<HostOp, OpName>>;
  readonly zero: Value;
  readonly infinity: Value;
  /** The least normal numbers of both formats. */
  readonly least: Readonly<Record<'s' | 'd', Value>>;
}

const opsOf = (name: ShapeName): Shape['ops'] =>
  Object.fromEntries(HOST_OPS.map((op) => [op, `${name}.${op}` as OpName])) as Shape['ops'];

const shape = (name: ShapeName, format: Format): Shape => ({
  ...{ name, format, ops: opsOf(name) },
  ...{ zero: constant(name, 0), infinity: constant(name, Infinity) },
  least: { s: constant(name, 2 ** (1 - SINGLE.bias)), d: constant(name, 2 ** (1 - DOUBLE.bias)) },
});

const F32 = shape('f32', SINGLE);
const F64 = shape('f64', DOUBLE);
const F32X4 = shape('f32x4', SINGLE);
const F64X2 = shape('f64x2', DOUBLE);

export const scalarShape = (format: Format): Shape => (format === SINGLE ? F32 : F64);
export const vectorShape = (format: Format): Shape => (format === SINGLE ? F32X4 : F64X2);

/** The instruction `name` of the shape. Comparisons give an i32, or a v128 of ones and zeros. */
export const host = (s: Shape, name: HostOp, ...args: Value[]): Value => op(s.ops[name], ...args);
export const both = (x: Value, y: Value): Value => (x.type === 'v128' ? op('v128.and', x, y) : and(x, y));
export const either = (x: Value, y: Value): Value => (x.type === 'v128' ? op('v128.or', x, y) : or(x, y));

/** The number n, in every element of a vector. */
export function constant(name: ShapeName, n: number): Value {
  if (name === 'f32') return f32(n);
  if (name === 'f64') return f64(n);
  const numbers = name === 'f32x4' ? Float32Array.of(n, n, n, n) : Float64Array.of(n, n);
  return v128([...new Uint8Array(numbers.buffer)]);
}

export const isBounded = (s: Shape, x: Value): Value => host(s, 'lt', host(s, 'abs', x), s.infinity);
export const isNumber = (s: Shape, x: Value): Value => host(s, 'eq', x, x);
export const isZero = (s: Shape, x: Value): Value => host(s, 'eq', x, s.zero);
/** Larger than the least normal number, which a result may have become by rounding. */
export const isLarge = (s: Shape, x: Value, of = s.format): Value =>
  host(s, 'gt', host(s, 'abs', x), s.least[of === SINGLE ? 's' : 'd']);
