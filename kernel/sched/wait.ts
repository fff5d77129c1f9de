/*
 * kernel/sched/wait.ts - wait queues, and what it means that a function may sleep
 *
 * Linux:   kernel/sched/wait.c, include/linux/wait.h
 * Differs: a function that may sleep is a generator, and says so in its type
 *
 *   - it can only be called with yield*, and only from another generator;
 *   - an interrupt handler is a plain function, so it cannot sleep: that is a type error, not a "scheduling while
 *     atomic" splat at run time.
 */

/** A task gives the CPU away: to the scheduler, or (PAUSE) to the machine's owner, who will resume this same task. */
export const SCHEDULE = 1;
export const PAUSE = 2;
export type Yield = typeof SCHEDULE | typeof PAUSE;

export type Sleeps<T> = Generator<Yield, T, void>;

/** What a method returns that sleeps only sometimes: a value at once, or the rest of the story. */
export type MaySleep<T> = T | Sleeps<T>;

/** Runs the rest, if there is one. `yield* finish(op.read(...))`. */
export function* finish<T extends number | bigint | object | undefined>(result: MaySleep<T>): Sleeps<T> {
  return is_generator(result) ? yield* result : (result as T);
}

export const is_generator = <T>(result: MaySleep<T>): result is Sleeps<T> =>
  typeof result === 'object' && result !== null && Symbol.iterator in result && 'next' in result;
