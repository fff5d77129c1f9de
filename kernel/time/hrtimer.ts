/*
 * kernel/time/hrtimer.ts - something is to happen at a given nanosecond
 *
 * Linux:   kernel/time/hrtimer.c (v6.12)
 * Differs: one queue in monotonic time; timers on the wall clock are moved when that is set. No slack: a timer expires
 *          exactly when it should, and interrupts cost nothing to coalesce.
 */

import type { Timespec } from '../include/linux/fs.ts';
import { TASK_NORMAL, TASK_RUNNING, type Task } from '../include/linux/sched.ts';
import { EINTR } from '../include/uapi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { insert_at, remove_at } from '../lib/sorted.ts';
import { schedule, try_to_wake_up } from '../sched/core.ts';
import type { Sleeps } from '../sched/wait.ts';
import type { ClockEventDevice } from './clockevents.ts';
import { KTIME_MAX } from './timekeeping.ts';

/** Called from the timer interrupt. May start the timer again. */
export type HrTimerFunction = (timer: HrTimer) => void;

/** One machine's pending timers, and the clock event device that serves them. */
export class HrTimers {
  private readonly kernel: Kernel;
  /** By expiry, soonest first; ties in order of start. */
  private readonly queue: HrTimer[] = [];
  private device: ClockEventDevice | null = null;
  /** What the device was told last; null: it has rung since, or was told nothing yet. */
  private programmed: number | null = null;
  /** The first expiry may be another one by now. */
  private stale = false;
  /** Whoever wants to know when the wall clock is set, by what it is for. Linux: the cancel_list of fs/timerfd.c. */
  readonly on_clock_set = new Map<object, () => void>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Linux: clockevents_config_and_register(). */
  clockevents_register(device: ClockEventDevice): void {
    this.device = device;
    this.stale = true;
  }

  /** Monotonic ns of the first expiry; Infinity when nothing is pending. */
  get next_event(): number {
    return this.queue[0]?.expires ?? Infinity;
  }

  /** The clock event device's interrupt: runs all that is due. */
  hrtimer_interrupt(): void {
    this.programmed = null;
    this.stale = true;
    for (
      let first = this.queue[0];
      first && first.expires <= this.kernel.time.monotonicNs();
      first = this.queue[0]
    ) {
      this.queue.shift();
      first.queued = false;
      first.fn(first);
    }
  }

  /** Between two tasks, where time stands still: only if it decides whether an interrupt is there to be taken. */
  rearm_if_due(now: number): void {
    if (this.stale && Math.min(this.programmed ?? now, this.next_event) <= now) this.hrtimer_rearm_deferred();
  }

  /**
   * Linux: hrtimer_rearm_deferred() (newer than v6.12). Called before the CPU goes back to user space or
   * idles: time stands still in the kernel, and most timers that a switch of tasks starts are cancelled by the next one.
   */
  hrtimer_rearm_deferred(): void {
    if (!this.stale || !this.device) return;
    this.stale = false;
    const next = this.next_event;
    if (next === this.programmed) return;
    this.programmed = next;
    if (next < KTIME_MAX) this.device.set_next_ktime(Math.max(0, next));
    else this.device.set_state_shutdown();
  }

  /** The wall clock was set: what waits for it waits for another monotonic time now. */
  clock_was_set(): void {
    for (const timer of this.queue.filter((each) => each.wall)) timer.start_realtime(timer.wall!);
    for (const notify of this.on_clock_set.values()) notify();
  }

  /** For HrTimer only. */
  insert(timer: HrTimer): void {
    const { queue } = this;
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (queue[middle]!.expires <= timer.expires) low = middle + 1;
      else high = middle;
    }
    insert_at(queue, low, timer);
    if (low === 0) this.stale = true;
  }

  /** For HrTimer only. The device may ring once too early then; that finds nothing to do. */
  remove(timer: HrTimer): void {
    const at = this.queue.indexOf(timer);
    if (at >= 0) remove_at(this.queue, at);
    if (at === 0) this.stale = true;
  }
}

export class HrTimer {
  readonly kernel: Kernel;
  readonly fn: HrTimerFunction;
  /** Monotonic ns; of the last start, also when it is no longer pending. */
  expires = 0;
  queued = false;
  /** The wall-clock time it waits for; null: a monotonic one. */
  wall: Timespec | null = null;

  constructor(kernel: Kernel, fn: HrTimerFunction) {
    this.kernel = kernel;
    this.fn = fn;
  }

  /** Expires at `expiresNs` on the monotonic clock. Starting again moves it; from KTIME_MAX on it never expires. */
  start(expiresNs: number): void {
    this.cancel();
    this.wall = null;
    this.enqueue(expiresNs);
  }

  /** Expires when the wall clock shows `ts`, wherever it is set to in between. */
  start_realtime(ts: Timespec): void {
    this.cancel();
    this.wall = ts;
    this.enqueue(this.kernel.time.realtimeToMonotonic(ts));
  }

  /** True if it was pending. */
  cancel(): boolean {
    if (!this.queued) return false;
    this.queued = false;
    this.kernel.hrtimers.remove(this);
    return true;
  }

  /** ns until it expires, negative when it should have; of a timer that is not pending, until its last expiry. */
  remaining(): number {
    return this.expires - this.kernel.time.monotonicNs();
  }

  /** Linux: hrtimer_forward(). Moves the expiry past now in steps; returns how many steps it took. */
  forward(intervalNs: number): number {
    const late = this.kernel.time.monotonicNs() - this.expires;
    if (late < 0) return 0;
    const overruns = Math.floor(late / intervalNs) + 1;
    this.expires += overruns * intervalNs;
    return overruns;
  }

  private enqueue(expiresNs: number): void {
    this.expires = expiresNs;
    this.queued = true;
    this.kernel.hrtimers.insert(this);
  }
}

/**
 * Sleeps in the state the caller has set, until `expiresNs` on the monotonic clock (Infinity: no limit) or until woken.
 * 0 when the time came, -EINTR when something else woke it first.
 */
export function* schedule_hrtimeout(task: Task, expiresNs: number): Sleeps<number> {
  if (expiresNs >= KTIME_MAX) {
    yield* schedule(task);
    return -EINTR;
  }
  const timer = sleepTimer(task);
  timer.start(expiresNs);
  return yield* do_schedule_hrtimeout(task, timer);
}

/** The same for a time on the wall clock. */
export function* schedule_hrtimeout_realtime(task: Task, until: Timespec): Sleeps<number> {
  const timer = sleepTimer(task);
  timer.start_realtime(until);
  return yield* do_schedule_hrtimeout(task, timer);
}

function* do_schedule_hrtimeout(task: Task, timer: HrTimer): Sleeps<number> {
  if (timer.remaining() > 0) yield* schedule(task);
  task.state = TASK_RUNNING;
  timer.cancel();
  return timer.remaining() <= 0 ? 0 : -EINTR;
}

/** A task sleeps once at a time, so one timer is enough for it. */
function sleepTimer(task: Task): HrTimer {
  task.sleep_timer ??= new HrTimer(task.kernel, () => try_to_wake_up(task, TASK_NORMAL));
  return task.sleep_timer;
}
