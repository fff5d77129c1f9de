/*
 * mkinitramfs.js - packs the guest's root file system
 *
 * Usage: node mkinitramfs.js OUT.cpio PROGRAMS ETC
 *
 * Linux: Documentation/driver-api/early-userspace/buffer-format.rst
 *
 * The archive is cpio's "newc": a header of thirteen eight-digit hexadecimal
 * numbers, the name, the data, each padded to four bytes. Times are zero and
 * names sorted, so that the same programs always make the same archive.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFCHR = 0o020000;

const padding = (length) => Buffer.alloc(-length & 3);
const hex = (n) => n.toString(16).padStart(8, '0');

function entry(ino, name, mode, data = Buffer.alloc(0), [major, minor] = [0, 0]) {
  const uid = 0, gid = 0, nlink = 1, mtime = 0, check = 0; // biome-ignore format: one line
  const fields = [ino, mode, uid, gid, nlink, mtime, data.length, 0, 0, major, minor, name.length + 1, check];
  const head = Buffer.from(`070701${fields.map(hex).join('')}${name}\0`);
  return Buffer.concat([head, padding(head.length), data, padding(data.length)]);
}

const files = (dir) => readdirSync(dir, { withFileTypes: true }).filter((f) => f.isFile()).map((f) => f.name).sort();

function* contents(programs, etc) {
  for (const name of ['bin', 'demo', 'dev', 'etc', 'proc', 'root', 'sys', 'tests', 'tmp']) {
    yield [name, S_IFDIR | (name === 'tmp' ? 0o1777 : 0o755)];
  }
  yield ['dev/console', S_IFCHR | 0o600, undefined, [5, 1]]; // the kernel opens it before init can mount anything
  yield ['init', S_IFREG | 0o755, readFileSync(join(programs, 'init'))];
  for (const dir of ['bin', 'demo', 'tests']) {
    for (const name of files(join(programs, dir))) {
      yield [`${dir}/${name}`, S_IFREG | 0o755, readFileSync(join(programs, dir, name))];
    }
  }
  for (const name of files(etc)) yield [`etc/${name}`, S_IFREG | 0o644, readFileSync(join(etc, name))];
}

const [out, programs, etc] = process.argv.slice(2);
const archive = [];
for (const [name, mode, data, dev] of contents(programs, etc)) {
  archive.push(entry(archive.length + 1, name, mode, data, dev));
}
archive.push(entry(0, 'TRAILER!!!', 0));
writeFileSync(out, Buffer.concat(archive));
