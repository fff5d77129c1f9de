/*
 * tests/lib/random-program.ts - random programs that run for long: loops, calls, branches everywhere, code that is rewritten
 *
 * Instructions come from the table; what holds them together is written here, so that most of a program is executed and
 * often. Registers: 0 to 15 are anybody's; 16 and 17 are small indices; 18 is where code is patched; 19, 20 and 21 point
 * into data and are never written, 22 and 23 are what base registers with write-back start from; 24 to 27 count the
 * loops of four depths; 28 keeps a link register; 29 is free. Whoever runs the program sets 19 to 21.
 */
import { A64 } from '../../board/cpu/a64.ts';
import type { Row } from '../../board/cpu/builder.ts';
import { type FieldPosition, parsePattern } from '../../board/cpu/decode.ts';
import { BRANCH_EXCEPTION_SYSTEM } from '../../board/cpu/insn/branch-exception-system.ts';
import { isLoadStore, type Random, randomWord, withField } from './random-insn.ts';

export interface Program {
  readonly words: readonly number[];
  /** Word index of its first instruction; it never ends. */
  readonly entry: number;
  /** Words that the program itself, and others, rewrite. */
  readonly patched: readonly number[];
}

const X = {
  INDEX: 16,
  WORD: 17,
  PATCH: 18,
  BASE: 19,
  MOVING: 22,
  COUNTER: 24,
  LINK: 28,
  LR: 30,
  SP: 31,
} as const;
const PAGE_WORDS = 1024;

/* Encodings of what holds a program together. */
export const B = 0x1400_0000;
const BL = 0x9400_0000;
const BR = 0xd61f_0000;
const BLR = 0xd63f_0000;
const RET = 0xd65f_0000;
const NOP = 0xd503_201f;
const SVC = 0xd400_0001;
const BRK = 0xd420_0000;
const UDF = 0x0000_0000;
const DC_CVAU = 0xd50b_7b20;
const IC_IVAU = 0xd50b_7520;
const DC_ZVA = 0xd50b_7420;
const DSB = 0xd503_3b9f;
const ISB = 0xd503_3fdf;
const WFE = 0xd503_205f;
const YIELD = 0xd503_203f;
export const bcond = (c: number, offset: number): number => 0x5400_0000 | ((offset & 0x7_ffff) << 5) | c;
export const movz = (d: number, value: number): number => 0xd280_0000 | (value << 5) | d;
const mov = (d: number, n: number): number => addImm(d, n, 0);
const addImm = (d: number, n: number, value: number): number => 0x9100_0000 | (value << 10) | (n << 5) | d;
const subsImm = (d: number, n: number, value: number): number => 0xf100_0000 | (value << 10) | (n << 5) | d;
const subImm = (d: number, n: number, value: number): number => 0xd100_0000 | (value << 10) | (n << 5) | d;
const cbnz = (t: number, offset: number): number => 0xb500_0000 | ((offset & 0x7_ffff) << 5) | t;
const andOnes = (d: number, n: number, bits: number): number =>
  0x9240_0000 | ((bits - 1) << 10) | (n << 5) | d;
const eorBit = (d: number, n: number, bit: number): number =>
  0x5200_0000 | (((32 - bit) & 31) << 16) | (n << 5) | d;
const ldrW = (t: number, n: number): number => 0xb940_0000 | (n << 5) | t;
const strW = (t: number, n: number): number => 0xb900_0000 | (n << 5) | t;
const ldxr = (t: number, n: number): number => 0xc85f_7c00 | (n << 5) | t;
const stxr = (s: number, t: number, n: number): number => 0xc800_7c00 | (s << 16) | (n << 5) | t;
export const adr = (d: number, offset: number): number =>
  0x1000_0000 | ((offset & 3) << 29) | (((offset >> 2) & 0x7_ffff) << 5) | d;

const isSystem = new Set<Row>(BRANCH_EXCEPTION_SYSTEM);
/** Of those, the ones that may stand anywhere. */
const HARMLESS = /^(HINT|D[SM]B|ISB|SB|CLREX|CFINV|SEVL?|MRS|MSR (TPIDR_EL0|NZCV|FPCR|FPSR))/;
const MUST_BE_ALIGNED = /^(LDA|LDX|STL|STX|CAS|SWP|LD(ADD|CLR|EOR|SET|SMAX|SMIN|UMAX|UMIN))/;
/** Floating-point rows whose destination is a general register. */
const TO_GENERAL = /FCVT[A-Z]+[SU] |FCVT[A-Z]*[SU]$|FMOV|FJCVTZS|UMOV|SMOV|MRS|general/;

