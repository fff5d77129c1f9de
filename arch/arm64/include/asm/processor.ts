/*
 * arch/arm64/include/asm/processor.ts - struct thread_struct: what a task has of the CPU besides its general registers
 *
 * Linux:   arch/arm64/include/asm/processor.h (v6.12)
 * Absent:  SVE, SME, pointer authentication, MTE, GCS
 */

import type { Task } from '../../../../kernel/include/linux/sched.ts';
import type { HwDebugSlot } from './hw_breakpoint.ts';

/** V0..V31, 16 bytes each; FPSR; FPCR; two words reserved: struct user_fpsimd_state, the NT_PRFPREG set. */
export const USER_FPSIMD_STATE_SIZE = 528;

export class ThreadStruct {
  /** TPIDR_EL0: the C library's thread pointer. Two words. */
  readonly tp_value = new Uint32Array(2);
  /** Right unless the registers are in the CPU: kernel/fpsimd.ts. Below it, views of parts of it. */
  readonly fpsimd_state = new Uint8Array(USER_FPSIMD_STATE_SIZE);
  readonly vregs = new BigUint64Array(this.fpsimd_state.buffer, 0, 64);
  readonly vregs_bytes = this.fpsimd_state.subarray(0, 512);
  readonly fpstatus_bytes = this.fpsimd_state.subarray(512, 520);
  private readonly fpstatus = new Uint32Array(this.fpsimd_state.buffer, 512, 2);
  /** The program has used the vector registers, or somebody has given it some. */
  used_math = false;
  /** FAR and ESR of the last fault that became a signal: signal frames show them. ESR 0: it was not a fault. */
  fault_address = 0n;
  fault_code = 0;
  /** A tracer's breakpoints and watchpoints, as many as it has ever set. */
  readonly hbp_break: HwDebugSlot[] = [];
  readonly hbp_watch: HwDebugSlot[] = [];
  /** Is any of them enabled? Then switching to the task loads them. */
  hbp_active = false;

  get fpsr(): number {
    return this.fpstatus[0]!;
  }

  set fpsr(value: number) {
    this.fpstatus[0] = value;
  }

  get fpcr(): number {
    return this.fpstatus[1]!;
  }

  set fpcr(value: number) {
    this.fpstatus[1] = value;
  }

  /** Fork: all but the tracer's breakpoints. */
  static copy(from: ThreadStruct): ThreadStruct {
    const to = new ThreadStruct();
    to.tp_value.set(from.tp_value);
    to.fpsimd_state.set(from.fpsimd_state);
    to.used_math = from.used_math;
    to.fault_address = from.fault_address;
    to.fault_code = from.fault_code;
    return to;
  }
}

export const thread_of = (task: Task): ThreadStruct => task.thread as ThreadStruct;
