import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EACCES,
  EBUSY,
  EEXIST,
  EFAULT,
  EINVAL,
  EISDIR,
  ELOOP,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  EXDEV,
} from '../../../../kernel/include/uapi/errno.ts';
import { BAD, BUFFER, FsMachine, type FsUser } from '../../../lib/fs-machine.ts';

const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_DIRECTORY = 0o4_0000;
const O_NOFOLLOW = 0o10_0000;
const O_PATH = 0o1000_0000;
const AT = -100;

/** /d/f, /d/sub, and links to them. */
function tree(): FsUser {
  const u = new FsMachine().user();
  u.sys('mkdirat', AT, '/d', 0o755);
  u.sys('mkdirat', AT, '/d/sub', 0o755);
  u.put('/d/f', 'text');
  u.sys('symlinkat', 'f', AT, '/d/rel');
  u.sys('symlinkat', '/d/f', AT, '/d/abs');
  u.sys('symlinkat', 'sub', AT, '/d/tosub');
  u.sys('symlinkat', 'loop', AT, '/d/loop');
  u.sys('symlinkat', 'absent', AT, '/d/dangling');
  return u;
}

/** Each row was asked of Linux 6.12: path, open flags, result (0: opens). */
// biome-ignore format: columns teach
const OPENS: readonly (readonly [path: string, flags: number, result: number])[] = [
  ['/d/f', 0, 0], ['/d/./f', 0, 0], ['/d/sub/../f', 0, 0], ['//d///f', 0, 0], ['/../d/f', 0, 0], ['/d/rel', 0, 0], ['/d/abs', 0, 0],
  ['/d/tosub/../f', 0, 0], ['/d/sub/', 0, 0], ['/d/sub/.', 0, 0], ['/', 0, 0],
  ['/d/f/', 0, -ENOTDIR], ['/d/f/x', 0, -ENOTDIR], ['/d/f/.', 0, -ENOTDIR], ['/d/f/..', 0, -ENOTDIR], ['/d/none', 0, -ENOENT], ['/none/f', 0, -ENOENT],
  ['', 0, -ENOENT], ['/d/loop', 0, -ELOOP], ['/d/dangling', 0, -ENOENT], ['/d/rel', O_NOFOLLOW, -ELOOP], ['/d/rel', O_NOFOLLOW | O_PATH, 0],
  ['/d/f', O_DIRECTORY, -ENOTDIR], ['/d/sub', O_DIRECTORY, 0], ['/d/tosub', O_DIRECTORY | O_NOFOLLOW, -ENOTDIR], ['/d/tosub/', O_NOFOLLOW, 0],
  ['/d', 1, -EISDIR], ['/d/sub', O_CREAT, -EISDIR], ['/d/new/', O_CREAT, -EISDIR], ['/d/.', O_CREAT, -EISDIR], ['/d/f', O_CREAT | O_EXCL, -EEXIST],
  ['/d/dangling', O_CREAT | O_EXCL, -EEXIST], ['/d/f/', O_CREAT, -EISDIR], ['/d/sub', O_CREAT | O_DIRECTORY, -EINVAL],
];

test('open() walks names as Linux does', () => {
  for (const [path, flags, result] of OPENS) {
    const fd = tree().open(path, flags);
    assert.is(Math.min(fd, 0), result, `open(${JSON.stringify(path)}, 0${flags.toString(8)})`);
  }
});

test('O_CREAT through a dangling link makes the file that it names', () => {
  const u = tree();
  assert.ok(u.open('/d/dangling', O_CREAT) >= 0);
  assert.equal(typeof u.stat('/d/absent'), 'object');
});

test('a name has at most 255 bytes, a path at most 4095', () => {
  const u = tree();
  assert.is(u.open(`/${'a'.repeat(255)}`), -ENOENT);
  assert.is(u.open(`/${'a'.repeat(256)}`), -ENAMETOOLONG);
  assert.ok(u.open(`${'/'.repeat(4094)}d`) >= 0);
  assert.is(u.open(`${'/'.repeat(4095)}d`), -ENAMETOOLONG);
  assert.is(u.sys('openat', AT, BAD, 0, 0), -EFAULT);
});

