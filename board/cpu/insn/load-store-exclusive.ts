/*
 * board/cpu/insn/load-store-exclusive.ts - exclusives, acquire and release, and the LSE atomics
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Loads and Stores": "Load/store exclusive",
 *         "Compare and swap", "Atomic memory operations"; "Synchronization and semaphores"
 * Absent: the limited-order LDLAR and STLLR (no LORegions); 128-bit atomics
 *
 * One CPU executes one instruction after the other, so every access is ordered and every instruction atomic; what
 * remains of the subject is alignment, and the local monitor: armed by a load, with the place and the size; passed once
 * by a store to the same; cleared by CLREX and by every exception return.
 */
import type { Builder, Bytes, Fields, Row, Semantics, Width } from '../builder.ts';
import { STATE } from '../state.ts';
import {
  add,
  and,
  eq,
  eqz,
  gts,
  gtu,
  i32,
  lts,
  ltu,
  not,
  or,
  select,
  sext,
  shl,
  signed,
  sx,
  type Value,
  xor,
  zx,
} from '../value.ts';

const bytesOf = (f: Fields): Bytes => (1 << f.S) as Bytes;
const widthOf = (bytes: Bytes): Width => (bytes === 8 ? 64 : 32);
const base = (b: Builder, f: Fields): Value => b.xsp(f.n, 64);

// Load-acquire, store-release

const offsetOf = (b: Builder, f: Fields): Value => add(base(b, f), sext(signed(f.i)));

function load_acquire(b: Builder, f: Fields): void {
  const host = b.mem(base(b, f), bytesOf(f), 'read', { aligned: true, sp: f.n });
  b.setX(f.t, b.load(host, 0, bytesOf(f), { type: 'i64' }));
}

function store_release(b: Builder, f: Fields): void {
  const host = b.mem(base(b, f), bytesOf(f), 'write', { aligned: true, sp: f.n });
  b.store(host, 0, bytesOf(f), b.x(f.t, widthOf(bytesOf(f))));
}

function load_acquire_unscaled(b: Builder, f: Fields): void {
  const host = b.mem(offsetOf(b, f), bytesOf(f), 'read', { aligned: true, sp: f.n });
  b.setX(f.t, b.load(host, 0, bytesOf(f), { type: 'i64' }));
}

function load_acquire_signed(b: Builder, f: Fields): void {
  const host = b.mem(offsetOf(b, f), bytesOf(f), 'read', { aligned: true, sp: f.n });
  b.setX(f.t, b.load(host, 0, bytesOf(f), { signed: true, type: f.W ? 'i32' : 'i64' }));
}

function store_release_unscaled(b: Builder, f: Fields): void {
  const host = b.mem(offsetOf(b, f), bytesOf(f), 'write', { aligned: true, sp: f.n });
  b.store(host, 0, bytesOf(f), b.x(f.t, widthOf(bytesOf(f))));
}

const extendable = (f: { S: number; W: number }): boolean => f.S + f.W < 3;

// Exclusives

const EXCLUSIVE = { aligned: true, exclusive: true } as const;

/** The manual's ExclusiveMonitors functions: the monitor knows the place by its host pointer, and the size. */
function arm(b: Builder, host: Value, bytes: number): void {
  b.set(STATE.EXCLUSIVE, i32(bytes));
  b.set(STATE.EXCLUSIVE_PA, host);
}

function passes(b: Builder, host: Value, bytes: number): Value {
  const sameSize = eq(b.get(STATE.EXCLUSIVE, 'i32'), bytes);
  return b.let(and(sameSize, eq(b.get(STATE.EXCLUSIVE_PA, 'i32'), host)));
}

function load_exclusive(b: Builder, f: Fields): void {
  const host = b.mem(base(b, f), bytesOf(f), 'read', { ...EXCLUSIVE, sp: f.n });
  const v = b.let(b.load(host, 0, bytesOf(f), { type: 'i64' }));
  arm(b, host, bytesOf(f));
  b.setX(f.t, v);
}

