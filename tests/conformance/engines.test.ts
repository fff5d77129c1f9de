/*
 * tests/conformance/engines.test.ts - whichever engine executes, a run is the same: to the byte, the event, the instruction
 *
 * ENGINES=all compares every test program of the userland (two minutes), else a few of them.
 */

import { readdirSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type BootOptions, boot, type RunResult } from '../../arch/arm64/boot/boot.ts';

/** What a run leaves behind; events have bigints in them. */
const trace = ({ status, output, instructions, events }: RunResult): string =>
  JSON.stringify({ status, output, instructions, events }, (_key, value) =>
    typeof value === 'bigint' ? `0x${value.toString(16)}` : value,
  );

async function run(program: string, args: readonly string[], options: BootOptions): Promise<string> {
  const machine = await boot(options);
  return trace(await machine.run(program, args));
}

const programs = readdirSync('userland/tests')
  .filter((name) => name.endsWith('.c'))
  .map((name) => name.slice(0, -2))
  .filter((_name, i) => process.env.ENGINES === 'all' || i % 9 === 0);

for (const [i, name] of programs.entries()) {
  const [engine, threshold] = i % 2 ? (['auto'] as const) : (['translator', 1] as const);
  test(`${name}: the run of --engine=${engine} is the interpreter's`, async () => {
    const [expected, actual] = [
      await run(`/tests/${name}`, [], { engine: 'interpreter' }),
      await run(`/tests/${name}`, [], { engine, threshold }),
    ];
    assert.ok(expected === actual, firstDifference(expected, actual));
  });
}

test('a shell script with pipes runs the same at every threshold', async () => {
  const script = 'for i in 1 2 3 4 5 6 7 8; do ls -la /bin | sort | head -3; done; uname -a';
  const expected = await run('/bin/sh', ['-c', script], { engine: 'interpreter' });
  for (const threshold of [1, 2, 7, 50, 255]) {
    const actual = await run('/bin/sh', ['-c', script], { engine: 'auto', threshold });
    assert.ok(expected === actual, `threshold ${threshold}: ${firstDifference(expected, actual)}`);
  }
});

function firstDifference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return `${a.slice(at - 200, at + 100)}\n--- and ---\n${b.slice(at - 200, at + 100)}`;
}

test.run();
