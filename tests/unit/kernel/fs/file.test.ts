import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EAGAIN,
  EBADF,
  EDEADLK,
  EFAULT,
  EINVAL,
  EMFILE,
  ENOTDIR,
  ENOTTY,
  EPERM,
} from '../../../../kernel/include/uapi/errno.ts';
import { BAD, BUFFER, FsMachine, FsUser, type Stat } from '../../../lib/fs-machine.ts';
import type { User } from '../../../lib/fake-arch.ts';

const AT = -100;
const O_CREAT = 0o100;
const O_APPEND = 0o2000;
const O_CLOEXEC = 0o200_0000;
const asFs = (user: User): FsUser => new FsUser(user.machine, user.task);

test('descriptors are the lowest that are free', () => {
  const u = new FsMachine().user();
  assert.equal([u.open('/'), u.open('/'), u.open('/')], [0, 1, 2]);
  u.sys('close', 1);
  assert.is(u.sys('dup', 2), 1);
  assert.is(u.sys('fcntl', 0, 0, 10), 10);
  assert.is(u.sys('fcntl', 0, 0, 10), 11);
  assert.is(u.sys('fcntl', 0, 0, 5000), -EINVAL, 'F_DUPFD beyond the limit');
});

test('RLIMIT_NOFILE is the end of the table', () => {
  const u = new FsMachine().user();
  u.task.signal.rlim[7] = { cur: 3, max: 3 };
  assert.equal([u.open('/'), u.open('/'), u.open('/'), u.open('/')], [0, 1, 2, -EMFILE]);
  assert.is(u.open('/new', O_CREAT), -EMFILE);
  assert.is(u.stat('/new'), -2, 'and nothing was made');
  assert.is(u.sys('dup3', 0, 3, 0), -EBADF);
  assert.is(u.sys('dup3', 0, 2, 0), 2);
});

test('dup3() wants two different numbers and knows one flag', () => {
  const u = new FsMachine().user();
  u.open('/');
  assert.is(u.sys('dup3', 0, 0, 0), -EINVAL);
  assert.is(u.sys('dup3', 0, 5, 1), -EINVAL);
  assert.is(u.sys('dup3', 7, 5, 0), -EBADF);
  assert.is(u.sys('dup3', 0, 5, O_CLOEXEC), 5);
  assert.is(u.sys('fcntl', 5, 1, 0), 1);
  assert.is(u.sys('fcntl', 0, 1, 0), 0);
  u.sys('fcntl', 0, 2, 1);
  assert.is(u.sys('fcntl', 0, 1, 0), 1);
});

test('copies share position and flags, not the close-on-exec mark', () => {
  const u = new FsMachine().user();
  u.put('/f', 'abcdef');
  const fd = u.open('/f', 2);
  const copy = u.sys('dup', fd);
  assert.is(u.read(fd, 2), 'ab');
  assert.is(u.read(copy, 2), 'cd');
  u.sys('fcntl', copy, 4, O_APPEND | 0o4000);
  assert.is(u.sys('fcntl', fd, 3, 0), 0o40_0000 | 0o4000 | O_APPEND | 2, 'O_LARGEFILE shows');
  u.sys('fcntl', fd, 4, 1);
  assert.is(u.sys('fcntl', fd, 3, 0), 0o40_0000 | 2, 'how it is open does not change');
});

test('close_range() closes, marks, and unshares', () => {
  const u = new FsMachine().user();
  for (let n = 0; n < 10; n++) u.open('/');
  assert.is(u.sys('close_range', 3, 5, 0), 0);
  assert.equal(
    [2, 3, 5, 6].map((fd) => u.sys('fcntl', fd, 1, 0)),
    [0, -EBADF, -EBADF, 0],
  );
  assert.is(u.sys('close_range', 7, 0xffff_ffff, 4), 0);
  assert.equal(
    [6, 7, 9].map((fd) => u.sys('fcntl', fd, 1, 0)),
    [0, 1, 1],
  );
  assert.is(u.sys('close_range', 5, 4, 0), -EINVAL);
  assert.is(u.sys('close_range', 0, 9, 8), -EINVAL);
  const shared = u.task.files!;
  shared.count++;
  assert.is(u.sys('close_range', 0, 0xffff_ffff, 2), 0);
  assert.ok(u.task.files !== shared && shared.fd[0]);
});

