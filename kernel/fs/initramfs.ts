/*
 * kernel/fs/initramfs.ts - the first files come out of a cpio archive in RAM
 *
 * Linux:   init/initramfs.c, init/noinitramfs.c (default_rootfs)
 * Manual:  Documentation/driver-api/early-userspace/buffer-format.rst
 * Differs: an archive that ends in the middle of a member is told in the log; upstream says nothing
 * Absent:  decompression: the boot loader has done it
 *
 * An archive is members, each a header of 110 characters, a name and a body, padded to 4 bytes. Several may follow each
 * other with zeroes between. Whatever is wrong with it ends in a line of the log and fewer files.
 */

import type { Dentry, Inode, Path } from '../include/linux/fs.ts';
import { LOOKUP_FOLLOW } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { EEXIST } from '../include/uapi/errno.ts';
import { AT_FDCWD } from '../include/uapi/fcntl.ts';
import {
  MKDEV,
  S_IALLUGO,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISDIR,
  S_ISREG,
} from '../include/uapi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { bytes_to_string } from '../lib/bytes.ts';
import {
  filename_create,
  vfs_create,
  vfs_link,
  vfs_mkdir,
  vfs_mknod,
  vfs_rmdir,
  vfs_symlink,
  vfs_unlink,
} from './dirops.ts';
import { filename_lookup } from './namei.ts';
import { shmem_mapping, shmem_truncate } from './tmpfs.ts';

const HEADER_SIZE = 110;
const PATH_MAX = 4096;
const align4 = (n: number): number => (n + 3) & ~3;

/** The members' fields, in the header's order after the six characters of magic; each is eight hexadecimal digits. */
const FIELDS = [
  'ino',
  'mode',
  'uid',
  'gid',
  'nlink',
  'mtime',
  'body_len',
  'major',
  'minor',
  'rmajor',
  'rminor',
  'name_len',
] as const;
type Header = Record<(typeof FIELDS)[number], number>;

/** What is to be laid before anything is unpacked: init must be able to speak. */
export function default_rootfs(kernel: Kernel): void {
  const { init_task } = kernel;
  for (const [name, mode] of [
    ['/dev', 0o755],
    ['/root', 0o700],
  ] as const) {
    const at = filename_create(init_task, AT_FDCWD, name, true);
    if (typeof at === 'object') vfs_mkdir(init_task, at.dir.dentry, at.dentry, mode);
  }
  const console = filename_create(init_task, AT_FDCWD, '/dev/console', false);
  if (typeof console !== 'object') return;
  vfs_mknod(init_task, console.dir.dentry, console.dentry, S_IFCHR | 0o600, MKDEV(5, 1));
}

/** Unpacks the archive at [start, end) of physical memory into the root. The memory is the caller's to free. */
export function populate_rootfs(kernel: Kernel, start: number, end: number): void {
  const { ram, ramBase } = kernel.io;
  const err = unpack_to_rootfs(kernel, ram.subarray(start - ramBase, end - ramBase));
  if (err !== null) kernel.printk.emerg(`Initramfs unpacking failed: ${err}`);
}

/** null, or what was wrong. Whatever came before that stays. */
export function unpack_to_rootfs(kernel: Kernel, archive: Uint8Array): string | null {
  return new Unpacker(kernel, archive).run();
}

class Unpacker {
  private readonly task: Task;
  private readonly archive: Uint8Array;
  private at = 0;
  /** First names of files with several, by device and inode number. */
  private links = new Map<string, Dentry>();
  /** Directories get their times last: unpacking into them changes those. */
  private readonly dirTimes: { inode: Inode; sec: number }[] = [];
  private error: string | null = null;

  constructor(kernel: Kernel, archive: Uint8Array) {
    this.task = kernel.init_task;
    this.archive = archive;
  }

  run(): string | null {
    while (this.error === null && this.skipZeroes()) this.error = this.member();
    for (const { inode, sec } of this.dirTimes) inode.i_mtime = inode.i_atime = { sec, nsec: 0 };
    return this.error;
  }

