import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  EBADF,
  EEXIST,
  EFBIG,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOSPC,
  ENOTDIR,
  ENOTEMPTY,
  ENXIO,
  EBUSY,
  EPERM,
} from '../../../../kernel/include/uapi/errno.ts';
import { BUFFER, FsMachine, type FsUser, type Stat } from '../../../lib/fs-machine.ts';

const AT = -100;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_TMPFILE = 0o2004_0000;
const PAGE = 4096;

const stat = (u: FsUser, path: string): Stat => u.stat(path) as Stat;
const inodeOf = (u: FsUser, path: string): number => stat(u, path).ino;

test('what is written is read, and holes read as zeroes', () => {
  const u = new FsMachine().user();
  const fd = u.open('/f', O_RDWR | O_CREAT);
  assert.is(u.write(fd, 'abc'), 3);
  u.sys('lseek', fd, 3 * PAGE - 1, 0);
  assert.is(u.write(fd, 'xyz'), 3);
  u.sys('lseek', fd, 0, 0);
  assert.is(u.read(fd), `abc${'\0'.repeat(3 * PAGE - 4)}xyz`);
  assert.is(stat(u, '/f').size, 3 * PAGE + 2);
  assert.is(stat(u, '/f').blocks, 3 * 8, 'pages 0, 2 and 3; page 1 is a hole');
});

test('SEEK_DATA and SEEK_HOLE find the pages that are there', () => {
  const u = new FsMachine().user();
  const fd = u.open('/f', O_RDWR | O_CREAT);
  u.sys('pwrite64', fd, BUFFER, 1, 5 * PAGE);
  u.sys('ftruncate', fd, 8 * PAGE);
  const seek = (offset: number, whence: number): number => u.sys('lseek', fd, offset, whence);
  assert.is(seek(0, 3), 5 * PAGE);
  assert.is(seek(5 * PAGE + 7, 3), 5 * PAGE + 7);
  assert.is(seek(6 * PAGE, 3), -ENXIO);
  assert.is(seek(0, 4), 0);
  assert.is(seek(5 * PAGE, 4), 6 * PAGE);
  assert.is(seek(8 * PAGE, 4), -ENXIO);
});

test('fallocate() of more than fits is refused at once, and what is allocated is no data, at whatever length', () => {
  const u = new FsMachine().user();
  const fd = u.open('/f', O_RDWR | O_CREAT);
  assert.is(u.sys('fallocate', fd, 0, 0, 2 ** 50), -ENOSPC);
  assert.is(u.sys('fallocate', fd, 0, 0, 100 * PAGE), 0);
  assert.is(u.sys('lseek', fd, 0, 3), -ENXIO);
  assert.is(u.sys('fallocate', fd, 3, PAGE, 98 * PAGE), 0);
  assert.is(stat(u, '/f').blocks, 2 * 8);
});

test('shrinking and growing again shows zeroes, not what was there', () => {
  const u = new FsMachine().user();
  u.put('/f', 'x'.repeat(100));
  u.sys('truncate', '/f', 10);
  u.sys('truncate', '/f', 20);
  assert.is(u.cat('/f'), 'x'.repeat(10) + '\0'.repeat(10));
  assert.is(u.sys('truncate', '/f', -1), -EINVAL);
  assert.is(u.sys('truncate', '/', 0), -EISDIR);
});

test('fallocate() takes its pages now, and punches holes', () => {
  const u = new FsMachine().user();
  const fd = u.open('/f', O_RDWR | O_CREAT);
  assert.is(u.sys('fallocate', fd, 0, 0, 2 * PAGE), 0);
  assert.equal([stat(u, '/f').size, stat(u, '/f').blocks], [2 * PAGE, 16]);
  assert.is(u.sys('fallocate', fd, 1, 2 * PAGE, PAGE), 0);
  assert.equal([stat(u, '/f').size, stat(u, '/f').blocks], [2 * PAGE, 24], 'KEEP_SIZE');
  u.sys('pwrite64', fd, u.place('a'.repeat(100)), 100, PAGE - 50);
  assert.is(u.sys('fallocate', fd, 3, PAGE - 10, 20), 0);
  assert.is(
    (u.cat('/f') as string).slice(PAGE - 50, PAGE + 50),
    'a'.repeat(40) + '\0'.repeat(20) + 'a'.repeat(40),
  );
  assert.is(u.sys('fallocate', fd, 3, 0, PAGE), 0);
  assert.is(stat(u, '/f').blocks, 16);
  assert.is(u.sys('fallocate', fd, 2, 0, PAGE), -95);
  assert.is(u.sys('fallocate', fd, 0, 0, 0), -EINVAL);
});

