/*
 * kernel/entry/syscall_user_dispatch.ts - system calls that are not Linux's, given back to the program
 *
 * Linux:   kernel/entry/syscall_user_dispatch.c (v6.16, with the sysctl of July 2026)
 * Manual:  Documentation/admin-guide/syscall-user-dispatch.rst; prctl(2), PR_SET_SYSCALL_USER_DISPATCH
 * Differs: no released arm64 kernel has it; the boot parameter syscall_user_dispatch=0 shows what they answer
 *
 * A program that runs another system's code cannot tell from a number whose call it is, but it knows where that code is:
 * a call from outside (or from inside) a range of addresses becomes a SIGSYS. A byte in its memory, the selector, opens and
 * shuts the gate without a system call.
 *
 *     pc in the exempt range --> vDSO's sigreturn --> selector: ALLOW   --> a Linux call
 *                                                     BLOCK, or none    --> SIGSYS, x0 as it was, and nobody else is told
 *                                                     unreadable, other --> the end
 */

import type { PtRegs } from '../arch.ts';
import { int_field, register_sysctl } from '../fs/proc/proc_sysctl.ts';
import { SYSCALL_WORK_SYSCALL_USER_DISPATCH, type Task } from '../include/linux/sched.ts';
import { NOT_USER, NULL, type UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL, EPERM } from '../include/uapi/errno.ts';
import { SYS_USER_DISPATCH } from '../include/uapi/siginfo.ts';
import { SIGSEGV, SIGSYS } from '../include/uapi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { get_unaligned_reg64, put_unaligned_le64 } from '../lib/bytes.ts';
import { copy_to_user, get_user_u8, memdup_user } from '../lib/usercopy.ts';
import { force_exit_sig, force_sig_info, sigsys_info } from '../signal/force.ts';
import { untagged_ptr } from '../syscalls/define.ts';

export const PR_SYS_DISPATCH_OFF = 0;
/** Calls from everywhere but the range; once the only mode there was, and called ON. */
export const PR_SYS_DISPATCH_EXCLUSIVE_ON = 1;
/** Calls from inside the range only. */
export const PR_SYS_DISPATCH_INCLUSIVE_ON = 2;

const SYSCALL_DISPATCH_FILTER_ALLOW = 0;
const SYSCALL_DISPATCH_FILTER_BLOCK = 1;

/** What a tracer sees of it: the mode, and these, all 64 bits wide. */
interface Config {
  readonly selector: bigint;
  readonly offset: bigint;
  readonly len: bigint;
}

/** A task's own; it counts while the task has SYSCALL_WORK_SYSCALL_USER_DISPATCH. */
export interface SyscallUserDispatch {
  readonly config: Config;
  readonly selector: UserPtr;
  /** The exempt addresses are those inside, or with `inclusive` those outside. */
  readonly start: number;
  readonly end: number;
  readonly inclusive: boolean;
  /** This call was given back: its way out is nobody's business either. */
  on_dispatch: boolean;
}

export const new_syscall_user_dispatch = (): SyscallUserDispatch => ({
  config: { selector: 0n, offset: 0n, len: 0n },
  selector: NULL,
  start: 0,
  end: 0,
  inclusive: false,
  on_dispatch: false,
});

/** First of all that happens to a call. True: it is not made. */
export function syscall_user_dispatch(task: Task, regs: PtRegs): boolean {
  const { arch } = task.kernel;
  const sd = task.syscall_dispatch;
  const pc = arch.instruction_pointer(regs);
  if ((pc >= sd.start && pc < sd.end) !== sd.inclusive) return false;
  // Or a handler that shut the gate before it returned could never return.
  if (arch.arch_syscall_is_vdso_sigreturn(task)) return false;

  if (sd.selector !== NULL) {
    const state = get_user_u8(task, sd.selector);
    if (state === SYSCALL_DISPATCH_FILTER_ALLOW) return false;
    if (state !== SYSCALL_DISPATCH_FILTER_BLOCK) {
      // The gate itself is broken: no handler could be trusted to make a system call.
      force_exit_sig(state < 0 ? SIGSEGV : SIGSYS, task);
      return true;
    }
  }
  sd.on_dispatch = true;
  arch.syscall_rollback(regs);
  force_sig_info(sigsys_info(SYS_USER_DISPATCH, arch.syscall_get_nr(regs), task), task);
  return true;
}

const TWO_64 = 2n ** 64n;

/** prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, offset, len, selector), of the caller's or of a tracee. */
export function set_syscall_user_dispatch(
  task: Task,
  mode: number,
  offset: bigint,
  len: bigint,
  selector: bigint,
): number {
  const { kernel } = task;
  if (kernel.syscall_user_dispatch === null) return -EINVAL;
  const end = offset + len;
  const nowhere = len === 0n || end >= TWO_64;
  switch (mode) {
    case PR_SYS_DISPATCH_OFF:
      if (offset || len || selector) return -EINVAL;
      break;
    case PR_SYS_DISPATCH_EXCLUSIVE_ON:
      if (offset && nowhere) return -EINVAL; // offset 0: any length, 0 is "nothing is exempt"
      break;
    case PR_SYS_DISPATCH_INCLUSIVE_ON:
      if (nowhere) return -EINVAL;
      break;
    default:
      return -EINVAL;
  }
  const on = mode !== PR_SYS_DISPATCH_OFF;
  if (on && !kernel.syscall_user_dispatch) return -EPERM;
  const pointer = untagged_ptr(new Uint32Array(BigUint64Array.of(selector).buffer), 0);
  if (pointer >= NOT_USER) return -EFAULT;

  const inclusive = mode === PR_SYS_DISPATCH_INCLUSIVE_ON;
  // Upstream keeps the one range in the other's terms, and that is what a tracer is shown.
  const config = inclusive ? { selector, offset: end, len: TWO_64 - len } : { selector, offset, len };
  task.syscall_dispatch = {
    config,
    selector: pointer,
    start: Number(offset),
    end: Number(end),
    inclusive,
    on_dispatch: false,
  };
  const others = task.thread_info.syscall_work & ~SYSCALL_WORK_SYSCALL_USER_DISPATCH;
  task.thread_info.syscall_work = others | (on ? SYSCALL_WORK_SYSCALL_USER_DISPATCH : 0);
  return 0;
}

/** A new program knows nothing of the old one's arrangements. */
export function clear_syscall_work_syscall_user_dispatch(task: Task): void {
  task.thread_info.syscall_work &= ~SYSCALL_WORK_SYSCALL_USER_DISPATCH;
}

/* struct ptrace_sud_config: mode 0, selector 8, offset 16, len 24 */
const SUD_CONFIG_SIZE = 32;

export function syscall_user_dispatch_get_config(
  task: Task,
  child: Task,
  size: number,
  data: UserPtr,
): number {
  if (task.kernel.syscall_user_dispatch === null || size !== SUD_CONFIG_SIZE) return -EINVAL;
  const { selector, offset, len } = child.syscall_dispatch.config;
  const on = child.thread_info.syscall_work & SYSCALL_WORK_SYSCALL_USER_DISPATCH;
  const mode = on ? PR_SYS_DISPATCH_EXCLUSIVE_ON : PR_SYS_DISPATCH_OFF;
  const bytes = new Uint8Array(SUD_CONFIG_SIZE);
  for (const [i, value] of [BigInt(mode), selector, offset, len].entries())
    put_unaligned_le64(value, bytes, 8 * i);
  return copy_to_user(task, data, bytes) ? -EFAULT : 0;
}

export function syscall_user_dispatch_set_config(
  task: Task,
  child: Task,
  size: number,
  data: UserPtr,
): number {
  if (task.kernel.syscall_user_dispatch === null || size !== SUD_CONFIG_SIZE) return -EINVAL;
  const bytes = memdup_user(task, data, SUD_CONFIG_SIZE);
  if (typeof bytes === 'number') return bytes;
  const [mode, selector, offset, len] = [0, 8, 16, 24].map((at) => get_unaligned_reg64(bytes, at));
  return set_syscall_user_dispatch(child, Number(mode), offset!, len!, selector!);
}

/** Boot parameter syscall_user_dispatch=0: there is no such thing. /proc/sys/kernel/syscall_user_dispatch: nobody new. */
export function syscall_user_dispatch_init(kernel: Kernel): void {
  if (kernel.params.get('syscall_user_dispatch') === '0') {
    kernel.syscall_user_dispatch = null;
    return;
  }
  const allow = (k: Kernel, value: number): void => {
    k.syscall_user_dispatch = value !== 0;
  };
  register_sysctl(
    kernel,
    'kernel/syscall_user_dispatch',
    (k) => Number(k.syscall_user_dispatch),
    int_field(0, 1, allow),
  );
}
