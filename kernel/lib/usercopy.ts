/*
 * kernel/lib/usercopy.ts - to and from the memory of the task that called
 *
 * Linux:   include/linux/uaccess.h, lib/usercopy.c, lib/strncpy_from_user.c
 * Differs: the task is an argument, as there is no `current`; get_user() returns the value or -EFAULT, so it exists for
 *          unsigned types only (a signed one is `get_user_u32(...) | 0` after the check)
 *
 * None of these sleeps, and none trusts a pointer: what is not mapped, not allowed or not user space is EFAULT.
 */

import type { Task } from '../include/linux/sched.ts';
import { NOT_USER, PAGE_SIZE, TASK_SIZE, type UserPtr } from '../include/linux/types.ts';
import { E2BIG, EFAULT } from '../include/uapi/errno.ts';
import { bytes_to_string } from './bytes.ts';

/** Could that be user memory at all? It is asked before anything is copied, and of empty ranges, too. */
export const access_ok = (at: UserPtr, size: number): boolean => at !== NOT_USER && at + size <= TASK_SIZE;

/** Returns the number of bytes that could NOT be copied; 0 = all. `if (copy_to_user(...)) return -EFAULT`. */
export function copy_to_user(task: Task, to: UserPtr, from: Uint8Array): number {
  return task.mm ? task.kernel.arch.copy_to_user(task.mm, to, from) : from.length;
}

/** Returns the number of bytes that could NOT be copied. What could not be read is left as it was. */
export function copy_from_user(task: Task, to: Uint8Array, from: UserPtr): number {
  return task.mm ? task.kernel.arch.copy_from_user(task.mm, to, from) : to.length;
}

/** Returns the number of bytes that could NOT be cleared. */
export function clear_user(task: Task, to: UserPtr, size: number): number {
  return task.mm ? task.kernel.arch.clear_user(task.mm, to, size) : size;
}

/** `size` bytes of user memory in a fresh array, or -EFAULT. For structures: `size` must be bounded by the caller. */
export function memdup_user(task: Task, from: UserPtr, size: number): Uint8Array | number {
  const bytes = new Uint8Array(size);
  return copy_from_user(task, bytes, from) === 0 ? bytes : -EFAULT;
}

const get_user = (task: Task, from: UserPtr, size: 1 | 2 | 4 | 8): number =>
  task.mm ? task.kernel.arch.get_user(task.mm, from, size) : -EFAULT;

const put_user = (task: Task, to: UserPtr, value: number, size: 1 | 2 | 4 | 8): number =>
  task.mm ? task.kernel.arch.put_user(task.mm, to, value, size) : -EFAULT;

/** An unsigned number, or -EFAULT. */
export const get_user_u8 = (task: Task, from: UserPtr): number => get_user(task, from, 1);
export const get_user_u16 = (task: Task, from: UserPtr): number => get_user(task, from, 2);
export const get_user_u32 = (task: Task, from: UserPtr): number => get_user(task, from, 4);
/** Rounded above 2^53: fine for addresses and lengths, which are checked anyway. */
export const get_user_u64 = (task: Task, from: UserPtr): number => get_user(task, from, 8);

/** 0 or -EFAULT. Values wrap to the size; negative ones are sign-extended. */
export const put_user_u8 = (task: Task, to: UserPtr, value: number): number => put_user(task, to, value, 1);
export const put_user_u16 = (task: Task, to: UserPtr, value: number): number => put_user(task, to, value, 2);
export const put_user_u32 = (task: Task, to: UserPtr, value: number): number => put_user(task, to, value, 4);
export const put_user_u64 = (task: Task, to: UserPtr, value: number): number => put_user(task, to, value, 8);

/**
 * The C string at `from`, one character per byte, or -EFAULT. At most `max` bytes are read; a result of length `max` had
 * no NUL among them (for a path: ENAMETOOLONG).
 */
export function strncpy_from_user(task: Task, from: UserPtr, max: number): string | number {
  let text = '';
  let at: number = from;
  while (text.length < max) {
    // Page by page: the string may end just before memory that does not exist.
    const chunk = new Uint8Array(Math.min(max - text.length, PAGE_SIZE - (at % PAGE_SIZE), 256));
    if (copy_from_user(task, chunk, at as UserPtr) !== 0) return -EFAULT;
    const nul = chunk.indexOf(0);
    if (nul >= 0) return text + bytes_to_string(chunk.subarray(0, nul));
    text += bytes_to_string(chunk);
    at += chunk.length;
  }
  return text;
}

/** Length of the C string at `from` with its NUL; more than `max` = longer than that; 0 = fault. */
export function strnlen_user(task: Task, from: UserPtr, max: number): number {
  const text = strncpy_from_user(task, from, max);
  return typeof text === 'number' ? 0 : text.length + 1;
}

/** Linux: copy_struct_from_user(). A newer user's extra bytes must be zero (E2BIG), an older one's missing bytes are. */
export function copy_struct_from_user(
  task: Task,
  to: Uint8Array,
  from: UserPtr,
  userSize: number,
): Uint8Array | number {
  const extra = userSize - to.length;
  if (extra > 0) {
    const rest = memdup_user(task, (from + to.length) as UserPtr, extra);
    if (typeof rest === 'number') return rest;
    if (rest.some((byte) => byte !== 0)) return -E2BIG;
  }
  const known = to.subarray(0, Math.min(userSize, to.length));
  return copy_from_user(task, known, from) === 0 ? to : -EFAULT;
}
