/*
 * board/cpu/insn/simd-load-store.ts - loads and stores of SIMD&FP registers, one and two at a time
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Loads and Stores"; "Load/store SIMD and floating-point"
 *
 * The size is a number of its own: opc<1> (X) and size (S) together say B, H, S, D or Q. A load clears the rest.
 */
import type { Attributes, Builder, Bytes, Fields, Reg, Row, Semantics, VectorBits } from '../builder.ts';
import type { Value } from '../value.ts';
import {
  type Addressing,
  extendsWord,
  literalAddress,
  pairOffset,
  pairPost,
  pairPre,
  postIndexed,
  preIndexed,
  registerOffset,
  unscaled,
  unsignedOffset,
} from './addressing.ts';

const scaleOf = (f: Fields): number => (f.X ? 4 : f.S);
const exists = (f: { X: number; S: number }): boolean => f.X === 0 || f.S === 0;
const bitsOf = (scale: number): VectorBits => (8 << scale) as VectorBits;
const elementOf = (scale: number): Bytes | 16 => (1 << scale) as Bytes | 16;

/** S and D registers hold numbers. */
const isNumber = (scale: number): scale is 2 | 3 => scale === 2 || scale === 3;

const loaded = (b: Builder, host: Value, offset: number, scale: number): Value =>
  isNumber(scale)
    ? b.load(host, offset, scale === 2 ? 4 : 8, { type: scale === 2 ? 'f32' : 'f64' })
    : b.vload(host, offset, bitsOf(scale));

const put = (b: Builder, host: Value, offset: number, scale: number, t: Reg): void =>
  isNumber(scale)
    ? b.store(host, offset, scale === 2 ? 4 : 8, b.fp(t, scale === 2 ? 32 : 64))
    : b.vstore(host, offset, b.v(t), bitsOf(scale));

const load =
  (addressing: Addressing): Semantics =>
  (b, f) => {
    const { va, writeBack } = addressing(b, f, scaleOf(f));
    const host = b.mem(va, 1 << scaleOf(f), 'read', { sp: f.n });
    b.setV(f.t, loaded(b, host, 0, scaleOf(f)));
    if (writeBack) b.setXsp(f.n, writeBack);
  };

const store =
  (addressing: Addressing): Semantics =>
  (b, f) => {
    const { va, writeBack } = addressing(b, f, scaleOf(f));
    const host = b.mem(va, 1 << scaleOf(f), 'write', { sp: f.n });
    put(b, host, 0, scaleOf(f), f.t);
    if (writeBack) b.setXsp(f.n, writeBack);
  };

/** Pairs are of S, D or Q registers. */
const pairScale = (f: Fields): number => 2 + f.S;
const pairs = (f: { S: number }): boolean => f.S < 3;

const load_pair =
  (addressing: Addressing): Semantics =>
  (b, f) => {
    const scale = pairScale(f);
    const { va, writeBack } = addressing(b, f, scale);
    const host = b.mem(va, 2 << scale, 'read', { element: elementOf(scale), sp: f.n });
    const second = b.let(loaded(b, host, 1 << scale, scale));
    const first = b.let(loaded(b, host, 0, scale));
    b.setV(f.t, first);
    b.setV(f.a, second); // where the manual leaves it open, with both the same, the second remains
    if (writeBack) b.setXsp(f.n, writeBack);
  };

const store_pair =
  (addressing: Addressing): Semantics =>
  (b, f) => {
    const scale = pairScale(f);
    const { va, writeBack } = addressing(b, f, scale);
    const host = b.mem(va, 2 << scale, 'write', { element: elementOf(scale), sp: f.n });
    put(b, host, 0, scale, f.t);
    put(b, host, 1 << scale, scale, f.a);
    if (writeBack) b.setXsp(f.n, writeBack);
  };

function load_literal(b: Builder, f: Fields): void {
  const scale = pairScale(f);
  const host = b.mem(literalAddress(b, f), 1 << scale, 'read');
  b.setV(f.t, loaded(b, host, 0, scale));
}

const ONE: Attributes = { fp: true, cold: true, when: exists };
const INDEXED: Attributes = { fp: true, cold: true, when: (f) => exists(f) && extendsWord(f) };
const PAIR: Attributes = { fp: true, cold: true, when: pairs };

