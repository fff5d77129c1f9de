/*
 * kernel/sched/syscalls.ts - priorities, policies, and on which CPU
 *
 * Linux:   kernel/sched/syscalls.c, kernel/sys.c (setpriority) (v6.12)
 * Manual:  sched(7), setpriority(2), sched_setattr(2)
 * Absent:  SCHED_DEADLINE (EINVAL), utilisation clamps
 */

import { capable } from '../cred.ts';
import {
  SCHED_BATCH,
  SCHED_DEADLINE,
  SCHED_FIFO,
  SCHED_IDLE,
  SCHED_NORMAL,
  SCHED_RR,
  type Task,
} from '../include/linux/sched.ts';
import { PAGE_SIZE, type UserPtr } from '../include/linux/types.ts';
import { CAP_SYS_NICE } from '../include/uapi/capability.ts';
import { E2BIG, EACCES, EFAULT, EINVAL, EPERM, ESRCH } from '../include/uapi/errno.ts';
import { RLIMIT_NICE, RLIMIT_RTPRIO } from '../include/uapi/resource.ts';
import { get_unaligned_le32, put_unaligned_le32 } from '../lib/bytes.ts';
import {
  copy_struct_from_user,
  copy_to_user,
  get_user_u32,
  memdup_user,
  put_user_u32,
} from '../lib/usercopy.ts';
import { PIDTYPE_PGID, find_task_by_vpid, find_vpid } from '../pid.ts';
import { enumeration, int, outptr, ptr, SYSCALL_DEFINE, uint } from '../syscalls/define.ts';
import { put_timespec64 } from '../time/time.ts';
import { ns_to_timespec64 } from '../time/timekeeping.ts';
import { sched_change, schedule } from './core.ts';
import { RR_TIMESLICE_NS } from './rt.ts';

const MIN_NICE = -20;
const MAX_NICE = 19;
const MAX_RT_PRIO = 99;
/** Where the policy is an argument, this bit may be or'ed to it. */
const SCHED_RESET_ON_FORK = 0x4000_0000;

/*
 * Niceness
 */

const PRIO_PROCESS = 0;
const PRIO_PGRP = 1;
const PRIO_USER = 2;
const which_names = enumeration({ PRIO_PROCESS, PRIO_PGRP, PRIO_USER });

/** The tasks meant, or -EINVAL. Empty: nobody is. */
export function prio_targets(task: Task, which: number, who: number): Task[] | number {
  if (which === PRIO_PROCESS) {
    const target = find_process_by_pid(task, who);
    return target ? [target] : [];
  }
  const { pids } = task.kernel;
  if (which === PRIO_PGRP) {
    const pgrp = who ? find_vpid(task, who) : task.signal.pgrp;
    return [...(pgrp?.tasks[PIDTYPE_PGID] ?? [])].flatMap((leader) => [...leader.signal.threads]);
  }
  if (which !== PRIO_USER) return -EINVAL;
  const uid = who || task.cred.uid;
  return [...pids.tasks()].filter((each) => each.cred.uid === uid);
}

const find_process_by_pid = (task: Task, pid: number): Task | null =>
  pid ? find_task_by_vpid(task, pid) : task;

export const sys_setpriority = SYSCALL_DEFINE(
  'setpriority',
  { which: which_names, who: int, niceval: int },
  (task, { which, who, niceval }) => {
    const targets = prio_targets(task, which, who);
    if (typeof targets === 'number') return targets;
    const nice = Math.max(MIN_NICE, Math.min(MAX_NICE, niceval));
    // As upstream: everybody is tried, and the last refusal is told.
    let error = -ESRCH;
    for (const target of targets) {
      const err = set_one_prio(task, target, nice);
      if (err || error === -ESRCH) error = err;
    }
    return error;
  },
);

function set_one_prio(task: Task, target: Task, nice: number): number {
  const { euid } = task.cred;
  const own = target.cred.uid === euid || target.cred.euid === euid;
  if (!own && !capable(task, CAP_SYS_NICE)) return -EPERM;
  if (nice < target.nice && !can_nice(task, target, nice)) return -EACCES;
  set_user_nice(target, nice);
  return 0;
}

