/*
 * The driver and the board's timer together. A tick is 16 ns and four instructions.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { timer_probe } from '../../../../../kernel/drivers/clocksource/arm_arch_timer.ts';
import type { HrTimers } from '../../../../../kernel/time/hrtimer.ts';
import type { ClockEventDevice, ClockSource } from '../../../../../kernel/time/clockevents.ts';
import { machineWithIrqs } from '../machine.ts';

function timer() {
  const m = machineWithIrqs();
  const rung: number[] = [];
  const found: { source?: ClockSource; device?: ClockEventDevice } = {};
  const hooks = {
    time: {
      clocksource_register: (source: ClockSource) => {
        found.source = source;
      },
    },
    hrtimers: {
      clockevents_register: (device: ClockEventDevice) => {
        found.device = device;
      },
      hrtimer_interrupt: () => void rung.push(m.board.clock.now),
    } as unknown as HrTimers,
  };
  Object.assign(m.kernel, hooks);
  assert.is(timer_probe(m.kernel), 0);
  return { ...m, rung, source: found.source!, device: found.device! };
}

test('it says what Linux says', () => {
  assert.ok(timer().log.includes('arch_timer: cp15 timer(s) running at 62.50MHz (virt).'));
});

test('the clock source counts 62.5 million ticks a second', () => {
  const t = timer();
  assert.is(t.source.hz, 62_500_000);
  const before = t.source.read();
  t.advance(250_000_000);
  assert.is(t.source.read() - before, 62_500_000);
});

test('an event comes at its time, once', () => {
  const t = timer();
  t.device.set_next_ktime(1_000_000); // ns
  t.advance(249_999);
  assert.equal(t.rung, []);
  t.advance(1_000_000);
  assert.equal(t.rung, [250_000]);
});

test('a time between two ticks is rounded up', () => {
  const t = timer();
  t.device.set_next_ktime(1_000_001);
  t.advance(300_000);
  assert.equal(t.rung, [250_004]);
});

test('a time that has passed interrupts at once', () => {
  const t = timer();
  t.advance(1_000_000);
  t.device.set_next_ktime(16);
  t.advance(1);
  assert.is(t.rung.length, 1);
});

test('shut down it is silent', () => {
  const t = timer();
  t.device.set_next_ktime(1_000_000);
  t.device.set_state_shutdown();
  t.advance(1_000_000);
  assert.equal(t.rung, []);
});

test('user space may read the virtual counter, and nothing else of the timer', () => {
  const t = timer();
  assert.is(t.board.cpu.readSysreg('CNTKCTL_EL1'), 2);
});

test.run();