test('a file lives as long as somebody has it open, and then its pages are free', () => {
  const machine = new FsMachine();
  const u = machine.user();
  const before = machine.kernel.mm.nr_free_pages();
  const fd = u.open('/f', O_RDWR | O_CREAT);
  u.write(fd, 'x'.repeat(10 * PAGE));
  assert.is(u.sys('unlinkat', AT, '/f', 0), 0);
  assert.is(machine.kernel.mm.nr_free_pages(), before - 10);
  assert.is((u.fstat(fd) as Stat).nlink, 0);
  u.sys('lseek', fd, 0, 0);
  assert.is((u.read(fd) as string).length, 10 * PAGE);
  u.sys('close', fd);
  assert.is(machine.kernel.mm.nr_free_pages(), before);
});

test('a tmpfs is full at its size, a write tells how much fitted, and removing makes room', () => {
  const u = new FsMachine().user();
  u.sys('mkdirat', AT, '/m', 0o755);
  assert.is(u.sys('mount', 'none', '/m', 'tmpfs', 0, 'size=16k,nr_inodes=5'), 0);
  assert.is(u.put('/m/a', 'x'.repeat(5 * PAGE)), 4 * PAGE);
  assert.is(u.put('/m/b', 'x'), -ENOSPC);
  assert.is(u.sys('unlinkat', AT, '/m/a', 0), 0);
  assert.is(u.put('/m/b', 'x'), 1);
  assert.is(u.put('/m/c', ''), 0);
  assert.is(u.put('/m/d', ''), 0);
  assert.is(u.put('/m/e', ''), 0);
  assert.is(u.put('/m/f', ''), -ENOSPC, 'the root is an inode too');
  assert.is(u.sys('statfs', '/m', BUFFER), 0);
  assert.is(u.peek(BUFFER + 16), 4);
  assert.is(u.peek(BUFFER + 24), 3);
  assert.is(u.sys('mount', 'none', '/m', 'tmpfs', 0, 'size=banana'), -EINVAL);
});

test('when memory is out a write is ENOMEM or short, and the machine goes on', () => {
  const machine = new FsMachine(64);
  const u = machine.user();
  u.sys('mkdirat', AT, '/m', 0o755);
  u.sys('mount', 'none', '/m', 'tmpfs', 0, 'size=0');
  const written = u.put('/m/a', 'x'.repeat(64 * PAGE));
  assert.ok(written > 0 && written < 64 * PAGE);
  assert.is(u.put('/m/b', 'x'), -12);
  u.sys('unlinkat', AT, '/m/a', 0);
  assert.is(u.put('/m/b', 'x'), 1);
});

test('growing past RLIMIT_FSIZE is EFBIG and SIGXFSZ', () => {
  const u = new FsMachine().user();
  u.task.signal.rlim[1] = { cur: 10, max: Infinity };
  const fd = u.open('/f', O_RDWR | O_CREAT);
  assert.is(u.write(fd, 'x'.repeat(20)), 10);
  assert.is(u.write(fd, 'x'), -EFBIG);
  assert.ok(u.task.pending.signal.lo & (1 << 24));
  assert.is(u.sys('ftruncate', fd, 11), -EFBIG);
});

/** Answers of Linux 6.12, on the tree of `renames()`. */
// biome-ignore format: columns teach
const RENAMES: readonly (readonly [from: string, to: string, flags: number, result: number])[] = [
  ['/d', '/d/sub', 0, -EINVAL], ['/d', '/d/sub/x', 0, -EINVAL], ['/d/sub', '/d', 0, -ENOTEMPTY], ['/d/f', '/d', 0, -ENOTEMPTY],
  ['/d/f', '/d/sub', 0, -EISDIR], ['/d/sub', '/d/f', 0, -ENOTDIR], ['/d/f/', '/d/g', 0, -ENOTDIR], ['/d/f', '/d/g/', 0, -ENOTDIR],
  ['/d/sub', '/d/g/', 0, 0], ['/d/.', '/x', 0, -EBUSY], ['/d/f', '/d/..', 0, -EBUSY], ['/d/f', '/d/..', 1, -EEXIST],
  ['/d/f', '/d/none', 2, -ENOENT], ['/d/f', '/d/rel', 3, -EINVAL], ['/d/sub', '/d/f', 2, 0], ['/d', '/d/f', 2, -EINVAL],
  ['/d/f', '/d/rel', 1, -EEXIST], ['/d/f', '/d/new', 1, 0], ['/d/f', '/d/rel', 0, 0], ['/d/f', '/d/f', 0, 0],
];

