/*
 * tests/unit/board/cpu/state.test.ts - the map of the memory that the CPU shares with generated code
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { STATE } from '../../../../board/cpu/state.ts';

/** The tables begin with one of them. */
const SAME = new Set(['TABLES', 'CRC32']);

test('no two things have the same place', () => {
  const taken = new Map<number, string>();
  for (const [name, offset] of Object.entries(STATE)) {
    const other = taken.get(offset);
    assert.ok(other === undefined || (SAME.has(name) && SAME.has(other)), `${name} and ${other}`);
    taken.set(offset, name);
  }
});

test('what is one 64-bit word lies on its boundary', () => {
  for (const name of [
    'X',
    'ZR',
    'SP',
    'PC',
    'FLAG_A',
    'FLAG_B',
    'VA',
    'TPIDR_EL0',
    'TPIDRRO_EL0',
    'SYSREG',
  ] as const)
    assert.is(STATE[name] % 8, 0, name);
  assert.is(STATE.V % 16, 0);
});

test.run();
