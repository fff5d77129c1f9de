/*
 * board/cpu/fp/arithmetic.ts - sum, product, quotient and square root of any format, in every mode
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode": FPAdd, FPSub, FPMul, FPMulX, FPDiv, FPSqrt
 *
 * On integers, so right whatever the mode, and the truth that the fast paths (operation.ts) are measured by.
 */
import type { Builder } from '../builder.ts';
import { cases, unsignedHigh } from '../pseudocode.ts';
import {
  add,
  and,
  divu,
  eq,
  eqz,
  geu,
  i32,
  i64,
  leu,
  mul,
  ne,
  neg,
  or,
  remu,
  sar,
  select,
  shl,
  shr,
  sub,
  type Value,
  xor,
  zext,
} from '../value.ts';
import { exactOnHost, exactProduct, exactQuotient, exactSum } from './exact.ts';
import {
  type Binary,
  binary,
  type Format,
  infinity,
  isInfinite,
  isNan,
  isSpecial,
  isZero,
  magnitude,
  negated,
  powerOfTwo,
  signOf,
  unary,
} from './format.ts';
import { FPProcessNaN, FPProcessNaNs } from './nan.ts';
import { flushed, FPRound, shiftRightSticky, unpack } from './round.ts';
import { FPSR, invalid, raise, ROUNDING, roundingMode } from './status.ts';

/** The sign of an exact zero sum: that of the operands if they agree, else minus only when rounding down. */
export const signOfZeroSum = (b: Builder, f: Format, x: Value, y: Value): Value =>
  signOf(f, select(eq(roundingMode(b), ROUNDING.NEGINF), or(x, y), and(x, y)));

/** The sign of a product or quotient. */
export const signOfProduct = (f: Format, x: Value, y: Value): Value => signOf(f, xor(x, y));

const anyNaN = (f: Format, x: Value, y: Value): Value => or(isNan(f, x), isNan(f, y));
const anyZero = (f: Format, x: Value, y: Value): Value => or(isZero(f, x), isZero(f, y));

type Part = (f: Format) => Binary;

/** An operation of two: on finite numbers, and on those of which one is special but none is a NaN. */
const operation =
  (finite: Part, infinite: Part): Part =>
  (f) =>
  (b, first, second) => {
    const [x, y] = [flushed(b, f, first), flushed(b, f, second)];
    return b.lazy(
      or(isSpecial(f, x), isSpecial(f, y)),
      () =>
        b.lazy(
          anyNaN(f, x, y),
          () => b.call(FPProcessNaNs[f.name], x, y),
          () => infinite(f)(b, x, y),
        ),
      () => finite(f)(b, x, y),
    );
  };

// FPAdd, FPSub

const addInfinities: Part = (f) => (b, x, y) =>
  b.lazy(
    and(eq(magnitude(f, x), magnitude(f, y)), ne(x, y)),
    () => invalid(b, f),
    () => select(isInfinite(f, x), x, y),
  );

const addFinite: Part = (f) => (b, x, y) => {
  const inOrder = geu(magnitude(f, x), magnitude(f, y));
  const large = b.let(select(inOrder, x, y));
  const small = b.let(select(inOrder, y, x));
  const [a, c] = [unpack(b, f, large), unpack(b, f, small)];
  const aligned = shiftRightSticky(b, c.significand, sub(a.exponent, c.exponent));
  const isDifference = ne(signOfProduct(f, x, y), 0);
  const sum = b.let(add(a.significand, select(isDifference, neg(aligned), aligned)));
  return b.lazy(
    eqz(sum),
    () => signOfZeroSum(b, f, x, y),
    () => b.call(FPRound[f.name], signOf(f, large), add(a.exponent, 1), sum, roundingMode(b)),
  );
};

export const FPAdd = exactOnHost('FPAdd', exactSum, operation(addFinite, addInfinities));

/** A NaN keeps its sign: it is no sum with the negated operand. */
export const FPSub = binary(
  'FPSub',
  (f) => (b, x, y) => b.call(FPAdd[f.name], x, select(isNan(f, y), y, negated(f, y))),
);

// FPMul, FPMulX

const mulInfinities =
  (zeroTimesInfinity: Part): Part =>
  (f) =>
  (b, x, y) =>
    b.lazy(
      anyZero(f, x, y),
      () => zeroTimesInfinity(f)(b, x, y),
      () => or(signOfProduct(f, x, y), infinity(f)),
    );

