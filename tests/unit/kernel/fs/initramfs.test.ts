import { execFileSync } from 'node:child_process';
import { mkdtempSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { unpack_to_rootfs } from '../../../../kernel/fs/initramfs.ts';
import { FsMachine, type FsUser, type Stat } from '../../../lib/fs-machine.ts';

interface Member {
  readonly name: string;
  readonly mode: number;
  readonly body?: string;
  readonly nlink?: number;
  readonly ino?: number;
  readonly mtime?: number;
  readonly rdev?: readonly [number, number];
}

const pad4 = (text: string): string => text + '\0'.repeat((4 - (text.length % 4)) % 4);

/** newc, as the kernel's buffer-format.rst describes it. */
function cpio(...members: Member[]): Uint8Array {
  const text = [...members, { name: 'TRAILER!!!', mode: 0 }].map(member).join('');
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function member({ name, mode, body = '', nlink = 1, ino = 0, mtime = 0, rdev = [0, 0] }: Member): string {
  const fields = [ino, mode, 5, 6, nlink, mtime, body.length, 0, 0, ...rdev, name.length + 1, 0];
  // The order is ino, mode, uid, gid, nlink...
  const header = `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`;
  return pad4(`${header}${name}\0`) + pad4(body);
}

function unpack(archive: Uint8Array): { u: FsUser; error: string | null } {
  const machine = new FsMachine(512);
  const error = unpack_to_rootfs(machine.kernel, archive);
  return { u: machine.user(), error };
}

const mode = (u: FsUser, path: string): number => (u.stat(path, 0x100) as Stat).mode;

test('files, directories, links and devices come out with owner, mode and time', () => {
  const { u, error } = unpack(
    cpio(
      { name: '.', mode: 0o40750, mtime: 7 },
      { name: 'd', mode: 0o41777, mtime: 1000 },
      { name: 'd/f', mode: 0o104755, body: 'content', mtime: 2000 },
      { name: 'l', mode: 0o120777, body: 'd/f' },
      { name: 'dev', mode: 0o20620, rdev: [5, 1] },
      { name: 'fifo', mode: 0o10600 },
    ),
  );
  assert.is(error, null);
  assert.is(u.cat('/l'), 'content');
  assert.equal(
    [mode(u, '/'), mode(u, '/d'), mode(u, '/d/f'), mode(u, '/l'), mode(u, '/dev'), mode(u, '/fifo')],
    [0o40750, 0o41777, 0o104755, 0o120777, 0o20620, 0o10600],
  );
  const { uid, gid, mtime } = u.stat('/d/f') as Stat;
  assert.equal([uid, gid, mtime], [5, 6, 2000]);
  assert.is((u.stat('/d') as Stat).mtime, 1000, 'though a file was made in it later');
  assert.is((u.stat('/dev') as Stat).rdev, 0x501);
});

test('names with one inode number are one file, whichever has the body', () => {
  const link = (name: string, body?: string): Member => ({
    name,
    mode: 0o100644,
    nlink: 2,
    ino: 9,
    body: body ?? '',
  });
  for (const members of [
    [link('a'), link('b', 'body')],
    [link('a', 'body'), link('b')],
  ]) {
    const { u } = unpack(cpio(...members));
    assert.equal([u.cat('/a'), u.cat('/b'), (u.stat('/a') as Stat).nlink], ['body', 'body', 2]);
  }
});

test('archives may follow each other, and inode numbers do not carry over', () => {
  const one = cpio({ name: 'a', mode: 0o100644, nlink: 2, ino: 1, body: 'one' });
  const two = cpio(
    { name: 'b', mode: 0o100644, nlink: 2, ino: 1, body: 'two' },
    { name: 'a', mode: 0o100600, body: 'new' },
  );
  const both = new Uint8Array(one.length + 512 + two.length);
  both.set(one);
  both.set(two, one.length + 512);
  const { u, error } = unpack(both);
  assert.equal([error, u.cat('/a'), u.cat('/b'), mode(u, '/a')], [null, 'new', 'two', 0o100600]);
});

test('what GNU cpio packs comes out as it went in', () => {
  const dir = mkdtempSync(join(tmpdir(), 'eret-cpio-'));
  mkdirSync(join(dir, 'x/y'), { recursive: true });
  writeFileSync(join(dir, 'x/y/big'), 'z'.repeat(100_001));
  linkSync(join(dir, 'x/y/big'), join(dir, 'x/hard'));
  symlinkSync('y/big', join(dir, 'x/soft'));
  let archive: Buffer;
  try {
    archive = execFileSync('sh', ['-c', 'find . | cpio -o -H newc --quiet'], { cwd: dir });
  } catch {
    return; // no cpio on this machine: the tests above have our own
  } finally {
    rmSync(dir, { recursive: true });
  }
  const { u, error } = unpack(archive);
  assert.is(error, null);
  assert.is((u.cat('/x/soft') as string).length, 100_001);
  assert.is((u.stat('/x/hard') as Stat).nlink, 2);
});

/** The reasons are upstream's words where upstream gives one. */
test('broken archives say what is wrong and leave what was good', () => {
  const good = cpio({ name: 'a', mode: 0o100644, body: 'kept' });
  const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
  const after = (tail: Uint8Array): Uint8Array => {
    const all = new Uint8Array(good.length + tail.length);
    all.set(good);
    all.set(tail, good.length);
    return all;
  };
  const rows: [Uint8Array, string][] = [
    [text('07070742'.padEnd(200, '0')), 'incorrect cpio method used: use -H newc option'],
    [text('0'.repeat(200)), 'no cpio magic'],
    [text('hello world'), 'invalid magic at start of compressed archive'],
    [Uint8Array.of(0x1f, 0x8b, 8, 0), 'compression method gzip not configured'],
    [text('0707'), 'unexpected end of archive'],
    [text('070701'), 'unexpected end of archive'],
    [good.subarray(0, 114), 'unexpected end of archive'],
    [
      text(member({ name: 'n', mode: 0o100644 }).replace('n\0', 'nn')),
      'malformed archive: name is not terminated',
    ],
  ];
  for (const [tail, reason] of rows) {
    const { u, error } = unpack(after(tail));
    assert.is(error, reason);
    assert.is(u.cat('/a'), 'kept');
  }
});

test('a name that leads out of the root stays in it, and one through a file makes nothing', () => {
  const { u, error } = unpack(
    cpio(
      { name: '../../etc', mode: 0o40755 },
      { name: 'f', mode: 0o100644 },
      { name: 'f/x', mode: 0o100644, body: 'lost' },
      { name: 'no/dir', mode: 0o100644, body: 'lost' },
      { name: 'loop', mode: 0o120777, body: 'loop' },
      { name: 'loop/x', mode: 0o100644 },
      { name: '', mode: 0o100644 },
      { name: 'odd', mode: 0 },
    ),
  );
  assert.is(error, null);
  assert.equal(
    (u.ls('/') as string[]).filter((name) => !name.startsWith('.')),
    ['loop', 'f', 'etc'],
  );
});

test('more than fits is a write error, and the machine is still there', () => {
  const machine = new FsMachine(32);
  const error = unpack_to_rootfs(
    machine.kernel,
    cpio({ name: 'big', mode: 0o100644, body: 'x'.repeat(200_000) }),
  );
  assert.is(error, 'write error');
  const u = machine.user();
  assert.is(u.sys('unlinkat', -100, '/big', 0), 0);
});

test('random bytes, and good archives with random damage, never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void unpack(bytes)),
    { numRuns: 200 },
  );
  const sound = cpio(
    { name: 'd', mode: 0o40755 },
    { name: 'd/f', mode: 0o100644, body: 'x'.repeat(300), nlink: 2, ino: 3 },
    { name: 'd/g', mode: 0o100644, nlink: 2, ino: 3 },
    { name: 'l', mode: 0o120777, body: 'd' },
  );
  const damage = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.constantFrom(0, 0x30, 0x37, 0x46, 0xff)), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(damage, fc.nat(sound.length), (changes, cut) => {
      const bytes = sound.slice(0, cut);
      for (const [at, byte] of changes) if (at < cut) bytes[at] = byte;
      unpack(bytes);
    }),
    { numRuns: 300 },
  );
});

test('three megabytes in a few milliseconds', () => {
  const members = Array.from({ length: 100 }, (_, n) => ({
    name: `f${n}`,
    mode: 0o100644,
    body: 'x'.repeat(30_000),
  }));
  const archive = cpio(...members);
  const machine = new FsMachine(4096);
  const before = performance.now();
  assert.is(unpack_to_rootfs(machine.kernel, archive), null);
  assert.ok(performance.now() - before < 200, 'generous, for a loaded machine');
});

test('a file takes the place of an empty directory, but not of one that has something in it', () => {
  const { u, error } = unpack(
    cpio(
      { name: 'empty', mode: 0o40755 },
      { name: 'full', mode: 0o40755 },
      { name: 'full/f', mode: 0o100644, body: 'kept' },
      { name: 'empty', mode: 0o100644, body: 'file' },
      { name: 'full', mode: 0o100644, body: 'lost' },
      { name: 'after', mode: 0o100644, body: 'goes on' },
    ),
  );
  assert.is(error, null);
  assert.equal([u.cat('/empty'), u.cat('/full/f'), u.cat('/after')], ['file', 'kept', 'goes on']);
});

test.run();
