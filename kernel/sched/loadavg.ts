/*
 * kernel/sched/loadavg.ts - how many tasks wanted the CPU lately
 *
 * Linux:   kernel/sched/loadavg.c (v6.12)
 * Manual:  proc_loadavg(5)
 * Differs: nobody samples. The number of runnable tasks is integrated exactly, and folded into the averages every five
 *          seconds, whenever somebody next looks. Tasks in uninterruptible sleep are not counted.
 */

/** A sample counts this much less with every one that follows: exp(-5s/1min), exp(-5s/5min), exp(-5s/15min). */
const DECAY: readonly number[] = [1884 / 2048, 2014 / 2048, 2037 / 2048];
const LOAD_FREQ_NS = 5_000_000_000;

export class LoadAvg {
  /** Over one, five and fifteen minutes, as of the last fold. */
  private readonly avenrun = [0, 0, 0];
  /** Where the five seconds began that are being integrated, and the task-ns in them so far. */
  private windowStart = 0;
  private area = 0;
  private last = 0;

  /** `runnable` tasks there were from the last call until `now`. */
  account(now: number, runnable: number): void {
    const end = this.windowStart + LOAD_FREQ_NS;
    if (now < end) {
      this.area += runnable * (now - this.last);
      this.last = now;
      return;
    }
    this.fold((this.area + runnable * (end - this.last)) / LOAD_FREQ_NS, 1);
    const windows = Math.floor((now - end) / LOAD_FREQ_NS);
    if (windows > 0) this.fold(runnable, windows);

    this.windowStart = end + windows * LOAD_FREQ_NS;
    this.area = runnable * (now - this.windowStart);
    this.last = now;
  }

  /** Call account() first. */
  get averages(): readonly number[] {
    return this.avenrun;
  }

  /** `samples` times the same sample. */
  private fold(sample: number, samples: number): void {
    for (let i = 0; i < DECAY.length; i++) {
      const keep = power(DECAY[i]!, samples);
      this.avenrun[i] = this.avenrun[i]! * keep + sample * (1 - keep);
    }
  }
}

/** base^n by squaring: Math.pow() may differ in the last bit from one engine to the next. */
function power(base: number, n: number): number {
  let result = 1;
  for (let square = base, rest = n; rest > 0; rest = Math.floor(rest / 2), square *= square)
    if (rest % 2 === 1) result *= square;
  return result;
}
