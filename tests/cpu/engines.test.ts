/*
 * tests/cpu/engines.test.ts - random programs end the same in both engines, however they are stopped and disturbed
 *
 * A fixed sample; `make fuzz ARGS=engines` is the long run. ERET_FUZZ_SEED looks elsewhere.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareEngines } from '../lib/fuzz.ts';

const SEED = Number(process.env.ERET_FUZZ_SEED ?? 20261121);
const COUNT = 1_200_000;

test('random programs do the same, instruction by instruction, at every threshold', () => {
  const { engines, complaint } = compareEngines(COUNT, SEED);
  assert.is(complaint, undefined);
  assert.ok(engines.instructions >= COUNT);
  assert.ok(engines.exceptions > 500);
});

test.run();
