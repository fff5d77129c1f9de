/*
 * arch/arm64/kernel/entry.ts - in and out of the kernel
 *
 * Linux:   arch/arm64/kernel/entry.S (kernel_entry, kernel_exit, ret_to_user), v6.12
 * Manual:  Arm ARM, "Exception vectors" and "ESR_EL1"
 *
 * The CPU stops when it takes an exception to EL1 and tells which of the sixteen vectors it would have jumped to. What the
 * assembly does with stp and mrs is done here with assignments; after kernel_entry() nothing touches the CPU's user
 * registers until kernel_exit().
 */

import { type Cpu, PAUSE as CPU_PAUSE } from '../../../board/cpu/cpu.ts';
import { elr, spsr } from '../../../board/cpu/exception.ts';
import { EXIT_TO_USER_MODE_WORK, exit_to_user_mode_loop } from '../../../kernel/entry/common.ts';
import { TIF_FOREIGN_FPSTATE, TIF_SINGLESTEP, type Task } from '../../../kernel/include/linux/sched.ts';
import { rseq_exit_to_user_mode } from '../../../kernel/rseq.ts';
import { PAUSE, type Sleeps } from '../../../kernel/sched/wait.ts';
import { NO_SYSCALL, PC, PSTATE, type PtRegs, SP } from '../include/asm/ptrace.ts';
import type { Arm64 } from '../arch.ts';
import { disable_step_tsk, enable_step_tsk } from './debug-monitors.ts';
import { el0_interrupt, el0t_64_sync_handler } from './entry-common.ts';

const EL0T_64_SYNC = 0x400; // synchronous, from a lower EL using AArch64
const EL0T_64_IRQ = 0x480;

/** One task's life in user space, from its first instruction to its last. */
export function* user_mode(arm64: Arm64, task: Task): Sleeps<never> {
  const { cpu, fpsimd } = arm64;
  const regs = task.regs as PtRegs;
  const info = task.thread_info;
  const { hrtimers } = task.kernel;
  for (;;) {
    if (info.flags & EXIT_TO_USER_MODE_WORK) yield* exit_to_user_mode_loop(task);
    if (task.rseq) rseq_exit_to_user_mode(task.rseq);
    if (task.mm) arm64.switch_mm(task.mm);
    if (info.flags & TIF_FOREIGN_FPSTATE) fpsimd.fpsimd_restore_current_state(task);
    hrtimers.hrtimer_rearm_deferred();
    kernel_exit(cpu, regs, info.flags);
    let vector = cpu.run();
    for (; vector === CPU_PAUSE; vector = cpu.run()) yield PAUSE; // not an exception: the machine's owner wants the floor
    kernel_entry(cpu, regs, info.flags);

    switch (vector) {
      case EL0T_64_SYNC: {
        // Most exceptions are handled when this returns; one that has to wait for something returns the rest of its story.
        const rest = el0t_64_sync_handler(arm64, task, regs);
        if (rest) yield* rest;
        break;
      }
      case EL0T_64_IRQ:
        el0_interrupt(task);
        break;
      default:
        throw new Error(`vector ${vector.toString(16)}: the kernel itself is broken`);
    }
  }
}

/** Looked up once: V8 does not do that for a method of a typed array, and these two copies are made at every exception. */
const { set: copy_gprs } = BigUint64Array.prototype;

/* What the exception left in SP_EL0, ELR_EL1 and SPSR_EL1 stands behind x0..x30 in pt_regs. As words: a bigint would be allocated. */
function kernel_entry(cpu: Cpu, regs: PtRegs, flags: number): void {
  const { words: from } = cpu.regs;
  const { words: to } = regs;
  const sp = cpu.regs.stackOffset(0) >>> 2;
  copy_gprs.call(regs.gprs, cpu.x);
  to[2 * SP] = from[sp]!;
  to[2 * SP + 1] = from[sp + 1]!;
  to[2 * PC] = from[elr >>> 2]!;
  to[2 * PC + 1] = from[(elr >>> 2) + 1]!;
  to[2 * PSTATE] = from[spsr >>> 2]!;
  to[2 * PSTATE + 1] = 0;
  regs.syscallno = NO_SYSCALL;
  if (flags & TIF_SINGLESTEP) disable_step_tsk(cpu); // the kernel is not stepped
}

function kernel_exit(cpu: Cpu, regs: PtRegs, flags: number): void {
  const { words: from } = regs;
  const { words: to } = cpu.regs;
  const sp = cpu.regs.stackOffset(0) >>> 2;
  copy_gprs.call(cpu.x, regs.gprs);
  to[sp] = from[2 * SP]!;
  to[sp + 1] = from[2 * SP + 1]!;
  to[elr >>> 2] = from[2 * PC]!;
  to[(elr >>> 2) + 1] = from[2 * PC + 1]!;
  to[spsr >>> 2] = from[2 * PSTATE]!;
  to[(spsr >>> 2) + 1] = 0;
  if (flags & TIF_SINGLESTEP) enable_step_tsk(cpu);
  cpu.eret();
}
