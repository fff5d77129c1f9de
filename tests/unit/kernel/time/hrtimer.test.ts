import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HrTimer } from '../../../../kernel/time/hrtimer.ts';
import { FakeMachine } from '../../../lib/fake-arch.ts';

test('timers expire in the order of time, equal ones in the order they were started', () => {
  const machine = new FakeMachine();
  const order: string[] = [];
  const start = (name: string, at: number): void =>
    new HrTimer(machine.kernel, () => order.push(`${name}@${machine.now}`)).start(at);
  start('c', 300);
  start('a', 100);
  start('b1', 200);
  start('b2', 200);
  machine.run();
  assert.equal(order, ['a@100', 'b1@200', 'b2@200', 'c@300']);
});

test('the device is programmed for the first expiry only, and switched off when there is none', () => {
  const machine = new FakeMachine();
  const late = new HrTimer(machine.kernel, () => {});
  const soon = new HrTimer(machine.kernel, () => {});
  late.start(500);
  assert.equal(machine.nextAlarm, 500);
  soon.start(100);
  assert.equal(machine.nextAlarm, 100);
  soon.cancel();
  assert.equal(machine.nextAlarm, 500);
  late.cancel();
  assert.equal(machine.nextAlarm, Infinity);
});

test('between two tasks the device is told only of what is due by then', () => {
  const told: number[] = [];
  const { kernel } = new FakeMachine();
  kernel.hrtimers.clockevents_register({
    name: 'listening',
    set_next_ktime: (ns) => told.push(ns),
    set_state_shutdown: () => told.push(Infinity),
  });
  const timer = new HrTimer(kernel, () => {});
  timer.start(500);
  kernel.hrtimers.hrtimer_rearm_deferred();
  timer.start(900);
  kernel.hrtimers.rearm_if_due(499);
  assert.equal(told, [500]);
  kernel.hrtimers.rearm_if_due(500); // or the device would ring for a timer that is not there any more
  assert.equal(told, [500, 900]);
  timer.start(700);
  kernel.hrtimers.rearm_if_due(800); // late: its interrupt is to be taken now
  assert.equal(told, [500, 900, 700]);
});

test('a cancelled timer does not ring, and says whether it was pending', () => {
  const machine = new FakeMachine();
  const timer = new HrTimer(machine.kernel, () => assert.unreachable());
  timer.start(100);
  assert.is(timer.cancel(), true);
  assert.is(timer.cancel(), false);
  machine.run();
});

test('a timer may start itself again from its own function', () => {
  const machine = new FakeMachine();
  const at: number[] = [];
  const timer = new HrTimer(machine.kernel, () => {
    at.push(machine.now);
    if (at.length < 3) timer.start(machine.now + 50);
  });
  timer.start(100);
  machine.run();
  assert.equal(at, [100, 150, 200]);
});

test('forward() moves a late timer past now and counts the periods', () => {
  const machine = new FakeMachine();
  const timer = new HrTimer(machine.kernel, () => {});
  timer.expires = 100;
  machine.now = 350;
  assert.equal(timer.forward(100), 3);
  assert.equal(timer.expires, 400);
  assert.equal(timer.forward(100), 0);
});

test('a timer on the wall clock moves when the wall clock is set', () => {
  const machine = new FakeMachine();
  const { time } = machine.kernel;
  time.do_settimeofday64({ sec: 1_700_000_000, nsec: 0 });
  let rang = -1;
  new HrTimer(machine.kernel, () => {
    rang = machine.now;
  }).start_realtime({ sec: 1_700_000_010, nsec: 0 });
  assert.equal(machine.nextAlarm, 10e9);
  time.do_settimeofday64({ sec: 1_700_000_004, nsec: 500_000_000 });
  assert.equal(machine.nextAlarm, 5.5e9);
  machine.run();
  assert.equal(rang, 5.5e9);
});

test('wall-clock time is exact to the nanosecond', () => {
  const machine = new FakeMachine();
  const { time } = machine.kernel;
  time.do_settimeofday64({ sec: 1_700_000_000, nsec: 999_999_999 });
  machine.now = 1;
  assert.equal(time.realtime(), { sec: 1_700_000_001, nsec: 0 });
});

test.run();
