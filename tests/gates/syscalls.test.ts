/*
 * tests/gates/syscalls.test.ts - the system call table is in order, and the README says what it says
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sys_call_table } from '../../kernel/syscalls/table.ts';
import { readmeWithPage } from '../lib/syscalls-page.ts';
import { read } from './source.ts';

test('no number has two rows', () => {
  const numbers = sys_call_table.map(([nr]) => nr);
  assert.equal(
    numbers.filter((nr, i) => numbers.indexOf(nr) !== i),
    [],
  );
});

test('the README lists the table as it is (make syscalls ARGS=--write)', () => {
  const readme = read('README.md');
  assert.is(readme, readmeWithPage(readme));
});

test.run();
