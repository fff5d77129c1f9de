/*
 * The driver and the board's clock together.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pl031_init } from '../../../../../kernel/drivers/rtc/rtc-pl031.ts';
import { machine } from '../machine.ts';

test('the wall clock is set from the battery-backed one', () => {
  const m = machine();
  const set: unknown[] = [];
  Object.assign(m.kernel, { time: { do_settimeofday64: (ts: unknown) => void set.push(ts) } });
  m.board.clock.now = 5 * 250_000_000;
  pl031_init(m.kernel);
  assert.equal(set, [{ sec: 1_000_000_005, nsec: 0 }]);
  assert.ok(
    m.log.at(-1)!.endsWith('setting system clock to 2001-09-09T01:46:45 UTC (1000000005)'),
    m.log.at(-1),
  );
});

test.run();
