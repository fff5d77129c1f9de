/*
 * tests/conformance/userland.test.ts - what the guest's test programs print here is what they printed on Linux
 *
 * Each program of userland/tests runs on a machine of its own. The transcripts in userland/tests/expected were recorded
 * on real arm64 Linux by userland/tests/record; their first line says on which.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';

const PROGRAMS = 'userland/tests';
const EXPECTED = join(PROGRAMS, 'expected');

const names = (folder: string, ending: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();

const recorded = names(EXPECTED, '.txt');

test('every test program was recorded on Linux', () => {
  assert.equal(recorded, names(PROGRAMS, '.c'));
});

for (const name of recorded) {
  const [source, ...expected] = readFileSync(join(EXPECTED, `${name}.txt`), 'utf8').split('\n');

  test(`${name} prints what it printed on Linux`, async () => {
    assert.match(source!, /^# recorded on Linux \d/);
    const machine = await boot();
    const result = await machine.run(`/tests/${name}`);
    assert.equal(result.output.replaceAll('\r', '').split('\n'), expected); // a recording has no returns either
    assert.is(result.status, 0);
  });
}

test.run();
