/*
 * board/cpu/insn/data-processing-immediate.ts - instructions whose second operand is in the instruction
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Data Processing -- Immediate"
 */
import type { Builder, Fields, Row, Semantics, Width } from '../builder.ts';
import {
  add,
  and,
  bit,
  concat,
  eqz,
  k,
  not,
  or,
  ror,
  sar,
  sext,
  shl,
  shr,
  signed,
  sub,
  type Value,
  wrap,
  xor,
  zext,
} from '../value.ts';

const width = (f: Fields): Width => (f.Z ? 64 : 32);
/** An i32 operand, unsigned, in the width of the operation. */
const sized = (v: Value, w: Width): Value => (w === 64 ? zext(v) : v);

// PC-relative addressing

function adr(b: Builder, f: Fields): void {
  b.setX(f.d, add(b.pc(), sext(signed(concat(f.h, f.l)))));
}

function adrp(b: Builder, f: Fields): void {
  const page = and(b.pc(), -0x1000);
  b.setX(f.d, add(page, shl(sext(signed(concat(f.h, f.l))), 12)));
}

// Add/subtract (immediate): S = 1 shifts the immediate by 12. Without flags, register 31 is SP on both sides.

const immediate = (f: Fields): Value => sized(f.S ? shl(f.i, 12) : f.i, width(f));

function add_imm(b: Builder, f: Fields): void {
  b.setXsp(f.d, add(b.xsp(f.n, width(f)), immediate(f)));
}

function adds_imm(b: Builder, f: Fields): void {
  b.setX(f.d, b.adds(b.xsp(f.n, width(f)), immediate(f)));
}

function sub_imm(b: Builder, f: Fields): void {
  b.setXsp(f.d, sub(b.xsp(f.n, width(f)), immediate(f)));
}

function subs_imm(b: Builder, f: Fields): void {
  b.setX(f.d, b.subs(b.xsp(f.n, width(f)), immediate(f)));
}

// Logical (immediate): m is N:immr:imms. Reserved masks are Undefined, and so is N = 1 with 32 bits.

function logicalMask(b: Builder, f: Fields): Value {
  const mask = b.let(b.bitmask(f.m));
  if (!f.Z) b.undefinedIf(bit(f.m, 12));
  b.undefinedIf(eqz(mask));
  return f.Z ? mask : wrap(mask);
}

const logical_imm =
  (operation: (a: Value, b: Value) => Value): Semantics =>
  (b, f) => {
    const mask = logicalMask(b, f);
    b.setXsp(f.d, operation(b.x(f.n, width(f)), mask));
  };

function ands_imm(b: Builder, f: Fields): void {
  const mask = logicalMask(b, f);
  const result = b.let(and(b.x(f.n, width(f)), mask));
  b.logicFlags(result);
  b.setX(f.d, result);
}

// Move wide (immediate): H says which 16 bits

const wide = (f: Fields): Value => shl(sized(f.i, width(f)), f.H * 16);
const fitsWidth = (f: { Z: number; H: number }): boolean => f.Z === 1 || f.H < 2;

function movn(b: Builder, f: Fields): void {
  b.setX(f.d, not(wide(f)));
}

function movz(b: Builder, f: Fields): void {
  b.setX(f.d, wide(f));
}

function movk(b: Builder, f: Fields): void {
  const hole = not(shl(k(0xffff, width(f)), f.H * 16));
  b.setX(f.d, or(and(b.x(f.d, width(f)), hole), wide(f)));
}

/*
 * Bitfield: bits s:0 of the source go to bit -r, or bits s:r to bit 0. Both are one shift left, by width-1-s, and one
 * right, by r-s-1 modulo the width, because that is how shift counts work here.
 */
interface BitfieldShifts {
  readonly left: Value;
  readonly right: Value;
}

function bitfieldShifts(b: Builder, f: Fields): BitfieldShifts {
  if (!f.Z) b.undefinedIf(bit(or(f.r, f.s), 5));
  const left = sized(not(f.s), width(f));
  const right = sized(sub(sub(f.r, f.s), 1), width(f));
  return { left, right };
}

const sameWidth = (f: { Z: number; N: number }): boolean => f.Z === f.N;

function sbfm(b: Builder, f: Fields): void {
  const { left, right } = bitfieldShifts(b, f);
  b.setX(f.d, sar(shl(b.x(f.n, width(f)), left), right));
}

