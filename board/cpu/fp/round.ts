/*
 * board/cpu/fp/round.ts - from bits to sign, exponent and significand, and back
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode": FPUnpack, FPRound, FPRoundCV; "Flushing denormalized numbers to zero"
 *
 * Where the manual computes with real numbers we have 64-bit significands whose lowest bit is sticky: it is 1 if
 * anything below it was not zero. All formats need less than 62 bits to be rounded right.
 */
import type { Builder } from '../builder.ts';
import {
  add,
  and,
  clz,
  eq,
  eqz,
  geu,
  gts,
  gtu,
  i32,
  i64,
  ltu,
  ne,
  or,
  select,
  sext,
  shl,
  shr,
  sub,
  type Value,
  wrap,
  zext,
} from '../value.ts';
import {
  type Format,
  HALF,
  infinity,
  leastNormal,
  magnitude,
  ones,
  perFormat,
  signOf,
  unary,
} from './format.ts';
import { control, FPCR, FPSR, flushes, raise, ROUNDING } from './status.ts';

/** significand * 2^(exponent - 62), with the leading one at bit 62. Zero: the significand is, the exponent small. */
export interface Unpacked {
  readonly exponent: Value; //    i32
  readonly significand: Value; // i64
}

/** The parts of a finite number. */
export function unpack(b: Builder, f: Format, x: Value): Unpacked {
  const bits = b.let(magnitude(f, x));
  const exponent = b.variable(sub(wrap(shr(bits, f.fraction)), f.bias));
  const fraction = and(bits, ones(f.fraction));
  const significand = b.variable(shl(or(fraction, leastNormal(f)), 62 - f.fraction));
  b.if_(ltu(bits, leastNormal(f)), () => {
    const zeros = b.let(clz(bits));
    significand.set(shl(bits, sub(zeros, 1)));
    exponent.set(sub(i32(64 - f.bias - f.fraction), wrap(zeros)));
  });
  return { exponent: exponent.get(), significand: significand.get() };
}

const FPFlushInput = unary('FPFlushInput', (f) => (b, x) => {
  const isDenormal = ltu(sub(magnitude(f, x), 1), sub(leastNormal(f), 1));
  return b.lazy(
    isDenormal,
    () => {
      if (f !== HALF) raise(b, FPSR.IDC);
      return signOf(f, x);
    },
    () => x,
  );
});

/** What FPUnpack takes the operand for: zero, if it is denormal and FPCR says so. */
export function flushed(b: Builder, f: Format, x: Value): Value {
  return b.lazy(
    flushes(b, f),
    () => b.call(FPFlushInput[f.name], x),
    () => x,
  );
}

/** v >> n for n >= 0; what falls off makes the lowest bit 1. Of a v below 2^63 at least 63 bits may fall off. */
export function shiftRightSticky(b: Builder, v: Value, n: Value): Value {
  const by = b.let(zext(select(gtu(n, 63), i32(63), n)));
  const lost = and(v, sub(shl(i64(1), by), 1));
  return b.let(or(shr(v, by), zext(ne(lost, 0))));
}

/** One if the quotient must be increased: `rest` is what is below it, out of 2^bits. */
function roundsUp(
  b: Builder,
  mode: Value,
  negative: Value,
  quotient: Value,
  rest: Value,
  bits: number,
): Value {
  const odd = and(quotient, 1);
  const outwards = eq(mode, add(negative, ROUNDING.POSINF)); // NEGINF is one more
  const toOdd = and(eq(mode, ROUNDING.ODD), eqz(odd));
  return b.lazy(
    eqz(mode),
    () => gtu(add(rest, odd), shl(i64(1), bits - 1)),
    () => and(ne(rest, 0), or(outwards, toOdd)),
  );
}

interface Target {
  readonly flush: boolean;
  /** From this magnitude on a result has overflowed... */
  readonly limit: Value;
  readonly overflow: (toInfinity: Value) => Value;
}

/** FPRoundBase of significand * 2^(exponent - 63), which is not zero. `sign` is 0 or the format's sign bit. */
function round(b: Builder, f: Format, [sign, unscaled, raw, mode]: Value[], target: Target): Value {
  const zeros = b.let(clz(raw!));
  const exponent = b.let(sub(unscaled!, wrap(zeros)));
  const below = b.let(sub(i32(1 - f.bias), exponent));
  const isTiny = b.let(gts(below, 0));
  const significand = b.let(shl(raw!, zeros));
  const number = { sign: sign!, mode: mode!, exponent, below, isTiny, significand };
  if (!target.flush) return roundUnflushed(b, f, number, target);
  return b.lazy(
    select(isTiny, flushes(b, f), i32(0)),
    () => {
      raise(b, FPSR.UFC);
      return sign!;
    },
    () => roundUnflushed(b, f, number, target),
  );
}

interface Unrounded {
  readonly sign: Value;
  readonly mode: Value;
  readonly exponent: Value;
  /** How far the exponent is below that of the least normal number, and whether it is. */
  readonly below: Value;
  readonly isTiny: Value;
  readonly significand: Value;
}

function roundUnflushed(b: Builder, f: Format, number: Unrounded, target: Target): Value {
  const { sign, mode, exponent, below, isTiny } = number;
  const significand = b.variable(number.significand);
  b.if_(isTiny, () => significand.set(shiftRightSticky(b, significand.get(), below)));
  const lower = 63 - f.fraction;
  const quotient = b.let(shr(significand.get(), lower));
  const rest = b.let(and(significand.get(), ones(lower)));
  const negative = b.let(wrap(shr(sign, f.bits - 1)));
  const up = roundsUp(b, mode, negative, quotient, rest, lower);
  // The leading one of a normal number counts as one in the exponent's field, and so does a carry.
  const field = select(isTiny, i32(0), add(exponent, f.bias - 1));
  const result = b.let(add(add(quotient, zext(up)), shl(sext(field), f.fraction)));
  return b.lazy(
    geu(result, target.limit),
    () => or(sign, target.overflow(or(eqz(mode), eq(mode, add(negative, ROUNDING.POSINF))))),
    () => {
      b.if_(ne(rest, 0), () => raise(b, or(select(isTiny, i32(FPSR.UFC), i32(0)), FPSR.IXC)));
      return or(sign, result);
    },
  );
}

const ROUND_PARAMS = ['i64', 'i32', 'i64', 'i32'] as const;

/** FPRound(sign, exponent, significand, mode). */
export const FPRound = perFormat(
  'FPRound',
  ROUND_PARAMS,
  'i64',
  (f) =>
    (b, ...args) =>
      round(b, f, args, {
        flush: true,
        limit: infinity(f),
        overflow: (toInfinity) => {
          raise(b, FPSR.OFC | FPSR.IXC);
          return sub(infinity(f), zext(eqz(toInfinity)));
        },
      }),
);

/** FPRoundCV: conversions to half precision know no flushing, but the alternative format, where all exponents count. */
export const FPRoundCV = perFormat('FPRoundCV', ROUND_PARAMS, 'i64', (f) => (b, ...args) => {
  if (f !== HALF) return b.call(FPRound[f.name], ...args);
  const alternative = b.let(control(b, FPCR.AHP));
  return round(b, f, args, {
    flush: false,
    limit: select(alternative, i64(0x8000), infinity(f)),
    overflow: (toInfinity) => {
      raise(b, select(alternative, i32(FPSR.IOC), i32(FPSR.OFC | FPSR.IXC)));
      return select(alternative, i64(0x7fff), sub(infinity(f), zext(eqz(toInfinity))));
    },
  });
});