function store_exclusive(b: Builder, f: Fields): void {
  const bytes = bytesOf(f);
  const host = b.mem(base(b, f), bytes, 'write', { ...EXCLUSIVE, sp: f.n });
  const pass = passes(b, host, bytes);
  b.if_(pass, () => b.store(host, 0, bytes, b.x(f.t, widthOf(bytes))));
  b.set(STATE.EXCLUSIVE, i32(0));
  b.setX(f.s, eqz(pass)); // 0: stored
}

/** A pair is one access of twice the size, aligned to that. */
function load_exclusive_pair(b: Builder, f: Fields): void {
  const element = f.Z ? 8 : 4;
  const host = b.mem(base(b, f), 2 * element, 'read', { ...EXCLUSIVE, sp: f.n });
  const first = b.let(b.load(host, 0, element, { type: 'i64' }));
  const second = b.let(b.load(host, element, element, { type: 'i64' }));
  arm(b, host, 2 * element);
  b.setX(f.t, first);
  b.setX(f.a, second);
}

function store_exclusive_pair(b: Builder, f: Fields): void {
  const element = f.Z ? 8 : 4;
  const host = b.mem(base(b, f), 2 * element, 'write', { ...EXCLUSIVE, sp: f.n });
  const pass = passes(b, host, 2 * element);
  b.if_(pass, () => storePair(b, host, element, f.t, f.a));
  b.set(STATE.EXCLUSIVE, i32(0));
  b.setX(f.s, eqz(pass));
}

function storePair(b: Builder, host: Value, element: 4 | 8, first: Value, second: Value): void {
  b.store(host, 0, element, b.x(first, widthOf(element)));
  b.store(host, element, element, b.x(second, widthOf(element)));
}

// Compare and swap

function cas(b: Builder, f: Fields): void {
  const bytes = bytesOf(f);
  const w = widthOf(bytes);
  const host = b.mem(base(b, f), bytes, 'both', { ...EXCLUSIVE, sp: f.n });
  const old = b.let(b.load(host, 0, bytes));
  b.if_(eq(old, zx(b.x(f.s, w), 8 * bytes)), () => b.store(host, 0, bytes, b.x(f.t, w)));
  b.setX(f.s, old);
}

/** The registers are even-odd pairs; an odd number has no row. */
const pairOf = (half: Value): [Value, Value] => [shl(half, 1), or(shl(half, 1), 1)];

function casp(b: Builder, f: Fields): void {
  const element = f.Z ? 8 : 4;
  const w = widthOf(element);
  const [s0, s1] = pairOf(f.s);
  const host = b.mem(base(b, f), 2 * element, 'both', { ...EXCLUSIVE, sp: f.n });
  const old0 = b.let(b.load(host, 0, element));
  const old1 = b.let(b.load(host, element, element));
  const same = and(eq(old0, b.x(s0, w)), eq(old1, b.x(s1, w)));
  b.if_(same, () => storePair(b, host, element, ...pairOf(f.t)));
  b.setX(s0, old0);
  b.setX(s1, old1);
}

// Atomic memory operations

type Operation = (old: Value, operand: Value) => Value;

/** `isSigned`: the comparison of a minimum or maximum is. Rt gets the old value zero-extended in any case. */
const atomic =
  (operation: Operation, isSigned = false): Semantics =>
  (b, f) => {
    const bytes = bytesOf(f);
    const host = b.mem(base(b, f), bytes, 'both', { ...EXCLUSIVE, sp: f.n });
    const old = b.let(b.load(host, 0, bytes));
    const extend = isSigned ? sx : zx;
    const operand = b.let(extend(b.x(f.s, widthOf(bytes)), 8 * bytes));
    b.store(host, 0, bytes, operation(b.let(extend(old, 8 * bytes)), operand));
    b.setX(f.t, old);
  };

