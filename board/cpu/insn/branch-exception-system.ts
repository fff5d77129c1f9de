/*
 * board/cpu/insn/branch-exception-system.ts - what changes the flow, the exception level or the system's state
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding", "Branches, Exception Generating and System instructions"
 * Absent: pointer authentication and BTI: their hints are NOPs, their branches Undefined. Debug state: HLT and DCPS
 *         are Undefined outside it.
 *
 * The system registers and maintenance operations are a table of their own (sysreg.ts): here they are one row each
 * that hands the instruction over. Only what programs do often is spelled out.
 */
import { INSTRUCTIONS_PER_TICK } from '../../clock.ts';
import type { Builder, Fields, Row, Semantics } from '../builder.ts';
import { FPCR, FPSR } from '../fp/status.ts';
import { EXIT, STATE, ZVA_SIZE } from '../state.ts';
import {
  add,
  and,
  concat,
  divu,
  eqz,
  i32,
  ne,
  op,
  sext,
  shl,
  shr,
  signed,
  sub,
  v128,
  type Value,
  wrap,
  xor,
  zext,
} from '../value.ts';

/** A word offset from this instruction. */
const target = (b: Builder, offset: Value): Value => add(b.pc(), sext(shl(signed(offset), 2)));
const INSN_BYTES = 4;
const ZERO = v128(new Array<number>(16).fill(0));

// Conditional branch (immediate)

function b_cond(b: Builder, f: Fields): void {
  b.branchIf(b.cond(f.C), target(b, f.i));
}

// Exception generation

function svc(b: Builder, f: Fields): void {
  b.set(STATE.ISS, f.i);
  b.exit(EXIT.SVC, 'next');
}

/** HVC and SMC are the way to the firmware; user space has none. */
const firmware_call =
  (exit: typeof EXIT.HVC | typeof EXIT.SMC): Semantics =>
  (b, f) => {
    b.undefinedIf(eqz(b.get(STATE.EL, 'i32')));
    b.set(STATE.ISS, f.i);
    b.exit(exit, 'next');
  };

function brk(b: Builder, f: Fields): void {
  b.set(STATE.ISS, f.i);
  b.exit(EXIT.BRK, 'this');
}

const undefined_here: Semantics = (b) => b.undefined();

// System

const system: Semantics = (b) => b.sys();
/** A hint without effect here, or a barrier: one instruction is complete before the next begins. */
const no_operation: Semantics = () => {};

function clrex(b: Builder): void {
  b.set(STATE.EXCLUSIVE, i32(0));
}

function cfinv(b: Builder): void {
  b.setNzcv(xor(b.nzcv(), 1 << 29));
}

/** EL0 may be forbidden to; and the block lies in the page of any address in it. */
function dc_zva(b: Builder, f: Fields): void {
  b.sysIf(and(b.get(STATE.ZVA_TRAP, 'i32'), eqz(b.get(STATE.EL, 'i32'))));
  const block = b.let(and(b.mem(b.x(f.t, 64), 1, 'write', { zero: true }), -ZVA_SIZE));
  for (let at = 0; at < ZVA_SIZE; at += 16) b.vstore(block, at, ZERO);
}

// System register move: those that need no decision

const mrs_state =
  (offset: number): Semantics =>
  (b, f) =>
    b.setX(f.t, b.get(offset, 'i64'));

/** Time is the instructions that were executed before this one. */
function mrs_cntvct(b: Builder, f: Fields): void {
  b.sysIf(eqz(b.get(STATE.COUNTER_OPEN, 'i32')));
  const end = op('i64.trunc_f64_u', b.load(i32(0), STATE.COUNT_END, 8, { type: 'f64' }));
  b.setX(f.t, divu(sub(end, zext(b.budget())), INSTRUCTIONS_PER_TICK));
}

const mrs_fp =
  (offset: number): Semantics =>
  (b, f) =>
    b.setX(f.t, b.get(offset, 'i32'));

const msr_fp =
  (offset: number, writable: number): Semantics =>
  (b, f) =>
    b.set(offset, and(b.x(f.t, 32), writable));

function mrs_nzcv(b: Builder, f: Fields): void {
  b.setX(f.t, b.nzcv());
}

function msr_nzcv(b: Builder, f: Fields): void {
  b.setNzcv(b.x(f.t, 32));
}