  /** Between archives there may be padding. False: that was all. */
  private skipZeroes(): boolean {
    while (this.at < this.archive.length && this.archive[this.at] === 0) this.at++;
    return this.at < this.archive.length;
  }

  private member(): string | null {
    const { archive, at } = this;
    const magic = bytes_to_string(archive.subarray(at, at + 6));
    if (magic.length < 6 && '070701'.startsWith(magic)) return 'unexpected end of archive';
    if (magic === '070707') return 'incorrect cpio method used: use -H newc option';
    if (magic !== '070701' && magic !== '070702') return bad_magic(archive, at);
    if (at + HEADER_SIZE > archive.length) return 'unexpected end of archive';

    const header = parse_header(archive, at + 6);
    const body = align4(at + HEADER_SIZE + header.name_len);
    if (body + header.body_len > archive.length) return 'unexpected end of archive';
    const name = archive.subarray(at + HEADER_SIZE, at + HEADER_SIZE + header.name_len);
    this.at = align4(body + header.body_len);
    if (header.name_len <= 0 || header.name_len > PATH_MAX) return null; // skipped, as upstream does
    if (name.at(-1) !== 0) return 'malformed archive: name is not terminated';
    return this.make(
      header,
      bytes_to_string(name.subarray(0, name.indexOf(0))),
      archive.subarray(body, body + header.body_len),
    );
  }

  private make(header: Header, name: string, body: Uint8Array): string | null {
    if (name === 'TRAILER!!!') {
      this.links = new Map(); // inode numbers mean something else in the next archive
      return null;
    }
    const kind = header.mode & S_IFMT;
    if (kind === S_IFLNK) return this.symlink(header, name, body);
    this.clean_path(name, kind);
    switch (kind) {
      case S_IFREG:
        return this.regular(header, name, body);
      case S_IFDIR:
        this.directory(header, name);
        return null;
      case S_IFCHR:
      case S_IFBLK:
      case S_IFIFO:
      case S_IFSOCK:
        this.node(header, name);
        return null;
      default:
        return null;
    }
  }

  private lookup(name: string, follow: number): Path | null {
    const path = filename_lookup(this.task, AT_FDCWD, name, follow);
    return typeof path === 'number' ? null : path;
  }

  /** What is there under the name and is something else has to go. */
  private clean_path(name: string, kind: number): void {
    const path = this.lookup(name, 0);
    if (!path || (path.dentry.d_inode!.i_mode & S_IFMT) === kind) return;
    const remove = S_ISDIR(path.dentry.d_inode!.i_mode) ? vfs_rmdir : vfs_unlink;
    remove(this.task, path.dentry.d_parent, path.dentry);
  }

  private regular(header: Header, name: string, body: Uint8Array): string | null {
    const first = this.first_link(header);
    const dentry = first ? this.link(first, name) : this.create(name);
    if (!dentry) return null;
    const inode = dentry.d_inode!;
    this.remember_link(header, dentry);
    // Of several names only one has the body; the others must not take it away again.
    if (!first || body.length > 0) {
      shmem_truncate(inode, 0);
      if (!write_body(inode, body)) return 'write error';
    }
    set_attributes(inode, header);
    return null;
  }

  private create(name: string): Dentry | null {
    const at = filename_create(this.task, AT_FDCWD, name, false);
    if (typeof at === 'number') return at === -EEXIST ? this.existing(name) : null;
    return vfs_create(this.task, at.dir.dentry, at.dentry, S_IFREG | 0o644) < 0 ? null : at.dentry;
  }

  /** A file that is there gets a new body; a directory that could not be removed (it is not empty) stays what it is. */
  private existing(name: string): Dentry | null {
    const dentry = this.lookup(name, LOOKUP_FOLLOW)?.dentry;
    return dentry && S_ISREG(dentry.d_inode!.i_mode) ? dentry : null;
  }

  private first_link(header: Header): Dentry | undefined {
    return header.nlink >= 2 ? this.links.get(link_key(header)) : undefined;
  }

