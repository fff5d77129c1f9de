import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LoadAvg } from '../../../../kernel/sched/loadavg.ts';

const SECOND = 1e9;

test('one task for a minute is 0.63 over that minute: 1 - 1/e', () => {
  const load = new LoadAvg();
  load.account(60 * SECOND, 1);
  assert.ok(Math.abs(load.averages[0]! - (1 - Math.exp(-1))) < 0.01);
});

test('looking in between changes nothing', () => {
  const often = new LoadAvg();
  const once = new LoadAvg();
  for (let t = 1; t <= 600; t++) often.account(t * SECOND, 2);
  once.account(600 * SECOND, 2);
  often.averages.forEach((average, i) => {
    assert.ok(Math.abs(average - once.averages[i]!) < 1e-9);
  });
});

test('half the time one task is a load of one half', () => {
  const load = new LoadAvg();
  for (let t = 1; t <= 4000; t++) load.account(t * SECOND, t % 2);
  assert.ok(Math.abs(load.averages[0]! - 0.5) < 0.11);
  assert.ok(Math.abs(load.averages[2]! - 0.5) < 0.02);
});

test.run();
