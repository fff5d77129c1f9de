/*
 * kernel/time/namespace.ts - clocks that started at another time
 *
 * Linux:   kernel/time/namespace.c (v6.12)
 * Manual:  time_namespaces(7)
 *
 * Differs: a time is a number of ns, exact to 2^53
 *
 * Only the clocks that count from the machine's start are shifted: the wall clock is everybody's.
 */

import { ns_capable } from '../cred.ts';
import type { Timespec } from '../include/linux/fs.ts';
import { ns_alloc_inum } from '../fs/nsfs.ts';
import { PROC_TIME_INIT_INO, type TimeNamespace } from '../include/linux/ns_common.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserNamespace } from '../include/linux/user_namespace.ts';
import { CAP_SYS_TIME } from '../include/uapi/capability.ts';
import { EACCES, EINVAL, EPERM, ERANGE } from '../include/uapi/errno.ts';
import type { Kernel } from '../kernel.ts';
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
} from '../include/uapi/time.ts';
import { NSEC_PER_SEC, ns_to_timespec64, timespec64_sub } from './timekeeping.ts';

export const init_time_ns = (user_ns: UserNamespace): TimeNamespace => ({
  type: 'time',
  inum: PROC_TIME_INIT_INO,
  user_ns,
  monotonic: 0,
  boottime: 0,
  frozen: true,
});

/** For children: their offsets can still be set, and begin as those of `old`. */
export const clone_time_ns = (kernel: Kernel, user_ns: UserNamespace, old: TimeNamespace): TimeNamespace => ({
  ...old,
  inum: ns_alloc_inum(kernel),
  user_ns,
  frozen: false,
});

/** From now on somebody lives by these clocks. */
export function timens_commit(ns: TimeNamespace): TimeNamespace {
  ns.frozen = true;
  return ns;
}

const MONOTONIC: readonly number[] = [CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE];
const BOOTTIME: readonly number[] = [CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM];

/** What the caller's clock `id` shows more than the machine's, in ns. */
export const timens_offset = ({ nsproxy }: Task, id: number): number => offset_in(nsproxy.time_ns, id);

export function offset_in({ monotonic, boottime }: TimeNamespace, id: number): number {
  if (monotonic !== 0 && MONOTONIC.includes(id)) return monotonic;
  return boottime !== 0 && BOOTTIME.includes(id) ? boottime : 0;
}

/** How long ago the machine was started, and when that was, as `task` has to believe. */
export const timens_add_boottime_ns = ({ nsproxy }: Task, ns: number): number =>
  ns + nsproxy.time_ns.boottime;
export const timens_sub_boottime = ({ nsproxy }: Task, ts: Timespec): Timespec =>
  timespec64_sub(ts, ns_to_timespec64(nsproxy.time_ns.boottime));

/** A time of the caller's on the machine's clock; what was before the machine started is now. */
export const timens_ktime_to_host = (task: Task, id: number, ns: number): number =>
  Math.max(0, ns - timens_offset(task, id));

const CLOCKS = [
  ['monotonic', 1],
  ['boottime', 7],
] as const;

/** "monotonic           0         0" */
export function proc_timens_show_offsets({ nsproxy }: Task): string {
  const ns = nsproxy.time_ns_for_children;
  return CLOCKS.map(([name]) => {
    const sec = Math.floor(ns[name] / NSEC_PER_SEC);
    const nsec = ns[name] - sec * NSEC_PER_SEC;
    return `${name.padEnd(10)} ${String(sec).padStart(10)} ${String(nsec).padStart(9)}\n`;
  }).join('');
}

/** Half of what 64 bits of ns can hold: sums of two never overflow. */
const KTIME_SEC_MAX = Math.floor(2 ** 63 / NSEC_PER_SEC);

/** Lines of "clock seconds nanoseconds". Bytes taken, or -errno. */
export function timens_offsets_write(task: Task, text: string, writer: Task): number {
  const ns = task.nsproxy.time_ns_for_children;
  const offsets: { monotonic?: number; boottime?: number } = {};
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const match = /^\s*(\w+)\s+(-?\d+)\s+(\d+)\s*$/.exec(line);
    const clock = match && CLOCKS.find(([name, id]) => match[1] === name || match[1] === String(id));
    const nsec = Number(match?.[3]);
    if (!clock || nsec >= NSEC_PER_SEC) return -EINVAL;
    offsets[clock[0]] = Number(match[2]) * NSEC_PER_SEC + nsec;
  }
  if (!ns_capable(writer, ns.user_ns, CAP_SYS_TIME)) return -EPERM;
  const now = task.kernel.time.monotonicNs();
  for (const offset of Object.values(offsets))
    if (now + offset < 0 || now + offset > (KTIME_SEC_MAX / 2) * NSEC_PER_SEC) return -ERANGE;
  if (ns.frozen) return -EACCES;
  Object.assign(ns, offsets);
  return text.length;
}
