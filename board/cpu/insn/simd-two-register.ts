/*
 * board/cpu/insn/simd-two-register.ts - integer operations on one vector, and on all elements of one
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD two-register miscellaneous", "Advanced SIMD
 *         scalar two-register miscellaneous", "Advanced SIMD across lanes", "Advanced SIMD scalar pairwise"
 * Absent: floating point, and the estimates URECPE and URSQRTE (simd-floating-point files)
 */
import type { Attributes, Builder, Bytes, Fields, Row, Semantics, VectorBits } from '../builder.ts';
import {
  addPairsLong,
  addSaturating,
  extend,
  fill,
  type Lanewise,
  LEAST,
  type Narrowing,
  narrow,
  pick,
  subSaturating,
  vabs,
  vadd,
  vand,
  vbic,
  veq,
  vges,
  vgts,
  vmaxs,
  vmaxu,
  vmins,
  vminu,
  vneg,
  vnot,
  vor,
  vsar,
  vselect,
  vshl,
  vshr,
  vsub,
  vxor,
  wider,
  ZEROS,
} from '../lanes.ts';
import { op, shuffle, type Value } from '../value.ts';
import { BHS, BHSD, high, ONLY_D, scalar, setHalf, SIMD, two, type Unary, vector } from './simd.ts';

/** Elements in reverse order within containers of so many bytes. */
const reverse =
  (container: Bytes): Unary =>
  (e, n) => {
    const last = container / e - 1;
    return pick(
      e,
      Array.from({ length: 16 / e }, (_, i) => i ^ last),
      n,
    );
  };

const addlp =
  (signed: boolean): Unary =>
  (e, n) =>
    addPairsLong(e, n, signed);

const adalp =
  (signed: boolean): Unary =>
  (e, n, _, d) =>
    vadd(wider(e), d, addPairsLong(e, n, signed));

// Counting bits

const cnt: Unary = (_, n) => op('i8x16.popcnt', n);

function ones(e: Bytes, n: Value): Value {
  const bytes = op('i8x16.popcnt', n);
  if (e === 1) return bytes;
  const halfwords = addPairsLong(1, bytes, false);
  return e === 2 ? halfwords : addPairsLong(2, halfwords, false);
}

/** What is not below the highest one. */
function leadingZeros(b: Builder, e: Bytes, n: Value): Value {
  let below = n;
  for (let n = 1; n < 8 * e; n *= 2) below = b.let(vor(below, vshr(e, below, n)));
  return ones(e, vnot(below));
}

const clz: Unary = (e, n, b) => leadingZeros(b, e, n);
/** Those that follow the sign and equal it. */
const cls: Unary = (e, n, b) =>
  vsub(e, leadingZeros(b, e, b.let(vxor(n, vsar(e, n, 8 * e - 1)))), fill(e, 1));

const not: Unary = (_, n) => vnot(n);

/** Neighbours change places, then pairs, then halves of bytes. */
function rbit(_e: Bytes, n: Value, b: Builder): Value {
  let reversed = n;
  for (const [by, mask] of [
    [1, 0x55],
    [2, 0x33],
    [4, 0x0f],
  ] as const) {
    const lower = vand(vshr(1, reversed, by), fill(1, mask));
    reversed = b.let(vor(lower, vshl(1, vand(reversed, fill(1, mask)), by)));
  }
  return reversed;
}

// Signs

const abs: Unary = (e, n) => vabs(e, n);
const neg: Unary = (e, n) => vneg(e, n);
const negated = (b: Builder, e: Bytes, n: Value): Value => subSaturating(b, e, ZEROS, n, true);
const sqneg: Unary = (e, n, b) => negated(b, e, n);
const sqabs: Unary = (e, n, b) => vselect(vsar(e, n, 8 * e - 1), negated(b, e, n), n);

/** Unsigned n onto signed d: unsigned addition, with zero moved to the middle. */
const suqadd: Unary = (e, n, b, d) => vxor(addSaturating(b, e, b.let(vxor(d, LEAST[e])), n, false), LEAST[e]);

