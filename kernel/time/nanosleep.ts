/*
 * kernel/time/nanosleep.ts - sleeping for a while, or until a time
 *
 * Linux:   kernel/time/hrtimer.c (hrtimer_nanosleep), kernel/time/posix-timers.c, kernel/time/posix-cpu-timers.c (v6.12)
 * Manual:  nanosleep(2), clock_nanosleep(2)
 */

import type { Timespec } from '../include/linux/fs.ts';
import { TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, type Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EINVAL, EOPNOTSUPP, ERESTARTNOHAND, ERESTART_RESTARTBLOCK } from '../include/uapi/errno.ts';
import { CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, CLOCKS, TIMER_ABSTIME } from '../include/uapi/time.ts';
import { schedule, try_to_wake_up } from '../sched/core.ts';
import type { Sleeps } from '../sched/wait.ts';
import { signal_pending } from '../signal.ts';
import { bits, enumeration, outptr, ptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { schedule_hrtimeout, schedule_hrtimeout_realtime } from './hrtimer.ts';
import { base_to_realtime, type CpuClockId, type TimerBase, timer_base } from './posix-clock.ts';
import { CpuTimer } from './posix-cpu-timers.ts';
import { get_timespec64, put_timespec64 } from './time.ts';
import { KTIME_MAX, ns_to_timespec64, timespec64_to_ns, timespec64_valid } from './timekeeping.ts';
import { timens_ktime_to_host } from './namespace.ts';

export const sys_nanosleep = SYSCALL_DEFINE(
  'nanosleep',
  { rqtp: ptr, rmtp: outptr },
  function* (task, { rqtp, rmtp }) {
    return yield* common_nanosleep(task, CLOCK_MONOTONIC, 'monotonic', false, rqtp, rmtp);
  },
);

export const sys_clock_nanosleep = SYSCALL_DEFINE(
  'clock_nanosleep',
  { which_clock: enumeration(CLOCKS), flags: bits({ TIMER_ABSTIME }), rqtp: ptr, rmtp: outptr },
  function* (task, { which_clock, flags, rqtp, rmtp }) {
    const base = timer_base(task, which_clock);
    if (base === -EINVAL && which_clock < 0) return bad_cpu_clock(task, rqtp);
    if (typeof base === 'number') return base;
    if (which_clock === CLOCK_THREAD_CPUTIME_ID) return -EOPNOTSUPP; // it stands still while its thread sleeps
    return yield* common_nanosleep(task, which_clock, base, (flags & TIMER_ABSTIME) !== 0, rqtp, rmtp);
  },
);

/** Whose CPU clock it is to be is asked last. */
function bad_cpu_clock(task: Task, rqtp: UserPtr): number {
  const ts = get_timespec64(task, rqtp);
  return typeof ts === 'number' ? ts : -EINVAL;
}

function* common_nanosleep(
  task: Task,
  id: number,
  base: TimerBase,
  absolute: boolean,
  rqtp: UserPtr,
  rmtp: UserPtr,
): Sleeps<number> {
  const ts = get_timespec64(task, rqtp);
  if (typeof ts === 'number') return ts;
  if (!timespec64_valid(ts)) return -EINVAL;
  task.restart_block = null;

  if (typeof base === 'object') return yield* cpu_nanosleep(task, base, id, absolute, ts, rmtp);
  if (absolute && base !== 'monotonic') return yield* sleep_until_wall(task, base, ts);
  // A relative sleep lasts as long as it says, also when the wall clock is set meanwhile.
  const given = timespec64_to_ns(ts);
  const expires = absolute ? timens_ktime_to_host(task, id, given) : given + task.kernel.time.monotonicNs();
  return yield* do_nanosleep(task, expires, absolute, rmtp);
}

/** `expires` on the monotonic clock. */
function* do_nanosleep(task: Task, expires: number, absolute: boolean, rmtp: UserPtr): Sleeps<number> {
  for (;;) {
    task.state = TASK_INTERRUPTIBLE;
    if ((yield* schedule_hrtimeout(task, expires)) === 0) return 0;
    if (signal_pending(task)) break;
  }
  if (absolute) return -ERESTARTNOHAND; // the same call again is right: it says until when
  return copy_remaining(task, expires - task.kernel.time.monotonicNs(), rmtp, (again) =>
    do_nanosleep(again, expires, false, rmtp),
  );
}

function* sleep_until_wall(task: Task, base: 'realtime' | 'tai', until: Timespec): Sleeps<number> {
  const wall = base_to_realtime(task.kernel.time, base, until);
  for (;;) {
    task.state = TASK_INTERRUPTIBLE;
    if ((yield* schedule_hrtimeout_realtime(task, wall)) === 0) return 0;
    if (signal_pending(task)) return -ERESTARTNOHAND;
  }
}

/** Sleeps until a CPU clock (of another process, or of one's other threads) has run that far. */
function* cpu_nanosleep(
  task: Task,
  clock: CpuClockId,
  id: number,
  absolute: boolean,
  ts: Timespec,
  rmtp: UserPtr,
): Sleeps<number> {
  if (clock.perThread && clock.task === task) return -EINVAL; // it would never wake
  const timer = new CpuTimer(clock.task, clock.which, clock.perThread, () => {
    try_to_wake_up(task, TASK_NORMAL);
  });
  const expires = timespec64_to_ns(ts) + (absolute ? 0 : timer.now());
  timer.start(expires);
  while (timer.now() < expires && !signal_pending(task)) {
    task.state = TASK_INTERRUPTIBLE;
    yield* schedule(task);
  }
  task.state = TASK_RUNNING;
  timer.cancel();
  const left = expires - timer.now();
  if (left <= 0) return 0;
  if (absolute) return -ERESTARTNOHAND;
  return copy_remaining(task, left, rmtp, (again) =>
    cpu_nanosleep(again, clock, id, true, ns_to_timespec64(expires), rmtp),
  );
}

/** A signal came. Says how long is left, and how to go on if the signal turns out to concern nobody. */
function copy_remaining(
  task: Task,
  leftNs: number,
  rmtp: UserPtr,
  restart: (task: Task) => Sleeps<number>,
): number {
  if (leftNs <= 0) return 0;
  if (rmtp !== NULL) {
    const err = put_timespec64(task, rmtp, ns_to_timespec64(Math.min(leftNs, KTIME_MAX)));
    if (err) return err;
  }
  task.restart_block = restart;
  return -ERESTART_RESTARTBLOCK;
}
