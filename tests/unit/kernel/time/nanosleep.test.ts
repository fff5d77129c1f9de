import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EFAULT,
  EINVAL,
  EOPNOTSUPP,
  ERESTART_RESTARTBLOCK,
  ERESTARTNOHAND,
} from '../../../../kernel/include/uapi/errno.ts';
import { CLONE_SIGHAND, CLONE_THREAD, CLONE_VM } from '../../../../kernel/include/uapi/sched.ts';
import { SIGUSR1 } from '../../../../kernel/include/uapi/signal.ts';
import { is_generator } from '../../../../kernel/sched/wait.ts';
import { SEND_SIG_PRIV, send_sig_info } from '../../../../kernel/signal.ts';
import { sys_clock_nanosleep, sys_nanosleep } from '../../../../kernel/time/nanosleep.ts';
import { FakeMachine, type Program, type User } from '../../../lib/fake-arch.ts';

const REQUEST = 0x2000;
const REMAIN = 0x2100;
const REALTIME = 0;
const MONOTONIC = 1;
const ABSTIME = 1;

function run(program: Program): FakeMachine {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(program);
  machine.run();
  return machine;
}

function timespec(user: User, at: number, sec: number, nsec: number): void {
  const view = new DataView(user.machine.memoryOf(user.task.mm!).buffer);
  view.setBigInt64(at, BigInt(sec), true);
  view.setBigInt64(at + 8, BigInt(nsec), true);
}

function* sleep(user: User, id: number, flags: number, sec: number, nsec = 0) {
  timespec(user, REQUEST, sec, nsec);
  return yield* user.call(sys_clock_nanosleep, id, flags, REQUEST, REMAIN);
}

/** A thread sends `sig` to `user` after `ns`. */
function* laterSignal(user: User, ns: number) {
  const { task } = user;
  task.sighand.action[SIGUSR1 - 1]!.sa_handler = 0x1000 as never;
  yield* user.fork(
    function* (thread) {
      timespec(thread, 0x2200, 0, ns);
      yield* thread.call(sys_nanosleep, 0x2200, 0);
      send_sig_info(SIGUSR1, SEND_SIG_PRIV, task);
    },
    CLONE_VM | CLONE_SIGHAND | CLONE_THREAD,
    { exit_signal: 0 },
  );
}

test('it sleeps exactly as long as it says', () => {
  run(function* (user) {
    const start = user.machine.now;
    assert.equal(yield* sleep(user, MONOTONIC, 0, 1, 234_567_890), 0);
    assert.equal(user.machine.now - start, 1_234_567_890);
  });
});

test('what is no time is EINVAL, what is no memory EFAULT', () => {
  run(function* (user) {
    assert.equal(yield* sleep(user, MONOTONIC, 0, -1), -EINVAL);
    assert.equal(yield* sleep(user, MONOTONIC, 0, 0, 1e9), -EINVAL);
    assert.equal(yield* sleep(user, MONOTONIC, 0, 0, -1), -EINVAL);
    assert.equal(yield* user.call(sys_nanosleep, 0x10, 0), -EFAULT);
  });
});

test('some clocks cannot be slept on', () => {
  run(function* (user) {
    assert.equal(yield* sleep(user, 3, 0, 1), -EOPNOTSUPP); // CLOCK_THREAD_CPUTIME_ID
    assert.equal(yield* sleep(user, 4, 0, 1), -EOPNOTSUPP); // CLOCK_MONOTONIC_RAW
    assert.equal(yield* sleep(user, 5, 0, 1), -EOPNOTSUPP); // CLOCK_REALTIME_COARSE
    assert.equal(yield* sleep(user, 10, 0, 1), -EINVAL); // CLOCK_SGI_CYCLE, long gone
    assert.equal(yield* sleep(user, 99, 0, 1), -EINVAL);
  });
});

test('an absolute sleep ends at that time, at once when it is over', () => {
  run(function* (user) {
    assert.equal(yield* sleep(user, MONOTONIC, ABSTIME, 5), 0);
    assert.equal(user.machine.now, 5e9);
    assert.equal(yield* sleep(user, MONOTONIC, ABSTIME, 3), 0);
    assert.equal(user.machine.now, 5e9);
  });
});

test('a sleep until a wall-clock time follows the wall clock when it is set', () => {
  const machine = new FakeMachine();
  machine.boot();
  const { time } = machine.kernel;
  time.do_settimeofday64({ sec: 1_700_000_000, nsec: 0 });
  machine.spawn(function* (user) {
    assert.equal(yield* sleep(user, REALTIME, ABSTIME, 1_700_000_100), 0);
    user.log(String(user.machine.now));
  });
  machine.run(1e9);
  time.do_settimeofday64({ sec: 1_700_000_099, nsec: 0 });
  machine.run();
  assert.equal(machine.log, ['1000000000']);
});

test('a relative sleep on the wall clock does not', () => {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(function* (user) {
    yield* sleep(user, REALTIME, 0, 10);
    user.log(String(user.machine.now));
  });
  machine.run(1e9);
  machine.kernel.time.do_settimeofday64({ sec: 1_800_000_000, nsec: 0 });
  machine.run();
  assert.equal(machine.log, ['10000000000']);
});

test('a signal ends it, tells what is left, and the restart sleeps just that', () => {
  run(function* (user) {
    yield* laterSignal(user, 400_000_000);
    const start = user.machine.now;
    assert.equal(yield* sleep(user, MONOTONIC, 0, 1), -ERESTART_RESTARTBLOCK);
    assert.equal(user.peek(REMAIN), 0);
    assert.equal(user.peek(REMAIN + 8) + (user.machine.now - start), 1e9);

    const restart = user.task.restart_block!(user.task);
    assert.equal(is_generator(restart) ? yield* restart : restart, 0);
    assert.equal(user.machine.now, start + 1e9);
  });
});

test('an absolute one is just made again, and tells nothing', () => {
  run(function* (user) {
    yield* laterSignal(user, 400_000_000);
    user.poke(REMAIN, 77);
    assert.equal(yield* sleep(user, MONOTONIC, ABSTIME, 100), -ERESTARTNOHAND);
    assert.equal(user.peek(REMAIN), 77);
  });
});

test("one can sleep on another process's CPU time", () => {
  run(function* (user) {
    const pid = yield* user.fork(function* (child) {
      yield* child.compute(1e9);
    });
    const clock = (~pid << 3) | 2; // CPUCLOCK_SCHED of a process
    assert.equal(yield* sleep(user, clock, 0, 0, 300_000_000), 0);
    assert.ok(user.machine.now >= 300_000_000 && user.machine.now < 320_000_000, String(user.machine.now));
  });
});

test.run();
