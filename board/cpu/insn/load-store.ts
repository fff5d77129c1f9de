/*
 * board/cpu/insn/load-store.ts - loads and stores of general registers
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Loads and Stores"
 * Absent: prefetches do nothing; no-allocate pairs are ordinary ones; memory tagging is not announced
 *
 * A row is a transfer (load, store, pair) over an addressing mode. What faults comes first: mem() checks the whole
 * access, pair or not, so that a faulting instruction has changed nothing, write-back included.
 */
import type { Builder, Bytes, Fields, MemOptions, Row, Semantics, Width } from '../builder.ts';
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

const bytesOf = (f: Fields): Bytes => (1 << f.S) as Bytes;
const widthOf = (bytes: Bytes): Width => (bytes === 8 ? 64 : 32);
/** LDRS*: W says whether the result is sign-extended to 32 or 64 bits; there is no 32 to 32 and no 64. */
const extendable = (f: { S: number; W: number }): boolean => f.S + f.W < 3;

// Transfers

/** Rt is written before the base: of LDR X0, [X0], #8, which the manual leaves open, the write-back remains. */
const finishLoad = (b: Builder, f: Fields, v: Value, writeBack: Value | undefined): void => {
  b.setX(f.t, v);
  if (writeBack) b.setXsp(f.n, writeBack);
};

const load =
  (addressing: Addressing, options: MemOptions = {}): Semantics =>
  (b, f) => {
    const { va, writeBack } = addressing(b, f, f.S);
    const host = b.mem(va, bytesOf(f), 'read', { ...options, sp: f.n });
    finishLoad(b, f, b.load(host, 0, bytesOf(f), { type: 'i64' }), writeBack);
  };

const load_signed =
  (addressing: Addressing, options: MemOptions = {}): Semantics =>
  (b, f) => {
    const { va, writeBack } = addressing(b, f, f.S);
    const host = b.mem(va, bytesOf(f), 'read', { ...options, sp: f.n });
    finishLoad(b, f, b.load(host, 0, bytesOf(f), { signed: true, type: f.W ? 'i32' : 'i64' }), writeBack);
  };

const store =
  (addressing: Addressing, options: MemOptions = {}): Semantics =>
  (b, f) => {
    const { va, writeBack } = addressing(b, f, f.S);
    const host = b.mem(va, bytesOf(f), 'write', { ...options, sp: f.n });
    b.store(host, 0, bytesOf(f), b.x(f.t, widthOf(bytesOf(f))));
    if (writeBack) b.setXsp(f.n, writeBack);
  };

/** `element`: 4 or 8 bytes; LDPSW sign-extends 4 to 8. */
function load_pair(b: Builder, f: Fields, addressing: Addressing, element: 4 | 8, isSigned: boolean): void {
  const { va, writeBack } = addressing(b, f, element === 8 ? 3 : 2);
  const host = b.mem(va, 2 * element, 'read', { element, sp: f.n });
  const first = b.let(b.load(host, 0, element, { signed: isSigned, type: 'i64' }));
  const second = b.let(b.load(host, element, element, { signed: isSigned, type: 'i64' }));
  b.setX(f.a, second);
  b.setX(f.t, first); // where the manual leaves it open, with both the same, the first remains
  if (writeBack) b.setXsp(f.n, writeBack);
}

const ldp =
  (addressing: Addressing): Semantics =>
  (b, f) =>
    load_pair(b, f, addressing, f.Z ? 8 : 4, false);

const ldpsw =
  (addressing: Addressing): Semantics =>
  (b, f) =>
    load_pair(b, f, addressing, 4, true);

const stp =
  (addressing: Addressing): Semantics =>
  (b, f) => {
    const element = f.Z ? 8 : 4;
    const { va, writeBack } = addressing(b, f, element === 8 ? 3 : 2);
    const host = b.mem(va, 2 * element, 'write', { element, sp: f.n });
    b.store(host, 0, element, b.x(f.t, widthOf(element)));
    b.store(host, element, element, b.x(f.a, widthOf(element)));
    if (writeBack) b.setXsp(f.n, writeBack);
  };

