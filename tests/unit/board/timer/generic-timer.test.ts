/*
 * The expected values follow from the Arm ARM's definition of the timers: 62.5 MHz is one tick in four instructions.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SysregHook } from '../../../../board/bus.ts';
import { Clock } from '../../../../board/clock.ts';
import { GenericTimer } from '../../../../board/timer/generic-timer.ts';

function machine() {
  const clock = new Clock();
  const sysregs = new Map<string, SysregHook>();
  const lines = { physical: false, virtual: false };
  const counter = { isOpen: false };
  new GenericTimer({
    clock,
    physicalIrq: {
      set: (level) => {
        lines.physical = level;
      },
    },
    virtualIrq: {
      set: (level) => {
        lines.virtual = level;
      },
    },
    attachSysreg: (name, hook) => void sysregs.set(name, hook),
    openCounter: (isOpen) => {
      counter.isOpen = isOpen;
    },
  });
  return {
    clock,
    lines,
    counter,
    read: (name: string) => sysregs.get(name)!.read(0) + sysregs.get(name)!.read(1) * 2 ** 32,
    write: (name: string, lo: number, hi = 0) => sysregs.get(name)!.write!(lo >>> 0, hi >>> 0),
    traps: (name: string) => sysregs.get(name)!.trapsEl0!(),
    advance(instructions: number) {
      clock.now += instructions;
      clock.ringDue();
    },
  };
}

test('the counter runs at CNTFRQ, also beyond 32 bits', () => {
  const m = machine();
  assert.is(m.read('CNTFRQ_EL0'), 62_500_000);
  m.clock.now = 250_000_003;
  assert.is(m.read('CNTVCT_EL0'), 62_500_000);
  m.clock.now = 2 ** 40;
  assert.is(m.read('CNTPCT_EL0'), 2 ** 38);
});

test('an enabled timer raises its line when the counter reaches CVAL, not before', () => {
  const m = machine();
  m.write('CNTV_CVAL_EL0', 100);
  m.write('CNTV_CTL_EL0', 1);
  assert.is(m.clock.deadline, 400);
  m.advance(399);
  assert.is(m.lines.virtual, false);
  assert.is(m.read('CNTV_CTL_EL0'), 1);
  m.advance(1);
  assert.is(m.lines.virtual, true);
  assert.is(m.read('CNTV_CTL_EL0'), 5);
  assert.is(m.lines.physical, false);
});

test('the output is a level: only a new compare value, the mask or the enable takes it away', () => {
  const m = machine();
  m.write('CNTV_CTL_EL0', 1);
  assert.is(m.lines.virtual, true, 'CVAL is 0');
  m.advance(1000);
  assert.is(m.lines.virtual, true);
  m.write('CNTV_CTL_EL0', 3);
  assert.is(m.lines.virtual, false);
  assert.is(m.read('CNTV_CTL_EL0'), 7, 'masked, the condition is still met');
  m.write('CNTV_CTL_EL0', 1);
  m.write('CNTV_CVAL_EL0', 1_000_000);
  assert.is(m.lines.virtual, false);
});

test('a disabled timer disturbs nobody', () => {
  const m = machine();
  m.write('CNTP_CVAL_EL0', 10);
  assert.is(m.clock.deadline, Infinity);
  m.advance(100);
  assert.is(m.lines.physical, false);
  assert.is(m.read('CNTP_CTL_EL0'), 0);
});

test('TVAL counts down from what was written and goes on below zero', () => {
  const m = machine();
  m.clock.now = 4000;
  m.write('CNTP_TVAL_EL0', 50);
  assert.is(m.read('CNTP_CVAL_EL0'), 1050);
  m.advance(40 * 4);
  assert.is(m.read('CNTP_TVAL_EL0'), 10);
  m.advance(20 * 4);
  assert.is(m.read('CNTP_TVAL_EL0'), 0xffff_fff6);
});

test('a TVAL is signed: a negative one lies in the past', () => {
  const m = machine();
  m.clock.now = 4000;
  m.write('CNTP_TVAL_EL0', -8);
  assert.is(m.read('CNTP_CVAL_EL0'), 992);
  m.write('CNTP_CTL_EL0', 1);
  assert.is(m.lines.physical, true);
});

test('before the counter has come that far, a negative TVAL wraps CVAL to the far future', () => {
  const m = machine();
  m.write('CNTV_TVAL_EL0', -1);
  m.write('CNTV_CTL_EL0', 1);
  assert.is(m.read('CNTV_CVAL_EL0'), 0xffff_ffff + 0xffff_ffff * 2 ** 32);
  assert.is(m.lines.virtual, false);
});

test('CVAL keeps all 64 bits', () => {
  const m = machine();
  m.write('CNTV_CVAL_EL0', 0x1234_5678, 0xfedc_ba98);
  assert.is(m.read('CNTV_CVAL_EL0'), 0x1234_5678 + 0xfedc_ba98 * 2 ** 32);
});

test('CNTKCTL_EL1 says what EL0 may touch', () => {
  const m = machine();
  for (const name of ['CNTVCT_EL0', 'CNTPCT_EL0', 'CNTFRQ_EL0', 'CNTV_CTL_EL0', 'CNTP_TVAL_EL0'])
    assert.is(m.traps(name), true, name);
  m.write('CNTKCTL_EL1', 1 << 1); // EL0VCTEN
  assert.is(m.traps('CNTVCT_EL0'), false);
  assert.is(m.counter.isOpen, true);
  assert.is(m.traps('CNTFRQ_EL0'), false);
  assert.is(m.traps('CNTPCT_EL0'), true);
  m.write('CNTKCTL_EL1', (1 << 8) | (1 << 9)); // EL0VTEN, EL0PTEN
  assert.is(m.traps('CNTV_CVAL_EL0'), false);
  assert.is(m.traps('CNTP_CVAL_EL0'), false);
  assert.is(m.traps('CNTVCT_EL0'), true);
  assert.is(m.counter.isOpen, false);
});

test.run();
