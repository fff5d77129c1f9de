/*
 * arch/arm64/kernel/process.ts - a task's registers: made, copied, cleared, exchanged
 *
 * Linux:   arch/arm64/kernel/process.c, arch/arm64/include/asm/processor.h (v6.12)
 */

import type { Cpu } from '../../../board/cpu/cpu.ts';
import { STATE } from '../../../board/cpu/state.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import { ThreadStruct, thread_of } from '../include/asm/processor.ts';
import { PSR_MODE_EL0t, PtRegs } from '../include/asm/ptrace.ts';
import type { Arm64 } from '../arch.ts';
import { user_disable_single_step } from './debug-monitors.ts';
import { flush_ptrace_hw_breakpoint, hw_breakpoint_thread_switch } from './hw_breakpoint.ts';
import { flush_tagged_addr_state } from './tagged-addr.ts';

const TPIDR = STATE.TPIDR_EL0 >>> 2;

/** Registers and thread state of a task to be; `orig` is whom it is a copy of, null for a kernel thread. */
export function arch_dup_task_struct(
  { cpu, fpsimd }: Arm64,
  orig: Task | null,
): { regs: PtRegs; thread: ThreadStruct } {
  const regs = new PtRegs();
  if (!orig) return { regs, thread: new ThreadStruct() };
  regs.copyFrom(orig.regs as PtRegs);
  tls_preserve_current_state(cpu, orig);
  fpsimd.fpsimd_preserve_state(orig);
  return { regs, thread: ThreadStruct.copy(thread_of(orig)) };
}

/** The child returns from the same system call with 0. `stack` 0: on a copy of the parent's stack. */
export function copy_thread(child: Task, stack: number, tls: bigint | null): void {
  const regs = child.regs as PtRegs;
  regs.put(0, 0);
  if (stack !== 0) regs.sp = stack;
  if (tls !== null) new BigUint64Array(thread_of(child).tp_value.buffer)[0] = tls;
  user_disable_single_step(child);
}

/** exec: everything starts at zero. The number of the call stays: its exit is still to be reported. */
export function start_thread(task: Task, pc: number, sp: number): void {
  const regs = task.regs as PtRegs;
  const { syscallno } = regs;
  regs.clear();
  regs.syscallno = syscallno;
  regs.pc = pc;
  regs.sp = sp;
  regs.pstate = PSR_MODE_EL0t;
}

/** exec: what the old program had set up in the CPU. */
export function flush_thread({ cpu, fpsimd }: Arm64, task: Task): void {
  const thread = thread_of(task);
  thread.tp_value.fill(0);
  cpu.regs.words.set(thread.tp_value, TPIDR);
  fpsimd.fpsimd_flush_thread(task);
  flush_ptrace_hw_breakpoint(cpu, task);
  flush_tagged_addr_state(task);
}

export function switch_to(arm64: Arm64, prev: Task, next: Task): void {
  const { cpu, fpsimd } = arm64;
  tls_preserve_current_state(cpu, prev);
  cpu.regs.words.set(thread_of(next).tp_value, TPIDR);
  fpsimd.fpsimd_thread_switch(next);
  hw_breakpoint_thread_switch(cpu, prev, next);
}

/** TPIDR_EL0 is user space's to write: what is in the CPU is newer than what we know. */
export function tls_preserve_current_state(cpu: Cpu, task: Task): void {
  const { tp_value } = thread_of(task);
  tp_value[0] = cpu.regs.words[TPIDR]!;
  tp_value[1] = cpu.regs.words[TPIDR + 1]!;
}

/** Linux: __show_regs(), one string a line. */
export function __show_regs(regs: PtRegs): string[] {
  const hex = (index: number): string => (regs.regs[index] ?? 0n).toString(16).padStart(16, '0');
  const lines = [
    `pc : ${hex(32)}`,
    `lr : ${hex(30)}`,
    `sp : ${hex(31)}`,
    `pstate: ${regs.pstate.toString(16).padStart(8, '0')} syscallno: ${regs.syscallno}`,
    `x29: ${hex(29)} x28: ${hex(28)} x27: ${hex(27)}`,
  ];
  for (let i = 26; i >= 2; i -= 3) {
    lines.push([i, i - 1, i - 2].map((n) => `x${n}${n < 10 ? ' ' : ''}: ${hex(n)}`).join(' '));
  }
  return lines;
}
