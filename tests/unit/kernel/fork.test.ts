import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sys_clone, sys_clone3 } from '../../../kernel/clone.ts';
import { CAP_EMPTY_SET, commit_creds, prepare_creds } from '../../../kernel/cred.ts';
import { copy_process, NO_CLONE_ARGS } from '../../../kernel/fork.ts';
import {
  E2BIG,
  EAGAIN,
  EEXIST,
  EFAULT,
  EINVAL,
  EPERM,
  ERESTARTNOINTR,
} from '../../../kernel/include/uapi/errno.ts';
import { RLIMIT_NPROC } from '../../../kernel/include/uapi/resource.ts';
import * as F from '../../../kernel/include/uapi/sched.ts';
import { SIGCHLD, SIGUSR1 } from '../../../kernel/include/uapi/signal.ts';
import { SEND_SIG_PRIV, send_sig_info } from '../../../kernel/signal.ts';
import { FakeMachine, type User } from '../../lib/fake-arch.ts';

/** Runs as a child of PID 1. */
function run(program: (user: User) => Generator<1 | 2, void, void>): FakeMachine {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(program);
  machine.run();
  return machine;
}

function unprivileged(user: User): void {
  const nobody = user.machine.kernel.users.alloc_uid(1000);
  commit_creds(user.task, {
    ...prepare_creds(user.task),
    user: nobody,
    uid: 1000,
    euid: 1000,
    cap_effective: CAP_EMPTY_SET,
    cap_permitted: CAP_EMPTY_SET,
  });
}

const clone = (user: User, flags: number) => user.call(sys_clone, flags, 0, 0x5000, 0, 0x5008);

/** clone(2), "ERRORS" */
const INVALID: readonly (readonly [string, number])[] = [
  ['CLONE_THREAD without CLONE_SIGHAND', F.CLONE_THREAD | F.CLONE_VM],
  ['CLONE_SIGHAND without CLONE_VM', F.CLONE_SIGHAND],
  ['CLONE_NEWNS with CLONE_FS', F.CLONE_NEWNS | F.CLONE_FS],
  ['CLONE_NEWUSER with CLONE_FS', F.CLONE_NEWUSER | F.CLONE_FS],
  ['CLONE_NEWIPC with CLONE_SYSVSEM', F.CLONE_NEWIPC | F.CLONE_SYSVSEM],
  ['CLONE_NEWPID with CLONE_THREAD', F.CLONE_NEWPID | F.CLONE_THREAD | F.CLONE_SIGHAND | F.CLONE_VM],
  ['CLONE_PIDFD with CLONE_DETACHED', F.CLONE_PIDFD | F.CLONE_DETACHED],
  ['CLONE_PIDFD with CLONE_PARENT_SETTID', F.CLONE_PIDFD | F.CLONE_PARENT_SETTID],
  ['an IPC namespace, of which there are none', F.CLONE_NEWIPC],
  ['a network namespace, of which there are none', F.CLONE_NEWNET],
];

for (const [what, flags] of INVALID) {
  test(`${what} is EINVAL`, () => {
    run(function* (user) {
      assert.equal(yield* clone(user, flags | SIGCHLD), -EINVAL);
    });
  });
}

test('a namespace without CAP_SYS_ADMIN is EPERM', () => {
  run(function* (user) {
    unprivileged(user);
    assert.equal(yield* clone(user, F.CLONE_NEWPID | SIGCHLD), -EPERM);
  });
});

test('PID 1 cannot have a sibling', () => {
  const machine = new FakeMachine();
  machine.spawn(function* (user) {
    user.log(String(yield* clone(user, F.CLONE_PARENT | SIGCHLD)));
    for (;;) yield* user.pause();
  });
  machine.run(1e6);
  assert.equal(machine.log, [String(-EINVAL)]);
});

test('CLONE_PARENT makes a sibling, with the exit signal of its maker', () => {
  run(function* (user) {
    const { real_parent } = user.task;
    const pid = yield* user.fork(function* () {}, F.CLONE_PARENT, { exit_signal: 0 });
    const child = user.machine.kernel.pids.find_task_by_vpid(pid)!;
    assert.is(child.real_parent, real_parent);
    assert.equal(child.exit_signal, user.task.exit_signal);
  });
});

test('RLIMIT_NPROC stops a user, but not root', () => {
  run(function* (user) {
    user.task.signal.rlim[RLIMIT_NPROC] = { cur: 1, max: 1 };
    assert.ok((yield* user.fork(function* () {})) > 0);
    unprivileged(user);
    assert.equal(yield* clone(user, SIGCHLD), -EAGAIN);
  });
});

test('there are no more threads than max_threads', () => {
  run(function* (user) {
    user.machine.kernel.pids.max_threads = user.machine.kernel.pids.nr_threads;
    assert.equal(yield* clone(user, SIGCHLD), -EAGAIN);
  });
});

test('when the numbers are used up it is EAGAIN, and nothing leaks', () => {
  run(function* (user) {
    const { pids } = user.machine.kernel;
    pids.pid_max = pids.last + 1;
    const mmUsers = user.task.mm!.mm_users;
    assert.equal(yield* user.fork(function* () {}, F.CLONE_VM), -EAGAIN);
    assert.equal(user.task.mm!.mm_users, mmUsers);
  });
});

