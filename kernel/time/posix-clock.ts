/*
 * kernel/time/posix-clock.ts - the clocks by number
 *
 * Linux:   kernel/time/posix-timers.c, kernel/time/posix-cpu-timers.c (v6.12)
 * Manual:  clock_getres(2)
 * Differs: the machine is never suspended, so there is nothing that the alarm clocks would wake it from
 * Absent:  clocks that are descriptors (PTP)
 */

import type { Timespec } from '../include/linux/fs.ts';
import { capable } from '../cred.ts';
import type { Task } from '../include/linux/sched.ts';
import { CAP_WAKE_ALARM } from '../include/uapi/capability.ts';
import { EINVAL, EOPNOTSUPP, EPERM } from '../include/uapi/errno.ts';
import {
  CLOCKS,
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
  CLOCK_THREAD_CPUTIME_ID,
} from '../include/uapi/time.ts';
import { PIDTYPE_PID, PIDTYPE_TGID, pid_task, find_vpid } from '../pid.ts';
import { enumeration, outptr, ptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { type CpuClock, CPUCLOCK_SCHED, cpu_clock_sample } from './posix-cpu-timers.ts';
import { do_sys_settimeofday64, get_timespec64, put_timespec64 } from './time.ts';
import { ns_to_timespec64, TICK_NSEC, type Timekeeping, timespec64_add } from './timekeeping.ts';
import { timens_offset } from './namespace.ts';

/** How timers and sleepers wait on a clock: on which of the two time scales, and with what offset to its wall. */
export type TimerBase = 'monotonic' | 'realtime' | 'tai' | CpuClockId;

/** Linux: struct k_clock, for the clocks that are always there. */
interface KClock {
  get(time: Timekeeping): Timespec;
  readonly res: number;
  /** Whether timers and sleepers can use it. */
  readonly base: 'monotonic' | 'realtime' | 'tai' | null;
}

const monotonic = (time: Timekeeping): Timespec => ns_to_timespec64(time.monotonicNs());

// biome-ignore format: columns teach
const posix_clocks: ReadonlyMap<number, KClock> = new Map<number, KClock>([
  [CLOCK_REALTIME,         { get: (time) => time.realtime(),                                res: 1,         base: 'realtime' }],
  [CLOCK_MONOTONIC,        { get: monotonic,                                                res: 1,         base: 'monotonic' }],
  [CLOCK_MONOTONIC_RAW,    { get: monotonic,                                                res: 1,         base: null }],
  [CLOCK_REALTIME_COARSE,  { get: (time) => time.realtime(),                                res: TICK_NSEC, base: null }],
  [CLOCK_MONOTONIC_COARSE, { get: monotonic,                                                res: TICK_NSEC, base: null }],
  [CLOCK_BOOTTIME,         { get: monotonic,                                                res: 1,         base: 'monotonic' }],
  [CLOCK_REALTIME_ALARM,   { get: (time) => time.realtime(),                                res: 1,         base: 'realtime' }],
  [CLOCK_BOOTTIME_ALARM,   { get: monotonic,                                                res: 1,         base: 'monotonic' }],
  [CLOCK_TAI,              { get: (time) => time.tai(),                                     res: 1,         base: 'tai' }],
]);

/** A CPU clock, of the caller's own or of somebody's process or thread. */
export interface CpuClockId {
  readonly task: Task;
  readonly which: CpuClock;
  readonly perThread: boolean;
}

/* A negative clockid_t: ~pid << 3, bit 2 = a thread's, bits 1:0 = which clock (3: a descriptor). */
const CPUCLOCK_PERTHREAD_MASK = 4;
const CPUCLOCK_CLOCK_MASK = 3;
const CLOCKFD = 3;
const CLOCKFD_MASK = 7;

/** Which CPU clock `id` is, -EINVAL for none that the caller may see, null: it is no CPU clock at all. */
export function cpu_clock(task: Task, id: number): CpuClockId | null | number {
  if (id === CLOCK_PROCESS_CPUTIME_ID) return { task, which: CPUCLOCK_SCHED, perThread: false };
  if (id === CLOCK_THREAD_CPUTIME_ID) return { task, which: CPUCLOCK_SCHED, perThread: true };
  if (id >= 0) return null;
  const which = id & CPUCLOCK_CLOCK_MASK;
  if (which === CPUCLOCK_CLOCK_MASK) return -EINVAL; // a descriptor's, or none
  const perThread = (id & CPUCLOCK_PERTHREAD_MASK) !== 0;
  const target = cpu_clock_task(task, ~(id >> 3), perThread);
  return target ? { task: target, which: which as CpuClock, perThread } : -EINVAL;
}

function cpu_clock_task(task: Task, nr: number, perThread: boolean): Task | null {
  if (nr === 0) return task;
  const pid = find_vpid(task, nr);
  if (!perThread) return pid === task.thread_pid ? task : pid_task(pid, PIDTYPE_TGID);
  const thread = pid_task(pid, PIDTYPE_PID);
  return thread?.signal === task.signal ? thread : null;
}

/** What timers on `id` run by, or -errno: -EINVAL no such clock, -EOPNOTSUPP one that cannot be waited for. */
export function timer_base(task: Task, id: number): TimerBase | number {
  if (id < 0 && (id & CLOCKFD_MASK) === CLOCKFD) return -EOPNOTSUPP;
  const alarm = id === CLOCK_REALTIME_ALARM || id === CLOCK_BOOTTIME_ALARM;
  if (alarm && !capable(task, CAP_WAKE_ALARM)) return -EPERM;
  const cpu = cpu_clock(task, id);
  if (cpu !== null) return cpu;
  const clock = posix_clocks.get(id);
  return clock ? (clock.base ?? -EOPNOTSUPP) : -EINVAL;
}

/** TAI runs with the wall clock, some seconds ahead. */
export const base_to_realtime = (time: Timekeeping, base: 'realtime' | 'tai', ts: Timespec): Timespec =>
  base === 'tai' ? timespec64_add(ts, { sec: -time.tai_offset, nsec: 0 }) : ts;

const clockid = enumeration(CLOCKS);

/** The time on clock `id`, or -EINVAL. */
export function clock_get(task: Task, id: number): Timespec | number {
  const clock = posix_clocks.get(id);
  if (clock) {
    const offset = timens_offset(task, id);
    const now = clock.get(task.kernel.time);
    return offset ? timespec64_add(now, ns_to_timespec64(offset)) : now;
  }
  const cpu = cpu_clock(task, id);
  if (cpu === null || typeof cpu === 'number') return -EINVAL;
  return ns_to_timespec64(cpu_clock_sample(cpu.task, cpu.which, cpu.perThread));
}

export const sys_clock_gettime = SYSCALL_DEFINE(
  'clock_gettime',
  { which_clock: clockid, tp: outptr },
  (task, { which_clock, tp }) => {
    const now = clock_get(task, which_clock);
    return typeof now === 'number' ? now : put_timespec64(task, tp, now);
  },
);

export const sys_clock_settime = SYSCALL_DEFINE(
  'clock_settime',
  { which_clock: clockid, tp: ptr },
  (task, { which_clock, tp }) => {
    const settable = which_clock === CLOCK_REALTIME || which_clock < 0;
    if (!settable) return -EINVAL;
    const ts = get_timespec64(task, tp);
    if (typeof ts === 'number') return ts;
    if (which_clock === CLOCK_REALTIME) return do_sys_settimeofday64(task, ts, null);
    return typeof cpu_clock(task, which_clock) === 'number' ? -EINVAL : -EPERM;
  },
);

export const sys_clock_getres = SYSCALL_DEFINE(
  'clock_getres',
  { which_clock: clockid, tp: outptr },
  (task, { which_clock, tp }) => {
    const res = clock_res(task, which_clock);
    if (res < 0 || !tp) return Math.min(res, 0);
    return put_timespec64(task, tp, { sec: 0, nsec: res });
  },
);

function clock_res(task: Task, id: number): number {
  const clock = posix_clocks.get(id);
  if (clock) return clock.res;
  const cpu = cpu_clock(task, id);
  if (cpu === null || typeof cpu === 'number') return -EINVAL;
  return cpu.which === CPUCLOCK_SCHED ? 1 : TICK_NSEC; // the other two are documented to count ticks
}
