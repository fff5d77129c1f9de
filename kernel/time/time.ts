/*
 * kernel/time/time.ts - time as user space hands it over; the old calls with microseconds
 *
 * Linux:   kernel/time/time.c, kernel/time/ntp.c (adjtimex) (v6.12)
 * Manual:  gettimeofday(2), adjtimex(2)
 * Absent:  slewing: the clock is exact by definition, so adjtimex() can step, set the TAI offset and report, no more
 */

import { capable } from '../cred.ts';
import type { Timespec } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { CAP_SYS_TIME } from '../include/uapi/capability.ts';
import { EFAULT, EINVAL, EOPNOTSUPP, EPERM } from '../include/uapi/errno.ts';
import { CLOCK_REALTIME, CLOCKS } from '../include/uapi/time.ts';
import {
  get_unaligned_le32,
  get_unaligned_sle64,
  put_unaligned_le32,
  put_unaligned_le64,
} from '../lib/bytes.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import { enumeration, outptr, ptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { clock_get } from './posix-clock.ts';
import { NSEC_PER_SEC, NSEC_PER_USEC, timespec64_add, timespec64_valid_settod } from './timekeeping.ts';

/** A struct timespec, not yet judged, or -EFAULT. */
export function get_timespec64(task: Task, from: UserPtr): Timespec | number {
  const bytes = memdup_user(task, from, 16);
  return typeof bytes === 'number' ? bytes : timespec_from_bytes(bytes, 0);
}

export const timespec_from_bytes = (bytes: Uint8Array, at: number): Timespec => ({
  sec: get_unaligned_sle64(bytes, at),
  nsec: get_unaligned_sle64(bytes, at + 8),
});

export function timespec_to_bytes(bytes: Uint8Array, at: number, ts: Timespec): void {
  put_unaligned_le64(ts.sec, bytes, at);
  put_unaligned_le64(ts.nsec, bytes, at + 8);
}

/** 0 or -EFAULT. */
export function put_timespec64(task: Task, to: UserPtr, ts: Timespec): number {
  const bytes = new Uint8Array(16);
  timespec_to_bytes(bytes, 0, ts);
  return copy_to_user(task, to, bytes) ? -EFAULT : 0;
}

/** Linux: struct timezone. Kept for those who ask; nothing in the kernel uses it. */
const TIMEZONE_SIZE = 8;

export const sys_gettimeofday = SYSCALL_DEFINE(
  'gettimeofday',
  { tv: outptr, tz: outptr },
  (task, { tv, tz }) => {
    if (tv) {
      const { sec, nsec } = task.kernel.time.realtime();
      if (put_timespec64(task, tv, { sec, nsec: Math.floor(nsec / NSEC_PER_USEC) })) return -EFAULT;
    }
    return tz && copy_to_user(task, tz, task.kernel.time.sys_tz) ? -EFAULT : 0;
  },
);

export const sys_settimeofday = SYSCALL_DEFINE('settimeofday', { tv: ptr, tz: ptr }, (task, { tv, tz }) => {
  let ts: Timespec | null = null;
  if (tv) {
    const given = get_timespec64(task, tv);
    if (typeof given === 'number') return given;
    if (given.nsec < 0 || given.nsec > 1_000_000) return -EINVAL;
    ts = { sec: given.sec, nsec: given.nsec * NSEC_PER_USEC };
  }
  const zone = tz ? memdup_user(task, tz, TIMEZONE_SIZE) : null;
  return typeof zone === 'number' ? zone : do_sys_settimeofday64(task, ts, zone);
});

/** 0 or -errno; either part may be missing. */
export function do_sys_settimeofday64(task: Task, ts: Timespec | null, zone: Uint8Array | null): number {
  const { time } = task.kernel;
  if (ts && !timespec64_valid_settod(ts)) return -EINVAL;
  if (!capable(task, CAP_SYS_TIME)) return -EPERM;
  if (zone) {
    if (Math.abs(get_unaligned_le32(zone, 0) | 0) > 15 * 60) return -EINVAL;
    time.set_timezone(zone);
  }
  return ts ? time.do_settimeofday64(ts) : 0;
}

