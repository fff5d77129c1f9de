/*
 * board/cpu/decode.ts - from the table's patterns to an index that finds the row of an instruction word
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding"
 *
 * A row with capital fields is expanded into one case for each of their values. Where cases overlap, the most specific
 * wins: the one that fixes more bits. The index is a tree of tables over windows of bits, the first over bits 31:21.
 */
import type { Row } from './builder.ts';

export interface FieldPosition {
  readonly lsb: number;
  readonly bits: number;
}

export interface Pattern {
  /** Bits that are fixed, and what they are. Unsigned. */
  readonly mask: number;
  readonly value: number;
  readonly fields: ReadonlyMap<string, FieldPosition>;
  /** Those of the fields that are not capitals, once more. */
  readonly operands: readonly Operand[];
}

export interface Operand extends FieldPosition {
  readonly letter: string;
}

/** One row with its capital fields decided: what the interpreter makes a handler for. */
export interface Case {
  readonly row: Row;
  readonly pattern: Pattern;
  readonly mask: number;
  readonly value: number;
  readonly capitals: Readonly<Record<string, number>>;
}

/** A table indexed by (word >>> shift) & (2^bits - 1), or the case, or nothing: unallocated. */
export type Node = Case | Table | undefined;
export interface Table {
  readonly shift: number;
  readonly bits: number;
  readonly entries: readonly Node[];
}

export const isTable = (node: Node): node is Table => node !== undefined && 'entries' in node;

export function parsePattern(text: string): Pattern {
  const bits = text.replaceAll(' ', '');
  if (bits.length !== 32) throw new Error(`pattern '${text}' has ${bits.length} bits`);
  const fields = new Map<string, FieldPosition>();
  let mask = 0;
  let value = 0;
  for (let lsb = 0; lsb < 32; lsb++) {
    const letter = bits[31 - lsb] ?? '';
    if (letter === '.') continue;
    if (letter === '0' || letter === '1') {
      mask += 2 ** lsb;
      if (letter === '1') value += 2 ** lsb;
    } else addFieldBit(fields, letter, lsb, text);
  }
  const operands: Operand[] = [];
  for (const [letter, { lsb, bits }] of fields) if (!isCapital(letter)) operands.push({ letter, lsb, bits });
  return { mask, value, fields, operands };
}

function addFieldBit(fields: Map<string, FieldPosition>, letter: string, lsb: number, text: string): void {
  const known = fields.get(letter);
  if (!known) fields.set(letter, { lsb, bits: 1 });
  else if (known.lsb + known.bits === lsb) fields.set(letter, { lsb: known.lsb, bits: known.bits + 1 });
  else throw new Error(`field ${letter} of '${text}' is not one run of bits`);
}

const isCapital = (letter: string): boolean => letter >= 'A' && letter <= 'Z';

export function fieldOf(word: number, { lsb, bits }: FieldPosition): number {
  return (word >>> lsb) & (-1 >>> (32 - bits));
}

/** All cases of a row, or those whose words can have `slot` in bits 31:21. */
export function expand(row: Row, slot?: number): Case[] {
  const pattern = parsePattern(row[0]);
  let cases: Case[] = [{ row, pattern, mask: pattern.mask, value: pattern.value, capitals: {} }];
  for (const [letter, position] of pattern.fields) {
    if (!isCapital(letter)) continue;
    cases = cases.flatMap((one) => split(one, letter, position));
    if (slot !== undefined) cases = cases.filter((one) => canBegin(one, slot));
  }
  const when = row[4]?.when;
  return when ? cases.filter((one) => when(one.capitals)) : cases;
}

const canBegin = ({ mask, value }: Case, slot: number): boolean =>
  (fieldOf(mask, FIRST) & (slot ^ fieldOf(value, FIRST))) === 0;

function split(one: Case, letter: string, { lsb, bits }: FieldPosition): Case[] {
  return Array.from({ length: 2 ** bits }, (_, n) => ({
    ...one,
    mask: (one.mask | ((2 ** bits - 1) << lsb)) >>> 0,
    value: (one.value | (n << lsb)) >>> 0,
    capitals: { ...one.capitals, [letter]: n },
  }));
}

/** Most specific first; the order of the table decides between equals, of which overlapping ones are refused. */
export function bySpecificity(a: Case, b: Case): number {
  return popcount(b.mask) - popcount(a.mask);
}

function popcount(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}

const FIRST: FieldPosition = { lsb: 21, bits: 11 };
const MOST_BITS = 6;

