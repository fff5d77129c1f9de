/*
 * kernel/rlimit.ts - how much of what
 *
 * Linux:   kernel/sys.c (getrlimit, setrlimit, prlimit64), kernel/time/posix-cpu-timers.c (RLIMIT_CPU) (v6.12)
 * Manual:  getrlimit(2)
 */

import { capable } from './cred.ts';
import { NR_OPEN } from './fs/file.ts';
import type { Task } from './include/linux/sched.ts';
import type { Rlimit, SignalStruct } from './include/linux/signal.ts';
import type { UserPtr } from './include/linux/types.ts';
import { CAP_SYS_RESOURCE } from './include/uapi/capability.ts';
import { EFAULT, EINVAL, EPERM, ESRCH } from './include/uapi/errno.ts';
import { RLIM_NLIMITS, RLIMIT_CPU, RLIMIT_NAMES, RLIMIT_NOFILE } from './include/uapi/resource.ts';
import { SIGKILL, SIGXCPU } from './include/uapi/signal.ts';
import { get_unaligned_le64, put_unaligned_le64 } from './lib/bytes.ts';
import { copy_to_user, memdup_user } from './lib/usercopy.ts';
import { PIDTYPE_TGID, find_task_by_vpid } from './pid.ts';
import { group_send_sig_info, SEND_SIG_PRIV } from './signal.ts';
import { enumeration, int, outptr, ptr, SYSCALL_DEFINE } from './syscalls/define.ts';
import { CPUCLOCK_PROF, CpuTimer } from './time/posix-cpu-timers.ts';
import { NSEC_PER_SEC } from './time/timekeeping.ts';

/** RLIM_INFINITY is all ones: as a double, 2^64. */
const RLIM_INFINITY = 2 ** 64;

function get_rlimit(task: Task, from: UserPtr): Rlimit | number {
  const bytes = memdup_user(task, from, 16);
  if (typeof bytes === 'number') return bytes;
  const word = (at: number): number => {
    const value = get_unaligned_le64(bytes, at);
    return value >= RLIM_INFINITY ? Infinity : value;
  };
  return { cur: word(0), max: word(8) };
}

function put_rlimit(task: Task, to: UserPtr, { cur, max }: Rlimit): number {
  const bytes = new Uint8Array(16);
  put_unaligned_le64(cur === Infinity ? -1n : cur, bytes, 0);
  put_unaligned_le64(max === Infinity ? -1n : max, bytes, 8);
  return copy_to_user(task, to, bytes) ? -EFAULT : 0;
}

/** 0 or -errno. Limits belong to the process: every thread has them at once. */
function do_prlimit(task: Task, target: Task, resource: number, wanted: Rlimit): number {
  const limit = target.signal.rlim[resource]!;
  if (wanted.cur > wanted.max) return -EINVAL;
  if (resource === RLIMIT_NOFILE && wanted.max > NR_OPEN) return -EPERM;
  if (wanted.max > limit.max && !capable(task, CAP_SYS_RESOURCE)) return -EPERM;
  limit.cur = wanted.cur;
  limit.max = wanted.max;
  if (resource === RLIMIT_CPU) update_rlimit_cpu(target);
  return 0;
}

/** "the real, effective, and saved set user IDs of the target match the real user ID of the caller" - prlimit(2) */
function check_prlimit_permission(task: Task, target: Task): boolean {
  if (task.signal === target.signal) return true;
  const { uid, gid } = task.cred;
  const { cred } = target;
  const same =
    cred.uid === uid &&
    cred.euid === uid &&
    cred.suid === uid &&
    cred.gid === gid &&
    cred.egid === gid &&
    cred.sgid === gid;
  return same || capable(task, CAP_SYS_RESOURCE);
}

const resource_name = enumeration(RLIMIT_NAMES);

export const sys_prlimit64 = SYSCALL_DEFINE(
  'prlimit64',
  { pid: int, resource: resource_name, new_rlim: ptr, old_rlim: outptr },
  (task, { pid, resource, new_rlim, old_rlim }) => {
    const wanted = new_rlim ? get_rlimit(task, new_rlim) : null;
    if (typeof wanted === 'number') return wanted;
    const target = pid ? find_task_by_vpid(task, pid) : task;
    if (!target) return -ESRCH;
    if (!check_prlimit_permission(task, target)) return -EPERM;
    if (!(resource >= 0 && resource < RLIM_NLIMITS)) return -EINVAL;

    const old = { ...target.signal.rlim[resource]! };
    const err = wanted ? do_prlimit(task, target, resource, wanted) : 0;
    if (err) return err;
    return old_rlim ? put_rlimit(task, old_rlim, old) : 0;
  },
);

export const sys_getrlimit = SYSCALL_DEFINE(
  'getrlimit',
  { resource: resource_name, rlim: outptr },
  (task, { resource, rlim }) => {
    const limit = task.signal.rlim[resource];
    return limit ? put_rlimit(task, rlim, limit) : -EINVAL;
  },
);

export const sys_setrlimit = SYSCALL_DEFINE(
  'setrlimit',
  { resource: resource_name, rlim: ptr },
  (task, { resource, rlim }) => {
    const wanted = get_rlimit(task, rlim);
    if (typeof wanted === 'number') return wanted;
    return resource >= 0 && resource < RLIM_NLIMITS ? do_prlimit(task, task, resource, wanted) : -EINVAL;
  },
);

/** RLIMIT_CPU is a timer on the process's CPU clock. Called when it changes, and for a new process that inherits one. */
export function update_rlimit_cpu(task: Task): void {
  const { signal } = task;
  const { cur } = signal.rlim[RLIMIT_CPU]!;
  signal.rlim_cpu?.cancel();
  signal.rlim_cpu = null;
  if (cur === Infinity) return;
  const timer = new CpuTimer(task.group_leader, CPUCLOCK_PROF, false, () => rlimit_cpu_fn(signal, timer));
  signal.rlim_cpu = timer;
  timer.start(Math.max(1, cur) * NSEC_PER_SEC); // "0 seconds" is as soon as can be: 1
}

/** At the soft limit SIGXCPU, and again each second; at the hard one SIGKILL. */
function rlimit_cpu_fn(signal: SignalStruct, timer: CpuTimer): void {
  const seconds = timer.expires / NSEC_PER_SEC;
  const fatal = seconds >= signal.rlim[RLIMIT_CPU]!.max;
  if (!fatal) timer.start(timer.expires + NSEC_PER_SEC);
  group_send_sig_info(fatal ? SIGKILL : SIGXCPU, SEND_SIG_PRIV, timer.task, PIDTYPE_TGID);
}
