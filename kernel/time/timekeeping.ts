/*
 * kernel/time/timekeeping.ts - what time is it?
 *
 * Linux:   kernel/time/timekeeping.c (v6.12)
 * Manual:  clock_gettime(2)
 * Differs: nothing slews: the counter is exact, so CLOCK_MONOTONIC_RAW and CLOCK_BOOTTIME equal CLOCK_MONOTONIC, and the
 *          coarse clocks are as fine as the others, which with no tick to store them at is the cheapest that they can be
 *
 * Monotonic time is a number of ns: exact for 104 days, and then right to 2 ns. Wall-clock time does not fit a number,
 * so it is a Timespec.
 */

import type { Timespec } from '../include/linux/fs.ts';
import { EINVAL } from '../include/uapi/errno.ts';
import type { ClockSource } from './clockevents.ts';

export const NSEC_PER_SEC = 1_000_000_000;
export const NSEC_PER_MSEC = 1_000_000;
export const NSEC_PER_USEC = 1000;

/** The tick of HZ=250, which is what the coarse clocks promise. */
export const TICK_NSEC = 4_000_000;

/** ns that are too many to wait for, and further away than anything: 292 years. */
export const KTIME_MAX = 2 ** 63;
export const KTIME_SEC_MAX = 9_223_372_036;

export const ns_to_timespec64 = (ns: number): Timespec => {
  const sec = Math.floor(ns / NSEC_PER_SEC);
  return { sec, nsec: Math.floor(ns - sec * NSEC_PER_SEC) };
};

/** Saturates; for intervals and monotonic times, where the rounding above 2^53 does not matter. */
export const timespec64_to_ns = (ts: Timespec): number =>
  ts.sec >= KTIME_SEC_MAX ? KTIME_MAX : ts.sec * NSEC_PER_SEC + ts.nsec;

export const timespec64_valid = (ts: Timespec): boolean =>
  ts.sec >= 0 && ts.nsec >= 0 && ts.nsec < NSEC_PER_SEC;

/** A wall clock may show it, and go on for 30 years before it has to count beyond 64 bits of ns. */
const TIME_SETTOD_SEC_MAX = KTIME_SEC_MAX - 30 * 365 * 24 * 60 * 60;
export const timespec64_valid_settod = (ts: Timespec): boolean =>
  timespec64_valid(ts) && ts.sec < TIME_SETTOD_SEC_MAX;

export const timespec64_add = (a: Timespec, b: Timespec): Timespec =>
  normalize(a.sec + b.sec, a.nsec + b.nsec);
export const timespec64_sub = (a: Timespec, b: Timespec): Timespec =>
  normalize(a.sec - b.sec, a.nsec - b.nsec);

const normalize = (sec: number, nsec: number): Timespec => {
  const carry = Math.floor(nsec / NSEC_PER_SEC);
  return { sec: sec + carry, nsec: nsec - carry * NSEC_PER_SEC };
};

export class Timekeeping {
  /** What the wall clock showed at monotonic time 0. */
  private bootWall: Timespec = { sec: 0, nsec: 0 };
  private taiOffset = 0;
  /** struct timezone as settimeofday() left it. */
  readonly sys_tz = new Uint8Array(8);
  private source: ClockSource | null = null;
  private nsPerTick = 0;
  /** Told when the wall clock jumps: timers on it have to be set anew. */
  private readonly clock_was_set: () => void;
  /** Told of everything that the vDSO reads. */
  private readonly update_vsyscall: () => void;

  constructor(clock_was_set: () => void, update_vsyscall: () => void) {
    this.clock_was_set = clock_was_set;
    this.update_vsyscall = update_vsyscall;
  }

  /** Linux: clocksource_register_hz(). Before that it is always 0. */
  clocksource_register(source: ClockSource): void {
    this.source = source;
    this.nsPerTick = NSEC_PER_SEC / source.hz;
    this.update_vsyscall();
  }

  /** ns in a tick, for who can only multiply whole numbers; 0 if they are not whole. */
  get mult(): number {
    return Number.isInteger(this.nsPerTick) ? this.nsPerTick : 0;
  }

  /** The clock's resolution in ns. */
  get resolution(): number {
    return Math.max(1, Math.floor(this.nsPerTick));
  }

  /** Linux: ktime_get(), in ns since power-on. Never goes back. */
  monotonicNs(): number {
    return this.source ? Math.floor(this.source.read() * this.nsPerTick) : 0;
  }

  /** Linux: ktime_get_real_ts64(). */
  realtime(): Timespec {
    return timespec64_add(this.bootWall, ns_to_timespec64(this.monotonicNs()));
  }

  /** Linux: ktime_get_real_seconds(). */
  realtimeSeconds(): number {
    return this.realtime().sec;
  }

  boottime(): Timespec {
    return ns_to_timespec64(this.monotonicNs());
  }

  tai(): Timespec {
    return timespec64_add(this.realtime(), { sec: this.tai_offset, nsec: 0 });
  }

  /** CLOCK_TAI - CLOCK_REALTIME, in seconds: set by adjtimex(ADJ_TAI). */
  get tai_offset(): number {
    return this.taiOffset;
  }

  /** Linux: __timekeeping_set_tai_offset(). */
  set_tai_offset(sec: number): void {
    this.taiOffset = sec;
    this.update_vsyscall();
  }

  set_timezone(zone: Uint8Array): void {
    this.sys_tz.set(zone);
    this.update_vsyscall();
  }

  /** The monotonic time at which the wall clock will show (or showed) `ts`: may be negative, may be huge. */
  realtimeToMonotonic(ts: Timespec): number {
    const delta = timespec64_sub(ts, this.bootWall);
    return delta.sec >= KTIME_SEC_MAX ? KTIME_MAX : delta.sec * NSEC_PER_SEC + delta.nsec;
  }

  /** /proc/stat's btime, and what process start times are added to. */
  getboottime64(): Timespec {
    return this.bootWall;
  }

  /** 0 or -EINVAL: no such time, or the machine would have been switched on before 1970. */
  do_settimeofday64(ts: Timespec): number {
    const bootWall = timespec64_sub(ts, ns_to_timespec64(this.monotonicNs()));
    if (!timespec64_valid_settod(ts) || bootWall.sec < 0) return -EINVAL;
    this.bootWall = bootWall;
    this.update_vsyscall();
    this.clock_was_set();
    return 0;
  }
}
