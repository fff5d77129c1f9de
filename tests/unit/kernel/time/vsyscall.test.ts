import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PROC_DYNAMIC_FIRST, type TimeNamespace } from '../../../../kernel/include/linux/ns_common.ts';
import { CLOCKS } from '../../../../kernel/include/uapi/time.ts';
import { NSEC_PER_SEC, Timekeeping } from '../../../../kernel/time/timekeeping.ts';
import { timens_setup_vdso_data, update_vsyscall } from '../../../../kernel/time/vsyscall.ts';

const PAGE = 4096;
const wordsOf = (data: Uint8Array): DataView => new DataView(data.buffer);

/** [seconds, ns] of a clock, by the layout that kernel/include/vdso/datapage.ts draws. */
const base = (data: Uint8Array, name: keyof typeof CLOCKS): number[] =>
  [0, 8].map((at) => Number(wordsOf(data).getBigInt64(32 + 16 * CLOCKS[name] + at, true)));

/** A kernel's clocks, with a counter that stands where it is put. */
function clocks(hz: number): { time: Timekeeping; data: Uint8Array; counter: { now: number } } {
  const counter = { now: 0 };
  const data = new Uint8Array(PAGE);
  const time: Timekeeping = new Timekeeping(
    () => {},
    () => update_vsyscall(data, time),
  );
  time.clocksource_register({ name: 'test', hz, read: () => counter.now });
  return { time, data, counter };
}

test('a clock is what it showed when the counter was 0, and so many ns for each tick', () => {
  const { time, data, counter } = clocks(62_500_000);
  counter.now = 125_000_001; // 2 s and 16 ns
  time.do_settimeofday64({ sec: 1_700_000_000, nsec: 5 });
  assert.is(wordsOf(data).getUint32(4, true), 1);
  assert.is(wordsOf(data).getUint32(8, true), 16);
  for (const name of ['CLOCK_REALTIME', 'CLOCK_REALTIME_COARSE', 'CLOCK_TAI'] as const)
    assert.equal(base(data, name), [1_699_999_997, 999_999_989], name);
  for (const name of ['CLOCK_MONOTONIC', 'CLOCK_MONOTONIC_RAW', 'CLOCK_BOOTTIME'] as const)
    assert.equal(base(data, name), [0, 0], name);
});

test('every change is a new version, with an even number', () => {
  const { time, data } = clocks(62_500_000);
  const versions = [wordsOf(data).getUint32(0, true)];
  const changes = [
    () => time.do_settimeofday64({ sec: 1, nsec: 0 }),
    () => time.set_tai_offset(37),
    () => time.set_timezone(Uint8Array.of(60, 0, 0, 0, 1, 0, 0, 0)),
  ];
  for (const change of changes) {
    change();
    versions.push(wordsOf(data).getUint32(0, true));
  }
  assert.is(new Set(versions).size, 4);
  assert.ok(versions.every((version) => version % 2 === 0));
  assert.equal(base(data, 'CLOCK_TAI'), [38, 0]);
  assert.equal([wordsOf(data).getInt32(16, true), wordsOf(data).getInt32(20, true)], [60, 1]);
});

test('with a counter whose ticks are no whole ns the kernel is asked', () => {
  const { data } = clocks(19_200_000);
  assert.is(wordsOf(data).getUint32(4, true), 0);
});

test("a namespace's page has an odd number, and what the namespace adds", () => {
  const ns: TimeNamespace = {
    type: 'time',
    inum: PROC_DYNAMIC_FIRST,
    user_ns: null as never,
    monotonic: 5 * NSEC_PER_SEC + 7,
    boottime: -1,
    frozen: true,
  };
  const data = new Uint8Array(PAGE);
  timens_setup_vdso_data(data, ns);
  assert.is(wordsOf(data).getUint32(0, true) % 2, 1);
  for (const name of ['CLOCK_MONOTONIC', 'CLOCK_MONOTONIC_RAW', 'CLOCK_MONOTONIC_COARSE'] as const)
    assert.equal(base(data, name), [5, 7], name);
  assert.equal(base(data, 'CLOCK_BOOTTIME'), [-1, 999_999_999]);
  for (const name of ['CLOCK_REALTIME', 'CLOCK_TAI'] as const) assert.equal(base(data, name), [0, 0], name);
});

test.run();
