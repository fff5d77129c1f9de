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
import { and, eq, eqz, f32, f64, i64, op, or, type Value, v128 } from '../value.ts';
import type { OpName } from '../wasm-ops.ts';
import { FPAdd, FPDiv, FPMul, FPMulX, FPSqrt, FPSub } from './arithmetic.ts';
import { FPMax, FPMaxNum, FPMin, FPMinNum } from './compare.ts';
import {
  binary,
  type Format,
  fromFloat,
  HALF,
  magnitude,
  type PerFormat,
  SINGLE,
  toFloat,
} from './format.ts';
import { control, FPCR, FPSR } from './status.ts';

// The host's instructions, on scalars and vectors alike.

/** A type of the host's whose numbers have the format. */
interface Shape {
  readonly name: 'f32' | 'f64' | 'f32x4' | 'f64x2';
  readonly format: Format;
}
const scalarShape = (format: Format): Shape => ({ name: format === SINGLE ? 'f32' : 'f64', format });
const vectorShape = (format: Format): Shape => ({ name: format === SINGLE ? 'f32x4' : 'f64x2', format });

/** The instruction `name` of the shape. Comparisons give an i32, or a v128 of ones and zeros. */
const host = (s: Shape, name: string, ...args: Value[]): Value => op(`${s.name}.${name}` as OpName, ...args);
const both = (x: Value, y: Value): Value => (x.type === 'v128' ? op('v128.and', x, y) : and(x, y));
const either = (x: Value, y: Value): Value => (x.type === 'v128' ? op('v128.or', x, y) : or(x, y));

/** The number n, in every element of a vector. */
function constant(s: Shape, n: number): Value {
  if (s.name === 'f32') return f32(n);
  if (s.name === 'f64') return f64(n);
  const numbers = s.name === 'f32x4' ? Float32Array.of(n, n, n, n) : Float64Array.of(n, n);
  return v128([...new Uint8Array(numbers.buffer)]);
}

const isBounded = (s: Shape, x: Value): Value => host(s, 'lt', host(s, 'abs', x), constant(s, Infinity));
const isZero = (s: Shape, x: Value): Value => host(s, 'eq', x, constant(s, 0));
/** Larger than the least normal number, which a result may have become by rounding. */
const isLarge = (s: Shape, x: Value): Value =>
  host(s, 'gt', host(s, 'abs', x), constant(s, 2 ** (1 - s.format.bias)));

// Operations.

/** Of unary ones y is x. */
type OnHost = (s: Shape, x: Value, y: Value) => Value;

/** When the host's result needs no second look. */
type Mode = (b: Builder) => Value;

export interface Operation {
  readonly helper: PerFormat;
  readonly onHost: OnHost;
  /** Where the host's result is right, if the mode is. */
  readonly isRight: (s: Shape, result: Value, x: Value, y: Value) => Value;
  readonly mode: Mode;
}

/** Rounding to nearest, no flushing, and inexactness is known already. FPSR is the upper half of the doubleword. */
const settled: Mode = (b) =>
  eq(and(b.get(STATE.FPCR, 'i64'), i64(FPCR.RMODE | FPCR.FZ, FPSR.IXC)), i64(0, FPSR.IXC));
/** For what is exact anyway. */
const unflushed: Mode = (b) => eqz(control(b, FPCR.FZ));

const instruction =
  (name: string): OnHost =>
  (s, x, y) =>
    host(s, name, x, y);

/** A denormal sum is exact. */
const sum = (helper: PerFormat, onHost: OnHost): Operation => ({
  helper,
  onHost,
  isRight: isBounded,
  mode: settled,
});

const product = (helper: PerFormat): Operation => ({
  helper,
  onHost: instruction('mul'),
  isRight: (s, result, x, y) =>
    both(isBounded(s, result), either(isLarge(s, result), either(isZero(s, x), isZero(s, y)))),
  mode: settled,
});

const isNumber = (s: Shape, x: Value): Value => host(s, 'eq', x, x);

const extremum = (helper: PerFormat, name: string): Operation => ({
  helper,
  onHost: instruction(name),
  isRight: isNumber,
  mode: unflushed,
});

export const ADD = sum(FPAdd, instruction('add'));
export const SUB = sum(FPSub, instruction('sub'));
/** |x - y|, and that of a NaN too. */
export const ABD = sum(
  binary('FPAbd', (f) => (b, x, y) => magnitude(f, b.call(FPSub[f.name], x, y))),
  (s, x, y) => host(s, 'abs', host(s, 'sub', x, y)),
);
export const MUL = product(FPMul);
export const MULX = product(FPMulX);
export const DIV: Operation = {
  helper: FPDiv,
  onHost: instruction('div'),
  isRight: (s, result, x) => both(isBounded(s, result), either(isLarge(s, result), isZero(s, x))),
  mode: settled,
};
export const SQRT: Operation = {
  helper: FPSqrt,
  onHost: (s, x) => host(s, 'sqrt', x),
  isRight: isBounded,
  mode: settled,
};
export const MAX = extremum(FPMax, 'max');
export const MIN = extremum(FPMin, 'min');
export const MAXNM = extremum(FPMaxNum, 'max');
export const MINNM = extremum(FPMinNum, 'min');

/** The operation on bits of one number each. */
export function onScalars(b: Builder, operation: Operation, f: Format, operands: readonly Value[]): Value {
  const exactly = (): Value => b.call(operation.helper[f.name], ...operands);
  if (f === HALF) return exactly();
  const shape = scalarShape(f);
  const x = b.let(toFloat(f, operands[0]!));
  const y = operands[1] ? b.let(toFloat(f, operands[1])) : x;
  const result = b.let(operation.onHost(shape, x, y));
  return b.lazy(
    and(operation.mode(b), operation.isRight(shape, result, x, y)),
    () => fromFloat(result),
    exactly,
  );
}

/** Bits 127:64 do not count. */
const UPPER = v128([...new Array<number>(8).fill(0), ...new Array<number>(8).fill(0xff)]);

/** The operation on v128s of which the low `bits` count. `exactly` does it number by number. */
export function onVectors(
  b: Builder,
  operation: Operation,
  f: Format,
  [x, y]: readonly [Value, Value],
  bits: 64 | 128,
  exactly: () => Value,
): Value {
  if (f === HALF) return exactly();
  const shape = vectorShape(f);
  const result = b.let(operation.onHost(shape, x, y));
  const right = operation.isRight(shape, result, x, y);
  const allRight = op('i32x4.all_true', bits === 128 ? right : op('v128.or', right, UPPER));
  return b.lazy(and(operation.mode(b), allRight), () => result, exactly);
}
