/*
 * tests/gates/headers.test.ts - every file says what it is and where to look it up
 */

import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, sourceFiles } from './source.ts';

const KEYS = ['Linux', 'Manual', 'Differs', 'Absent', 'Guest'];
const header = (file: string): string => /^(?:#!.*\n)?\/\*\n([\s\S]*?)\*\//.exec(read(file))?.[1] ?? '';

test('a file begins with its own path and its purpose', () => {
  const bad = sourceFiles().filter((file) => !header(file).startsWith(` * ${file} - `));
  assert.equal(bad, []);
});

test('the keys of a header are the five that exist', () => {
  const used = sourceFiles().flatMap((file) =>
    [...header(file).matchAll(/^ \* ([A-Z][a-z]+): /gm)].map(([, key]) => ({ file, key: key! })),
  );
  assert.equal(
    used.filter(({ key }) => !KEYS.includes(key)),
    [],
  );
});

test('the paths of our own files that headers name exist', () => {
  const named = sourceFiles().flatMap((file) =>
    [...header(file).matchAll(/\b((?:board|kernel|arch\/arm64|userland|tests)\/[\w./-]+\.ts)\b/g)].map(
      ([, path]) => ({ file, path: path! }),
    ),
  );
  assert.equal(
    named.filter(({ path }) => !existsSync(path)),
    [],
  );
});

test.run();