const clear: Operation = (old, operand) => and(old, not(operand));
const swap: Operation = (_old, operand) => operand;
const pick =
  (first: (a: Value, b: Value) => Value): Operation =>
  (old, operand) =>
    select(first(old, operand), old, operand);

const COLD = { cold: true } as const;

/* Fields: S log2 of the size, A acquire, L release (no difference here), s operand or status, t and a data, n base. */
// biome-ignore format: columns teach
export const LOAD_STORE_EXCLUSIVE: readonly Row[] = [
  // Load/store exclusive register
  ['SS001000000sssssl.....nnnnnttttt', 'STXR, STLXR', store_exclusive, 'st{l:l}xr{size} {W:s}, {T:t}, [{XS:n}]'],
  ['SS001000010.....l.....nnnnnttttt', 'LDXR, LDAXR', load_exclusive, 'ld{a:l}xr{size} {T:t}, [{XS:n}]'],

  // Load/store exclusive pair
  ['1Z001000001ssssslaaaaannnnnttttt', 'STXP, STLXP', store_exclusive_pair, 'st{l:l}xp {W:s}, {R:t}, {R:a}, [{XS:n}]', COLD],
  ['1Z001000011.....laaaaannnnnttttt', 'LDXP, LDAXP', load_exclusive_pair, 'ld{a:l}xp {R:t}, {R:a}, [{XS:n}]', COLD],

  // Load/store ordered
  ['SS001000100.....1.....nnnnnttttt', 'STLR', store_release, 'stlr{size} {T:t}, [{XS:n}]'],
  ['SS001000110.....1.....nnnnnttttt', 'LDAR', load_acquire, 'ldar{size} {T:t}, [{XS:n}]'],

  // Compare and swap
  ['SS0010001l1sssssr11111nnnnnttttt', 'CAS', cas, 'cas{a:l}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['0Z0010000l1ssss0r11111nnnnntttt0', 'CASP', casp, 'casp{a:l}{l:r} {pair:s}, {pair:t}, [{XS:n}]', COLD],

  // LDAPR/STLR (unscaled immediate)
  ['SS011001000iiiiiiiii00nnnnnttttt', 'STLUR', store_release_unscaled, 'stlur{size} {T:t}, [{XS:n}{imm9:i}]', COLD],
  ['SS011001010iiiiiiiii00nnnnnttttt', 'LDAPUR', load_acquire_unscaled, 'ldapur{size} {T:t}, [{XS:n}{imm9:i}]', COLD],
  ['SS0110011W0iiiiiiiii00nnnnnttttt', 'LDAPURS', load_acquire_signed, 'ldapurs{ssize} {TW:t}, [{XS:n}{imm9:i}]', { ...COLD, when: extendable }],

  // Atomic memory operations
  ['SS111000ar1sssss000000nnnnnttttt', 'LDADD', atomic(add), 'ldadd{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS111000ar1sssss000100nnnnnttttt', 'LDCLR', atomic(clear), 'ldclr{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS111000ar1sssss001000nnnnnttttt', 'LDEOR', atomic(xor), 'ldeor{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS111000ar1sssss001100nnnnnttttt', 'LDSET', atomic(or), 'ldset{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS111000ar1sssss010000nnnnnttttt', 'LDSMAX', atomic(pick(gts), true), 'ldsmax{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS111000ar1sssss010100nnnnnttttt', 'LDSMIN', atomic(pick(lts), true), 'ldsmin{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS111000ar1sssss011000nnnnnttttt', 'LDUMAX', atomic(pick(gtu)), 'ldumax{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS111000ar1sssss011100nnnnnttttt', 'LDUMIN', atomic(pick(ltu)), 'ldumin{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS111000ar1sssss100000nnnnnttttt', 'SWP', atomic(swap), 'swp{a:a}{l:r}{size} {T:s}, {T:t}, [{XS:n}]', COLD],
  ['SS11100010111111110000nnnnnttttt', 'LDAPR', load_acquire, 'ldapr{size} {T:t}, [{XS:n}]'],
];
