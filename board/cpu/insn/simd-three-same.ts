/*
 * board/cpu/insn/simd-three-same.ts - integer operations on two vectors of one shape
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD three same", "Advanced SIMD scalar three
 *         same", "Advanced SIMD three same extra"
 * Absent: floating point (simd-floating-point files); USDOT and the matrix products, which are not announced
 */
import type { Builder, Bytes, Helper, Row, Semantics } from '../builder.ts';
import {
  addPairsLong,
  addSaturating,
  eachLane,
  evens,
  extend,
  fill,
  lane,
  type Lanewise,
  lowHalves,
  multiplyLong,
  narrow,
  odds,
  setQC,
  subSaturating,
  vadd,
  vand,
  vbic,
  veq,
  vges,
  vgeu,
  vgts,
  vgtu,
  vmaxs,
  vmaxu,
  vmins,
  vminu,
  vmul,
  vne,
  vnot,
  vor,
  vsar,
  vselect,
  vshift,
  vshl,
  vsub,
  vxor,
  wider,
  ZEROS,
} from '../lanes.ts';
import {
  add,
  and,
  gtu,
  i32,
  i64,
  lts,
  ltu,
  ne,
  neg,
  sar,
  select,
  sext,
  shl,
  shr,
  sub,
  sx,
  type Value,
  wrap,
  xor,
  zext,
} from '../value.ts';
import { BHS, BHSD, HS, ONLY_D, ONLY_S, type Operation, scalar, SIMD, three, vector } from './simd.ts';

// Halving: the sum is one bit longer than an element. What both have, and half of what one has.

const half = (e: Bytes, n: Value, m: Value, signed: boolean): Value => vshift(e, vxor(n, m), 1, signed);

const halving_add =
  (signed: boolean): Operation =>
  (e, n, m) =>
    vadd(e, vand(n, m), half(e, n, m, signed));

const rounding_halving_add =
  (signed: boolean): Operation =>
  (e, n, m) =>
    vsub(e, vor(n, m), half(e, n, m, signed));

const halving_sub =
  (signed: boolean): Operation =>
  (e, n, m) =>
    vsub(e, half(e, n, m, signed), vbic(m, n));

const saturating_add =
  (signed: boolean): Operation =>
  (e, n, m, b) =>
    addSaturating(b, e, n, m, signed);

const saturating_sub =
  (signed: boolean): Operation =>
  (e, n, m, b) =>
    subSaturating(b, e, n, m, signed);

const cmtst: Operation = (e, n, m) => vne(e, vand(n, m), ZEROS);

// Absolute difference, right as an unsigned number

export const abd =
  (signed: boolean): Operation =>
  (e, n, m) =>
    signed ? vsub(e, vmaxs(e, n, m), vmins(e, n, m)) : vsub(e, vmaxu(e, n, m), vminu(e, n, m));

const aba =
  (signed: boolean): Operation =>
  (e, n, m, b, d) =>
    vadd(e, d, abd(signed)(e, n, m, b, d));

// Multiplication

export const mul: Operation = (e, n, m) => vmul(e, n, m);
export const mla: Operation = (e, n, m, _, d) => vadd(e, d, vmul(e, n, m));
export const mls: Operation = (e, n, m, _, d) => vsub(e, d, vmul(e, n, m));

/** The high half of twice the product. Twice: so one bit less is shifted out. */
export const sqdmulh =
  (rounding: boolean): Operation =>
  (e, n, m, b) => {
    const high = (upper: boolean): Value => highHalf(e, multiplyLong(e, n, m, upper, true), rounding);
    return narrow(b, e, 'signed', b.let(high(false)), b.let(high(true)));
  };

function highHalf(e: Bytes, product: Value, rounding: boolean): Value {
  const w = wider(e);
  return vsar(w, rounding ? vadd(w, product, fill(w, 1 << (8 * e - 2))) : product, 8 * e - 1);
}