const literal =
  (bytes: 4 | 8, isSigned: boolean): Semantics =>
  (b, f) => {
    const host = b.mem(literalAddress(b, f), bytes, 'read');
    b.setX(f.t, b.load(host, 0, bytes, { signed: isSigned, type: 'i64' }));
  };

/** A hint, and never a fault. */
const prefetch: Semantics = () => {};

const UNPRIVILEGED = { unprivileged: true } as const;

/*
 * Fields: S log2 of the size, t and a the registers, n the base, i the offset, W the result of a signed load is 32 bits.
 */
// biome-ignore format: columns teach
export const LOAD_STORE: readonly Row[] = [
  // Load register (literal)
  ['00011000iiiiiiiiiiiiiiiiiiittttt', 'LDR (literal), 32-bit', literal(4, false), 'ldr {W:t}, {label:i}'],
  ['01011000iiiiiiiiiiiiiiiiiiittttt', 'LDR (literal), 64-bit', literal(8, false), 'ldr {X:t}, {label:i}'],
  ['10011000iiiiiiiiiiiiiiiiiiittttt', 'LDRSW (literal)', literal(4, true), 'ldrsw {X:t}, {label:i}'],
  ['11011000iiiiiiiiiiiiiiiiiiittttt', 'PRFM (literal)', prefetch, 'prfm {prfop:t}, {label:i}'],

  // Load/store no-allocate pair (offset)
  ['Z010100000iiiiiiiaaaaannnnnttttt', 'STNP', stp(pairOffset), 'stnp {R:t}, {R:a}, [{XS:n}{imm7:i}]'],
  ['Z010100001iiiiiiiaaaaannnnnttttt', 'LDNP', ldp(pairOffset), 'ldnp {R:t}, {R:a}, [{XS:n}{imm7:i}]'],

  // Load/store register pair (post-indexed)
  ['Z010100010iiiiiiiaaaaannnnnttttt', 'STP, post-indexed', stp(pairPost), 'stp {R:t}, {R:a}, [{XS:n}], {#imm7:i}'],
  ['Z010100011iiiiiiiaaaaannnnnttttt', 'LDP, post-indexed', ldp(pairPost), 'ldp {R:t}, {R:a}, [{XS:n}], {#imm7:i}'],
  ['0110100011iiiiiiiaaaaannnnnttttt', 'LDPSW, post-indexed', ldpsw(pairPost), 'ldpsw {X:t}, {X:a}, [{XS:n}], {#imm7:i}'],

  // Load/store register pair (offset)
  ['Z010100100iiiiiiiaaaaannnnnttttt', 'STP, offset', stp(pairOffset), 'stp {R:t}, {R:a}, [{XS:n}{imm7:i}]'],
  ['Z010100101iiiiiiiaaaaannnnnttttt', 'LDP, offset', ldp(pairOffset), 'ldp {R:t}, {R:a}, [{XS:n}{imm7:i}]'],
  ['0110100101iiiiiiiaaaaannnnnttttt', 'LDPSW, offset', ldpsw(pairOffset), 'ldpsw {X:t}, {X:a}, [{XS:n}{imm7:i}]'],

  // Load/store register pair (pre-indexed)
  ['Z010100110iiiiiiiaaaaannnnnttttt', 'STP, pre-indexed', stp(pairPre), 'stp {R:t}, {R:a}, [{XS:n}, {#imm7:i}]!'],
  ['Z010100111iiiiiiiaaaaannnnnttttt', 'LDP, pre-indexed', ldp(pairPre), 'ldp {R:t}, {R:a}, [{XS:n}, {#imm7:i}]!'],
  ['0110100111iiiiiiiaaaaannnnnttttt', 'LDPSW, pre-indexed', ldpsw(pairPre), 'ldpsw {X:t}, {X:a}, [{XS:n}, {#imm7:i}]!'],

  // Load/store register (unscaled immediate)
  ['SS111000000iiiiiiiii00nnnnnttttt', 'STUR', store(unscaled), 'stur{size} {T:t}, [{XS:n}{imm9:i}]'],
  ['SS111000010iiiiiiiii00nnnnnttttt', 'LDUR', load(unscaled), 'ldur{size} {T:t}, [{XS:n}{imm9:i}]'],
  ['SS1110001W0iiiiiiiii00nnnnnttttt', 'LDURS', load_signed(unscaled), 'ldurs{ssize} {TW:t}, [{XS:n}{imm9:i}]', { when: extendable }],
  ['11111000100iiiiiiiii00nnnnnttttt', 'PRFUM', prefetch, 'prfum {prfop:t}, [{XS:n}{imm9:i}]'],

  // Load/store register (immediate post-indexed)
  ['SS111000000iiiiiiiii01nnnnnttttt', 'STR, post-indexed', store(postIndexed), 'str{size} {T:t}, [{XS:n}], {#imm9:i}'],
  ['SS111000010iiiiiiiii01nnnnnttttt', 'LDR, post-indexed', load(postIndexed), 'ldr{size} {T:t}, [{XS:n}], {#imm9:i}'],
  ['SS1110001W0iiiiiiiii01nnnnnttttt', 'LDRS, post-indexed', load_signed(postIndexed), 'ldrs{ssize} {TW:t}, [{XS:n}], {#imm9:i}', { when: extendable }],

  // Load/store register (unprivileged)
  ['SS111000000iiiiiiiii10nnnnnttttt', 'STTR', store(unscaled, UNPRIVILEGED), 'sttr{size} {T:t}, [{XS:n}{imm9:i}]'],
  ['SS111000010iiiiiiiii10nnnnnttttt', 'LDTR', load(unscaled, UNPRIVILEGED), 'ldtr{size} {T:t}, [{XS:n}{imm9:i}]'],
  ['SS1110001W0iiiiiiiii10nnnnnttttt', 'LDTRS', load_signed(unscaled, UNPRIVILEGED), 'ldtrs{ssize} {TW:t}, [{XS:n}{imm9:i}]', { when: extendable }],

  // Load/store register (immediate pre-indexed)
  ['SS111000000iiiiiiiii11nnnnnttttt', 'STR, pre-indexed', store(preIndexed), 'str{size} {T:t}, [{XS:n}, {#imm9:i}]!'],
  ['SS111000010iiiiiiiii11nnnnnttttt', 'LDR, pre-indexed', load(preIndexed), 'ldr{size} {T:t}, [{XS:n}, {#imm9:i}]!'],
  ['SS1110001W0iiiiiiiii11nnnnnttttt', 'LDRS, pre-indexed', load_signed(preIndexed), 'ldrs{ssize} {TW:t}, [{XS:n}, {#imm9:i}]!', { when: extendable }],

  // Load/store register (register offset)
  ['SS111000001mmmmmOOOs10nnnnnttttt', 'STR (register)', store(registerOffset), 'str{size} {T:t}, [{XS:n}, {index}]', { when: extendsWord }],
  ['SS111000011mmmmmOOOs10nnnnnttttt', 'LDR (register)', load(registerOffset), 'ldr{size} {T:t}, [{XS:n}, {index}]', { when: extendsWord }],
  ['SS1110001W1mmmmmOOOs10nnnnnttttt', 'LDRS (register)', load_signed(registerOffset), 'ldrs{ssize} {TW:t}, [{XS:n}, {index}]', { when: (f) => extendable(f) && extendsWord(f) }],
  ['11111000101mmmmmo1ps10nnnnnttttt', 'PRFM (register)', prefetch, 'prfm {prfop:t}, [{XS:n}, {index}]'],

  // Load/store register (unsigned immediate)
  ['SS11100100iiiiiiiiiiiinnnnnttttt', 'STR (immediate)', store(unsignedOffset), 'str{size} {T:t}, [{XS:n}{imm12:i}]'],
  ['SS11100101iiiiiiiiiiiinnnnnttttt', 'LDR (immediate)', load(unsignedOffset), 'ldr{size} {T:t}, [{XS:n}{imm12:i}]'],
  ['SS1110011Wiiiiiiiiiiiinnnnnttttt', 'LDRS (immediate)', load_signed(unsignedOffset), 'ldrs{ssize} {TW:t}, [{XS:n}{imm12:i}]', { when: extendable }],
  ['1111100110iiiiiiiiiiiinnnnnttttt', 'PRFM (immediate)', prefetch, 'prfm {prfop:t}, [{XS:n}{imm12:i}]'],
];
