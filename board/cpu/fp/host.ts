/*
 * board/cpu/fp/host.ts - numbers of all formats as the host's doubles, where every one of them has its place
 *
 * Manual: Arm ARM (DDI 0487), "Floating-point data types"; WebAssembly Core Specification 2.0, "Floating-Point Operations"
 */
import type { Builder, Helper } from '../builder.ts';
import { and, f64, geu, i64, op, or, shl, shr, type Value } from '../value.ts';
import { DOUBLE, type Format, fromFloat, HALF, infinity, magnitude, SINGLE, toFloat } from './format.ts';

/** Half precision has the layout of a double with a shorter exponent: a power of two puts right what that means. */
const BIAS = 2 ** (DOUBLE.bias - HALF.bias);
const SHIFT = DOUBLE.fraction - HALF.fraction;

const halfToDouble: Helper = {
  name: 'halfToDouble',
  params: ['i64'],
  result: 'f64',
  body(b, x) {
    const bits = b.let(magnitude(HALF, x!));
    const value = b.lazy(
      geu(bits, infinity(HALF)),
      () => toFloat(DOUBLE, or(shl(bits, SHIFT), infinity(DOUBLE))),
      () => op('f64.mul', toFloat(DOUBLE, shl(bits, SHIFT)), f64(BIAS)),
    );
    return op('f64.copysign', value, toFloat(DOUBLE, shl(x!, DOUBLE.bits - HALF.bits)));
  },
};

/** The same number or, perhaps quieted, NaN. */
export function toDouble(b: Builder, f: Format, x: Value): Value {
  if (f === HALF) return b.call(halfToDouble, x);
  return f === SINGLE ? op('f64.promote_f32', toFloat(f, x)) : toFloat(f, x);
}

/** A finite number that the format has. */
export function fromDouble(f: Format, v: Value): Value {
  if (f === DOUBLE) return fromFloat(v);
  if (f === SINGLE) return fromFloat(op('f32.demote_f64', v));
  const sign = and(shr(fromFloat(v), DOUBLE.bits - HALF.bits), i64(0x8000));
  return or(sign, shr(fromFloat(op('f64.mul', op('f64.abs', v), f64(1 / BIAS))), SHIFT));
}
