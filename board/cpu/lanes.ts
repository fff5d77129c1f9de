/*
 * board/cpu/lanes.ts - arithmetic on the elements of vectors, over WebAssembly's v128
 *
 * Manual: Arm ARM (DDI 0487), "Vector formats in AArch64 state"; "Shared pseudocode": SignedSatQ, UnsignedSatQ, Reduce
 * Manual: WebAssembly Core Specification 2.0, "Vector Instructions"
 *
 * `e` is the number of bytes of an element. A function computes on all 16 bytes, whatever the instruction looks at: the
 * halves and scalars of A64 are whole vectors with zeros above (Builder.v, setV), where nothing can saturate. Operands
 * are used more than once: let() them before.
 */
import type { Builder, Bytes } from './builder.ts';
import { STATE } from './state.ts';
import { i32, op, opImm, or, shl, shuffle, type Value, v128 } from './value.ts';
import type { OpName } from './wasm-ops.ts';

/** What becomes of vectors of `e`-byte elements, all of them at once. */
export type Lanewise = (e: Bytes, a: Value, b: Value) => Value;

const SHAPE: Readonly<Record<Bytes, string>> = { 1: 'i8x16', 2: 'i16x8', 4: 'i32x4', 8: 'i64x2' };
/** The WebAssembly instruction `name` for elements of e bytes. */
const simd = (e: Bytes, name: string, ...args: Value[]): Value =>
  op(`${SHAPE[e]}.${name}` as OpName, ...args);

export const wider = (e: Bytes): Bytes => (2 * e) as Bytes;
export const narrower = (e: Bytes): Bytes => (e / 2) as Bytes;

// Constants

/** The same number, sign-extended, in every element. */
export function fill(e: Bytes, n: number): Value {
  const byte = (i: number): number => (n >> Math.min(8 * i, 31)) & 0xff; // of n's sign extension
  return v128(Array.from({ length: 16 }, (_, i) => byte(i % e)));
}
export const ZEROS = v128(new Array<number>(16).fill(0));
export const ONES = v128(new Array<number>(16).fill(0xff));
/** The least signed number in every element: its sign. */
const least = (e: Bytes): Value => v128(Array.from({ length: 16 }, (_, i) => (i % e === e - 1 ? 0x80 : 0)));
export const LEAST: Readonly<Record<Bytes, Value>> = { 1: least(1), 2: least(2), 4: least(4), 8: least(8) };
/** The greatest signed number. */
const greatest = (e: Bytes): Value =>
  v128(Array.from({ length: 16 }, (_, i) => (i % e === e - 1 ? 0x7f : 0xff)));

/** An i32 (i64 for 8 bytes) in every element. */
export const splat = (e: Bytes, v: Value): Value => simd(e, 'splat', v);

// Bits

export const vand = (a: Value, b: Value): Value => op('v128.and', a, b);
export const vor = (a: Value, b: Value): Value => op('v128.or', a, b);
export const vxor = (a: Value, b: Value): Value => op('v128.xor', a, b);
export const vnot = (a: Value): Value => op('v128.not', a);
/** a AND NOT b */
export const vbic = (a: Value, b: Value): Value => op('v128.andnot', a, b);
/** Bits of a where the mask is one, of b where it is zero. */
export const vselect = (mask: Value, a: Value, b: Value): Value => op('v128.bitselect', a, b, mask);

// Arithmetic

export const vadd: Lanewise = (e, a, b) => simd(e, 'add', a, b);
export const vsub: Lanewise = (e, a, b) => simd(e, 'sub', a, b);
export const vneg = (e: Bytes, a: Value): Value => simd(e, 'neg', a);
export const vabs = (e: Bytes, a: Value): Value => simd(e, 'abs', a);

/** WebAssembly does not multiply bytes: the even and the odd ones in halfwords. */
export function vmul(e: Bytes, a: Value, b: Value): Value {
  if (e !== 1) return simd(e, 'mul', a, b);
  const odd = vshl(2, vmul(2, vshr(2, a, 8), vshr(2, b, 8)), 8);
  return vor(vand(vmul(2, a, b), fill(2, 0xff)), odd);
}

/** Counts are modulo the width of the element. */
type Count = Value | number;
const count = (n: Count): Value => (typeof n === 'number' ? i32(n) : n);
export const vshl = (e: Bytes, a: Value, n: Count): Value => simd(e, 'shl', a, count(n));
/** Logical. */
export const vshr = (e: Bytes, a: Value, n: Count): Value => simd(e, 'shr_u', a, count(n));
/** Arithmetic. */
export const vsar = (e: Bytes, a: Value, n: Count): Value => simd(e, 'shr_s', a, count(n));
export const vshift = (e: Bytes, a: Value, n: Count, signed: boolean): Value =>
  signed ? vsar(e, a, n) : vshr(e, a, n);