function renames(): FsUser {
  const u = new FsMachine().user();
  u.sys('mkdirat', AT, '/d', 0o755);
  u.sys('mkdirat', AT, '/d/sub', 0o755);
  u.put('/d/f', 'text');
  u.sys('symlinkat', 'f', AT, '/d/rel');
  return u;
}

test('rename() refuses what would make a loop or lose a directory', () => {
  for (const [from, to, flags, result] of RENAMES) {
    const got = renames().sys('renameat2', AT, from, AT, to, flags);
    assert.is(got, result, `rename(${from}, ${to}, ${flags})`);
  }
});

test('rename() onto a file replaces it in one step; an exchange swaps', () => {
  const u = renames();
  u.put('/d/g', 'other');
  const [f, g] = [inodeOf(u, '/d/f'), inodeOf(u, '/d/g')];
  assert.is(u.sys('renameat2', AT, '/d/f', AT, '/d/g', 2), 0);
  assert.equal([inodeOf(u, '/d/f'), inodeOf(u, '/d/g')], [g, f]);
  assert.is(u.sys('renameat2', AT, '/d/f', AT, '/d/g', 0), 0);
  assert.is(inodeOf(u, '/d/g'), g);
  assert.is(u.stat('/d/f'), -ENOENT);
});

test('a directory that moves takes its ".." along', () => {
  const u = renames();
  assert.equal([stat(u, '/').nlink, stat(u, '/d').nlink], [3, 3]);
  u.sys('renameat2', AT, '/d/sub', AT, '/moved', 0);
  assert.equal([stat(u, '/').nlink, stat(u, '/d').nlink], [4, 2]);
  assert.is(inodeOf(u, '/moved/..'), inodeOf(u, '/'));
});

test('hard links share everything; directories have none', () => {
  const u = renames();
  assert.is(u.sys('linkat', AT, '/d/f', AT, '/d/h', 0), 0);
  assert.equal([stat(u, '/d/h').nlink, inodeOf(u, '/d/h')], [2, inodeOf(u, '/d/f')]);
  assert.is(u.sys('linkat', AT, '/d', AT, '/x', 0), -EPERM);
  assert.is(u.sys('linkat', AT, '/d/rel', AT, '/d/l', 0), 0);
  assert.is((u.stat('/d/l', 0x100) as Stat).mode, 0o120777, 'the link itself, not what it leads to');
  assert.is(u.sys('linkat', AT, '/d/rel', AT, '/d/m', 0x400), 0);
  assert.is(inodeOf(u, '/d/m'), inodeOf(u, '/d/f'));
});

test('O_TMPFILE has no name until linkat() gives it one', () => {
  const u = renames();
  const fd = u.open('/d', O_TMPFILE | O_RDWR);
  u.write(fd, 'late');
  assert.is((u.fstat(fd) as Stat).nlink, 0);
  assert.is(u.sys('linkat', fd, '', AT, '/d/late', 0x1000), 0);
  assert.is(u.cat('/d/late'), 'late');
  assert.is(u.open('/d', O_TMPFILE), -EINVAL, 'it must be writable');
});

test('memfd seals hold', () => {
  const u = new FsMachine().user();
  const fd = u.sys('memfd_create', 'name', 2);
  u.write(fd, 'sealed');
  assert.is(u.sys('fcntl', fd, 1034, 0), 0);
  assert.is(u.sys('fcntl', fd, 1033, 2 | 4), 0);
  assert.is(u.sys('ftruncate', fd, 3), -EPERM);
  assert.is(u.sys('ftruncate', fd, 30), -EPERM);
  assert.is(u.sys('pwrite64', fd, BUFFER, 6, 0), 6);
  assert.is(u.sys('pwrite64', fd, BUFFER, 6, 1), -EPERM);
  assert.is(u.sys('fcntl', fd, 1033, 8 | 1), 0);
  assert.is(u.sys('pwrite64', fd, BUFFER, 6, 0), -EPERM);
  assert.is(u.sys('fcntl', fd, 1033, 2), -EPERM);
  assert.is(u.sys('fcntl', fd, 1034, 0), 15);
  const plain = u.sys('memfd_create', 'name', 0);
  assert.is(u.sys('fcntl', plain, 1033, 2), -EPERM);
});

