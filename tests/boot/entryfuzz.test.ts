/*
 * tests/boot/entryfuzz.test.ts - tracers, filters, dispatch and signals at random: the entry path stands
 *
 * userland/entryfuzz.c plays rounds of tracees, tracers, filters and signals. Whenever no task is in the kernel, every
 * thread is looked at (tests/lib/at-rest.ts); in the end nobody is left, and in every kind of stop tracees were killed and
 * tracers have died. A panic throws out of watch(), and is told with the seed that made it.
 *
 *     ERET_FUZZ_RUNS=100 ERET_FUZZ_SEED=7 ERET_FUZZ_ROUNDS=200 make test TESTFILES=entryfuzz     a longer run, elsewhere
 *
 * A tracer that dies does not take its step away, as on Linux (userland/tests/expected/stops-orphaned.txt: "step, tracer
 * killed" ends by SIGTRAP), so that who is not traced may have EXIT_TRAP. Where nobody dies entry-state.test.ts checks it.
 */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Task } from '../../kernel/include/linux/sched.ts';
import { assertAtRest } from '../lib/at-rest.ts';
import { isStepped, watch } from '../lib/threads.ts';

const PROGRAM = 'build/userland/entryfuzz';
const numRuns = Number(process.env.ERET_FUZZ_RUNS ?? 4);
const rounds = process.env.ERET_FUZZ_ROUNDS ?? '25';

/* The same cases every time, so that a change is judged by what it changed; another seed looks elsewhere. */
fc.configureGlobal({ seed: Number(process.env.ERET_FUZZ_SEED ?? 1) });

/** Lines such as "fork: 15 stops, 3 kills, 3 deaths", of all runs: the sums by "fork kills". */
class Tally {
  readonly sums = new Map<string, number>();

  add(output: string): void {
    for (const [, name, counts] of output.matchAll(/^([^:\r\n]+): (\d+ .*?)\r?$/gm)) {
      for (const [, count, what] of counts!.matchAll(/(\d+) (\w+)/g)) {
        const key = `${name} ${what}`;
        this.sums.set(key, (this.sums.get(key) ?? 0) + Number(count));
      }
    }
  }

  get missing(): string[] {
    return [...this.sums].filter(([, sum]) => sum === 0).map(([key]) => key);
  }
}

/** Each makes the way in and out another one. */
const KERNELS = ['', 'audit=1 sched_seed=1', 'rseq_debug=1', 'vdso_sigreturn=false sched_seed=2'];
const files = [{ path: '/job/program', data: readFileSync(PROGRAM) }];
const tally = new Tally();
let [traced, stepped] = [0, 0];

function look(task: Task): void {
  assertAtRest(task);
  if (isStepped(task)) stepped++;
  if (task.ptrace) traced++;
}

function play(seed: number, append: string): void {
  const options = { files, append, ram: 64 * 2 ** 20, maxInstructions: 4e9 };
  const { status, output } = watch(['/job/program', String(seed), rounds], look, options);
  assert.match(output, /the entry path stands/, output.slice(-1000));
  assert.not.match(output, /are left|odd answer/);
  assert.is(status, 0);
  tally.add(output);
}

test('checks 299, 300: whoever traces, kills, filters, dispatches and dies, the entry path stands', () => {
  // As many runs as are asked for, and some more if something has not happened yet.
  for (const [run, seed] of fc.sample(fc.integer({ min: 1, max: 2 ** 31 }), 4 * numRuns).entries()) {
    if (run >= numRuns && tally.missing.length === 0) break;
    const append = KERNELS[run % KERNELS.length]!;
    try {
      play(seed, append);
    } catch (error) {
      throw new Error(`entryfuzz ${seed} ${rounds}, with "${append}": ${error}`, { cause: error });
    }
  }
  assert.ok(traced > 0 && stepped > 0, 'somebody was traced and stepped while we looked');
  // 25 kinds of stop, with stops, kills and deaths; programs, dispatches and requests, granted and refused
  assert.is(tally.sums.size, 25 * 3 + 3 * 2);
  assert.equal(tally.missing, [], 'what happened in no run');
});

test.run();
