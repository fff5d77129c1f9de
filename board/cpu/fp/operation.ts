/*
 * board/cpu/fp/operation.ts - what an instruction does to numbers, one at a time or all of a vector
 *
 * Manual: WebAssembly Core Specification 2.0, "Floating-Point Operations"
 *
 * Every operation has a helper that is right in every mode. In the mode that programs run in, rounding to nearest without
 * flushing, and once something has been inexact, the host computes the same number, and there is no flag left to raise,
 * as long as the result is neither too large nor so small that it may have underflowed, nor a NaN. Then, and then only,
 * the host's instruction is taken: the same for a scalar and for all elements of a vector. (Of exact sums, products and
 * quotients the helpers themselves leave that to the host: exact.ts.)
 */
import type { Builder, Modes, Way } from '../builder.ts';
import { op, type Value, v128 } from '../value.ts';
import type { Vector } from './element.ts';
import { type Format, fromFloat, HALF, type PerFormat, toFloat } from './format.ts';
import {
  type Attempt,
  both,
  either,
  host,
  isLarge,
  isZero,
  scalarShape,
  type Shape,
  vectorShape,
} from './shape.ts';
import {
  FLUSHING,
  inModes,
  isExactLikely,
  NEAREST,
  SETTLED,
  SETTLED_FLUSHING,
  UNDERFLOWN,
  UNFLUSHED,
} from './status.ts';

export interface Operation {
  /** One number at a time, in any mode: bits to bits, an i64 of which those of the format count. */
  readonly helper: PerFormat;
  /** What a mode or a flag can do to it. */
  readonly concern: Concern;
  /** Undefined: the host has no such instruction. Operands are let(). */
  readonly attempt: (b: Builder, s: Shape, operands: readonly Value[]) => Attempt | undefined;
}

/**
 * nothing: it moves bits, and looks at nothing.
 * flushing: it is exact, but a denormal operand may have to be zero.
 * conversion: it may be inexact, but its result is no number that could be flushed.
 * rounding: it may be inexact, and operands or result may have to be flushed.
 */
type Concern = 'nothing' | 'flushing' | 'conversion' | 'rounding';

/** The operands let(), what became of them, and how a mask of their shape is one condition. */
interface Tried {
  readonly shape: Shape;
  readonly operands: readonly Value[];
  readonly attempt: Attempt;
  readonly all: (mask: Value) => Value;
}

/** When the attempt is right, as ways to find that out. */
function ways(b: Builder, concern: Concern, tried: Tried): Way[] {
  const { isUsual, isRight, mayUnderflow, isExact } = tried.attempt;
  const right = isRight ? [isRight] : [];
  if (concern === 'flushing') return [() => conditions(b, tried, UNFLUSHED, right)];
  const list: Way[] = [() => conditions(b, tried, SETTLED, right)];
  if (isUsual && b.likely(SETTLED)) list.unshift(() => conditions(b, tried, SETTLED, isUsual));
  if (mayUnderflow && b.likely(UNDERFLOWN) !== false) list.push(() => conditions(b, tried, UNDERFLOWN, []));
  if (isExactLikely(b))
    for (const one of isExact ?? []) list.push(() => [inModes(b, NEAREST), tried.all(one())]);
  if (concern === 'rounding' && b.likely(FLUSHING) !== false) list.push(() => flushingConditions(b, tried));
  return list;
}

function conditions(b: Builder, tried: Tried, modes: Modes, masks: readonly Value[]): readonly Value[] {
  const { shape, attempt, all } = tried;
  if (!attempt.mustBeFinite) return [inModes(b, modes), ...allOf(masks, all)];
  const limit = b.inModes(modes, shape.infinity); // zero in other modes
  return allOf([host(shape, 'lt', host(shape, 'abs', attempt.result), limit), ...masks], all);
}

/** Conditions, or one of the vectors that they are. */
const allOf = (masks: readonly Value[], all: (mask: Value) => Value): readonly Value[] =>
  masks[0]?.type === 'v128' ? [all(masks.reduce(both))] : masks;

/** No operand and no result is denormal: then flushing is no concern. */
function flushingConditions(b: Builder, tried: Tried): readonly Value[] {
  const { shape, operands, attempt } = tried;
  const numbers = [...operands, attempt.result].map((x) => either(isLarge(shape, x), isZero(shape, x)));
  const right = attempt.isRight ? [attempt.isRight, ...numbers] : numbers;
  return conditions(b, tried, SETTLED_FLUSHING, right);
}

/** The operation on the bits of one number each. */
export function onScalars(b: Builder, operation: Operation, f: Format, bits: readonly Value[]): Value {
  const exactly = (): Value => b.call(operation.helper[f.name], ...bits);
  if (f === HALF) return exactly();
  const shape = scalarShape(f);
  const operands = bits.map((one) => b.let(toFloat(f, one)));
  const attempt = operation.attempt(b, shape, operands);
  if (!attempt) return exactly();
  const tried = { shape, operands, attempt, all: (mask: Value) => mask };
  if (attempt.result.type === 'i64') return decide(b, operation.concern, tried, exactly);
  return fromFloat(decide(b, operation.concern, tried, () => toFloat(f, exactly())));
}

/** The result of the attempt if it was right, else what `exactly` gives. */
const decide = (b: Builder, concern: Concern, tried: Tried, exactly: () => Value): Value =>
  concern === 'nothing'
    ? tried.attempt.result
    : b.expect(ways(b, concern, tried), () => tried.attempt.result, exactly);

/** Bits 127:64 do not count. */
const UPPER = v128([...new Array<number>(8).fill(0), ...new Array<number>(8).fill(0xff)]);

/** The operation on v128s of which the low `bits` count. `exactly` does it number by number. */
export function onVectors(
  b: Builder,
  operation: Operation,
  { format, bits }: Vector,
  vectors: readonly Value[],
  exactly: () => Value,
): Value {
  if (format === HALF) return exactly();
  const shape = vectorShape(format);
  const operands = vectors.map((one) => b.let(one));
  const attempt = operation.attempt(b, shape, operands);
  if (!attempt) return exactly();
  const all = (mask: Value): Value => op('i32x4.all_true', bits === 64 ? op('v128.or', mask, UPPER) : mask);
  return decide(b, operation.concern, { shape, operands, attempt, all }, exactly);
}
