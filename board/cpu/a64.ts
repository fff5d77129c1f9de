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
import { CRYPTO_AES } from './insn/crypto-aes.ts';
import { CRYPTO_SHA } from './insn/crypto-sha.ts';
import { DATA_PROCESSING_IMMEDIATE } from './insn/data-processing-immediate.ts';
import { DATA_PROCESSING_REGISTER } from './insn/data-processing-register.ts';
import { FLOATING_POINT } from './insn/floating-point.ts';
import { LOAD_STORE } from './insn/load-store.ts';
import { LOAD_STORE_EXCLUSIVE } from './insn/load-store-exclusive.ts';
import { SIMD_LOAD_STORE } from './insn/simd-load-store.ts';
import { SIMD_INDEXED } from './insn/simd-indexed.ts';
import { SIMD_PERMUTE } from './insn/simd-permute.ts';
import { SIMD_SHIFT } from './insn/simd-shift.ts';
import { SIMD_STRUCTURE } from './insn/simd-structure.ts';
import { SIMD_THREE_DIFFERENT } from './insn/simd-three-different.ts';
import { SIMD_THREE_SAME } from './insn/simd-three-same.ts';
import { SIMD_TWO_REGISTER } from './insn/simd-two-register.ts';
import { SIMD_FP_ELEMENT } from './insn/simd-floating-point-element.ts';
import { SIMD_FP_MISC } from './insn/simd-floating-point-misc.ts';
import { SIMD_FP_THREE_SAME } from './insn/simd-floating-point-three-same.ts';

export const A64: readonly Row[] = [
  ...DATA_PROCESSING_IMMEDIATE,
  ...BRANCH_EXCEPTION_SYSTEM,
  ...LOAD_STORE_EXCLUSIVE,
  ...LOAD_STORE,
  ...SIMD_STRUCTURE,
  ...SIMD_LOAD_STORE,
  ...DATA_PROCESSING_REGISTER,
  ...SIMD_THREE_SAME,
  ...SIMD_THREE_DIFFERENT,
  ...SIMD_INDEXED,
  ...SIMD_TWO_REGISTER,
  ...SIMD_SHIFT,
  ...SIMD_PERMUTE,
  ...CRYPTO_AES,
  ...CRYPTO_SHA,
  ...SIMD_FP_THREE_SAME,
  ...SIMD_FP_MISC,
  ...SIMD_FP_ELEMENT,
  ...FLOATING_POINT,
];
