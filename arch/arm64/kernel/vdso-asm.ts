/*
 * arch/arm64/kernel/vdso-asm.ts - an assembler for what the vDSO is written in
 *
 * Linux:  arch/arm64/lib/insn.c (v6.12) makes instructions for the kernel's own use too
 * Manual: Arm ARM, "A64 Base Instruction Descriptions"
 *
 * A line is a label, an instruction or nothing; "//" begins a comment. What an instruction looks like is the first
 * column of FORMS: an operand in braces goes into the bits that FIELDS has for it. The tests hold every function of the
 * vDSO against what a real assembler makes of the same text.
 */

/** Bits of a value, from bit `from` on, that go to bits [at, at + bits) of the instruction. */
type Piece = readonly [at: number, bits: number, from: number];

// biome-ignore format: columns teach
const FIELDS: Readonly<Record<string, readonly Piece[]>> = {
  d:       [[0, 5, 0]], // registers
  n:       [[5, 5, 0]],
  m:       [[16, 5, 0]],
  a:       [[10, 5, 0]],
  imm12:   [[10, 12, 0]],
  imm16:   [[5, 16, 0]],
  shift:   [[10, 3, 0]],
  bit:     [[19, 5, 0]],
  word:    [[10, 12, 2]], //  distances in bytes: counted in words of 4,
  dwords:  [[15, 7, 3]], //   in double words of 8,
  page:    [[29, 2, 12], [5, 19, 14]], // in pages;
  label26: [[0, 26, 2]], //   to a label, in instructions
  label19: [[5, 19, 2]],
  label14: [[5, 14, 2]],
};

// biome-ignore format: columns teach
const FORMS: readonly (readonly [syntax: string, word: number])[] = [
  ['add x{d}, x{n}, #{imm12}, lsl #12',    0x9140_0000],
  ['add x{d}, x{n}, w{m}, uxtw #{shift}',  0x8b20_4000],
  ['add x{d}, x{n}, x{m}',                 0x8b00_0000],
  ['adrp x{d}, #{page}',                   0x9000_0000],
  ['b {label26}',                          0x1400_0000],
  ['b.hi {label19}',                       0x5400_0008],
  ['b.ne {label19}',                       0x5400_0001],
  ['cbz w{d}, {label19}',                  0x3400_0000],
  ['cbz x{d}, {label19}',                  0xb400_0000],
  ['cmp w{n}, #{imm12}',                   0x7100_001f],
  ['cmp w{n}, w{m}',                       0x6b00_001f],
  ['ldp x{d}, x{a}, [x{n}, #{dwords}]',    0xa940_0000],
  ['ldr w{d}, [x{n}, #{word}]',            0xb940_0000],
  ['lsr w{d}, w{n}, w{m}',                 0x1ac0_2400],
  ['madd x{d}, x{n}, x{m}, x{a}',          0x9b00_0000],
  ['mov w{d}, #{imm16}',                   0x5280_0000],
  ['movk w{d}, #{imm16}, lsl #16',         0x72a0_0000],
  ['mov x{d}, #{imm16}',                   0xd280_0000],
  ['mrs x{d}, cntvct_el0',                 0xd53b_e040],
  ['msub x{d}, x{n}, x{m}, x{a}',          0x9b00_8000],
  ['nop',                                  0xd503_201f],
  ['ret',                                  0xd65f_03c0],
  ['stp w{d}, w{a}, [x{n}]',               0x2900_0000],
  ['stp x{d}, x{a}, [x{n}]',               0xa900_0000],
  ['svc #0',                               0xd400_0001],
  ['tbnz w{d}, #{bit}, {label14}',         0x3700_0000],
  ['tbz w{d}, #{bit}, {label14}',          0x3600_0000],
  ['udiv x{d}, x{n}, x{m}',                0x9ac0_0800],
];

/** An instruction, its operands taken out: "ldr w5, [x3, #8]" is of the shape "ldr w x #", with 5, 3 and 8. */
interface Parsed<Operand> {
  shape: string;
  readonly operands: Operand[];
}

interface Form {
  /** Fields, in the order of the operands. A number that is always the same is in no field. */
  readonly operands: readonly string[];
  readonly word: number;
}

const BETWEEN = /[\s,#[\]]+/;
const ZR = 31;

export class Assembler {
  private readonly forms = new Map<string, Form>();

  constructor() {
    for (const [syntax, word] of FORMS) {
      const { shape, operands } = parseSyntax(syntax);
      this.forms.set(shape, { operands, word });
    }
  }

  /** The words of one function; labels are its own. */
  assemble(text: string): number[] {
    const { lines, labels } = findLabels(text);
    return lines.map((line, at) => {
      const { shape, operands } = parseLine(line, at, labels);
      const form = this.forms.get(shape);
      if (!form) throw new Error(`vdso: no such instruction: ${line}`);
      return encode(form, operands);
    });
  }
}

function findLabels(text: string): { lines: string[]; labels: Map<string, number> } {
  const lines: string[] = [];
  const labels = new Map<string, number>();
  for (const raw of text.split('\n')) {
    const line = raw.split('//', 1)[0]!.trim();
    if (line.endsWith(':')) labels.set(line.slice(0, -1), lines.length);
    else if (line) lines.push(line);
  }
  return { lines, labels };
}

function parseSyntax(syntax: string): Parsed<string> {
  const parsed: Parsed<string> = { shape: '', operands: [] };
  for (const token of syntax.split(BETWEEN)) {
    const [register, field] = token.split(/[{}]/);
    if (field) add(parsed, register || (field.startsWith('label') ? '@' : '#'), field);
    else if (Number.isNaN(Number(token))) parsed.shape += ` ${token}`;
    else add(parsed, '#', token);
  }
  return parsed;
}

function parseLine(line: string, at: number, labels: ReadonlyMap<string, number>): Parsed<number> {
  const parsed: Parsed<number> = { shape: '', operands: [] };
  for (const token of line.split(BETWEEN)) {
    const label = labels.get(token);
    const register = registerOf(token);
    if (label !== undefined) add(parsed, '@', (label - at) * 4);
    else if (register >= 0) add(parsed, token[0]!, register);
    else if (Number.isInteger(Number(token))) add(parsed, '#', Number(token));
    else parsed.shape += ` ${token}`;
  }
  return parsed;
}

function add<Operand>(parsed: Parsed<Operand>, kind: string, operand: Operand): void {
  parsed.shape += ` ${kind}`;
  parsed.operands.push(operand);
}

/** -1: it is none. */
function registerOf(token: string): number {
  if (!token.startsWith('x') && !token.startsWith('w')) return -1;
  const number = token.slice(1);
  return number === 'zr' ? ZR : Number.isInteger(Number(number)) ? Number(number) : -1;
}

function encode({ operands, word }: Form, values: readonly number[]): number {
  let sum = word;
  operands.forEach((field, i) => {
    for (const [at, bits, from] of FIELDS[field] ?? []) sum |= ((values[i]! >> from) & (2 ** bits - 1)) << at;
  });
  return sum >>> 0;
}
