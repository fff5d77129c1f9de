/*
 * kernel/ptrace/memory.ts - a word of the tracee's memory
 *
 * Linux:  kernel/ptrace.c (ptrace_access_vm, generic_ptrace_peekdata, generic_ptrace_pokedata), v6.12
 * Manual: ptrace(2), PTRACE_PEEKDATA: the kernel stores the word; that it is returned is the C library's doing
 */

import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EFAULT, EIO } from '../include/uapi/errno.ts';
import { put_unaligned_le64 } from '../lib/bytes.ts';
import { copy_to_user } from '../lib/usercopy.ts';
import { access_remote_vm } from '../mm/gup.ts';
import { SUID_DUMP_USER, ptracer_capable } from './access.ts';

const WORD = 8;

/** Bytes moved. A program that its user may run but not read shows nothing. */
function ptrace_access_vm(child: Task, addr: UserPtr, bytes: Uint8Array, write: boolean): number {
  const { mm } = child;
  if (!mm || (mm.dumpable !== SUID_DUMP_USER && !ptracer_capable(child))) return 0;
  return access_remote_vm(mm, addr, bytes, write);
}

export function generic_ptrace_peekdata(task: Task, child: Task, addr: UserPtr, data: UserPtr): number {
  const bytes = new Uint8Array(WORD);
  if (ptrace_access_vm(child, addr, bytes, false) !== WORD) return -EIO;
  return copy_to_user(task, data, bytes) ? -EFAULT : 0;
}

export function generic_ptrace_pokedata(child: Task, addr: UserPtr, data: bigint): number {
  const bytes = new Uint8Array(WORD);
  put_unaligned_le64(data, bytes, 0);
  return ptrace_access_vm(child, addr, bytes, true) === WORD ? 0 : -EIO;
}
