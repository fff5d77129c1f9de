import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EBADF, EFAULT, EINVAL } from '../../../../kernel/include/uapi/errno.ts';
import { SIGUSR1 } from '../../../../kernel/include/uapi/signal.ts';
import type { Sleeps } from '../../../../kernel/sched/wait.ts';
import { send_sig } from '../../../../kernel/signal.ts';
import type { User } from '../../../lib/fake-arch.ts';
import { BAD, BUFFER, FsMachine, FsUser } from '../../../lib/fs-machine.ts';

const asFs = (user: User): FsUser => new FsUser(user.machine, user.task);
const [POLLIN, POLLOUT, POLLNVAL] = [1, 4, 0x20];
const SECOND = 1e9;

function timespec(u: FsUser, sec: number, nsec: number): number {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(sec), true);
  view.setBigInt64(8, BigInt(nsec), true);
  return u.place(bytes);
}

const left = (u: FsUser, at: number): number =>
  Number(u.view.getBigInt64(at, true)) * SECOND + Number(u.view.getBigInt64(at + 8, true));

function pollfds(u: FsUser, ...fds: (readonly [fd: number, events: number])[]): number {
  const at = u.place(new Uint8Array(8 * fds.length));
  fds.forEach(([fd, events], i) => {
    u.poke(at + 8 * i, fd);
    u.poke(at + 8 * i + 4, events);
  });
  return at;
}
const revents = (u: FsUser, at: number, i = 0): number => u.peek(at + 8 * i + 4) >>> 16;

function pipe(u: FsUser): [number, number] {
  u.sys('pipe2', BUFFER, 0);
  return [u.peek(BUFFER), u.peek(BUFFER + 4)];
}

/** As PID 2, so that signals reach it. */
function run(program: (u: FsUser) => Sleeps<void>): FsMachine {
  const machine = new FsMachine();
  machine.spawn((user) => program(asFs(user)));
  machine.run();
  return machine;
}

test('poll() answers for each descriptor, closed and negative ones too', () => {
  const u = new FsMachine().user();
  const [rfd, wfd] = pipe(u);
  const at = pollfds(u, [rfd, POLLIN], [wfd, POLLIN | POLLOUT], [77, 0], [-1, POLLIN]);
  assert.is(u.sys('ppoll', at, 4, timespec(u, 0, 0), 0, 8), 2);
  assert.equal(
    [0, 1, 2, 3].map((i) => revents(u, at, i)),
    [0, POLLOUT, POLLNVAL, 0],
  );
});

test('regular files are always ready', () => {
  const u = new FsMachine().user();
  const at = pollfds(u, [u.open('/f', 0o102), POLLIN | POLLOUT]);
  assert.is(u.sys('ppoll', at, 1, 0, 0, 8), 1);
  assert.is(revents(u, at), POLLIN | POLLOUT);
});

test('poll() sleeps until the time is over, to the nanosecond', () => {
  run(function* (u) {
    const [rfd] = pipe(u);
    const time = timespec(u, 2, 500_000_000);
    const before = u.machine.now;
    assert.is(yield* u.wait('ppoll', pollfds(u, [rfd, POLLIN]), 1, time, 0, 8), 0);
    assert.is(u.machine.now - before, 2.5 * SECOND);
    assert.is(left(u, time), 0);
  });
});

test('poll() wakes when something arrives, and writes back the time that is left', () => {
  const machine = run(function* (u) {
    const [rfd, wfd] = pipe(u);
    yield* u.fork(function* (user) {
      yield* user.compute(SECOND);
      asFs(user).write(wfd, 'x');
    });
    const time = timespec(u, 10, 0);
    const at = pollfds(u, [rfd, POLLIN]);
    assert.is(yield* u.wait('ppoll', at, 1, time, 0, 8), 1);
    assert.is(revents(u, at), POLLIN);
    assert.ok(left(u, time) >= 8.9 * SECOND && left(u, time) <= 9.1 * SECOND);
    u.log('done');
  });
  assert.equal(machine.log, ['done']);
});

test('a signal ends the wait: with the mask of the call, and its mask is gone afterwards', () => {
  run(function* (u) {
    u.task.sighand.action[SIGUSR1 - 1]!.sa_handler = 0x1000 as never;
    u.task.blocked = { lo: 1 << (SIGUSR1 - 1), hi: 0 };
    send_sig(SIGUSR1, u.task, false);
    const [rfd] = pipe(u);
    const none = u.place(new Uint8Array(8));
    // -ERESTARTNOHAND: with a handler, user space sees EINTR.
    assert.is(yield* u.wait('ppoll', pollfds(u, [rfd, POLLIN]), 1, 0, none, 8), -514);
    assert.equal(u.caught, [SIGUSR1]);
  });
});

test('poll() refuses more descriptors than there could be, and bad pointers', () => {
  const u = new FsMachine().user();
  u.task.signal.rlim[7] = { cur: 4, max: 4 };
  const zero = timespec(u, 0, 0);
  assert.is(u.sys('ppoll', BUFFER, 5, zero, 0, 8), -EINVAL);
  assert.is(u.sys('ppoll', BAD, 1, zero, 0, 8), -EFAULT);
  assert.is(u.sys('ppoll', BUFFER, 0, timespec(u, 0, SECOND), 0, 8), -EINVAL);
  assert.is(u.sys('ppoll', BUFFER, 0, timespec(u, -1, 0), 0, 8), -EINVAL);
  assert.is(u.sys('ppoll', BUFFER, 0, zero, BUFFER, 4), -EINVAL);
  assert.is(u.sys('ppoll', BUFFER, 0, BAD, 0, 8), -EFAULT);
  assert.is(u.sys('ppoll', 0, 0, zero, 0, 8), 0);
});

test('select() leaves only what is ready, and counts each set', () => {
  const u = new FsMachine().user();
  const [rfd, wfd] = pipe(u);
  const bits = (...fds: number[]): number =>
    u.place(
      Uint8Array.of(
        fds.reduce((mask, fd) => mask | (1 << fd), 0),
        0,
        0,
        0,
        0,
        0,
        0,
        0,
      ),
    );
  const [reads, writes] = [bits(rfd, wfd), bits(wfd)];
  const zero = timespec(u, 0, 0);
  assert.is(u.sys('pselect6', 8, reads, writes, 0, zero, 0), 1);
  assert.equal([u.peek(reads), u.peek(writes)], [0, 1 << wfd]);
  u.write(wfd, 'x');
  const again = bits(rfd);
  assert.is(u.sys('pselect6', 8, again, writes, 0, zero, 0), 2);
  assert.equal([u.peek(again), u.peek(writes)], [1 << rfd, 1 << wfd]);
});

test('select() on a closed descriptor is EBADF, and leaves the sets alone', () => {
  const u = new FsMachine().user();
  const set = u.place(Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0));
  assert.is(u.sys('pselect6', 8, set, 0, 0, timespec(u, 0, 0), 0), -EBADF);
  assert.is(u.peek(set), 0x80);
  assert.is(u.sys('pselect6', -1, 0, 0, 0, 0, 0), -EINVAL);
  assert.is(u.sys('pselect6', 8, BAD, 0, 0, timespec(u, 0, 0), 0), -EFAULT);
  assert.is(u.sys('pselect6', 1000, set, 0, 0, timespec(u, 0, 0), 0), -EBADF);
});

test('select() without sets is a clock', () => {
  run(function* (u) {
    const before = u.machine.now;
    assert.is(yield* u.wait('pselect6', 0, 0, 0, 0, timespec(u, 3, 0), 0), 0);
    assert.is(u.machine.now - before, 3 * SECOND);
  });
});

test.run();
