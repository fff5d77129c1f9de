/*
 * arch/arm64/kernel/hw_breakpoint.ts - the debug registers, as they follow the tasks
 *
 * Linux:   arch/arm64/kernel/hw_breakpoint.c (v6.12)
 * Manual:  Arm ARM, "Breakpoint and Watchpoint registers"
 * Differs: upstream goes through perf; only a tracer uses them here, so a task simply has its own set
 *
 * A hit does not step over the instruction by itself: the tracer disarms, steps, and arms again.
 */

import type { Cpu } from '../../../board/cpu/cpu.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import { TRAP_HWBKPT } from '../../../kernel/include/uapi/siginfo.ts';
import { SIGTRAP } from '../../../kernel/include/uapi/signal.ts';
import { CTRL_ENABLE, type HwDebugSlot, no_slot } from '../include/asm/hw_breakpoint.ts';
import { thread_of } from '../include/asm/processor.ts';
import { PC, type PtRegs } from '../include/asm/ptrace.ts';
import { DBG_MDSCR_MDE, mdscr_modify } from './debug-monitors.ts';
import { arm64_force_sig_fault } from './traps.ts';

/** How many of each this CPU has: ID_AA64DFR0_EL1. */
export const get_num_brps = (cpu: Cpu): number =>
  ((cpu.readSysregHalf('ID_AA64DFR0_EL1', 0) >>> 12) & 15) + 1;
export const get_num_wrps = (cpu: Cpu): number =>
  ((cpu.readSysregHalf('ID_AA64DFR0_EL1', 0) >>> 20) & 15) + 1;

/** Bits 2:1 of a control register: at EL0 only, whatever the tracer wrote. */
const PRIVILEGE_EL0 = 2 << 1;
const PRIVILEGE_MASK = 3 << 1;

/** Linux: hw_breakpoint_thread_switch(). Nothing is touched between two tasks that are not debugged. */
export function hw_breakpoint_thread_switch(cpu: Cpu, prev: Task, next: Task): void {
  const { hbp_active } = thread_of(next);
  if (hbp_active) install(cpu, next);
  else if (thread_of(prev).hbp_active) mdscr_modify(cpu, DBG_MDSCR_MDE, 0);
}

/** The task's set into the CPU: also when a tracer has changed the set of the task that runs next anyway. */
export function install(cpu: Cpu, task: Task): void {
  const { hbp_break, hbp_watch } = thread_of(task);
  for (let n = 0; n < get_num_brps(cpu); n++) write_wb_reg(cpu, 'DBGB', n, hbp_break[n]!);
  for (let n = 0; n < get_num_wrps(cpu); n++) write_wb_reg(cpu, 'DBGW', n, hbp_watch[n]!);
  mdscr_modify(cpu, 0, DBG_MDSCR_MDE);
}

function write_wb_reg(cpu: Cpu, kind: 'DBGB' | 'DBGW', n: number, { addr, ctrl }: HwDebugSlot): void {
  const enabled = ctrl & CTRL_ENABLE ? (ctrl & ~PRIVILEGE_MASK) | PRIVILEGE_EL0 : 0;
  cpu.writeSysreg(`${kind}VR${n}_EL1`, addr >>> 0, Math.floor(addr / 2 ** 32));
  cpu.writeSysreg(`${kind}CR${n}_EL1`, enabled);
}

/** Linux: flush_ptrace_hw_breakpoint(). A new program has none. */
export function flush_ptrace_hw_breakpoint(cpu: Cpu, task: Task): void {
  const thread = thread_of(task);
  if (!thread.hbp_active) return;
  for (const slot of [...thread.hbp_break, ...thread.hbp_watch]) Object.assign(slot, no_slot());
  thread.hbp_active = false;
  mdscr_modify(cpu, DBG_MDSCR_MDE, 0);
}

/** The instruction has not been executed. */
export function breakpoint_handler(task: Task, regs: PtRegs): void {
  arm64_force_sig_fault(task, SIGTRAP, TRAP_HWBKPT, regs.regs[PC]!, 'Hardware breakpoint trap (ptrace)');
}

/** `addr`: the address of the access, which was not made. */
export function watchpoint_handler(task: Task, addr: bigint): void {
  arm64_force_sig_fault(task, SIGTRAP, TRAP_HWBKPT, addr, 'Hardware watchpoint trap (ptrace)');
}
