/*
 * arch/arm64/kernel/syscall.ts - svc #0
 *
 * Linux:   arch/arm64/kernel/syscall.c (el0_svc_common, invoke_syscall), as the series "arm64: entry: Convert to generic
 *          entry" (v16) leaves it
 * Manual:  syscall(2), "Architecture calling conventions"
 * Absent:  AArch32, MTE; the stack offset is not randomised
 *
 * x8 is the number, x0..x5 the arguments, x0 the result. The short way - nobody watches, and the call does not sleep -
 * makes no generator; anything else returns the rest of the story.
 */

import {
  SYSCALL_WORK_ENTER,
  syscall_exit_to_user_mode_work,
  syscall_trace_enter,
} from '../../../kernel/entry/common.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import { ENOSYS } from '../../../kernel/include/uapi/errno.ts';
import type { MaySleep, Sleeps } from '../../../kernel/sched/wait.ts';
import type { SysRet } from '../../../kernel/syscalls/define.ts';
import { __NR_syscalls } from '../../../kernel/syscalls/table.ts';
import { NO_SYSCALL, ORIG_X0, type PtRegs } from '../include/asm/ptrace.ts';
import type { Arm64 } from '../arch.ts';

const X8_LOW = 2 * 8;

export function el0_svc(arm64: Arm64, task: Task, regs: PtRegs): MaySleep<void> {
  // Only the low half of x8 is the number, and it is a C int.
  return el0_svc_common(arm64, task, regs, regs.words[X8_LOW]! | 0);
}

function el0_svc_common(arm64: Arm64, task: Task, regs: PtRegs, nr: number): MaySleep<void> {
  regs.move(ORIG_X0, 0);
  regs.syscallno = nr;
  const { events } = task.kernel;
  if (events) events.sys_enter(task, nr, regs.args);
  if (task.thread_info.syscall_work & SYSCALL_WORK_ENTER) return traced_syscall(arm64, task, regs, nr);

  const ret = invoke_syscall(arm64, task, regs, nr);
  if (typeof ret === 'object') return sleeping_syscall(task, regs, nr, ret);
  return syscall_done(task, regs, nr, ret);
}

/** With somebody who wants to look first, and perhaps to change it. */
function* traced_syscall(arm64: Arm64, task: Task, regs: PtRegs, nr: number): Sleeps<void> {
  // -1 will come to mean "skip, and leave x0 alone"; when it is the program's own number, -ENOSYS must be there by then.
  if (nr === NO_SYSCALL) regs.put(0, -ENOSYS);
  const call = yield* syscall_trace_enter(task, regs);
  if (call === NO_SYSCALL) return yield* syscall_skipped(task, regs, nr);

  const ret = invoke_syscall(arm64, task, regs, call);
  const rest = syscall_done(task, regs, nr, typeof ret === 'object' ? yield* ret : ret);
  if (rest) yield* rest;
}

function* sleeping_syscall(task: Task, regs: PtRegs, nr: number, call: Sleeps<SysRet>): Sleeps<void> {
  const rest = syscall_done(task, regs, nr, yield* call);
  if (rest) yield* rest;
}

/** x0 is what whoever skipped it made of it. */
function* syscall_skipped(task: Task, regs: PtRegs, nr: number): Sleeps<void> {
  emit_exit(task, nr, regs.signedValue(0));
  const rest = syscall_exit_to_user_mode_work(task);
  if (rest) yield* rest;
}

function syscall_done(task: Task, regs: PtRegs, nr: number, ret: SysRet): MaySleep<void> {
  if (typeof ret === 'number') regs.put(0, ret);
  else regs.regs[0] = ret;
  emit_exit(task, nr, typeof ret === 'number' ? ret : regs.signedValue(0));
  return syscall_exit_to_user_mode_work(task);
}

/** With the number that the program asked for: sigreturn has forgotten its own by now. */
function emit_exit(task: Task, nr: number, ret: number): void {
  const { events } = task.kernel;
  if (events) events.sys_exit(task, nr, ret);
}

function invoke_syscall(arm64: Arm64, task: Task, regs: PtRegs, nr: number): MaySleep<SysRet> {
  const fn = arm64.sys_call_table[nr];
  return fn ? fn.call(task, regs.args) : sys_ni_syscall(task, nr);
}

/** Told once: a program that needs a call we do not have should not leave its user guessing. */
function sys_ni_syscall({ kernel, comm, pid }: Task, nr: number): number {
  if (nr >= 0 && nr < __NR_syscalls && !kernel.unknown_syscalls.has(nr)) {
    kernel.unknown_syscalls.add(nr);
    kernel.printk.info(`${comm}[${pid}]: system call ${nr} is not implemented`);
  }
  return -ENOSYS;
}
