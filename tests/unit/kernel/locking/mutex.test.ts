import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Task } from '../../../../kernel/include/linux/sched.ts';
import type { UserPtr } from '../../../../kernel/include/linux/types.ts';
import { EINTR } from '../../../../kernel/include/uapi/errno.ts';
import { SIGKILL, SIGUSR1 } from '../../../../kernel/include/uapi/signal.ts';
import {
  Mutex,
  mutex_lock_interruptible,
  mutex_lock_killable,
  mutex_unlock,
} from '../../../../kernel/locking/mutex.ts';
import { WaitQueueHead, wait_event_timeout } from '../../../../kernel/sched/wait.ts';
import { SEND_SIG_PRIV, send_sig_info } from '../../../../kernel/signal.ts';
import { do_sigaction } from '../../../../kernel/signal/action.ts';
import { EMPTY_SIGSET } from '../../../../kernel/signal/sigset.ts';
import { FakeMachine, type Program } from '../../../lib/fake-arch.ts';

const booted = (): FakeMachine => {
  const machine = new FakeMachine();
  machine.boot();
  return machine;
};

const catches = (task: Task): unknown =>
  do_sigaction(task, SIGUSR1, {
    sa_handler: 0x40_0000 as UserPtr,
    sa_flags: 0,
    sa_restorer: 0 as UserPtr,
    sa_mask: EMPTY_SIGSET,
  });

/** Holds the lock for so many ns. */
const holder = (lock: Mutex, name: string, ns: number): Program =>
  function* (user) {
    const err = yield* mutex_lock_killable(user.task, lock);
    user.log(`${name} has it: ${err}`);
    yield* wait_event_timeout(user.task, new WaitQueueHead(), () => false, ns);
    mutex_unlock(lock);
  };

test('a free lock is taken without a sleep, and belongs to who took it', () => {
  const machine = booted();
  const lock = new Mutex();
  const task = machine.spawn(function* () {});
  const step = mutex_lock_interruptible(task, lock).next();
  assert.ok(step.done);
  assert.is(step.value, 0);
  assert.is(lock.owner, task);
  mutex_unlock(lock);
  assert.is(lock.owner, null);
});

test('across a sleep there is only one, and the others get it in the order in which they came', () => {
  const machine = booted();
  const lock = new Mutex();
  for (const name of ['first', 'second', 'third']) machine.spawn(holder(lock, name, 1000));
  machine.run(500);
  assert.equal(machine.log, ['first has it: 0']);
  machine.run();
  assert.equal(machine.log, ['first has it: 0', 'second has it: 0', 'third has it: 0']);
  assert.is(lock.owner, null);
  assert.equal(lock.wait.head, []);
});

test('a signal ends an interruptible wait with EINTR, and the lock is not taken', () => {
  const machine = booted();
  const lock = new Mutex();
  const owner = machine.spawn(holder(lock, 'owner', 10_000));
  const waiter = machine.spawn(function* (user) {
    catches(user.task);
    user.log(`${yield* mutex_lock_interruptible(user.task, lock)}`);
  });
  machine.run(1000);
  send_sig_info(SIGUSR1, SEND_SIG_PRIV, waiter);
  machine.run(2000);
  assert.equal(machine.log, ['owner has it: 0', `${-EINTR}`]);
  assert.is(lock.owner, owner);
});

test('a killable wait hears only of death', () => {
  const machine = booted();
  const lock = new Mutex();
  machine.spawn(holder(lock, 'owner', 10_000));
  const waiter = machine.spawn(function* (user) {
    catches(user.task);
    user.log(`${yield* mutex_lock_killable(user.task, lock)}`);
  });
  machine.run(1000);
  send_sig_info(SIGUSR1, SEND_SIG_PRIV, waiter);
  machine.run(2000);
  assert.equal(machine.log, ['owner has it: 0']);
  send_sig_info(SIGKILL, SEND_SIG_PRIV, waiter);
  machine.run(3000);
  assert.equal(machine.log, ['owner has it: 0', `${-EINTR}`]);
});

test.run();