test('40 links in one walk are followed, 41 are a loop', () => {
  const u = new FsMachine().user();
  u.put('/l0', 'end');
  for (let n = 1; n <= 41; n++) u.sys('symlinkat', `l${n - 1}`, AT, `/l${n}`);
  assert.is(u.cat('/l40'), 'end');
  assert.is(u.cat('/l41'), -ELOOP);
});

test('names are bytes: every one but NUL and slash', () => {
  const u = new FsMachine().user();
  const name = Array.from({ length: 254 }, (_, i) => String.fromCharCode(i + 1))
    .filter((c) => c !== '/')
    .join('');
  assert.is(u.put(`/${name}`, 'x'), 1);
  assert.ok((u.ls('/') as string[]).includes(name));
});

test('a directory needs x to be searched and w to be changed', () => {
  const machine = new FsMachine();
  const root = machine.user();
  root.sys('mkdirat', AT, '/p', 0o700);
  root.put('/p/f', 'secret');
  const u = machine.user();
  u.sys('setuid', 1000);
  assert.is(u.open('/p/f'), -EACCES);
  assert.is(u.open('/new', O_CREAT), -EACCES);
  root.sys('fchmodat', AT, '/p', 0o711);
  assert.is(u.cat('/p/f'), 'secret');
  assert.is(u.ls('/p'), -EACCES);
  assert.is(u.sys('unlinkat', AT, '/p/f', 0), -EACCES);
});

test('in a sticky directory only the owner removes', () => {
  const machine = new FsMachine();
  const root = machine.user();
  root.sys('mkdirat', AT, '/tmp', 0o777);
  root.sys('fchmodat', AT, '/tmp', 0o1777);
  const [a, b] = [machine.user(), machine.user()];
  a.sys('setuid', 1000);
  b.sys('setuid', 1001);
  a.put('/tmp/mine', 'x');
  assert.is(b.sys('unlinkat', AT, '/tmp/mine', 0), -EPERM);
  assert.is(b.sys('renameat2', AT, '/tmp/mine', AT, '/tmp/yours', 0), -EPERM);
  assert.is(a.sys('unlinkat', AT, '/tmp/mine', 0), 0);
});

test('access() asks for the real user', () => {
  const machine = new FsMachine();
  const root = machine.user();
  root.put('/f', 'x');
  root.sys('fchmodat', AT, '/f', 0o600);
  const u = machine.user();
  u.sys('setresuid', 1000, 0, 0); // real 1000, effective root: a set-user-ID program
  assert.is(u.cat('/f'), 'x');
  assert.is(u.sys('faccessat', AT, '/f', 4), -EACCES);
  assert.is(u.sys('faccessat2', AT, '/f', 4, 0x200), 0);
  assert.is(u.sys('faccessat', AT, '/f', 8), -EINVAL);
});

test('openat2() keeps below, in, and out of links as told', () => {
  const u = tree();
  const d = u.open('/d', O_PATH);
  const openat2 = (path: string, resolve: number, flags = 0): number => {
    const how = new Uint8Array(24);
    new DataView(how.buffer).setUint32(0, flags, true);
    new DataView(how.buffer).setUint32(16, resolve, true);
    return Math.min(0, u.sys('openat2', d, path, how, 24));
  };
  const [NO_XDEV, NO_MAGIC, NO_SYMLINKS, BENEATH, IN_ROOT] = [1, 2, 4, 8, 16];
  assert.is(openat2('rel', NO_SYMLINKS), -ELOOP);
  assert.is(openat2('f', NO_SYMLINKS), 0);
  assert.is(openat2('..', BENEATH), -EXDEV);
  assert.is(openat2('/d/f', BENEATH), -EXDEV);
  assert.is(openat2('abs', BENEATH), -EXDEV);
  assert.is(openat2('sub/../f', BENEATH), 0);
  assert.is(openat2('../../f', IN_ROOT), 0);
  assert.is(openat2('/f', IN_ROOT), 0);
  assert.is(openat2('abs', IN_ROOT), -ENOENT);
  assert.is(openat2('f', BENEATH | IN_ROOT), -EINVAL);
  assert.is(openat2('f', 0x40), -EINVAL);
  assert.is(openat2('f', NO_XDEV | NO_MAGIC), 0);
  u.sys('mount', 'proc', '/d/sub', 'proc', 0, 0);
  assert.is(openat2('sub/self', NO_XDEV, O_PATH), -EXDEV);
  assert.is(openat2('sub/self/cwd', NO_MAGIC), -ELOOP);
  assert.is(openat2('sub/self/cwd', 0), 0);
});

