/*
 * board/cpu/fp/fused-host.ts - a product and a sum with one rounding, on a host that has no such instruction
 *
 * Manual: WebAssembly Core Specification 2.0, "Floating-Point Operations"
 *
 * Single precision is computed in double precision. Double precision keeps every rounding error as a number of its own
 * (T. J. Dekker; D. E. Knuth) and rounds the last but one sum to odd, which the last rounding cannot get wrong (S. Boldo,
 * G. Melquiond, "Emulation of FMA and correctly rounded sums").
 */
import type { Builder } from '../builder.ts';
import { pick } from '../lanes.ts';
import { add, and, eqz, i32, mul, ne, op, or, sar, type Value, v128, xor, zext } from '../value.ts';
import { DOUBLE, fromFloat, SINGLE, toFloat } from './format.ts';
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

type Fused = Required<Pick<Attempt, 'result' | 'isRight'>>;

/** addend + x * y, all let(). */
export function fusedOnHost(b: Builder, s: Shape, operands: readonly Value[]): Fused {
  if (s.format === DOUBLE) return inDoubles(b, s, operands);
  if (s.name === 'f32x4') return inHalves(b, operands);
  const { result, isRight } = inDouble(
    b,
    scalarShape(DOUBLE),
    operands.map((one) => op('f64.promote_f32', one)),
  );
  return { result: b.let(op('f32.demote_f64', result)), isRight };
}

// Single precision

/** The bits that a double has more, and what they are halfway between two numbers of single precision. */
const HALFWAY = { mask: 0x1fff_ffff, middle: 0x1000_0000 };
const LARGEST_SINGLE = 2 ** 128 - 2 ** 104;

/** The product is exact. The sum is rounded twice, which is right unless the first rounding ended halfway. */
function inDouble(b: Builder, s: Shape, [addend, x, y]: readonly Value[]): Fused {
  const total = b.let(host(s, 'add', host(s, 'mul', x!, y!), addend!));
  const fits = host(s, 'le', host(s, 'abs', total), constant(s, LARGEST_SINGLE));
  const isSafe = both(both(fits, isLarge(s, total, SINGLE)), isOffMiddle(total));
  return { result: total, isRight: either(isSafe, isZero(s, total)) };
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

/** A sum or product, and what the rounding took from it. */
interface Exact {
  readonly rounded: Value;
  readonly error: Value;
}

function exactSum(b: Builder, s: Shape, x: Value, y: Value): Exact {
  const rounded = b.let(host(s, 'add', x, y));
  const ofY = b.let(host(s, 'sub', rounded, x));
  const errorOfX = host(s, 'sub', x, host(s, 'sub', rounded, ofY));
  return { rounded, error: b.let(host(s, 'add', errorOfX, host(s, 'sub', y, ofY))) };
}

/** The upper 26 bits, and the others. */
function split(b: Builder, s: Shape, x: Value): readonly [high: Value, low: Value] {
  const scaled = b.let(host(s, 'mul', x, constant(s, 2 ** 27 + 1)));
  const high = b.let(host(s, 'sub', scaled, host(s, 'sub', scaled, x)));
  return [high, b.let(host(s, 'sub', x, high))];
}

function exactProduct(b: Builder, s: Shape, x: Value, y: Value): Exact {
  const rounded = b.let(host(s, 'mul', x, y));
  const [xHigh, xLow] = split(b, s, x);
  const [yHigh, yLow] = split(b, s, y);
  const first = host(s, 'sub', host(s, 'mul', xHigh, yHigh), rounded);
  const second = host(s, 'add', first, host(s, 'mul', xHigh, yLow));
  const third = host(s, 'add', second, host(s, 'mul', xLow, yHigh));
  return { rounded, error: b.let(host(s, 'add', third, host(s, 'mul', xLow, yLow))) };
}

/** x + y; an inexact one is the odd one of the two numbers around it. */
function oddSum(b: Builder, s: Shape, x: Value, y: Value): Value {
  const { rounded, error } = exactSum(b, s, x, y);
  return s.name === 'f64' ? makeOdd(b, rounded, error) : makeAllOdd(b, rounded, error);
}

/** One step towards the error, if there is one and the number is even. */
function makeOdd(b: Builder, rounded: Value, error: Value): Value {
  const bits = b.let(fromFloat(rounded));
  const direction = or(sar(xor(bits, fromFloat(error)), 63), 1);
  const isWrong = and(op('f64.ne', error, constant(scalarShape(DOUBLE), 0)), eqz(and(bits, 1)));
  return toFloat(DOUBLE, add(bits, mul(direction, zext(isWrong))));
}

function makeAllOdd(b: Builder, rounded: Value, error: Value): Value {
  const one = inBoth(1);
  const direction = op('v128.or', op('i64x2.shr_s', op('v128.xor', rounded, error), i32(63)), one);
  const isEven = op('i64x2.ne', op('v128.and', rounded, one), one);
  const isWrong = op('v128.and', op('f64x2.ne', error, inBoth(0)), isEven);
  return b.let(op('i64x2.add', rounded, op('v128.and', direction, isWrong)));
}

/** Far enough from overflow for the splitting, and from underflow for the errors. */
const FACTOR = 2 ** 970;
const PRODUCT = [2 ** -900, 2 ** 900] as const;
const ADDEND = 2 ** 1000;

function inDoubles(b: Builder, s: Shape, [addend, x, y]: readonly Value[]): Fused {
  const product = exactProduct(b, s, x!, y!);
  const low = exactSum(b, s, addend!, product.error);
  const high = exactSum(b, s, product.rounded, low.rounded);
  const rest = oddSum(b, s, low.error, high.error);
  const size = (v: Value): Value => host(s, 'abs', v);
  const below = (v: Value, limit: number): Value => host(s, 'lt', size(v), constant(s, limit));
  const isModerate = both(
    below(product.rounded, PRODUCT[1]),
    host(s, 'gt', size(product.rounded), constant(s, PRODUCT[0])),
  );
  const areModerate = both(both(below(x!, FACTOR), below(y!, FACTOR)), below(addend!, ADDEND));
  return { result: b.let(host(s, 'add', high.rounded, rest)), isRight: both(isModerate, areModerate) };
}