// Comparisons: all ones where it holds.

export const veq: Lanewise = (e, a, b) => simd(e, 'eq', a, b);
export const vne: Lanewise = (e, a, b) => simd(e, 'ne', a, b);
export const vgts: Lanewise = (e, a, b) => simd(e, 'gt_s', a, b);
export const vges: Lanewise = (e, a, b) => simd(e, 'ge_s', a, b);
/** There are no unsigned ones for 64 bits: signed ones of numbers moved down by half the range. */
const unsigned =
  (name: 'gt' | 'ge'): Lanewise =>
  (e, a, b) =>
    e === 8 ? simd(e, `${name}_s`, vxor(a, LEAST[8]), vxor(b, LEAST[8])) : simd(e, `${name}_u`, a, b);
export const vgtu = unsigned('gt');
export const vgeu = unsigned('ge');
/** Elements of 1, 2 or 4 bytes. */
export const vmins: Lanewise = (e, a, b) => simd(e, 'min_s', a, b);
export const vminu: Lanewise = (e, a, b) => simd(e, 'min_u', a, b);
export const vmaxs: Lanewise = (e, a, b) => simd(e, 'max_s', a, b);
export const vmaxu: Lanewise = (e, a, b) => simd(e, 'max_u', a, b);

// Widening: from e bytes to 2e. `high`: the upper half of the source.

export const extend = (e: Bytes, a: Value, high: boolean, signed: boolean): Value =>
  simd(wider(e), `extend_${high ? 'high' : 'low'}_${SHAPE[e]}_${signed ? 's' : 'u'}`, a);
export const multiplyLong = (e: Bytes, a: Value, b: Value, high: boolean, signed: boolean): Value =>
  simd(wider(e), `extmul_${high ? 'high' : 'low'}_${SHAPE[e]}_${signed ? 's' : 'u'}`, a, b);
/** Sums of neighbours, twice as wide. */
export function addPairsLong(e: Bytes, a: Value, signed: boolean): Value {
  if (e !== 4) return simd(wider(e), `extadd_pairwise_${SHAPE[e]}_${signed ? 's' : 'u'}`, a);
  return vadd(8, vshift(8, a, 32, signed), vshift(8, vshl(8, a, 32), 32, signed));
}

// Lanes

/** Bytes of the elements with these numbers. */
export const bytesOf = (e: Bytes, elements: readonly number[]): number[] =>
  elements.flatMap((n) => Array.from({ length: e }, (_, i) => n * e + i));
const range = (length: number, at: (i: number) => number): number[] =>
  Array.from({ length }, (_, i) => at(i));

/** Elements by number, 0 being the first of a; those of b follow a's. */
export const pick = (e: Bytes, elements: readonly number[], a: Value, b: Value = a): Value =>
  shuffle(bytesOf(e, elements), a, b);
/** Elements 0, 2, 4... of a, then of b: also the low halves of elements twice as wide. */
export const evens = (e: Bytes, a: Value, b: Value): Value =>
  pick(
    e,
    range(16 / e, (i) => 2 * i),
    a,
    b,
  );
/** Elements 1, 3, 5... of a, then of b: also the high halves. */
export const odds = (e: Bytes, a: Value, b: Value): Value =>
  pick(
    e,
    range(16 / e, (i) => 2 * i + 1),
    a,
    b,
  );
/** The low 64 bits of two vectors. */
export const lowHalves = (a: Value, b: Value): Value => pick(8, [0, 2], a, b);

/** Element i: i32, or i64 for 8 bytes. */
export function lane(e: Bytes, a: Value, i: number, signed = false): Value {
  if (e >= 4) return opImm(e === 4 ? 'i32x4.extract_lane' : 'i64x2.extract_lane', i, a);
  return opImm(`${SHAPE[e]}.extract_lane_${signed ? 's' : 'u'}` as OpName, i, a);
}
export const withLane = (e: Bytes, a: Value, i: number, v: Value): Value =>
  opImm(`${SHAPE[e]}.replace_lane` as OpName, i, a, v);

/** A vector of what `element` gives for each of the first `length` elements, zeros above. */
export function eachLane(b: Builder, e: Bytes, length: number, element: (i: number) => Value): Value {
  let result = ZEROS;
  for (let i = 0; i < length; i++) result = b.let(withLane(e, result, i, element(i)));
  return result;
}

