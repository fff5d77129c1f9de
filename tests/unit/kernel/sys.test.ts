import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CAP_EMPTY_SET, commit_creds, prepare_creds } from '../../../kernel/cred.ts';
import { PF_FORKNOEXEC } from '../../../kernel/include/linux/sched.ts';
import { EACCES, EFAULT, EINVAL, EPERM, ESRCH } from '../../../kernel/include/uapi/errno.ts';
import { cstring } from '../../../kernel/lib/bytes.ts';
import {
  sys_getpgid,
  sys_getsid,
  sys_newuname,
  sys_sethostname,
  sys_setpgid,
  sys_setsid,
} from '../../../kernel/sys.ts';
import { FakeMachine, type Program, type User } from '../../lib/fake-arch.ts';

function run(program: Program): void {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(program);
  machine.run();
}

const sleeps: Program = function* (user) {
  for (;;) yield* user.pause();
};

const setpgid = (user: User, pid: number, pgid: number) => user.call(sys_setpgid, pid, pgid);

test('setsid makes the caller leader of a session and of a group, both of its own number', () => {
  run(function* (user) {
    const { pid } = user.task;
    assert.equal(yield* user.call(sys_setsid), pid);
    assert.equal(yield* user.call(sys_getsid, 0), pid);
    assert.equal(yield* user.call(sys_getpgid, 0), pid);
    assert.equal(yield* user.call(sys_setsid), -EPERM);
  });
});

test('the leader of a process group cannot begin a session', () => {
  run(function* (user) {
    assert.equal(yield* setpgid(user, 0, 0), 0);
    assert.equal(yield* user.call(sys_setsid), -EPERM);
  });
});

test('a child may be put into a group of its own, and others into that', () => {
  run(function* (user) {
    const a = yield* user.fork(sleeps);
    const b = yield* user.fork(sleeps);
    assert.equal(yield* setpgid(user, a, 0), 0);
    assert.equal(yield* setpgid(user, b, a), 0);
    assert.equal(yield* user.call(sys_getpgid, b), a);
  });
});

test('a group that does not exist in the session cannot be joined', () => {
  run(function* (user) {
    yield* user.call(sys_setsid);
    const child = yield* user.fork(sleeps);
    assert.equal(yield* setpgid(user, child, 1), -EPERM);
    assert.equal(yield* setpgid(user, child, 999), -EPERM);
  });
});

test('a child in another session is not for its parent to move', () => {
  run(function* (user) {
    const child = yield* user.fork(function* (self) {
      yield* self.call(sys_setsid);
      yield* sleeps(self);
    });
    yield* user.compute(20e6);
    assert.equal(yield* setpgid(user, child, 0), -EPERM);
  });
});

test('a child that executed a program already is EACCES', () => {
  run(function* (user) {
    const child = yield* user.fork(sleeps);
    user.machine.kernel.pids.find_task_by_vpid(child)!.flags &= ~PF_FORKNOEXEC;
    assert.equal(yield* setpgid(user, child, 0), -EACCES);
  });
});

test('neither strangers nor negative groups nor a session leader can be moved', () => {
  run(function* (user) {
    assert.equal(yield* setpgid(user, 1, 0), -ESRCH);
    assert.equal(yield* setpgid(user, 999, 0), -ESRCH);
    assert.equal(yield* setpgid(user, 0, -1), -EINVAL);
    yield* user.call(sys_setsid);
    assert.equal(yield* setpgid(user, 0, 0), -EPERM);
  });
});

test('uname tells the names in six fields of 65 bytes', () => {
  run(function* (user) {
    assert.equal(yield* user.call(sys_newuname, 0x3000), 0);
    const bytes = user.machine.memoryOf(user.task.mm!).subarray(0x3000, 0x3000 + 390);
    const field = (i: number): string => cstring(bytes.subarray(65 * i, 65 * i + 65));
    assert.equal([field(0), field(1), field(4), field(5)], ['Linux', '(none)', 'fake', '(none)']);
    assert.match(field(2), /^6\.12\./);
    assert.equal(yield* user.call(sys_newuname, 0x10), -EFAULT);
  });
});

test('sethostname is for the privileged, and 64 bytes are the limit', () => {
  run(function* (user) {
    user.machine.memoryOf(user.task.mm!).set([0x61, 0x62, 0x63], 0x3000);
    assert.equal(yield* user.call(sys_sethostname, 0x3000, 65), -EINVAL);
    assert.equal(yield* user.call(sys_sethostname, 0x3000, -1), -EINVAL);
    assert.equal(yield* user.call(sys_sethostname, 0x3000, 3), 0);
    assert.equal(user.task.nsproxy.uts_ns.nodename, 'abc');
    commit_creds(user.task, { ...prepare_creds(user.task), cap_effective: CAP_EMPTY_SET });
    assert.equal(yield* user.call(sys_sethostname, 0x3000, 3), -EPERM);
  });
});

test.run();
