import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ERESTARTSYS } from '../../../../kernel/include/uapi/errno.ts';
import { SIGKILL, SIGUSR1 } from '../../../../kernel/include/uapi/signal.ts';
import {
  add_wait_queue,
  init_wait,
  remove_wait_queue,
  WaitQueueHead,
  wait_event,
  wait_event_interruptible,
  wait_event_interruptible_exclusive,
  wait_event_interruptible_timeout,
  wait_event_killable,
  wake_up,
  wake_up_all,
  wake_up_poll,
} from '../../../../kernel/sched/wait.ts';
import { SEND_SIG_PRIV, send_sig_info } from '../../../../kernel/signal.ts';
import { FakeMachine, type Program } from '../../../lib/fake-arch.ts';

const booted = (): FakeMachine => {
  const machine = new FakeMachine();
  machine.boot();
  return machine;
};

test('a sleeper whose condition already holds does not sleep', () => {
  const machine = booted();
  const queue = new WaitQueueHead();
  machine.spawn(function* (user) {
    yield* wait_event(user.task, queue, () => true);
    user.log(`awake, ${queue.head.length} queued`);
  });
  machine.run();
  assert.equal(machine.log, ['awake, 0 queued']);
});

test('a wake-up without the condition is slept through', () => {
  const machine = booted();
  const queue = new WaitQueueHead();
  let ready = false;
  machine.spawn(function* (user) {
    yield* wait_event(user.task, queue, () => ready);
    user.log('awake');
  });
  machine.run();
  wake_up(queue);
  machine.run();
  assert.equal(machine.log, []);
  ready = true;
  wake_up(queue);
  machine.run();
  assert.equal(machine.log, ['awake']);
  assert.equal(queue.head, []);
});

const exclusive = (queue: WaitQueueHead, tokens: { left: number }, name: string): Program =>
  function* (user) {
    yield* wait_event_interruptible_exclusive(user.task, queue, () => tokens.left > 0);
    tokens.left--;
    user.log(name);
  };

test('of exclusive sleepers one wakes at a time, in the order they came', () => {
  const machine = booted();
  const queue = new WaitQueueHead();
  const tokens = { left: 0 };
  for (const name of ['first', 'second', 'third']) machine.spawn(exclusive(queue, tokens, name));
  machine.run();
  tokens.left = 3;
  wake_up(queue);
  machine.run();
  assert.equal(machine.log, ['first']);
  wake_up_all(queue);
  machine.run();
  assert.equal(machine.log, ['first', 'second', 'third']);
});

const waiter = (
  queue: WaitQueueHead,
  how: typeof wait_event_interruptible | typeof wait_event_killable,
): Program =>
  function* (user) {
    user.log(String(yield* how(user.task, queue, () => false)));
  };

test('a signal ends an interruptible sleep with -ERESTARTSYS', () => {
  const machine = booted();
  const queue = new WaitQueueHead();
  const task = machine.spawn(waiter(queue, wait_event_interruptible));
  machine.run();
  send_sig_info(SIGUSR1, SEND_SIG_PRIV, task);
  machine.run();
  assert.equal(machine.log, [String(-ERESTARTSYS)]);
  assert.equal(queue.head, []);
});

test('only a fatal signal ends a killable sleep', () => {
  const machine = booted();
  const queue = new WaitQueueHead();
  const task = machine.spawn(waiter(queue, wait_event_killable));
  machine.run();
  task.sighand.action[SIGUSR1 - 1]!.sa_handler = 0x1000 as never; // it has a handler, so it is not fatal
  send_sig_info(SIGUSR1, SEND_SIG_PRIV, task);
  machine.run();
  assert.equal(machine.log, []);
  send_sig_info(SIGKILL, SEND_SIG_PRIV, task);
  machine.run();
  assert.equal(machine.log, [String(-ERESTARTSYS)]);
});

test('a sleep with a time limit returns 0 when the time is up, and how much was left when not', () => {
  const machine = booted();
  const queue = new WaitQueueHead();
  let ready = false;
  machine.spawn(function* (user) {
    user.log(String(yield* wait_event_interruptible_timeout(user.task, queue, () => ready, 1000)));
    user.log(String(yield* wait_event_interruptible_timeout(user.task, queue, () => ready, 1000)));
  });
  machine.run(1500);
  assert.equal(machine.log, ['0']);
  machine.now += 300; // 1300: the second limit is at 2000
  ready = true;
  wake_up(queue);
  machine.run();
  assert.equal(machine.log, ['0', '700']);
});

test('a wake function may look at what happened and let its task sleep on', () => {
  const machine = booted();
  const queue = new WaitQueueHead();
  const keys: number[] = [];
  const entry = init_wait(machine.kernel.init!, (_entry, _mode, key) => {
    keys.push(key);
    return false;
  });
  add_wait_queue(queue, entry);
  wake_up_poll(queue, 0x1);
  remove_wait_queue(entry);
  wake_up_poll(queue, 0x4);
  assert.equal(keys, [0x1]);
});

test.run();
