/*
 * tests/gates/bigint.test.ts - no BigInt arithmetic in the machine
 *
 * Node 20's optimising compiler aborts the process on ordinary BigInt code, and it is slow everywhere.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, sourceFiles } from './source.ts';

test('nothing truncates a bigint', () => {
  assert.equal(
    sourceFiles().filter((file) => /BigInt\.as(Ui|I)ntN/.test(read(file))),
    [],
  );
});

test('nothing in the machine reads the host clock or its randomness', () => {
  const inside = sourceFiles().filter((file) => !file.startsWith('arch/arm64/boot/'));
  assert.equal(
    inside.filter((file) =>
      /\bDate\.now\b|new Date\(\)|Math\.random|performance\.now|process\.hrtime/.test(read(file)),
    ),
    [],
  );
});

test.run();
