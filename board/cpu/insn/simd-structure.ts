/*
 * board/cpu/insn/simd-structure.ts - LD1 to LD4, ST1 to ST4: arrays of structures in memory, one member per register
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Advanced SIMD load/store multiple structures", "Advanced
 *         SIMD load/store single structure", and their post-indexed forms
 *
 * Element k of register r is member r of structure k: in memory at (k * registers + r) * e. The rows come from tables of
 * what differs, because each exists as a load and a store, with and without post-index.
 */
import type { Attributes, Builder, Bytes, Fields, Row, Semantics, VectorBits } from '../builder.ts';
import { splat } from '../lanes.ts';
import { add, and, concat, eq, i64, select, shuffle, type Value } from '../value.ts';
import { BHSD, SIMD } from './simd.ts';

/** Register r of the list that begins with Vt; after V31 comes V0. */
const register = (f: Fields, r: number): Value => (r === 0 ? f.t : and(add(f.t, r), 31));

/** The address, evaluated before the base register changes. */
const base = (b: Builder, f: Fields): Value => b.let(b.xsp(f.n, 64));

/** Post-index: by Rm, or by what was transferred if that is 31. */
function writeBack(b: Builder, f: Fields, va: Value, bytes: number): void {
  const by = select(eq(f.m, 31), i64(bytes), b.x(f.m, 64));
  b.setXsp(f.n, add(va, by));
}

// Multiple structures

/** How many registers, and whether they are the members of structures (or, LD1, follow each other in memory). */
interface Multiple {
  readonly registers: number;
  readonly interleaved: boolean;
}

/** Bytes by number from up to four vectors, 16 bytes each. */
function gather(sources: readonly Value[], wanted: readonly number[]): Value {
  const [a, b, c, d] = sources;
  if (sources.length <= 2) return shuffle(wanted, a!, b ?? a!);
  const low = shuffle(
    wanted.map((at) => (at < 32 ? at : 0)),
    a!,
    b!,
  );
  const high = shuffle(
    wanted.map((at) => (at < 32 ? 0 : at - 32)),
    c!,
    d ?? c!,
  );
  return shuffle(
    wanted.map((at, i) => (at < 32 ? i : i + 16)),
    low,
    high,
  );
}
const bytesWanted = (at: (i: number) => number): number[] => Array.from({ length: 16 }, (_, i) => at(i));

/** In memory: the byte of register r's byte i. */
function inMemory(form: Multiple, e: number, r: number, i: number): number {
  return (Math.floor(i / e) * form.registers + r) * e + (i % e);
}

/** In the registers: the byte of memory's byte at. */
function inRegisters(form: Multiple, e: number, at: number): number {
  const element = Math.floor(at / e);
  const [r, k] = [element % form.registers, Math.floor(element / form.registers)];
  return 16 * r + k * e + (at % e);
}

/** Offsets and sizes of the pieces of memory that make one vector each. */
const pieces = (bytes: number): { offset: number; bits: VectorBits }[] =>
  Array.from({ length: Math.ceil(bytes / 16) }, (_, i) => ({
    offset: 16 * i,
    bits: bytes - 16 * i >= 16 ? 128 : 64,
  }));

const load_multiple =
  (form: Multiple, post: boolean): Semantics =>
  (b, f) => {
    const e = 1 << f.S;
    const size = f.Q ? 16 : 8;
    const total = size * form.registers;
    const va = base(b, f);
    const host = b.mem(va, total, 'read', { element: e as Bytes, sp: f.n });
    const results = form.interleaved ? deinterleaved(b, host, form, e, total) : inOrder(b, host, form, size);
    results.forEach((v, r) => void b.setV(register(f, r), v, f.Q ? 128 : 64));
    if (post) writeBack(b, f, va, total);
  };

function inOrder(b: Builder, host: Value, form: Multiple, size: number): Value[] {
  const bits = (8 * size) as VectorBits;
  return Array.from({ length: form.registers }, (_, r) => b.let(b.vload(host, r * size, bits)));
}

function deinterleaved(b: Builder, host: Value, form: Multiple, e: number, total: number): Value[] {
  const memory = pieces(total).map(({ offset, bits }) => b.let(b.vload(host, offset, bits)));
  const limit = 16 * memory.length; // beyond the end of the register, any byte will do
  return Array.from({ length: form.registers }, (_, r) =>
    b.let(
      gather(
        memory,
        bytesWanted((i) => inMemory(form, e, r, i) % limit),
      ),
    ),
  );
}

const store_multiple =
  (form: Multiple, post: boolean): Semantics =>
  (b, f) => {
    const e = 1 << f.S;
    const size = f.Q ? 16 : 8;
    const total = size * form.registers;
    const va = base(b, f);
    const host = b.mem(va, total, 'write', { element: e as Bytes, sp: f.n });
    const registers = Array.from({ length: form.registers }, (_, r) => b.let(b.v(register(f, r))));
    if (form.interleaved) interleave(b, host, form, e, total, registers);
    else registers.forEach((v, r) => void b.vstore(host, r * size, v, (8 * size) as VectorBits));
    if (post) writeBack(b, f, va, total);
  };

function interleave(
  b: Builder,
  host: Value,
  form: Multiple,
  e: number,
  total: number,
  registers: readonly Value[],
): void {
  for (const { offset, bits } of pieces(total)) {
    b.vstore(
      host,
      offset,
      gather(
        registers,
        bytesWanted((i) => inRegisters(form, e, offset + i)),
      ),
      bits,
    );
  }
}

