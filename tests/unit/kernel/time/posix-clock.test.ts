import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CAP_EMPTY_SET, commit_creds, prepare_creds } from '../../../../kernel/cred.ts';
import { EFAULT, EINVAL, EPERM } from '../../../../kernel/include/uapi/errno.ts';
import {
  sys_clock_getres,
  sys_clock_gettime,
  sys_clock_settime,
} from '../../../../kernel/time/posix-clock.ts';
import { sys_adjtimex, sys_gettimeofday, sys_settimeofday } from '../../../../kernel/time/time.ts';
import { FakeMachine, type Program, type User } from '../../../lib/fake-arch.ts';

const AT = 0x2000;

function run(program: Program): void {
  const machine = new FakeMachine();
  machine.kernel.time.do_settimeofday64({ sec: 1_700_000_000, nsec: 0 });
  machine.boot();
  machine.spawn(program);
  machine.run();
}

function* time(user: User, id: number) {
  const ret = yield* user.call(sys_clock_gettime, id, AT);
  return ret < 0 ? ret : (user.peek(AT) % 1_700_000_000) * 1e9 + user.peek(AT + 8); // since the clock was set
}

function put(user: User, sec: number, nsec: number): void {
  const view = new DataView(user.machine.memoryOf(user.task.mm!).buffer);
  view.setBigInt64(AT, BigInt(sec), true);
  view.setBigInt64(AT + 8, BigInt(nsec), true);
}

test('each clock counts what it is named after', () => {
  run(function* (user) {
    yield* user.compute(30e6);
    for (const id of [1, 4, 6, 7]) assert.equal(yield* time(user, id), 30e6, `clock ${id}`);
    for (const id of [0, 5, 11]) assert.equal(yield* time(user, id), 30e6, `clock ${id}`);
    assert.equal(user.peek(AT), 1_700_000_000);
    for (const id of [2, 3]) assert.equal(yield* time(user, id), 30e6, `clock ${id}`);
  });
});

test('a process clock counts all threads, a thread clock one', () => {
  run(function* (user) {
    yield* user.fork(
      function* (thread) {
        yield* thread.compute(50e6);
      },
      0x10900, // CLONE_VM | CLONE_SIGHAND | CLONE_THREAD
      { exit_signal: 0 },
    );
    yield* user.compute(100e6);
    assert.equal(yield* time(user, 3), 100e6);
    assert.equal(yield* time(user, 2), 150e6);
  });
});

test("dynamic clocks are those of processes, and of threads of one's own", () => {
  run(function* (user) {
    const { pid } = user.task;
    yield* user.compute(10e6);
    assert.equal(yield* time(user, (~pid << 3) | 2), 10e6);
    assert.equal(yield* time(user, (~pid << 3) | 6), 10e6);
    assert.equal(yield* time(user, (~1 << 3) | 2), 0);
    assert.equal(yield* time(user, (~1 << 3) | 6), -EINVAL); // a thread of another process
    assert.equal(yield* time(user, (~999 << 3) | 2), -EINVAL);
    assert.equal(yield* time(user, (~pid << 3) | 3), -EINVAL); // a descriptor's
  });
});

test('clocks that are not there are EINVAL', () => {
  run(function* (user) {
    for (const id of [10, 12, 100]) assert.equal(yield* time(user, id), -EINVAL, `clock ${id}`);
    assert.equal(yield* user.call(sys_clock_gettime, 1, 0x10), -EFAULT);
  });
});

test('resolutions: a nanosecond, and the tick of the coarse clocks', () => {
  run(function* (user) {
    for (const [id, ns] of [
      [0, 1],
      [1, 1],
      [2, 1],
      [5, 4_000_000],
      [6, 4_000_000],
      [7, 1],
    ] as const) {
      assert.equal(yield* user.call(sys_clock_getres, id, AT), 0);
      assert.equal([user.peek(AT), user.peek(AT + 8)], [0, ns], `clock ${id}`);
    }
    assert.equal(yield* user.call(sys_clock_getres, 1, 0), 0);
    assert.equal(yield* user.call(sys_clock_getres, 10, 0), -EINVAL);
  });
});

test('only CLOCK_REALTIME can be set, by who may, to what is a time', () => {
  run(function* (user) {
    put(user, 1_800_000_000, 5);
    assert.equal(yield* user.call(sys_clock_settime, 0, AT), 0);
    assert.equal(user.machine.kernel.time.realtime(), { sec: 1_800_000_000, nsec: 5 });
    assert.equal(yield* user.call(sys_clock_settime, 1, AT), -EINVAL);
    assert.equal(yield* user.call(sys_clock_settime, 2, AT), -EINVAL);
    assert.equal(yield* user.call(sys_clock_settime, (~user.task.pid << 3) | 2, AT), -EPERM);
    put(user, 1_800_000_000, 1e9);
    assert.equal(yield* user.call(sys_clock_settime, 0, AT), -EINVAL);
    put(user, 1_800_000_000, 0);
    commit_creds(user.task, { ...prepare_creds(user.task), cap_effective: CAP_EMPTY_SET });
    assert.equal(yield* user.call(sys_clock_settime, 0, AT), -EPERM);
  });
});

test('gettimeofday counts microseconds, settimeofday sets them', () => {
  run(function* (user) {
    yield* user.compute(1_234_567);
    assert.equal(yield* user.call(sys_gettimeofday, AT, 0), 0);
    assert.equal([user.peek(AT), user.peek(AT + 8)], [1_700_000_000, 1234]);
    put(user, 1_750_000_000, 999_999);
    assert.equal(yield* user.call(sys_settimeofday, AT, 0), 0);
    assert.equal(user.machine.kernel.time.realtime(), { sec: 1_750_000_000, nsec: 999_999_000 });
    put(user, 1_750_000_000, 1_000_001);
    assert.equal(yield* user.call(sys_settimeofday, AT, 0), -EINVAL);
  });
});

test('adjtimex reports an unsynchronised clock, and steps it', () => {
  run(function* (user) {
    assert.equal(yield* user.call(sys_adjtimex, AT), 5); // TIME_ERROR
    assert.equal(user.peek(AT + 40), 0x40); // STA_UNSYNC
    assert.equal(user.peek(AT + 72), 1_700_000_000);
    assert.equal(user.peek(AT + 88), 10_000); // tick
    user.poke(AT, 0x100); // ADJ_SETOFFSET
    user.poke(AT + 72, 60);
    user.poke(AT + 80, 0);
    assert.equal(yield* user.call(sys_adjtimex, AT), 5);
    assert.equal(user.machine.kernel.time.realtime().sec, 1_700_000_060);
  });
});

test.run();
