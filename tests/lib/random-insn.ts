/*
 * tests/lib/random-insn.ts - random instructions from the table, with registers that make them interesting
 */
import type { Row } from '../../board/cpu/builder.ts';
import { type FieldPosition, parsePattern } from '../../board/cpu/decode.ts';
import { FPCR, FPSR } from '../../board/cpu/fp/status.ts';
import { RandomFloats } from './random-float.ts';
import { type Case, CODE, DATA, DATA_SIZE, INSN_WORD, SLOT_BYTES, STATE_WORDS, WORD } from './oracle.ts';

/** A small generator of our own, so that a failing case can be had again from its seed. (xorshift32) */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0 || 1;
  }

  word(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** 0..n-1 */
  below(n: number): number {
    return this.word() % n;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  dword(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }
}

const BOUNDARIES = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_fffen,
  0xffff_ffff_ffff_ffffn,
  0xffff_ffff_8000_0000n,
];
function operand(random: Random): bigint {
  const kind = random.below(4);
  if (kind === 0) return random.pick(BOUNDARIES);
  if (kind === 1) return BigInt(random.below(256));
  return random.dword();
}

function vectorHalf(random: Random, floats: RandomFloats): bigint {
  const kind = random.below(8);
  if (kind === 0) return random.pick(BOUNDARIES);
  if (kind === 1) return random.dword();
  if (kind < 4) return lanes(random);
  return floats.dword();
}

/** Elements of one size, most of them at a limit of their range. */
function lanes(random: Random): bigint {
  const bits = BigInt(8 << random.below(3));
  const limits = [0n, 1n, 2n ** (bits - 1n) - 1n, 2n ** (bits - 1n), 2n ** bits - 2n, 2n ** bits - 1n];
  let dword = 0n;
  for (let at = 0n; at < 64n; at += bits) {
    const element = random.below(4) ? random.pick(limits) : random.dword() % 2n ** bits;
    dword |= element << at;
  }
  return dword;
}

/** As after reset; as soon afterwards, when something has been inexact; the same with flushing; else anything. */
function randomModes(random: Random, state: BigUint64Array): void {
  const kind = random.below(5);
  if (kind === 0) return;
  state[WORD.FPSR] = BigInt(FPSR.IXC);
  if (kind === 2) state[WORD.FPCR] = BigInt(FPCR.FZ);
  if (kind < 3) return;
  const mask = kind === 3 ? FPCR.WRITABLE : FPCR.RMODE;
  state[WORD.FPCR] = BigInt((random.word() & mask) >>> 0);
  state[WORD.FPSR] = BigInt((random.word() & FPSR.WRITABLE) >>> 0);
}

/** Registers for any instruction. The slot loads x30 and the flags come as they are. */
export function randomState(random: Random): BigUint64Array {
  const state = new BigUint64Array(STATE_WORDS);
  for (let n = 0; n < 31; n++) state[n] = operand(random);
  state[WORD.SP] = BigInt(DATA + DATA_SIZE / 2 + 16 * random.below(16));
  state[WORD.NZCV] = BigInt(random.below(16)) << 28n;
  randomModes(random, state);
  const floats = new RandomFloats(random);
  for (let n = WORD.V; n < STATE_WORDS; n++) state[n] = vectorHalf(random, floats);
  return state;
}

/** A word of the row that is allocated. */
function allocatedWord(random: Random, row: Row): number {
  const { fields } = parsePattern(row[0]);
  for (;;) {
    const word = randomWord(random, row[0]);
    const values = [...fields].map(([letter, position]) => [letter, get(word, position)]);
    if (row[4]?.when?.(Object.fromEntries(values)) ?? true) return word;
  }
}

/** A word that the pattern matches. Register fields are 31 more often than chance would have it. */
export function randomWord(random: Random, pattern: string): number {
  const { mask, value, fields } = parsePattern(pattern);
  let word = (value | (random.word() & ~mask)) >>> 0;
  for (const [, position] of fields) {
    if (position.bits === 5 && random.below(8) === 0) word = withField(word, position, 31);
  }
  return word;
}

