import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sys_exit, sys_exit_group } from '../../../kernel/exit.ts';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
} from '../../../kernel/include/uapi/sched.ts';
import { SIGCONT, SIGHUP, SIGSTOP } from '../../../kernel/include/uapi/signal.ts';
import { KernelPanic } from '../../../kernel/panic.ts';
import { SEND_SIG_PRIV, send_sig_info } from '../../../kernel/signal.ts';
import { sys_setpgid } from '../../../kernel/sys.ts';
import { sys_wait4 } from '../../../kernel/wait.ts';
import { FakeMachine, type Program } from '../../lib/fake-arch.ts';

const THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;

function booted(): FakeMachine {
  const machine = new FakeMachine();
  machine.boot();
  return machine;
}

const sleeps: Program = function* (user) {
  for (;;) yield* user.pause();
};

test('an orphan becomes a child of PID 1', () => {
  const machine = booted();
  let orphan = 0;
  machine.spawn(function* (user) {
    orphan = yield* user.fork(sleeps);
  });
  machine.run(1e9);
  const task = machine.kernel.pids.find_task_by_vpid(orphan)!;
  assert.equal(task.real_parent.pid, 1);
  assert.ok(machine.kernel.init!.children.has(task));
});

test('a subreaper gets the orphans of its descendants', () => {
  const machine = booted();
  let orphan = 0;
  const reaper = machine.spawn(function* (user) {
    user.task.signal.is_child_subreaper = true;
    yield* user.fork(function* (child) {
      orphan = yield* child.fork(sleeps);
    });
    for (;;) yield* user.pause();
  });
  machine.run(1e9);
  assert.equal(machine.kernel.pids.find_task_by_vpid(orphan)!.real_parent.pid, reaper.pid);
});

test('a pdeath signal comes when the parent dies', () => {
  const machine = booted();
  machine.spawn(function* (user) {
    yield* user.fork(function* (child) {
      child.task.sighand.action[SIGHUP - 1]!.sa_handler = 0x1000 as never;
      child.task.pdeath_signal = SIGHUP;
      yield* child.compute(1e9);
      child.log(`caught ${child.caught}`);
    });
    yield* user.compute(20e6);
  });
  machine.run();
  assert.equal(machine.log, [`caught ${SIGHUP}`]);
});

test('a stopped group that loses its last tie to its session gets SIGHUP and SIGCONT', () => {
  const machine = booted();
  machine.spawn(function* (user) {
    const pid = yield* user.fork(function* (child) {
      child.task.sighand.action[SIGHUP - 1]!.sa_handler = 0x1000 as never;
      child.task.sighand.action[SIGCONT - 1]!.sa_handler = 0x1000 as never;
      yield* child.compute(2e9);
      child.log(`caught ${child.caught}`);
    });
    yield* user.call(sys_setpgid, pid, pid);
    yield* user.compute(1e9);
    send_sig_info(SIGSTOP, SEND_SIG_PRIV, machine.kernel.pids.find_task_by_vpid(pid)!);
    yield* user.compute(1e9);
  });
  machine.run();
  assert.equal(machine.log, [`caught ${SIGHUP},${SIGCONT}`]);
});

test('the death of PID 1 is a panic with its exit code', () => {
  const machine = new FakeMachine();
  machine.spawn(function* (user) {
    yield* user.call(sys_exit_group, 2);
  });
  assert.throws(
    () => machine.run(),
    (error: unknown) =>
      error instanceof KernelPanic && error.message === 'Attempted to kill init! exitcode=0x00000200',
  );
});

test('a process is reaped only when its last thread is gone, with the status of exit_group', () => {
  const machine = booted();
  machine.spawn(function* (user) {
    const pid = yield* user.fork(function* (leader) {
      yield* leader.fork(
        function* (thread) {
          yield* thread.compute(50e6);
          yield* thread.call(sys_exit_group, 9);
        },
        THREAD,
        { exit_signal: 0 },
      );
      yield* leader.call(sys_exit, 1);
    });
    yield* user.call(sys_wait4, pid, 0x3000, 0, 0);
    user.log(`${user.peek(0x3000) >> 8} at ${user.machine.now >= 50e6}`);
  });
  machine.run();
  assert.equal(machine.log, ['9 at true']);
});

test('exit_group ends threads that compute and threads that sleep', () => {
  const machine = booted();
  machine.spawn(function* (user) {
    const pid = yield* user.fork(function* (leader) {
      yield* leader.fork(sleeps, THREAD, { exit_signal: 0 });
      yield* leader.fork(
        function* (thread) {
          yield* thread.call(sys_wait4, -1, 0, 0, 0);
        },
        THREAD,
        { exit_signal: 0 },
      );
      yield* leader.compute(10e6);
      yield* leader.call(sys_exit_group, 4);
    });
    assert.equal(yield* user.call(sys_wait4, pid, 0x3000, 0, 0), pid);
    user.log(`status ${user.peek(0x3000)}`);
  });
  machine.run();
  assert.equal(machine.log, [`status ${4 << 8}`]);
});

test("CLONE_CHILD_CLEARTID clears the word at the thread's end, while others share the memory", () => {
  const machine = booted();
  machine.spawn(function* (user) {
    user.poke(0x5000, 77);
    yield* user.fork(
      function* (thread) {
        yield* thread.call(sys_exit, 0);
      },
      THREAD | CLONE_CHILD_CLEARTID,
      { exit_signal: 0, child_tid: 0x5000 as never },
    );
    yield* user.compute(10e6);
    user.log(String(user.peek(0x5000)));
  });
  machine.run();
  assert.equal(machine.log, ['0']);
});

test('vfork holds the parent until the child is gone', () => {
  const machine = booted();
  machine.spawn(function* (user) {
    yield* user.fork(function* (child) {
      yield* child.compute(20e6);
      child.log('child');
    }, CLONE_VM | CLONE_VFORK);
    user.log('parent');
  });
  machine.run();
  assert.equal(machine.log, ['child', 'parent']);
});

test('numbers, users and threads are all given back', () => {
  const machine = booted();
  const { pids, users } = machine.kernel;
  machine.spawn(function* (user) {
    for (let n = 0; n < 20; n++) yield* user.fork(sleepsShort);
    for (let n = 0; n < 20; n++) yield* user.call(sys_wait4, -1, 0, 0, 0);
  });
  machine.run(1);
  machine.run();
  // PID 1, and the spawned one as its zombie
  assert.equal(pids.nr_threads, 2);
  assert.equal(users.alloc_uid(0).processes, 2);
});

const sleepsShort: Program = function* (user) {
  yield* user.compute(1e5);
};

test.run();