const ROWS = {
  integer: A64.filter((row) => !row[4]?.fp && !isSystem.has(row) && !isLoadStore(row)),
  loadStore: A64.filter((row) => isLoadStore(row)),
  vector: A64.filter((row) => row[4]?.fp && !isSystem.has(row) && !isLoadStore(row)),
  system: A64.filter((row) => HARMLESS.test(row[1])),
} as const;

/** What makes a kind of program different from others. */
export interface Taste {
  /** Something of its own that it does, at times. x17 and x18 are free for it. */
  special(random: Random): readonly number[] | undefined;
  /** How often a loop goes round at most; the outermost twice as often. */
  readonly rounds: number;
  /** Whether it may have this instruction, of those that any program could have. */
  accepts(word: number): boolean;
}

/** Writes one program of up to `size` words. */
export function randomProgram(random: Random, size: number, taste: Taste = ANY): Program {
  return new Writer(random, size, taste).write();
}

/** Some instructions without a branch among them. */
export function straightCode(random: Random, taste: Taste = ANY): readonly number[] {
  return new Writer(random, 0, taste).writeStraight();
}

const ANY: Taste = { rounds: 6, special: () => undefined, accepts: () => true };

class Writer {
  private readonly random: Random;
  private readonly size: number;
  private readonly words: number[] = [];
  private readonly patched: number[] = [];
  private readonly leaves: number[] = [];
  private readonly callers: number[] = [];
  private readonly taste: Taste;

  constructor(random: Random, size: number, taste: Taste) {
    this.random = random;
    this.size = size;
    this.taste = taste;
  }

  write(): Program {
    const { random } = this;
    this.pad(random.below(PAGE_WORDS));
    for (let n = 0; n < 6; n++) this.leaves.push(this.leaf());
    for (let n = 0; n < 3; n++) this.callers.push(this.caller());
    const entry = this.words.length;
    while (this.words.length < this.size - 300) {
      this.node(0);
      if (random.below(24) === 0) this.toPageEnd();
    }
    this.emit(B | ((entry - this.words.length) & 0x3ff_ffff));
    return { words: this.words, entry, patched: this.patched };
  }

  writeStraight(): readonly number[] {
    this.straight();
    return this.words;
  }

  private emit(...words: number[]): void {
    this.words.push(...words);
  }

  private pad(count: number): void {
    for (let n = 0; n < count; n++) this.emit(this.word());
  }

  /** What follows straddles the end of a page. */
  private toPageEnd(): void {
    const left = PAGE_WORDS - (this.words.length % PAGE_WORDS) - 1 - this.random.below(6);
    if (left < 2 || this.words.length + left > this.size - 300) return;
    this.emit(B | left);
    this.pad(left - 1);
  }

  /* ---- Functions ---- */

  private leaf(): number {
    const at = this.words.length;
    for (let n = this.random.below(4); n >= 0; n--) this.node(3);
    this.emit(RET | (X.LR << 5));
    return at;
  }

  private caller(): number {
    const at = this.words.length;
    this.emit(mov(X.LINK, X.LR));
    for (let n = this.random.below(4); n >= 0; n--) {
      this.node(2);
      this.call(this.random.pick(this.leaves));
    }
    this.emit(mov(X.LR, X.LINK), RET | (X.LR << 5));
    return at;
  }

  private call(target: number): void {
    if (this.random.below(3)) return this.emit(BL | ((target - this.words.length) & 0x3ff_ffff));
    this.emit(adr(X.PATCH, 4 * (target - this.words.length)), BLR | (X.PATCH << 5));
  }

  /* ---- What a function is made of; `depth` loops are around it ---- */

