/*
 * arch/arm64/kernel/tagged-addr.ts - may a thread's pointers have something in their top byte?
 *
 * Linux:   arch/arm64/kernel/process.c (set_tagged_addr_ctrl, tagged_addr_init), v6.12
 * Manual:  Documentation/arch/arm64/tagged-address-abi.rst
 * Differs: what becomes of such a pointer is decided where it is read: user_ptr()
 * Absent:  memory tags (MTE), of which the rest of the word would be
 *
 * The processor does not look at the top byte (TCR_EL1.TBI0), system calls do, unless the thread asked them not to.
 */

import { int_field, register_sysctl } from '../../../kernel/fs/proc/proc_sysctl.ts';
import type { UserRegset } from '../../../kernel/include/linux/regset.ts';
import { TIF_TAGGED_ADDR, type Task } from '../../../kernel/include/linux/sched.ts';
import { NT_ARM_TAGGED_ADDR_CTRL } from '../../../kernel/include/uapi/elf.ts';
import { EINVAL } from '../../../kernel/include/uapi/errno.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { get_unaligned_le64, put_unaligned_le64 } from '../../../kernel/lib/bytes.ts';

const PR_TAGGED_ADDR_ENABLE = 1;

export class TaggedAddr {
  /** /proc/sys/abi/tagged_addr_disabled: nobody new. */
  private disabled = 0;

  tagged_addr_init(kernel: Kernel): void {
    const set = (_kernel: Kernel, value: number): void => {
      this.disabled = value;
    };
    register_sysctl(kernel, 'abi/tagged_addr_disabled', () => this.disabled, int_field(0, 1, set));
  }

  set_tagged_addr_ctrl({ thread_info }: Task, arg: number): number {
    if (arg !== 0 && arg !== PR_TAGGED_ADDR_ENABLE) return -EINVAL;
    if (arg === 0) {
      thread_info.flags &= ~TIF_TAGGED_ADDR;
      return 0;
    }
    if (this.disabled) return -EINVAL;
    thread_info.flags |= TIF_TAGGED_ADDR;
    return 0;
  }

  /** The same for a tracer. */
  readonly regset: UserRegset = {
    core_note_type: NT_ARM_TAGGED_ADDR_CTRL,
    size: 8,
    unit: 8,
    get: (task) => {
      const bytes = new Uint8Array(8);
      put_unaligned_le64(get_tagged_addr_ctrl(task), bytes, 0);
      return bytes;
    },
    set: (task, bytes) =>
      bytes.length === 0 ? 0 : this.set_tagged_addr_ctrl(task, get_unaligned_le64(bytes, 0)),
  };
}

export const get_tagged_addr_ctrl = ({ thread_info }: Task): number =>
  thread_info.flags & TIF_TAGGED_ADDR ? PR_TAGGED_ADDR_ENABLE : 0;

/** exec: the new program has not asked. */
export function flush_tagged_addr_state({ thread_info }: Task): void {
  thread_info.flags &= ~TIF_TAGGED_ADDR;
}
