/*
 * board/cpu/fp/exact.ts - sums, products and quotients that need no rounding, by the host
 *
 * Manual: Handbook of Floating-Point Arithmetic (Muller et al.), "The Fast2Sum algorithm"; Arm ARM (DDI 0487), "FPSR"
 *
 * Where a result is exact, the host's is the right one and raises no flag, whatever FPSR holds. Programs that count in
 * doubles are exact all the time, so FPSR.IXC, with which the host's instructions may be trusted at once (operation.ts),
 * never gets set.
 */
import type { Builder } from '../builder.ts';
import { add, and, ctz, eqz, geu, op, or, type Value, v128 } from '../value.ts';
import {
  type Binary,
  binary,
  DOUBLE,
  type Format,
  fromFloat,
  HALF,
  leastNormal,
  type PerFormat,
  toFloat,
} from './format.ts';
import { both, either, host, isBounded, isLarge, isZero, scalarShape, type Shape } from './shape.ts';
import { control, FPCR } from './status.ts';

/** The host's result, and whether it is exact. */
type Search = (
  b: Builder,
  s: Shape,
  x: Value,
  y: Value,
) => { readonly result: Value; readonly isRight: Value };

/** The operation, of which the host does what `search` finds to be exact, and `otherwise` the rest. */
export const exactOnHost = (name: string, search: Search, otherwise: (f: Format) => Binary): PerFormat =>
  binary(name, (f) => (f === HALF ? otherwise(f) : tryHost(f, search, otherwise(f))));

const tryHost =
  (f: Format, search: Search, otherwise: Binary): Binary =>
  (b, x, y) => {
    const { result, isRight } = search(b, scalarShape(f), b.let(toFloat(f, x)), b.let(toFloat(f, y)));
    return b.lazy(
      and(eqz(control(b, FPCR.RMODE | FPCR.FZ)), isRight),
      () => fromFloat(result),
      () => otherwise(b, x, y),
    );
  };

export const exactSum: Search = (b, s, x, y) => {
  const result = b.let(host(s, 'add', x, y));
  return { result, isRight: isExactSum(s, x, y, result) };
};

/** The significant bits of both fit into a significand. */
export const exactProduct: Search = (b, s, x, y) => {
  const result = b.let(host(s, 'mul', x, y));
  return { result, isRight: productFits(s, x, y, result, isShort(s, x, y)) };
};

export const exactQuotient: Search = (b, s, x, y) => {
  const result = b.let(host(s, 'div', x, y));
  return { result, isRight: quotientFits(s, x, y, result, isShort(s, result, y)) };
};

/** Whether a product of the two has no more significant bits than the format. */
const isShort = ({ format }: Shape, x: Value, y: Value): Value =>
  geu(add(zeros(format, x), zeros(format, y)), format.fraction + 1);

/** The zeros at the end of a significand. */
const zeros = (f: Format, x: Value): Value => ctz(or(fromFloat(x), leastNormal(f)));

// The same for scalars and vectors, and quicker: of products it does not find all.

/**
 * What a finite sum has more than the larger operand is a number (T. J. Dekker), and the other operand if nothing was
 * rounded. A denormal sum is exact.
 */
export const isExactSum = (s: Shape, x: Value, y: Value, sum: Value): Value =>
  both(host(s, 'eq', host(s, 'sub', sum, x), y), host(s, 'eq', host(s, 'sub', sum, y), x));

export const isExactProduct = (s: Shape, x: Value, y: Value, product: Value): Value =>
  productFits(s, x, y, product, areHalves(s, x, y));

export const isExactQuotient = (s: Shape, x: Value, y: Value, quotient: Value): Value =>
  quotientFits(s, x, y, quotient, areHalves(s, quotient, y));

/** The square of the root is exact, and the operand. */
export const isExactRoot = (s: Shape, x: Value, root: Value): Value =>
  either(
    both(both(areHalves(s, root, root), isNormal(s, x)), host(s, 'eq', host(s, 'mul', root, root), x)),
    isZero(s, x),
  );

const productFits = (s: Shape, x: Value, y: Value, product: Value, isShort: Value): Value =>
  both(isBounded(s, product), either(both(isShort, isLarge(s, product)), either(isZero(s, x), isZero(s, y))));

/** The quotient times the divisor is exact, and the dividend. */
function quotientFits(s: Shape, x: Value, y: Value, quotient: Value, isShort: Value): Value {
  const isReversible = both(isLarge(s, x), host(s, 'eq', host(s, 'mul', quotient, y), x));
  const isExact = both(both(isShort, isNormal(s, quotient)), isReversible);
  return either(isExact, both(isZero(s, x), isZero(s, quotient)));
}

const isNormal = (s: Shape, x: Value): Value => both(isBounded(s, x), isLarge(s, x));

/** Whether both have at most half as many significant bits as the format: the lower ones are zero. */
function areHalves(s: Shape, x: Value, y: Value): Value {
  if (x.type !== 'v128') return eqz(and(or(fromFloat(x), fromFloat(y)), LOWER_HALF[s.format.name]));
  const bits = op('v128.and', op('v128.or', x, y), lowerHalves(s.format));
  return op(s.name === 'f64x2' ? 'i64x2.eq' : 'i32x4.eq', bits, s.zero);
}

/** With the bit that is not stored, half of 53 or 24 remains. */
const LOWER_HALF = { d: 0x7ff_ffff, s: 0xfff, h: 0 } as const;

function lowerHalves(f: Format): Value {
  const mask = LOWER_HALF[f.name];
  const words = f === DOUBLE ? [mask, 0, mask, 0] : [mask, mask, mask, mask];
  return v128([...new Uint8Array(Int32Array.from(words).buffer)]);
}
