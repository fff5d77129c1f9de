import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EINVAL, EPERM } from '../../../kernel/include/uapi/errno.ts';
import {
  sys_getgroups,
  sys_getresuid,
  sys_setfsuid,
  sys_setgroups,
  sys_setresuid,
  sys_setreuid,
  sys_setuid,
} from '../../../kernel/uid.ts';
import { FakeMachine, type User } from '../../lib/fake-arch.ts';

function run(program: (user: User) => Generator<1 | 2, void, void>): void {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(program);
  machine.run();
}

function ids(user: User): number[] {
  const { uid, euid, suid, fsuid } = user.task.cred;
  return [uid, euid, suid, fsuid];
}

test('setuid of root changes all ids and gives every capability away', () => {
  run(function* (user) {
    assert.equal(yield* user.call(sys_setuid, 1000), 0);
    assert.equal(ids(user), [1000, 1000, 1000, 1000]);
    assert.equal(user.task.cred.cap_permitted, { lo: 0, hi: 0 });
    assert.equal(yield* user.call(sys_setuid, 0), -EPERM);
  });
});

test('seteuid drops root for a while: the effective capabilities go and come back', () => {
  run(function* (user) {
    assert.equal(yield* user.call(sys_setresuid, -1, 1000, -1), 0);
    assert.equal(ids(user), [0, 1000, 0, 1000]);
    assert.equal(user.task.cred.cap_effective, { lo: 0, hi: 0 });
    assert.equal(yield* user.call(sys_setresuid, -1, 0, -1), 0);
    assert.equal(user.task.cred.cap_effective, user.task.cred.cap_permitted);
  });
});

test('setreuid sets the saved id when the real one is given, or the effective one becomes a new one', () => {
  run(function* (user) {
    yield* user.call(sys_setreuid, 1000, 2000);
    assert.equal(ids(user), [1000, 2000, 2000, 2000]);
    assert.equal(yield* user.call(sys_setreuid, 3000, -1), -EPERM);
    assert.equal(yield* user.call(sys_setreuid, -1, 1000), 0);
    assert.equal(ids(user), [1000, 1000, 2000, 1000]);
  });
});

test('setresuid lets an ordinary user choose among its three', () => {
  run(function* (user) {
    yield* user.call(sys_setresuid, 1, 2, 3);
    assert.equal(yield* user.call(sys_setresuid, 3, 1, 2), 0);
    assert.equal(ids(user), [3, 1, 2, 1]);
    assert.equal(yield* user.call(sys_setresuid, 4, -1, -1), -EPERM);
    assert.equal(yield* user.call(sys_getresuid, 0x3000, 0x3004, 0x3008), 0);
    assert.equal([user.peek(0x3000), user.peek(0x3004), user.peek(0x3008)], [3, 1, 2]);
  });
});

test('setfsuid returns the old one, whether it may or not', () => {
  run(function* (user) {
    assert.equal(yield* user.call(sys_setfsuid, 1000), 0);
    assert.equal(yield* user.call(sys_setfsuid, -1), 1000);
    assert.equal(yield* user.call(sys_setfsuid, 0), 1000);
    yield* user.call(sys_setuid, 1000);
    assert.equal(yield* user.call(sys_setfsuid, 7), 1000);
    assert.equal(user.task.cred.fsuid, 1000);
  });
});

test('(uid_t) -1 is nobody', () => {
  run(function* (user) {
    assert.equal(yield* user.call(sys_setuid, -1), -EINVAL);
  });
});

test('groups are counted, read and set', () => {
  run(function* (user) {
    user.poke(0x3000, 20);
    user.poke(0x3004, 10);
    assert.equal(yield* user.call(sys_setgroups, 2, 0x3000), 0);
    assert.equal(yield* user.call(sys_getgroups, 0, 0), 2);
    assert.equal(yield* user.call(sys_getgroups, 1, 0x4000), -EINVAL);
    assert.equal(yield* user.call(sys_getgroups, 2, 0x4000), 2);
    assert.equal([user.peek(0x4000), user.peek(0x4004)], [10, 20]);
    assert.equal(yield* user.call(sys_setgroups, 65_537, 0x3000), -EINVAL);
    yield* user.call(sys_setuid, 1000);
    assert.equal(yield* user.call(sys_setgroups, 0, 0), -EPERM);
  });
});

test('processes are counted for the real user', () => {
  run(function* (user) {
    const { users } = user.machine.kernel;
    const root = users.alloc_uid(0).processes;
    yield* user.call(sys_setuid, 1000);
    assert.equal([users.alloc_uid(0).processes, users.alloc_uid(1000).processes], [root - 1, 1]);
  });
});

test.run();
