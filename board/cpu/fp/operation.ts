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
import { FPAdd, FPDiv, FPMul, FPMulX, FPSqrt, FPSub } from './arithmetic.ts';
import { FPMax, FPMaxNum, FPMin, FPMinNum } from './compare.ts';
import type { Vector } from './element.ts';
import { binary, type Format, fromFloat, HALF, magnitude, type PerFormat, toFloat } from './format.ts';
import { FPMulAdd } from './fused.ts';
import { type Attempt, fusedOnHost } from './fused-host.ts';
import {
  both,
  either,
  host,
  isBounded,
  isLarge,
  isNumber,
  isZero,
  scalarShape,
  type Shape,
  vectorShape,
} from './shape.ts';
import { control, FPCR, FPSR } from './status.ts';

export interface Operation {
  /** One number at a time, in any mode. */
  readonly helper: PerFormat;
  /** In which modes it is worth an attempt. */
  readonly mode: (b: Builder) => Value;
  /** Undefined: the host has no such instruction. Operands are let(). */
  readonly attempt: (b: Builder, s: Shape, operands: readonly Value[]) => Attempt | undefined;
}

/** Rounding to nearest, no flushing, and inexactness is known already. FPSR is the upper half of the doubleword. */
export const settled = (b: Builder): Value =>
  eq(and(b.get(STATE.FPCR, 'i64'), i64(FPCR.RMODE | FPCR.FZ, FPSR.IXC)), i64(0, FPSR.IXC));
/** For what is exact anyway. */
export const unflushed = (b: Builder): Value => eqz(control(b, FPCR.FZ));

/** A denormal sum is exact. */
const sum = (helper: PerFormat, onHost: (s: Shape, x: Value, y: Value) => Value): Operation => ({
  helper,
  mode: settled,
  attempt(b, s, [x, y]) {
    const result = b.let(onHost(s, x!, y!));
    return { result, isRight: isBounded(s, result) };
  },
});

const product = (helper: PerFormat): Operation => ({
  helper,
  mode: settled,
  attempt(b, s, [x, y]) {
    const result = b.let(host(s, 'mul', x!, y!));
    const isSafe = either(isLarge(s, result), either(isZero(s, x!), isZero(s, y!)));
    return { result, isRight: both(isBounded(s, result), isSafe) };
  },
});

const extremum = (helper: PerFormat, name: string): Operation => ({
  helper,
  mode: unflushed,
  attempt(b, s, [x, y]) {
    const result = b.let(host(s, name, x!, y!));
    return { result, isRight: isNumber(s, result) };
  },
});

export const ADD = sum(FPAdd, (s, x, y) => host(s, 'add', x, y));
export const SUB = sum(FPSub, (s, x, y) => host(s, 'sub', x, y));
/** |x - y|, and that of a NaN too. */
export const ABD = sum(
  binary('FPAbd', (f) => (b, x, y) => magnitude(f, b.call(FPSub[f.name], x, y))),
  (s, x, y) => host(s, 'abs', host(s, 'sub', x, y)),
);
export const MUL = product(FPMul);
export const MULX = product(FPMulX);
export const DIV: Operation = {
  helper: FPDiv,
  mode: settled,
  attempt(b, s, [x, y]) {
    const result = b.let(host(s, 'div', x!, y!));
    return { result, isRight: both(isBounded(s, result), either(isLarge(s, result), isZero(s, x!))) };
  },
};
export const SQRT: Operation = {
  helper: FPSqrt,
  mode: settled,
  attempt(b, s, [x]) {
    const result = b.let(host(s, 'sqrt', x!));
    return { result, isRight: isBounded(s, result) };
  },
};
export const MAX = extremum(FPMax, 'max');
export const MIN = extremum(FPMin, 'min');
export const MAXNM = extremum(FPMaxNum, 'max');
export const MINNM = extremum(FPMinNum, 'min');

/** addend + x * y */
export const MULADD: Operation = { helper: FPMulAdd, mode: settled, attempt: fusedOnHost };

/** The operation on the bits of one number each. */
export function onScalars(b: Builder, operation: Operation, f: Format, operands: readonly Value[]): Value {
  const exactly = (): Value => b.call(operation.helper[f.name], ...operands);
  if (f === HALF) return exactly();
  const numbers = operands.map((one) => b.let(toFloat(f, one)));
  const attempt = operation.attempt(b, scalarShape(f), numbers);
  if (!attempt) return exactly();
  return b.lazy(and(operation.mode(b), attempt.isRight), () => fromFloat(attempt.result), exactly);
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
  const allRight = op('i32x4.all_true', bits === 128 ? isRight : op('v128.or', isRight, UPPER));
  return b.lazy(and(operation.mode(b), allRight), () => result, exactly);
}
