/*
 * kernel/lib/ratelimit.ts - so many messages in so many seconds, and then silence
 *
 * Linux:   lib/ratelimit.c, kernel/printk/printk.c (printk_ratelimit) (v6.12)
 * Manual:  Documentation/admin-guide/sysctl/kernel.rst, "printk_ratelimit"
 */

import type { Kernel } from '../kernel.ts';
import { NSEC_PER_SEC } from '../time/timekeeping.ts';

const DEFAULT_RATELIMIT_INTERVAL = 5;
const DEFAULT_RATELIMIT_BURST = 10;

/** Linux: struct ratelimit_state. */
export class RateLimit {
  /** Seconds; 0: no limit. */
  interval = DEFAULT_RATELIMIT_INTERVAL;
  burst = DEFAULT_RATELIMIT_BURST;
  private begin = -1;
  private printed = 0;
  private missed = 0;

  /** May one more be said? Whoever was silenced is counted, and told of when the next interval begins. */
  allows(kernel: Kernel, who: string): boolean {
    if (this.interval === 0) return true;
    const now = kernel.time.monotonicNs();
    if (this.begin < 0 || now > this.begin + this.interval * NSEC_PER_SEC) {
      if (this.missed > 0) kernel.printk.warn(`${who}: ${this.missed} callbacks suppressed`);
      this.begin = now;
      this.printed = 0;
      this.missed = 0;
    }
    if (this.printed < this.burst) {
      this.printed++;
      return true;
    }
    this.missed++;
    return false;
  }
}