  private node(depth: number): void {
    const special = this.taste.special(this.random);
    if (special) return this.emit(...special);
    const kind = this.random.below(32);
    if (kind < 10) this.straight();
    else if (kind < 15) this.skip(depth);
    else if (kind < 20 && depth < 4) this.loop(depth);
    else if (kind < 22) this.indirect();
    else if (kind < 24) this.patch();
    else if (kind < 26) this.pointers();
    else if (kind === 26) this.exclusive();
    else if (kind === 27) this.exception();
    else if (kind === 28) this.wild();
    else if (kind === 29) this.maintain();
    else if (depth < 2 && this.callers.length > 0)
      this.call(this.random.pick([...this.leaves, ...this.callers]));
    else this.straight();
  }

  private straight(): void {
    for (let n = this.random.below(12); n >= 0; n--) this.emit(this.word());
  }

  /** A conditional branch over something, or over an alternative as well. */
  private skip(depth: number): void {
    const at = this.reserve();
    this.body(depth);
    if (this.random.below(2)) {
      const over = this.reserve();
      this.words[at] = this.conditional(this.words.length - at);
      this.body(depth);
      this.words[over] = B | (this.words.length - over);
    } else this.words[at] = this.conditional(this.words.length - at);
  }

  private loop(depth: number): void {
    const { random } = this;
    const counter = X.COUNTER + depth;
    this.emit(movz(counter, 1 + random.below((depth === 0 ? 2 : 1) * this.taste.rounds)));
    const head = this.words.length;
    const exit = random.below(4) === 0 ? this.reserve() : -1;
    this.body(depth + 1);
    if (random.below(2)) this.emit(subsImm(counter, counter, 1), bcond(1, head - this.words.length - 1));
    else this.emit(subImm(counter, counter, 1), cbnz(counter, head - this.words.length - 1));
    if (exit >= 0) this.words[exit] = this.conditional(this.words.length - exit);
  }

  private body(depth: number): void {
    const room = this.size - 400 - this.words.length;
    for (let n = this.random.below(3); n >= 0 && room > 0; n--) this.node(depth);
    this.straight();
  }

  private reserve(): number {
    this.emit(NOP);
    return this.words.length - 1;
  }

  /** A branch that depends on flags or a register. */
  private conditional(offset: number): number {
    const { random } = this;
    const kind = random.below(4);
    const register = random.below(16);
    if (kind < 2) return bcond(random.below(16), offset);
    const not = random.below(2) << 24;
    if (kind === 2)
      return (random.below(2) << 31) | 0x3400_0000 | not | ((offset & 0x7_ffff) << 5) | register;
    const bit = random.below(64);
    return ((bit >> 5) << 31) | 0x3600_0000 | not | ((bit & 31) << 19) | ((offset & 0x3fff) << 5) | register;
  }

  /** A jump to an address that is computed: one of several ways from the same instruction. */
  private indirect(): void {
    const { random } = this;
    const length = 1 + random.below(3);
    this.emit(andOnes(X.INDEX, random.below(16), 2));
    const at = this.words.length;
    this.emit(adr(X.PATCH, 12));
    this.emit(0x8b00_0000 | (X.INDEX << 16) | (4 << 10) | (X.PATCH << 5) | X.PATCH); // add x18, x18, x16, lsl #4
    this.emit(BR | (X.PATCH << 5));
    for (let way = 0; way < 4; way++) {
      for (let n = 0; n < length; n++) this.emit(this.word());
      this.emit(B | (at + 3 + 16 - this.words.length));
      while ((this.words.length - at - 3) % 4 !== 0) this.emit(NOP);
    }
  }

  /** Rewrites an instruction of the program: one just ahead, or any. With or without what the manual asks for. */
  private patch(): void {
    const { random } = this;
    const near = random.below(2) === 0;
    const at = this.words.length;
    const length = 12;
    const slot =
      near || this.patched.length === 0 ? at + length - random.below(3) : random.pick(this.patched);
    this.emit(adr(X.PATCH, 4 * (slot - at)));
    this.emit(ldrW(X.WORD, X.PATCH), eorBit(X.WORD, X.WORD, 10 + random.below(12)), strW(X.WORD, X.PATCH));
    if (random.below(2)) this.emit(DC_CVAU | X.PATCH, DSB, IC_IVAU | X.PATCH, DSB, ISB);
    while (this.words.length < at + length + 1)
      this.emit(addImm(random.below(16), random.below(16), random.below(4096)));
    if (slot > at) this.patched.push(slot);
  }