export const set_user_nice = (task: Task, nice: number): void =>
  sched_change(task, (each) => {
    each.nice = nice;
  });

/** RLIMIT_NICE counts from 1 (nice 19) to 40 (nice -20). */
const can_nice = (task: Task, target: Task, nice: number): boolean =>
  20 - nice <= target.signal.rlim[RLIMIT_NICE]!.cur || capable(task, CAP_SYS_NICE);

/** The highest among them, as 1..40, because a result below 0 would be an error. */
export const sys_getpriority = SYSCALL_DEFINE(
  'getpriority',
  { which: which_names, who: int },
  (task, { which, who }) => {
    const targets = prio_targets(task, which, who);
    if (typeof targets === 'number') return targets;
    return targets.reduce((best, target) => Math.max(best, 20 - target.nice), -ESRCH);
  },
);

/*
 * Policies
 */

const POLICIES = { SCHED_OTHER: SCHED_NORMAL, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE };
const is_rt = (policy: number): boolean => policy === SCHED_FIFO || policy === SCHED_RR;
const is_valid = (policy: number): boolean => Object.values(POLICIES).includes(policy);

/** SCHED_DEADLINE and SCHED_EXT have names here, and no scheduler. */
const SCHED_EXT = 7;
const is_known = (policy: number): boolean =>
  is_valid(policy) || policy === SCHED_DEADLINE || policy === SCHED_EXT;

interface Attr {
  readonly policy: number;
  readonly reset_on_fork: boolean;
  readonly priority: number;
  /** null: as it is. */
  readonly nice: number | null;
}

function __sched_setscheduler(task: Task, target: Task, attr: Attr): number {
  if (!is_valid(attr.policy)) return -EINVAL;
  if (attr.priority < 0 || attr.priority > MAX_RT_PRIO) return -EINVAL;
  if (is_rt(attr.policy) !== attr.priority > 0) return -EINVAL;
  if (!capable(task, CAP_SYS_NICE) && !user_may_setscheduler(task, target, attr)) return -EPERM;

  sched_change(target, (each) => {
    each.policy = attr.policy;
    each.rt_priority = attr.priority;
    each.sched_reset_on_fork = attr.reset_on_fork;
    if (attr.nice !== null && !is_rt(attr.policy)) each.nice = attr.nice;
  });
  return 0;
}

/** What a user without CAP_SYS_NICE may do: only lower, within RLIMIT_NICE and RLIMIT_RTPRIO, and only to its own. */
function user_may_setscheduler(task: Task, target: Task, attr: Attr): boolean {
  const { policy, priority, nice, reset_on_fork } = attr;
  if (!is_rt(policy) && nice !== null && nice < target.nice && !can_nice(task, target, nice)) return false;
  if (is_rt(policy)) {
    const limit = target.signal.rlim[RLIMIT_RTPRIO]!.cur;
    if (policy !== target.policy && limit === 0) return false;
    if (priority > target.rt_priority && priority > limit) return false;
  }
  if (target.policy === SCHED_IDLE && policy !== SCHED_IDLE && !can_nice(task, target, target.nice))
    return false;
  if (target.sched_reset_on_fork && !reset_on_fork) return false;
  return same_owner(task, target);
}

const same_owner = ({ cred }: Task, target: Task): boolean =>
  cred.euid === target.cred.euid || cred.euid === target.cred.uid;

function do_sched_setscheduler(task: Task, pid: number, policy: number | null, param: UserPtr): number {
  if (!param || pid < 0) return -EINVAL;
  const bytes = memdup_user(task, param, 4);
  if (typeof bytes === 'number') return bytes;
  const target = find_process_by_pid(task, pid);
  if (!target) return -ESRCH;
  const keep = policy === null;
  return __sched_setscheduler(task, target, {
    policy: keep ? target.policy : policy & ~SCHED_RESET_ON_FORK,
    reset_on_fork: keep ? target.sched_reset_on_fork : (policy & SCHED_RESET_ON_FORK) !== 0,
    priority: get_unaligned_le32(bytes, 0) | 0,
    nice: null,
  });
}

