/*
 * itimer.ts, posix-timers.ts and posix-cpu-timers.ts: alarms of a process
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EFAULT, EINVAL, EOPNOTSUPP } from '../../../../kernel/include/uapi/errno.ts';
import { RLIMIT_CPU } from '../../../../kernel/include/uapi/resource.ts';
import {
  SIGALRM,
  SIGKILL,
  SIGPROF,
  SIGUSR1,
  SIGVTALRM,
  SIGXCPU,
} from '../../../../kernel/include/uapi/signal.ts';
import { sys_setrlimit } from '../../../../kernel/rlimit.ts';
import { sys_getitimer, sys_setitimer } from '../../../../kernel/time/itimer.ts';
import { sys_clock_nanosleep } from '../../../../kernel/time/nanosleep.ts';
import {
  sys_timer_create,
  sys_timer_delete,
  sys_timer_getoverrun,
  sys_timer_gettime,
  sys_timer_settime,
} from '../../../../kernel/time/posix-timers.ts';
import { sys_wait4 } from '../../../../kernel/wait.ts';
import { FakeMachine, type Program, type User } from '../../../lib/fake-arch.ts';

const AT = 0x2000;
const OLD = 0x2100;
const MS = 1_000_000;

function run(program: Program): FakeMachine {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(program);
  machine.run();
  return machine;
}

const handle = (user: User, ...sigs: number[]): void => {
  for (const sig of sigs) user.task.sighand.action[sig - 1]!.sa_handler = 0x1000 as never;
};

/** Two times of 16 bytes: first the interval, then the value. */
function put(user: User, interval: number, value: number, unit: number): void {
  const view = new DataView(user.machine.memoryOf(user.task.mm!).buffer);
  [interval, value].forEach((ns, i) => {
    view.setBigInt64(AT + 16 * i, BigInt(Math.floor(ns / 1e9)), true);
    view.setBigInt64(AT + 16 * i + 8, BigInt((ns % 1e9) / unit), true);
  });
}

const get = (user: User, at: number, unit: number): number => user.peek(at) * 1e9 + user.peek(at + 8) * unit;

function* setitimer(user: User, which: number, interval: number, value: number) {
  put(user, interval, value, 1000);
  return yield* user.call(sys_setitimer, which, AT, OLD);
}

function* sleepUntil(user: User, ns: number) {
  user.poke(0x2200, Math.floor(ns / 1e9));
  user.poke(0x2208, ns % 1e9);
  return yield* user.call(sys_clock_nanosleep, 1, 1, 0x2200, 0);
}

test('ITIMER_REAL rings once, or at every interval', () => {
  run(function* (user) {
    handle(user, SIGALRM);
    assert.equal(yield* setitimer(user, 0, 0, 10 * MS), 0);
    yield* user.compute(100 * MS);
    assert.equal(user.caught, [SIGALRM]);
    yield* setitimer(user, 0, 10 * MS, 10 * MS);
    yield* user.compute(55 * MS);
    assert.equal(user.caught.length, 1 + 5);
    yield* setitimer(user, 0, 0, 0);
    assert.equal([get(user, OLD, 1000), get(user, OLD + 16, 1000)], [10 * MS, 5 * MS]);
    yield* user.compute(55 * MS);
    assert.equal(user.caught.length, 1 + 5);
  });
});

test('ITIMER_VIRTUAL and ITIMER_PROF run only while the process does', () => {
  run(function* (user) {
    handle(user, SIGVTALRM, SIGPROF);
    yield* setitimer(user, 1, 0, 30 * MS);
    yield* setitimer(user, 2, 20 * MS, 20 * MS);
    yield* sleepUntil(user, 1000 * MS);
    assert.equal(user.caught, []);
    assert.equal(yield* user.call(sys_getitimer, 1, OLD), 0);
    assert.equal(get(user, OLD + 16, 1000), 30 * MS);
    yield* user.compute(65 * MS);
    assert.equal(user.caught, [SIGPROF, SIGVTALRM, SIGPROF, SIGPROF]);
  });
});

test('there are three timers, and a second has a million microseconds', () => {
  run(function* (user) {
    assert.equal(yield* setitimer(user, 3, 0, MS), -EINVAL);
    user.poke(AT + 24, 1_000_000);
    assert.equal(yield* user.call(sys_setitimer, 0, AT, 0), -EINVAL);
    assert.equal(yield* user.call(sys_setitimer, 0, 0x10, 0), -EFAULT);
    assert.equal(yield* user.call(sys_getitimer, 9, OLD), -EINVAL);
  });
});

test('RLIMIT_CPU warns each second from the soft limit on, and kills at the hard one', () => {
  run(function* (user) {
    const pid = yield* user.fork(function* (child) {
      handle(child, SIGXCPU);
      child.poke(AT, 1);
      child.poke(AT + 8, 3);
      assert.equal(yield* child.call(sys_setrlimit, RLIMIT_CPU, AT), 0);
      yield* child.compute(2500 * MS);
      child.log(`warned ${child.caught.length}`);
      yield* child.compute(10_000 * MS);
    });
    assert.equal(yield* user.call(sys_wait4, pid, OLD, 0, 0), pid);
    user.log(`killed by ${user.peek(OLD)}`);
    assert.equal(user.machine.log, ['warned 2', `killed by ${SIGKILL}`]);
  });
});