test('times follow what happens, and utimensat() sets them', () => {
  const machine = new FsMachine();
  const u = machine.user();
  machine.now = 5e9;
  u.put('/f', 'x');
  assert.is(stat(u, '/f').mtime, 5);
  machine.now = 9e9;
  u.sys('fchmodat', AT, '/f', 0o600);
  assert.is(stat(u, '/f').mtime, 5);
  u.sys('linkat', AT, '/f', AT, '/g', 0);
  assert.is(stat(u, '/').mtime, 9);
  const times = new Uint8Array(32);
  const view = new DataView(times.buffer);
  view.setUint32(16, 1234, true);
  assert.is(u.sys('utimensat', AT, '/f', times, 0), 0);
  assert.is(stat(u, '/f').mtime, 1234);
  view.setUint32(24, 1e9, true);
  assert.is(u.sys('utimensat', AT, '/f', times, 0), -EINVAL);
});

test('reading a directory on neither repeats nor skips what stayed', () => {
  const u = new FsMachine().user();
  u.sys('mkdirat', AT, '/d', 0o755);
  for (let n = 0; n < 100; n++) u.put(`/d/${n}`, '');
  const fd = u.open('/d');
  const seen: string[] = [];
  for (let round = 0; ; round++) {
    const n = u.sys('getdents64', fd, BUFFER, 200);
    if (n === 0) break;
    for (let at = BUFFER; at < BUFFER + n; at += u.view.getUint16(at + 16, true)) {
      seen.push(u.text(at + 19, u.memory.indexOf(0, at + 19) - at - 19));
    }
    u.sys('unlinkat', AT, `/d/${2 * round}`, 0);
    u.put(`/d/new${round}`, '');
  }
  const kept = Array.from({ length: 50 }, (_, n) => String(2 * n + 1));
  for (const name of kept) assert.is(seen.filter((other) => other === name).length, 1, name);
  assert.is(u.sys('getdents64', u.open('/d'), BUFFER, 20), -EINVAL, 'no room for one');
  assert.is(u.sys('getdents64', 99, BUFFER, 200), -EBADF);
});

