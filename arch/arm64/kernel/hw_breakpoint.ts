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
import { TASK_SIZE } from '../../../kernel/include/linux/types.ts';
import { NT_ARM_HW_BREAK } from '../../../kernel/include/uapi/elf.ts';
import { EINVAL } from '../../../kernel/include/uapi/errno.ts';
import { TRAP_HWBKPT } from '../../../kernel/include/uapi/siginfo.ts';
import { SIGTRAP } from '../../../kernel/include/uapi/signal.ts';
import { get_unaligned_le32, get_unaligned_le64 } from '../../../kernel/lib/bytes.ts';
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

/*
 * A tracer sets them: NT_ARM_HW_BREAK, NT_ARM_HW_WATCH
 */

const SLOTS_AT = 8; // behind the information word and its padding
const SLOT_SIZE = 16;
const TYPE_EXECUTE = 0;

/** Slot by slot; those before a bad one are set. Slots that this CPU does not have are not looked at: EINVAL upstream too. */
export function set_hw_debug(task: Task, type: number, slots: number, bytes: Uint8Array): number {
  const thread = thread_of(task);
  const set = type === NT_ARM_HW_BREAK ? thread.hbp_break : thread.hbp_watch;
  for (let n = 0, at = SLOTS_AT; at < bytes.length; n++, at += SLOT_SIZE) {
    if (bytes.length - at < 8) return -EINVAL;
    const addr = get_unaligned_le64(bytes, at);
    const ctrl = bytes.length - at < 12 ? set[n]!.ctrl : get_unaligned_le32(bytes, at + 8);
    if (n >= slots) {
      if (addr !== 0 || ctrl !== 0) return -EINVAL;
      continue;
    }
    const slot = parse_slot(type, addr, ctrl);
    if (!slot) return -EINVAL;
    Object.assign(set[n]!, slot);
    thread.hbp_active = [...thread.hbp_break, ...thread.hbp_watch].some(({ ctrl }) => ctrl & CTRL_ENABLE);
  }
  return 0;
}

/** Linux: hw_breakpoint_arch_parse(). What the registers will hold, or null if that cannot be. */
function parse_slot(type: number, addr: number, ctrl: number): HwDebugSlot | null {
  if (addr >= TASK_SIZE) return null; // nobody watches the kernel
  if (!(ctrl & CTRL_ENABLE)) return { addr, ctrl: ctrl & ~CTRL_ENABLE };

  const access = (ctrl >>> 3) & 3;
  const execute = type === NT_ARM_HW_BREAK;
  if ((access === TYPE_EXECUTE) !== execute) return null;
  if (execute) return { addr: addr - (addr % 4), ctrl: CTRL_ENABLE | PRIVILEGE_EL0 | (0xf << 5) };

  // Bytes of one doubleword, next to each other.
  const mask = (ctrl >>> 5) & 0xff;
  const first = mask & -mask;
  if (mask === 0 || ((mask + first) & mask) !== 0) return null;
  const shifted = mask << (addr % 8);
  if (shifted > 0xff) return null;
  return { addr: addr - (addr % 8), ctrl: CTRL_ENABLE | PRIVILEGE_EL0 | (access << 3) | (shifted << 5) };
}

/** The instruction has not been executed. */
export function breakpoint_handler(task: Task, regs: PtRegs): void {
  arm64_force_sig_fault(task, SIGTRAP, TRAP_HWBKPT, regs.regs[PC]!, 'Hardware breakpoint trap (ptrace)');
}

/** `addr`: the address of the access, which was not made. */
export function watchpoint_handler(task: Task, addr: bigint): void {
  arm64_force_sig_fault(task, SIGTRAP, TRAP_HWBKPT, addr, 'Hardware watchpoint trap (ptrace)');
}