// Saturation

/** FPSR.QC: set when any bit of `mask` is, and never cleared. */
const QC = 27;
export function setQC(b: Builder, any: Value): void {
  const flag = any.type === 'v128' ? op('v128.any_true', any) : any;
  b.set(STATE.FPSR, or(b.get(STATE.FPSR, 'i32'), shl(flag, QC)));
}

/** `result`, but `limit` where `overflow`, which must be let(), is all ones. */
function limited(b: Builder, result: Value, overflow: Value, limit: Value): Value {
  setQC(b, overflow);
  return b.let(vselect(overflow, limit, result));
}

/** The limit of a number's sign: the greatest for positive ones, the least for negative ones. */
const limitOf = (e: Bytes, a: Value): Value => vxor(vsar(e, a, 8 * e - 1), greatest(e));

/** SignedSatQ or UnsignedSatQ of a sum. */
export function addSaturating(b: Builder, e: Bytes, x: Value, y: Value, signed: boolean): Value {
  const sum = b.let(vadd(e, x, y));
  if (!signed) return limited(b, sum, b.let(vgtu(e, x, sum)), ONES);
  const wrong = vbic(vxor(x, sum), vxor(x, y)); // operands of one sign, result of the other
  return limited(b, sum, b.let(vsar(e, wrong, 8 * e - 1)), limitOf(e, x));
}

export function subSaturating(b: Builder, e: Bytes, x: Value, y: Value, signed: boolean): Value {
  const difference = b.let(vsub(e, x, y));
  if (!signed) return limited(b, difference, b.let(vgtu(e, y, x)), ZEROS);
  const wrong = vand(vxor(x, y), vxor(x, difference));
  return limited(b, difference, b.let(vsar(e, wrong, 8 * e - 1)), limitOf(e, x));
}

/** a << n, saturated. `to` says the sign of what comes out; only SQSHLU differs from what goes in. */
export function shlSaturating(b: Builder, e: Bytes, a: Value, n: Value, from: boolean, to: boolean): Value {
  const shifted = b.let(vshl(e, a, n));
  if (from && !to) {
    const negative = b.let(vsar(e, a, 8 * e - 1));
    const lost = b.let(vor(vne(e, vshr(e, shifted, n), a), negative));
    return limited(b, shifted, lost, vnot(negative));
  }
  const lost = b.let(vne(e, vshift(e, shifted, n, from), a));
  return limited(b, shifted, lost, from ? limitOf(e, a) : ONES);
}

/** How a number of 2e bytes is made one of e: cut off, or saturated from one sign to another. */
export type Narrowing = 'cut' | 'signed' | 'unsigned' | 'signedToUnsigned';

/** Elements of 2e bytes as e bytes, those of a second vector after those of the first. */
export function narrow(b: Builder, e: Bytes, how: Narrowing, ...parts: readonly [Value, Value?]): Value {
  const [low, high] = parts.map((part) => b.let(clamp(b, e, b.let(part!), how)));
  return evens(e, low!, high ?? low!);
}

/** The nearest number, still of 2e bytes, that e bytes hold. */
function clamp(b: Builder, e: Bytes, a: Value, how: Narrowing): Value {
  if (how === 'cut') return a;
  const w = wider(e);
  const bits = 8 * e;
  if (how === 'signed') {
    // What sign-extends from the low half is in range.
    const back = vsar(w, vshl(w, a, bits), bits);
    const limit = vxor(vsar(w, a, 2 * bits - 1), vshr(w, ONES, bits + 1));
    return limited(b, a, b.let(vne(w, back, a)), limit);
  }
  const over = b.let(vne(w, vshr(w, a, bits), ZEROS));
  if (how === 'unsigned') return limited(b, a, over, ONES);
  return limited(b, a, over, vnot(vsar(w, a, 2 * bits - 1)));
}

/** a >> n rounded, n = count + 1 from 1 to the width of an element. */
export function roundingShift(b: Builder, e: Bytes, a: Value, count: Count, signed: boolean): Value {
  const almost = b.let(vshift(e, a, count, signed));
  return vadd(e, vshift(e, almost, 1, signed), vand(almost, fill(e, 1)));
}

/** a >> n, n = count + 1: the width itself is no count to WebAssembly. */
export const plainShift = (e: Bytes, a: Value, count: Count, signed: boolean): Value =>
  vshift(e, vshift(e, a, count, signed), 1, signed);
