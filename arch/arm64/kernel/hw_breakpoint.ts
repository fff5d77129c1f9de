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
import { EINVAL, ENOSPC } from '../../../kernel/include/uapi/errno.ts';
import { TRAP_HWBKPT } from '../../../kernel/include/uapi/siginfo.ts';
import { SIGTRAP } from '../../../kernel/include/uapi/signal.ts';
import { get_unaligned_le32, get_unaligned_le64 } from '../../../kernel/lib/bytes.ts';
import {
  ARM_BREAKPOINT_EXECUTE,
  ARM_BREAKPOINT_LOAD,
  ARM_BREAKPOINT_STORE,
  CTRL_ENABLE,
  type HwDebugSlot,
  new_slot,
} from '../include/asm/hw_breakpoint.ts';
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

/** Linux: hw_breakpoint_thread_switch(). Nothing is touched between two tasks that are not debugged. */
export function hw_breakpoint_thread_switch(cpu: Cpu, prev: Task, next: Task): void {
  const { hbp_active } = thread_of(next);
  if (hbp_active) install(cpu, next);
  else if (thread_of(prev).hbp_active) mdscr_modify(cpu, DBG_MDSCR_MDE, 0);
}

/** The task's set into the CPU: also when a tracer has changed the set of the task that runs next anyway. */
export function install(cpu: Cpu, task: Task): void {
  const { hbp_break, hbp_watch } = thread_of(task);
  for (let n = 0; n < get_num_brps(cpu); n++) write_wb_reg(cpu, 'DBGB', n, hbp_break[n]);
  for (let n = 0; n < get_num_wrps(cpu); n++) write_wb_reg(cpu, 'DBGW', n, hbp_watch[n]);
  mdscr_modify(cpu, 0, DBG_MDSCR_MDE);
}

function write_wb_reg(cpu: Cpu, kind: 'DBGB' | 'DBGW', n: number, slot: HwDebugSlot | undefined): void {
  const enabled = slot !== undefined && (slot.ctrl & CTRL_ENABLE) !== 0;
  const addr = enabled ? slot.addr : 0;
  cpu.writeSysreg(`${kind}VR${n}_EL1`, addr >>> 0, Math.floor(addr / 2 ** 32));
  cpu.writeSysreg(`${kind}CR${n}_EL1`, enabled ? slot.ctrl : 0);
}

/** Linux: flush_ptrace_hw_breakpoint(). A new program has none. */
export function flush_ptrace_hw_breakpoint(cpu: Cpu, task: Task): void {
  const thread = thread_of(task);
  thread.hbp_break.length = 0;
  thread.hbp_watch.length = 0;
  if (!thread.hbp_active) return;
  thread.hbp_active = false;
  mdscr_modify(cpu, DBG_MDSCR_MDE, 0);
}

/*
 * A tracer sets them: NT_ARM_HW_BREAK, NT_ARM_HW_WATCH
 *
 * Each slot's address comes before its control word and takes effect by itself, with the length that the slot had: one
 * that it does not fit is refused. Debuggers therefore write aligned addresses and choose bytes by the mask.
 */

const SLOTS_AT = 8; // behind the information word and its padding
const SLOT_SIZE = 16;
const CTRL_AT = 8;

/** Slot by slot; those before a bad one are set. */
export function set_hw_debug(task: Task, type: number, slots: number, bytes: Uint8Array): number {
  const thread = thread_of(task);
  const set = type === NT_ARM_HW_BREAK ? thread.hbp_break : thread.hbp_watch;
  let err = 0;
  for (let n = 0, at = SLOTS_AT; at < bytes.length && err === 0; n++, at += SLOT_SIZE) {
    err = set_slot(set, n, type, slots, bytes.subarray(at, at + SLOT_SIZE));
  }
  thread.hbp_active = [...thread.hbp_break, ...thread.hbp_watch].some(({ ctrl }) => ctrl & CTRL_ENABLE);
  return err;
}

function set_slot(set: HwDebugSlot[], n: number, type: number, slots: number, bytes: Uint8Array): number {
  if (bytes.length < CTRL_AT) return -EINVAL;
  if (n >= slots) return -ENOSPC;
  set[n] ??= ptrace_hbp_create(type);
  const slot = set[n]!;
  const err = modify_user_hw_breakpoint(slot, { ...slot, bp_addr: get_unaligned_le64(bytes, 0) });
  if (err < 0 || bytes.length === CTRL_AT) return err;
  return ptrace_hbp_set_ctrl(slot, type, get_unaligned_le32(bytes, CTRL_AT));
}

/** Off, and at address 0. */
function ptrace_hbp_create(type: number): HwDebugSlot {
  const watch = ARM_BREAKPOINT_LOAD | ARM_BREAKPOINT_STORE;
  const slot = new_slot(type === NT_ARM_HW_BREAK ? ARM_BREAKPOINT_EXECUTE : watch);
  modify_user_hw_breakpoint(slot, slot);
  return slot;
}

/** Which bytes, and for what. Of a word that does not enable the rest does not count. */
function ptrace_hbp_set_ctrl(slot: HwDebugSlot, type: number, ctrl: number): number {
  if (!(ctrl & CTRL_ENABLE)) return modify_user_hw_breakpoint(slot, { ...slot, disabled: true });

  const bp_type = (ctrl >>> 3) & 3;
  if ((bp_type === ARM_BREAKPOINT_EXECUTE) !== (type === NT_ARM_HW_BREAK)) return -EINVAL;
  // Bytes next to each other.
  const mask = (ctrl >>> 5) & 0xff;
  const first = mask & -mask;
  if (mask === 0 || ((mask + first) & mask) !== 0) return -EINVAL;
  const bp_len = Math.log2((mask + first) / first);
  const bp_addr = slot.bp_addr + Math.log2(first);
  return modify_user_hw_breakpoint(slot, { ...slot, bp_addr, bp_len, bp_type, disabled: false });
}

/** Linux: hw_breakpoint_arch_parse(). Works out what the registers will hold; 0, or -EINVAL and nothing has changed. */
function modify_user_hw_breakpoint(slot: HwDebugSlot, wanted: HwDebugSlot): number {
  const { bp_addr, bp_len, bp_type, disabled } = wanted;
  if (bp_addr >= TASK_SIZE) return -EINVAL; // nobody watches the kernel
  const execute = bp_type === ARM_BREAKPOINT_EXECUTE;
  const offset = bp_addr % (execute ? 4 : 8);
  const mask = ((1 << (execute ? 4 : bp_len)) - 1) << offset;
  if (mask > 0xff) return -EINVAL; // beyond the doubleword

  const ctrl = (disabled ? 0 : CTRL_ENABLE) | PRIVILEGE_EL0 | (bp_type << 3) | (mask << 5);
  Object.assign(slot, wanted, { addr: bp_addr - offset, ctrl });
  return 0;
}

/** The instruction has not been executed. */
export function breakpoint_handler(task: Task, regs: PtRegs): void {
  arm64_force_sig_fault(task, SIGTRAP, TRAP_HWBKPT, regs.regs[PC]!, 'Hardware breakpoint trap (ptrace)');
}

/** `addr`: the address of the access, which was not made. */
export function watchpoint_handler(task: Task, addr: bigint): void {
  arm64_force_sig_fault(task, SIGTRAP, TRAP_HWBKPT, addr, 'Hardware watchpoint trap (ptrace)');
}
