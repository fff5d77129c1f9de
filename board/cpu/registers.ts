/*
 * board/cpu/registers.ts - the CPU's registers as JavaScript sees them: views of the shared memory, and PSTATE
 *
 * Manual: Arm ARM, "Registers in AArch64 Execution state"; "Process state, PSTATE"; "SPSR_EL1, Saved Program Status Register (EL1)"
 *
 * What generated code needs (general registers, the selected SP, PC, NZCV, EL) lies in memory. The rest of PSTATE
 * changes only in sys() and at exceptions, so it is plain fields here.
 */

import { STATE } from './state.ts';

/* SPSR_EL1 and PSTATE, for an exception taken from AArch64. */
export const PSTATE_N = 1 << 31;
export const PSTATE_NZCV = 0xf000_0000;
export const PSTATE_SS = 1 << 21; // software step: one instruction may execute
export const PSTATE_IL = 1 << 20; // illegal execution state: the next instruction is an exception
export const PSTATE_D = 1 << 9; //   debug exceptions masked
export const PSTATE_A = 1 << 8; //   SError masked
export const PSTATE_I = 1 << 7;
export const PSTATE_F = 1 << 6;
export const PSTATE_DAIF = PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F;
export const PSTATE_NRW = 1 << 4; // AArch32: which this CPU does not have
export const PSTATE_EL_SHIFT = 2;
export const PSTATE_SP = 1 << 0; //  SP is SP_ELx, not SP_EL0

/** Slots of the banked stack pointers and of the exception registers: fixed, because exceptions need them every time. */
export const SLOT = {
  SP_EL0: 0,
  SP_EL1: 1,
  ELR_EL1: 2,
  SPSR_EL1: 3,
  ESR_EL1: 4,
  FAR_EL1: 5,
  VBAR_EL1: 6,
  FIRST_FREE: 7,
} as const;

/** The stack pointers' banks and the selected one, as indexes of words. */
const BANK_EL0 = (STATE.SYSREG + 8 * SLOT.SP_EL0) >>> 2;
const BANK_EL1 = (STATE.SYSREG + 8 * SLOT.SP_EL1) >>> 2;
const SP = STATE.SP >>> 2;

export class Registers {
  /** All of STATE as 32-bit and 64-bit words; index = byte offset / 4 or / 8. */
  readonly words: Uint32Array;
  readonly dwords: BigUint64Array;
  /** X0..X30. */
  readonly x: BigUint64Array;
  /** X0..X30 as 62 words, low half first. */
  readonly xw: Uint32Array;
  /** V0..V31 as 64 doublewords, low half first. */
  readonly v: BigUint64Array;

  /** PSTATE.DAIF, in SPSR's bits. */
  daif = PSTATE_DAIF;
  /** PSTATE.SP. */
  spSel: 0 | 1 = 1;
  /** PSTATE.SS and PSTATE.IL. */
  ss = false;
  il = false;
  /** Where the selected stack pointer goes when another one is. */
  private bank = BANK_EL1;

  constructor(memory: WebAssembly.Memory) {
    this.words = new Uint32Array(memory.buffer, 0, STATE.TABLES >>> 2);
    this.dwords = new BigUint64Array(memory.buffer, 0, STATE.TABLES >>> 3);
    this.x = this.dwords.subarray(STATE.X >>> 3, (STATE.X >>> 3) + 31);
    this.xw = this.words.subarray(STATE.X >>> 2, (STATE.X >>> 2) + 62);
    this.v = this.dwords.subarray(STATE.V >>> 3, (STATE.V >>> 3) + 64);
    this.words[STATE.EL >>> 2] = 1;
    this.words[STATE.TLB >>> 2] = STATE.TLB_EL1;
    this.words[STATE.TLB_USER >>> 2] = STATE.TLB_EL0;
  }

  get el(): 0 | 1 {
    return this.words[STATE.EL >>> 2] === 0 ? 0 : 1;
  }

  get pc(): bigint {
    return this.dwords[STATE.PC >>> 3]!;
  }

  set pc(value: bigint) {
    this.dwords[STATE.PC >>> 3] = value;
  }

  get sp(): bigint {
    return this.dwords[STATE.SP >>> 3]!;
  }

  set sp(value: bigint) {
    this.dwords[STATE.SP >>> 3] = value;
  }

  /** PSTATE.D */
  get debugMasked(): boolean {
    return (this.daif & PSTATE_D) !== 0;
  }

  /** PSTATE in the format of SPSR_EL1, as a signed number. */
  get pstate(): number {
    return (
      this.words[STATE.NZCV >>> 2]! |
      (this.ss ? PSTATE_SS : 0) |
      (this.il ? PSTATE_IL : 0) |
      this.daif |
      (this.el << PSTATE_EL_SHIFT) |
      this.spSel
    );
  }

  /** All of PSTATE at once, banking SP. `value` must be a state that this CPU has: see exception.ts. */
  set pstate(value: number) {
    this.words[STATE.NZCV >>> 2] = value & PSTATE_NZCV;
    this.ss = (value & PSTATE_SS) !== 0;
    this.il = (value & PSTATE_IL) !== 0;
    this.daif = value & PSTATE_DAIF;
    this.selectStack((value >>> PSTATE_EL_SHIFT) & 1 ? 1 : 0, (value & PSTATE_SP) === 0 ? 0 : 1);
  }

  /** Enters exception level `el` with SP_EL0 or SP_EL1; the other stack pointer goes back to its bank. */
  selectStack(el: 0 | 1, spSel: 0 | 1): void {
    const { words, bank } = this;
    words[bank] = words[SP]!;
    words[bank + 1] = words[SP + 1]!;
    const next = (el & spSel) === 0 ? BANK_EL0 : BANK_EL1;
    words[SP] = words[next]!;
    words[SP + 1] = words[next + 1]!;
    this.bank = next;
    this.spSel = spSel;
    words[STATE.EL >>> 2] = el;
    words[STATE.TLB >>> 2] = el === 0 ? words[STATE.TLB_USER >>> 2]! : STATE.TLB_EL1;
  }

  /** A stack pointer by its own name, wherever it is at the moment. Returns its byte offset in STATE. */
  stackOffset(el: 0 | 1): number {
    const bank = el === 0 ? BANK_EL0 : BANK_EL1;
    return bank === this.bank ? STATE.SP : bank << 2;
  }

  /** Moves 64 bits within STATE. As words: a bigint would be allocated. */
  copyDword(from: number, to: number): void {
    this.words[to >>> 2] = this.words[from >>> 2]!;
    this.words[(to >>> 2) + 1] = this.words[(from >>> 2) + 1]!;
  }

  setDword(offset: number, lo: number, hi: number): void {
    this.words[offset >>> 2] = lo;
    this.words[(offset >>> 2) + 1] = hi;
  }
}
