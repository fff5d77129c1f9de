/*
 * tests/boot/growth.test.ts - a program that makes code for ever is translated rightly, and in bounded room
 *
 * tests/lib/growth.ts is the long run, with figures.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { jitMachine, runToEnd, WAYS } from '../lib/growth.ts';

const MODULES = 24;

for (const way of WAYS) {
  test(`functions made in the way '${way}' are the new ones at each call, and their modules go`, async () => {
    const generating = { way, functions: 1500, calls: 4 };
    const expected: string[] = [];
    const reference = jitMachine(generating, { engine: 'interpreter' }, expected);
    await runToEnd(reference);
    assert.match(expected.join(''), /1500 functions, 0 of them wrong/);

    const output: string[] = [];
    const machine = jitMachine(generating, { engine: 'translator', threshold: 1, modules: MODULES }, output);
    let most = 0;
    for (let state = 'paused'; state !== 'off'; most = Math.max(most, machine.board.cpu.liveModules))
      state = machine.run(machine.now + 50_000);
    assert.is(output.join(''), expected.join(''));
    assert.is(machine.now, reference.now);
    assert.ok(most > MODULES / 2 && most <= MODULES + 1, `${most} modules`);
  });
}

test.run();
