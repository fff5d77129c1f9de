/*
 * board/cpu/fp/estimate.ts - reciprocals and reciprocal square roots to eight bits, exactly these eight bits
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode": FPRecipEstimate, RecipEstimate, FPRSqrtEstimate, RecipSqrtEstimate,
 *         FPRecpX, UnsignedRecipEstimate, UnsignedRSqrtEstimate
 */
import type { Builder } from '../builder.ts';
import { cases } from '../pseudocode.ts';
import { STATE } from '../state.ts';
import {
  add,
  and,
  divu,
  eq,
  eqz,
  ges,
  gts,
  i32,
  i64,
  lts,
  ltu,
  ne,
  not,
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
import { divideByZero } from './arithmetic.ts';
import {
  type Format,
  infinity,
  isInfinite,
  isNan,
  isZero,
  leastNormal,
  magnitude,
  signOf,
  unary,
} from './format.ts';
import { FPProcessNaN } from './nan.ts';
import { flushed, type Unpacked, unpack } from './round.ts';
import { FPSR, flushes, invalid, raise, ROUNDING, roundingMode } from './status.ts';

/** 1 / a for a from 256 (one half) to 511, in units of 1/256 above one: i32. */
const recipEstimate = (a: Value): Value => shr(add(divu(i32(1 << 19), add(shl(a, 1), 1)), 1), 1);

/** 1 / sqrt(a) for a from 128 (one quarter) to 511. */
const recipSqrtEstimate = (b: Builder, a: Value): Value => or(b.load(sub(a, 128), STATE.RSQRT, 1), 256);

/** What recipSqrtEstimate() looks up: the lower eight bits for each a. */
export function recipSqrtTable(): Uint8Array {
  return Uint8Array.from({ length: 512 - 128 }, (_, i) => {
    const a = i + 128;
    const middle = a < 256 ? 2 * a + 1 : 2 * ((a & ~1) + 1);
    let root = 512;
    while (middle * (root + 1) ** 2 < 2 ** 28) root++;
    return (root + 1) >> 1;
  });
}

/** Nine bits of a significand, the leading one first: a number from one half to one. */
const upperBits = (significand: Value): Value => wrap(shr(significand, 54));

// FPRecipEstimate

function overflow(b: Builder, f: Format, sign: Value): Value {
  raise(b, FPSR.OFC | FPSR.IXC);
  const mode = b.let(roundingMode(b));
  const outwards = select(ne(sign, 0), i32(ROUNDING.NEGINF), i32(ROUNDING.POSINF));
  const toInfinity = or(eqz(mode), eq(mode, outwards));
  return or(sign, sub(infinity(f), zext(eqz(toInfinity))));
}

function recip(b: Builder, f: Format, sign: Value, { exponent, significand }: Unpacked): Value {
  const estimate = b.let(zext(recipEstimate(upperBits(significand))));
  const resultExponent = b.let(sub(i32(f.bias - 1), exponent));
  const withOne = shl(estimate, f.fraction - 8);
  const normal = add(shl(sext(sub(resultExponent, 1)), f.fraction), withOne);
  const denormal = shr(withOne, zext(sub(i32(1), resultExponent)));
  return or(sign, select(gts(resultExponent, 0), normal, denormal));
}

export const FPRecipEstimate = unary('FPRecipEstimate', (f) => (b, operand) => {
  const x = flushed(b, f, operand);
  const sign = b.let(signOf(f, x));
  const finite = () => {
    const parts = unpack(b, f, x);
    const isLarge = ges(parts.exponent, f.bias - 1);
    return cases(
      b,
      [
        [lts(parts.exponent, -f.bias - 1), () => overflow(b, f, sign)],
        [select(isLarge, flushes(b, f), i32(0)), () => underflow(b, sign)],
      ],
      () => recip(b, f, sign, parts),
    );
  };
  return cases(
    b,
    [
      [isNan(f, x), () => b.call(FPProcessNaN[f.name], x)],
      [isInfinite(f, x), () => sign],
      [isZero(f, x), () => divideByZero(b, f, sign)],
    ],
    finite,
  );
});

function underflow(b: Builder, sign: Value): Value {
  raise(b, FPSR.UFC);
  return sign;
}

// FPRSqrtEstimate

function recipSqrt(b: Builder, f: Format, { exponent, significand }: Unpacked): Value {
  const biased = b.let(add(exponent, f.bias));
  const a = b.let(shr(upperBits(significand), and(biased, 1)));
  const estimate = zext(recipSqrtEstimate(b, a));
  const resultExponent = shr(sub(i32(3 * f.bias - 1), biased), 1);
  return add(shl(zext(sub(resultExponent, 1)), f.fraction), shl(estimate, f.fraction - 8));
}

export const FPRSqrtEstimate = unary('FPRSqrtEstimate', (f) => (b, operand) => {
  const x = flushed(b, f, operand);
  return cases(
    b,
    [
      [isNan(f, x), () => b.call(FPProcessNaN[f.name], x)],
      [isZero(f, x), () => divideByZero(b, f, x)],
      [ne(signOf(f, x), 0), () => invalid(b, f)],
      [isInfinite(f, x), () => i64(0)],
    ],
    () => recipSqrt(b, f, unpack(b, f, x)),
  );
});

// FPRecpX

/** The exponent's complement; that of zero is the largest of a number. */
export const FPRecpX = unary('FPRecpX', (f) => (b, operand) => {
  const x = flushed(b, f, operand);
  return b.lazy(
    isNan(f, x),
    () => b.call(FPProcessNaN[f.name], x),
    () => {
      const complement = and(not(x), infinity(f));
      const largest = sub(infinity(f), leastNormal(f));
      return or(signOf(f, x), select(ltu(magnitude(f, x), leastNormal(f)), largest, complement));
    },
  );
});

// Fixed point: 32 bits, of which the highest counts one half.

export const unsignedRecipEstimate = (b: Builder, v: Value): Value =>
  b.lazy(
    lts(v, 0),
    () => shl(recipEstimate(shr(v, 23)), 23),
    () => i32(-1),
  );

export const unsignedRSqrtEstimate = (b: Builder, v: Value): Value =>
  b.lazy(
    ltu(v, 1 << 30),
    () => i32(-1),
    () => shl(recipSqrtEstimate(b, b.let(shr(v, 23))), 23),
  );
