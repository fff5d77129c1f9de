/*
 * tests/lib/random-insn.ts - random instructions from the table, with registers that make them interesting
 */
import type { Row } from '../../board/cpu/builder.ts';
import { type FieldPosition, parsePattern } from '../../board/cpu/decode.ts';
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
/** Patterns of S and D registers: zeros, ones, infinities, NaNs quiet and signalling, denormals, halfway cases. */
const FLOATS = [
  0x3f80_0000n,
  0xbf80_0000n,
  0x8000_0000n,
  0x7f80_0000n,
  0xff80_0000n,
  0x7fc0_0000n,
  0x7fa0_1234n,
  0xffc1_2345n,
  0x0000_0001n,
  0x807f_ffffn,
  0x7f7f_ffffn,
  0x3f00_0000n,
  0x4b00_0001n,
  0x4f00_0000n,
  0x3ff0_0000_0000_0000n,
  0x8000_0000_0000_0000n,
  0x7ff0_0000_0000_0000n,
  0xfff0_0000_0000_0000n,
  0x7ff8_0000_0000_0000n,
  0x7ff4_0000_0000_1234n,
  0x0000_0000_0000_0001n,
  0x800f_ffff_ffff_ffffn,
  0x7fef_ffff_ffff_ffffn,
  0x3fe0_0000_0000_0000n,
  0x4330_0000_0000_0001n,
  0x43e0_0000_0000_0000n,
  0x41df_ffff_ffe0_0000n,
  0x3810_0000_0000_0000n,
  0x47ef_ffff_f000_0000n,
  0x3c00_7bff_0001_fc00n,
  0x7c00_7e00_7d00_83ffn,
];

function operand(random: Random): bigint {
  const kind = random.below(4);
  if (kind === 0) return random.pick(BOUNDARIES);
  if (kind === 1) return BigInt(random.below(256));
  return random.dword();
}

function vectorHalf(random: Random): bigint {
  const kind = random.below(5);
  if (kind === 0) return random.pick(BOUNDARIES);
  if (kind === 1) return random.pick(FLOATS);
  if (kind === 2) return (random.pick(FLOATS) << 32n) | (random.pick(FLOATS) & 0xffff_ffffn);
  // Numbers of moderate size, so that sums and products neither vanish nor overflow.
  if (kind === 3)
    return BigInt.asUintN(64, 0x3fe0_0000_0000_0000n + (random.dword() >> 11n) - (random.dword() >> 12n));
  return random.dword();
}

/** Registers for any instruction. The slot loads x30 and the flags come as they are. */
export function randomState(random: Random): BigUint64Array {
  const state = new BigUint64Array(STATE_WORDS);
  for (let n = 0; n < 31; n++) state[n] = operand(random);
  state[WORD.SP] = BigInt(DATA + DATA_SIZE / 2 + 16 * random.below(16));
  state[WORD.NZCV] = BigInt(random.below(16)) << 28n;
  for (let n = WORD.V; n < STATE_WORDS; n++) state[n] = vectorHalf(random);
  return state;
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
  const word = randomWord(random, row[0]);
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
  return nothing;
}

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
