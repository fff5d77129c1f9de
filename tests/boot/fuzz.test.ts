/*
 * tests/boot/fuzz.test.ts - random calls, random programs, random archives: whatever user space does, the kernel stands
 *
 * A panic throws out of run() and fails the property, with the seed that made it.
 */

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';
import { sh } from '../lib/shell.ts';

const FUZZ = 'build/userland/fuzz';
const HELLO = 'build/userland/hello';
const numRuns = Number(process.env.ERET_FUZZ_RUNS ?? 6);

async function runFile(
  data: Uint8Array,
  args: readonly string[] = [],
): Promise<{ status: number; output: string }> {
  const machine = await boot({ ram: 64 * 2 ** 20 });
  return machine.run('/job/program', args, { files: [{ path: '/job/program', data }] });
}

/* The same cases every time, so that a change is judged by what it changed; another seed looks elsewhere. */
fc.configureGlobal({ seed: Number(process.env.ERET_FUZZ_SEED ?? 1) });

test('random system calls do not bring the kernel down', async () => {
  const program = readFileSync(FUZZ);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const { output } = await runFile(program, [String(seed), '40']);
      assert.match(output, /the kernel stands/);
    }),
    { numRuns },
  );
});

test('a program with random bytes in its head is refused or killed', async () => {
  const program = readFileSync(HELLO);
  const mutation = fc.tuple(fc.nat(511), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 8 }), async (mutations) => {
      const broken = Uint8Array.from(program);
      for (const [at, value] of mutations) broken[at] = value;
      await runFile(broken);
    }),
    { numRuns: numRuns * 3 },
  );
});

test('a program cut off anywhere is refused or killed', async () => {
  const program = readFileSync(HELLO);
  await fc.assert(
    fc.asyncProperty(fc.nat(program.length), async (length) => {
      await runFile(program.subarray(0, length));
    }),
    { numRuns },
  );
});

test('a fork bomb ends at the process limit and the machine goes on', async () => {
  const { output } = await sh(
    'ulimit -u 60 2>/dev/null; bomb() { bomb | bomb & }; bomb; sleep 1; echo survived',
    { ram: 64 * 2 ** 20 },
  );
  assert.match(output, /survived/);
});

test.run();