/** The same on top of, or taken from, an accumulator that stands where the high half is. */
export const sqrdmlah =
  (combine: Lanewise): Operation =>
  (e, n, m, b, d) => {
    const w = wider(e);
    const high = (upper: boolean): Value => {
      const accumulator = vshl(w, extend(e, d, upper, true), 8 * e - 1);
      return highHalf(e, combine(w, accumulator, multiplyLong(e, n, m, upper, true)), true);
    };
    return narrow(b, e, 'signed', b.let(high(false)), b.let(high(true)));
  };

/** Products of polynomials over {0, 1}, cut off at e bytes; the bits of m that count are the low eight. */
const POLYNOMIAL: Readonly<Record<1 | 2, Helper>> = { 1: polynomialProduct(1), 2: polynomialProduct(2) };

function polynomialProduct(e: 1 | 2): Helper {
  return {
    name: `polynomial${8 * e}`,
    params: ['v128', 'v128'],
    result: 'v128',
    body(b, n, m) {
      const product = b.variable(ZEROS);
      const bit = b.variable(i32(0));
      b.repeat(() => {
        const chosen = vsar(e, vshl(e, m!, sub(i32(8 * e - 1), bit.get())), 8 * e - 1);
        product.set(vxor(product.get(), vand(vshl(e, n!, bit.get()), chosen)));
        bit.set(add(bit.get(), 1));
        return ltu(bit.get(), 8);
      });
      return product.get();
    },
  };
}

export const polynomialMultiply = (b: Builder, e: 1 | 2, n: Value, m: Value): Value =>
  b.call(POLYNOMIAL[e], n, m);
const pmul: Operation = (_, n, m, b) => polynomialMultiply(b, 1, n, m);

/** Sums of four products of bytes, in words. */
export const dot =
  (signed: boolean): Operation =>
  (_, n, m, b, d) => {
    const sums = (upper: boolean): Value =>
      b.let(addPairsLong(2, multiplyLong(1, n, m, upper, signed), signed));
    const [low, high] = [sums(false), sums(true)];
    return vadd(4, d, vadd(4, evens(4, low, high), odds(4, low, high)));
  };

/*
 * Shifts by register: the low byte of an element of m is a signed count, negative ones shift right. Counts go from
 * -128 to 127 whatever the width, so each element goes through a function of its own, in 64 bits.
 */
interface ShiftKind {
  readonly signed: boolean;
  readonly rounding: boolean;
  readonly saturating: boolean;
}

function rightShift(value: Value, n: Value, { signed, rounding }: ShiftKind): Value {
  const right = signed ? sar : shr;
  // By n - 1, then by one more: so 64 is a count too, and the bit that rounds is at hand.
  const gone = signed ? sar(value, 63) : i64(0);
  const almost = select(gtu(n, 64), gone, right(value, zext(sub(n, 1))));
  return rounding ? add(right(almost, 1), and(almost, 1)) : right(almost, 1);
}

function leftShift(b: Builder, value: Value, n: Value, bits: Value, kind: ShiftKind): Value {
  const right = kind.signed ? sar : shr;
  const unused = b.let(zext(sub(i32(64), bits)));
  // With the element at the top what is lost is lost from the register too, and can be missed afterwards.
  const top = b.let(kind.saturating ? shl(value, unused) : value);
  const shifted = b.let(select(gtu(n, 63), i64(0), shl(top, zext(n))));
  if (!kind.saturating) return shifted;
  const lost = b.let(ne(right(shifted, zext(n)), top));
  setQC(b, lost);
  const limit = kind.signed ? xor(sar(top, 63), i64(-1, 0x7fff_ffff)) : i64(-1);
  return right(select(lost, limit, shifted), unused);
}

const shiftHelper = (kind: ShiftKind): Helper => ({
  name: 'shift_by_register',
  params: ['i64', 'i32', 'i32'],
  result: 'i64',
  body: (b, value, count, bits) =>
    b.lazy(
      lts(count!, 0),
      () => rightShift(value!, b.let(neg(count!)), kind),
      () => leftShift(b, value!, count!, bits!, kind),
    ),
});