/* Fields: S and X the size, t and a the registers, n the base, i the offset, m the index. */
// biome-ignore format: columns teach
export const SIMD_LOAD_STORE: readonly Row[] = [
  // Load register (literal)
  ['SS011100iiiiiiiiiiiiiiiiiiittttt', 'LDR (literal, SIMD&FP)', load_literal, 'ldr {SDQ:t}, {label:i}', PAIR],

  // Load/store no-allocate pair (offset)
  ['SS10110000iiiiiiiaaaaannnnnttttt', 'STNP (SIMD&FP)', store_pair(pairOffset), 'stnp {SDQ:t}, {SDQ:a}, [{XS:n}{imm7:i}]', PAIR],
  ['SS10110001iiiiiiiaaaaannnnnttttt', 'LDNP (SIMD&FP)', load_pair(pairOffset), 'ldnp {SDQ:t}, {SDQ:a}, [{XS:n}{imm7:i}]', PAIR],

  // Load/store register pair
  ['SS10110010iiiiiiiaaaaannnnnttttt', 'STP (SIMD&FP), post-indexed', store_pair(pairPost), 'stp {SDQ:t}, {SDQ:a}, [{XS:n}], {#imm7:i}', PAIR],
  ['SS10110011iiiiiiiaaaaannnnnttttt', 'LDP (SIMD&FP), post-indexed', load_pair(pairPost), 'ldp {SDQ:t}, {SDQ:a}, [{XS:n}], {#imm7:i}', PAIR],
  ['SS10110100iiiiiiiaaaaannnnnttttt', 'STP (SIMD&FP), offset', store_pair(pairOffset), 'stp {SDQ:t}, {SDQ:a}, [{XS:n}{imm7:i}]', PAIR],
  ['SS10110101iiiiiiiaaaaannnnnttttt', 'LDP (SIMD&FP), offset', load_pair(pairOffset), 'ldp {SDQ:t}, {SDQ:a}, [{XS:n}{imm7:i}]', PAIR],
  ['SS10110110iiiiiiiaaaaannnnnttttt', 'STP (SIMD&FP), pre-indexed', store_pair(pairPre), 'stp {SDQ:t}, {SDQ:a}, [{XS:n}, {#imm7:i}]!', PAIR],
  ['SS10110111iiiiiiiaaaaannnnnttttt', 'LDP (SIMD&FP), pre-indexed', load_pair(pairPre), 'ldp {SDQ:t}, {SDQ:a}, [{XS:n}, {#imm7:i}]!', PAIR],

  // Load/store register (unscaled immediate)
  ['SS111100X00iiiiiiiii00nnnnnttttt', 'STUR (SIMD&FP)', store(unscaled), 'stur {BQ:t}, [{XS:n}{imm9:i}]', ONE],
  ['SS111100X10iiiiiiiii00nnnnnttttt', 'LDUR (SIMD&FP)', load(unscaled), 'ldur {BQ:t}, [{XS:n}{imm9:i}]', ONE],

  // Load/store register (immediate post-indexed)
  ['SS111100X00iiiiiiiii01nnnnnttttt', 'STR (SIMD&FP), post-indexed', store(postIndexed), 'str {BQ:t}, [{XS:n}], {#imm9:i}', ONE],
  ['SS111100X10iiiiiiiii01nnnnnttttt', 'LDR (SIMD&FP), post-indexed', load(postIndexed), 'ldr {BQ:t}, [{XS:n}], {#imm9:i}', ONE],

  // Load/store register (immediate pre-indexed)
  ['SS111100X00iiiiiiiii11nnnnnttttt', 'STR (SIMD&FP), pre-indexed', store(preIndexed), 'str {BQ:t}, [{XS:n}, {#imm9:i}]!', ONE],
  ['SS111100X10iiiiiiiii11nnnnnttttt', 'LDR (SIMD&FP), pre-indexed', load(preIndexed), 'ldr {BQ:t}, [{XS:n}, {#imm9:i}]!', ONE],

  // Load/store register (register offset)
  ['SS111100X01mmmmmOOOs10nnnnnttttt', 'STR (register, SIMD&FP)', store(registerOffset), 'str {BQ:t}, [{XS:n}, {index}]', INDEXED],
  ['SS111100X11mmmmmOOOs10nnnnnttttt', 'LDR (register, SIMD&FP)', load(registerOffset), 'ldr {BQ:t}, [{XS:n}, {index}]', INDEXED],

  // Load/store register (unsigned immediate)
  ['SS111101X0iiiiiiiiiiiinnnnnttttt', 'STR (immediate, SIMD&FP)', store(unsignedOffset), 'str {BQ:t}, [{XS:n}{imm12:i}]', ONE],
  ['SS111101X1iiiiiiiiiiiinnnnnttttt', 'LDR (immediate, SIMD&FP)', load(unsignedOffset), 'ldr {BQ:t}, [{XS:n}{imm12:i}]', ONE],
];
