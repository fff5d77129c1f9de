/*
 * kernel/signal/altstack.ts - the stack for handlers
 *
 * Linux:  kernel/signal.c (do_sigaltstack), include/linux/sched/signal.h (on_sig_stack), v6.12
 * Manual: sigaltstack(2)
 */

import type { Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EINVAL, ENOMEM, EPERM } from '../include/uapi/errno.ts';
import { MINSIGSTKSZ, SS_AUTODISARM, SS_DISABLE, SS_FLAG_BITS, SS_ONSTACK } from '../include/uapi/signal.ts';
import {
  get_unaligned_le32,
  get_unaligned_le64,
  put_unaligned_le32,
  put_unaligned_le64,
} from '../lib/bytes.ts';

/** stack_t: ss_sp, ss_flags and padding, ss_size. */
export interface StackT {
  readonly ss_sp: number;
  readonly ss_flags: number;
  readonly ss_size: number;
}
export const STACK_T_SIZE = 24;

/** Is `sp` on the alternate stack, whatever its flags? The stack grows down: its end is inside, its start is not. */
const __on_sig_stack = (task: Task, sp: number): boolean =>
  sp > task.sas_ss_sp && sp - task.sas_ss_sp <= task.sas_ss_size;

/** With SS_AUTODISARM nobody is ever on it: it is taken away while a handler runs. */
export const on_sig_stack = (task: Task, sp: number): boolean =>
  !(task.sas_ss_flags & SS_AUTODISARM) && __on_sig_stack(task, sp);

export function sas_ss_flags(task: Task, sp: number): number {
  if (task.sas_ss_size === 0) return SS_DISABLE;
  return on_sig_stack(task, sp) ? SS_ONSTACK : 0;
}

export function sas_ss_reset(task: Task): void {
  task.sas_ss_sp = NULL;
  task.sas_ss_size = 0;
  task.sas_ss_flags = SS_DISABLE;
}

/** A handler was entered. */
export function sas_ss_autodisarm(task: Task): void {
  if (task.sas_ss_flags & SS_AUTODISARM) sas_ss_reset(task);
}

/** What sigaltstack(2) reports as the old stack. */
export const current_altstack = (task: Task, sp: number): StackT => ({
  ss_sp: task.sas_ss_sp,
  ss_size: task.sas_ss_size,
  ss_flags: (sas_ss_flags(task, sp) | (task.sas_ss_flags & SS_FLAG_BITS)) >>> 0,
});

/** `sp`: the caller's stack pointer. 0 or -errno. */
export function set_altstack(task: Task, { ss_sp, ss_size, ss_flags }: StackT, sp: number): number {
  if (on_sig_stack(task, sp)) return -EPERM;
  const mode = ss_flags & ~SS_FLAG_BITS;
  if (mode !== SS_DISABLE && mode !== SS_ONSTACK && mode !== 0) return -EINVAL;

  if (mode === SS_DISABLE) {
    task.sas_ss_sp = NULL;
    task.sas_ss_size = 0;
  } else {
    const same = task.sas_ss_sp === ss_sp && task.sas_ss_size === ss_size && task.sas_ss_flags === ss_flags;
    if (!same && ss_size < MINSIGSTKSZ) return -ENOMEM;
    task.sas_ss_sp = ss_sp as UserPtr;
    task.sas_ss_size = ss_size;
  }
  task.sas_ss_flags = ss_flags;
  return 0;
}

export const stack_t_from_bytes = (bytes: Uint8Array, offset = 0): StackT => ({
  ss_sp: get_unaligned_le64(bytes, offset),
  ss_flags: get_unaligned_le32(bytes, offset + 8),
  ss_size: get_unaligned_le64(bytes, offset + 16),
});

export function stack_t_to_bytes(bytes: Uint8Array, offset: number, stack: StackT): void {
  put_unaligned_le64(stack.ss_sp, bytes, offset);
  put_unaligned_le32(stack.ss_flags, bytes, offset + 8);
  put_unaligned_le64(stack.ss_size, bytes, offset + 16);
}
