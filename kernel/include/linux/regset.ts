/*
 * kernel/include/linux/regset.ts - a task's registers in the portions that debuggers and core files know
 *
 * Linux: include/linux/regset.h (v6.12)
 */

import type { Task } from './sched.ts';

/** Linux: struct user_regset. A portion with a note type (NT_*), in units of `unit` bytes. */
export interface UserRegset {
  readonly core_note_type: number;
  readonly size: number;
  readonly unit: number;
  /** `size` bytes. The task does not run. */
  get(task: Task): Uint8Array;
  /** The first `bytes.length` bytes, a multiple of `unit`; the rest stays. 0 or -errno, then nothing has changed. */
  set(task: Task, bytes: Uint8Array): number;
}
