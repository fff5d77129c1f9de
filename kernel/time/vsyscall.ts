/*
 * kernel/time/vsyscall.ts - the clocks as the vDSO reads them
 *
 * Linux:   kernel/time/vsyscall.c, kernel/time/namespace.c (timens_setup_vdso_data()) (v6.12)
 * Manual:  vdso(7)
 * Differs: written when a clock is set, not at every tick: between two settings all clocks go as the counter does
 */

import type { Timespec } from '../include/linux/fs.ts';
import type { TimeNamespace } from '../include/linux/ns_common.ts';
import { CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_TAI } from '../include/uapi/time.ts';
import {
  VDSO_BASETIME,
  VDSO_CLOCK_MODE,
  VDSO_CLOCKMODE_ARCHTIMER,
  VDSO_CLOCKMODE_NONE,
  VDSO_LAST_CLOCK,
  VDSO_MULT,
  VDSO_SEQ,
  VDSO_SEQ_TIMENS,
  VDSO_TIMESTAMP_SHIFT,
  VDSO_TIMEZONE,
} from '../include/vdso/datapage.ts';
import { get_unaligned_le32, put_unaligned_le32 } from '../lib/bytes.ts';
import { offset_in } from './namespace.ts';
import { timespec_to_bytes } from './time.ts';
import { ns_to_timespec64, type Timekeeping, timespec64_add } from './timekeeping.ts';

/**
 * No reader sees a half of this, as none runs while the kernel does. But one may have been interrupted half way through
 * its own: it learns from the new number that it must begin again.
 */
export function update_vsyscall(data: Uint8Array, time: Timekeeping): void {
  const { mult } = time;
  const wall = time.getboottime64();
  put_unaligned_le32(get_unaligned_le32(data, VDSO_SEQ) + 2, data, VDSO_SEQ);
  put_unaligned_le32(mult ? VDSO_CLOCKMODE_ARCHTIMER : VDSO_CLOCKMODE_NONE, data, VDSO_CLOCK_MODE);
  put_unaligned_le32(mult, data, VDSO_MULT);
  data.set(time.sys_tz, VDSO_TIMEZONE);
  put_basetime(data, CLOCK_REALTIME, wall);
  put_basetime(data, CLOCK_REALTIME_COARSE, wall);
  put_basetime(data, CLOCK_TAI, timespec64_add(wall, { sec: time.tai_offset, nsec: 0 }));
}

/** For those who live in `ns`: it never changes again. */
export function timens_setup_vdso_data(data: Uint8Array, ns: TimeNamespace): void {
  put_unaligned_le32(VDSO_SEQ_TIMENS, data, VDSO_SEQ);
  for (let clock = 0; clock <= VDSO_LAST_CLOCK; clock++)
    put_basetime(data, clock, ns_to_timespec64(offset_in(ns, clock)));
}

const put_basetime = (data: Uint8Array, clock: number, ts: Timespec): void =>
  timespec_to_bytes(data, VDSO_BASETIME + (clock << VDSO_TIMESTAMP_SHIFT), ts);
