/*
 * board/cpu/insn/simd-indexed.ts - integer operations of a vector or scalar with one element of another vector
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD vector x indexed element", "Advanced SIMD
 *         scalar x indexed element"
 *
 * The operation is that of two vectors, the second made of copies of the element. The number of a halfword takes bit x
 * too, so that its register is one of V0 to V15.
 */
import type { Builder, Bytes, Fields, Row, Semantics, VectorBits } from '../builder.ts';
import { splat, vadd, vsub } from '../lanes.ts';
import { concat, type Value } from '../value.ts';
import { dot, mla, mls, mul, sqdmulh, sqrdmlah } from './simd-three-same.ts';
import { type Long, mlal, mull, sqdmlal, sqdmlsl, sqdmull } from './simd-three-different.ts';
import { high, HS, ONLY_S, type Operation, scalar, vector } from './simd.ts';

const HALFWORD = 1;

/** Copies of the element that h:l:x:m, or h:l and x:m, name. */
function element(b: Builder, f: Fields): Value {
  const isHalf = f.S === HALFWORD;
  const index = isHalf ? concat(concat(f.h, f.l), f.x) : concat(f.h, f.l);
  const e = (1 << f.S) as Bytes;
  return b.let(splat(e, b.lane(isHalf ? f.m : concat(f.x, f.m), e, index)));
}

const indexed =
  (operation: Operation, shape = vector): Semantics =>
  (b, f) => {
    const { e, bits } = shape(f);
    const [n, m] = [b.let(b.v(f.n, bits)), element(b, f)];
    b.setV(f.d, operation(e, n, m, b, b.v(f.d, bits)), bits);
  };

const indexed_long =
  (operation: Long): Semantics =>
  (b, f) => {
    const [n, m, d] = [b.let(b.v(f.n)), element(b, f), b.let(b.v(f.d))];
    b.setV(f.d, operation((1 << f.S) as Bytes, n, m, high(f), b, d));
  };

/** Zeros beyond the one element of n make zeros beyond the one element of d. */
const indexed_long_scalar =
  (operation: Long): Semantics =>
  (b, f) => {
    const e = (1 << f.S) as Bytes;
    const wide = (16 * e) as VectorBits;
    const [n, m, d] = [b.let(b.v(f.n, (8 * e) as VectorBits)), element(b, f), b.let(b.v(f.d, wide))];
    b.setV(f.d, operation(e, n, m, false, b, d), wide);
  };

const SAME = '{V:d}, {V:n}, {V[]}';
const LONG = '{Vw:d}, {V:n}, {V[]}';
const SCALAR = '{v:d}, {v:n}, {V[]}';
const SCALAR_LONG = '{vw:d}, {v:n}, {V[]}';

