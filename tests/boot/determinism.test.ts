/*
 * tests/boot/determinism.test.ts - seed and input log decide a run to the byte
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type BootOptions, boot, type RunResult } from '../../arch/arm64/boot/boot.ts';
import { sh } from '../lib/shell.ts';

/** Preemption, randomness, time, pipes and addresses: everything that could differ between two runs. */
const BUSY =
  'seq 200 | grep 7 | wc; head -c 16 /dev/urandom | hexdump; cat /proc/self/maps; date; for i in 1 2 3; do sleep 1 & done; wait; cat /proc/uptime';

test('the same seed gives the same console bytes and the same events', async () => {
  const [first, second] = [await sh(BUSY, { seed: 5 }), await sh(BUSY, { seed: 5 })];
  assert.is(second.output, first.output);
  assert.is(second.instructions, first.instructions);
  assert.equal(second.events, first.events);
});

test('another seed gives other random bytes and addresses', async () => {
  const [first, second] = [await sh(BUSY, { seed: 5 }), await sh(BUSY, { seed: 6 })];
  assert.is.not(second.output, first.output);
});

test('looking at the run does not change it', async () => {
  const quiet = await boot({ seed: 5 });
  const watched = await boot({
    seed: 5,
    onEvent: (event) => JSON.stringify(event),
    onOutput: (text) => text.length,
  });
  const args = ['-c', BUSY];
  assert.is((await watched.run('/bin/sh', args)).output, (await quiet.run('/bin/sh', args)).output);
});

test('what was typed, at the instants at which it was typed, replays to the byte', async () => {
  const machine = await boot({ seed: 9 });
  const stdin = 'echo first\nsleep 2\necho $$ $RANDOM\ndate\nexit 4\n';
  const first = await machine.run('/bin/sh', ['-i'], { stdin });
  const second = await machine.run('/bin/sh', ['-i'], { replay: first.input });
  assert.is(first.status, 4);
  assert.is(second.output, first.output);
  assert.equal(second.events, first.events);
});

/** What a run leaves behind; events have bigints in them. */
const everything = ({ status, output, instructions, events }: RunResult): string =>
  JSON.stringify([status, output, instructions, events], (_key, value) =>
    typeof value === 'bigint' ? String(value) : value,
  );

const ENGINES: readonly BootOptions[] = [
  { engine: 'interpreter' },
  { engine: 'auto' },
  { engine: 'translator' },
  { engine: 'translator', threshold: 1 },
  { engine: 'auto', threshold: 0 },
  { engine: 'auto', threshold: 23 },
];

test('what was typed is recorded with the same instants whichever engine runs, and replays on all of them', async () => {
  const stdin = 'echo first\nsleep 2\necho $$ $RANDOM\nls /bin | sort | head -5\ndate\nexit 4\n';
  const first = await (await boot({ seed: 9 })).run('/bin/sh', ['-i'], { stdin });
  assert.is(first.status, 4);
  for (const options of ENGINES) {
    const machine = await boot({ seed: 9, ...options });
    const typed = await machine.run('/bin/sh', ['-i'], { stdin });
    assert.equal(typed.input, first.input);
    assert.ok(everything(typed) === everything(first), `typed again with ${JSON.stringify(options)}`);
    const replayed = await machine.run('/bin/sh', ['-i'], { replay: first.input });
    assert.ok(everything(replayed) === everything(first), `replayed with ${JSON.stringify(options)}`);
  }
});

test('ten machines in one process do not know of each other', async () => {
  const alone = await sh('echo $$; cat /proc/uptime');
  const runs = await Promise.all(Array.from({ length: 10 }, () => sh('echo $$; cat /proc/uptime')));
  assert.equal(
    runs.map(({ output }) => output),
    Array(10).fill(alone.output),
  );
});

test('nor do ten machines that translate', async () => {
  const script = 'for i in 1 2 3 4 5 6; do ls /bin | sort | wc; done; echo $$; cat /proc/uptime';
  const alone = await sh(script, { engine: 'interpreter' });
  const runs = await Promise.all(
    Array.from({ length: 10 }, (_, n) => sh(script, { engine: 'auto', threshold: n })),
  );
  assert.equal(
    runs.map(({ output }) => output),
    Array(10).fill(alone.output),
  );
});

test.run();