test('a pending signal is delivered before the fork happens', () => {
  const machine = new FakeMachine();
  const parent = machine.boot();
  machine.run();
  parent.sighand.action[SIGUSR1 - 1]!.sa_handler = 0x1000 as never;
  send_sig_info(SIGUSR1, SEND_SIG_PRIV, parent);
  assert.equal(copy_process(parent, NO_CLONE_ARGS), -ERESTARTNOINTR);
});

test('a thread shares what it must, a process nothing', () => {
  run(function* (user) {
    const { pids } = user.machine.kernel;
    const { task } = user;
    const flags = F.CLONE_VM | F.CLONE_SIGHAND | F.CLONE_THREAD;
    const thread = pids.find_task_by_vpid(yield* user.fork(function* () {}, flags, { exit_signal: 0 }))!;
    assert.is(thread.signal, task.signal);
    assert.is(thread.sighand, task.sighand);
    assert.is(thread.mm, task.mm);
    assert.equal([thread.tgid, thread.exit_signal], [task.tgid, -1]);

    const child = pids.find_task_by_vpid(yield* user.fork(function* () {}))!;
    assert.is.not(child.signal, task.signal);
    assert.is.not(child.sighand, task.sighand);
    assert.is.not(child.mm, task.mm);
    assert.is.not(child.files, task.files);
    assert.is(child.signal.pgrp, task.signal.pgrp);
    assert.is(child.signal.session, task.signal.session);
    assert.equal([child.tgid, child.exit_signal], [child.pid, SIGCHLD]);
  });
});

test('the parent and the child are told the number in memory', () => {
  run(function* (user) {
    user.machine.childRuns(function* (child) {
      child.log(`child sees ${child.peek(0x5008) === child.task.pid}`);
      yield* child.compute(1);
    });
    const flags = F.CLONE_VM | F.CLONE_PARENT_SETTID | F.CLONE_CHILD_SETTID | SIGCHLD;
    const pid = yield* clone(user, flags);
    assert.equal(user.peek(0x5000), pid);
    yield* user.compute(10e6);
    assert.equal(user.machine.log, ['child sees true']);
  });
});

/* struct clone_args in memory */
function* clone3(user: User, fields: Record<number, number>, size = 88) {
  for (let at = 0; at < 96; at += 4) user.poke(0x6000 + at, 0);
  for (const [at, value] of Object.entries(fields)) user.poke(0x6000 + Number(at), value);
  return yield* user.call(sys_clone3, 0x6000, size);
}

const CLONE3_INVALID: readonly (readonly [string, Record<number, number>, number])[] = [
  ['an exit signal in the flags', { 0: SIGCHLD }, -EINVAL],
  ['CLONE_DETACHED', { 0: F.CLONE_DETACHED }, -EINVAL],
  ['flags that nobody knows', { 4: 0x4 }, -EINVAL],
  ['an exit signal that is none', { 32: 65 }, -EINVAL],
  [
    'an exit signal with CLONE_THREAD',
    { 0: F.CLONE_THREAD | F.CLONE_SIGHAND | F.CLONE_VM, 32: SIGCHLD },
    -EINVAL,
  ],
  ['an exit signal with CLONE_PARENT', { 0: F.CLONE_PARENT, 32: SIGCHLD }, -EINVAL],
  ['a stack without a size', { 40: 0x10000 }, -EINVAL],
  ['a size without a stack', { 48: 0x1000 }, -EINVAL],
  ['CLONE_CLEAR_SIGHAND with CLONE_SIGHAND', { 0: F.CLONE_SIGHAND | F.CLONE_VM, 4: 1 }, -EINVAL],
  ['set_tid without a size', { 64: 0x7000 }, -EINVAL],
  ['a size without set_tid', { 72: 1 }, -EINVAL],
  ['more numbers than there are namespaces', { 64: 0x7000, 72: 2 }, -EINVAL],
  ['a set_tid that cannot be read', { 64: 0x10, 72: 1 }, -EFAULT],
];

for (const [what, fields, errno] of CLONE3_INVALID) {
  test(`clone3 refuses ${what}`, () => {
    run(function* (user) {
      user.poke(0x7000, 5000);
      user.poke(0x7004, 5001);
      assert.equal(yield* clone3(user, fields), errno);
    });
  });
}

test('clone3 knows structures of other sizes', () => {
  run(function* (user) {
    user.machine.childRuns(function* () {});
    assert.equal(yield* clone3(user, {}, 63), -EINVAL);
    assert.equal(yield* clone3(user, {}, 4097), -E2BIG);
    assert.equal(yield* clone3(user, { 88: 1 }, 96), -E2BIG);
    assert.ok((yield* clone3(user, { 32: SIGCHLD }, 64)) > 0);
    user.machine.childRuns(function* () {});
    assert.ok((yield* clone3(user, { 32: SIGCHLD }, 96)) > 0);
  });
});

test('clone3 gives the number that set_tid asks for, once, and to the privileged', () => {
  run(function* (user) {
    user.machine.childRuns(function* () {});
    user.poke(0x7000, 5000);
    const fields = { 32: SIGCHLD, 64: 0x7000, 72: 1 };
    assert.equal(yield* clone3(user, fields), 5000);
    assert.equal(yield* clone3(user, fields), -EEXIST);
    user.poke(0x7000, 0);
    assert.equal(yield* clone3(user, fields), -EINVAL);
    user.poke(0x7000, 6000);
    unprivileged(user);
    assert.equal(yield* clone3(user, fields), -EPERM);
  });
});

test.run();