/* Fields: S log2 of the bytes of an element, Q 128 bits or the upper half, h l x the index, d n m the registers. */
// biome-ignore format: columns teach
export const SIMD_INDEXED: readonly Row[] = [
  // Advanced SIMD vector x indexed element
  ['0Q101111SSlxmmmm0000h0nnnnnddddd', 'MLA (by element)', indexed(mla), `mla ${SAME}`, HS],
  ['0Q001111SSlxmmmm0010h0nnnnnddddd', 'SMLAL (by element)', indexed_long(mlal(vadd, true)), `smlal{2} ${LONG}`, HS],
  ['0Q101111SSlxmmmm0010h0nnnnnddddd', 'UMLAL (by element)', indexed_long(mlal(vadd, false)), `umlal{2} ${LONG}`, HS],
  ['0Q001111SSlxmmmm0011h0nnnnnddddd', 'SQDMLAL (by element, vector)', indexed_long(sqdmlal), `sqdmlal{2} ${LONG}`, HS],
  ['0Q101111SSlxmmmm0100h0nnnnnddddd', 'MLS (by element)', indexed(mls), `mls ${SAME}`, HS],
  ['0Q001111SSlxmmmm0110h0nnnnnddddd', 'SMLSL (by element)', indexed_long(mlal(vsub, true)), `smlsl{2} ${LONG}`, HS],
  ['0Q101111SSlxmmmm0110h0nnnnnddddd', 'UMLSL (by element)', indexed_long(mlal(vsub, false)), `umlsl{2} ${LONG}`, HS],
  ['0Q001111SSlxmmmm0111h0nnnnnddddd', 'SQDMLSL (by element, vector)', indexed_long(sqdmlsl), `sqdmlsl{2} ${LONG}`, HS],
  ['0Q001111SSlxmmmm1000h0nnnnnddddd', 'MUL (by element)', indexed(mul), `mul ${SAME}`, HS],
  ['0Q001111SSlxmmmm1010h0nnnnnddddd', 'SMULL (by element)', indexed_long(mull(true)), `smull{2} ${LONG}`, HS],
  ['0Q101111SSlxmmmm1010h0nnnnnddddd', 'UMULL (by element)', indexed_long(mull(false)), `umull{2} ${LONG}`, HS],
  ['0Q001111SSlxmmmm1011h0nnnnnddddd', 'SQDMULL (by element, vector)', indexed_long(sqdmull), `sqdmull{2} ${LONG}`, HS],
  ['0Q001111SSlxmmmm1100h0nnnnnddddd', 'SQDMULH (by element, vector)', indexed(sqdmulh(false)), `sqdmulh ${SAME}`, HS],
  ['0Q001111SSlxmmmm1101h0nnnnnddddd', 'SQRDMULH (by element, vector)', indexed(sqdmulh(true)), `sqrdmulh ${SAME}`, HS],
  ['0Q101111SSlxmmmm1101h0nnnnnddddd', 'SQRDMLAH (by element, vector)', indexed(sqrdmlah(vadd)), `sqrdmlah ${SAME}`, HS],
  ['0Q101111SSlxmmmm1111h0nnnnnddddd', 'SQRDMLSH (by element, vector)', indexed(sqrdmlah(vsub)), `sqrdmlsh ${SAME}`, HS],
  ['0Q001111SSlxmmmm1110h0nnnnnddddd', 'SDOT (by element)', indexed(dot(true)), 'sdot {Vs:d}, {Vb:n}, {V4b[]}', ONLY_S],
  ['0Q101111SSlxmmmm1110h0nnnnnddddd', 'UDOT (by element)', indexed(dot(false)), 'udot {Vs:d}, {Vb:n}, {V4b[]}', ONLY_S],

  // Advanced SIMD scalar x indexed element
  ['01011111SSlxmmmm0011h0nnnnnddddd', 'SQDMLAL (by element, scalar)', indexed_long_scalar(sqdmlal), `sqdmlal ${SCALAR_LONG}`, HS],
  ['01011111SSlxmmmm0111h0nnnnnddddd', 'SQDMLSL (by element, scalar)', indexed_long_scalar(sqdmlsl), `sqdmlsl ${SCALAR_LONG}`, HS],
  ['01011111SSlxmmmm1011h0nnnnnddddd', 'SQDMULL (by element, scalar)', indexed_long_scalar(sqdmull), `sqdmull ${SCALAR_LONG}`, HS],
  ['01011111SSlxmmmm1100h0nnnnnddddd', 'SQDMULH (by element, scalar)', indexed(sqdmulh(false), scalar), `sqdmulh ${SCALAR}`, HS],
  ['01011111SSlxmmmm1101h0nnnnnddddd', 'SQRDMULH (by element, scalar)', indexed(sqdmulh(true), scalar), `sqrdmulh ${SCALAR}`, HS],
  ['01111111SSlxmmmm1101h0nnnnnddddd', 'SQRDMLAH (by element, scalar)', indexed(sqrdmlah(vadd), scalar), `sqrdmlah ${SCALAR}`, HS],
  ['01111111SSlxmmmm1111h0nnnnnddddd', 'SQRDMLSH (by element, scalar)', indexed(sqrdmlah(vsub), scalar), `sqrdmlsh ${SCALAR}`, HS],
];