/** Signed n onto unsigned d: what is positive is added, then what is negative subtracted. */
const usqadd: Unary = (e, n, b, d) => {
  const negative = b.let(vsar(e, n, 8 * e - 1));
  const sum = addSaturating(b, e, b.let(d), b.let(vbic(n, negative)), false);
  return subSaturating(b, e, sum, b.let(vand(vneg(e, n), negative)), false);
};

const against_zero =
  (comparison: Lanewise): Unary =>
  (e, n) =>
    comparison(e, n, ZEROS);
const below_zero =
  (comparison: Lanewise): Unary =>
  (e, n) =>
    comparison(e, ZEROS, n);

// Narrowing and widening: S is the size of the narrow side

const extract_narrow =
  (how: Narrowing): Semantics =>
  (b, f) => {
    setHalf(b, f, b.let(narrow(b, (1 << f.S) as Bytes, how, b.v(f.n))));
  };

const extract_narrow_scalar =
  (how: Narrowing): Semantics =>
  (b, f) => {
    const { e, bits } = scalar(f);
    b.setV(f.d, narrow(b, e, how, b.v(f.n, (2 * bits) as VectorBits)), bits);
  };

function shll(b: Builder, f: Fields): void {
  const e = (1 << f.S) as Bytes;
  b.setV(f.d, vshl(wider(e), extend(e, b.v(f.n), high(f), false), 8 * e));
}

// Across lanes

/** The lowest element becomes the result for the elements in the first `bytes`: halves onto halves. */
function fold(b: Builder, e: Bytes, v: Value, bytes: number, operation: Lanewise): Value {
  let folded = b.let(v);
  for (let by = bytes / 2; by >= e; by /= 2) {
    const moved = shuffle(
      Array.from({ length: 16 }, (_, i) => (i + by) % 16),
      folded,
      folded,
    );
    folded = b.let(operation(e, folded, moved));
  }
  return folded;
}

const across =
  (operation: Lanewise): Semantics =>
  (b, f) => {
    const { e, bits } = vector(f);
    b.setV(f.d, fold(b, e, b.v(f.n), bits / 8, operation), (8 * e) as VectorBits);
  };

const addlv =
  (signed: boolean): Semantics =>
  (b, f) => {
    const { e, bits } = vector(f);
    const pairs = addPairsLong(e, b.v(f.n), signed);
    b.setV(f.d, fold(b, wider(e), pairs, bits / 8, vadd), (16 * e) as VectorBits);
  };

function addp_scalar(b: Builder, f: Fields): void {
  b.setV(f.d, fold(b, 8, b.v(f.n), 16, vadd), 64);
}

const B: Attributes = { ...SIMD, when: (f) => f.S === 0 };
const BH: Attributes = { ...SIMD, when: (f) => f.S < 2 };
/** More than two elements. */
const ACROSS: Attributes = { ...SIMD, when: (f) => f.S < 3 && (f.S < 2 || f.Q === 1) };

const TWO = '{V:d}, {V:n}';
const ZERO = '{V:d}, {V:n}, #0';
const PAIRS = '{Vp:d}, {V:n}';
const NARROW = '{V:d}, {Vw:n}';
const SCALAR = '{v:d}, {v:n}';
const SCALAR_ZERO = '{v:d}, {v:n}, #0';
const SCALAR_NARROW = '{v:d}, {vw:n}';

