import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sys_futex, sys_get_robust_list, sys_set_robust_list } from '../../../../kernel/futex/syscalls.ts';
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  ENOSYS,
  ERESTARTSYS,
  ETIMEDOUT,
} from '../../../../kernel/include/uapi/errno.ts';
import { CLONE_SIGHAND, CLONE_THREAD, CLONE_VM } from '../../../../kernel/include/uapi/sched.ts';
import { SIGUSR1 } from '../../../../kernel/include/uapi/signal.ts';
import type { VmArea } from '../../../../kernel/include/linux/mm_types.ts';
import { SEND_SIG_PRIV, send_sig_info } from '../../../../kernel/signal.ts';
import { FakeMachine, type Program, type User } from '../../../lib/fake-arch.ts';

const WAIT = 128;
const WAKE = 129;
const REQUEUE = 3 | 128;
const CMP_REQUEUE = 4 | 128;
const WAKE_OP = 5 | 128;
const WAIT_BITSET = 9 | 128;
const WAKE_BITSET = 10 | 128;
const THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
const A = 0x5000;
const B = 0x5004;

function run(program: Program): string[] {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(program);
  machine.run();
  return machine.log;
}

/** A thread that waits on `at` and says what came of it. */
function* waiter(user: User, name: string, at = A, op = WAIT, bitset = 0) {
  yield* user.fork(
    function* (thread) {
      thread.log(`${name} ${yield* thread.call(sys_futex, at, op, 0, 0, 0, bitset)}`);
      for (;;) yield* thread.pause();
    },
    THREAD,
    { exit_signal: 0 },
  );
}

const settle = (user: User) => user.compute(50e6);

/** Lets those who were woken say so first. */
function* say(user: User, what: string, op: () => Generator<1 | 2, number, void>) {
  const ret = yield* op();
  yield* settle(user);
  user.log(`${what} ${ret}`);
}

test('who waits on a word with another value is told at once', () => {
  run(function* (user) {
    user.poke(A, 5);
    assert.equal(yield* user.call(sys_futex, A, WAIT, 4, 0), -EAGAIN);
  });
});

test('bad addresses and bad arguments are refused', () => {
  run(function* (user) {
    assert.equal(yield* user.call(sys_futex, A + 2, WAIT, 0, 0), -EINVAL);
    assert.equal(yield* user.call(sys_futex, 0x10, WAIT, 0, 0), -EFAULT);
    assert.equal(yield* user.call(sys_futex, -4096, WAKE, 1, 0), -EFAULT);
    assert.equal(yield* user.call(sys_futex, A, WAIT_BITSET, 0, 0, 0, 0), -EINVAL);
    assert.equal(yield* user.call(sys_futex, A, WAKE_BITSET, 1, 0, 0, 0), -EINVAL);
    assert.equal(yield* user.call(sys_futex, A, 2, 0, 0), -ENOSYS);
    assert.equal(yield* user.call(sys_futex, A, WAKE | 256, 1, 0), -ENOSYS);
    user.poke(0x6000, 0);
    user.poke(0x6008, 1_000_000_000);
    assert.equal(yield* user.call(sys_futex, A, WAIT, 0, 0x6000), -EINVAL);
    assert.equal(yield* user.call(sys_futex, A, CMP_REQUEUE, 1, -1, B, 0), -EINVAL);
  });
});

test('sleepers are woken in the order they came, as many as asked for', () => {
  const log = run(function* (user) {
    for (const name of ['a', 'b', 'c']) yield* waiter(user, name);
    yield* settle(user);
    yield* say(user, 'woke', () => user.call(sys_futex, A, WAKE, 2, 0));
    yield* settle(user);
    yield* say(user, 'woke', () => user.call(sys_futex, A, WAKE, 9, 0));
    yield* settle(user);
    yield* say(user, 'woke', () => user.call(sys_futex, A, WAKE, 9, 0));
  });
  assert.equal(log, ['a 0', 'b 0', 'woke 2', 'c 0', 'woke 1', 'woke 0']);
});

test('only sleepers with a bit in common are woken', () => {
  const log = run(function* (user) {
    yield* waiter(user, 'one', A, WAIT_BITSET, 1);
    yield* waiter(user, 'two', A, WAIT_BITSET, 2);
    yield* settle(user);
    yield* say(user, 'woke', () => user.call(sys_futex, A, WAKE_BITSET, 9, 0, 0, 2));
    yield* settle(user);
  });
  assert.equal(log, ['two 0', 'woke 1']);
});

