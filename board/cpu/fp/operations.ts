/*
 * board/cpu/fp/operations.ts - the operations that the host knows too
 *
 * Manual: Arm ARM (DDI 0487), "Shared pseudocode"; WebAssembly Core Specification 2.0, "Floating-Point Operations"
 */
import type { Builder } from '../builder.ts';
import { and, i32, neg, op, or, sext, sx, type Value, wrap, zext } from '../value.ts';
import type { OpName } from '../wasm-ops.ts';
import { FPAdd, FPDiv, FPMul, FPMulX, FPSqrt, FPSub } from './arithmetic.ts';
import { FPCompareEQ, FPCompareGE, FPCompareGT, FPMax, FPMaxNum, FPMin, FPMinNum } from './compare.ts';
import { FixedToFP, FPConvert, FPToFixed, type IntegerType } from './convert.ts';
import {
  binary,
  DOUBLE,
  type Format,
  fromFloat,
  HALF,
  magnitude,
  negated,
  type PerFormat,
  toFloat,
  unary,
} from './format.ts';
import { FITS, isExactProduct, isExactQuotient, isExactRoot, isExactSum } from './exact.ts';
import { FPMulAdd } from './fused.ts';
import { fusedOnHost } from './fused-host.ts';
import type { Operation } from './operation.ts';
import {
  both,
  constant,
  either,
  type HostOp,
  host,
  isBounded,
  isLarge,
  isNumber,
  isZero,
  scalarShape,
  type Shape,
} from './shape.ts';
import { inModes, isExactLikely, NEAREST, ROUNDING, SETTLED, UNFLUSHED } from './status.ts';

// Arithmetic

/** A denormal sum is exact. */
const sum = (helper: PerFormat, name: 'add' | 'sub'): Operation => ({
  helper,
  concern: 'rounding',
  attempt(b, s, [x, y]) {
    const result = b.let(host(s, name, x!, y!));
    const added = name === 'add' ? y! : host(s, 'neg', y!);
    return { result, mustBeFinite: true, isExact: [() => isExactSum(s, x!, added, result)] };
  },
});

const product = (helper: PerFormat): Operation => ({
  helper,
  concern: 'rounding',
  attempt(b, s, [x, y]) {
    const result = b.let(host(s, 'mul', x!, y!));
    const isNormal = isLarge(s, result);
    return {
      ...{ result, mustBeFinite: true, mayUnderflow: true, isUsual: [isNormal] },
      isRight: either(isNormal, either(isZero(s, x!), isZero(s, y!))),
      isExact: FITS.map((fit) => () => isExactProduct(s, fit, x!, y!, result)),
    };
  },
});

export const ADD = sum(FPAdd, 'add');
export const SUB = sum(FPSub, 'sub');
/** |x - y|, and that of a NaN too. */
export const ABD: Operation = {
  helper: binary('FPAbd', (f) => (b, x, y) => magnitude(f, b.call(FPSub[f.name], x, y))),
  concern: 'rounding',
  attempt: (b, s, [x, y]) => ({
    result: b.let(host(s, 'abs', host(s, 'sub', x!, y!))),
    mustBeFinite: true,
  }),
};
export const MUL = product(FPMul);
export const MULX = product(FPMulX);
export const DIV: Operation = {
  helper: FPDiv,
  concern: 'rounding',
  attempt(b, s, [x, y]) {
    const result = b.let(host(s, 'div', x!, y!));
    const isNormal = isLarge(s, result);
    return {
      ...{ result, mustBeFinite: true, mayUnderflow: true, isUsual: [isNormal] },
      isRight: either(isNormal, isZero(s, x!)),
      isExact: FITS.map((fit) => () => isExactQuotient(s, fit, x!, y!, result)),
    };
  },
};
export const SQRT: Operation = {
  helper: FPSqrt,
  concern: 'rounding',
  attempt(b, s, [x]) {
    const result = b.let(host(s, 'sqrt', x!));
    return { result, mustBeFinite: true, isExact: [() => isExactRoot(s, x!, result)] };
  },
};
/** addend + x * y */
export const MULADD: Operation = {
  helper: FPMulAdd,
  concern: 'rounding',
  attempt(b, s, operands) {
    const [addend, x, y] = operands as [Value, Value, Value];
    const fused = fusedOnHost(b, s, operands);
    const exactly = (fit: (typeof FITS)[number]): Value => {
      const exact = b.let(host(s, 'mul', x, y));
      return both(isExactProduct(s, fit, x, y, exact), isExactSum(s, exact, addend, fused.result));
    };
    return { ...fused, isExact: FITS.map((fit) => () => exactly(fit)) };
  },
};