/* struct __kernel_timex: 208 bytes. */
const TIMEX_SIZE = 208;
// biome-ignore format: columns teach
const MODES = 0, OFFSET = 8, MAXERROR = 24, ESTERROR = 32, STATUS = 40, CONSTANT = 48, PRECISION = 56, TOLERANCE = 64, TIME = 72, TICK = 88, TAI = 160;
const ADJ_TAI = 0x0080;
const MAX_TAI_OFFSET = 100_000; // others are passed over
const ADJ_SETOFFSET = 0x0100;
const ADJ_NANO = 0x2000;
const ADJ_OFFSET_READONLY = 0x2000;
const ADJ_ADJTIME = 0x8000;
const STA_UNSYNC = 0x40;
const TIME_ERROR = 5; // what an unsynchronised clock answers
/** How wrong it can be, in us: as wrong as one can say. */
const NTP_PHASE_LIMIT = 16_000_000;
const MAXFREQ_SCALED = 32_768_000;

export const sys_adjtimex = SYSCALL_DEFINE('adjtimex', { txc: ptr }, (task, { txc }) => {
  const tx = memdup_user(task, txc, TIMEX_SIZE);
  return typeof tx === 'number' ? tx : do_adjtimex(task, txc, tx);
});

export const sys_clock_adjtime = SYSCALL_DEFINE(
  'clock_adjtime',
  { which_clock: enumeration(CLOCKS), txc: ptr },
  (task, { which_clock, txc }) => {
    const tx = memdup_user(task, txc, TIMEX_SIZE);
    if (typeof tx === 'number') return tx;
    if (which_clock === CLOCK_REALTIME) return do_adjtimex(task, txc, tx);
    const there = typeof clock_get(task, which_clock) !== 'number';
    return there ? -EOPNOTSUPP : -EINVAL;
  },
);

function do_adjtimex(task: Task, txc: UserPtr, tx: Uint8Array): number {
  const { time } = task.kernel;
  const modes = get_unaligned_le32(tx, MODES);
  const readOnly = modes === 0 || (modes & ADJ_ADJTIME && modes & ADJ_OFFSET_READONLY);
  if (!readOnly && !capable(task, CAP_SYS_TIME)) return -EPERM;

  if (modes & ADJ_SETOFFSET) {
    const unit = modes & ADJ_NANO ? 1 : NSEC_PER_USEC;
    const delta = timespec_from_bytes(tx, TIME);
    const nsec = delta.nsec * unit;
    if (nsec < 0 || nsec >= NSEC_PER_SEC) return -EINVAL;
    const err = time.do_settimeofday64(timespec64_add(time.realtime(), { sec: delta.sec, nsec }));
    if (err < 0) return err;
  }
  const tai = get_unaligned_sle64(tx, CONSTANT);
  if (modes & ADJ_TAI && tai >= 0 && tai <= MAX_TAI_OFFSET) time.set_tai_offset(tai);

  fillTimex(tx, time.realtime(), time.tai_offset);
  return copy_to_user(task, txc, tx) ? -EFAULT : TIME_ERROR;
}

/** The truth about a clock that nobody disciplines. */
function fillTimex(tx: Uint8Array, now: Timespec, tai: number): void {
  tx.fill(0, OFFSET);
  put_unaligned_le64(NTP_PHASE_LIMIT, tx, MAXERROR);
  put_unaligned_le64(NTP_PHASE_LIMIT, tx, ESTERROR);
  put_unaligned_le32(STA_UNSYNC, tx, STATUS);
  put_unaligned_le64(2, tx, CONSTANT);
  put_unaligned_le64(1, tx, PRECISION);
  put_unaligned_le64(MAXFREQ_SCALED, tx, TOLERANCE);
  timespec_to_bytes(tx, TIME, { sec: now.sec, nsec: Math.floor(now.nsec / NSEC_PER_USEC) });
  put_unaligned_le64(10_000, tx, TICK);
  put_unaligned_le32(tai, tx, TAI);
}