function bfm(b: Builder, f: Fields): void {
  const { left, right } = bitfieldShifts(b, f);
  const w = width(f);
  const mask = b.let(shr(shl(k(-1, w), left), right));
  const moved = ror(b.x(f.n, w), sized(f.r, w));
  b.setX(f.d, or(and(b.x(f.d, w), not(mask)), and(moved, mask)));
}

function ubfm(b: Builder, f: Fields): void {
  const { left, right } = bitfieldShifts(b, f);
  b.setX(f.d, shr(shl(b.x(f.n, width(f)), left), right));
}

// Extract: the middle of n:m. Shifting n by 1 first keeps s = 0 right.

function extr(b: Builder, f: Fields): void {
  if (!f.Z) b.undefinedIf(bit(f.s, 5));
  const w = width(f);
  const low = shr(b.x(f.m, w), sized(f.s, w));
  b.setX(f.d, or(low, shl(shl(b.x(f.n, w), 1), sized(not(f.s), w))));
}

// biome-ignore format: columns teach
export const DATA_PROCESSING_IMMEDIATE: readonly Row[] = [
  // PC-rel. addressing
  ['0ll10000hhhhhhhhhhhhhhhhhhhddddd', 'ADR', adr, 'adr {X:d}, {adr}'],
  ['1ll10000hhhhhhhhhhhhhhhhhhhddddd', 'ADRP', adrp, 'adrp {X:d}, {adrp}'],

  // Add/subtract (immediate)
  ['Z00100010Siiiiiiiiiiiinnnnnddddd', 'ADD (immediate)', add_imm, 'add {RS:d}, {RS:n}, {#x:i}{lsl12}'],
  ['Z01100010Siiiiiiiiiiiinnnnnddddd', 'ADDS (immediate)', adds_imm, 'adds {R:d}, {RS:n}, {#x:i}{lsl12}'],
  ['Z10100010Siiiiiiiiiiiinnnnnddddd', 'SUB (immediate)', sub_imm, 'sub {RS:d}, {RS:n}, {#x:i}{lsl12}'],
  ['Z11100010Siiiiiiiiiiiinnnnnddddd', 'SUBS (immediate)', subs_imm, 'subs {R:d}, {RS:n}, {#x:i}{lsl12}'],

  // Logical (immediate)
  ['Z00100100mmmmmmmmmmmmmnnnnnddddd', 'AND (immediate)', logical_imm(and), 'and {RS:d}, {R:n}, {bitmask}'],
  ['Z01100100mmmmmmmmmmmmmnnnnnddddd', 'ORR (immediate)', logical_imm(or), 'orr {RS:d}, {R:n}, {bitmask}'],
  ['Z10100100mmmmmmmmmmmmmnnnnnddddd', 'EOR (immediate)', logical_imm(xor), 'eor {RS:d}, {R:n}, {bitmask}'],
  ['Z11100100mmmmmmmmmmmmmnnnnnddddd', 'ANDS (immediate)', ands_imm, 'ands {R:d}, {R:n}, {bitmask}'],

  // Move wide (immediate)
  ['Z00100101HHiiiiiiiiiiiiiiiiddddd', 'MOVN', movn, 'movn {R:d}, {#x:i}{lsl16}', { when: fitsWidth }],
  ['Z10100101HHiiiiiiiiiiiiiiiiddddd', 'MOVZ', movz, 'movz {R:d}, {#x:i}{lsl16}', { when: fitsWidth }],
  ['Z11100101HHiiiiiiiiiiiiiiiiddddd', 'MOVK', movk, 'movk {R:d}, {#x:i}{lsl16}', { when: fitsWidth }],

  // Bitfield
  ['Z00100110Nrrrrrrssssssnnnnnddddd', 'SBFM', sbfm, 'sbfm {R:d}, {R:n}, {#:r}, {#:s}', { when: sameWidth }],
  ['Z01100110Nrrrrrrssssssnnnnnddddd', 'BFM', bfm, 'bfm {R:d}, {R:n}, {#:r}, {#:s}', { when: sameWidth }],
  ['Z10100110Nrrrrrrssssssnnnnnddddd', 'UBFM', ubfm, 'ubfm {R:d}, {R:n}, {#:r}, {#:s}', { when: sameWidth }],

  // Extract
  ['Z00100111N0mmmmmssssssnnnnnddddd', 'EXTR', extr, 'extr {R:d}, {R:n}, {R:m}, {#:s}', { when: sameWidth }],
];
