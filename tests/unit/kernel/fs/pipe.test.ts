import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Sleeps } from '../../../../kernel/sched/wait.ts';
import {
  EAGAIN,
  EBADF,
  EBUSY,
  EFAULT,
  EINVAL,
  EMFILE,
  ENXIO,
  EPIPE,
  ESPIPE,
} from '../../../../kernel/include/uapi/errno.ts';
import { BAD, BUFFER, FsMachine, FsUser } from '../../../lib/fs-machine.ts';
import type { User } from '../../../lib/fake-arch.ts';

const AT = -100;
const O_NONBLOCK = 0o4000;
const O_DIRECT = 0o20_0000;
const PAGE = 4096;
const SIGPIPE_BIT = 1 << 12;

/** [read end, write end] */
function pipe(u: FsUser, flags = O_NONBLOCK): [number, number] {
  assert.is(u.sys('pipe2', BUFFER, flags), 0);
  return [u.peek(BUFFER), u.peek(BUFFER + 4)];
}

const readable = (u: FsUser, fd: number): number => {
  assert.is(u.sys('ioctl', fd, 0x541b, BUFFER), 0);
  return u.peek(BUFFER);
};

/** Runs programs as processes that share nothing but what they inherit from the first. */
function run(first: (u: FsUser) => Sleeps<void>): FsMachine {
  const machine = new FsMachine();
  machine.spawn((user) => first(new FsUser(machine, user.task)));
  machine.run();
  return machine;
}

const asFs = (user: User): FsUser => new FsUser(user.machine, user.task);

