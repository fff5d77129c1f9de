/*
 * board/cpu/fp/fused.ts - product and sum with one rounding
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode": FPMulAdd, FPRecipStepFused, FPRSqrtStepFused
 */
import type { Builder, Variable } from '../builder.ts';
import { cases, unsignedHigh } from '../pseudocode.ts';
import {
  add,
  and,
  clz,
  eqz,
  geu,
  gtu,
  i32,
  i64,
  lts,
  ltu,
  mul,
  ne,
  neg,
  not,
  or,
  select,
  shl,
  shr,
  sub,
  type Value,
  wrap,
  zext,
} from '../value.ts';
import { signOfProduct, signOfZeroSum } from './arithmetic.ts';
import {
  binary,
  type Format,
  infinity,
  isInfinite,
  isNan,
  isSignalling,
  isSpecial,
  isZero,
  negated,
  perFormat,
  powerOfTwo,
  quietBit,
  signOf,
} from './format.ts';
import { FPProcessNaNs3 } from './nan.ts';
import { flushed, FPRound, unpack } from './round.ts';
import { invalid, roundingMode } from './status.ts';

/** (high:low) * 2^(exponent - 124), below 2^127 before the shift of the exponent. */
interface Wide {
  readonly high: Variable;
  readonly low: Variable;
  readonly exponent: Variable;
  readonly sign: Variable;
}

/** So small that a zero never decides where the other number's bits go. */
const ZERO_EXPONENT = -0x4000;

function product(b: Builder, f: Format, x: Value, y: Value): Wide {
  const [a, c] = [unpack(b, f, x), unpack(b, f, y)];
  const high = b.variable(b.call(unsignedHigh, a.significand, c.significand));
  const exponent = select(eqz(high.get()), i32(ZERO_EXPONENT), add(a.exponent, c.exponent));
  return {
    high,
    low: b.variable(mul(a.significand, c.significand)),
    exponent: b.variable(exponent),
    sign: b.variable(signOfProduct(f, x, y)),
  };
}

function widened(b: Builder, f: Format, x: Value): Wide {
  const { exponent, significand } = unpack(b, f, x);
  return {
    high: b.variable(significand),
    low: b.variable(i64(0)),
    exponent: b.variable(select(isZero(f, x), i32(ZERO_EXPONENT), sub(exponent, 2))),
    sign: b.variable(signOf(f, x)),
  };
}

function swap(b: Builder, x: Wide, y: Wide): void {
  for (const part of ['high', 'low', 'exponent', 'sign'] as const) {
    const old = b.variable(x[part].get());
    x[part].set(y[part].get());
    y[part].set(old.get());
  }
}

/** To the right by n >= 0, the lowest bit sticky. */
function shiftWideRight(b: Builder, { high, low }: Wide, n: Value): void {
  const rest = b.variable(select(gtu(n, 127), i32(127), n));
  b.if_(geu(rest.get(), 64), () => {
    low.set(or(high.get(), zext(ne(low.get(), 0))));
    high.set(i64(0));
    rest.set(sub(rest.get(), 64));
  });
  b.if_(rest.get(), () => {
    const by = b.let(zext(rest.get()));
    const lost = b.let(zext(ne(shl(low.get(), neg(by)), 0)));
    low.set(or(or(shr(low.get(), by), shl(high.get(), neg(by))), lost));
    high.set(shr(high.get(), by));
  });
}

/** x + y, of which the exponents are the same, in x. */
function addWide(b: Builder, x: Wide, y: Wide): void {
  b.if_(
    ne(x.sign.get(), y.sign.get()),
    () => {
      x.high.set(sub(sub(x.high.get(), y.high.get()), zext(ltu(x.low.get(), y.low.get()))));
      x.low.set(sub(x.low.get(), y.low.get()));
    },
    () => {
      x.low.set(add(x.low.get(), y.low.get()));
      x.high.set(add(add(x.high.get(), y.high.get()), zext(ltu(x.low.get(), y.low.get()))));
    },
  );
}

/** A difference that came out negative changes its sign. A sum may reach 2^127, which is not negative. */
function makePositive(b: Builder, f: Format, x: Wide, isDifference: Value): void {
  b.if_(and(isDifference, lts(x.high.get(), 0)), () => {
    x.low.set(neg(x.low.get()));
    x.high.set(add(not(x.high.get()), zext(eqz(x.low.get()))));
    x.sign.set(negated(f, x.sign.get()));
  });
}