export const sys_sched_setscheduler = SYSCALL_DEFINE(
  'sched_setscheduler',
  { pid: int, policy: enumeration(POLICIES), param: ptr },
  (task, { pid, policy, param }) => (policy < 0 ? -EINVAL : do_sched_setscheduler(task, pid, policy, param)),
);

export const sys_sched_setparam = SYSCALL_DEFINE('sched_setparam', { pid: int, param: ptr }, (task, args) =>
  do_sched_setscheduler(task, args.pid, null, args.param),
);

export const sys_sched_getscheduler = SYSCALL_DEFINE('sched_getscheduler', { pid: int }, (task, { pid }) => {
  if (pid < 0) return -EINVAL;
  const target = find_process_by_pid(task, pid);
  return target ? target.policy | (target.sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0) : -ESRCH;
});

export const sys_sched_getparam = SYSCALL_DEFINE(
  'sched_getparam',
  { pid: int, param: outptr },
  (task, { pid, param }) => {
    if (!param || pid < 0) return -EINVAL;
    const target = find_process_by_pid(task, pid);
    return target ? put_user_u32(task, param, target.rt_priority) : -ESRCH;
  },
);

/* struct sched_attr */
const SCHED_ATTR_SIZE_VER0 = 48;
const SCHED_ATTR_SIZE = 56;
const SCHED_FLAG_RESET_ON_FORK = 1;
// biome-ignore format: columns teach
const SIZE = 0, POLICY = 4, FLAGS = 8, NICE = 16, PRIORITY = 20;

export const sys_sched_setattr = SYSCALL_DEFINE(
  'sched_setattr',
  { pid: int, uattr: ptr, flags: uint },
  (task, { pid, uattr, flags }) => {
    if (!uattr || pid < 0 || flags) return -EINVAL;
    const attr = sched_copy_attr(task, uattr);
    if (typeof attr === 'number') return attr;
    const target = find_process_by_pid(task, pid);
    return target ? __sched_setscheduler(task, target, attr) : -ESRCH;
  },
);

function sched_copy_attr(task: Task, uattr: UserPtr): Attr | number {
  const given = get_user_u32(task, uattr);
  if (given < 0) return given;
  const usize = given === 0 ? SCHED_ATTR_SIZE_VER0 : given;
  const bytes =
    usize < SCHED_ATTR_SIZE_VER0 || usize > PAGE_SIZE
      ? -E2BIG
      : copy_struct_from_user(task, new Uint8Array(SCHED_ATTR_SIZE), uattr, usize);
  if (typeof bytes === 'number') {
    if (bytes === -E2BIG) put_user_u32(task, uattr, SCHED_ATTR_SIZE); // what we would have understood
    return bytes;
  }
  const flags = get_unaligned_le32(bytes, FLAGS);
  if (flags & ~SCHED_FLAG_RESET_ON_FORK) return -EINVAL;
  const nice = get_unaligned_le32(bytes, NICE) | 0;
  return {
    policy: get_unaligned_le32(bytes, POLICY) | 0,
    reset_on_fork: (flags & SCHED_FLAG_RESET_ON_FORK) !== 0,
    priority: get_unaligned_le32(bytes, PRIORITY),
    nice: Math.max(MIN_NICE, Math.min(MAX_NICE, nice)),
  };
}