/** The decoding tree. `cases` need not be in order. */
export function buildIndex(cases: readonly Case[]): Table {
  const sorted = [...cases].sort(bySpecificity);
  const shared = new Map<string, Node>();
  const buckets: Case[][] = Array.from({ length: 2 ** FIRST.bits }, () => []);
  for (const one of sorted) {
    for (const slot of slotsOf(one, FIRST)) buckets[slot]?.push(one);
  }
  const ids = new Map(sorted.map((one, i) => [one, i]));
  const known = maskOf(FIRST);
  const entries = buckets.map((bucket) => {
    const key = bucket.map((one) => ids.get(one)).join();
    if (!shared.has(key)) shared.set(key, buildNode(bucket, known));
    return shared.get(key);
  });
  return { shift: FIRST.lsb, bits: FIRST.bits, entries };
}

const maskOf = ({ lsb, bits }: FieldPosition): number => ((2 ** bits - 1) << lsb) >>> 0;

/** Every value that the window can have in words of this case. */
function slotsOf(one: Case, window: FieldPosition): number[] {
  const mask = fieldOf(one.mask, window);
  const fixed = fieldOf(one.value, window);
  const free = 2 ** window.bits - 1 - mask;
  const slots: number[] = [];
  for (let some = free; ; some = (some - 1) & free) {
    slots.push(fixed | some);
    if (some === 0) return slots;
  }
}

/** `known`: bits that are already the same for all of `cases`, as far as these fix them. */
function buildNode(cases: readonly Case[], known: number): Node {
  const first = cases[0];
  if (!first) return undefined;
  if ((first.mask & ~known) === 0) return first;
  const window = chooseWindow(cases, known);
  const entries = Array.from({ length: 2 ** window.bits }, (_, slot) => {
    const inside = cases.filter(
      (one) => (fieldOf(one.mask, window) & (slot ^ fieldOf(one.value, window))) === 0,
    );
    return buildNode(inside, (known | maskOf(window)) >>> 0);
  });
  return { shift: window.lsb, bits: window.bits, entries };
}

/** The run of at most MOST_BITS undecided bits that most cases fix. */
function chooseWindow(cases: readonly Case[], known: number): FieldPosition {
  const votes = Array.from({ length: 32 }, (_, bit) =>
    (known >>> bit) & 1 ? 0 : cases.reduce((sum, one) => sum + ((one.mask >>> bit) & 1), 0),
  );
  let best: FieldPosition = { lsb: 0, bits: 1 };
  let most = -1;
  for (let lsb = 0; lsb < 32; lsb++) {
    if (!votes[lsb]) continue;
    for (let bits = 1; bits <= MOST_BITS && votes[lsb + bits - 1]; bits++) {
      const sum = votes.slice(lsb, lsb + bits).reduce((total, n) => total + n, 0);
      if (sum > most) {
        most = sum;
        best = { lsb, bits };
      }
    }
  }
  return best;
}

/** The case of a word, or undefined: unallocated. */
export function lookUp(node: Node, word: number): Case | undefined {
  while (isTable(node)) node = node.entries[(word >>> node.shift) & (2 ** node.bits - 1)];
  return node;
}

/**
 * Finds the case of a word without an index, which takes fifty milliseconds to make: for who looks up little. Only the
 * rows that begin like words so far are expanded.
 */
export class Decoder {
  private readonly rows: readonly Row[];
  /** By bits 31:21, most specific first. */
  private readonly cases: (readonly Case[] | undefined)[] = new Array<undefined>(2 ** FIRST.bits).fill(
    undefined,
  );
  /** By row: which of bits 31:21 are fixed, and what they are. */
  private readonly masks: Uint16Array;
  private readonly values: Uint16Array;

  constructor(rows: readonly Row[]) {
    this.rows = rows;
    this.masks = new Uint16Array(rows.length);
    this.values = new Uint16Array(rows.length);
    for (let row = 0; row < rows.length; row++) this.addFirstBits(row, rows[row]![0]);
  }

  /** As lookUp() in the index of all rows. */
  find(word: number): Case | undefined {
    const slot = fieldOf(word, FIRST);
    this.cases[slot] ??= this.expandAll(slot);
    for (const one of this.cases[slot]) if ((word & one.mask) >>> 0 === one.value) return one;
    return undefined;
  }

  /** The first eleven letters of the row's pattern. */
  private addFirstBits(row: number, pattern: string): void {
    let bit = 1 << (FIRST.bits - 1);
    for (let i = 0; bit !== 0; i++) {
      const letter = pattern[i];
      if (letter === ' ') continue;
      if (letter === '0' || letter === '1') this.masks[row]! |= bit;
      if (letter === '1') this.values[row]! |= bit;
      bit >>= 1;
    }
  }

  private expandAll(slot: number): Case[] {
    const cases: Case[] = [];
    for (let i = 0; i < this.rows.length; i++)
      if ((this.masks[i]! & (slot ^ this.values[i]!)) === 0) cases.push(...expand(this.rows[i]!, slot));
    return cases.sort(bySpecificity);
  }
}
