/*
 * arch/arm64/include/asm/ptrace.ts - struct pt_regs: user space as it was at the trap
 *
 * Linux:   arch/arm64/include/asm/ptrace.h, arch/arm64/include/uapi/asm/ptrace.h (v6.12)
 * Manual:  Arm ARM (DDI 0487), "SPSR_EL1, Saved Program Status Register (EL1)"
 * Differs: one buffer with upstream's offsets and several views of it; what only the assembly needs is absent
 *
 *        0  regs[0]    x0: first argument, result
 *       ..
 *      240  regs[30]
 *      248  sp         SP_EL0
 *      256  pc         ELR_EL1
 *      264  pstate     SPSR_EL1
 *      272  orig_x0    the first argument as it was at entry     <- user_pt_regs ends here
 *      280  syscallno  s32, -1 = not in a system call
 */

import { PtRegs as GenericPtRegs } from '../../../../kernel/arch.ts';

export const PSR_MODE_MASK = 0xf;
export const PSR_MODE_EL0t = 0x0;
export const PSR_MODE32_BIT = 0x10;
export const PSR_F_BIT = 0x40;
export const PSR_I_BIT = 0x80;
export const PSR_A_BIT = 0x100;
export const PSR_D_BIT = 0x200;
export const PSR_BTYPE_MASK = 0xc00;
export const PSR_BTYPE_C = 0x800;
export const PSR_SSBS_BIT = 0x1000;
export const PSR_PAN_BIT = 0x40_0000;
export const PSR_UAO_BIT = 0x80_0000;
export const PSR_SS_BIT = 0x20_0000;
export const PSR_IL_BIT = 0x10_0000;
export const PSR_DIT_BIT = 0x100_0000;
export const PSR_TCO_BIT = 0x200_0000;

/** DBG_SPSR_SS upstream: software step, 1 = execute an instruction first. */
export const DBG_SPSR_SS = PSR_SS_BIT;

/** Every bit of SPSR that means nothing for an AArch64 EL0, low word; all of the high word. Read as zero by everybody. */
export const SPSR_EL1_AARCH64_RES0_BITS =
  (PSR_SS_BIT /* follows TIF_SINGLESTEP */ |
    (3 << 26) |
    PSR_UAO_BIT |
    PSR_PAN_BIT |
    PSR_IL_BIT |
    0xfe000 |
    (1 << 5)) >>>
  0;

/** syscallno when not in a system call. */
export const NO_SYSCALL = -1;

/** Linux: struct user_pt_regs, what ptrace and core files show. */
export const USER_PT_REGS_SIZE = 272;
const PT_REGS_SIZE = 288;

export class PtRegs extends GenericPtRegs {
  readonly buffer = new ArrayBuffer(PT_REGS_SIZE);
  /** x0..x30, sp, pc, pstate, orig_x0, as 64-bit data: moved and compared, not computed with. */
  readonly regs = new BigUint64Array(this.buffer, 0, 35);
  /** The same as 32-bit halves, low half first. */
  readonly words = new Uint32Array(this.buffer, 0, 70);
  /** x0..x30 only. */
  readonly gprs = new BigUint64Array(this.buffer, 0, 31);
  readonly args = new Uint32Array(this.buffer, 0, 12);
  readonly user_regs = new Uint8Array(this.buffer, 0, USER_PT_REGS_SIZE);
  private readonly signed = new Int32Array(this.buffer);

  get syscallno(): number {
    return this.signed[70]!;
  }
  set syscallno(nr: number) {
    this.signed[70] = nr;
  }

  /** Exact below 2^53; a pc or sp beyond that is not a user address, and only its being beyond matters. */
  get pc(): number {
    return this.words[65]! * 2 ** 32 + this.words[64]!;
  }
  set pc(address: number) {
    this.put(PC, address);
  }
  get sp(): number {
    return this.words[63]! * 2 ** 32 + this.words[62]!;
  }
  set sp(address: number) {
    this.put(SP, address);
  }
  /** Bits 31:0; an AArch64 state has no others. */
  get pstate(): number {
    return this.words[66]!;
  }
  set pstate(value: number) {
    this.words[66] = value;
    this.words[67] = 0;
  }

  /** Register `index` := an exact integer, sign-extended. */
  put(index: number, value: number): void {
    this.words[2 * index] = value;
    this.words[2 * index + 1] = (value | 0) === value ? value >> 31 : Math.floor(value / 2 ** 32);
  }

  /** Register `index` as a signed number; rounded beyond 2^53. */
  signedValue(index: number): number {
    return this.signed[2 * index + 1]! * 2 ** 32 + this.words[2 * index]!;
  }

  /** Register `to` := register `from`. */
  move(to: number, from: number): void {
    this.words[2 * to] = this.words[2 * from]!;
    this.words[2 * to + 1] = this.words[2 * from + 1]!;
  }

  copyFrom(other: PtRegs): void {
    this.signed.set(other.signed);
  }

  clear(): void {
    this.words.fill(0);
  }
}

/* Indexes into regs[] */
export const FP = 29;
export const LR = 30;
export const SP = 31;
export const PC = 32;
export const PSTATE = 33;
export const ORIG_X0 = 34;

export const in_syscall = (regs: PtRegs): boolean => regs.syscallno !== NO_SYSCALL;

export const forget_syscall = (regs: PtRegs): void => {
  regs.syscallno = NO_SYSCALL;
};
