/*
 * kernel/sched/cputime.ts - how much CPU time did it use?
 *
 * Linux:   kernel/sched/cputime.c, kernel/sys.c (getrusage, times) (v6.12)
 * Manual:  getrusage(2), times(2)
 * Differs: nothing is sampled. The scheduler charges every ns; of those the entries into the kernel (each of a fixed cost
 *          on the board's clock) are system time, the rest is user time.
 */

import type { Task } from '../include/linux/sched.ts';
import type { SignalStruct } from '../include/linux/signal.ts';
import { PAGE_SIZE, type UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL } from '../include/uapi/errno.ts';
import { RUSAGE_BOTH, RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD } from '../include/uapi/sched.ts';
import { put_unaligned_le64 } from '../lib/bytes.ts';
import { copy_to_user } from '../lib/usercopy.ts';
import { enumeration, outptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { NSEC_PER_SEC, NSEC_PER_USEC } from '../time/timekeeping.ts';

export interface TaskCputime {
  utime: number;
  stime: number;
  sum_exec_runtime: number;
}

/** Of one thread, up to now. */
export function task_cputime(task: Task): TaskCputime {
  const { sched } = task.kernel;
  if (sched.current === task) sched.update_curr();
  return { utime: task.utime, stime: task.stime, sum_exec_runtime: task.se.sum_exec_runtime };
}

/** Of the whole process: its threads, and those that died. */
export function thread_group_cputime(task: Task): TaskCputime {
  const { signal } = task;
  const sum = { utime: signal.utime, stime: signal.stime, sum_exec_runtime: signal.sum_sched_runtime };
  for (const thread of signal.threads) {
    const part = task_cputime(thread);
    sum.utime += part.utime;
    sum.stime += part.stime;
    sum.sum_exec_runtime += part.sum_exec_runtime;
  }
  return sum;
}

/** Linux: struct rusage. Times in ns; what the kernel does not count is zero, as upstream. */
export interface Rusage {
  ru_utime: number;
  ru_stime: number;
  /** Pages. */
  ru_maxrss: number;
  ru_minflt: number;
  ru_nvcsw: number;
  ru_nivcsw: number;
}

const RUSAGE_SIZE = 144;

export const emptyRusage = (): Rusage => ({
  ru_utime: 0,
  ru_stime: 0,
  ru_maxrss: 0,
  ru_minflt: 0,
  ru_nvcsw: 0,
  ru_nivcsw: 0,
});

/** `who` is RUSAGE_*. */
export function getrusage(task: Task, who: number): Rusage {
  const usage = emptyRusage();
  if (who === RUSAGE_THREAD) addThread(usage, task);
  if (who === RUSAGE_CHILDREN || who === RUSAGE_BOTH) addChildren(usage, task.signal);
  if (who === RUSAGE_SELF || who === RUSAGE_BOTH) addProcess(usage, task);
  if (who !== RUSAGE_CHILDREN && task.mm)
    usage.ru_maxrss = Math.max(usage.ru_maxrss, task.signal.maxrss, maxrss(task));
  return usage;
}

/** Linux: get_mm_hiwater_rss(). */
export const maxrss = (task: Task): number => {
  const { mm } = task;
  return mm ? Math.max(mm.hiwater_rss, mm.rss_anon + mm.rss_file + mm.rss_shmem) : 0;
};

function addThread(usage: Rusage, task: Task): void {
  const { utime, stime } = task_cputime(task);
  usage.ru_utime += utime;
  usage.ru_stime += stime;
  usage.ru_minflt += task.min_flt;
  usage.ru_nvcsw += task.nvcsw;
  usage.ru_nivcsw += task.nivcsw;
}

function addProcess(usage: Rusage, task: Task): void {
  const { signal } = task;
  usage.ru_utime += signal.utime;
  usage.ru_stime += signal.stime;
  usage.ru_minflt += signal.min_flt;
  usage.ru_nvcsw += signal.nvcsw;
  usage.ru_nivcsw += signal.nivcsw;
  usage.ru_maxrss = Math.max(usage.ru_maxrss, signal.maxrss);
  for (const thread of signal.threads) addThread(usage, thread);
}

function addChildren(usage: Rusage, signal: SignalStruct): void {
  usage.ru_utime += signal.cutime;
  usage.ru_stime += signal.cstime;
  usage.ru_minflt += signal.cmin_flt;
  usage.ru_nvcsw += signal.cnvcsw;
  usage.ru_nivcsw += signal.cnivcsw;
  usage.ru_maxrss = Math.max(usage.ru_maxrss, signal.cmaxrss);
}

/** struct timeval at `at`. */
export function put_timeval(bytes: Uint8Array, at: number, ns: number): void {
  const sec = Math.floor(ns / NSEC_PER_SEC);
  put_unaligned_le64(sec, bytes, at);
  put_unaligned_le64(Math.floor((ns - sec * NSEC_PER_SEC) / NSEC_PER_USEC), bytes, at + 8);
}

/** 0 or -EFAULT. */
export function copy_rusage_to_user(task: Task, to: UserPtr, usage: Rusage): number {
  const bytes = new Uint8Array(RUSAGE_SIZE);
  put_timeval(bytes, 0, usage.ru_utime);
  put_timeval(bytes, 16, usage.ru_stime);
  put_unaligned_le64(usage.ru_maxrss * (PAGE_SIZE / 1024), bytes, 32); // user space gets KiB
  put_unaligned_le64(usage.ru_minflt, bytes, 64);
  put_unaligned_le64(usage.ru_nvcsw, bytes, 128);
  put_unaligned_le64(usage.ru_nivcsw, bytes, 136);
  return copy_to_user(task, to, bytes) ? -EFAULT : 0;
}

const WHO = { RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD };

export const sys_getrusage = SYSCALL_DEFINE(
  'getrusage',
  { who: enumeration(WHO), ru: outptr },
  (task, { who, ru }) => {
    if (who !== RUSAGE_SELF && who !== RUSAGE_CHILDREN && who !== RUSAGE_THREAD) return -EINVAL;
    return copy_rusage_to_user(task, ru, getrusage(task, who));
  },
);

/** clock_t counts hundredths of a second, whatever the machine. */
const USER_HZ = 100;
export const nsec_to_clock_t = (ns: number): number => Math.floor(ns / (NSEC_PER_SEC / USER_HZ));

export const sys_times = SYSCALL_DEFINE('times', { tbuf: outptr }, (task, { tbuf }) => {
  if (tbuf !== 0) {
    const { utime, stime } = thread_group_cputime(task);
    const { cutime, cstime } = task.signal;
    const bytes = new Uint8Array(32);
    [utime, stime, cutime, cstime].forEach((ns, i) => {
      put_unaligned_le64(nsec_to_clock_t(ns), bytes, 8 * i);
    });
    if (copy_to_user(task, tbuf, bytes)) return -EFAULT;
  }
  return nsec_to_clock_t(task.kernel.time.monotonicNs());
});
