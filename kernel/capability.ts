/*
 * kernel/capability.ts - asking for capabilities, and giving them up
 *
 * Linux:  kernel/capability.c (v6.12)
 * Manual: capget(2)
 */

import { ns_capable, commit_creds, type KernelCap, prepare_creds } from './cred.ts';
import type { Task } from './include/linux/sched.ts';
import type { UserPtr } from './include/linux/types.ts';
import { CAP_LAST_CAP, CAP_SETPCAP } from './include/uapi/capability.ts';
import { EFAULT, EINVAL, EPERM, ESRCH } from './include/uapi/errno.ts';
import { get_unaligned_le32, put_unaligned_le32 } from './lib/bytes.ts';
import { copy_to_user, memdup_user, put_user_u32 } from './lib/usercopy.ts';
import { cap_combine, cap_intersect, cap_issubset } from './security/commoncap.ts';
import { outptr, ptr, SYSCALL_DEFINE } from './syscalls/define.ts';
import { find_task_by_vpid } from './pid.ts';

const _LINUX_CAPABILITY_VERSION_1 = 0x1998_0330;
const _LINUX_CAPABILITY_VERSION_2 = 0x2007_1026;
const _LINUX_CAPABILITY_VERSION_3 = 0x2008_0522;

/** Words per set of each version; another version is answered with the one we prefer. */
const WORDS: ReadonlyMap<number, 1 | 2> = new Map([
  [_LINUX_CAPABILITY_VERSION_1, 1],
  [_LINUX_CAPABILITY_VERSION_2, 2],
  [_LINUX_CAPABILITY_VERSION_3, 2],
]);

interface Header {
  readonly words: 1 | 2;
  readonly pid: number;
}

/** `probing`: the caller gave no data, and only wants to know the version. */
function cap_validate_magic(task: Task, header: UserPtr, probing: boolean): Header | number {
  const bytes = memdup_user(task, header, 8);
  if (typeof bytes === 'number') return bytes;
  const words = WORDS.get(get_unaligned_le32(bytes, 0));
  if (words) return { words, pid: get_unaligned_le32(bytes, 4) | 0 };
  if (put_user_u32(task, header, _LINUX_CAPABILITY_VERSION_3)) return -EFAULT;
  return probing ? 0 : -EINVAL;
}

export const sys_capget = SYSCALL_DEFINE(
  'capget',
  { header: ptr, dataptr: outptr },
  (task, { header, dataptr }) => {
    const head = cap_validate_magic(task, header, dataptr === 0);
    if (typeof head === 'number') return head;
    if (head.pid < 0) return -EINVAL;
    const target = head.pid ? find_task_by_vpid(task, head.pid) : task;
    if (!target) return -ESRCH;
    if (dataptr === 0) return 0;

    const { cap_effective, cap_permitted, cap_inheritable } = target.cred;
    const bytes = new Uint8Array(12 * head.words);
    [cap_effective, cap_permitted, cap_inheritable].forEach((set, i) => {
      put_unaligned_le32(set.lo, bytes, 4 * i);
      if (head.words === 2) put_unaligned_le32(set.hi, bytes, 12 + 4 * i);
    });
    return copy_to_user(task, dataptr, bytes) ? -EFAULT : 0;
  },
);

export const sys_capset = SYSCALL_DEFINE('capset', { header: ptr, data: ptr }, (task, { header, data }) => {
  const head = cap_validate_magic(task, header, false);
  if (typeof head === 'number') return head;
  if (head.pid !== 0 && head.pid !== task.pid) return -EPERM; // of others they cannot be changed
  const bytes = memdup_user(task, data, 12 * head.words);
  if (typeof bytes === 'number') return bytes;
  const set = (i: number): KernelCap => ({
    lo: get_unaligned_le32(bytes, 4 * i),
    hi: head.words === 2 ? get_unaligned_le32(bytes, 12 + 4 * i) & (2 ** (CAP_LAST_CAP - 31) - 1) : 0,
  });
  return cap_capset(task, set(0), set(1), set(2));
});

/** Only down, but for what may be inherited. */
function cap_capset(task: Task, effective: KernelCap, permitted: KernelCap, inheritable: KernelCap): number {
  const old = task.cred;
  const mayInherit = ns_capable(task, task.cred.user_ns, CAP_SETPCAP)
    ? cap_combine(old.cap_inheritable, old.cap_bset)
    : cap_combine(old.cap_inheritable, old.cap_permitted);
  if (!cap_issubset(inheritable, mayInherit)) return -EPERM;
  if (!cap_issubset(inheritable, cap_combine(old.cap_inheritable, old.cap_bset))) return -EPERM;
  if (!cap_issubset(permitted, old.cap_permitted)) return -EPERM;
  if (!cap_issubset(effective, permitted)) return -EPERM;

  const cred = prepare_creds(task);
  cred.cap_effective = effective;
  cred.cap_permitted = permitted;
  cred.cap_inheritable = inheritable;
  // Ambient is what is both permitted and inheritable, by definition.
  cred.cap_ambient = cap_intersect(cred.cap_ambient, cap_intersect(permitted, inheritable));
  commit_creds(task, cred);
  return 0;
}