test('a requeue wakes some and moves others to another word', () => {
  const log = run(function* (user) {
    for (const name of ['a', 'b', 'c']) yield* waiter(user, name);
    yield* settle(user);
    assert.equal(yield* user.call(sys_futex, A, CMP_REQUEUE, 1, 1, B, 7), -EAGAIN);
    yield* say(user, 'requeued', () => user.call(sys_futex, A, CMP_REQUEUE, 1, 1, B, 0));
    yield* settle(user);
    yield* say(user, 'B', () => user.call(sys_futex, B, WAKE, 9, 0));
    yield* settle(user);
    yield* say(user, 'A', () => user.call(sys_futex, A, REQUEUE, 0, 9, B));
    yield* say(user, 'B', () => user.call(sys_futex, B, WAKE, 9, 0));
    yield* settle(user);
  });
  assert.equal(log, ['a 0', 'requeued 2', 'b 0', 'B 1', 'A 1', 'c 0', 'B 1']);
});

test('WAKE_OP changes the second word, and wakes there when its old value compares', () => {
  const log = run(function* (user) {
    yield* waiter(user, 'a', A);
    yield* waiter(user, 'b', B);
    yield* settle(user);
    // FUTEX_OP(ADD, 3, CMP_EQ, 0)
    const op = (1 << 28) | (0 << 24) | (3 << 12) | 0;
    yield* say(user, 'woke', () => user.call(sys_futex, A, WAKE_OP, 1, 1, B, op));
    assert.equal(user.peek(B), 3);
    yield* settle(user);
  });
  assert.equal(log, ['a 0', 'b 0', 'woke 2']);
});

test('FUTEX_WAIT counts from now, FUTEX_WAIT_BITSET until a time', () => {
  run(function* (user) {
    user.poke(0x6000, 2);
    const start = user.machine.now;
    assert.equal(yield* user.call(sys_futex, A, WAIT, 0, 0x6000), -ETIMEDOUT);
    assert.equal(user.machine.now, start + 2e9);
    user.poke(0x6000, 3);
    assert.equal(yield* user.call(sys_futex, A, WAIT_BITSET, 0, 0x6000, 0, -1), -ETIMEDOUT);
    assert.equal(user.machine.now, 3e9);
  });
});

test('a signal ends the wait with -ERESTARTSYS', () => {
  const log = run(function* (user) {
    user.task.sighand.action[SIGUSR1 - 1]!.sa_handler = 0x1000 as never;
    yield* waiter(user, 'a');
    yield* settle(user);
    const thread = [...user.task.signal.threads][1]!;
    send_sig_info(SIGUSR1, SEND_SIG_PRIV, thread);
    yield* settle(user);
    yield* say(user, 'woke', () => user.call(sys_futex, A, WAKE, 9, 0));
  });
  assert.equal(log, [`a ${-ERESTARTSYS}`, 'woke 0']);
});

test('a dying owner marks its robust locks and wakes who waits', () => {
  const log = run(function* (user) {
    const all = { vm_start: 0x1000, vm_end: 0x100_0000, vm_flags: 0 } as Partial<VmArea> as VmArea;
    user.task.mm!.mmap.push(all); // a shared futex asks what is mapped
    yield* user.fork(
      function* (thread) {
        const { pid } = thread.task;
        thread.poke(0x7000, 0x7020); // head.list.next: the one entry
        thread.poke(0x7008, 8); //      futex_offset
        thread.poke(0x7010, 0); //      list_op_pending
        thread.poke(0x7020, 0x7000); // entry.next: the head again
        thread.poke(0x7028, (pid | 0x8000_0000) >>> 0);
        assert.equal(yield* thread.call(sys_set_robust_list, 0x7000, 23), -EINVAL);
        assert.equal(yield* thread.call(sys_set_robust_list, 0x7000, 24), 0);
        assert.equal(yield* thread.call(sys_get_robust_list, pid, 0x6000, 0x6008), 0);
        assert.equal([thread.peek(0x6000), thread.peek(0x6008)], [0x7000, 24]);
        yield* thread.compute(100e6);
      },
      THREAD,
      { exit_signal: 0 },
    );
    yield* user.compute(20e6);
    user.log(String(yield* user.call(sys_futex, 0x7028, 0, user.peek(0x7028), 0)));
    user.log(user.peek(0x7028).toString(16));
    user.task.mm!.mmap.pop();
  });
  assert.equal(log, ['0', 'c0000000']);
});

test.run();