// Signs: bits, whatever they mean

const sign = (helper: PerFormat, name: HostOp): Operation => ({
  helper,
  concern: 'nothing',
  attempt: (_b, s, [x]) => ({ result: host(s, name, x!) }),
});

export const ABS = sign(
  unary('FPAbs', (f) => (_b, x) => magnitude(f, x)),
  'abs',
);
export const NEG = sign(
  unary('FPNeg', (f) => (_b, x) => negated(f, x)),
  'neg',
);

// Comparison

const extremum = (helper: PerFormat, name: HostOp): Operation => ({
  helper,
  concern: 'flushing',
  attempt(b, s, [x, y]) {
    const result = b.let(host(s, name, x!, y!));
    return { result, isRight: isNumber(s, result) };
  },
});

export const MAX = extremum(FPMax, 'max');
export const MIN = extremum(FPMin, 'min');
export const MAXNM = extremum(FPMaxNum, 'max');
export const MINNM = extremum(FPMinNum, 'min');

/** All ones where it holds. */
const relation = (helper: PerFormat, name: HostOp, of = (_s: Shape, x: Value) => x): Operation => ({
  helper,
  concern: 'flushing',
  attempt(_b, s, [x, y]) {
    const holds = host(s, name, of(s, x!), of(s, y!));
    return {
      result: holds.type === 'i32' ? neg(zext(holds)) : holds,
      isRight: both(isNumber(s, x!), isNumber(s, y!)),
    };
  },
});

const swapped = (helper: PerFormat): PerFormat =>
  binary('swapped', (f) => (b, x, y) => b.call(helper[f.name], y, x));
const ofMagnitudes = (helper: PerFormat): PerFormat =>
  binary('ofMagnitudes', (f) => (b, x, y) => b.call(helper[f.name], magnitude(f, x), magnitude(f, y)));
const size = (s: Shape, x: Value): Value => host(s, 'abs', x);

export const EQ = relation(FPCompareEQ, 'eq');
export const GE = relation(FPCompareGE, 'ge');
export const GT = relation(FPCompareGT, 'gt');
export const LE = relation(swapped(FPCompareGE), 'le');
export const LT = relation(swapped(FPCompareGT), 'lt');
export const ABSOLUTE_GE = relation(ofMagnitudes(FPCompareGE), 'ge', size);
export const ABSOLUTE_GT = relation(ofMagnitudes(FPCompareGT), 'gt', size);

// Conversion

/** Towards zero, to an integer of any size: an i64 of which the upper bits are zero. */
export function toInteger(b: Builder, f: Format, x: Value, type: IntegerType): Value {
  const exactly = (): Value => FPToFixed(b, f, x, type, i32(0), i32(ROUNDING.ZERO));
  if (f === HALF || type.bits === 16) return exactly();
  const s = scalarShape(f);
  const v = b.let(toFloat(f, x));
  const range = (): Value => isInRange(s, v, type);
  const isWhole = (): Value => host(s, 'eq', host(s, 'trunc', v), v);
  return b.expect(
    [
      () => [inModes(b, SETTLED), range()],
      ...(isExactLikely(b) ? [() => [inModes(b, NEAREST), range(), isWhole()]] : []),
    ],
    () => zext(op(`i${type.bits}.trunc_sat_${s.name}_${type.signed ? 's' : 'u'}` as OpName, v)),
    exactly,
  );
}

/** Not outside what the integer can be; some of what is inside too. */
function isInRange(s: Shape, x: Value, { bits, signed }: IntegerType): Value {
  const limit = constant(s.name, 2 ** (bits - 1));
  if (signed) return host(s, 'lt', host(s, 'abs', x), limit);
  return both(host(s, 'ge', x, s.zero), host(s, 'lt', x, limit));
}

