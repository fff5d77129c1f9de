/*
 * board/cpu/fp/compare.ts - comparisons, minimum and maximum
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode": FPCompare, FPCompareEQ, FPCompareGE, FPCompareGT, FPMax, FPMin,
 *         FPMaxNum, FPMinNum
 */
import type { Builder } from '../builder.ts';
import { cases } from '../pseudocode.ts';
import { and, eqz, i32, neg, op, or, select, type Value, zext } from '../value.ts';
import type { OpName } from '../wasm-ops.ts';
import {
  type Binary,
  binary,
  type Format,
  HALF,
  infinity,
  isNan,
  isSignalling,
  negated,
  perFormat,
  type PerFormat,
  toFloat,
} from './format.ts';
import { toDouble } from './host.ts';
import { FPProcessNaNs } from './nan.ts';
import { flushed } from './round.ts';
import { isNumber, scalarShape } from './shape.ts';
import { FPSR, inModes, raise, UNFLUSHED } from './status.ts';

// NZCV of a comparison, in bits 31:28.
const EQUAL = 0x6000_0000;
const LESS = 0x8000_0000;
const GREATER = 0x2000_0000;
const UNORDERED = 0x3000_0000;

const anyNaN = (f: Format, x: Value, y: Value): Value => or(isNan(f, x), isNan(f, y));
const anySignalling = (f: Format, x: Value, y: Value): Value => or(isSignalling(f, x), isSignalling(f, y));

/** NZCV of comparing numbers: floats, but no NaNs. */
export function ordered(x: Value, y: Value): Value {
  const is = (name: 'lt' | 'eq'): Value => op(`${x.type as 'f32' | 'f64'}.${name}`, x, y);
  return select(is('lt'), i32(LESS), select(is('eq'), i32(EQUAL), i32(GREATER)));
}

/** FPCompare(x, y, signal_nans) */
export const FPCompare = perFormat(
  'FPCompare',
  ['i64', 'i64', 'i32'],
  'i32',
  (f) => (b, first, second, signal) => {
    const [x, y] = [flushed(b, f, first!), flushed(b, f, second!)];
    b.if_(or(anySignalling(f, x, y), and(signal!, anyNaN(f, x, y))), () => raise(b, FPSR.IOC));
    const [n, m] = [b.let(toDouble(b, f, x)), b.let(toDouble(b, f, y))];
    const greater = select(op('f64.gt', n, m), i32(GREATER), i32(UNORDERED));
    return select(op('f64.lt', n, m), i32(LESS), select(op('f64.eq', n, m), i32(EQUAL), greater));
  },
);

/** The same on the host, in NZCV; with flushing or a NaN by the helper. */
export function compare(b: Builder, f: Format, x: Value, y: Value, signal: Value): Value {
  const exactly = (): Value => b.call(FPCompare[f.name], x, y, signal);
  if (f === HALF) return exactly();
  const s = scalarShape(f);
  const [n, m] = [b.let(toFloat(f, x)), b.let(toFloat(f, y))];
  return b.expect(
    [() => [inModes(b, UNFLUSHED), isNumber(s, n), isNumber(s, m)]],
    () => b.ordered(n, m),
    exactly,
  );
}

/** All ones if it holds. With a quiet NaN nothing does, and all but equality is an invalid operation. */
const relation = (name: string, relation: OpName, signalsQuiet: boolean): PerFormat =>
  binary(name, (f) => (b, first, second) => {
    const [x, y] = [flushed(b, f, first), flushed(b, f, second)];
    const isInvalid = signalsQuiet ? anyNaN(f, x, y) : anySignalling(f, x, y);
    b.if_(isInvalid, () => raise(b, FPSR.IOC));
    return neg(zext(op(relation, toDouble(b, f, x), toDouble(b, f, y))));
  });

export const FPCompareEQ = relation('FPCompareEQ', 'f64.eq', false);
export const FPCompareGE = relation('FPCompareGE', 'f64.ge', true);
export const FPCompareGT = relation('FPCompareGT', 'f64.gt', true);

/** Of zeros, and only there, it matters how equal numbers are combined: plus zero is the larger one. */
const extremum = (name: string, wins: OpName, combine: typeof and): PerFormat =>
  binary(name, (f) => (b, first, second) => {
    const [x, y] = [flushed(b, f, first), flushed(b, f, second)];
    return b.lazy(
      anyNaN(f, x, y),
      () => b.call(FPProcessNaNs[f.name], x, y),
      () => {
        const [n, m] = [b.let(toDouble(b, f, x)), b.let(toDouble(b, f, y))];
        return select(op('f64.eq', n, m), combine(x, y), select(op(wins, n, m), x, y));
      },
    );
  });

export const FPMax = extremum('FPMax', 'f64.gt', and);
export const FPMin = extremum('FPMin', 'f64.lt', or);

const isQuiet = (f: Format, x: Value): Value => select(isSignalling(f, x), i32(0), isNan(f, x));

/** A single quiet NaN counts as the `loser` among numbers. */
const numeric = (name: string, of: PerFormat, loser: (f: Format) => Value): PerFormat =>
  binary(
    name,
    (f): Binary =>
      (b: Builder, x, y) => {
        const [quietX, quietY] = [b.let(isQuiet(f, x)), b.let(isQuiet(f, y))];
        return cases(
          b,
          [
            [and(quietX, eqz(quietY)), () => b.call(of[f.name], loser(f), y)],
            [and(quietY, eqz(quietX)), () => b.call(of[f.name], x, loser(f))],
          ],
          () => b.call(of[f.name], x, y),
        );
      },
  );

export const FPMaxNum = numeric('FPMaxNum', FPMax, (f) => negated(f, infinity(f)));
export const FPMinNum = numeric('FPMinNum', FPMin, infinity);