/** A model: names to contents; directories are Maps. */
type Node = string | Map<string, Node>;

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 });
const operation = fc.oneof(
  fc.record({ op: fc.constant('mkdir' as const), path }),
  fc.record({ op: fc.constant('put' as const), path, text: fc.string({ maxLength: 8 }) }),
  fc.record({ op: fc.constant('unlink' as const), path }),
  fc.record({ op: fc.constant('rmdir' as const), path }),
  fc.record({ op: fc.constant('rename' as const), path, to: path, exchange: fc.boolean() }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** The directory that holds the last name, or -errno. */
function parentOf(root: Map<string, Node>, names: string[]): Map<string, Node> | number {
  let at: Node | undefined = root;
  for (const part of names.slice(0, -1)) {
    at = (at as Map<string, Node>).get(part);
    if (at === undefined) return -ENOENT;
    if (typeof at === 'string') return -ENOTDIR;
  }
  return at as Map<string, Node>;
}

function model(root: Map<string, Node>, step: Operation): number {
  const dir = parentOf(root, step.path);
  if (typeof dir === 'number') return dir;
  const last = step.path.at(-1)!;
  const node = dir.get(last);
  switch (step.op) {
    case 'mkdir':
      if (node !== undefined) return -EEXIST;
      dir.set(last, new Map());
      return 0;
    case 'put':
      if (node instanceof Map) return -EISDIR;
      dir.set(last, step.text);
      return step.text.length;
    case 'unlink':
      if (node === undefined) return -ENOENT;
      if (node instanceof Map) return -EISDIR;
      dir.delete(last);
      return 0;
    case 'rmdir':
      if (node === undefined) return -ENOENT;
      if (!(node instanceof Map)) return -ENOTDIR;
      if (node.size > 0) return -ENOTEMPTY;
      dir.delete(last);
      return 0;
    case 'rename':
      return modelRename(root, step, dir, node);
  }
}

function modelRename(
  root: Map<string, Node>,
  step: Operation & { op: 'rename' },
  dir: Map<string, Node>,
  node: Node | undefined,
): number {
  const toDir = parentOf(root, step.to);
  if (typeof toDir === 'number') return toDir;
  if (node === undefined) return -ENOENT;
  const [from, to] = [step.path.at(-1)!, step.to.at(-1)!];
  const target = toDir.get(to);
  if (step.exchange && target === undefined) return -ENOENT;
  const within = (a: string[], b: string[]): boolean =>
    a.length < b.length && a.every((part, i) => b[i] === part);
  if (within(step.path, step.to)) return -EINVAL;
  if (within(step.to, step.path)) return step.exchange ? -EINVAL : -ENOTEMPTY;
  if (node === target) return 0;
  if (step.exchange) {
    dir.set(from, target!);
    toDir.set(to, node);
    return 0;
  }
  if (target !== undefined) {
    if (node instanceof Map && !(target instanceof Map)) return -ENOTDIR;
    if (!(node instanceof Map) && target instanceof Map) return -EISDIR;
    if (target instanceof Map && target.size > 0) return -ENOTEMPTY;
  }
  dir.delete(from);
  toDir.set(to, node);
  return 0;
}

function real(u: FsUser, step: Operation): number {
  const at = `/${step.path.join('/')}`;
  switch (step.op) {
    case 'mkdir':
      return u.sys('mkdirat', AT, at, 0o755);
    case 'put':
      return u.put(at, step.text);
    case 'unlink':
      return u.sys('unlinkat', AT, at, 0);
    case 'rmdir':
      return u.sys('unlinkat', AT, at, 0x200);
    case 'rename':
      return u.sys('renameat2', AT, at, AT, `/${step.to.join('/')}`, step.exchange ? 2 : 0);
  }
}

/** The tree as the kernel tells it: sorted, with link counts checked on the way. */
function snapshot(u: FsUser, at: string): unknown {
  const names = (u.ls(at) as string[]).filter((entry) => entry !== '.' && entry !== '..').sort();
  const entries = names.map((entry) => {
    const child = `${at === '/' ? '' : at}/${entry}`;
    const isDir = (stat(u, child).mode & 0o17_0000) === 0o4_0000;
    return [entry, isDir ? snapshot(u, child) : u.cat(child)];
  });
  const dirs = entries.filter(([, content]) => typeof content !== 'string').length;
  assert.is(stat(u, at).nlink, 2 + dirs, `links of ${at}`);
  return entries;
}

const modelSnapshot = (dir: Map<string, Node>): unknown =>
  [...dir]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([entry, node]) => [entry, node instanceof Map ? modelSnapshot(node) : node]);

test('random operations do what they would do to a Map of Maps', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (steps) => {
      const machine = new FsMachine(256);
      const u = machine.user();
      const root = new Map<string, Node>();
      for (const step of steps) assert.is(real(u, step), model(root, step), JSON.stringify(step));
      assert.equal(snapshot(u, '/'), modelSnapshot(root));
    }),
    { numRuns: 150 },
  );
});

test('random writes and truncations leave the bytes that they would leave in an array', () => {
  const change = fc.oneof(
    fc.record({ at: fc.nat(3 * PAGE), length: fc.nat(2 * PAGE), byte: fc.nat(255) }),
    fc.record({ size: fc.nat(4 * PAGE) }),
    fc.record({ hole: fc.nat(3 * PAGE), length: fc.integer({ min: 1, max: 2 * PAGE }) }),
  );
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
      const machine = new FsMachine(128);
      const u = machine.user();
      const free = machine.kernel.mm.nr_free_pages();
      const fd = u.open('/f', O_RDWR | O_CREAT);
      let bytes = new Uint8Array(0);
      for (const step of changes) {
        if ('size' in step) {
          u.sys('ftruncate', fd, step.size);
          bytes = resized(bytes, step.size);
        } else if ('hole' in step) {
          u.sys('fallocate', fd, 3, step.hole, step.length);
          bytes.fill(0, step.hole, step.hole + step.length);
        } else {
          if (step.length > 0) bytes = resized(bytes, Math.max(bytes.length, step.at + step.length));
          bytes.fill(step.byte, step.at, step.at + step.length);
          u.memory.fill(step.byte, BUFFER, BUFFER + step.length);
          assert.is(u.sys('pwrite64', fd, BUFFER, step.length, step.at), step.length);
        }
      }
      u.sys('lseek', fd, 0, 0);
      assert.is(u.sys('read', fd, BUFFER, 8 * PAGE), bytes.length);
      assert.is(Buffer.compare(u.memory.subarray(BUFFER, BUFFER + bytes.length), bytes), 0);
      u.sys('ftruncate', fd, 0);
      assert.is(machine.kernel.mm.nr_free_pages(), free);
    }),
    { numRuns: 150 },
  );
});

function resized(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(size);
  copy.set(bytes.subarray(0, size));
  return copy;
}

test.run();
