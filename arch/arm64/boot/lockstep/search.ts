/*
 * arch/arm64/boot/lockstep/search.ts - from "they differ by now" to the instruction, by doing it all again
 *
 * A run repeats to the byte, so that no checkpoint is needed: each question is answered by two new machines that are
 * given the same commands and one more stop.
 *
 * A stop has an effect on the subject: translated code is entered only if it can be executed to its end, so that the
 * interpreter does what is left before a stop. The first count at which the machines differ is therefore the end of the
 * code that went wrong, and a second search finds where it began: the last stop after which it still does.
 */

import type { Mismatch, Pair } from './pair.ts';

/** What the owner of the machines did to them. */
export type Command =
  | { readonly kind: 'run'; readonly until: number }
  | { readonly kind: 'type'; readonly now: number; readonly bytes: readonly number[] }
  | { readonly kind: 'skip'; readonly to: number };

/** The difference, as near as it can be brought. */
export interface Located {
  /** The last stop from which they still part, and the first at which they have. */
  readonly from: number;
  readonly at: number;
  /** Stopped at `at`. */
  readonly pair: Pair;
  /** False: run again, the machines were the same. */
  readonly repeats: boolean;
}

export class Search {
  private readonly make: () => Pair;
  readonly commands: readonly Command[];
  private readonly progress: (line: string) => void;

  constructor(make: () => Pair, commands: readonly Command[], progress: (line: string) => void) {
    this.make = make;
    this.commands = commands;
    this.progress = progress;
  }

  locate({ after, by }: Mismatch): Located {
    const last = this.commands.reduce(
      (count, one) => (one.kind === 'run' ? Math.max(count, one.until) : count),
      by,
    );
    const end = [by, last].find((count) => this.differAfter(count));
    if (end === undefined) return { from: after, at: by, pair: this.again(by), repeats: false };

    const at = this.border(after, end, (count) => this.differAfter(count));
    this.progress(`they differ after ${at} instructions`);
    const from = this.border(after, at, (count) => !this.differAfter(count, at)) - 1;
    return { from, at, pair: this.again(from, at), repeats: true };
  }

  /** The least count above `floor` of which `holds` says yes, as it does of `high`. It is thought to be near `high`. */
  private border(floor: number, high: number, holds: (count: number) => boolean): number {
    let [no, yes] = [floor, high];
    for (let step = 1; yes - step > no; step *= 8) {
      if (holds(yes - step)) yes -= step;
      else no = yes - step;
    }
    while (yes - no > 1) {
      const middle = Math.floor((no + yes) / 2);
      if (holds(middle)) yes = middle;
      else no = middle;
      this.progress(`between ${no} and ${yes}`);
    }
    return yes;
  }

  private differAfter(...stops: readonly number[]): boolean {
    return this.again(...stops).mismatch !== undefined;
  }

  /** Two new machines, run with these stops as far as the last of them. */
  again(...stops: readonly number[]): Pair {
    const pair = this.make();
    const last = stops.at(-1)!;
    for (const command of this.commands) {
      if (command.kind === 'type') pair.type(command.bytes);
      if (command.kind === 'skip') pair.skipTo(command.to);
      if (command.kind === 'run') runWith(pair, command.until, stops);
      if (pair.mismatch || pair.now >= last) break;
    }
    pair.compareMemory();
    return pair;
  }
}

function runWith(pair: Pair, until: number, stops: readonly number[]): void {
  for (const stop of [...stops.filter((count) => count < until), until]) {
    if (pair.mismatch || pair.now >= stops.at(-1)!) return;
    if (stop > pair.now || stop === until) pair.run(stop);
  }
}