test('O_APPEND writes at the end, wherever the position is', () => {
  const u = new FsMachine().user();
  u.put('/f', 'abc');
  const fd = u.open('/f', 1 | O_APPEND);
  u.sys('lseek', fd, 0, 0);
  u.write(fd, 'def');
  assert.is(u.cat('/f'), 'abcdef');
  assert.is(u.sys('lseek', fd, 0, 1), 6);
});

test('vectors scatter and gather, and bad ones are refused', () => {
  const u = new FsMachine().user();
  const fd = u.open('/f', 2 | O_CREAT);
  const iov = (...parts: (readonly [at: number, length: number | bigint])[]): Uint8Array => {
    const view = new DataView(new ArrayBuffer(16 * parts.length));
    parts.forEach(([at, length], i) => {
      view.setBigUint64(16 * i, BigInt(at), true);
      view.setBigInt64(16 * i + 8, BigInt(length), true);
    });
    return new Uint8Array(view.buffer);
  };
  const [a, b] = [u.place('hello '), u.place('world')];
  assert.is(u.sys('writev', fd, iov([a, 6], [0, 0], [b, 5]), 3), 11);
  assert.is(u.cat('/f'), 'hello world');
  assert.is(u.sys('preadv', fd, iov([BUFFER, 3], [BUFFER + 100, 100]), 2, 3, 0), 8);
  assert.equal([u.text(BUFFER, 3), u.text(BUFFER + 100, 5)], ['lo ', 'world']);
  assert.is(u.sys('writev', fd, iov([a, -1n]), 1), -EINVAL);
  assert.is(u.sys('writev', fd, 0, 0), 0);
  assert.is(u.sys('writev', fd, 0, 1025), -EINVAL);
  assert.is(u.sys('writev', fd, BAD, 1), -EFAULT);
  assert.is(u.sys('preadv2', fd, iov([BUFFER, 5]), 1, 6, 0, 0x1000), -95);
  assert.is(u.sys('preadv2', fd, iov([BUFFER, 5]), 1, 6, 0, 0), 5);
  assert.is(u.sys('preadv', fd, iov([BUFFER, 5]), 1, -1, 0), -EINVAL);
});

test('sendfile() and copy_file_range() copy without a detour', () => {
  const u = new FsMachine().user();
  u.put('/from', 'x'.repeat(150_000));
  const input = u.open('/from');
  const output = u.open('/to', 2 | O_CREAT);
  const program = u.wait('sendfile', output, input, 0, 1_000_000);
  assert.is(program.next().value, 150_000);
  assert.is((u.stat('/to') as Stat).size, 150_000);
  assert.is(u.sys('lseek', input, 0, 1), 150_000, 'the position moved');
  const range = u.wait('copy_file_range', input, u.place(new Uint8Array(8)), output, 0, 10, 0);
  assert.is(range.next().value, 10);
  assert.is((u.stat('/to') as Stat).size, 150_010);
});

test('what is no terminal answers terminal questions with ENOTTY', () => {
  const u = new FsMachine().user();
  const fd = u.open('/f', 2 | O_CREAT);
  assert.is(u.sys('ioctl', fd, 0x5401, BUFFER), -ENOTTY);
  u.write(fd, 'abcdef');
  u.sys('lseek', fd, 2, 0);
  assert.is(u.sys('ioctl', fd, 0x541b, BUFFER), 0);
  assert.is(u.peek(BUFFER), 4);
  u.poke(BUFFER, 1);
  assert.is(u.sys('ioctl', fd, 0x5421, BUFFER), 0);
  assert.ok(u.sys('fcntl', fd, 3, 0) & 0o4000);
  assert.is(u.sys('ioctl', 99, 0x541b, BUFFER), -EBADF);
  assert.is(u.sys('getdents64', fd, BUFFER, 100), -ENOTDIR);
});

test('nobody writes to a program that runs, and nobody runs what is being written', () => {
  const machine = new FsMachine();
  const u = machine.user();
  u.put('/prog', 'text');
  u.sys('fchmodat', AT, '/prog', 0o755);
  const inode = machine.kernel.fs.root.dentry.d_children.get('prog')!.d_inode!;
  inode.i_writecount--; // as do_open_execat() does
  assert.is(u.open('/prog', 1), -26);
  assert.is(u.sys('truncate', '/prog', 0), -26);
  inode.i_writecount++;
  const fd = u.open('/prog', 1);
  assert.is(inode.i_writecount, 1);
  u.sys('close', fd);
  assert.is(inode.i_writecount, 0);
});

