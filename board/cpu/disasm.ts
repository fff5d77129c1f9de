/*
 * board/cpu/disasm.ts - an instruction word as text, from the same table
 *
 * Manual: Arm ARM (DDI 0487), "Structure of the A64 assembler language"; the spelling is objdump's
 *
 * The syntax column of a row (and of aliases.ts) is text with operands in braces: {name} or {name:field}. The names are
 * the functions of OPERANDS below and of disasm-operands.ts; a single small letter, {l:r}, is itself if the field is 1.
 */
import { ALIASES, type Numbers } from './aliases.ts';
import type { Row } from './builder.ts';
import { type Case, Decoder, fieldOf } from './decode.ts';
import { OPERANDS } from './disasm-operands.ts';

/** What an operand's function sees: all fields as numbers, their widths, and where the instruction stands. */
export interface Insn {
  readonly word: number;
  readonly pc: number;
  readonly f: Numbers;
  readonly bits: Numbers;
}

export class Disassembler {
  private readonly decoder: Decoder;

  constructor(rows: readonly Row[]) {
    this.decoder = new Decoder(rows);
  }

  /** "mnemonic operand, operand" as objdump prints it, with a space where it has a tab. */
  text(word: number, pc: number): string {
    const found = this.decoder.find(word >>> 0);
    if (!found) return `.inst 0x${hex(word).padStart(8, '0')} ; undefined`;
    return fill(syntaxOf(found, word), insnOf(found, word, pc));
  }

  /** Does the table have this word? */
  knows(word: number): boolean {
    return this.decoder.find(word >>> 0) !== undefined;
  }
}

export const hex = (n: number): string => (n >>> 0).toString(16);

function insnOf(found: Case, word: number, pc: number): Insn {
  const f: Record<string, number> = {};
  const bits: Record<string, number> = {};
  for (const [letter, position] of found.pattern.fields) {
    f[letter] = fieldOf(word, position);
    bits[letter] = position.bits;
  }
  return { word: word >>> 0, pc, f, bits };
}

function syntaxOf(found: Case, word: number): string {
  const title = found.row[1];
  const { f } = insnOf(found, word, 0);
  return ALIASES.find((alias) => alias[0] === title && alias[1](f))?.[2] ?? found.row[3];
}

const fill = (syntax: string, insn: Insn): string =>
  syntax.replace(/\{([^:}]+)(?::(\w))?\}/g, (_, name: string, field?: string) => operand(name, field, insn));

function operand(name: string, field: string | undefined, insn: Insn): string {
  const format = OPERANDS[name];
  if (format) return format(insn, field ? (insn.f[field] ?? 0) : 0, field ?? '');
  if (field && /^[a-z]$/.test(name)) return insn.f[field] ? name : '';
  throw new Error(`no operand {${name}} is known`);
}
