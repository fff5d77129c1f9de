/*
 * arch/arm64/kernel/debug-monitors.ts - single-step and breakpoint instructions
 *
 * Linux:   arch/arm64/kernel/debug-monitors.c (v6.12); SYSCALL_EXIT_TRAP as in the generic entry series (v16)
 * Manual:  Arm ARM, "Software Step exceptions"
 * Absent:  kgdb, kprobes, uprobes: every BRK is the program's own
 *
 * Two bits of the machine and one of the kernel:
 *
 *    TIF_SINGLESTEP   the debugger wants it; SYSCALL_EXIT_TRAP says the same to the generic entry code
 *    MDSCR_EL1.SS     stepping is on: set on the way to user space, cleared on the way in
 *    SPSR_EL1.SS      1: execute one instruction, then trap; 0: trap at once
 */

import type { Cpu } from '../../../board/cpu/cpu.ts';
import {
  SYSCALL_WORK_SYSCALL_EXIT_TRAP,
  TIF_SINGLESTEP,
  type Task,
} from '../../../kernel/include/linux/sched.ts';
import { TRAP_BRKPT, TRAP_TRACE } from '../../../kernel/include/uapi/siginfo.ts';
import { SIGTRAP } from '../../../kernel/include/uapi/signal.ts';
import { DBG_SPSR_SS, PC, type PtRegs } from '../include/asm/ptrace.ts';
import { arm64_force_sig_fault } from './traps.ts';

export const DBG_MDSCR_SS = 1 << 0;
/** EL0 may not touch the debug communications channel. */
const DBG_MDSCR_TDCC = 1 << 12;
/** Breakpoints and watchpoints are on. */
export const DBG_MDSCR_MDE = 1 << 15;

/** Linux: debug_monitors_init(), clear_os_lock(). Called once, at boot. */
export function debug_monitors_init(cpu: Cpu): void {
  cpu.writeSysreg('OSLAR_EL1', 0);
  cpu.writeSysreg('MDSCR_EL1', DBG_MDSCR_TDCC);
}

export function mdscr_modify(cpu: Cpu, clear: number, set: number): void {
  cpu.writeSysreg('MDSCR_EL1', (cpu.readSysregHalf('MDSCR_EL1', 0) & ~clear) | set);
}

export const enable_step_tsk = (cpu: Cpu): void => mdscr_modify(cpu, 0, DBG_MDSCR_SS);
export const disable_step_tsk = (cpu: Cpu): void => mdscr_modify(cpu, DBG_MDSCR_SS, 0);

const regs_of = (task: Task): PtRegs => task.regs as PtRegs;

function set_regs_spsr_ss(regs: PtRegs): void {
  regs.pstate |= DBG_SPSR_SS;
}

function clear_regs_spsr_ss(regs: PtRegs): void {
  regs.pstate &= ~DBG_SPSR_SS;
}

const test_singlestep = (task: Task): boolean => (task.thread_info.flags & TIF_SINGLESTEP) !== 0;

/** A task that is stepped already keeps its step state: it may have an instruction to go, or not. */
export function user_enable_single_step(task: Task): void {
  const info = task.thread_info;
  if (!test_singlestep(task)) set_regs_spsr_ss(regs_of(task));
  info.flags |= TIF_SINGLESTEP;
  info.syscall_work |= SYSCALL_WORK_SYSCALL_EXIT_TRAP;
}

export function user_disable_single_step(task: Task): void {
  const info = task.thread_info;
  info.flags &= ~TIF_SINGLESTEP;
  info.syscall_work &= ~SYSCALL_WORK_SYSCALL_EXIT_TRAP;
}

/** The step that was taken is to be taken again (a system call is restarted), or a new one follows. */
export function user_rewind_single_step(task: Task): void {
  if (test_singlestep(task)) set_regs_spsr_ss(regs_of(task));
}

/** The instruction was executed in software: the step is done. */
export function user_fastforward_single_step(task: Task): void {
  if (test_singlestep(task)) clear_regs_spsr_ss(regs_of(task));
}

/** SPSR.SS is the kernel's, whatever a tracer or a signal frame put there. */
export function user_regs_reset_single_step(regs: PtRegs, task: Task): void {
  if (test_singlestep(task)) set_regs_spsr_ss(regs);
  else clear_regs_spsr_ss(regs);
}

/** SIGTRAP at the instruction that is about to be executed. */
export function send_user_sigtrap(task: Task, regs: PtRegs, code: number): void {
  arm64_force_sig_fault(task, SIGTRAP, code, regs.regs[PC]!, 'User debug trap');
}

export function single_step_handler(task: Task, regs: PtRegs): void {
  send_user_sigtrap(task, regs, TRAP_TRACE);
  // If the tracer goes on stepping, it is one more instruction.
  user_rewind_single_step(task);
}

export function brk_handler(task: Task, regs: PtRegs): void {
  send_user_sigtrap(task, regs, TRAP_BRKPT);
}
