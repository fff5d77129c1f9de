/*
 * tests/conformance/fpsimd.test.ts - tasks that preempt each other at random keep their registers
 *
 * The same program as in userland.test.ts. With sched_seed time slices have random lengths, so that every seed is
 * another interleaving.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';

for (const seed of [1, 2, 3, 4, 5]) {
  test(`vector registers are the program's own with sched_seed=${seed}`, async () => {
    const machine = await boot({ append: `sched_seed=${seed}` });
    const result = await machine.run('/tests/fpsimd');
    assert.not.match(result.output, /^not ok/m);
    assert.match(result.output, /^1\.\.\d+/m);
    assert.is(result.status, 0);
  });
}

test.run();