/** To the left until bit 127 is one; the number is not zero. Then FPRound of its upper half, times 2^scale. */
function roundWide(b: Builder, f: Format, x: Wide, scale: Value): Value {
  b.if_(eqz(x.high.get()), () => {
    x.high.set(x.low.get());
    x.low.set(i64(0));
    x.exponent.set(sub(x.exponent.get(), 64));
  });
  const zeros = b.let(clz(x.high.get()));
  const below = shr(shr(x.low.get(), 1), sub(i64(63), zeros)); // by 64 - zeros, which may be 64
  const lost = zext(ne(shl(x.low.get(), zeros), 0));
  const significand = b.let(or(or(shl(x.high.get(), zeros), below), lost));
  const exponent = sub(add(add(x.exponent.get(), scale), 63 - 60), wrap(zeros));
  return b.call(FPRound[f.name], x.sign.get(), exponent, significand, roundingMode(b));
}

/** addend + x * y, all finite and flushed, times 2^scale. */
const fused = perFormat('fused', ['i64', 'i64', 'i64', 'i32'], 'i64', (f) => (b, addend, x, y, scale) => {
  const sum = product(b, f, x!, y!);
  const other = widened(b, f, addend!);
  b.if_(lts(sum.exponent.get(), other.exponent.get()), () => swap(b, sum, other));
  shiftWideRight(b, other, b.let(sub(sum.exponent.get(), other.exponent.get())));
  const isDifference = b.let(ne(sum.sign.get(), other.sign.get()));
  addWide(b, sum, other);
  makePositive(b, f, sum, isDifference);
  return b.lazy(
    eqz(or(sum.high.get(), sum.low.get())),
    () => signOfZeroSum(b, f, addend!, signOfProduct(f, x!, y!)),
    () => roundWide(b, f, sum, scale!),
  );
});

const infinityTimesZero = (f: Format, x: Value, y: Value): Value =>
  or(and(isInfinite(f, x), isZero(f, y)), and(isZero(f, x), isInfinite(f, y)));

/** At least one operand is infinite or a NaN. */
function special(b: Builder, f: Format, addend: Value, x: Value, y: Value): Value {
  const signOfTerm = b.let(signOfProduct(f, x, y));
  const bothInfinite = and(isInfinite(f, addend), or(isInfinite(f, x), isInfinite(f, y)));
  return cases(
    b,
    [
      [and(infinityTimesZero(f, x, y), eqz(isSignalling(f, addend))), () => invalid(b, f)],
      [
        or(isNan(f, addend), or(isNan(f, x), isNan(f, y))),
        () => b.call(FPProcessNaNs3[f.name], addend, x, y),
      ],
      [and(bothInfinite, ne(signOf(f, addend), signOfTerm)), () => invalid(b, f)],
      [isInfinite(f, addend), () => addend],
    ],
    () => or(signOfTerm, infinity(f)),
  );
}

/** FPMulAdd(addend, x, y) */
export const FPMulAdd = perFormat('FPMulAdd', ['i64', 'i64', 'i64'], 'i64', (f) => (b, ...operands) => {
  const [addend, x, y] = operands.map((one) => flushed(b, f, one));
  return b.lazy(
    or(isSpecial(f, addend!), or(isSpecial(f, x!), isSpecial(f, y!))),
    () => special(b, f, addend!, x!, y!),
    () => b.call(fused[f.name], addend!, x!, y!, i32(0)),
  );
});

/** (constant - x * y) * 2^scale: what a step of Newton's method multiplies by. */
const step = (name: string, constant: (f: Format) => Value, scale: number) =>
  binary(name, (f) => (b, first, second) => {
    const x = b.let(negated(f, flushed(b, f, first)));
    const y = flushed(b, f, second);
    return cases(
      b,
      [
        // Zero times infinity counts as zero here.
        [infinityTimesZero(f, x, y), () => add(constant(f), shl(i64(scale), f.fraction))],
        [or(isSpecial(f, x), isSpecial(f, y)), () => special(b, f, constant(f), x, y)],
      ],
      () => b.call(fused[f.name], constant(f), x, y, i32(scale)),
    );
  });

/** 2 - x * y */
export const FPRecipStepFused = step('FPRecipStepFused', (f) => powerOfTwo(f, 1), 0);
/** (3 - x * y) / 2 */
export const FPRSqrtStepFused = step('FPRSqrtStepFused', (f) => or(powerOfTwo(f, 1), quietBit(f)), -1);
