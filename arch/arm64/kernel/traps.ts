/*
 * arch/arm64/kernel/traps.ts - instructions that cannot be executed, and the signals that come of it
 *
 * Linux:   arch/arm64/kernel/traps.c (arm64_force_sig_fault, force_signal_inject, do_el0_undef, do_el0_sys), v6.12
 * Manual:  Documentation/arch/arm64/cpu-feature-registers.rst
 * Absent:  emulation of deprecated instructions; cache maintenance and CTR_EL0 traps (SCTLR_EL1.UCI and UCT are set)
 */

import type { Task } from '../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../kernel/include/linux/types.ts';
import { ILL_ILLOPC } from '../../../kernel/include/uapi/siginfo.ts';
import { SIGILL, SIGKILL, SIGSEGV } from '../../../kernel/include/uapi/signal.ts';
import { get_user_u32 } from '../../../kernel/lib/usercopy.ts';
import { force_sig, force_sig_fault, siginfo_layout, unhandled_signal } from '../../../kernel/signal.ts';
import type { Arm64 } from '../arch.ts';
import {
  ESR_ELx_EC,
  ESR_ELx_EC_WFx,
  ESR_ELx_SYS64_ISS_DIR_READ,
  ESR_ELx_SYS64_ISS_RT,
  esr_get_class_string,
  esr_sys64_to_sysreg,
} from '../include/asm/esr.ts';
import { thread_of } from '../include/asm/processor.ts';
import { PC, PSR_BTYPE_MASK, type PtRegs } from '../include/asm/ptrace.ts';
import { emulate_sys_reg } from './cpufeature.ts';
import { user_fastforward_single_step } from './debug-monitors.ts';
import { __show_regs } from './process.ts';

/*
 * From a fault to a signal
 */

/** What the signal frame will say about the fault. */
export function set_thread_esr(task: Task, address: bigint, esr: number): void {
  const thread = thread_of(task);
  thread.fault_address = address;
  thread.fault_code = esr;
}

/** A line in the log if the program has no handler and somebody asked for it (debug.exception-trace). */
function arm64_show_signal(task: Task, sig: number, text: string): void {
  const { kernel } = task;
  if (kernel.params.get('sysctl.debug.exception-trace') !== '1' || !unhandled_signal(task, sig)) return;
  const { fault_code: esr } = thread_of(task);
  const why = esr ? `${esr_get_class_string(esr)}, ESR 0x${esr.toString(16).padStart(16, '0')}, ` : '';
  kernel.printk.info(`${task.comm}[${task.pid}]: unhandled exception: ${why}${text}`);
  for (const line of __show_regs(task.regs as PtRegs)) kernel.printk.info(line);
}

/** `far`: the address to report, tag and all. */
export function arm64_force_sig_fault(
  task: Task,
  sig: number,
  code: number,
  far: bigint,
  text: string,
): void {
  arm64_show_signal(task, sig, text);
  if (sig === SIGKILL) force_sig(SIGKILL, task);
  else force_sig_fault(sig, code, far, task);
}

/** For exceptions that are not about an address in memory. */
export function arm64_notify_die(
  task: Task,
  text: string,
  sig: number,
  code: number,
  far: bigint,
  esr: number,
): void {
  set_thread_esr(task, 0n, esr);
  arm64_force_sig_fault(task, sig, code, far, text);
}

export function force_signal_inject(
  task: Task,
  sig: number,
  code: number,
  address: bigint,
  esr: number,
): void {
  const text =
    sig === SIGILL
      ? 'undefined instruction'
      : sig === SIGSEGV
        ? 'illegal memory access'
        : 'unknown or unrecoverable error';
  const known = sig === SIGKILL || siginfo_layout(sig, code) === 'fault';
  arm64_notify_die(task, text, known ? sig : SIGKILL, code, address, esr);
}

/** A class that should not come from user space, or not on this CPU. PSTATE.IL is one of them. */
export function bad_el0_sync(_arm64: Arm64, task: Task, regs: PtRegs, esr: number): void {
  set_thread_esr(task, 0n, esr);
  arm64_force_sig_fault(task, SIGILL, ILL_ILLOPC, regs.regs[PC]!, 'Bad EL0 synchronous exception');
}

/*
 * Undefined instructions
 */

/** MRS Xt, <register>: everything but the register and Xt. */
const MRS_MASK = 0xfff0_0000;
const MRS_VALUE = 0xd530_0000;
const MRS_SYSREG = 0x001f_ffe0;

export function do_el0_undef(arm64: Arm64, task: Task, regs: PtRegs, _esr: number): void {
  const insn = get_user_u32(task, regs.pc as UserPtr);
  if (insn >= 0 && try_emulate_mrs(arm64, task, regs, insn)) return;
  force_signal_inject(task, SIGILL, ILL_ILLOPC, regs.regs[PC]!, 0);
}

function try_emulate_mrs(arm64: Arm64, task: Task, regs: PtRegs, insn: number): boolean {
  if ((insn & MRS_MASK) >>> 0 !== MRS_VALUE) return false;
  return do_emulate_mrs(arm64, task, regs, insn & MRS_SYSREG, insn & 31);
}

/** Programs may ask what the CPU can do: the ID registers are read for them, cut to what they may rely on. */
function do_emulate_mrs(arm64: Arm64, task: Task, regs: PtRegs, reg: number, rt: number): boolean {
  const value = emulate_sys_reg(arm64.cpu, reg);
  if (!value) return false;
  if (rt !== 31) regs.words.set(value, 2 * rt);
  arm64_skip_faulting_instruction(task, regs);
  return true;
}

/** Trapped system instructions: MRS of an ID register, WFI. What is none of these was always undefined. */
export function do_el0_sys(arm64: Arm64, task: Task, regs: PtRegs, esr: number): void {
  // User space does not stop the clock: WFI may return at any time, so it does at once.
  if (ESR_ELx_EC(esr) === ESR_ELx_EC_WFx) return arm64_skip_faulting_instruction(task, regs);

  const read = (esr & ESR_ELx_SYS64_ISS_DIR_READ) !== 0;
  if (read && do_emulate_mrs(arm64, task, regs, esr_sys64_to_sysreg(esr), ESR_ELx_SYS64_ISS_RT(esr))) return;
  do_el0_undef(arm64, task, regs, esr);
}

/** The instruction has been done in software. */
export function arm64_skip_faulting_instruction(task: Task, regs: PtRegs): void {
  regs.pc += 4;
  user_fastforward_single_step(task);
  regs.pstate &= ~PSR_BTYPE_MASK;
}
