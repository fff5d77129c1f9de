/*
 * tests/conformance/shell.test.ts - scripts do under our sh what they do under another POSIX shell
 *
 * The transcripts beside the scripts in userland/tests/sh were recorded with bash by userland/tests/record-sh.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lines, sh } from '../lib/shell.ts';

const FOLDER = 'userland/tests/sh';

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.sh'))) {
  test(`${file} prints what it prints under bash`, async () => {
    const result = await sh(readFileSync(join(FOLDER, file), 'utf8'));
    const recorded = readFileSync(join(FOLDER, file.replace(/sh$/, 'txt')), 'utf8');
    const [, transcript] = /^# recorded with .*\n([\s\S]*)$/.exec(recorded)!;
    assert.equal(`${lines(result)}# status ${result.status}\n`.split('\n'), transcript!.split('\n'));
  });
}

test.run();
