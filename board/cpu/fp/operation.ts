/*
 * board/cpu/fp/operation.ts - what an instruction does to numbers, one at a time or all of a vector
 *
 * Manual: WebAssembly Core Specification 2.0, "Floating-Point Operations"
 *
 * Every operation has a helper that is right in every mode. In the mode that programs run in, rounding to nearest without
 * flushing, and once something has been inexact, the host computes the same number, and there is no flag left to raise,
 * as long as the result is neither too large nor so small that it may have underflowed, nor a NaN. Then, and then only,
 * the host's instruction is taken: the same for a scalar and for all elements of a vector.
 */
import type { Builder } from '../builder.ts';
import { STATE } from '../state.ts';
import { and, eq, eqz, i64, op, type Value, v128 } from '../value.ts';
import type { Vector } from './element.ts';
import { type Format, fromFloat, HALF, type PerFormat, toFloat } from './format.ts';
import { type Attempt, scalarShape, type Shape, vectorShape } from './shape.ts';
import { control, FPCR, FPSR } from './status.ts';

export interface Operation {
  /** One number at a time, in any mode: bits to bits, an i64 of which those of the format count. */
  readonly helper: PerFormat;
  /** In which modes it is worth an attempt; undefined: in all. */
  readonly mode?: (b: Builder) => Value;
  /** Undefined: the host has no such instruction. Operands are let(). */
  readonly attempt: (b: Builder, s: Shape, operands: readonly Value[]) => Attempt | undefined;
}

/** Rounding to nearest, no flushing, and inexactness is known already. FPSR is the upper half of the doubleword. */
export const settled = (b: Builder): Value =>
  eq(and(b.get(STATE.FPCR, 'i64'), i64(FPCR.RMODE | FPCR.FZ, FPSR.IXC)), i64(0, FPSR.IXC));
/** For what is exact anyway. */
export const unflushed = (b: Builder): Value => eqz(control(b, FPCR.FZ));

/** The result of the attempt if it was right, else what `exactly` gives. */
function decide(
  b: Builder,
  mode: Value | undefined,
  isRight: Value | undefined,
  result: Value,
  exactly: () => Value,
): Value {
  if (!mode && !isRight) return result;
  return b.lazy(mode && isRight ? and(mode, isRight) : (mode ?? isRight)!, () => result, exactly);
}

/** The operation on the bits of one number each. */
export function onScalars(b: Builder, operation: Operation, f: Format, operands: readonly Value[]): Value {
  const exactly = (): Value => b.call(operation.helper[f.name], ...operands);
  if (f === HALF) return exactly();
  const numbers = operands.map((one) => b.let(toFloat(f, one)));
  const attempt = operation.attempt(b, scalarShape(f), numbers);
  if (!attempt) return exactly();
  const result = attempt.result.type === 'i64' ? attempt.result : fromFloat(attempt.result);
  return decide(b, operation.mode?.(b), attempt.isRight, result, exactly);
}

/** Bits 127:64 do not count. */
const UPPER = v128([...new Array<number>(8).fill(0), ...new Array<number>(8).fill(0xff)]);

/** The operation on v128s of which the low `bits` count. `exactly` does it number by number. */
export function onVectors(
  b: Builder,
  operation: Operation,
  { format, bits }: Vector,
  operands: readonly Value[],
  exactly: () => Value,
): Value {
  if (format === HALF) return exactly();
  const numbers = operands.map((one) => b.let(one));
  const attempt = operation.attempt(b, vectorShape(format), numbers);
  if (!attempt) return exactly();
  const { isRight, result } = attempt;
  const counts = isRight && bits === 64 ? op('v128.or', isRight, UPPER) : isRight;
  return decide(b, operation.mode?.(b), counts && op('i32x4.all_true', counts), result, exactly);
}