/** struct flock */
function flock(type: number, start: number, length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(32));
  view.setInt16(0, type, true);
  view.setBigInt64(8, BigInt(start), true);
  view.setBigInt64(16, BigInt(length), true);
  return new Uint8Array(view.buffer);
}
const [RDLCK, WRLCK, UNLCK] = [0, 1, 2];
const [GETLK, SETLK, SETLKW] = [5, 6, 7];

test('POSIX locks are between processes, split and join, and go with any close', () => {
  const machine = new FsMachine();
  const [a, b] = [machine.user(), machine.user()];
  a.put('/f', 'x'.repeat(100));
  const [fa, fb] = [a.open('/f', 2), b.open('/f', 2)];
  assert.is(a.sys('fcntl', fa, SETLK, flock(WRLCK, 0, 100)), 0);
  assert.is(b.sys('fcntl', fb, SETLK, flock(RDLCK, 50, 1)), -EAGAIN);
  assert.is(a.sys('fcntl', fa, SETLK, flock(UNLCK, 40, 20)), 0);
  assert.is(b.sys('fcntl', fb, SETLK, flock(WRLCK, 40, 20)), 0);
  assert.is(b.sys('fcntl', fb, SETLK, flock(WRLCK, 60, 1)), -EAGAIN);

  const query = b.place(flock(WRLCK, 30, 0));
  assert.is(b.sys('fcntl', fb, GETLK, query), 0);
  const { view } = b;
  assert.equal(
    [
      view.getInt16(query, true),
      view.getUint32(query + 8, true),
      view.getUint32(query + 16, true),
      view.getInt32(query + 24, true),
    ],
    [WRLCK, 0, 40, a.task.tgid],
  );

  a.sys('close', a.open('/f'));
  assert.is(
    b.sys('fcntl', fb, SETLK, flock(WRLCK, 0, 0)),
    0,
    'closing any descriptor of it dropped all of a',
  );
});

test('two that would wait for each other for ever are told so', () => {
  const machine = new FsMachine();
  machine.spawn(function* (user) {
    const u = asFs(user);
    u.put('/f', 'x');
    const fd = u.open('/f', 2);
    u.sys('fcntl', fd, SETLK, flock(WRLCK, 0, 1));
    yield* u.fork(function* (other) {
      const child = asFs(other);
      child.sys('fcntl', fd, SETLK, flock(WRLCK, 1, 1));
      child.log(`child ${yield* child.wait('fcntl', fd, SETLKW, flock(WRLCK, 0, 1))}`);
    });
    yield* u.compute(1e9);
    u.log(`parent ${yield* u.wait('fcntl', fd, SETLKW, flock(WRLCK, 1, 1))}`);
  });
  machine.run();
  assert.equal(machine.log, [`parent ${-EDEADLK}`, 'child 0'], 'the parent ended, and with it its lock');
});

test('flock() belongs to the open file: copies share it, others wait', () => {
  const u = new FsMachine().user();
  u.put('/f', 'x');
  const [one, other] = [u.open('/f'), u.open('/f')];
  const copy = u.sys('dup', one);
  assert.is(u.sys('flock', one, 2), 0);
  assert.is(u.sys('flock', copy, 2), 0);
  assert.is(u.sys('flock', other, 1 | 4), -EAGAIN);
  u.sys('close', one);
  assert.is(u.sys('flock', other, 1 | 4), -EAGAIN, 'the copy still has it');
  u.sys('close', copy);
  assert.is(u.sys('flock', other, 1 | 4), 0);
  assert.is(u.sys('flock', other, 3), -EINVAL);
});