const mulFinite: Part = (f) => (b, x, y) =>
  b.lazy(
    anyZero(f, x, y),
    () => signOfProduct(f, x, y),
    () => {
      const [a, c] = [unpack(b, f, x), unpack(b, f, y)];
      const lost = ne(mul(a.significand, c.significand), 0);
      const product = or(b.call(unsignedHigh, a.significand, c.significand), zext(lost));
      const exponent = add(add(a.exponent, c.exponent), 63 - 60); // twice 62, without 64 bits
      return b.call(FPRound[f.name], signOfProduct(f, x, y), exponent, product, roundingMode(b));
    },
  );

export const FPMul = exactOnHost(
  'FPMul',
  exactProduct,
  operation(
    mulFinite,
    mulInfinities((f) => (b) => invalid(b, f)),
  ),
);
/** Zero times infinity is two. */
export const FPMulX = exactOnHost(
  'FPMulX',
  exactProduct,
  operation(
    mulFinite,
    mulInfinities((f) => (_b, x, y) => or(signOfProduct(f, x, y), powerOfTwo(f, 1))),
  ),
);

// FPDiv

const divInfinities: Part = (f) => (b, x, y) =>
  b.lazy(
    eq(magnitude(f, x), magnitude(f, y)),
    () => invalid(b, f),
    () => or(signOfProduct(f, x, y), select(isInfinite(f, x), infinity(f), i64(0))),
  );

/** Quotient of two integers below 2^53 with 55 bits more, the last one sticky: eleven bits at a time. */
function longDivision(b: Builder, x: Value, y: Value): Value {
  const quotient = b.variable(divu(x, y));
  const rest = b.variable(remu(x, y));
  const round = b.variable(i32(5));
  b.repeat(() => {
    const next = b.let(shl(rest.get(), 11));
    quotient.set(or(shl(quotient.get(), 11), divu(next, y)));
    rest.set(remu(next, y));
    round.set(sub(round.get(), 1));
    return round.get();
  });
  return b.let(or(quotient.get(), zext(ne(rest.get(), 0))));
}

const divFinite: Part = (f) => (b, x, y) =>
  cases(
    b,
    [
      [and(isZero(f, x), isZero(f, y)), () => invalid(b, f)],
      [isZero(f, x), () => signOfProduct(f, x, y)],
      [isZero(f, y), () => divideByZero(b, f, signOfProduct(f, x, y))],
    ],
    () => {
      const [a, c] = [unpack(b, f, x), unpack(b, f, y)];
      const quotient = longDivision(b, b.let(shr(a.significand, 10)), b.let(shr(c.significand, 10)));
      const exponent = add(sub(a.exponent, c.exponent), 63 - 55);
      return b.call(FPRound[f.name], signOfProduct(f, x, y), exponent, quotient, roundingMode(b));
    },
  );

/** The infinity of that sign. */
export function divideByZero(b: Builder, f: Format, sign: Value): Value {
  raise(b, FPSR.DZC);
  return or(sign, infinity(f));
}

export const FPDiv = exactOnHost('FPDiv', exactQuotient, operation(divFinite, divInfinities));

// FPSqrt

/** The root of v * 2^-60 from [1, 4) as a multiple of 2^-60, digit by digit; the last bit is sticky. */
function squareRoot(b: Builder, v: Value): Value {
  const rest = b.variable(v);
  const root = b.variable(i64(0));
  const twice = b.variable(i64(0)); // the root so far
  const digit = b.variable(shl(i64(1), 60));
  b.repeat(() => {
    const trial = b.let(add(twice.get(), digit.get()));
    b.if_(leu(trial, rest.get()), () => {
      twice.set(add(trial, digit.get()));
      rest.set(sub(rest.get(), trial));
      root.set(add(root.get(), digit.get()));
    });
    rest.set(shl(rest.get(), 1));
    digit.set(shr(digit.get(), 1));
    return ne(digit.get(), 8); // 57 digits
  });
  return b.let(or(root.get(), zext(ne(rest.get(), 0))));
}

export const FPSqrt = unary('FPSqrt', (f) => (b, operand) => {
  const x = flushed(b, f, operand);
  return cases(
    b,
    [
      [isNan(f, x), () => b.call(FPProcessNaN[f.name], x)],
      [isZero(f, x), () => x],
      [ne(signOf(f, x), 0), () => invalid(b, f)],
      [isInfinite(f, x), () => x],
    ],
    () => {
      const { exponent, significand } = unpack(b, f, x);
      const even = b.let(shl(shr(significand, 2), zext(and(exponent, 1))));
      const half = add(sar(exponent, 1), 63 - 60);
      return b.call(FPRound[f.name], i64(0), half, squareRoot(b, even), roundingMode(b));
    },
  );
});