  private remember_link(header: Header, dentry: Dentry): void {
    if (header.nlink >= 2 && !this.links.has(link_key(header))) this.links.set(link_key(header), dentry);
  }

  private link(first: Dentry, name: string): Dentry | null {
    this.clean_path(name, 0);
    const at = filename_create(this.task, AT_FDCWD, name, false);
    if (typeof at === 'number') return null;
    return vfs_link(this.task, first, at.dir.dentry, at.dentry) < 0 ? null : at.dentry;
  }

  private directory(header: Header, name: string): void {
    const at = filename_create(this.task, AT_FDCWD, name, true);
    if (typeof at === 'object') vfs_mkdir(this.task, at.dir.dentry, at.dentry, header.mode);
    const inode = this.lookup(name, LOOKUP_FOLLOW)?.dentry.d_inode;
    if (!inode) return;
    set_attributes(inode, header);
    this.dirTimes.push({ inode, sec: header.mtime });
  }

  private node(header: Header, name: string): void {
    const first = this.first_link(header);
    if (first) {
      this.link(first, name);
      return;
    }
    const at = filename_create(this.task, AT_FDCWD, name, false);
    if (typeof at === 'number') return;
    const rdev = MKDEV(header.rmajor & 0xfff, header.rminor & 0xf_ffff);
    if (vfs_mknod(this.task, at.dir.dentry, at.dentry, header.mode, rdev) < 0) return;
    this.remember_link(header, at.dentry);
    set_attributes(at.dentry.d_inode!, header);
  }

  private symlink(header: Header, name: string, body: Uint8Array): string | null {
    if (body.length > PATH_MAX) return null;
    this.clean_path(name, 0);
    const at = filename_create(this.task, AT_FDCWD, name, false);
    if (typeof at === 'number') return null;
    const nul = body.indexOf(0);
    const target = bytes_to_string(nul < 0 ? body : body.subarray(0, nul));
    if (vfs_symlink(this.task, at.dir.dentry, at.dentry, target) === 0) set_owner(at.dentry.d_inode!, header);
    return null;
  }
}

const link_key = ({ major, minor, ino }: Header): string => `${major}:${minor}:${ino}`;

function bad_magic(archive: Uint8Array, at: number): string {
  if (archive[at] === 0x1f && archive[at + 1] === 0x8b) return 'compression method gzip not configured';
  return archive[at] === 0x30 ? 'no cpio magic' : 'invalid magic at start of compressed archive';
}

function parse_header(archive: Uint8Array, at: number): Header {
  const header = {} as Header;
  for (let i = 0; i < FIELDS.length; i++) header[FIELDS[i]!] = parse_hex8(archive, at + 8 * i);
  return header;
}

/** Digits until one is none, as simple_strtoul() reads. */
function parse_hex8(archive: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const digit = hex_digit(archive[at + i]!);
    if (digit < 0) break;
    value = value * 16 + digit;
  }
  return value;
}

function hex_digit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const letter = (c | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

function set_owner(inode: Inode, header: Header): void {
  inode.i_uid = header.uid;
  inode.i_gid = header.gid;
  inode.i_mtime = inode.i_atime = { sec: header.mtime, nsec: 0 };
}

function set_attributes(inode: Inode, header: Header): void {
  set_owner(inode, header);
  inode.i_mode = (inode.i_mode & S_IFMT) | (header.mode & S_IALLUGO);
}

/** False: no room for it. */
function write_body(inode: Inode, body: Uint8Array): boolean {
  const mapping = shmem_mapping(inode);
  if (!mapping) return body.length === 0;
  const { mm } = inode.i_sb.kernel;
  for (let at = 0; at < body.length; at += PAGE_SIZE) {
    const pfn = mapping.get_page_beyond(at / PAGE_SIZE);
    if (pfn < 0) return false;
    mm.bytes(pfn).set(body.subarray(at, at + PAGE_SIZE));
    inode.i_size = Math.min(at + PAGE_SIZE, body.length);
  }
  return true;
}
