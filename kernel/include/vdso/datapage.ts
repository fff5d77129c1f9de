/*
 * kernel/include/vdso/datapage.ts - what the kernel tells the vDSO about the time
 *
 * Linux:   include/vdso/datapage.h (v6.12)
 * Differs: one set of numbers, as all clocks run by one counter that nothing steers: a clock is what it showed when the
 *          counter was 0, and so many ns for each of its ticks
 *
 *      0  seq          even, another one after every change; odd: a time namespace's page
 *      4  clock_mode   VDSO_CLOCKMODE_*
 *      8  mult         ns in a tick of the counter
 *     16  struct timezone
 *     32  basetime     seconds and ns, by number of clock. In a time namespace: what it adds
 *
 * A namespace's page stands where the machine's is for everybody else, and that one is behind it. A reader thus pays for
 * namespaces only when it is in one.
 */

import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_MONOTONIC_COARSE,
  CLOCK_MONOTONIC_RAW,
  CLOCK_REALTIME,
  CLOCK_REALTIME_COARSE,
  CLOCK_TAI,
} from '../uapi/time.ts';

/* struct vdso_data */
export const VDSO_SEQ = 0;
export const VDSO_CLOCK_MODE = 4;
export const VDSO_MULT = 8;
export const VDSO_TIMEZONE = 16;
export const VDSO_BASETIME = 32;
/** log2 of the size of one time of basetime[]. */
export const VDSO_TIMESTAMP_SHIFT = 4;

/** The counter is of no use: ask the kernel. */
export const VDSO_CLOCKMODE_NONE = 0;
export const VDSO_CLOCKMODE_ARCHTIMER = 1;

/** Odd, which no reader of clocks takes for an answer. */
export const VDSO_SEQ_TIMENS = 1;

const clocks = (...ids: number[]): number => ids.reduce((mask, id) => mask | (1 << id), 0);

/* The clocks that the vDSO knows, a bit for each; it asks the kernel about all others. */
export const VDSO_HRES = clocks(CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI);
export const VDSO_COARSE = clocks(CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE);
export const VDSO_RAW = clocks(CLOCK_MONOTONIC_RAW);
export const VDSO_LAST_CLOCK = CLOCK_TAI;
