/*
 * kernel/fs/exec_args.ts - argument and environment strings, from the old program to the new one's stack
 *
 * Linux:   fs/exec.c (count(), bprm_stack_limits(), copy_strings(), setup_arg_pages())
 * Manual:  execve(2) "Limits on size of arguments and environment"
 * Differs: upstream copies the strings at once to where the new stack may be, and moves it; here they wait in the kernel
 *
 * The top of a new stack:
 *
 *   STACK_TOP, or less by a random number of pages
 *        8 zero bytes
 *        the file name             <- bprm.exec, AT_EXECFN
 *        environment strings
 *        argument strings          <- bprm.p
 */

import { type LinuxBinprm, MAX_ARG_STRINGS, MAX_ARG_STRLEN } from '../include/linux/binfmts.ts';
import type { Task } from '../include/linux/sched.ts';
import { VM_EXEC, VM_STACK_FLAGS } from '../include/linux/mm.ts';
import { NULL, PAGE_SIZE, page_align, page_align_down, type UserPtr } from '../include/linux/types.ts';
import { E2BIG, EFAULT, ENOMEM } from '../include/uapi/errno.ts';
import { string_to_bytes } from '../lib/bytes.ts';
import { copy_to_user, memdup_user, strncpy_from_user } from '../lib/usercopy.ts';
import { pointer_in } from '../syscalls/define.ts';
import { __vm_enough_memory, may_expand_vm, vm_unacct_memory } from '../mm/util.ts';
import { insert_vm_struct, vm_area_alloc } from '../mm/vma.ts';

export const _STK_LIM = 8 * 1024 * 1024;
/** What was allowed before the limit followed the stack's. */
const ARG_MAX = 131072;
const POINTER = 8;
/** More than any limit allows, for stacks without one. */
const ARG_STACK_MAX = 2 ** 40;
/** The stack is mapped this far below the strings from the start. */
const STACK_EXPAND = 131072;

/** Room for strings: a quarter of the stack, so that it is not full before the program begins. Pointers count too. */
export function bprm_stack_limits(stackLimit: number, argc: number, envc: number): number {
  const limit = Math.max(Math.min((_STK_LIM / 4) * 3, Math.floor(stackLimit / 4)), ARG_MAX);
  const pointers = (Math.max(argc, 1) + envc) * POINTER;
  if (limit <= pointers) return -E2BIG;
  // A stack with a very low limit cannot even hold that much.
  return Math.min(
    limit - pointers,
    Math.max(0, page_align_down(Math.min(stackLimit, ARG_STACK_MAX)) - POINTER),
  );
}

/** The pointers of a NULL-terminated array in user memory, or -errno. A NULL array has none. */
export function read_pointers(task: Task, array: UserPtr): UserPtr[] | number {
  const pointers: UserPtr[] = [];
  if (array === 0) return pointers;
  for (let at: number = array; ; at += POINTER) {
    const bytes = memdup_user(task, at as UserPtr, POINTER);
    if (typeof bytes === 'number') return bytes;
    const pointer = pointer_in(task, bytes, 0);
    if (pointer === NULL) return pointers;
    if (pointers.length >= MAX_ARG_STRINGS) return -E2BIG;
    pointers.push(pointer);
  }
}

/** Reads the strings; `bprm.room` shrinks. 0 or -errno. From the last to the first, as the first error counts. */
export function copy_strings(
  task: Task,
  bprm: { room: number },
  pointers: readonly UserPtr[],
  into: string[],
): number {
  into.length = pointers.length;
  for (let i = pointers.length - 1; i >= 0; i--) {
    const text = strncpy_from_user(task, pointers[i]!, MAX_ARG_STRLEN);
    if (typeof text === 'number') return text;
    if (text.length === MAX_ARG_STRLEN) return -E2BIG;
    const err = take_room(bprm, text);
    if (err < 0) return err;
    into[i] = text;
  }
  return 0;
}

/** Puts one more argument in front: what a script's line adds. */
export function add_argument(bprm: LinuxBinprm, text: string): number {
  bprm.argv.unshift(text);
  return take_room(bprm, text);
}

export function take_room(bprm: { room: number }, text: string): number {
  if (text.length + 1 > MAX_ARG_STRLEN) return -E2BIG;
  bprm.room -= text.length + 1;
  return bprm.room < 0 ? -E2BIG : 0;
}

/**
 * The new image's stack: a mapping that grows, with the strings at its top. Sets bprm.p and bprm.exec. 0 or -errno.
 * Called after the old memory is gone.
 */
export function setup_arg_pages(bprm: LinuxBinprm, stackTop: number, executable: boolean): number {
  const { task } = bprm;
  const mm = task.mm!;
  const arguments_ = bprm.argv.map((text) => `${text}\0`).join('');
  const environment = bprm.envp.map((text) => `${text}\0`).join('');
  const strings = string_to_bytes(`${arguments_}${environment}${bprm.filename}\0`);

  const top = page_align(stackTop);
  const end = top - POINTER;
  bprm.exec = end - bprm.filename.length - 1;
  bprm.p = end - strings.length;
  mm.arg_start = bprm.p;
  mm.arg_end = bprm.p + arguments_.length;
  mm.env_start = mm.arg_end;
  mm.env_end = bprm.exec;

  const err = map_stack(bprm, top, page_align(top - bprm.p), executable);
  if (err < 0) return err;
  return copy_to_user(task, bprm.p as UserPtr, strings) ? -EFAULT : 0;
}

/** From the start 128 KiB larger than it must be, if the limit allows. */
function map_stack(bprm: LinuxBinprm, top: number, used: number, executable: boolean): number {
  const { task } = bprm;
  const mm = task.mm!;
  const limit = page_align_down(Math.min(bprm.rlim_stack.cur, top));
  const length = Math.max(used, Math.min(limit, used + STACK_EXPAND));
  const flags = VM_STACK_FLAGS | mm.def_flags | (executable ? VM_EXEC : 0);
  const pages = length / PAGE_SIZE;
  if (!may_expand_vm(task, mm, flags, pages)) return -ENOMEM;
  if (__vm_enough_memory(mm.kernel, pages) < 0) return -ENOMEM;
  const start = top - length;
  if (start < 0) {
    vm_unacct_memory(mm.kernel, pages);
    return -ENOMEM;
  }
  insert_vm_struct(mm, vm_area_alloc(mm, { start, end: top, flags, pgoff: start / PAGE_SIZE }));
  return 0;
}
