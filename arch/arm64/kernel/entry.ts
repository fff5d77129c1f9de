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

function kernel_entry(cpu: Cpu, regs: PtRegs, flags: number): void {
  const { words } = cpu.regs;
  regs.gprs.set(cpu.x);
  load(regs, SP, words, cpu.regs.stackOffset(0));
  load(regs, PC, words, elr);
  load(regs, PSTATE, words, spsr);
  regs.syscallno = NO_SYSCALL;
  if (flags & TIF_SINGLESTEP) disable_step_tsk(cpu); // the kernel is not stepped
}

function kernel_exit(cpu: Cpu, regs: PtRegs, flags: number): void {
  const { words } = cpu.regs;
  cpu.x.set(regs.gprs);
  store(regs, SP, words, cpu.regs.stackOffset(0));
  store(regs, PC, words, elr);
  store(regs, PSTATE, words, spsr);
  if (flags & TIF_SINGLESTEP) enable_step_tsk(cpu);
  cpu.eret();
}

/** Register `index` := the two words at byte offset `from`. As words: a bigint would be allocated. */
function load(regs: PtRegs, index: number, words: Uint32Array, from: number): void {
  regs.words[2 * index] = words[from >>> 2]!;
  regs.words[2 * index + 1] = words[(from >>> 2) + 1]!;
}

function store(regs: PtRegs, index: number, words: Uint32Array, to: number): void {
  words[to >>> 2] = regs.words[2 * index]!;
  words[(to >>> 2) + 1] = regs.words[2 * index + 1]!;
}
