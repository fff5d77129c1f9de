import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sys_exit_group } from '../../../kernel/exit.ts';
import { ECHILD, EINVAL, ERESTARTSYS, ESRCH } from '../../../kernel/include/uapi/errno.ts';
import {
  __WALL,
  __WCLONE,
  P_ALL,
  P_PGID,
  P_PID,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from '../../../kernel/include/uapi/sched.ts';
import {
  SA_NOCLDWAIT,
  SIG_IGN,
  SIGCHLD,
  SIGCONT,
  SIGKILL,
  SIGSTOP,
  SIGUSR1,
} from '../../../kernel/include/uapi/signal.ts';
import { SEND_SIG_PRIV, send_sig_info } from '../../../kernel/signal.ts';
import { sys_setpgid } from '../../../kernel/sys.ts';
import { sys_wait4, sys_waitid } from '../../../kernel/wait.ts';
import { FakeMachine, type Program, type User } from '../../lib/fake-arch.ts';

const STATUS = 0x3000;
const INFO = 0x4000;

/** Boots, and runs `program` as a child of PID 1 until nothing moves. */
function run(program: Program): FakeMachine {
  const machine = new FakeMachine();
  machine.boot();
  machine.spawn(program);
  machine.run();
  return machine;
}

const exits = (code: number, ns = 1000): Program =>
  function* (user) {
    yield* user.compute(ns);
    yield* user.call(sys_exit_group, code);
  };

const sleeps: Program = function* (user) {
  for (;;) yield* user.pause();
};

const wait4 = (user: User, pid: number, options: number) => user.call(sys_wait4, pid, STATUS, options, 0);
const waitid = (user: User, which: number, id: number, options: number) =>
  user.call(sys_waitid, which, id, INFO, options, 0);
const send = (user: User, pid: number, sig: number): void =>
  void send_sig_info(sig, SEND_SIG_PRIV, user.machine.kernel.pids.find_task_by_vpid(pid)!);

test('wait4 sleeps until the child ends and reports its status in the second byte', () => {
  run(function* (user) {
    const pid = yield* user.fork(exits(42));
    assert.equal(yield* wait4(user, -1, 0), pid);
    assert.equal(user.peek(STATUS), 42 << 8);
    assert.equal(user.machine.kernel.pids.find_vpid(pid), null);
  });
});

test('a child that a signal killed shows the signal in the low byte', () => {
  run(function* (user) {
    const pid = yield* user.fork(sleeps);
    send(user, pid, SIGKILL);
    assert.equal(yield* wait4(user, pid, 0), pid);
    assert.equal(user.peek(STATUS), SIGKILL);
  });
});

test('without children it is ECHILD at once, whatever the options', () => {
  run(function* (user) {
    assert.equal(yield* wait4(user, -1, 0), -ECHILD);
    assert.equal(yield* wait4(user, -1, WNOHANG), -ECHILD);
    assert.equal(yield* waitid(user, P_ALL, 0, WEXITED), -ECHILD);
  });
});

test('WNOHANG returns 0 while the child lives', () => {
  run(function* (user) {
    const pid = yield* user.fork(exits(0));
    assert.equal(yield* wait4(user, pid, WNOHANG), 0);
    assert.equal(yield* wait4(user, pid, 0), pid);
  });
});

test("somebody else's child is no child", () => {
  run(function* (user) {
    const pid = yield* user.fork(exits(0, 1e6));
    assert.equal(yield* wait4(user, 1, WNOHANG), -ECHILD);
    assert.equal(yield* wait4(user, pid + 1, WNOHANG), -ECHILD);
    yield* wait4(user, pid, 0);
  });
});

test('bad options and ids are refused as the manual says', () => {
  run(function* (user) {
    yield* user.fork(sleeps);
    assert.equal(yield* wait4(user, -1, WEXITED), -EINVAL);
    assert.equal(yield* wait4(user, -0x8000_0000, 0), -ESRCH);
    assert.equal(yield* waitid(user, P_ALL, 0, 0), -EINVAL);
    assert.equal(yield* waitid(user, P_ALL, 0, WNOHANG), -EINVAL);
    assert.equal(yield* waitid(user, P_PID, 0, WEXITED), -EINVAL);
    assert.equal(yield* waitid(user, P_PGID, -1, WEXITED), -EINVAL);
    assert.equal(yield* waitid(user, 7, 1, WEXITED), -EINVAL);
  });
});

test('pid 0 and negative pids mean process groups', () => {
  run(function* (user) {
    const mine = yield* user.fork(exits(1));
    const other = yield* user.fork(exits(2));
    assert.equal(yield* user.call(sys_setpgid, other, other), 0);
    assert.equal(yield* wait4(user, -other, 0), other);
    assert.equal(yield* wait4(user, 0, 0), mine);
    assert.equal(yield* wait4(user, -other, 0), -ECHILD);
  });
});

test('WNOWAIT looks without taking', () => {
  run(function* (user) {
    const pid = yield* user.fork(exits(3));
    assert.equal(yield* waitid(user, P_PID, pid, WEXITED | WNOWAIT), 0);
    // si_signo, si_code = CLD_EXITED, si_pid, si_status
    assert.equal(
      [0, 8, 16, 24].map((at) => user.peek(INFO + at)),
      [SIGCHLD, 1, pid, 3],
    );
    assert.equal(yield* waitid(user, P_PID, pid, WEXITED), 0);
    assert.equal(yield* waitid(user, P_PID, pid, WEXITED), -ECHILD);
  });
});

test('waitid that finds nothing clears si_signo and si_pid', () => {
  run(function* (user) {
    const pid = yield* user.fork(exits(0));
    user.poke(INFO, 99);
    user.poke(INFO + 16, 99);
    assert.equal(yield* waitid(user, P_ALL, 0, WEXITED | WNOHANG), 0);
    assert.equal([user.peek(INFO), user.peek(INFO + 16)], [0, 0]);
    yield* wait4(user, pid, 0);
  });
});

test('a stop is told once, to who asks for it, and so is going on', () => {
  run(function* (user) {
    const pid = yield* user.fork(sleeps);
    yield* user.compute(20e6);
    send(user, pid, SIGSTOP);
    assert.equal(yield* wait4(user, pid, WUNTRACED), pid);
    assert.equal(user.peek(STATUS), (SIGSTOP << 8) | 0x7f);
    assert.equal(yield* wait4(user, pid, WUNTRACED | WNOHANG), 0);

    send(user, pid, SIGCONT);
    assert.equal(yield* waitid(user, P_PID, pid, WCONTINUED), 0);
    // CLD_CONTINUED, si_status = SIGCONT
    assert.equal([user.peek(INFO + 8), user.peek(INFO + 24)], [6, SIGCONT]);
    assert.equal(yield* waitid(user, P_PID, pid, WCONTINUED | WNOHANG), 0);
    send(user, pid, SIGKILL);
    yield* wait4(user, pid, 0);
  });
});

test('WEXITED alone does not see a stop', () => {
  run(function* (user) {
    const pid = yield* user.fork(sleeps);
    yield* user.compute(20e6);
    send(user, pid, SIGSTOP);
    yield* user.compute(20e6);
    assert.equal(yield* waitid(user, P_PID, pid, WEXITED | WNOHANG), 0);
    assert.equal(user.peek(INFO), 0);
    assert.equal(yield* waitid(user, P_PID, pid, WSTOPPED | WNOHANG), 0);
    assert.equal(user.peek(INFO + 8), 5); // CLD_STOPPED
  });
});

test('a signal with a handler ends the wait', () => {
  run(function* (user) {
    yield* user.fork(sleeps);
    const me = user.task;
    me.sighand.action[SIGUSR1 - 1]!.sa_handler = 0x1000 as never;
    yield* user.fork(function* (child) {
      yield* child.compute(20e6);
      send_sig_info(SIGUSR1, SEND_SIG_PRIV, me);
      for (;;) yield* child.pause();
    });
    assert.equal(yield* wait4(user, -1, 0), -ERESTARTSYS);
    assert.equal(user.caught, [SIGUSR1]);
  });
});

test('when SIGCHLD is ignored children vanish, and the wait ends with ECHILD when the last one did', () => {
  run(function* (user) {
    user.task.sighand.action[SIGCHLD - 1]!.sa_handler = SIG_IGN as never;
    const pid = yield* user.fork(exits(1));
    assert.equal(yield* wait4(user, -1, 0), -ECHILD);
    assert.equal(user.machine.kernel.pids.find_vpid(pid), null);
  });
});

test('SA_NOCLDWAIT does the same', () => {
  run(function* (user) {
    user.task.sighand.action[SIGCHLD - 1]!.sa_flags = SA_NOCLDWAIT;
    yield* user.fork(exits(1));
    assert.equal(yield* wait4(user, -1, 0), -ECHILD);
  });
});

test('a child that ends with another signal than SIGCHLD is seen with __WCLONE or __WALL only', () => {
  run(function* (user) {
    const a = yield* user.fork(exits(1), 0, { exit_signal: SIGUSR1 });
    const b = yield* user.fork(exits(2), 0, { exit_signal: 0 });
    user.task.sighand.action[SIGUSR1 - 1]!.sa_handler = SIG_IGN as never;
    assert.equal(yield* wait4(user, -1, WNOHANG), -ECHILD);
    assert.equal(yield* wait4(user, a, __WCLONE), a);
    assert.equal(yield* wait4(user, b, __WALL), b);
  });
});

test('what a child used counts for the parent when it was waited for', () => {
  run(function* (user) {
    const pid = yield* user.fork(exits(0, 5e6));
    assert.equal(user.task.signal.cutime, 0);
    yield* wait4(user, pid, 0);
    assert.equal(user.task.signal.cutime, 5e6);
  });
});

test('a bad status pointer is EFAULT, and the child is gone all the same', () => {
  run(function* (user) {
    const pid = yield* user.fork(exits(0));
    assert.equal(yield* user.call(sys_wait4, pid, 0x10, 0, 0), -14);
    assert.equal(yield* wait4(user, pid, 0), -ECHILD);
  });
});

test.run();
