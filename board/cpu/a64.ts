/*
 * board/cpu/a64.ts - the table of all instructions, under the manual's headings and in its order
 *
 * Manual: Arm ARM (DDI 0487), "A64 instruction set encoding"
 *
 * Everything that must know instructions reads this: the interpreter, the translator, the disassembler, the tests'
 * random programs. What is not in the table is unallocated, and so Undefined.
 */
import type { Row } from './builder.ts';
import { BRANCH_EXCEPTION_SYSTEM } from './insn/branch-exception-system.ts';
import { DATA_PROCESSING_IMMEDIATE } from './insn/data-processing-immediate.ts';
import { DATA_PROCESSING_REGISTER } from './insn/data-processing-register.ts';
import { LOAD_STORE } from './insn/load-store.ts';
import { LOAD_STORE_EXCLUSIVE } from './insn/load-store-exclusive.ts';
import { SIMD_LOAD_STORE } from './insn/simd-load-store.ts';

export const A64: readonly Row[] = [
  ...DATA_PROCESSING_IMMEDIATE,
  ...BRANCH_EXCEPTION_SYSTEM,
  ...LOAD_STORE_EXCLUSIVE,
  ...LOAD_STORE,
  ...SIMD_LOAD_STORE,
  ...DATA_PROCESSING_REGISTER,
];
