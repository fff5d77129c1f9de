/*
 * kernel/seccomp/get_filter.ts - a tracee's filters, for those who take a program's picture
 *
 * Linux:   kernel/seccomp.c (get_nth_filter, seccomp_get_filter, seccomp_get_metadata)
 * Manual:  ptrace(2), PTRACE_SECCOMP_GET_FILTER and PTRACE_SECCOMP_GET_METADATA
 */

import { format_filter } from '../bpf/classic.ts';
import { capable } from '../cred.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { CAP_SYS_ADMIN } from '../include/uapi/capability.ts';
import { EACCES, EFAULT, EINVAL, ENOENT } from '../include/uapi/errno.ts';
import {
  SECCOMP_FILTER_FLAG_LOG,
  SECCOMP_MODE_DISABLED,
  SECCOMP_MODE_FILTER,
} from '../include/uapi/seccomp.ts';
import { put_unaligned_le64 } from '../lib/bytes.ts';
import { copy_to_user, get_user_u64 } from '../lib/usercopy.ts';
import { filters_of, type SeccompFilter } from './filter.ts';

/** Filters may hold secrets: who is filtered itself shall not see them. */
const may_look = (task: Task): boolean =>
  capable(task, CAP_SYS_ADMIN) && task.seccomp.mode === SECCOMP_MODE_DISABLED;

/** 0 is the oldest. */
function get_nth_filter(child: Task, n: number): SeccompFilter | number {
  if (child.seccomp.mode !== SECCOMP_MODE_FILTER) return -EINVAL;
  return [...filters_of(child)].reverse()[n] ?? -ENOENT;
}

/** The number of instructions; copied too, if `data` is not NULL. */
export function seccomp_get_filter(task: Task, child: Task, n: number, data: UserPtr): number {
  if (!may_look(task)) return -EACCES;
  const filter = get_nth_filter(child, n);
  if (typeof filter === 'number') return filter;
  if (data && copy_to_user(task, data, format_filter(filter.program))) return -EFAULT;
  return filter.program.length;
}

/* struct seccomp_metadata: filter_off 0, flags 8 */
const METADATA_SIZE = 16;

export function seccomp_get_metadata(task: Task, child: Task, userSize: number, data: UserPtr): number {
  if (!may_look(task)) return -EACCES;
  const size = Math.min(userSize, METADATA_SIZE);
  if (size < 8) return -EINVAL;
  const n = get_user_u64(task, data);
  if (n < 0) return -EFAULT;
  const filter = get_nth_filter(child, n);
  if (typeof filter === 'number') return filter;

  const bytes = new Uint8Array(METADATA_SIZE);
  put_unaligned_le64(n, bytes, 0);
  put_unaligned_le64(filter.log ? SECCOMP_FILTER_FLAG_LOG : 0, bytes, 8);
  return copy_to_user(task, data, bytes.subarray(0, size)) ? -EFAULT : size;
}
