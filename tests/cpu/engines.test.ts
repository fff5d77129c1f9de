/*
 * tests/cpu/engines.test.ts - random programs end the same in both engines, however they are stopped and disturbed
 *
 * A fixed sample; `make fuzz ARGS=engines` and `make fuzz ARGS=kernel` are the long run. ERET_FUZZ_SEED looks elsewhere.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compareEngines, STAGES } from '../lib/fuzz.ts';

const SEED = Number(process.env.ERET_FUZZ_SEED ?? 20261121);
const USER = 1_200_000;
const KERNEL = 200_000;

test('random programs do the same, instruction by instruction, at every threshold', () => {
  const { engines, complaint } = compareEngines(STAGES.engines, USER, SEED);
  assert.is(complaint, undefined);
  assert.ok(engines.instructions >= USER);
  assert.ok(engines.guest.exceptions > 500);
});

test('so do random programs at EL1, whatever they do to tables, registers and themselves', () => {
  const { engines, complaint } = compareEngines(STAGES.kernel, KERNEL, SEED);
  assert.is(complaint, undefined);
  assert.ok(engines.instructions >= KERNEL);
  assert.ok(engines.guest.exceptions > 500);
});

test.run();
