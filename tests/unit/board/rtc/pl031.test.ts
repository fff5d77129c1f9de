/*
 * The expected values are those of the PL031's manual (Arm DDI 0224).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Clock } from '../../../../board/clock.ts';
import { Pl031 } from '../../../../board/rtc/pl031.ts';

const SECOND = 250_000_000; // instructions

function machine(start = 1_000_000_000) {
  const clock = new Clock();
  const line = { level: false };
  const rtc = new Pl031({
    irq: {
      set: (level) => {
        line.level = level;
      },
    },
    clock,
    start,
    unknown: () => assert.unreachable(),
  });
  return { clock, line, rtc };
}

test('it shows the seconds since the epoch and counts them', () => {
  const m = machine();
  assert.is(m.rtc.read(0x00), 1_000_000_000);
  m.clock.now = 3 * SECOND + 7;
  assert.is(m.rtc.read(0x00), 1_000_000_003);
});

test('writing the load register sets it', () => {
  const m = machine();
  m.clock.now = 5 * SECOND;
  m.rtc.write(0x08, 42);
  assert.is(m.rtc.read(0x00), 42);
  assert.is(m.rtc.read(0x08), 42);
  m.clock.now = 6 * SECOND;
  assert.is(m.rtc.read(0x00), 43);
});

test('the interrupt comes at the match, if it is unmasked, and stays until cleared', () => {
  const m = machine();
  m.rtc.write(0x04, 1_000_000_002);
  m.rtc.write(0x10, 1);
  m.clock.now = 2 * SECOND - 1;
  m.clock.ringDue();
  assert.is(m.line.level, false);
  m.clock.now = 2 * SECOND;
  m.clock.ringDue();
  assert.is(m.line.level, true);
  assert.is(m.rtc.read(0x14), 1);
  assert.is(m.rtc.read(0x18), 1);
  m.rtc.write(0x1c, 1);
  assert.is(m.line.level, false);
  assert.is(m.rtc.read(0x14), 0);
});

test('it wraps after 32 bits', () => {
  const m = machine(0xffff_ffff);
  m.clock.now = SECOND;
  assert.is(m.rtc.read(0x00), 0);
});

test('the identification registers say PL031 and PrimeCell', () => {
  const m = machine();
  const id = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => m.rtc.read(0xfe0 + 4 * n));
  assert.equal(id, [0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1]);
});

test.run();
