/*
 * arch/arm64/kernel/sigreturn.ts - a program hands a signal frame back
 *
 * Linux:   arch/arm64/kernel/signal.c (sys_rt_sigreturn, parse_user_sigframe, restore_sigframe), v6.12
 * Manual:  sigreturn(2)
 *
 * The frame is user memory: the program may have changed anything in it, so nothing is taken without a look.
 */

import type { Task } from '../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../kernel/include/linux/types.ts';
import { TASK_SIZE } from '../../../kernel/include/linux/types.ts';
import { SEGV_ACCERR, SEGV_MAPERR } from '../../../kernel/include/uapi/siginfo.ts';
import { SIGSEGV } from '../../../kernel/include/uapi/signal.ts';
import { get_unaligned_le32, get_unaligned_le64 } from '../../../kernel/lib/bytes.ts';
import { copy_from_user, get_user_u32 } from '../../../kernel/lib/usercopy.ts';
import { find_vma } from '../../../kernel/mm/vma.ts';
import { set_altstack, set_current_blocked, stack_t_from_bytes } from '../../../kernel/signal.ts';
import { sigset_from_bytes } from '../../../kernel/signal/sigset.ts';
import type { Arm64 } from '../arch.ts';
import { thread_of } from '../include/asm/processor.ts';
import { type PtRegs, SP, forget_syscall } from '../include/asm/ptrace.ts';
import {
  ESR_MAGIC,
  EXTRA_CONTEXT_SIZE,
  EXTRA_MAGIC,
  FPSIMD_CONTEXT_SIZE,
  FPSIMD_MAGIC,
  RECORD_HEADER_SIZE,
  RESERVED_SIZE,
  SIGFRAME,
  SIGFRAME_MAXSZ,
  TERMINATOR_SIZE,
} from '../include/asm/sigcontext.ts';
import { valid_user_regs } from './ptrace.ts';
import { force_signal_inject } from './traps.ts';

/** Returns x0 as the frame has it, so that the way out writes what is there already. */
export function rt_sigreturn(task: Task): number | bigint {
  const regs = task.regs as PtRegs;
  task.restart_block = null; // whatever was interrupted, its time is over
  if (!restore_frame(task, regs)) {
    arm64_notify_segfault(task, regs.sp, regs.regs[SP]!);
    return 0;
  }
  return regs.regs[0]!;
}

function restore_frame(task: Task, regs: PtRegs): boolean {
  const frame = regs.sp;
  if (frame % 16 !== 0 || frame + SIGFRAME.SIZE > TASK_SIZE) return false;
  if (!restore_sigframe(task, regs, frame)) return false;
  restore_altstack(task, frame, regs.sp);
  return true;
}

/** Linux: restore_sigframe(). What was restored before the first error stays restored. */
function restore_sigframe(task: Task, regs: PtRegs, frame: number): boolean {
  const { sigframe } = task.kernel.arch as Arm64;
  if (copy_from_user(task, sigframe.head, (frame + SIGFRAME.UC_SIGMASK) as UserPtr)) return false;
  set_current_blocked(task, sigset_from_bytes(sigframe.view, SIGFRAME.UC_SIGMASK));
  regs.user_regs.set(sigframe.regs);

  // The restored x0 may look like a restart code. It is not the result of a call.
  forget_syscall(regs);
  if (!valid_user_regs(regs, task)) return false;

  const fpsimd = parse_user_sigframe(task, frame);
  return fpsimd !== null && restore_fpsimd_context(task, fpsimd);
}

function restore_fpsimd_context(task: Task, at: number): boolean {
  const { fpsimd, sigframe } = task.kernel.arch as Arm64;
  if (copy_from_user(task, sigframe.fpsimd, at as UserPtr)) return false;
  fpsimd.fpsimd_flush_task_state(task);
  const thread = thread_of(task);
  thread.vregs_bytes.set(sigframe.vregs);
  thread.fpstatus_bytes.set(sigframe.fpstatus);
  return true;
}

/** Errors are ignored: the frame's stack may be one that sigaltstack() would refuse. */
function restore_altstack(task: Task, frame: number, sp: number): void {
  const bytes = new Uint8Array(24);
  if (copy_from_user(task, bytes, (frame + SIGFRAME.UC_STACK) as UserPtr)) return;
  set_altstack(task, stack_t_from_bytes(bytes), sp);
}

/**
 * Linux: parse_user_sigframe(). The address of the FPSIMD record, or null: the records are not a well-formed list, one of
 * them is unknown or comes twice, or FPSIMD, which must be there, is not.
 */
export function parse_user_sigframe(task: Task, frame: number): number | null {
  let base = frame + SIGFRAME.RESERVED;
  let limit = RESERVED_SIZE;
  let offset = 0;
  let fpsimd: number | null = null;
  let extra = false;

  for (;;) {
    if (limit - offset < RECORD_HEADER_SIZE || offset % 16 !== 0) return null;
    const at = base + offset;
    const magic = get_user_u32(task, at as UserPtr);
    const size = get_user_u32(task, (at + 4) as UserPtr);
    if (magic < 0 || size < 0 || limit - offset < size) return null;

    switch (magic) {
      case 0:
        return size === 0 ? fpsimd : null;
      case FPSIMD_MAGIC:
        if (fpsimd !== null || size !== FPSIMD_CONTEXT_SIZE) return null;
        fpsimd = at;
        break;
      case ESR_MAGIC:
        break;
      case EXTRA_MAGIC: {
        const area =
          extra || size < EXTRA_CONTEXT_SIZE ? null : extra_area(task, frame, at, size, limit - offset);
        if (!area) return null;
        extra = true;
        ({ base, limit } = area);
        offset = 0;
        continue;
      }
      default:
        return null;
    }
    if (size < RECORD_HEADER_SIZE) return null;
    offset += size;
  }
}

/** Records that did not fit go on behind the frame; the list in the frame itself must end right here. */
function extra_area(
  task: Task,
  frame: number,
  at: number,
  recordSize: number,
  left: number,
): { base: number; limit: number } | null {
  if (left - recordSize < TERMINATOR_SIZE) return null;
  const bytes = new Uint8Array(recordSize + TERMINATOR_SIZE);
  if (copy_from_user(task, bytes, at as UserPtr)) return null;
  const base = get_unaligned_le64(bytes, RECORD_HEADER_SIZE);
  const limit = get_unaligned_le32(bytes, RECORD_HEADER_SIZE + 8);
  const terminator = bytes.subarray(recordSize);
  if (get_unaligned_le32(terminator, 0) !== 0 || get_unaligned_le32(terminator, 4) !== 0) return null;

  const follows = at + recordSize + TERMINATOR_SIZE;
  if (base % 16 !== 0 || limit % 16 !== 0 || base !== follows) return null;
  if (limit > frame + SIGFRAME_MAXSZ - base || base + limit > TASK_SIZE) return null;
  return { base, limit };
}

/** Linux: arm64_notify_segfault(). A frame that cannot be: as if the program had accessed it in vain. */
function arm64_notify_segfault(task: Task, sp: number, address: bigint): void {
  const vma = sp < TASK_SIZE ? find_vma(task.mm!, sp) : null;
  // Above a stack that could grow or in nothing at all: find_vma() takes the next mapping above, as upstream does.
  force_signal_inject(task, SIGSEGV, vma ? SEGV_ACCERR : SEGV_MAPERR, address, 0);
}