/** By signed, rounding, saturating as bits 0, 1, 2. */
const SHIFT_HELPERS: readonly Helper[] = Array.from({ length: 8 }, (_, i) =>
  shiftHelper({ signed: (i & 1) !== 0, rounding: (i & 2) !== 0, saturating: (i & 4) !== 0 }),
);

const shift =
  (signed: boolean, helper: Helper, shape = vector): Semantics =>
  (b, f) => {
    const { e, bits } = shape(f);
    const [n, m] = [b.let(b.v(f.n, bits)), b.let(b.v(f.m, bits))];
    const shifted = eachLane(b, e, bits / (8 * e), (i) => {
      const value = (signed ? sext : zext)(lane(e, n, i, signed));
      const result = b.call(helper, value, sx(wrap(lane(e, m, i)), 8), i32(8 * e));
      return e === 8 ? result : wrap(result);
    });
    b.setV(f.d, shifted, bits);
  };
const shiftKind = (signed: boolean, rounding: boolean, saturating: boolean, shape = vector): Semantics =>
  shift(signed, SHIFT_HELPERS[Number(signed) + 2 * Number(rounding) + 4 * Number(saturating)]!, shape);
const sshl = (shape = vector) => shiftKind(true, false, false, shape);
const srshl = (shape = vector) => shiftKind(true, true, false, shape);
const sqshl = (shape = vector) => shiftKind(true, false, true, shape);
const sqrshl = (shape = vector) => shiftKind(true, true, true, shape);
const ushl = (shape = vector) => shiftKind(false, false, false, shape);
const urshl = (shape = vector) => shiftKind(false, true, false, shape);
const uqshl = (shape = vector) => shiftKind(false, false, true, shape);
const uqrshl = (shape = vector) => shiftKind(false, true, true, shape);

/** Neighbours of n, then neighbours of m. */
const pairwise =
  (operation: Lanewise): Semantics =>
  (b, f) => {
    const { e, bits } = vector(f);
    const [n, m] = [b.let(b.v(f.n)), b.let(b.v(f.m))];
    const [x, y] = f.Q ? [n, m] : twice(b.let(lowHalves(n, m)));
    b.setV(f.d, operation(e, b.let(evens(e, x, y)), b.let(odds(e, x, y))), bits);
  };
const twice = (v: Value): readonly [Value, Value] => [v, v];

// Logical: the size field is part of the opcode

const and_: Operation = (_, n, m) => vand(n, m);
const bic: Operation = (_, n, m) => vbic(n, m);
const orr: Operation = (_, n, m) => vor(n, m);
const orn: Operation = (_, n, m) => vor(n, vnot(m));
const eor: Operation = (_, n, m) => vxor(n, m);
const bsl: Operation = (_e, n, m, _b, d) => vselect(d, n, m);
const bit: Operation = (_e, n, m, _b, d) => vselect(m, n, d);
const bif: Operation = (_e, n, m, _b, d) => vselect(m, d, n);

const THREE = '{V:d}, {V:n}, {V:m}';
const BYTES = '{Vb:d}, {Vb:n}, {Vb:m}';
const SCALAR = '{v:d}, {v:n}, {v:m}';

