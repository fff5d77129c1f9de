/*
 * board/cpu/fp/exact.ts - sums, products and quotients that need no rounding, by the host
 *
 * Manual: Handbook of Floating-Point Arithmetic (Muller et al.), "The 2Sum algorithm"; Arm ARM (DDI 0487), "FPSR"
 *
 * Where a result is exact, the host's is the right one and raises no flag, whatever FPSR holds. Programs that count in
 * doubles are exact all the time, so FPSR.IXC, with which the host's instructions may be trusted at once (operation.ts),
 * never gets set.
 */
import type { Builder } from '../builder.ts';
import { add, and, ctz, eqz, geu, or, type Value } from '../value.ts';
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
import {
  type Attempt,
  both,
  either,
  host,
  isBounded,
  isLarge,
  isZero,
  scalarShape,
  type Shape,
} from './shape.ts';
import { control, FPCR } from './status.ts';

type Found = Required<Attempt>;
/** The host's result, and whether it is exact. */
type Search = (b: Builder, s: Shape, x: Value, y: Value) => Found;

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

/** What rounding took off a sum is a number, and found exactly; NaN if the sum is not finite. A denormal sum is exact. */
export const exactSum: Search = (b, s, x, y) => {
  const result = b.let(host(s, 'add', x, y));
  const second = b.let(host(s, 'sub', result, x)); // of the result, the part that is y
  const lost = host(s, 'add', host(s, 'sub', x, host(s, 'sub', result, second)), host(s, 'sub', y, second));
  return { result, isRight: isZero(s, lost) };
};

/** The significant bits of both fit into a significand. */
export const exactProduct: Search = (b, s, x, y) => {
  const result = b.let(host(s, 'mul', x, y));
  const isZeroProduct = both(isZero(s, result), either(isZero(s, x), isZero(s, y)));
  return { result, isRight: either(both(isShort(s, x, y), isNormal(s, result)), isZeroProduct) };
};

/** The quotient times the divisor is exact, and the dividend. */
export const exactQuotient: Search = (b, s, x, y) => {
  const result = b.let(host(s, 'div', x, y));
  const isReversible = both(isLarge(s, x), host(s, 'eq', host(s, 'mul', result, y), x));
  const isExact = both(both(isShort(s, result, y), isNormal(s, result)), isReversible);
  return { result, isRight: either(isExact, both(isZero(s, x), isZero(s, result))) };
};

const isNormal = (s: Shape, x: Value): Value => both(isBounded(s, x), isLarge(s, x));

/** Whether a product of the two has no more significant bits than the format. */
const isShort = ({ format }: Shape, x: Value, y: Value): Value =>
  geu(add(zeros(format, x), zeros(format, y)), format.fraction + 1);

/** The zeros at the end of a significand. */
const zeros = (f: Format, x: Value): Value => ctz(or(fromFloat(x), leastNormal(f)));
