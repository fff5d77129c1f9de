/*
 * board/cpu/fp/convert.ts - between formats, to integers and fixed point, and back
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode": FPConvert, FPConvertNaN, FPToFixed, FPToFixedJS, FixedToFP, FPRoundInt
 *
 * A number of any format times a power of two up to 64, and that number rounded to an integer, are exact in the host's
 * double precision, or too large for any integer.
 */
import type { Builder, Helper } from '../builder.ts';
import { cases } from '../pseudocode.ts';
import {
  add,
  and,
  eqz,
  f64,
  i32,
  i64,
  lts,
  ne,
  neg,
  op,
  or,
  select,
  shl,
  shr,
  sub,
  type Value,
  zext,
  zx,
} from '../value.ts';
import {
  defaultNaN,
  DOUBLE,
  type Format,
  HALF,
  infinity,
  isInfinite,
  isNan,
  isZero,
  ones,
  type PerFormat,
  perFormat,
  quietBit,
  signBit,
  signOf,
  SINGLE,
  toFloat,
} from './format.ts';
import { fromDouble, toDouble } from './host.ts';
import { FPProcessNaN } from './nan.ts';
import { flushed, FPRound, FPRoundCV, unpack } from './round.ts';
import { control, FPCR, FPSR, raise, ROUNDING, roundingMode } from './status.ts';

// Rounding to an integer.

/** To the nearest, half away from zero. */
function roundAway(b: Builder, v: Value): Value {
  const whole = b.let(op('f64.trunc', v));
  const isFar = op('f64.ge', op('f64.abs', op('f64.sub', v, whole)), f64(0.5));
  return select(isFar, op('f64.add', whole, op('f64.copysign', f64(1), v)), whole);
}

/** By FPRounding: a double becomes the integer that it is rounded to. NaNs and infinities stay. */
export const roundToInteger: Helper = {
  name: 'roundToInteger',
  params: ['f64', 'i32'],
  result: 'f64',
  body(b, v, mode) {
    const result = b.variable(v!);
    const ways = [
      () => op('f64.nearest', v!),
      () => op('f64.ceil', v!),
      () => op('f64.floor', v!),
      () => op('f64.trunc', v!),
      () => roundAway(b, v!),
    ];
    b.switch_(mode!, ways.length, (i) => result.set(ways[i]!()));
    return result.get();
  },
};

/** FPRoundInt(x, mode, exact): `exact` signals what was inexact. */
export const FPRoundInt = perFormat(
  'FPRoundInt',
  ['i64', 'i32', 'i32'],
  'i64',
  (f) => (b, operand, mode, exact) => {
    const x = flushed(b, f, operand!);
    return cases(
      b,
      [
        [isNan(f, x), () => b.call(FPProcessNaN[f.name], x)],
        [isInfinite(f, x), () => x],
      ],
      () => {
        const value = b.let(toDouble(b, f, x));
        const rounded = b.call(roundToInteger, value, mode!);
        b.if_(and(exact!, op('f64.ne', value, rounded)), () => raise(b, FPSR.IXC));
        return fromDouble(f, rounded);
      },
    );
  },
);

// FPToFixed

export interface IntegerType {
  readonly bits: 16 | 32 | 64;
  readonly signed: boolean;
}

const least = ({ bits, signed }: IntegerType): number => (signed ? -(2 ** (bits - 1)) : 0);
const beyond = ({ bits, signed }: IntegerType): number => 2 ** (signed ? bits - 1 : bits);

/** Out of range the result is the nearest that there is, and of a NaN zero: as WebAssembly has it. */
function saturated(v: Value, type: IntegerType): Value {
  const sign = type.signed ? 's' : 'u';
  if (type.bits === 64) return op(`i64.trunc_sat_f64_${sign}`, v);
  if (type.bits === 32) return zext(op(`i32.trunc_sat_f64_${sign}`, v));
  const clamped = op('f64.min', op('f64.max', v, f64(least(type))), f64(beyond(type) - 1));
  return zext(and(op('i32.trunc_sat_f64_s', clamped), 0xffff));
}

/** A double, already scaled, to an integer by FPRounding; an i64 of which the upper bits are zero. */
const toInteger = (type: IntegerType): Helper => ({
  name: `toInteger.${type.signed ? 's' : 'u'}${type.bits}`,
  params: ['f64', 'i32'],
  result: 'i64',
  body(b, v, mode) {
    const rounded = b.call(roundToInteger, v!, mode!);
    const fits = and(op('f64.ge', rounded, f64(least(type))), op('f64.lt', rounded, f64(beyond(type))));
    const inexact = select(op('f64.ne', rounded, v!), i32(FPSR.IXC), i32(0));
    const flags = b.let(select(fits, inexact, i32(FPSR.IOC)));
    b.if_(flags, () => raise(b, flags));
    return saturated(rounded, type);
  },
});

const INTEGERS: readonly (readonly [IntegerType, Helper])[] = ([16, 32, 64] as const)
  .flatMap((bits) => [{ bits, signed: true } as const, { bits, signed: false } as const])
  .map((type) => [type, toInteger(type)]);

const integerHelper = (wanted: IntegerType): Helper =>
  INTEGERS.find(([type]) => type.bits === wanted.bits && type.signed === wanted.signed)![1];

/** The value of an operand; a flushed one is zero. */
const unpacked = perFormat('unpacked', ['i64'], 'f64', (f) => (b, x) => toDouble(b, f, flushed(b, f, x!)));

