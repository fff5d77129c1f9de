/*
 * arch/arm64/include/asm/sigcontext.ts - what a signal handler finds on its stack
 *
 * Linux:  arch/arm64/include/uapi/asm/sigcontext.h, arch/arm64/include/uapi/asm/ucontext.h (v6.12)
 * Manual: Documentation/arch/arm64, sigreturn(2)
 *
 *    interrupted sp (or the top of the alternate stack), rounded down to 16
 *      frame record {x29, x30}                 16     <- x29 in the handler: the chain of frames goes on
 *      struct rt_sigframe                    4688
 *        +0    siginfo                        128
 *        +128  ucontext: flags, link, stack    40
 *        +168    uc_sigmask, padding          136
 *        +304    mcontext: fault_address        8
 *        +312      x0..x30, sp, pc, pstate    272, padding to 592
 *        +592      records                   4096: {u32 magic, u32 size, ...}, ended by {0, 0}
 *    sp in the handler
 */

import { USER_PT_REGS_SIZE } from './ptrace.ts';

export const SIGFRAME = {
  INFO: 0,
  UC: 128,
  UC_FLAGS: 128,
  UC_LINK: 136,
  UC_STACK: 144,
  UC_SIGMASK: 168,
  FAULT_ADDRESS: 304,
  REGS: 312,
  RESERVED: 592,
  SIZE: 4688,
} as const;

export const RESERVED_SIZE = 4096;
export const FRAME_RECORD_SIZE = 16;

export const FPSIMD_MAGIC = 0x4650_8001;
/** Header, FPSR, FPCR, V0..V31. */
export const FPSIMD_CONTEXT_SIZE = 528;
export const ESR_MAGIC = 0x4553_5201;
export const ESR_CONTEXT_SIZE = 16;
/** More records than fit: {u64 datap, u32 size, 12 bytes reserved}, then a terminator. */
export const EXTRA_MAGIC = 0x4558_5401;
export const EXTRA_CONTEXT_SIZE = 32;
export const RECORD_HEADER_SIZE = 8;
export const TERMINATOR_SIZE = 16;
/** Linux: SIGFRAME_MAXSZ, the largest extra area a frame may claim. */
export const SIGFRAME_MAXSZ = 0x4_0000;

/** As much of a frame as the registers, the vectors and a fault need: what is put together and taken apart here. */
export class SigFrameBuffer {
  readonly bytes = new Uint8Array(SIGFRAME.SIZE);
  readonly view = new DataView(this.bytes.buffer);
  /** From uc_sigmask to the end of the registers: what sigreturn reads first. Below it, a part of it. */
  readonly head = this.bytes.subarray(SIGFRAME.UC_SIGMASK, SIGFRAME.REGS + USER_PT_REGS_SIZE);
  readonly regs = this.bytes.subarray(SIGFRAME.REGS, SIGFRAME.REGS + USER_PT_REGS_SIZE);
  /** The first record, when it is that of the vectors: header, FPSR and FPCR, V0..V31. */
  readonly fpsimd = this.bytes.subarray(SIGFRAME.RESERVED, SIGFRAME.RESERVED + FPSIMD_CONTEXT_SIZE);
  readonly fpstatus = this.fpsimd.subarray(8, 16);
  readonly vregs = this.fpsimd.subarray(16);
}
