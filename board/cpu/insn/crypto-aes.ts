/*
 * board/cpu/insn/crypto-aes.ts - one round of AES
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Cryptographic AES"; FIPS 197, "Cipher"
 * Absent: SM4
 *
 * The state is 16 bytes, column after column.
 */
import type { Builder, Fields, Helper, Row, Semantics } from '../builder.ts';
import { fill, vand, vor, vsar, vshl, vsub, vxor, ZEROS } from '../lanes.ts';
import { STATE } from '../state.ts';
import { add, i32, ltu, op, shuffle, type Value } from '../value.ts';
import { SIMD } from './simd.ts';

/** Looks all bytes up in a table of 256, 16 of its bytes at a time: for the others swizzle gives zero. */
const SUBSTITUTE: Helper = {
  name: 'substitute',
  params: ['v128', 'i32'],
  result: 'v128',
  body(b, bytes, table) {
    const [found, index, at] = [b.variable(ZEROS), b.variable(bytes!), b.variable(i32(0))];
    b.repeat(() => {
      const piece = b.vload(add(table!, at.get()), 0);
      found.set(vor(found.get(), op('i8x16.swizzle', piece, index.get())));
      index.set(vsub(1, index.get(), fill(1, 16)));
      at.set(add(at.get(), 16));
      return ltu(at.get(), 256);
    });
    return found.get();
  },
};

/** Row r of the state turns left by r columns (by 4 - r, which is to the right, when inverted). */
const shiftRows = (state: Value, inverse: boolean): Value =>
  shuffle(
    Array.from({ length: 16 }, (_, i) => (i + (inverse ? 12 : 4) * (i % 4)) % 16),
    state,
    state,
  );

const round =
  (table: number, inverse: boolean): Semantics =>
  (b, f) => {
    const state = b.call(SUBSTITUTE, vxor(b.v(f.d), b.v(f.n)), i32(table));
    b.setV(f.d, shiftRows(state, inverse));
  };

/** Each column turned upwards by n rows. */
const turned = (state: Value, n: number): Value =>
  shuffle(
    Array.from({ length: 16 }, (_, i) => (i & ~3) + ((i + n) & 3)),
    state,
    state,
  );

/** Times x, modulo x^8 + x^4 + x^3 + x + 1. */
const timesX = (b: Builder, v: Value): Value => {
  const once = b.let(v);
  return vxor(vshl(1, once, 1), vand(vsar(1, once, 7), fill(1, 0x1b)));
};

/** Times 3x^3 + x^2 + x + 2: twice the byte and the next, and the three others. */
function mixColumns(b: Builder, state: Value): Value {
  const next = b.let(turned(state, 1));
  return vxor(timesX(b, vxor(state, next)), vxor(next, vxor(turned(state, 2), turned(state, 3))));
}

function aesmc(b: Builder, f: Fields): void {
  b.setV(f.d, mixColumns(b, b.let(b.v(f.n))));
}

/** The inverse polynomial is the polynomial times 4x^2 + 5. */
function aesimc(b: Builder, f: Fields): void {
  const state = b.let(b.v(f.n));
  const fourfold = timesX(b, timesX(b, vxor(state, turned(state, 2))));
  b.setV(f.d, mixColumns(b, b.let(vxor(state, fourfold))));
}

// biome-ignore format: columns teach
export const CRYPTO_AES: readonly Row[] = [
  // Cryptographic AES
  ['0100111000101000010010nnnnnddddd', 'AESE', round(STATE.AES_SBOX, false), 'aese {V16b:d}, {V16b:n}', SIMD],
  ['0100111000101000010110nnnnnddddd', 'AESD', round(STATE.AES_INVERSE_SBOX, true), 'aesd {V16b:d}, {V16b:n}', SIMD],
  ['0100111000101000011010nnnnnddddd', 'AESMC', aesmc, 'aesmc {V16b:d}, {V16b:n}', SIMD],
  ['0100111000101000011110nnnnnddddd', 'AESIMC', aesimc, 'aesimc {V16b:d}, {V16b:n}', SIMD],
];