function msr_tpidr_el0(b: Builder, f: Fields): void {
  b.set(STATE.TPIDR_EL0, b.x(f.t, 64));
}

// Unconditional branch (register)

function br(b: Builder, f: Fields): void {
  b.branchReg(b.x(f.n, 64));
}

function blr(b: Builder, f: Fields): void {
  const to = b.let(b.x(f.n, 64)); // BLR X30 jumps to the old X30
  b.setX(30, add(b.pc(), INSN_BYTES));
  b.branchReg(to);
}

// Unconditional branch (immediate)

function b_imm(b: Builder, f: Fields): void {
  b.branch(target(b, f.i));
}

function bl(b: Builder, f: Fields): void {
  b.setX(30, add(b.pc(), INSN_BYTES));
  b.branch(target(b, f.i));
}

// Compare and branch; test and branch

function cbz(b: Builder, f: Fields): void {
  b.branchIf(eqz(b.x(f.t, f.Z ? 64 : 32)), target(b, f.i));
}

function cbnz(b: Builder, f: Fields): void {
  b.branchIf(ne(b.x(f.t, f.Z ? 64 : 32), 0), target(b, f.i));
}

const tested = (b: Builder, f: Fields): Value => wrap(and(shr(b.x(f.t, 64), zext(concat(f.h, f.l))), 1));

function tbz(b: Builder, f: Fields): void {
  b.branchIf(eqz(tested(b, f)), target(b, f.i));
}

function tbnz(b: Builder, f: Fields): void {
  b.branchIf(tested(b, f), target(b, f.i));
}

const FP = { fp: true, cold: true } as const;
const SYSTEM = { interpOnly: true, ends: true } as const;

