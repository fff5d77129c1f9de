import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sys_unshare } from '../../../kernel/clone.ts';
import {
  CAP_KILL,
  CAP_SYS_ADMIN,
  type Cred,
  cap_capable,
  init_cred,
  UserTable,
} from '../../../kernel/cred.ts';
import type { UserNamespace } from '../../../kernel/include/linux/user_namespace.ts';
import { EEXIST, EINVAL, ENOMEM, EPERM } from '../../../kernel/include/uapi/errno.ts';
import { CLONE_NEWPID } from '../../../kernel/include/uapi/sched.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import { new_pid_ns, type Pid, PidTable, pid_nr_ns, task_active_pid_ns } from '../../../kernel/pid.ts';
import { pidns_is_ancestor } from '../../../kernel/pid_namespace.ts';
import { sys_getpid, sys_getppid } from '../../../kernel/sys.ts';
import { from_kid, make_kid } from '../../../kernel/user_namespace.ts';
import { sys_wait4 } from '../../../kernel/wait.ts';
import { FakeMachine } from '../../lib/fake-arch.ts';

function nested() {
  const users = new UserTable();
  const table = new PidTable(users);
  const outer = table.init_pid_ns;
  outer.child_reaper = {} as Task;
  const inner = new_pid_ns(outer, users.init_user_ns, 1);
  return { table, outer, inner };
}

test('a task has a number at every level', () => {
  const { table, outer, inner } = nested();
  outer.last = 41;
  const pid = table.alloc_pid(inner) as Pid;
  assert.equal([pid_nr_ns(pid, outer), pid_nr_ns(pid, inner)], [42, 1]);
  assert.is(outer.pids.get(42), pid);
  assert.is(inner.pids.get(1), pid);
  table.free_pid(pid);
  assert.equal([outer.pids.size, inner.pids.size], [0, 0]);
});

test('who lives outside has no number inside', () => {
  const { table, outer, inner } = nested();
  const sibling = new_pid_ns(outer, inner.user_ns, 2);
  assert.is(pid_nr_ns(table.alloc_pid(outer) as Pid, inner), 0);
  assert.is(pid_nr_ns(table.alloc_pid(inner) as Pid, sibling), 0);
});

test('numbers asked for are given from the inside out', () => {
  const { table, outer, inner } = nested();
  assert.is(table.alloc_pid(inner, [2]), -EINVAL, 'the first one is number 1');
  assert.is(table.alloc_pid(inner, [1, 7, 7]), -EINVAL, 'there are two levels');
  const pid = table.alloc_pid(inner, [1, 7]) as Pid;
  assert.equal([pid_nr_ns(pid, inner), pid_nr_ns(pid, outer)], [1, 7]);
  assert.is(table.alloc_pid(inner, [1]), -EEXIST);
  assert.is(
    table.alloc_pid(outer, [9], () => false),
    -EPERM,
  );
});

test('a namespace whose first process ends takes no others', () => {
  const { table, inner } = nested();
  inner.adding = false;
  assert.is(table.alloc_pid(inner), -ENOMEM);
});

test('ancestors are found by their level', () => {
  const { outer, inner } = nested();
  assert.ok(pidns_is_ancestor(inner, outer));
  assert.ok(pidns_is_ancestor(inner, inner));
  assert.not.ok(pidns_is_ancestor(outer, inner));
});

test('children of who has unshared live in the new namespace, and die with its first process', () => {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(function* (user) {
    assert.is(yield* user.call(sys_unshare, CLONE_NEWPID), 0);
    const pid = yield* user.fork(function* (child) {
      child.log(`${yield* child.call(sys_getpid)} ${yield* child.call(sys_getppid)}`);
      yield* child.fork(function* (lost) {
        assert.is(task_active_pid_ns(lost.task).level, 1);
        for (;;) yield* lost.pause();
      });
    });
    assert.is(yield* user.call(sys_wait4, pid, 0, 0, 0), pid);
    user.log(`${user.machine.kernel.pids.nr_threads}`);
  });
  const before = machine.kernel.pids.nr_threads;
  machine.run(1e9);
  assert.equal(machine.log, ['1 0', String(before)]);
});

test('a map translates what is in it, both ways', () => {
  const map = [
    { first: 0, lower_first: 1000, count: 1 },
    { first: 10, lower_first: 2000, count: 5 },
  ];
  assert.equal([make_kid(map, 0), make_kid(map, 14), from_kid(map, 2004)], [1000, 2004, 14]);
  assert.equal([make_kid(map, 1), make_kid(map, 15), from_kid(map, 0)], Array(3).fill(0xffff_ffff));
});

test("powers count in one's namespace and below, and for its maker's user above", () => {
  const root = init_cred(new UserTable());
  const outer = root.user_ns;
  const inner = { ...outer, level: 1, parent: outer, owner: 1000 } as UserNamespace;
  const inside: Cred = { ...root, user_ns: inner };
  const none = { lo: 0, hi: 0 };
  assert.ok(cap_capable(root, inner, CAP_KILL));
  assert.ok(cap_capable(inside, inner, CAP_SYS_ADMIN));
  assert.not.ok(cap_capable(inside, outer, CAP_KILL));
  assert.ok(cap_capable({ ...root, euid: 1000, cap_effective: none }, inner, CAP_KILL));
  assert.not.ok(cap_capable({ ...root, euid: 1001, cap_effective: none }, inner, CAP_KILL));
});

test.run();
