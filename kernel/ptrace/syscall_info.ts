/*
 * kernel/ptrace/syscall_info.ts - the system call a tracee is in, the same way on every machine
 *
 * Linux:   kernel/ptrace.c (ptrace_get_syscall_info, ptrace_set_syscall_info), v6.16
 * Manual:  ptrace(2), PTRACE_GET_SYSCALL_INFO
 *
 *         every stop           entry      exit            seccomp
 *      0  u8 op                24  nr     24  rval        24  nr
 *      2  u16 flags            32  args   32  u8 error    32  args
 *      4  u32 arch             80         33              80  u32 ret_data
 *      8  instruction pointer                             84
 *     16  stack pointer
 */

import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL, ERANGE, is_error } from '../include/uapi/errno.ts';
import {
  PTRACE_EVENTMSG_SYSCALL_ENTRY,
  PTRACE_EVENTMSG_SYSCALL_EXIT,
  PTRACE_EVENT_SECCOMP,
  PTRACE_SYSCALL_INFO_ENTRY,
  PTRACE_SYSCALL_INFO_EXIT,
  PTRACE_SYSCALL_INFO_NONE,
  PTRACE_SYSCALL_INFO_SECCOMP,
} from '../include/uapi/ptrace.ts';
import { SIGTRAP } from '../include/uapi/signal.ts';
import {
  get_unaligned_le16,
  get_unaligned_le32,
  get_unaligned_reg64,
  put_unaligned_le32,
  put_unaligned_le64,
} from '../lib/bytes.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';

// biome-ignore format: columns teach
const OP = 0, RESERVED = 1, FLAGS = 2, ARCH = 4, INSTRUCTION_POINTER = 8, STACK_POINTER = 16,
  NR = 24, ARGS = 32, RVAL = 24, IS_ERROR = 32, RET_DATA = 80, RESERVED2 = 84;
const PTRACE_SYSCALL_INFO_SIZE = 88;
const NR_ARGS = 6;
const NO_SYSCALL = -1;

/** How much each kind of stop has to tell: the index is the op. */
const SIZES: readonly number[] = [24, 80, 33, 84];

/** From what the stop says of itself, so a tracer need not count entries and exits. */
function ptrace_get_syscall_info_op({ last_siginfo, ptrace_message }: Task): number {
  const code = last_siginfo?.si_code;
  if (code === (SIGTRAP | 0x80)) {
    if (ptrace_message === PTRACE_EVENTMSG_SYSCALL_ENTRY) return PTRACE_SYSCALL_INFO_ENTRY;
    if (ptrace_message === PTRACE_EVENTMSG_SYSCALL_EXIT) return PTRACE_SYSCALL_INFO_EXIT;
  }
  return code === (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8))
    ? PTRACE_SYSCALL_INFO_SECCOMP
    : PTRACE_SYSCALL_INFO_NONE;
}

/** The size there would be, whatever there was room for. */
export function ptrace_get_syscall_info(task: Task, child: Task, userSize: number, data: UserPtr): number {
  const op = ptrace_get_syscall_info_op(child);
  const bytes = describe(child, op).subarray(0, Math.min(userSize, SIZES[op]!));
  return copy_to_user(task, data, bytes) ? -EFAULT : SIZES[op]!;
}

function describe(child: Task, op: number): Uint8Array {
  const { arch } = child.kernel;
  const { regs } = child;
  const bytes = new Uint8Array(PTRACE_SYSCALL_INFO_SIZE);
  bytes[OP] = op;
  put_unaligned_le32(arch.syscall_get_arch(child), bytes, ARCH);
  put_unaligned_le64(arch.instruction_pointer(regs), bytes, INSTRUCTION_POINTER);
  put_unaligned_le64(arch.user_stack_pointer(regs), bytes, STACK_POINTER);
  if (op === PTRACE_SYSCALL_INFO_EXIT) {
    bytes[IS_ERROR] = is_error(arch.syscall_get_return_value(regs)) ? 1 : 0;
    put_unaligned_le64(arch.syscall_result(regs), bytes, RVAL);
  } else {
    put_unaligned_le64(arch.syscall_get_nr(regs), bytes, NR);
    for (const [i, arg] of arch.syscall_get_arguments(regs).entries())
      put_unaligned_le64(arg, bytes, ARGS + 8 * i);
    put_unaligned_le32(child.ptrace_message, bytes, RET_DATA);
  }
  return bytes;
}

/** Another number, other arguments, another result: at the stop where each counts. */
export function ptrace_set_syscall_info(task: Task, child: Task, userSize: number, data: UserPtr): number {
  if (userSize < PTRACE_SYSCALL_INFO_SIZE) return -EINVAL;
  const bytes = memdup_user(task, data, PTRACE_SYSCALL_INFO_SIZE);
  if (typeof bytes === 'number') return bytes;
  const op = bytes[OP]!;
  if (bytes[RESERVED] !== 0 || get_unaligned_le16(bytes, FLAGS) !== 0) return -EINVAL;
  // A stop cannot be made another kind of stop.
  if (op !== ptrace_get_syscall_info_op(child) || op === PTRACE_SYSCALL_INFO_NONE) return -EINVAL;

  if (op === PTRACE_SYSCALL_INFO_EXIT) return set_exit(child, bytes);
  if (op === PTRACE_SYSCALL_INFO_SECCOMP && get_unaligned_le32(bytes, RESERVED2) !== 0) return -EINVAL;
  return set_entry(child, bytes);
}

function set_entry(child: Task, bytes: Uint8Array): number {
  const { arch } = child.kernel;
  const nr = get_unaligned_le32(bytes, NR) | 0;
  if (get_unaligned_le32(bytes, NR + 4) !== (nr < 0 ? 0xffff_ffff : 0)) return -ERANGE;
  arch.syscall_set_nr(child.regs, nr);
  // Without a call there are no arguments; the first one would be its result.
  if (nr === NO_SYSCALL) return 0;
  const args = Array.from({ length: NR_ARGS }, (_, i) => get_unaligned_reg64(bytes, ARGS + 8 * i));
  arch.syscall_set_arguments(child.regs, args);
  return 0;
}

/** An error is an int, any other result a long. */
function set_exit(child: Task, bytes: Uint8Array): number {
  const error = bytes[IS_ERROR] === 0 ? 0 : get_unaligned_le32(bytes, RVAL) | 0;
  const value = bytes[IS_ERROR] === 0 ? get_unaligned_reg64(bytes, RVAL) : 0;
  child.kernel.arch.syscall_set_return_value(child.regs, error || value);
  return 0;
}
