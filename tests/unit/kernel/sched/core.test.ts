import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  sys_sched_setscheduler,
  sys_sched_yield,
  sys_setpriority,
} from '../../../../kernel/sched/syscalls.ts';
import { sys_nanosleep } from '../../../../kernel/time/nanosleep.ts';
import { FakeMachine, type Program, type User } from '../../../lib/fake-arch.ts';

const MS = 1_000_000;

function* sleep(user: User, ns: number) {
  user.poke(0x2000, Math.floor(ns / 1e9));
  user.poke(0x2004, 0);
  user.poke(0x2008, ns % 1e9);
  user.poke(0x200c, 0);
  return yield* user.call(sys_nanosleep, 0x2000, 0);
}

/** Computes `ms` milliseconds, then says its name. */
const worker = (name: string, ms: number): Program =>
  function* (user) {
    yield* user.compute(ms * MS);
    user.log(name);
  };

const booted = (params?: [string, string][]): FakeMachine => {
  const machine = new FakeMachine({ params });
  machine.boot();
  return machine;
};

test('a task that is alone is never disturbed by a tick', () => {
  const machine = booted();
  const task = machine.spawn(worker('done', 1000));
  machine.run();
  assert.equal(task.nivcsw, 0);
  assert.equal(machine.now, 1000 * MS);
});

test('two tasks of equal niceness finish together', () => {
  const machine = booted();
  machine.spawn(worker('a', 100));
  machine.spawn(worker('b', 100));
  machine.spawn(function* (user) {
    yield* user.compute(0);
  });
  machine.run(195 * MS);
  assert.equal(machine.log.length, 2);
  assert.equal(machine.now, 200 * MS);
});

test('a program that never traps does not keep others from the CPU', () => {
  const machine = booted();
  machine.spawn(worker('hog', 10_000));
  machine.spawn(worker('short', 1));
  machine.run();
  assert.equal(machine.log, ['short', 'hog']);
});

test('nice 5 gets about a third of what nice 0 gets: weights 335 and 1024', () => {
  const machine = booted();
  const shares: number[] = [];
  const measure = (nice: number): Program =>
    function* (user) {
      yield* user.call(sys_setpriority, 0, 0, nice);
      while (user.machine.now < 1000 * MS) yield* user.compute(MS);
      shares[nice] = user.task.se.sum_exec_runtime;
    };
  machine.spawn(measure(0));
  machine.spawn(measure(5));
  machine.run();
  assert.ok(Math.abs(shares[5]! / shares[0]! - 335 / 1024) < 0.05, String(shares));
});

test('who wakes after a long sleep preempts a hog at once', () => {
  const machine = booted();
  machine.spawn(function* (user) {
    yield* sleep(user, 500 * MS);
    user.log(`awake ${user.machine.now}`);
  });
  machine.spawn(worker('hog', 1000));
  machine.run();
  assert.equal(machine.log, ['awake 500000000', 'hog']);
});

test('sched_yield lets everybody else go first', () => {
  const machine = booted();
  machine.spawn(function* (user) {
    user.log('a1');
    yield* user.call(sys_sched_yield);
    user.log('a2');
  });
  machine.spawn(function* (user) {
    yield* user.compute(1);
    user.log('b');
  });
  machine.run();
  assert.equal(machine.log, ['a1', 'b', 'a2']);
});

const fifo = (priority: number, program: Program): Program =>
  function* (user) {
    user.poke(0x2000, priority);
    assert.equal(yield* user.call(sys_sched_setscheduler, 0, 1, 0x2000), 0);
    yield* program(user);
  };

test('a SCHED_FIFO task runs to its end before ordinary ones', () => {
  const machine = booted();
  machine.spawn(fifo(1, worker('fifo', 100)));
  machine.spawn(worker('other', 1));
  machine.run();
  assert.equal(machine.log, ['fifo', 'other']);
});

test('the higher real-time priority preempts the lower when it wakes', () => {
  const machine = booted();
  machine.spawn(fifo(10, worker('low', 100)));
  machine.spawn(
    fifo(20, function* (user) {
      yield* sleep(user, 10 * MS);
      user.log(`high ${user.machine.now}`);
    }),
  );
  machine.run();
  // The second starts only when the first is done or asleep; it is made real-time by itself.
  assert.equal(machine.log[0], 'low');
  assert.equal(machine.log.length, 2);
});

test('a run is the same every time, and sched_seed= makes another one of it', () => {
  const trace = (params?: [string, string][]): string => {
    const machine = booted(params);
    const order: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      machine.spawn(function* (user) {
        for (let n = 0; n < 50; n++) {
          yield* user.compute(MS);
          order.push(name);
        }
      });
    }
    machine.run();
    return order.join('');
  };
  assert.equal(trace(), trace());
  assert.equal(trace([['sched_seed', '7']]), trace([['sched_seed', '7']]));
  assert.not.equal(trace([['sched_seed', '7']]), trace());
  assert.not.equal(trace([['sched_seed', '7']]), trace([['sched_seed', '8']]));
});

test('user time is what it computed, whoever else ran meanwhile', () => {
  const machine = booted();
  const times: number[] = [];
  const program: Program = function* (user) {
    yield* user.compute(30 * MS);
    user.machine.kernel.sched.update_curr();
    times.push(user.task.utime);
  };
  machine.spawn(program);
  machine.spawn(program);
  machine.run();
  assert.equal(times, [30 * MS, 30 * MS]);
});

test('the scheduler says off when the machine is stopped, and runs nobody any more', () => {
  const machine = booted();
  machine.spawn(function* (user) {
    user.machine.kernel.sched.stopped = true;
    yield* user.call(sys_sched_yield);
    user.log('never');
  });
  assert.equal(machine.run(), 'off');
  assert.equal(machine.log, []);
});

test.run();