test('AT_EMPTY_PATH means the descriptor itself', () => {
  const u = tree();
  const fd = u.open('/d/f', O_PATH);
  assert.is(u.sys('newfstatat', fd, '', BUFFER, 0x1000), 0);
  assert.is(u.sys('newfstatat', fd, '', BUFFER, 0), -ENOENT);
  assert.is(u.sys('read', fd, BUFFER, 1), -9);
  const link = u.open('/d/rel', O_PATH | O_NOFOLLOW);
  assert.is(u.sys('readlinkat', link, '', BUFFER, 100), 1);
  assert.is(u.text(BUFFER, 1), 'f');
  assert.is(u.sys('readlinkat', fd, '', BUFFER, 100), -ENOENT);
});

test('".." stops at a chroot, and getcwd() says where one cannot be named', () => {
  const u = tree();
  assert.is(u.sys('chdir', '/d'), 0);
  assert.is(u.sys('getcwd', BUFFER, 100), 3);
  assert.is(u.text(BUFFER, 3), '/d\0');
  assert.is(u.sys('chroot', '/d/sub'), 0);
  assert.is(u.sys('getcwd', BUFFER, 100), 16);
  assert.is(u.text(BUFFER, 16), '(unreachable)/d\0');
  assert.is(u.open('/../../f'), -ENOENT);
  assert.ok(u.open('f') >= 0);
});

test('removing names says what kind of thing is in the way', () => {
  const u = tree();
  assert.is(u.sys('unlinkat', AT, '/d/sub', 0), -EISDIR);
  assert.is(u.sys('unlinkat', AT, '/d/f', 0x200), -ENOTDIR);
  assert.is(u.sys('unlinkat', AT, '/d', 0x200), -ENOTEMPTY);
  assert.is(u.sys('unlinkat', AT, '/d/.', 0x200), -EINVAL);
  assert.is(u.sys('unlinkat', AT, '/d/sub/..', 0x200), -ENOTEMPTY);
  assert.is(u.sys('unlinkat', AT, '/', 0x200), -EBUSY);
  assert.is(u.sys('unlinkat', AT, '/d/f/', 0), -ENOTDIR);
  assert.is(u.sys('unlinkat', AT, '/d/none/', 0), -ENOENT);
  assert.is(u.sys('unlinkat', AT, '/d/.', 0), -EISDIR);
  assert.is(u.sys('mkdirat', AT, '/d/new/', 0o755), 0);
  assert.is(u.sys('mkdirat', AT, '/d/new', 0o755), -EEXIST);
  assert.is(u.sys('mkdirat', AT, '/', 0o755), -EEXIST);
  assert.is(u.sys('mknodat', AT, '/d/x/', 0o100644, 0), -ENOENT);
});

test('a removed working directory has no name and holds nothing', () => {
  const u = tree();
  u.sys('chdir', '/d/sub');
  assert.is(u.sys('unlinkat', AT, '/d/sub', 0x200), 0);
  assert.is(u.sys('getcwd', BUFFER, 100), -ENOENT);
  assert.is(u.open('new', O_CREAT), -ENOENT);
  assert.is(u.sys('mkdirat', AT, 'new', 0o755), -ENOENT);
  assert.ok(u.open('..') >= 0);
});

test.run();
