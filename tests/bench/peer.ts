/*
 * tests/bench/peer.ts - somebody who can run a program: the host itself, QEMU, or eret
 */

import type { Program } from './programs.ts';

export interface Measured {
  /** The same of every peer, or one of them computes something else. */
  readonly checksum: string;
  /** CPU seconds on the host, of all threads. */
  readonly seconds: number;
  /** What went by on the clock that the program saw, in nanoseconds. */
  readonly guestTime: number;
}

export interface Peer {
  readonly name: string;
  run(program: Program): Promise<Measured>;
  stop(): void;
}

/** Best of several, and how far the worst was from it: a difference below that is no finding. */
export interface Sample {
  readonly best: number;
  /** (worst - best) / best */
  readonly spread: number;
}

export function sample(values: readonly number[]): Sample {
  const best = Math.min(...values);
  return { best, spread: (Math.max(...values) - best) / best };
}

/** "= CHECKSUM CPU WALL", the last line of a program (tests/bench/programs/linux.c). */
export const RESULT = /^= ([0-9a-f]+) (\d+) (\d+)\r?\n/m;
