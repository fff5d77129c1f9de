/*
 * arch/arm64/kernel/regset.ts - the register sets of arm64
 *
 * Linux:   arch/arm64/kernel/ptrace.c (aarch64_regsets), v6.12
 * Manual:  ptrace(2), PTRACE_GETREGSET
 * Absent:  SVE, SME, pointer authentication, POE, GCS
 */

import type { Cpu } from '../../../board/cpu/cpu.ts';
import type { UserRegset } from '../../../kernel/include/linux/regset.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import {
  NT_ARM_HW_BREAK,
  NT_ARM_HW_WATCH,
  NT_ARM_SYSTEM_CALL,
  NT_ARM_TLS,
  NT_PRFPREG,
  NT_PRSTATUS,
} from '../../../kernel/include/uapi/elf.ts';
import { EINVAL } from '../../../kernel/include/uapi/errno.ts';
import { PTRACE_EVENTMSG_SYSCALL_EXIT } from '../../../kernel/include/uapi/ptrace.ts';
import { get_unaligned_le32, put_unaligned_le32, put_unaligned_le64 } from '../../../kernel/lib/bytes.ts';
import { ARM_MAX_BRP, type HwDebugSlot } from '../include/asm/hw_breakpoint.ts';
import { USER_FPSIMD_STATE_SIZE, thread_of } from '../include/asm/processor.ts';
import { ORIG_X0, PtRegs, USER_PT_REGS_SIZE, in_syscall } from '../include/asm/ptrace.ts';
import type { Arm64 } from '../arch.ts';
import type { FpSimd } from './fpsimd.ts';
import { get_num_brps, get_num_wrps, set_hw_debug } from './hw_breakpoint.ts';
import { tls_preserve_current_state } from './process.ts';
import { valid_user_regs } from './ptrace.ts';

const regs_of = (task: Task): PtRegs => task.regs as PtRegs;

/**
 * The call's first argument is kept apart from x0. A tracer that changes x0 before the call is made means the argument;
 * after it, the result.
 */
function sync_orig_x0(task: Task): void {
  const regs = regs_of(task);
  if (in_syscall(regs) && task.ptrace_message !== PTRACE_EVENTMSG_SYSCALL_EXIT) regs.move(ORIG_X0, 0);
}

const gpr: UserRegset = {
  core_note_type: NT_PRSTATUS,
  size: USER_PT_REGS_SIZE,
  unit: 8,
  get: (task) => regs_of(task).user_regs.slice(),
  set: (task, bytes) => {
    const wanted = new PtRegs();
    wanted.copyFrom(regs_of(task));
    wanted.user_regs.set(bytes);
    if (!valid_user_regs(wanted, task)) return -EINVAL;
    regs_of(task).user_regs.set(wanted.user_regs);
    sync_orig_x0(task);
    return 0;
  },
};

const fpr = (fpsimd: FpSimd): UserRegset => ({
  core_note_type: NT_PRFPREG,
  size: USER_FPSIMD_STATE_SIZE,
  unit: 4,
  get: (task) => {
    fpsimd.fpsimd_preserve_state(task);
    return thread_of(task).fpsimd_state.slice();
  },
  set: (task, bytes) => {
    fpsimd.fpsimd_flush_task_state(task);
    thread_of(task).fpsimd_state.set(bytes);
    return 0;
  },
});

/** TPIDR_EL0, and TPIDR2_EL0, which does not exist: it reads as zero. */
const tls = (cpu: Cpu): UserRegset => ({
  core_note_type: NT_ARM_TLS,
  size: 16,
  unit: 8,
  get: (task) => {
    if (task === task.kernel.sched.current) tls_preserve_current_state(cpu, task);
    const bytes = new Uint8Array(16);
    bytes.set(new Uint8Array(thread_of(task).tp_value.buffer));
    return bytes;
  },
  set: (task, bytes) => {
    new Uint8Array(thread_of(task).tp_value.buffer).set(bytes.subarray(0, 8));
    return 0;
  },
});

const system_call: UserRegset = {
  core_note_type: NT_ARM_SYSTEM_CALL,
  size: 4,
  unit: 4,
  get: (task) => {
    const bytes = new Uint8Array(4);
    put_unaligned_le32(regs_of(task).syscallno, bytes, 0);
    return bytes;
  },
  set: (task, bytes) => {
    if (bytes.length === 0) return 0;
    regs_of(task).syscallno = get_unaligned_le32(bytes, 0) | 0;
    sync_orig_x0(task);
    return 0;
  },
};

/** {u32 info, u32 pad, 16 x {u64 addr, u32 ctrl, u32 pad}}; info: slots there are, debug architecture. */
const HW_DEBUG_SIZE = 8 + 16 * ARM_MAX_BRP;
const DEBUG_ARCH_V8 = 6;

function hw_debug(type: number, slots: number, which: (task: Task) => readonly HwDebugSlot[]): UserRegset {
  return {
    core_note_type: type,
    size: HW_DEBUG_SIZE,
    unit: 4,
    get: (task) => {
      const bytes = new Uint8Array(HW_DEBUG_SIZE);
      put_unaligned_le32((DEBUG_ARCH_V8 << 8) | slots, bytes, 0);
      which(task).forEach(({ addr, ctrl }, n) => {
        put_unaligned_le64(addr, bytes, 8 + 16 * n);
        put_unaligned_le32(ctrl, bytes, 16 + 16 * n);
      });
      return bytes;
    },
    set: (task, bytes) => set_hw_debug(task, type, slots, bytes),
  };
}

/** In the order in which a core file shows them. */
export const aarch64_regsets = ({ cpu, fpsimd, tagged_addr }: Arm64): readonly UserRegset[] => [
  gpr,
  fpr(fpsimd),
  tls(cpu),
  hw_debug(NT_ARM_HW_BREAK, get_num_brps(cpu), (task) => thread_of(task).hbp_break),
  hw_debug(NT_ARM_HW_WATCH, get_num_wrps(cpu), (task) => thread_of(task).hbp_watch),
  system_call,
  tagged_addr.regset,
];