/* Fields: S log2 of the bytes of an element (the narrow one), Q 128 bits or the upper half, d and n the registers. */
// biome-ignore format: columns teach
export const SIMD_TWO_REGISTER: readonly Row[] = [
  // Advanced SIMD two-register miscellaneous
  ['0Q001110SS100000000010nnnnnddddd', 'REV64', two(reverse(8)), `rev64 ${TWO}`, BHS],
  ['0Q001110SS100000000110nnnnnddddd', 'REV16 (vector)', two(reverse(2)), `rev16 ${TWO}`, B],
  ['0Q101110SS100000000010nnnnnddddd', 'REV32 (vector)', two(reverse(4)), `rev32 ${TWO}`, BH],
  ['0Q001110SS100000001010nnnnnddddd', 'SADDLP', two(addlp(true)), `saddlp ${PAIRS}`, BHS],
  ['0Q101110SS100000001010nnnnnddddd', 'UADDLP', two(addlp(false)), `uaddlp ${PAIRS}`, BHS],
  ['0Q001110SS100000001110nnnnnddddd', 'SUQADD (vector)', two(suqadd), `suqadd ${TWO}`, BHSD],
  ['0Q101110SS100000001110nnnnnddddd', 'USQADD (vector)', two(usqadd), `usqadd ${TWO}`, BHSD],
  ['0Q001110SS100000010010nnnnnddddd', 'CLS (vector)', two(cls), `cls ${TWO}`, BHS],
  ['0Q101110SS100000010010nnnnnddddd', 'CLZ (vector)', two(clz), `clz ${TWO}`, BHS],
  ['0Q001110SS100000010110nnnnnddddd', 'CNT', two(cnt), `cnt ${TWO}`, B],
  ['0Q10111000100000010110nnnnnddddd', 'NOT', two(not), 'mvn {Vb:d}, {Vb:n}', SIMD],
  ['0Q10111001100000010110nnnnnddddd', 'RBIT (vector)', two(rbit), 'rbit {Vb:d}, {Vb:n}', SIMD],
  ['0Q001110SS100000011010nnnnnddddd', 'SADALP', two(adalp(true)), `sadalp ${PAIRS}`, BHS],
  ['0Q101110SS100000011010nnnnnddddd', 'UADALP', two(adalp(false)), `uadalp ${PAIRS}`, BHS],
  ['0Q001110SS100000011110nnnnnddddd', 'SQABS (vector)', two(sqabs), `sqabs ${TWO}`, BHSD],
  ['0Q101110SS100000011110nnnnnddddd', 'SQNEG (vector)', two(sqneg), `sqneg ${TWO}`, BHSD],
  ['0Q001110SS100000100010nnnnnddddd', 'CMGT (zero, vector)', two(against_zero(vgts)), `cmgt ${ZERO}`, BHSD],
  ['0Q101110SS100000100010nnnnnddddd', 'CMGE (zero, vector)', two(against_zero(vges)), `cmge ${ZERO}`, BHSD],
  ['0Q001110SS100000100110nnnnnddddd', 'CMEQ (zero, vector)', two(against_zero(veq)), `cmeq ${ZERO}`, BHSD],
  ['0Q101110SS100000100110nnnnnddddd', 'CMLE (zero, vector)', two(below_zero(vges)), `cmle ${ZERO}`, BHSD],
  ['0Q001110SS100000101010nnnnnddddd', 'CMLT (zero, vector)', two(below_zero(vgts)), `cmlt ${ZERO}`, BHSD],
  ['0Q001110SS100000101110nnnnnddddd', 'ABS (vector)', two(abs), `abs ${TWO}`, BHSD],
  ['0Q101110SS100000101110nnnnnddddd', 'NEG (vector)', two(neg), `neg ${TWO}`, BHSD],
  ['0Q001110SS100001001010nnnnnddddd', 'XTN', extract_narrow('cut'), `xtn{2} ${NARROW}`, BHS],
  ['0Q101110SS100001001010nnnnnddddd', 'SQXTUN (vector)', extract_narrow('signedToUnsigned'), `sqxtun{2} ${NARROW}`, BHS],
  ['0Q001110SS100001010010nnnnnddddd', 'SQXTN (vector)', extract_narrow('signed'), `sqxtn{2} ${NARROW}`, BHS],
  ['0Q101110SS100001010010nnnnnddddd', 'UQXTN (vector)', extract_narrow('unsigned'), `uqxtn{2} ${NARROW}`, BHS],
  ['0Q101110SS100001001110nnnnnddddd', 'SHLL', shll, 'shll{2} {Vw:d}, {V:n}, {#bits}', BHS],

  // Advanced SIMD scalar two-register miscellaneous
  ['01011110SS100000001110nnnnnddddd', 'SUQADD (scalar)', two(suqadd, scalar), `suqadd ${SCALAR}`, SIMD],
  ['01111110SS100000001110nnnnnddddd', 'USQADD (scalar)', two(usqadd, scalar), `usqadd ${SCALAR}`, SIMD],
  ['01011110SS100000011110nnnnnddddd', 'SQABS (scalar)', two(sqabs, scalar), `sqabs ${SCALAR}`, SIMD],
  ['01111110SS100000011110nnnnnddddd', 'SQNEG (scalar)', two(sqneg, scalar), `sqneg ${SCALAR}`, SIMD],
  ['01011110SS100000100010nnnnnddddd', 'CMGT (zero, scalar)', two(against_zero(vgts), scalar), `cmgt ${SCALAR_ZERO}`, ONLY_D],
  ['01111110SS100000100010nnnnnddddd', 'CMGE (zero, scalar)', two(against_zero(vges), scalar), `cmge ${SCALAR_ZERO}`, ONLY_D],
  ['01011110SS100000100110nnnnnddddd', 'CMEQ (zero, scalar)', two(against_zero(veq), scalar), `cmeq ${SCALAR_ZERO}`, ONLY_D],
  ['01111110SS100000100110nnnnnddddd', 'CMLE (zero, scalar)', two(below_zero(vges), scalar), `cmle ${SCALAR_ZERO}`, ONLY_D],
  ['01011110SS100000101010nnnnnddddd', 'CMLT (zero, scalar)', two(below_zero(vgts), scalar), `cmlt ${SCALAR_ZERO}`, ONLY_D],
  ['01011110SS100000101110nnnnnddddd', 'ABS (scalar)', two(abs, scalar), `abs ${SCALAR}`, ONLY_D],
  ['01111110SS100000101110nnnnnddddd', 'NEG (scalar)', two(neg, scalar), `neg ${SCALAR}`, ONLY_D],
  ['01111110SS100001001010nnnnnddddd', 'SQXTUN (scalar)', extract_narrow_scalar('signedToUnsigned'), `sqxtun ${SCALAR_NARROW}`, BHS],
  ['01011110SS100001010010nnnnnddddd', 'SQXTN (scalar)', extract_narrow_scalar('signed'), `sqxtn ${SCALAR_NARROW}`, BHS],
  ['01111110SS100001010010nnnnnddddd', 'UQXTN (scalar)', extract_narrow_scalar('unsigned'), `uqxtn ${SCALAR_NARROW}`, BHS],

  // Advanced SIMD across lanes
  ['0Q001110SS110000001110nnnnnddddd', 'SADDLV', addlv(true), 'saddlv {vw:d}, {V:n}', ACROSS],
  ['0Q101110SS110000001110nnnnnddddd', 'UADDLV', addlv(false), 'uaddlv {vw:d}, {V:n}', ACROSS],
  ['0Q001110SS110000101010nnnnnddddd', 'SMAXV', across(vmaxs), 'smaxv {v:d}, {V:n}', ACROSS],
  ['0Q101110SS110000101010nnnnnddddd', 'UMAXV', across(vmaxu), 'umaxv {v:d}, {V:n}', ACROSS],
  ['0Q001110SS110001101010nnnnnddddd', 'SMINV', across(vmins), 'sminv {v:d}, {V:n}', ACROSS],
  ['0Q101110SS110001101010nnnnnddddd', 'UMINV', across(vminu), 'uminv {v:d}, {V:n}', ACROSS],
  ['0Q001110SS110001101110nnnnnddddd', 'ADDV', across(vadd), 'addv {v:d}, {V:n}', ACROSS],

  // Advanced SIMD scalar pairwise
  ['0101111011110001101110nnnnnddddd', 'ADDP (scalar)', addp_scalar, 'addp {D:d}, {V2d:n}', SIMD],
];