// Single structures: one element of each register, or (replicate) one structure into all elements

/** What is left of the index beside Q and S in the size field of a smaller element. */
function index(f: Fields, e: Bytes): Value {
  if (e === 8) return f.q;
  const half = concat(f.q, f.s);
  return e === 4 ? half : concat(half, f.z);
}

const load_single =
  (members: number, e: Bytes, post: boolean): Semantics =>
  (b, f) => {
    const va = base(b, f);
    const host = b.mem(va, e * members, 'read', { element: e, sp: f.n });
    const loaded = Array.from({ length: members }, (_, r) => b.let(b.load(host, r * e, e)));
    loaded.forEach((v, r) => void b.setLane(register(f, r), e, index(f, e), v));
    if (post) writeBack(b, f, va, e * members);
  };

const store_single =
  (members: number, e: Bytes, post: boolean): Semantics =>
  (b, f) => {
    const va = base(b, f);
    const host = b.mem(va, e * members, 'write', { element: e, sp: f.n });
    for (let r = 0; r < members; r++) b.store(host, r * e, e, b.lane(register(f, r), e, index(f, e)));
    if (post) writeBack(b, f, va, e * members);
  };

const load_replicate =
  (members: number, post: boolean): Semantics =>
  (b, f) => {
    const e = (1 << f.S) as Bytes;
    const va = base(b, f);
    const host = b.mem(va, e * members, 'read', { element: e, sp: f.n });
    const loaded = Array.from({ length: members }, (_, r) => b.let(splat(e, b.load(host, r * e, e))));
    loaded.forEach((v, r) => void b.setV(register(f, r), v, f.Q ? 128 : 64));
    if (post) writeBack(b, f, va, e * members);
  };

// The tables: what stands where in the pattern

/** opcode, number of registers, members of a structure. */
const MULTIPLE: readonly (readonly [opcode: string, registers: number, members: number])[] = [
  ['0000', 4, 4],
  ['0010', 4, 1],
  ['0100', 3, 3],
  ['0110', 3, 1],
  ['0111', 1, 1],
  ['1000', 2, 2],
  ['1010', 2, 1],
];

/** Bits 15:14 and 12:10, and the size of an element. */
const SINGLE: readonly (readonly [scale: string, size: string, e: Bytes])[] = [
  ['00', 'szz', 1],
  ['01', 'sz0', 2],
  ['10', 's00', 4],
  ['10', '001', 8],
];

/** Bits 13 and 21 are the number of members less one. */
const MEMBERS: readonly (readonly [bit13: string, bit21: string])[] = [
  ['0', '0'],
  ['0', '1'],
  ['1', '0'],
  ['1', '1'],
];

/** Bit 23, bits 20:16, the end of the title, what follows the address; in a syntax * is how many bytes are transferred. */
const INDEXING = [
  { post: false, bit23: '0', m: '00000', title: '', after: '' },
  { post: true, bit23: '1', m: 'mmmmm', title: ', post-indexed', after: ', {post*:m}' },
] as const;

/** LD1 of one doubleword is no structure but a load, and exists. */
const EVERY: Attributes = SIMD;

function multipleRows(): Row[] {
  const rows: Row[] = [];
  for (const [opcode, registers, members] of MULTIPLE) {
    const form = { registers, interleaved: members > 1 };
    for (const { post, bit23, m, title, after } of INDEXING) {
      const pattern = (l: 0 | 1): string => `0Q001100${bit23}${l}0${m}${opcode}SSnnnnnttttt`;
      const name = `${members} (multiple structures), ${registers} registers${title}`;
      const syntax = `${members} {list${registers}:t}, [{XS:n}]${after.replace('*', `${registers}V`)}`;
      const attributes = members > 1 ? BHSD : EVERY;
      rows.push(
        [pattern(0), `ST${name}`, store_multiple(form, post), `st${syntax}`, attributes],
        [pattern(1), `LD${name}`, load_multiple(form, post), `ld${syntax}`, attributes],
      );
    }
  }
  return rows;
}

function singleRows(): Row[] {
  const rows: Row[] = [];
  for (const [i, [bit13, bit21]] of MEMBERS.entries()) {
    const members = i + 1;
    for (const { post, bit23, m, title, after } of INDEXING) {
      for (const [scale, size, e] of SINGLE) {
        const pattern = (l: 0 | 1): string =>
          `0q001101${bit23}${l}${bit21}${m}${scale}${bit13}${size}nnnnnttttt`;
        const letter = 'bhsd'[Math.log2(e)]!;
        const name = `${members} (single structure), ${letter.toUpperCase()}${title}`;
        const syntax = `${members} {list${members}${letter}:t}, [{XS:n}]${after.replace('*', String(members * e))}`;
        rows.push(
          [pattern(0), `ST${name}`, store_single(members, e, post), `st${syntax}`, SIMD],
          [pattern(1), `LD${name}`, load_single(members, e, post), `ld${syntax}`, SIMD],
        );
      }
      const pattern = `0Q001101${bit23}1${bit21}${m}11${bit13}0SSnnnnnttttt`;
      const syntax = `ld${members}r {list${members}:t}, [{XS:n}]${after.replace('*', `${members}S`)}`;
      rows.push([pattern, `LD${members}R${title}`, load_replicate(members, post), syntax, EVERY]);
    }
  }
  return rows;
}

/* Fields: S log2 of the bytes of an element, Q 128 bits, q s z the index, t the first register, n the base, m the index. */
export const SIMD_STRUCTURE: readonly Row[] = [...multipleRows(), ...singleRows()];
