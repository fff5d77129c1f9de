/*
 * arch/arm64/kernel/ptrace.ts - what a tracer sees and may change of an arm64 task
 *
 * Linux:   arch/arm64/kernel/ptrace.c, arch/arm64/include/asm/entry-common.h (v6.12; generic entry series v16)
 * Manual:  ptrace(2)
 * Absent:  register sets
 */

import type { Task } from '../../../kernel/include/linux/sched.ts';
import { ptrace_report_syscall } from '../../../kernel/ptrace.ts';
import {
  PTRACE_EVENTMSG_SYSCALL_ENTRY,
  PTRACE_EVENTMSG_SYSCALL_EXIT,
} from '../../../kernel/include/uapi/ptrace.ts';
import { SI_USER } from '../../../kernel/include/uapi/siginfo.ts';
import { SIGTRAP } from '../../../kernel/include/uapi/signal.ts';
import type { Sleeps } from '../../../kernel/sched/wait.ts';
import { force_sig_info } from '../../../kernel/signal.ts';
import {
  PSR_A_BIT,
  PSR_D_BIT,
  PSR_F_BIT,
  PSR_I_BIT,
  PSR_MODE32_BIT,
  PSR_MODE_MASK,
  type PtRegs,
  SPSR_EL1_AARCH64_RES0_BITS,
  forget_syscall,
} from '../include/asm/ptrace.ts';
import { user_regs_reset_single_step } from './debug-monitors.ts';

/** The register that tells a tracer which side of the call it sees: 0 before, 1 after. What it writes there is lost. */
const X7 = 7;

/** True: do not make the call. */
export function* arch_ptrace_report_syscall_entry(task: Task): Sleeps<boolean> {
  const regs = task.regs as PtRegs;
  const saved = regs.regs[X7]!;
  regs.put(X7, 0);
  const fatal = yield* ptrace_report_syscall(task, PTRACE_EVENTMSG_SYSCALL_ENTRY);
  if (fatal) forget_syscall(regs);
  regs.regs[X7] = saved;
  return fatal;
}

/**
 * A single-stepped task does not stop here: a SIGTRAP is forced, which it reports when it is on its way out, with its
 * real x7. It looks like a step over the svc.
 */
export function* arch_ptrace_report_syscall_exit(task: Task, step: boolean): Sleeps<void> {
  if (step) {
    force_sig_info({ si_signo: SIGTRAP, si_errno: 0, si_code: SI_USER, si_pid: 0, si_uid: 0 }, task);
    return;
  }
  const regs = task.regs as PtRegs;
  const saved = regs.regs[X7]!;
  regs.put(X7, 1);
  yield* ptrace_report_syscall(task, PTRACE_EVENTMSG_SYSCALL_EXIT);
  regs.regs[X7] = saved;
}

const PSR_DAIF = PSR_D_BIT | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT;
const PSR_NZCV = 0xf000_0000;

/**
 * Registers that came from user space. Bits without a meaning are dropped; what is not EL0 with everything unmasked is
 * refused, and left in a state that at least is.
 */
export function valid_user_regs(regs: PtRegs, task: Task): boolean {
  regs.pstate &= ~SPSR_EL1_AARCH64_RES0_BITS; // and clears the high word
  user_regs_reset_single_step(regs, task);
  if ((regs.pstate & (PSR_MODE_MASK | PSR_MODE32_BIT | PSR_DAIF)) === 0) return true;
  regs.pstate &= PSR_NZCV;
  return false;
}
