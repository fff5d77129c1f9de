/*
 * board/cpu/exception.ts - into EL1 and back: what the hardware does around a vector
 *
 * Manual: Arm ARM, "Exceptions": "Exception entry", "Exception return", "Illegal exception returns"; "ESR_EL1"
 * Guest:  arch/arm64/kernel/entry.ts is at the other end
 * Absent: EL2 and EL3, AArch32, SError: nothing on this board is asynchronous but interrupts
 */

import type { Debug } from './debug.ts';
import {
  PSTATE_DAIF,
  PSTATE_EL_SHIFT,
  PSTATE_NRW,
  PSTATE_NZCV,
  PSTATE_SP,
  PSTATE_SS,
  type Registers,
  SLOT,
} from './registers.ts';
import { STATE } from './state.ts';

/* Exception classes, ESR_EL1[31:26]. Those with a _LOW have a twin, one higher, for the same exception taken from EL1. */
export const EC_UNKNOWN = 0x00;
export const EC_WFX = 0x01;
export const EC_FP = 0x07;
export const EC_ILLEGAL = 0x0e;
export const EC_SVC = 0x15;
export const EC_SYSREG = 0x18;
export const EC_IABT_LOW = 0x20;
export const EC_PC_ALIGNMENT = 0x22;
export const EC_DABT_LOW = 0x24;
export const EC_SP_ALIGNMENT = 0x26;
export const EC_BREAKPOINT_LOW = 0x30;
export const EC_STEP_LOW = 0x32;
export const EC_WATCHPOINT_LOW = 0x34;
export const EC_BRK = 0x3c;

/* ESR_EL1 */
const ESR_EC_SHIFT = 26;
const ESR_IL = 1 << 25; // a 32-bit instruction: always, and for classes where it says nothing

/* Offsets from VBAR_EL1: which of four by where the exception came from, and within it by kind. */
const VECTOR_CURRENT_SP0 = 0x000;
const VECTOR_CURRENT_SPX = 0x200;
const VECTOR_LOWER = 0x400;
export const VECTOR = { SYNC: 0x000, IRQ: 0x080, FIQ: 0x100, SERROR: 0x180 } as const;

/* Whose preferred return address is not the instruction itself is told by the caller: PC is already past it. */
export const elr = STATE.SYSREG + 8 * SLOT.ELR_EL1;
export const spsr = STATE.SYSREG + 8 * SLOT.SPSR_EL1;
export const esr = STATE.SYSREG + 8 * SLOT.ESR_EL1;
export const far = STATE.SYSREG + 8 * SLOT.FAR_EL1;

/** Takes an exception to EL1: all but the jump. Returns the offset from VBAR_EL1. PC holds the preferred return address. */
export function enterEl1(regs: Registers, kind: (typeof VECTOR)[keyof typeof VECTOR]): number {
  const offset =
    kind + (regs.el === 0 ? VECTOR_LOWER : regs.spSel === 0 ? VECTOR_CURRENT_SP0 : VECTOR_CURRENT_SPX);
  regs.setDword(spsr, regs.pstate >>> 0, 0);
  regs.copyDword(STATE.PC, elr);

  regs.daif = PSTATE_DAIF;
  regs.ss = false;
  regs.il = false;
  regs.selectStack(1, 1);
  return offset;
}

/** Writes ESR_EL1. `lowerClass` is the class as taken from EL0; `hasTwin` classes have their own number from EL1. */
export function writeSyndrome(regs: Registers, ec: number, iss: number): void {
  regs.setDword(esr, ((ec << ESR_EC_SHIFT) | ESR_IL | iss) >>> 0, 0);
}

/** ERET: PC and PSTATE from ELR_EL1 and SPSR_EL1. */
export function exceptionReturn(regs: Registers, debug: Debug): void {
  const saved = regs.words[spsr >>> 2]!;
  const illegal = isIllegalReturn(saved);
  const source = regs.el;
  const target = illegal ? source : (saved >>> PSTATE_EL_SHIFT) & 1 ? 1 : 0;
  const ss = debug.stepArmed && stepsAfterReturn(regs, debug, target, saved);

  regs.copyDword(elr, STATE.PC);
  if (illegal) returnIllegally(regs, saved);
  else regs.pstate = saved;
  regs.ss = ss;
  regs.words[STATE.EXCLUSIVE >>> 2] = 0;
}

/* To a level that does not exist or is not lower or equal, to AArch32, or to EL0 with SP_EL1. */
function isIllegalReturn(saved: number): boolean {
  const mode = saved & 0xf;
  if ((saved & PSTATE_NRW) !== 0) return true;
  return (
    mode >>> PSTATE_EL_SHIFT > 1 ||
    (mode & 2) !== 0 ||
    (mode >>> PSTATE_EL_SHIFT === 0 && (mode & PSTATE_SP) !== 0)
  );
}

/* The level and the stack pointer stay; the next instruction is an Illegal Execution state exception. */
function returnIllegally(regs: Registers, saved: number): void {
  regs.words[STATE.NZCV >>> 2] = saved & PSTATE_NZCV;
  regs.daif = saved & PSTATE_DAIF;
  regs.il = true;
}

/* The manual's DebugExceptionReturnSS(): a debugger arms the step on its way to code that it may step. */
function stepsAfterReturn(regs: Registers, debug: Debug, target: 0 | 1, saved: number): boolean {
  if (debug.stepsAt(regs.el, regs.debugMasked)) return false;
  return debug.stepsAt(target, (saved & (1 << 9)) !== 0) && (saved & PSTATE_SS) !== 0;
}
