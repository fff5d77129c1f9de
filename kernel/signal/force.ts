/*
 * kernel/signal/force.ts - signals that cannot be refused, because the program cannot go on
 *
 * Linux:   kernel/signal.c (force_sig_info_to_task and its callers), v6.12
 *
 * All of these are for the running task, about what it just did.
 */

import { SIGNAL_UNKILLABLE } from '../include/linux/jobctl.ts';
import type { Task } from '../include/linux/sched.ts';
import type { KernelSigInfo } from '../include/linux/signal.ts';
import { SYS_SECCOMP } from '../include/uapi/siginfo.ts';
import { SA_IMMUTABLE, SIGSEGV, SIGSYS, SIG_DFL, SIG_IGN } from '../include/uapi/signal.ts';
import { PIDTYPE_PID } from '../pid.ts';
import { task_sigpending } from './pending.ts';
import { send_signal_locked, signal_wake_up } from './send.ts';
import { kernel_siginfo } from './siginfo.ts';
import { sigdelset, sigismember } from './sigset.ts';

/**
 * What may handle a forced signal: the handler if there is one and it is not blocked; nobody (the program dies); nobody,
 * and neither a tracer nor sigaction() can change that any more.
 */
export type SigHandling = 'current' | 'default' | 'exit';

export function force_sig_info_to_task(info: KernelSigInfo, task: Task, handling: SigHandling): void {
  const sig = info.si_signo;
  const action = task.sighand.action[sig - 1]!;
  const blocked = sigismember(task.blocked, sig);
  if (blocked || action.sa_handler === SIG_IGN || handling !== 'current') {
    action.sa_handler = SIG_DFL as typeof action.sa_handler;
    if (handling === 'exit') action.sa_flags |= SA_IMMUTABLE;
    if (blocked) task.blocked = sigdelset(task.blocked, sig);
  }
  // Not even init survives its own faults, unless a tracer is there to decide.
  if (action.sa_handler === SIG_DFL && (!task.ptrace || handling === 'exit')) {
    task.signal.flags &= ~SIGNAL_UNKILLABLE;
  }
  send_signal_locked(sig, info, task, PIDTYPE_PID);
  // It may have been pending and blocked all the time.
  if (!task_sigpending(task)) signal_wake_up(task, false);
}

export const force_sig_info = (info: KernelSigInfo, task: Task): void =>
  force_sig_info_to_task(info, task, 'current');

export const force_sig = (sig: number, task: Task): void => force_sig_info(kernel_siginfo(sig), task);

/** Ends the program; a tracer may still see it and a handler may not. */
export const force_fatal_sig = (sig: number, task: Task): void =>
  force_sig_info_to_task(kernel_siginfo(sig), task, 'default');

/** Ends the program, and nobody can interfere. */
export const force_exit_sig = (sig: number, task: Task): void =>
  force_sig_info_to_task(kernel_siginfo(sig), task, 'exit');

/** A signal could not be delivered. If it was SIGSEGV itself, its handler is of no use. */
export const force_sigsegv = (sig: number, task: Task): void =>
  sig === SIGSEGV ? force_fatal_sig(SIGSEGV, task) : force_sig(SIGSEGV, task);

/** `addr`: what the hardware reported, or the address of the instruction. */
export const force_sig_fault = (sig: number, code: number, addr: bigint, task: Task): void =>
  force_sig_info({ si_signo: sig, si_errno: 0, si_code: code, si_addr: addr }, task);

/** SIGSYS for a filtered call: `reason` is the filter's data. `forceExit`: the filter's verdict was to kill. */
export function force_sig_seccomp(syscall: number, reason: number, forceExit: boolean, task: Task): void {
  const info = { ...sigsys_info(SYS_SECCOMP, syscall, task), si_errno: reason };
  force_sig_info_to_task(info, task, forceExit ? 'exit' : 'current');
}

/** Why a system call is not made: the call, and where it was to be made. */
export function sigsys_info(code: number, syscall: number, task: Task): KernelSigInfo {
  const { arch } = task.kernel;
  return {
    si_signo: SIGSYS,
    si_errno: 0,
    si_code: code,
    si_call_addr: arch.instruction_pointer(task.regs),
    si_syscall: syscall,
    si_arch: arch.syscall_get_arch(task),
  };
}