// biome-ignore format: columns teach
export const BRANCH_EXCEPTION_SYSTEM: readonly Row[] = [
  // Conditional branch (immediate)
  ['01010100iiiiiiiiiiiiiiiiiii0CCCC', 'B.cond', b_cond, 'b.{cond:C} {label:i}'],

  // Exception generation
  ['11010100000iiiiiiiiiiiiiiii00001', 'SVC', svc, 'svc {#x:i}'],
  ['11010100000iiiiiiiiiiiiiiii00010', 'HVC', firmware_call(EXIT.HVC), 'hvc {#x:i}', SYSTEM],
  ['11010100000iiiiiiiiiiiiiiii00011', 'SMC', firmware_call(EXIT.SMC), 'smc {#x:i}', SYSTEM],
  ['11010100001iiiiiiiiiiiiiiii00000', 'BRK', brk, 'brk {#x:i}', SYSTEM],
  ['11010100010iiiiiiiiiiiiiiii00000', 'HLT', undefined_here, 'hlt {#x:i}', SYSTEM],
  ['11010100101iiiiiiiiiiiiiiii00001', 'DCPS1', undefined_here, 'dcps1{#x?:i}', SYSTEM],
  ['11010100101iiiiiiiiiiiiiiii00010', 'DCPS2', undefined_here, 'dcps2{#x?:i}', SYSTEM],
  ['11010100101iiiiiiiiiiiiiiii00011', 'DCPS3', undefined_here, 'dcps3{#x?:i}', SYSTEM],

  // Hints
  ['11010101000000110010mmmmooo11111', 'HINT', no_operation, '{hint}'],
  ['11010101000000110010000001011111', 'WFE', system, 'wfe', SYSTEM],
  ['11010101000000110010000001111111', 'WFI', system, 'wfi', SYSTEM],
  ['11010101000000110010000010011111', 'SEV', system, 'sev', SYSTEM],
  ['11010101000000110010000010111111', 'SEVL', system, 'sevl', SYSTEM],

  // Barriers
  ['11010101000000110011mmmm01011111', 'CLREX', clrex, 'clrex{#x15:m}', { interpOnly: true }],
  ['11010101000000110011mmmm10011111', 'DSB', no_operation, '{dsb:m}'],
  ['11010101000000110011mmmm10111111', 'DMB', no_operation, 'dmb {barrier:m}'],
  ['11010101000000110011mmmm11011111', 'ISB', no_operation, 'isb{isb:m}', { ends: true }],
  ['11010101000000110011000011111111', 'SB', no_operation, 'sb', { ends: true }],

  // PSTATE
  ['1101010100000ooo0100mmmmppp11111', 'MSR (immediate)', system, 'msr {pstate}', SYSTEM],
  ['11010101000000000100000000011111', 'CFINV', cfinv, 'cfinv'],

  // System instructions
  ['1101010100001ooonnnnmmmmppprrrrr', 'SYS', system, '{sys}', SYSTEM],
  ['110101010000101101110100001ttttt', 'DC ZVA', dc_zva, 'dc zva, {X:t}', { cold: true }],
  ['1101010100101ooonnnnmmmmppprrrrr', 'SYSL', system, 'sysl {X:r}, {sysl}', SYSTEM],

  // System register move
  ['110101010001qooonnnnmmmmpppttttt', 'MSR (register)', system, 'msr {sysreg}, {X:t}', SYSTEM],
  ['110101010011qooonnnnmmmmpppttttt', 'MRS', system, 'mrs {X:t}, {sysreg}', { interpOnly: true }],
  ['110101010011101111010000010ttttt', 'MRS TPIDR_EL0', mrs_state(STATE.TPIDR_EL0), 'mrs {X:t}, tpidr_el0'],
  ['110101010001101111010000010ttttt', 'MSR TPIDR_EL0', msr_tpidr_el0, 'msr tpidr_el0, {X:t}'],
  ['110101010011101111010000011ttttt', 'MRS TPIDRRO_EL0', mrs_state(STATE.TPIDRRO_EL0), 'mrs {X:t}, tpidrro_el0'],
  ['110101010011101111100000010ttttt', 'MRS CNTVCT_EL0', mrs_cntvct, 'mrs {X:t}, cntvct_el0', { cold: true }],
  ['110101010011101101000010000ttttt', 'MRS NZCV', mrs_nzcv, 'mrs {X:t}, nzcv'],
  ['110101010001101101000010000ttttt', 'MSR NZCV', msr_nzcv, 'msr nzcv, {X:t}'],

  ['110101010011101101000100000ttttt', 'MRS FPCR', mrs_fp(STATE.FPCR), 'mrs {X:t}, fpcr', FP],
  ['110101010001101101000100000ttttt', 'MSR FPCR', msr_fp(STATE.FPCR, FPCR.WRITABLE), 'msr fpcr, {X:t}', FP],
  ['110101010011101101000100001ttttt', 'MRS FPSR', mrs_fp(STATE.FPSR), 'mrs {X:t}, fpsr', FP],
  ['110101010001101101000100001ttttt', 'MSR FPSR', msr_fp(STATE.FPSR, FPSR.WRITABLE), 'msr fpsr, {X:t}', FP],

  // Unconditional branch (register)
  ['1101011000011111000000nnnnn00000', 'BR', br, 'br {X:n}'],
  ['1101011000111111000000nnnnn00000', 'BLR', blr, 'blr {X:n}'],
  ['1101011001011111000000nnnnn00000', 'RET', br, 'ret{ret:n}'],
  ['11010110100111110000001111100000', 'ERET', system, 'eret', SYSTEM],

  // Unconditional branch (immediate)
  ['000101iiiiiiiiiiiiiiiiiiiiiiiiii', 'B', b_imm, 'b {label:i}'],
  ['100101iiiiiiiiiiiiiiiiiiiiiiiiii', 'BL', bl, 'bl {label:i}'],

  // Compare and branch (immediate)
  ['Z0110100iiiiiiiiiiiiiiiiiiittttt', 'CBZ', cbz, 'cbz {R:t}, {label:i}'],
  ['Z0110101iiiiiiiiiiiiiiiiiiittttt', 'CBNZ', cbnz, 'cbnz {R:t}, {label:i}'],

  // Test and branch (immediate)
  ['h0110110llllliiiiiiiiiiiiiittttt', 'TBZ', tbz, 'tbz {RB:t}, {bit}, {label:i}'],
  ['h0110111llllliiiiiiiiiiiiiittttt', 'TBNZ', tbnz, 'tbnz {RB:t}, {bit}, {label:i}'],

  // Reserved
  ['0000000000000000iiiiiiiiiiiiiiii', 'UDF', undefined_here, 'udf {#:i}', SYSTEM],
];