test('bytes come out in order, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({ write: fc.integer({ min: 1, max: 9000 }) }),
          fc.record({ read: fc.integer({ min: 1, max: 9000 }) }),
        ),
        { maxLength: 60 },
      ),
      (steps) => {
        const u = new FsMachine(64).user();
        const [rfd, wfd] = pipe(u);
        let [sent, received] = [0, 0];
        for (const step of steps) {
          if ('write' in step) {
            for (let i = 0; i < step.write; i++) u.memory[BUFFER + i] = (sent + i) * 31;
            const n = u.sys('write', wfd, BUFFER, step.write);
            if (step.write <= PAGE)
              assert.ok(n === step.write || n === -EAGAIN, 'PIPE_BUF bytes go whole or not at all');
            sent += Math.max(0, n);
          } else {
            const n = u.sys('read', rfd, BUFFER, step.read);
            assert.is(n, Math.min(step.read, sent - received) || -EAGAIN);
            for (let i = 0; i < n; i++) assert.is(u.memory[BUFFER + i], ((received + i) * 31) & 0xff);
            received += Math.max(0, n);
          }
          assert.is(readable(u, rfd), sent - received);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('16 slots of a page: small writes share one, and what does not fit its rest takes the next', () => {
  const u = new FsMachine().user();
  const [, wfd] = pipe(u);
  for (let n = 0; n < 65536; n++) assert.is(u.sys('write', wfd, BUFFER, 1), 1);
  assert.is(u.sys('write', wfd, BUFFER, 1), -EAGAIN);

  const [, other] = pipe(u);
  for (let n = 0; n < 16; n++) assert.is(u.sys('write', other, BUFFER, 4095), 4095);
  assert.is(u.sys('write', other, BUFFER, 1), 1, 'the last byte of the last slot');
  assert.is(u.sys('write', other, BUFFER, 1), -EAGAIN, 'though 15 bytes are free');
});

test('a write without readers is EPIPE and SIGPIPE; a read without writers is the end', () => {
  const u = new FsMachine().user();
  const [rfd, wfd] = pipe(u);
  u.sys('close', rfd);
  assert.is(u.write(wfd, 'x'), -EPIPE);
  assert.ok(u.task.pending.signal.lo & SIGPIPE_BIT);

  const [r, w] = pipe(u, 0);
  u.write(w, 'rest');
  u.sys('close', w);
  assert.is(u.read(r), 'rest');
  assert.is(u.read(r), '');
});

test('poll() tells the two ends apart', () => {
  const u = new FsMachine().user();
  const [rfd, wfd] = pipe(u);
  const events = (fd: number): number => {
    u.poke(BUFFER, fd);
    u.poke(BUFFER + 4, 0x7fff);
    u.sys('ppoll', BUFFER, 1, u.place(new Uint8Array(16)), 0, 8);
    return u.peek(BUFFER + 4) >>> 16;
  };
  const [IN, OUT, ERR, HUP, RDNORM, WRNORM] = [1, 4, 8, 0x10, 0x40, 0x100];
  assert.equal([events(rfd), events(wfd)], [0, OUT! | WRNORM!]);
  u.write(wfd, 'x');
  assert.is(events(rfd), IN! | RDNORM!);
  while (u.sys('write', wfd, BUFFER, PAGE) > 0);
  assert.is(events(wfd), 0);
  u.sys('close', rfd);
  assert.is(events(wfd), ERR!);
  const [r2, w2] = pipe(u);
  u.sys('close', w2);
  assert.is(events(r2), HUP!);
});

test('ends do what they can and nothing else', () => {
  const u = new FsMachine().user();
  const [rfd, wfd] = pipe(u);
  assert.is(u.write(rfd, 'x'), -EBADF);
  assert.is(u.read(wfd), -EBADF);
  assert.is(u.sys('lseek', rfd, 0, 0), -ESPIPE);
  assert.is(u.sys('pread64', rfd, BUFFER, 1, 0), -ESPIPE);
  assert.is(u.sys('pipe2', BUFFER, 1), -EINVAL);
  assert.is(u.sys('pipe2', BAD, 0), -EFAULT);
  u.write(wfd, 'kept');
  assert.is(u.sys('read', rfd, BAD, 4), -EFAULT);
  assert.is(u.read(rfd), 'kept', 'a read into nowhere loses nothing');
  assert.is(u.sys('write', wfd, BAD, 4), -EFAULT);
});

test('a pipe that cannot have both descriptors has none', () => {
  const u = new FsMachine().user();
  u.task.signal.rlim[7] = { cur: 1, max: 1 };
  assert.is(u.sys('pipe2', BUFFER, 0), -EMFILE);
  assert.is(u.task.files!.fd.filter((file) => file).length, 0);
});

test('O_DIRECT keeps packets apart, and a short read loses the rest of one', () => {
  const u = new FsMachine().user();
  const [rfd, wfd] = pipe(u, O_NONBLOCK | O_DIRECT);
  u.write(wfd, 'first');
  u.write(wfd, 'second');
  assert.is(u.read(rfd, 3), 'fir');
  assert.is(u.read(rfd), 'second');
});

test('F_SETPIPE_SZ rounds up, and does not lose what is in it', () => {
  const u = new FsMachine().user();
  const [rfd, wfd] = pipe(u);
  assert.is(u.sys('fcntl', rfd, 1032, 0), 65536);
  assert.is(u.sys('fcntl', rfd, 1031, 5000), 8192);
  u.sys('write', wfd, BUFFER, 8192);
  assert.is(u.sys('write', wfd, BUFFER, 1), -EAGAIN);
  assert.is(u.sys('fcntl', rfd, 1031, 4096), -EBUSY);
  assert.is(u.sys('fcntl', wfd, 1031, 1 << 20), 1 << 20);
});

test('a reader sleeps until there is something, a full writer until there is room', () => {
  const machine = run(function* (u) {
    const [rfd, wfd] = pipe(u, 0);
    yield* u.fork(function* (user) {
      const child = asFs(user);
      child.log('child reads');
      const n = yield* child.wait('read', rfd, BUFFER, 100);
      child.log(`child got ${child.text(BUFFER, n)}`);
      child.sys('close', wfd);
      let total = 0;
      for (let m = 1; m > 0; total += m) m = yield* child.wait('read', rfd, BUFFER, 30_000);
      child.log(`child got ${total}`);
    });
    yield* u.compute(1e9);
    u.log('parent writes');
    yield* u.wait('write', wfd, 'hello', 5);
    yield* u.compute(1e9);
    const n = yield* u.wait('write', wfd, BUFFER, 200_000);
    u.log(`parent wrote ${n}`);
    u.sys('close', wfd);
  });
  assert.equal(machine.log, [
    'child reads',
    'parent writes',
    'child got hello',
    'parent wrote 200000',
    'child got 200000',
  ]);
});

test('opening a FIFO waits for the other end, unless told not to', () => {
  const machine = run(function* (u) {
    u.sys('mknodat', AT, '/fifo', 0o10644, 0);
    assert.is(u.open('/fifo', 1 | O_NONBLOCK), -ENXIO);
    yield* u.fork(function* (user) {
      const child = asFs(user);
      const fd = yield* child.wait('openat', AT, '/fifo', 0, 0);
      child.log('child has it open');
      const n = yield* child.wait('read', fd, BUFFER, 100);
      child.log(`child got ${child.text(BUFFER, n)}`);
    });
    yield* u.compute(1e9);
    u.log('parent opens');
    const fd = yield* u.wait('openat', AT, '/fifo', 1, 0);
    yield* u.wait('write', fd, 'through', 7);
  });
  assert.equal(machine.log, ['parent opens', 'child has it open', 'child got through']);
});

test('a FIFO without a writer yet is no hang-up', () => {
  const u = new FsMachine().user();
  u.sys('mknodat', AT, '/fifo', 0o10644, 0);
  const fd = u.open('/fifo', O_NONBLOCK);
  u.poke(BUFFER, fd);
  u.poke(BUFFER + 4, 1);
  assert.is(u.sys('ppoll', BUFFER, 1, u.place(new Uint8Array(16)), 0, 8), 0);
  assert.is(u.read(fd), '', 'but a read finds the end');
  const w = u.open('/fifo', 1 | O_NONBLOCK);
  u.sys('close', w);
  u.poke(BUFFER, fd);
  u.poke(BUFFER + 4, 1);
  assert.is(u.sys('ppoll', BUFFER, 1, u.place(new Uint8Array(16)), 0, 8), 1);
  assert.is(u.peek(BUFFER + 4) >>> 16, 0x10);
});

test.run();