test('devices: null swallows, zero gives, full has no room, random repeats with the seed', () => {
  const u = new FsMachine().user();
  u.sys('mkdirat', AT, '/dev', 0o755);
  u.sys('mount', 'dev', '/dev', 'devtmpfs', 0, 0);
  const names = (u.ls('/dev') as string[]).filter((name) => !name.startsWith('.'));
  assert.equal(names, ['kmsg', 'urandom', 'random', 'full', 'zero', 'null'], 'the newest first');
  const [nul, zero, full, random] = ['null', 'zero', 'full', 'urandom'].map((name) =>
    u.open(`/dev/${name}`, 2),
  );
  assert.equal([u.write(nul!, 'abc'), u.read(nul!), u.sys('lseek', nul!, 10, 0)], [3, '', 0]);
  assert.equal([u.read(zero!, 3), u.write(zero!, 'abc')], ['\0\0\0', 3]);
  assert.equal([u.read(full!, 3), u.write(full!, 'abc')], ['\0\0\0', -28]);
  assert.is((u.read(random!, 5000) as string).length, 5000);
  assert.equal((u.stat('/dev/null') as Stat).rdev, 0x103);
  assert.is(u.sys('mknodat', AT, '/dev/nobody', 0o20666, 0x6300), 0);
  assert.is(u.open('/dev/nobody'), -6);
  u.sys('setuid', 1000);
  assert.is(u.sys('mknodat', AT, '/x', 0o20666, 0x103), -13);
});

test('/dev/kmsg: a record a read, a record a write', () => {
  const machine = new FsMachine();
  const u = machine.user();
  u.sys('mkdirat', AT, '/dev', 0o755);
  u.sys('mount', 'dev', '/dev', 'devtmpfs', 0, 0);
  machine.kernel.printk.info('first');
  const fd = u.open('/dev/kmsg', 2 | 0o4000);
  u.write(fd, '<3>from user\n');
  assert.is(u.read(fd), '6,0,0,-;first\n');
  assert.is(u.read(fd), '11,1,0,-;from user\n', 'facility 1, level 3');
  assert.is(u.read(fd), -EAGAIN);
  u.sys('lseek', fd, 0, 0);
  assert.is(u.read(fd, 4), -EINVAL);
});

test('mounts cover, stack, and do not go while somebody is in them', () => {
  const u = new FsMachine().user();
  u.sys('mkdirat', AT, '/m', 0o755);
  u.put('/m/below', 'x');
  assert.is(u.sys('mount', 'none', '/m', 'tmpfs', 0, 'mode=700'), 0);
  assert.is(u.stat('/m/below'), -2);
  assert.is((u.stat('/m') as Stat).mode, 0o40700);
  const fd = u.open('/m/f', O_CREAT);
  assert.is(u.sys('umount2', '/m', 0), -16);
  u.sys('close', fd);
  assert.is(u.sys('unlinkat', AT, '/m', 0x200), -16);
  assert.is(u.sys('renameat2', AT, '/m', AT, '/n', 0), -16);
  assert.is(u.sys('linkat', AT, '/m/f', AT, '/f', 0), -18);
  assert.is(u.sys('umount2', '/m', 0), 0);
  assert.is(u.cat('/m/below'), 'x');
  assert.is(u.sys('umount2', '/m', 0), -EINVAL);
  assert.is(u.sys('mount', 'none', '/m', 'nosuchfs', 0, 0), -19);
  u.sys('setuid', 1000);
  assert.is(u.sys('mount', 'none', '/m', 'tmpfs', 0, 0), -EPERM);
});

test('a read-only mount refuses every change, a bind shows the same place twice', () => {
  const u = new FsMachine().user();
  for (const name of ['/a', '/b']) u.sys('mkdirat', AT, name, 0o755);
  u.put('/a/f', 'x');
  assert.is(u.sys('mount', '/a', '/b', 0, 4096, 0), 0);
  assert.is(u.cat('/b/f'), 'x');
  assert.is(u.sys('mount', 0, '/b', 0, 32 | 4096 | 1, 0), 0);
  for (const got of [
    u.put('/b/f', 'y'),
    u.put('/b/g', 'y'),
    u.sys('mkdirat', AT, '/b/d', 0o755),
    u.sys('unlinkat', AT, '/b/f', 0),
    u.sys('fchmodat', AT, '/b/f', 0o600),
    u.sys('truncate', '/b/f', 0),
    u.sys('faccessat', AT, '/b/f', 2),
  ]) {
    assert.is(got, -30);
  }
  assert.is(u.put('/a/f', 'y'), 1);
  assert.is(u.sys('umount2', '/b', 2), 0);
});

test.run();
