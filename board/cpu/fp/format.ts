/*
 * board/cpu/fp/format.ts - half, single and double precision as bits
 *
 * Manual: Arm ARM (DDI 0487), "Floating-point standards, and terminology", "Floating-point data types"
 *
 * A number of any format travels between helpers as an i64 that holds its bits, zero-extended.
 */
import type { Builder, Helper } from '../builder.ts';
import { and, eq, eqz, geu, gtu, i64, op, or, shl, sub, type Value, wrap, xor } from '../value.ts';
import type { Type } from '../wasm-ops.ts';

export interface Format {
  readonly name: 'h' | 's' | 'd';
  readonly bits: 16 | 32 | 64;
  readonly bytes: 2 | 4 | 8;
  /** Bits of the fraction: F. The leading one is not stored. */
  readonly fraction: number;
  readonly bias: number;
}

export const HALF: Format = { name: 'h', bits: 16, bytes: 2, fraction: 10, bias: 15 };
export const SINGLE: Format = { name: 's', bits: 32, bytes: 4, fraction: 23, bias: 127 };
export const DOUBLE: Format = { name: 'd', bits: 64, bytes: 8, fraction: 52, bias: 1023 };

// Constants of a format.

const bitAt = (n: number): Value => shl(i64(1), n);
/** The low n bits. */
export const ones = (n: number): Value => sub(bitAt(n), 1);
export const signBit = (f: Format): Value => bitAt(f.bits - 1);
/** The least normal number; its one bit is where the leading one of a fraction would be. */
export const leastNormal = (f: Format): Value => bitAt(f.fraction);
export const infinity = (f: Format): Value => xor(sub(signBit(f), 1), ones(f.fraction));
export const quietBit = (f: Format): Value => bitAt(f.fraction - 1);
export const defaultNaN = (f: Format): Value => or(infinity(f), quietBit(f));
/** sign 2^n. */
export const powerOfTwo = (f: Format, n: number): Value => shl(i64(n + f.bias), f.fraction);

// Parts and classes of a number.

export const signOf = (f: Format, x: Value): Value => and(x, signBit(f));
/** All but the sign. Magnitudes compare like unsigned integers. */
export const magnitude = (f: Format, x: Value): Value => and(x, sub(signBit(f), 1));
export const negated = (f: Format, x: Value): Value => xor(x, signBit(f));
export const isZero = (f: Format, x: Value): Value => eqz(magnitude(f, x));
export const isInfinite = (f: Format, x: Value): Value => eq(magnitude(f, x), infinity(f));
export const isNan = (f: Format, x: Value): Value => gtu(magnitude(f, x), infinity(f));
/** Infinite or not a number. */
export const isSpecial = (f: Format, x: Value): Value => geu(magnitude(f, x), infinity(f));
export const isSignalling = (f: Format, x: Value): Value => and(isNan(f, x), eqz(and(x, quietBit(f))));

// The host's numbers.

/** The bits as the host's float of that width. */
export const toFloat = (f: Format, x: Value): Value =>
  f === SINGLE ? op('f32.reinterpret_i32', wrap(x)) : op('f64.reinterpret_i64', x);
/** The bits of a host's float. */
export const fromFloat = (v: Value): Value =>
  v.type === 'f32' ? op('i64.extend_i32_u', op('i32.reinterpret_f32', v)) : op('i64.reinterpret_f64', v);

/** A helper for each format. */
export type PerFormat = Readonly<Record<Format['name'], Helper>>;

export function perFormat(
  name: string,
  params: readonly Type[],
  result: Type,
  body: (f: Format) => Helper['body'],
): PerFormat {
  const one = (f: Format): Helper => ({ name: `${name}.${f.name}`, params, result, body: body(f) });
  return { h: one(HALF), s: one(SINGLE), d: one(DOUBLE) };
}

/** Two operands and a result of the same format. */
export type Binary = (b: Builder, x: Value, y: Value) => Value;
export const binary = (name: string, body: (f: Format) => Binary): PerFormat =>
  perFormat(name, ['i64', 'i64'], 'i64', (f) => (b, x, y) => body(f)(b, x!, y!));
export type Unary = (b: Builder, x: Value) => Value;
export const unary = (name: string, body: (f: Format) => Unary): PerFormat =>
  perFormat(name, ['i64'], 'i64', (f) => (b, x) => body(f)(b, x!));