/** From an integer of 32 or 64 bits. Double precision has all numbers of 32 bits. */
export function fromInteger(b: Builder, f: Format, n: Value, signed: boolean): Value {
  const wide = signed ? sext(n) : zext(n);
  const exactly = (): Value => FixedToFP(b, f, wide, signed, i32(0));
  if (f === HALF) return exactly();
  const convert = op(`f${f.bits as 32 | 64}.convert_${n.type as 'i32' | 'i64'}_${signed ? 's' : 'u'}`, n);
  if (f === DOUBLE && n.type === 'i32') return fromFloat(convert);
  const result = b.let(convert);
  const limit = constant(scalarShape(f).name, 2 ** (f.fraction + 1));
  const isExact = (): Value => host(scalarShape(f), 'lt', host(scalarShape(f), 'abs', result), limit);
  return b.expect(
    [() => [inModes(b, SETTLED)], ...(isExactLikely(b) ? [() => [inModes(b, NEAREST), isExact()]] : [])],
    () => fromFloat(result),
    exactly,
  );
}

/** Elements to integers of the same size. */
const truncation = (signed: boolean): Operation => ({
  helper: unary(
    'truncation',
    (f) => (b, x) => FPToFixed(b, f, x, { bits: f.bits, signed }, i32(0), i32(ROUNDING.ZERO)),
  ),
  concern: 'conversion',
  attempt(_b, s, [x]) {
    if (s.name === 'f64x2') return undefined;
    const isRight = isInRange(s, x!, { bits: s.format.bits, signed });
    return { result: truncated(s, x!, signed), isRight };
  },
});

function truncated(s: Shape, x: Value, signed: boolean): Value {
  const sign = signed ? 's' : 'u';
  if (s.name === 'f32x4') return op(`i32x4.trunc_sat_f32x4_${sign}`, x);
  return s.name === 'f32' ? zext(op(`i32.trunc_sat_f32_${sign}`, x)) : op(`i64.trunc_sat_f64_${sign}`, x);
}

/** And back. */
const conversion = (signed: boolean): Operation => ({
  helper: unary('conversion', (f) => (b, x) => FixedToFP(b, f, signed ? sx(x, f.bits) : x, signed, i32(0))),
  concern: 'conversion',
  attempt(_b, s, [x]) {
    const sign = signed ? 's' : 'u';
    if (s.name === 'f64x2') return undefined;
    if (s.name === 'f32x4') return { result: op(`f32x4.convert_i32x4_${sign}`, x!) };
    const n = fromFloat(x!);
    return {
      result: s.name === 'f32' ? op(`f32.convert_i32_${sign}`, wrap(n)) : op(`f64.convert_i64_${sign}`, n),
    };
  },
});

export const TO_SIGNED = truncation(true);
export const TO_UNSIGNED = truncation(false);
export const FROM_SIGNED = conversion(true);
export const FROM_UNSIGNED = conversion(false);

/** Single to double precision and back; half by the helper. */
export function converted(b: Builder, from: Format, to: Format, x: Value): Value {
  const exactly = (): Value => b.call(FPConvert[to.name][from.name], x);
  if (from === HALF || to === HALF) return exactly();
  const s = scalarShape(from);
  const v = b.let(toFloat(from, x));
  if (to === DOUBLE) {
    const wide = (): Value => fromFloat(op('f64.promote_f32', v));
    return b.expect([() => [inModes(b, UNFLUSHED), isNumber(s, v)]], wide, exactly);
  }
  const result = b.let(op('f32.demote_f64', v));
  const t = scalarShape(to);
  const isRight = (): Value => and(isBounded(t, result), or(isLarge(t, result), isZero(s, v)));
  const isExact = (): Value => host(s, 'eq', op('f64.promote_f32', result), v);
  return b.expect(
    [
      () => [inModes(b, SETTLED), isRight()],
      ...(isExactLikely(b) ? [() => [inModes(b, NEAREST), isRight(), isExact()]] : []),
    ],
    () => fromFloat(result),
    exactly,
  );
}