/** FPToFixed(x * 2^fractionBits, mode). */
export function FPToFixed(
  b: Builder,
  f: Format,
  x: Value,
  type: IntegerType,
  fractionBits: Value,
  mode: Value,
): Value {
  const value = b.call(unpacked[f.name], x);
  const scaled = op('f64.mul', value, powerOfTwo(fractionBits));
  return b.call(integerHelper(type), scaled, mode);
}

/** 2^n as a double, n an i32. */
const powerOfTwo = (n: Value): Value => toFloat(DOUBLE, shl(zext(add(n, DOUBLE.bias)), DOUBLE.fraction));

/** An integer of any size modulo 2^64; 0 for an infinity. */
function lowBits(b: Builder, x: Value): Value {
  const { exponent, significand } = unpack(b, DOUBLE, x);
  const size = b.lazy(
    lts(exponent, 63),
    () => op('i64.trunc_sat_f64_u', op('f64.abs', toFloat(DOUBLE, x))),
    () => select(lts(exponent, 62 + 64), shl(significand, zext(sub(exponent, 62))), i64(0)),
  );
  return select(ne(signOf(DOUBLE, x), 0), neg(size), size);
}

/** FPToFixedJS: the integer modulo 2^32 and, in bit 32, whether it is the number itself. */
export const FPToFixedJS: Helper = {
  name: 'FPToFixedJS',
  params: ['i64'],
  result: 'i64',
  body(b, operand) {
    const x = flushed(b, DOUBLE, operand!);
    const value = b.let(toFloat(DOUBLE, x));
    const whole = b.let(op('f64.trunc', value));
    const fits = and(op('f64.ge', whole, f64(-(2 ** 31))), op('f64.lt', whole, f64(2 ** 31)));
    const isWhole = b.let(op('f64.eq', whole, value));
    const flags = b.let(select(fits, select(isWhole, i32(0), i32(FPSR.IXC)), i32(FPSR.IOC)));
    b.if_(flags, () => raise(b, flags));
    // Minus zero is not the integer zero, nor is what was flushed.
    const isItself = select(isZero(DOUBLE, x), eqz(operand!), eqz(flags));
    return or(zx(lowBits(b, x), 32), shl(zext(isItself), 32));
  },
};

// FixedToFP

/** FixedToFP(n * 2^-fractionBits): n is an i64, and a magnitude if `sign` says so. */
const fixedToFP = perFormat(
  'fixedToFP',
  ['i64', 'i32', 'i32'],
  'i64',
  (f) => (b, n, isSigned, fractionBits) => {
    const isNegative = b.let(and(isSigned!, lts(n!, 0)));
    const size = b.let(select(isNegative, neg(n!), n!));
    return b.lazy(
      eqz(size),
      () => size,
      () => {
        const sign = select(isNegative, signBit(f), i64(0));
        return b.call(FPRound[f.name], sign, sub(i32(63), fractionBits!), size, roundingMode(b));
      },
    );
  },
);

export const FixedToFP = (b: Builder, f: Format, n: Value, signed: boolean, fractionBits: Value): Value =>
  b.call(fixedToFP[f.name], n, i32(Number(signed)), fractionBits);

// FPConvert

/** In the alternative half precision the largest exponent is like any other. */
const isAlternative = (b: Builder, f: Format): Value => (f === HALF ? control(b, FPCR.AHP) : i32(0));

/** The payload keeps its upper bits; without a sign and a payload in the alternative half precision. */
function convertNaN(b: Builder, from: Format, to: Format, x: Value): Value {
  const sign = signIn(from, to, x);
  const aligned = b.lazy(
    control(b, FPCR.DN),
    () => defaultNaN(to),
    () => or(or(sign, defaultNaN(to)), and(shifted(x, to.fraction - from.fraction), ones(to.fraction))),
  );
  const alternative = b.let(isAlternative(b, to));
  b.if_(or(alternative, eqz(and(x, quietBit(from)))), () => raise(b, FPSR.IOC));
  return select(alternative, sign, aligned);
}

function convertInfinity(b: Builder, from: Format, to: Format, x: Value): Value {
  const alternative = b.let(isAlternative(b, to));
  b.if_(alternative, () => raise(b, FPSR.IOC));
  return or(signIn(from, to, x), select(alternative, i64(0x7fff), infinity(to)));
}

const shifted = (v: Value, left: number): Value => (left < 0 ? shr(v, -left) : shl(v, left));
const signIn = (from: Format, to: Format, x: Value): Value => shifted(signOf(from, x), to.bits - from.bits);

/** To one format, from each of the others. */
const conversion = (to: Format, mode: (b: Builder) => Value): PerFormat =>
  perFormat(`FPConvert.${to.name}`, ['i64'], 'i64', (from) => (b, operand) => {
    const x = from === HALF ? operand! : flushed(b, from, operand!);
    const sign = b.let(signIn(from, to, x));
    const finite = () => {
      const { exponent, significand } = unpack(b, from, x);
      return b.call(FPRoundCV[to.name], sign, add(exponent, 1), significand, mode(b));
    };
    return cases(
      b,
      [
        [isZero(from, x), () => sign],
        [and(isNan(from, x), eqz(isAlternative(b, from))), () => convertNaN(b, from, to, x)],
        [and(isInfinite(from, x), eqz(isAlternative(b, from))), () => convertInfinity(b, from, to, x)],
      ],
      finite,
    );
  });

export const FPConvert: Readonly<Record<Format['name'], PerFormat>> = {
  h: conversion(HALF, roundingMode),
  s: conversion(SINGLE, roundingMode),
  d: conversion(DOUBLE, roundingMode),
};

/** Inexact results are odd, so that they can be rounded again. */
export const FPConvertToOdd = conversion(SINGLE, () => i32(ROUNDING.ODD));