/* Fields: S log2 of the bytes of an element, Q 128 bits, d the destination, n and m the operands. */
// biome-ignore format: columns teach
export const SIMD_THREE_SAME: readonly Row[] = [
  // Advanced SIMD three same
  ['0Q001110SS1mmmmm000001nnnnnddddd', 'SHADD', three(halving_add(true)), `shadd ${THREE}`, BHS],
  ['0Q101110SS1mmmmm000001nnnnnddddd', 'UHADD', three(halving_add(false)), `uhadd ${THREE}`, BHS],
  ['0Q001110SS1mmmmm000011nnnnnddddd', 'SQADD (vector)', three(saturating_add(true)), `sqadd ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm000011nnnnnddddd', 'UQADD (vector)', three(saturating_add(false)), `uqadd ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm000101nnnnnddddd', 'SRHADD', three(rounding_halving_add(true)), `srhadd ${THREE}`, BHS],
  ['0Q101110SS1mmmmm000101nnnnnddddd', 'URHADD', three(rounding_halving_add(false)), `urhadd ${THREE}`, BHS],
  ['0Q001110SS1mmmmm001001nnnnnddddd', 'SHSUB', three(halving_sub(true)), `shsub ${THREE}`, BHS],
  ['0Q101110SS1mmmmm001001nnnnnddddd', 'UHSUB', three(halving_sub(false)), `uhsub ${THREE}`, BHS],
  ['0Q001110SS1mmmmm001011nnnnnddddd', 'SQSUB (vector)', three(saturating_sub(true)), `sqsub ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm001011nnnnnddddd', 'UQSUB (vector)', three(saturating_sub(false)), `uqsub ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm001101nnnnnddddd', 'CMGT (register, vector)', three(vgts), `cmgt ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm001101nnnnnddddd', 'CMHI (vector)', three(vgtu), `cmhi ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm001111nnnnnddddd', 'CMGE (register, vector)', three(vges), `cmge ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm001111nnnnnddddd', 'CMHS (vector)', three(vgeu), `cmhs ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm010001nnnnnddddd', 'SSHL (vector)', sshl(), `sshl ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm010001nnnnnddddd', 'USHL (vector)', ushl(), `ushl ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm010011nnnnnddddd', 'SQSHL (register, vector)', sqshl(), `sqshl ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm010011nnnnnddddd', 'UQSHL (register, vector)', uqshl(), `uqshl ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm010101nnnnnddddd', 'SRSHL (vector)', srshl(), `srshl ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm010101nnnnnddddd', 'URSHL (vector)', urshl(), `urshl ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm010111nnnnnddddd', 'SQRSHL (vector)', sqrshl(), `sqrshl ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm010111nnnnnddddd', 'UQRSHL (vector)', uqrshl(), `uqrshl ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm011001nnnnnddddd', 'SMAX', three(vmaxs), `smax ${THREE}`, BHS],
  ['0Q101110SS1mmmmm011001nnnnnddddd', 'UMAX', three(vmaxu), `umax ${THREE}`, BHS],
  ['0Q001110SS1mmmmm011011nnnnnddddd', 'SMIN', three(vmins), `smin ${THREE}`, BHS],
  ['0Q101110SS1mmmmm011011nnnnnddddd', 'UMIN', three(vminu), `umin ${THREE}`, BHS],
  ['0Q001110SS1mmmmm011101nnnnnddddd', 'SABD', three(abd(true)), `sabd ${THREE}`, BHS],
  ['0Q101110SS1mmmmm011101nnnnnddddd', 'UABD', three(abd(false)), `uabd ${THREE}`, BHS],
  ['0Q001110SS1mmmmm011111nnnnnddddd', 'SABA', three(aba(true)), `saba ${THREE}`, BHS],
  ['0Q101110SS1mmmmm011111nnnnnddddd', 'UABA', three(aba(false)), `uaba ${THREE}`, BHS],
  ['0Q001110SS1mmmmm100001nnnnnddddd', 'ADD (vector)', three(vadd), `add ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm100001nnnnnddddd', 'SUB (vector)', three(vsub), `sub ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm100011nnnnnddddd', 'CMTST (vector)', three(cmtst), `cmtst ${THREE}`, BHSD],
  ['0Q101110SS1mmmmm100011nnnnnddddd', 'CMEQ (register, vector)', three(veq), `cmeq ${THREE}`, BHSD],
  ['0Q001110SS1mmmmm100101nnnnnddddd', 'MLA (vector)', three(mla), `mla ${THREE}`, BHS],
  ['0Q101110SS1mmmmm100101nnnnnddddd', 'MLS (vector)', three(mls), `mls ${THREE}`, BHS],
  ['0Q001110SS1mmmmm100111nnnnnddddd', 'MUL (vector)', three(mul), `mul ${THREE}`, BHS],
  ['0Q101110001mmmmm100111nnnnnddddd', 'PMUL', three(pmul), `pmul ${BYTES}`, SIMD],
  ['0Q001110SS1mmmmm101001nnnnnddddd', 'SMAXP', pairwise(vmaxs), `smaxp ${THREE}`, BHS],
  ['0Q101110SS1mmmmm101001nnnnnddddd', 'UMAXP', pairwise(vmaxu), `umaxp ${THREE}`, BHS],
  ['0Q001110SS1mmmmm101011nnnnnddddd', 'SMINP', pairwise(vmins), `sminp ${THREE}`, BHS],
  ['0Q101110SS1mmmmm101011nnnnnddddd', 'UMINP', pairwise(vminu), `uminp ${THREE}`, BHS],
  ['0Q001110SS1mmmmm101101nnnnnddddd', 'SQDMULH (vector)', three(sqdmulh(false)), `sqdmulh ${THREE}`, HS],
  ['0Q101110SS1mmmmm101101nnnnnddddd', 'SQRDMULH (vector)', three(sqdmulh(true)), `sqrdmulh ${THREE}`, HS],
  ['0Q001110SS1mmmmm101111nnnnnddddd', 'ADDP (vector)', pairwise(vadd), `addp ${THREE}`, BHSD],

  ['0Q001110001mmmmm000111nnnnnddddd', 'AND (vector)', three(and_), `and ${BYTES}`, SIMD],
  ['0Q001110011mmmmm000111nnnnnddddd', 'BIC (vector, register)', three(bic), `bic ${BYTES}`, SIMD],
  ['0Q001110101mmmmm000111nnnnnddddd', 'ORR (vector, register)', three(orr), `orr ${BYTES}`, SIMD],
  ['0Q001110111mmmmm000111nnnnnddddd', 'ORN (vector)', three(orn), `orn ${BYTES}`, SIMD],
  ['0Q101110001mmmmm000111nnnnnddddd', 'EOR (vector)', three(eor), `eor ${BYTES}`, SIMD],
  ['0Q101110011mmmmm000111nnnnnddddd', 'BSL', three(bsl), `bsl ${BYTES}`, SIMD],
  ['0Q101110101mmmmm000111nnnnnddddd', 'BIT', three(bit), `bit ${BYTES}`, SIMD],
  ['0Q101110111mmmmm000111nnnnnddddd', 'BIF', three(bif), `bif ${BYTES}`, SIMD],

  // Advanced SIMD scalar three same
  ['01011110SS1mmmmm000011nnnnnddddd', 'SQADD (scalar)', three(saturating_add(true), scalar), `sqadd ${SCALAR}`, SIMD],
  ['01111110SS1mmmmm000011nnnnnddddd', 'UQADD (scalar)', three(saturating_add(false), scalar), `uqadd ${SCALAR}`, SIMD],
  ['01011110SS1mmmmm001011nnnnnddddd', 'SQSUB (scalar)', three(saturating_sub(true), scalar), `sqsub ${SCALAR}`, SIMD],
  ['01111110SS1mmmmm001011nnnnnddddd', 'UQSUB (scalar)', three(saturating_sub(false), scalar), `uqsub ${SCALAR}`, SIMD],
  ['01011110SS1mmmmm001101nnnnnddddd', 'CMGT (register, scalar)', three(vgts, scalar), `cmgt ${SCALAR}`, ONLY_D],
  ['01111110SS1mmmmm001101nnnnnddddd', 'CMHI (scalar)', three(vgtu, scalar), `cmhi ${SCALAR}`, ONLY_D],
  ['01011110SS1mmmmm001111nnnnnddddd', 'CMGE (register, scalar)', three(vges, scalar), `cmge ${SCALAR}`, ONLY_D],
  ['01111110SS1mmmmm001111nnnnnddddd', 'CMHS (scalar)', three(vgeu, scalar), `cmhs ${SCALAR}`, ONLY_D],
  ['01011110SS1mmmmm010001nnnnnddddd', 'SSHL (scalar)', sshl(scalar), `sshl ${SCALAR}`, ONLY_D],
  ['01111110SS1mmmmm010001nnnnnddddd', 'USHL (scalar)', ushl(scalar), `ushl ${SCALAR}`, ONLY_D],
  ['01011110SS1mmmmm010011nnnnnddddd', 'SQSHL (register, scalar)', sqshl(scalar), `sqshl ${SCALAR}`, SIMD],
  ['01111110SS1mmmmm010011nnnnnddddd', 'UQSHL (register, scalar)', uqshl(scalar), `uqshl ${SCALAR}`, SIMD],
  ['01011110SS1mmmmm010101nnnnnddddd', 'SRSHL (scalar)', srshl(scalar), `srshl ${SCALAR}`, ONLY_D],
  ['01111110SS1mmmmm010101nnnnnddddd', 'URSHL (scalar)', urshl(scalar), `urshl ${SCALAR}`, ONLY_D],
  ['01011110SS1mmmmm010111nnnnnddddd', 'SQRSHL (scalar)', sqrshl(scalar), `sqrshl ${SCALAR}`, SIMD],
  ['01111110SS1mmmmm010111nnnnnddddd', 'UQRSHL (scalar)', uqrshl(scalar), `uqrshl ${SCALAR}`, SIMD],
  ['01011110SS1mmmmm100001nnnnnddddd', 'ADD (scalar)', three(vadd, scalar), `add ${SCALAR}`, ONLY_D],
  ['01111110SS1mmmmm100001nnnnnddddd', 'SUB (scalar)', three(vsub, scalar), `sub ${SCALAR}`, ONLY_D],
  ['01011110SS1mmmmm100011nnnnnddddd', 'CMTST (scalar)', three(cmtst, scalar), `cmtst ${SCALAR}`, ONLY_D],
  ['01111110SS1mmmmm100011nnnnnddddd', 'CMEQ (register, scalar)', three(veq, scalar), `cmeq ${SCALAR}`, ONLY_D],
  ['01011110SS1mmmmm101101nnnnnddddd', 'SQDMULH (scalar)', three(sqdmulh(false), scalar), `sqdmulh ${SCALAR}`, HS],
  ['01111110SS1mmmmm101101nnnnnddddd', 'SQRDMULH (scalar)', three(sqdmulh(true), scalar), `sqrdmulh ${SCALAR}`, HS],

  // Advanced SIMD three same extra
  ['0Q101110SS0mmmmm100001nnnnnddddd', 'SQRDMLAH (vector)', three(sqrdmlah(vadd)), `sqrdmlah ${THREE}`, HS],
  ['0Q101110SS0mmmmm100011nnnnnddddd', 'SQRDMLSH (vector)', three(sqrdmlah(vsub)), `sqrdmlsh ${THREE}`, HS],
  ['01111110SS0mmmmm100001nnnnnddddd', 'SQRDMLAH (scalar)', three(sqrdmlah(vadd), scalar), `sqrdmlah ${SCALAR}`, HS],
  ['01111110SS0mmmmm100011nnnnnddddd', 'SQRDMLSH (scalar)', three(sqrdmlah(vsub), scalar), `sqrdmlsh ${SCALAR}`, HS],
  ['0Q001110SS0mmmmm100101nnnnnddddd', 'SDOT (vector)', three(dot(true)), 'sdot {Vs:d}, {Vb:n}, {Vb:m}', ONLY_S],
  ['0Q101110SS0mmmmm100101nnnnnddddd', 'UDOT (vector)', three(dot(false)), 'udot {Vs:d}, {Vb:n}, {Vb:m}', ONLY_S],
];
