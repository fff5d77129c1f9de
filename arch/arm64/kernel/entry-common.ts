/*
 * arch/arm64/kernel/entry-common.ts - from an exception's class to who deals with it
 *
 * Linux:   arch/arm64/kernel/entry-common.c (el0t_64_sync_handler and its el0_*), v6.12
 * Manual:  Arm ARM, "ESR_EL1", table of exception classes
 * Absent:  classes that this CPU cannot raise: SVE, SME, BTI, MOPS, GCS, FPAC, everything AArch32
 *
 * Everything but a system call ends in at most a forced signal, which the task takes on its way out.
 */

import { far } from '../../../board/cpu/exception.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import { BUS_ADRALN } from '../../../kernel/include/uapi/siginfo.ts';
import { SIGBUS } from '../../../kernel/include/uapi/signal.ts';
import { rseq_note_user_irq_entry } from '../../../kernel/rseq.ts';
import type { MaySleep } from '../../../kernel/sched/wait.ts';
import {
  ESR_ELx_EC,
  ESR_ELx_EC_BREAKPT_LOW,
  ESR_ELx_EC_BRK64,
  ESR_ELx_EC_DABT_LOW,
  ESR_ELx_EC_FP_ASIMD,
  ESR_ELx_EC_IABT_LOW,
  ESR_ELx_EC_PC_ALIGN,
  ESR_ELx_EC_SOFTSTP_LOW,
  ESR_ELx_EC_SP_ALIGN,
  ESR_ELx_EC_SVC64,
  ESR_ELx_EC_SYS64,
  ESR_ELx_EC_UNKNOWN,
  ESR_ELx_EC_WATCHPT_LOW,
  ESR_ELx_EC_WFx,
} from '../include/asm/esr.ts';
import { type PtRegs, SP } from '../include/asm/ptrace.ts';
import type { Arm64 } from '../arch.ts';
import { do_mem_abort } from '../mm/fault.ts';
import { brk_handler, single_step_handler } from './debug-monitors.ts';
import { breakpoint_handler, watchpoint_handler } from './hw_breakpoint.ts';
import { el0_svc } from './syscall.ts';
import { arm64_notify_die, bad_el0_sync, do_el0_sys, do_el0_undef } from './traps.ts';

/** Everything about one exception; what was in FAR_EL1 is read by who needs it. */
type Handler = (arm64: Arm64, task: Task, regs: PtRegs, esr: number) => MaySleep<void>;

// biome-ignore format: columns teach
const el0t_64_sync: Readonly<Record<number, Handler>> = {
  [ESR_ELx_EC_SVC64]:       el0_svc,
  [ESR_ELx_EC_DABT_LOW]:    el0_abort,
  [ESR_ELx_EC_IABT_LOW]:    el0_abort,
  [ESR_ELx_EC_FP_ASIMD]:    el0_fpsimd_acc,
  [ESR_ELx_EC_SYS64]:       do_el0_sys,
  [ESR_ELx_EC_WFx]:         do_el0_sys,
  [ESR_ELx_EC_SP_ALIGN]:    el0_sp,
  [ESR_ELx_EC_PC_ALIGN]:    el0_pc,
  [ESR_ELx_EC_UNKNOWN]:     do_el0_undef,
  [ESR_ELx_EC_BREAKPT_LOW]: el0_breakpt,
  [ESR_ELx_EC_SOFTSTP_LOW]: el0_softstp,
  [ESR_ELx_EC_WATCHPT_LOW]: el0_watchpt,
  [ESR_ELx_EC_BRK64]:       el0_brk64,
};

/** What has to wait returns the rest of its story; undefined: done. */
export function el0t_64_sync_handler(arm64: Arm64, task: Task, regs: PtRegs): MaySleep<void> {
  const esr = arm64.cpu.esr;
  const handler = el0t_64_sync[ESR_ELx_EC(esr)] ?? bad_el0_sync;
  if (task.rseq && handler !== el0_svc) rseq_note_user_irq_entry(task);
  return handler(arm64, task, regs, esr);
}

/** el0_da() and el0_ia(): a data or an instruction access that the tables refused. */
function el0_abort(arm64: Arm64, task: Task, _regs: PtRegs, esr: number): void {
  const { words } = arm64.cpu.regs;
  do_mem_abort(task, words[far >>> 2]!, words[(far >>> 2) + 1]!, esr);
}

function el0_fpsimd_acc({ fpsimd }: Arm64, task: Task): void {
  fpsimd.do_fpsimd_acc(task);
}

function el0_pc(arm64: Arm64, task: Task, _regs: PtRegs, esr: number): void {
  arm64_notify_die(task, 'SP/PC alignment exception', SIGBUS, BUS_ADRALN, arm64.cpu.far, esr);
}

function el0_sp(_arm64: Arm64, task: Task, regs: PtRegs, esr: number): void {
  arm64_notify_die(task, 'SP/PC alignment exception', SIGBUS, BUS_ADRALN, regs.regs[SP]!, esr);
}

function el0_breakpt(_arm64: Arm64, task: Task, regs: PtRegs): void {
  breakpoint_handler(task, regs);
}

function el0_watchpt(arm64: Arm64, task: Task): void {
  watchpoint_handler(task, arm64.cpu.far);
}

function el0_softstp(_arm64: Arm64, task: Task, regs: PtRegs): void {
  single_step_handler(task, regs);
}

function el0_brk64(_arm64: Arm64, task: Task, regs: PtRegs): void {
  brk_handler(task, regs);
}

/** An interrupt while user space ran. Whether somebody else goes on is decided on the way out. */
export function el0_interrupt(task: Task): void {
  rseq_note_user_irq_entry(task);
  task.kernel.irq.handle_irq();
}