export function withField(word: number, { lsb, bits }: FieldPosition, value: number): number {
  const mask = ((2 ** bits - 1) << lsb) >>> 0;
  return ((word & ~mask) | ((value << lsb) & mask)) >>> 0;
}

const get = (word: number, { lsb, bits }: FieldPosition): number => (word >>> lsb) & (2 ** bits - 1);

/** What a row needs so that its instruction stays in the slot and the data region. */
type Prepare = (random: Random, word: number, state: BigUint64Array, index: number, row: Row) => number;

/** A case of the row, to be the index-th of its batch. */
export function randomCase(random: Random, row: Row, index: number): Case {
  const state = randomState(random);
  const word = allocatedWord(random, row);
  const insn = preparationOf(row)(random, word, state, index, row) >>> 0;
  return { insn, state, touchesMemory: isLoadStore(row) };
}

const nothing: Prepare = (_random, word) => word;

/** Bit 27 set, bit 25 clear: the manual's "Loads and Stores". */
export function isLoadStore(row: Row): boolean {
  const bits = row[0].replaceAll(' ', '');
  return bits[4] === '1' && bits[6] === '0';
}

function preparationOf(row: Row): Prepare {
  if (isLoadStore(row)) return row[1].includes('literal') ? literal : loadStore;
  if (/^(B|BL|B\.cond|CBN?Z|TBN?Z)$/.test(row[1])) return relativeBranch;
  if (/^(BR|BLR|RET)$/.test(row[1])) return registerBranch;
  return row[1] === 'HLT' ? halt : nothing;
}

/** HLT #0xf000 is a call to QEMU's semihosting, which aborts QEMU when the registers make no sense: HLT #0xf001 then. */
const SEMIHOSTING = 0xd45e_0000;
const halt: Prepare = (_random, word) => (word >>> 0 === SEMIHOSTING ? word | 0x20 : word);

const fieldsOf = (row: Row): ReadonlyMap<string, FieldPosition> => parsePattern(row[0]).fields;

const relativeBranch: Prepare = (random, word, _state, _index, row) => {
  const offset = random.pick([-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7]);
  return withField(word, fieldsOf(row).get('i')!, offset);
};

const registerBranch: Prepare = (random, word, state, index, row) => {
  const word31 = withField(word, fieldsOf(row).get('n')!, random.below(31));
  const landing = random.pick([2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15]);
  state[get(word31, fieldsOf(row).get('n')!)] = BigInt(CODE + index * SLOT_BYTES + 4 * landing);
  return word31;
};

const literal: Prepare = (random, word, _state, _index, row) =>
  withField(word, fieldsOf(row).get('i')!, 16 - INSN_WORD + random.below(8));

/** The base register points into the middle of the data, near a page's end; a register offset is small. */
const loadStore: Prepare = (random, word, state, _index, row) => {
  const fields = fieldsOf(row);
  const n = get(word, fields.get('n')!);
  const m = fields.get('m');
  if (m) state[get(word, m)] = BigInt.asUintN(64, BigInt(random.below(512) - 256));
  const near = random.below(4) === 0 ? random.below(32) - 16 : random.below(0x1000);
  const base = DATA + DATA_SIZE / 2 + near * (random.below(2) ? 16 : 1);
  const aligned = n === 31 || MUST_BE_ALIGNED.test(row[1]);
  state[n] = BigInt(aligned ? base - (base % 16) : base);
  return word;
};

/** Exclusives, atomics, acquire and release: QEMU does not always mind when they are not, the board does. */
const MUST_BE_ALIGNED = /^(LDA|LDX|STL|STX|CAS|SWP|LD(ADD|CLR|EOR|SET|SMAX|SMIN|UMAX|UMIN))/;
