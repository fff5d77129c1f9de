/*
 * tests/unit/board/cpu/rows.test.ts - a row does not ask TypeScript what only the guest can know
 *
 * A field with a small letter is a Value, and an object is true: `if (f.n)` would compile and always be taken.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { i32, Value } from '../../../../board/cpu/value.ts';

const ROOM = 'board/cpu/insn';
/** A small-letter field as a condition or next to an operator of numbers. */
const MISUSES = [
  /\b(if|while) \(!?f\.[a-z]\b/,
  /!f\.[a-z]\b/,
  /\bf\.[a-z] (\?|&&|\|\||===|!==|<|>|\+|-|\*|&|\|)/,
  /(&&|\|\||===|!==|<|(?<!=)>|\+|-|\*) f\.[a-z]\b/,
];

test('no row decides on an operand', () => {
  for (const file of readdirSync(ROOM)) {
    for (const [i, line] of readFileSync(join(ROOM, file), 'utf8').split('\n').entries()) {
      for (const misuse of MISUSES) assert.not.match(line, misuse, `${file}:${i + 1}: ${line.trim()}`);
    }
  }
});

test('arithmetic on a Value throws', () => {
  const value: unknown = i32(1);
  assert.instance(value, Value);
  assert.throws(() => (value as number) + 1, /before the guest runs/);
  assert.throws(() => `${value}`, /before the guest runs/);
});

test.run();
