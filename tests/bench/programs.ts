/*
 * tests/bench/programs.ts - what is measured: the programs of tests/bench/programs, and how often each goes round
 *
 * Enough for a third of a second under QEMU, so that what starting and stopping cost is lost in it.
 */

import type { Toolchain } from '../lib/hosted.ts';
import { build } from '../lib/hosted.ts';

export type Kind = 'integer' | 'floating point' | 'kernel';

export interface Program {
  readonly name: string;
  readonly what: string;
  readonly kind: Kind;
  readonly rounds: number;
}

export const PROGRAMS: readonly Program[] = [
  { name: 'crc', what: 'CRC-32, byte-wise', kind: 'integer', rounds: 1000 },
  { name: 'sieve', what: 'sieve of Eratosthenes', kind: 'integer', rounds: 30 },
  { name: 'sort', what: 'quicksort, hash table', kind: 'integer', rounds: 50 },
  { name: 'mix', what: 'list, matrix, states, crc', kind: 'integer', rounds: 1500 },
  { name: 'bytecode', what: 'bytecode interpreter', kind: 'integer', rounds: 10 },
  { name: 'strings', what: 'memcpy, strlen', kind: 'integer', rounds: 20_000 },
  { name: 'chase', what: 'pointers over 64 MiB', kind: 'integer', rounds: 30 },
  { name: 'matrix', what: 'product of matrices', kind: 'floating point', rounds: 50 },
  { name: 'nbody', what: 'bodies under gravity', kind: 'floating point', rounds: 250 },
  { name: 'call', what: 'null system call', kind: 'kernel', rounds: 300_000 },
  { name: 'fork', what: 'fork, exit, wait', kind: 'kernel', rounds: 1000 },
  { name: 'exec', what: 'fork, exec, exit, wait', kind: 'kernel', rounds: 300 },
];

export const FOLDER = 'tests/bench/programs';
/** Without the hosted ones: those that need nothing but a CPU. */
export const COMPUTING = ['integer', 'float', 'memory'].map((name) => `${FOLDER}/${name}.c`);
export const HEADERS = [`${FOLDER}/programs.h`];
/* All machines round alike without fused multiply-add, and a square root is an instruction without errno. */
export const FLAGS = ['-O2', '-ffp-contract=off', '-fno-math-errno'];

/** The path of all programs in one, for Linux on what the compiler compiles for. */
export const buildPrograms = (toolchain: Pick<Toolchain, 'command'>): Promise<string> =>
  build(toolchain, FLAGS, [...COMPUTING, `${FOLDER}/linux.c`], HEADERS);
