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

/** Whether a product of the two has no more significant bits than the format, at least where it says so. */
type Fit = (s: Shape, x: Value, y: Value) => Value;

export const isExactProduct = (s: Shape, fit: Fit, x: Value, y: Value, product: Value): Value =>
  productFits(s, x, y, product, fit(s, x, y));

export const isExactQuotient = (s: Shape, fit: Fit, x: Value, y: Value, quotient: Value): Value =>
  quotientFits(s, x, y, quotient, fit(s, quotient, y));

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

/** Both have at most half as many significant bits as the format: the lower ones are zero. */
const areHalves: Fit = (s, x, y) =>
  x.type === 'v128'
    ? isClear(s, op('v128.or', x, y), LOWER_HALVES[s.format.name as 's' | 'd'])
    : eqz(and(or(fromFloat(x), fromFloat(y)), LOWER_HALF[s.format.name as 's' | 'd']));

/** Of vectors only: one of the two is a power of two. */
const haveRoom: Fit = (s, x, y) => {
  if (x.type !== 'v128') return isShort(s, x, y);
  const fraction = FRACTIONS[s.format.name as 's' | 'd'];
  return either(isClear(s, x, fraction), isClear(s, y, fraction));
};

/** The second one is more expensive, and finds more. */
export const FITS: readonly Fit[] = [areHalves, haveRoom];

const isClear = (s: Shape, x: Value, mask: Value): Value =>
  op(s.name === 'f64x2' ? 'i64x2.eq' : 'i32x4.eq', op('v128.and', x, mask), s.zero);

const everywhere = (lo: number, hi = lo): Value =>
  v128([...new Uint8Array(Int32Array.of(lo, hi, lo, hi).buffer)]);
/** With the bit that is not stored, half of 53 or 24 remains. */
const LOWER_HALF = { d: 0x7ff_ffff, s: 0xfff } as const;
const LOWER_HALVES = { d: everywhere(LOWER_HALF.d, 0), s: everywhere(LOWER_HALF.s) } as const;
const FRACTIONS = { d: everywhere(-1, 0xf_ffff), s: everywhere(0x7f_ffff) } as const;