  private pointers(): void {
    const { random } = this;
    this.emit(
      mov(X.MOVING, X.BASE + random.below(3)),
      addImm(X.MOVING + 1, X.BASE + random.below(3), random.below(64)),
    );
    this.emit(andOnes(X.INDEX, random.below(16), 1 + random.below(8)));
  }

  private exclusive(): void {
    const at = this.words.length;
    this.emit(ldxr(1, X.BASE), addImm(1, 1, 1));
    if (this.random.below(3) === 0) this.emit(this.word());
    this.emit(stxr(2, 1, X.BASE));
    if (this.random.below(2)) this.emit(0x3500_0000 | (((at - this.words.length) & 0x7_ffff) << 5) | 2);
  }

  private exception(): void {
    const { random } = this;
    this.emit(
      random.pick([
        SVC | (random.below(0x1_0000) << 5),
        BRK | (random.below(16) << 5),
        UDF | random.below(0x1_0000),
      ]),
    );
  }

  /** Anything at all: what has no business in a program too. */
  private wild(): void {
    const row = this.random.pick(A64);
    if (/^(WFI|HVC|SMC|ERET)$/.test(row[1])) return;
    this.emit(randomWord(this.random, row[0]));
  }

  private maintain(): void {
    const { random } = this;
    const base = X.BASE + random.below(3);
    this.emit(random.pick([DC_CVAU | base, IC_IVAU | base, DC_ZVA | base, DSB, ISB, WFE, YIELD]));
  }

  /* ---- One instruction ---- */

  private word(): number {
    const { random } = this;
    for (;;) {
      const kind = random.below(20);
      const rows =
        kind < 9 ? ROWS.integer : kind < 14 ? ROWS.loadStore : kind < 19 ? ROWS.vector : ROWS.system;
      const word = this.of(random.pick(rows));
      if (this.taste.accepts(word)) return word;
    }
  }

  /** A word of the row that leaves the registers with a purpose alone, and whose address is good more often than not. */
  private of(row: Row): number {
    const { fields } = parsePattern(row[0]);
    for (;;) {
      let word = randomWord(this.random, row[0]);
      if (this.random.below(200) > 0)
        word = isLoadStore(row) ? this.tameAccess(row, word, fields) : this.tame(row, word, fields);
      const values = [...fields].map(([letter, { lsb, bits }]) => [letter, (word >>> lsb) & (2 ** bits - 1)]);
      if (row[4]?.when?.(Object.fromEntries(values)) ?? true) return word >>> 0;
    }
  }

  private tame(row: Row, word: number, fields: ReadonlyMap<string, FieldPosition>): number {
    if (row[4]?.fp && !TO_GENERAL.test(row[1])) return word;
    return this.lower(word, fields, ['d', 't']);
  }

  private tameAccess(row: Row, word: number, fields: ReadonlyMap<string, FieldPosition>): number {
    const { random } = this;
    const title = row[1];
    let tamed = row[4]?.fp ? word : this.lower(word, fields, ['t', 'a', 's']);
    const i = fields.get('i');
    const set = (letter: string, value: number): void => {
      const field = fields.get(letter);
      if (field) tamed = withField(tamed, field, value);
    };
    if (title.includes('literal')) {
      set('i', random.below(200) - 100);
      return tamed;
    }
    const moves = title.includes('index');
    set('n', moves ? X.MOVING + random.below(2) : random.below(12) === 0 ? X.SP : X.BASE + random.below(3));
    if (MUST_BE_ALIGNED.test(title) && random.below(8)) set('n', X.BASE);
    set('m', moves && random.below(2) ? 31 : X.INDEX);
    if (i && i.bits === 12) set('i', random.below(64));
    return tamed;
  }

  /** Registers of these fields become ones that are anybody's. */
  private lower(
    word: number,
    fields: ReadonlyMap<string, FieldPosition>,
    letters: readonly string[],
  ): number {
    let lowered = word;
    for (const letter of letters) {
      const field = fields.get(letter);
      if (field?.bits !== 5) continue;
      const n = (word >>> field.lsb) & 31;
      if (n !== 31) lowered = withField(lowered, field, n & 15);
    }
    return lowered;
  }
}
