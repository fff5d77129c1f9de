/*
 * kernel/time/clockevents.ts - the hardware that interrupts at a given time, and the hardware that counts
 *
 * Linux:   include/linux/clockchips.h, include/linux/clocksource.h, kernel/time/clockevents.c
 * Differs: one of each; a driver under kernel/drivers/clocksource registers both with the machine's Timekeeping and HrTimers
 */

/** Counts up at a fixed rate since power-on. */
export interface ClockSource {
  readonly name: string;
  readonly hz: number;
  /** Ticks; exact. */
  read(): number;
}

/** Interrupts once, at or soon after a time given in ns of the same clock (that is, of CLOCK_MONOTONIC). */
export interface ClockEventDevice {
  readonly name: string;
  set_next_ktime(expiresNs: number): void;
  set_state_shutdown(): void;
}
