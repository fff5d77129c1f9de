/*
 * kernel/time/posix-cpu-timers.ts - timers that run only while their process does
 *
 * Linux:   kernel/time/posix-cpu-timers.c (v6.12)
 * Manual:  clock_getcpuclockid(3), setitimer(2), getrlimit(2) (RLIMIT_CPU)
 * Differs: no tick looks at them. When a process that has such timers gets the CPU, one HrTimer is set to the first
 *          moment at which one of them could expire; they are exact.
 */

import type { Task } from '../include/linux/sched.ts';
import type { Kernel } from '../kernel.ts';
import { task_cputime, thread_group_cputime } from '../sched/cputime.ts';

/* What a CPU clock counts: the low bits of a dynamic clockid_t. */
export const CPUCLOCK_PROF = 0; //  user and system time
export const CPUCLOCK_VIRT = 1; //  user time
export const CPUCLOCK_SCHED = 2; // what the scheduler charged: the sum of both, in ns
export type CpuClock = 0 | 1 | 2;

/** Armed while it is in its process's signal.cpu_timers. */
export class CpuTimer {
  readonly which: CpuClock;
  /** Any thread of the process whose time it counts; with `perThread` only that one's. */
  readonly task: Task;
  readonly perThread: boolean;
  readonly fn: (timer: CpuTimer) => void;
  /** On its CPU clock, in ns. */
  expires = 0;

  constructor(task: Task, which: CpuClock, perThread: boolean, fn: (timer: CpuTimer) => void) {
    this.task = task;
    this.which = which;
    this.perThread = perThread;
    this.fn = fn;
  }

  get armed(): boolean {
    return this.task.signal.cpu_timers?.has(this) ?? false;
  }

  /** What its clock shows now. */
  now(): number {
    return cpu_clock_sample(this.task, this.which, this.perThread);
  }

  start(expires: number): void {
    const { signal, kernel } = this.task;
    this.expires = expires;
    signal.cpu_timers ??= new Set();
    signal.cpu_timers.add(this);
    posix_cpu_timers_schedule(kernel);
  }

  cancel(): boolean {
    const { signal } = this.task;
    const was = signal.cpu_timers?.delete(this) ?? false;
    if (signal.cpu_timers?.size === 0) signal.cpu_timers = null;
    return was;
  }
}

/** The clock of one thread, or of its whole process. */
export function cpu_clock_sample(task: Task, which: CpuClock, perThread: boolean): number {
  const { utime, stime, sum_exec_runtime } = perThread ? task_cputime(task) : thread_group_cputime(task);
  if (which === CPUCLOCK_SCHED) return sum_exec_runtime;
  return which === CPUCLOCK_VIRT ? utime : utime + stime;
}

const concerns = (timer: CpuTimer, task: Task): boolean => !timer.perThread || timer.task === task;

/** Sets the alarm for the current task's timers. Called when it gets the CPU, and when one of them changed. */
export function posix_cpu_timers_schedule(kernel: Kernel): void {
  const { current, cputimer } = kernel.sched;
  const timers = current.signal.cpu_timers;
  if (!timers) {
    cputimer.cancel();
    return;
  }
  let soonest = Infinity;
  for (const timer of timers)
    if (concerns(timer, current)) soonest = Math.min(soonest, timer.expires - timer.now());
  cputimer.start(kernel.time.monotonicNs() + Math.max(0, soonest));
}

/** The alarm: fires what is due, and looks for the next. A timer on user time may find that it has to wait longer. */
export function run_posix_cpu_timers(kernel: Kernel): void {
  const { current } = kernel.sched;
  for (const timer of [...(current.signal.cpu_timers ?? [])]) {
    if (!concerns(timer, current) || timer.now() < timer.expires) continue;
    timer.cancel();
    timer.fn(timer);
  }
  posix_cpu_timers_schedule(kernel);
}