export const sys_sched_getattr = SYSCALL_DEFINE(
  'sched_getattr',
  { pid: int, uattr: outptr, usize: uint, flags: uint },
  (task, { pid, uattr, usize, flags }) => {
    if (!uattr || pid < 0 || usize > PAGE_SIZE || usize < SCHED_ATTR_SIZE_VER0 || flags) return -EINVAL;
    const target = find_process_by_pid(task, pid);
    if (!target) return -ESRCH;
    const length = Math.min(usize, SCHED_ATTR_SIZE);
    const bytes = new Uint8Array(length);
    put_unaligned_le32(length, bytes, SIZE);
    put_unaligned_le32(target.policy, bytes, POLICY);
    put_unaligned_le32(target.sched_reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0, bytes, FLAGS);
    if (is_rt(target.policy)) put_unaligned_le32(target.rt_priority, bytes, PRIORITY);
    else put_unaligned_le32(target.nice, bytes, NICE);
    return copy_to_user(task, uattr, bytes) ? -EFAULT : 0;
  },
);

export const sys_sched_get_priority_max = SYSCALL_DEFINE(
  'sched_get_priority_max',
  { policy: enumeration(POLICIES) },
  (_task, { policy }) => (is_rt(policy) ? MAX_RT_PRIO : is_known(policy) ? 0 : -EINVAL),
);

export const sys_sched_get_priority_min = SYSCALL_DEFINE(
  'sched_get_priority_min',
  { policy: enumeration(POLICIES) },
  (_task, { policy }) => (is_rt(policy) ? 1 : is_known(policy) ? 0 : -EINVAL),
);

export const sys_sched_rr_get_interval = SYSCALL_DEFINE(
  'sched_rr_get_interval',
  { pid: int, interval: outptr },
  (task, { pid, interval }) => {
    if (pid < 0) return -EINVAL;
    const target = find_process_by_pid(task, pid);
    return target ? put_timespec64(task, interval, ns_to_timespec64(get_rr_interval(target))) : -ESRCH;
  },
);

const get_rr_interval = (task: Task): number => {
  if (task.policy === SCHED_FIFO) return 0;
  return task.policy === SCHED_RR ? RR_TIMESLICE_NS : task.kernel.sched.fair.slice(task);
};

export const sys_sched_yield = SYSCALL_DEFINE('sched_yield', {}, function* (task) {
  const { sched } = task.kernel;
  sched.update_curr();
  sched.classOf(task).yield_task(task);
  yield* schedule(task);
  return 0;
});

/*
 * CPUs: there is one, number 0, on node 0
 */

const NR_CPU_IDS = 1;
const CPUMASK_SIZE = 8;

export const sys_sched_setaffinity = SYSCALL_DEFINE(
  'sched_setaffinity',
  { pid: int, len: uint, user_mask: ptr },
  (task, { pid, len, user_mask }) => {
    const bytes = memdup_user(task, user_mask, Math.min(len, CPUMASK_SIZE));
    if (typeof bytes === 'number') return bytes;
    const target = find_process_by_pid(task, pid);
    if (!target) return -ESRCH;
    if (!same_owner(task, target) && !capable(task, CAP_SYS_NICE)) return -EPERM;
    const mask = (bytes[0] ?? 0) & (2 ** NR_CPU_IDS - 1);
    if (mask === 0) return -EINVAL;
    target.cpus_mask = mask;
    return 0;
  },
);

/** Returns how many bytes of the mask were written. */
export const sys_sched_getaffinity = SYSCALL_DEFINE(
  'sched_getaffinity',
  { pid: int, len: uint, user_mask: outptr },
  (task, { pid, len, user_mask }) => {
    if (len * 8 < NR_CPU_IDS || len % 8 !== 0) return -EINVAL;
    const target = find_process_by_pid(task, pid);
    if (!target) return -ESRCH;
    const bytes = new Uint8Array(Math.min(len, CPUMASK_SIZE));
    bytes[0] = target.cpus_mask;
    return copy_to_user(task, user_mask, bytes) ? -EFAULT : bytes.length;
  },
);

export const sys_getcpu = SYSCALL_DEFINE(
  'getcpu',
  { cpu: outptr, node: outptr, cache: ptr },
  (task, { cpu, node }) => {
    if (cpu && put_user_u32(task, cpu, 0)) return -EFAULT;
    return node && put_user_u32(task, node, 0) ? -EFAULT : 0;
  },
);
