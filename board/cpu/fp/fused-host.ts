/*
 * board/cpu/fp/fused-host.ts - a product and a sum with one rounding, on a host that has no such instruction
 *
 * Manual: WebAssembly Core Specification 2.0, "Floating-Point Operations"
 *
 * Single precision is computed in double precision. Double precision keeps every rounding error as a number of its own
 * (T. J. Dekker; D. E. Knuth), and sees whether what is still lost can matter (A. Ziv's rounding test).
 */
import type { Builder } from '../builder.ts';
import { pick } from '../lanes.ts';
import { and, ne, op, type Value, v128 } from '../value.ts';
import { DOUBLE, fromFloat, SINGLE } from './format.ts';
import {
  type Attempt,
  both,
  constant,
  either,
  host,
  isLarge,
  isZero,
  scalarShape,
  type Shape,
  vectorShape,
} from './shape.ts';

type Fused = Attempt & { readonly isRight: Value };

/** addend + x * y, all let(). */
export function fusedOnHost(b: Builder, s: Shape, operands: readonly Value[]): Fused {
  if (s.format === DOUBLE) return inDoubles(b, s, operands);
  if (s.name === 'f32x4') return inHalves(b, operands);
  const { result, ...conditions } = inDouble(
    b,
    scalarShape(DOUBLE),
    operands.map((one) => op('f64.promote_f32', one)),
  );
  return { result: b.let(op('f32.demote_f64', result)), ...conditions };
}

/** More than the relative error of a sum of two numbers. */
const DOUBT = 2 ** -51;

const limits = (name: 'f64' | 'f64x2') => ({
  largestSingle: constant(name, 2 ** 128 - 2 ** 104),
  splitter: constant(name, 2 ** 27 + 1),
  moderate: constant(name, 2 ** 970), // with numbers below this nothing overflows on the way
  least: constant(name, 2 ** -900), //   with products above this no error underflows
  more: constant(name, 1 + DOUBT),
  less: constant(name, 1 - DOUBT),
});
const LIMITS = { f64: limits('f64'), f64x2: limits('f64x2') };
const limitsOf = ({ name }: Shape): typeof LIMITS.f64 => LIMITS[name as 'f64' | 'f64x2'];

// Single precision

/** The bits that a double has more, and what they are halfway between two numbers of single precision. */
const HALFWAY = { mask: 0x1fff_ffff, middle: 0x1000_0000 };

/** The product is exact. The sum is rounded twice, which is right unless the first rounding ended halfway. */
function inDouble(b: Builder, s: Shape, [addend, x, y]: readonly Value[]): Fused {
  const total = b.let(host(s, 'add', host(s, 'mul', x!, y!), addend!));
  const fits = host(s, 'le', host(s, 'abs', total), limitsOf(s).largestSingle);
  const isUsual = [fits, isLarge(s, total, SINGLE), isOffMiddle(total)];
  return { result: total, isUsual, isRight: either(isUsual.reduce(both), isZero(s, total)) };
}

function isOffMiddle(total: Value): Value {
  if (total.type === 'f64') return ne(and(fromFloat(total), HALFWAY.mask), HALFWAY.middle);
  return op('i64x2.ne', op('v128.and', total, inBoth(HALFWAY.mask)), inBoth(HALFWAY.middle));
}

/** A small integer in both halves. */
const inBoth = (n: number): Value => v128([...new Uint8Array(Int32Array.of(n, 0, n, 0).buffer)]);

/** The four numbers of a vector in two steps, the upper ones moved down. */
function inHalves(b: Builder, operands: readonly Value[]): Fused {
  const doubles = vectorShape(DOUBLE);
  const half = (of: (v: Value) => Value): Fused =>
    inDouble(
      b,
      doubles,
      operands.map((one) => op('f64x2.promote_low_f32x4', of(one))),
    );
  const low = half((v) => v);
  const high = half((v) => pick(8, [1, 1], v));
  const narrow = (v: Value): Value => op('f32x4.demote_f64x2_zero', v);
  return {
    result: b.let(pick(8, [0, 2], narrow(low.result), narrow(high.result))),
    isRight: pick(4, [0, 2, 4, 6], low.isRight, high.isRight),
  };
}

// Double precision

/** A sum or product, and what the rounding added to it: where that is nothing, plus zero. */
interface Exact {
  readonly rounded: Value;
  readonly excess: Value;
}

function exactSum(b: Builder, s: Shape, x: Value, y: Value): Exact {
  const rounded = b.let(host(s, 'add', x, y));
  const ofY = b.let(host(s, 'sub', rounded, x));
  const excessOfX = host(s, 'sub', host(s, 'sub', rounded, ofY), x);
  return { rounded, excess: b.let(host(s, 'add', host(s, 'sub', ofY, y), excessOfX)) };
}

/** The upper 26 bits, and the others. */
function split(b: Builder, s: Shape, x: Value): readonly [high: Value, low: Value] {
  const scaled = b.let(host(s, 'mul', x, limitsOf(s).splitter));
  const high = b.let(host(s, 'sub', scaled, host(s, 'sub', scaled, x)));
  return [high, b.let(host(s, 'sub', x, high))];
}

function exactProduct(b: Builder, s: Shape, x: Value, y: Value): Exact {
  const rounded = b.let(host(s, 'mul', x, y));
  const [xHigh, xLow] = split(b, s, x);
  const [yHigh, yLow] = split(b, s, y);
  const parts = [
    [xHigh, yHigh],
    [xHigh, yLow],
    [xLow, yHigh],
    [xLow, yLow],
  ] as const;
  const excess = parts.reduce((rest, [n, m]) => host(s, 'sub', rest, host(s, 'mul', n, m)), rounded);
  return { rounded, excess: b.let(excess) };
}

/**
 * The sum of what the roundings added may have an error itself. The result is right if nothing depends on that: if it would
 * be the same with more as with less, or if there is none, since one of the two is zero.
 */
function inDoubles(b: Builder, s: Shape, [addend, x, y]: readonly Value[]): Fused {
  const product = exactProduct(b, s, x!, y!);
  const sum = exactSum(b, s, addend!, product.rounded);
  const excess = b.let(host(s, 'add', sum.excess, product.excess));
  const { moderate, least, more, less } = limitsOf(s);
  const without = (factor: Value): Value => host(s, 'sub', sum.rounded, host(s, 'mul', excess, factor));
  const size = (v: Value): Value => host(s, 'abs', v);
  const sizes = host(s, 'add', host(s, 'add', size(x!), size(y!)), size(addend!));

  const areModerate = host(s, 'lt', sizes, moderate);
  const isLargeProduct = host(s, 'gt', size(product.rounded), least);
  const isCertain = host(s, 'eq', without(more), without(less));
  const isSafe = either(isCertain, either(isZero(s, sum.excess), isZero(s, product.excess)));
  const isZeroProduct = either(isZero(s, x!), isZero(s, y!));
  return {
    result: b.let(host(s, 'sub', sum.rounded, excess)),
    mustBeFinite: true,
    isUsual: [areModerate, isLargeProduct, isCertain],
    isRight: both(areModerate, either(both(isLargeProduct, isSafe), isZeroProduct)),
  };
}