/** A POSIX timer with SIGEV_SIGNAL, or as `notify` says. */
function* create(user: User, clock: number, notify = 0, sig = SIGUSR1, tid = 0) {
  user.poke(0x3000, 42); // sigev_value
  user.poke(0x3008, sig);
  user.poke(0x300c, notify);
  user.poke(0x3010, tid);
  const ret = yield* user.call(sys_timer_create, clock, 0x3000, 0x3100);
  return ret < 0 ? ret : user.peek(0x3100);
}

function* settime(user: User, id: number, flags: number, interval: number, value: number) {
  put(user, interval, value, 1);
  return yield* user.call(sys_timer_settime, id, flags, AT, OLD);
}

test('a POSIX timer sends its signal with its value, and tells the overrun', () => {
  run(function* (user) {
    handle(user, SIGUSR1);
    const id = yield* create(user, 1);
    assert.equal(id, 0);
    assert.equal(yield* settime(user, id, 0, 10 * MS, 10 * MS), 0);
    yield* user.compute(35 * MS);
    assert.equal(user.caught, [SIGUSR1, SIGUSR1, SIGUSR1]);
    assert.equal(yield* user.call(sys_timer_getoverrun, id), 0);

    // Blocked for a while, the signal is queued once; the rest is counted.
    user.task.blocked = { lo: (1 << (SIGUSR1 - 1)) >>> 0, hi: 0 };
    yield* user.compute(50 * MS);
    user.task.blocked = { lo: 0, hi: 0 };
    user.task.thread_info.flags |= 1; // TIF_SIGPENDING
    yield* user.compute(MS);
    assert.equal(user.caught.length, 4);
    assert.equal(yield* user.call(sys_timer_getoverrun, id), 4);
  });
});

test('it can be read, stopped and deleted', () => {
  run(function* (user) {
    handle(user, SIGUSR1);
    const id = yield* create(user, 1);
    yield* settime(user, id, 0, 0, 100 * MS);
    yield* user.compute(30 * MS);
    assert.equal(yield* user.call(sys_timer_gettime, id, OLD), 0);
    assert.equal(get(user, OLD + 16, 1), 70 * MS);
    yield* settime(user, id, 0, 0, 0);
    assert.equal(get(user, OLD + 16, 1), 70 * MS);
    yield* user.compute(200 * MS);
    assert.equal(user.caught, []);
    assert.equal(yield* user.call(sys_timer_delete, id), 0);
    assert.equal(yield* user.call(sys_timer_gettime, id, OLD), -EINVAL);
    assert.equal(yield* user.call(sys_timer_delete, id), -EINVAL);
  });
});

test('with TIMER_ABSTIME it rings at a time, with SIGEV_NONE it only counts down', () => {
  run(function* (user) {
    handle(user, SIGUSR1);
    yield* user.compute(20 * MS);
    const loud = yield* create(user, 1);
    yield* settime(user, loud, 1, 0, 50 * MS);
    const quiet = yield* create(user, 1, 1);
    yield* settime(user, quiet, 0, 0, 50 * MS);
    yield* user.compute(40 * MS);
    assert.equal(user.caught, [SIGUSR1]);
    yield* user.call(sys_timer_gettime, quiet, OLD);
    assert.equal(get(user, OLD + 16, 1), 10 * MS);
    yield* user.compute(40 * MS);
    yield* user.call(sys_timer_gettime, quiet, OLD);
    assert.equal(get(user, OLD + 16, 1), 0);
    assert.equal(user.caught, [SIGUSR1]);
  });
});

test('a timer on CPU time rings when that much was computed', () => {
  run(function* (user) {
    handle(user, SIGUSR1);
    const id = yield* create(user, 2);
    yield* settime(user, id, 0, 0, 30 * MS);
    yield* sleepUntil(user, 500 * MS);
    assert.equal(user.caught, []);
    yield* user.compute(29 * MS);
    assert.equal(user.caught, []);
    yield* user.compute(2 * MS);
    assert.equal(user.caught, [SIGUSR1]);
  });
});

test('bad clocks, events and times are refused', () => {
  run(function* (user) {
    assert.equal(yield* create(user, 99), -EINVAL);
    assert.equal(yield* create(user, 4), -EOPNOTSUPP); // CLOCK_MONOTONIC_RAW
    assert.equal(yield* create(user, 1, 0, 0), -EINVAL);
    assert.equal(yield* create(user, 1, 0, 65), -EINVAL);
    assert.equal(yield* create(user, 1, 3), -EINVAL);
    assert.equal(yield* create(user, 1, 4, SIGUSR1, 1), -EINVAL); // not one of its threads
    const id = yield* create(user, 1, 4, SIGUSR1, user.task.pid);
    assert.ok(id >= 0);
    put(user, 0, 0, 1);
    user.poke(AT + 24, 1e9);
    assert.equal(yield* user.call(sys_timer_settime, id, 0, AT, 0), -EINVAL);
    assert.equal(yield* user.call(sys_timer_settime, id + 1, 0, AT, 0), -EINVAL);
  });
});

test.run();
