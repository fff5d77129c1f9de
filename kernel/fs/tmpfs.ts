/*
 * kernel/fs/tmpfs.ts - a file system in memory: the root, /tmp, and what /dev and memfd are made of
 *
 * Linux:   mm/shmem.c, fs/ramfs/inode.c
 * Manual:  tmpfs(5)
 * Differs: the pages are kernel/mm/shmem.ts's. O_TMPFILE files have no dentry in the directory at all.
 * Absent:  swap, quotas, ACLs, huge=
 */

import type {
  AddressSpace,
  Dentry,
  Inode,
  InodeOperations,
  Kstatfs,
  SuperBlock,
  SuperOperations,
  XattrHandler,
} from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { EINVAL, EIO, ENOSPC, ENOTDIR, ENOTEMPTY, EISDIR } from '../include/uapi/errno.ts';
import { RENAME_EXCHANGE } from '../include/uapi/fcntl.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, S_ISDIR, S_ISREG, TMPFS_MAGIC } from '../include/uapi/stat.ts';
import { XATTR_SECURITY_PREFIX, XATTR_TRUSTED_PREFIX, XATTR_USER_PREFIX } from '../include/uapi/xattr.ts';
import type { Kernel } from '../kernel.ts';
import { unmap_mapping_range } from '../mm/memory.ts';
import { ShmemMapping } from '../mm/shmem.ts';
import { d_add, d_alloc, d_delete, d_exchange, d_make_root, d_move } from './dcache.ts';
import {
  I_LINKABLE,
  clear_nlink,
  drop_nlink,
  init_special_inode,
  inode_init_owner,
  new_inode,
  touch_ctime,
  touch_mtime,
} from './inode.ts';
import { memfd_resize_ok } from './memfd.ts';
import { dcache_dir_fops } from './readdir.ts';
import { new_super, register_filesystem } from './super.ts';
import { shmem_file_operations } from './tmpfs_file.ts';
import { simple_xattr_get, simple_xattr_may_set, simple_xattr_set, simple_xattr_space } from './xattr.ts';

/** A super block's account. */
interface ShmemSbInfo {
  /** In pages; Infinity: no limit (files of the kernel's own). */
  max_blocks: number;
  used_blocks: number;
  max_inodes: number;
  used_inodes: number;
  /** Bytes of extended attributes; they take room from what is there for inodes. */
  xattr_space: number;
  mode: number;
  uid: number;
  gid: number;
  /** What mount was told, for /proc/mounts. */
  readonly shown: string;
}

const sbinfo = (sb: SuperBlock): ShmemSbInfo => sb.s_fs_info as ShmemSbInfo;

/** A directory entry costs this much of what du counts. */
const BOGO_DIRENT_SIZE = 20;

/** The pages of one file. Beyond i_size there are none to be had. */
class TmpfsMapping extends ShmemMapping {
  private readonly inode: Inode;
  /** Made by fallocate() and never written since: they take room, but are still holes to SEEK_DATA. */
  private readonly unwritten = new Set<number>();

  constructor(inode: Inode) {
    super(inode.i_sb.kernel);
    this.inode = inode;
    const info = sbinfo(inode.i_sb);
    if (info.max_blocks !== Infinity) this.charge = (pages) => shmem_acct_blocks(info, pages);
  }

  override get_page(index: number, create: boolean): number {
    if (index * PAGE_SIZE >= this.inode.i_size) return -EIO;
    if (create) this.unwritten.delete(index);
    return super.get_page(index, create);
  }

  /** For write(), which makes the page before the size reaches it. */
  get_page_beyond(index: number): number {
    this.unwritten.delete(index);
    return super.get_page(index, true);
  }

  /** For fallocate(). True: it was made just now. Allocating it twice, upstream, counts as writing zeroes. */
  allocate(index: number): boolean | number {
    if (super.get_page(index, false) > 0) {
      this.unwritten.delete(index);
      return false;
    }
    const pfn = super.get_page(index, true);
    if (pfn < 0) return pfn;
    this.unwritten.add(index);
    return true;
  }

  /** More pages than the file system may have: nobody need try. */
  exceeds_size(pages: number): boolean {
    return pages > sbinfo(this.inode.i_sb).max_blocks;
  }

  /** Is there something that somebody wrote? */
  has_data(index: number): boolean {
    return super.get_page(index, false) > 0 && !this.unwritten.has(index);
  }

  /** The first page with data at or after `index`; -1: none. */
  next_data(index: number): number {
    return this.next_page(index, this.unwritten);
  }

  override punch(first: number, end: number): void {
    super.punch(first, end);
    if (end - first < this.unwritten.size)
      for (let index = first; index < end; index++) this.unwritten.delete(index);
    else
      for (const index of [...this.unwritten])
        if (index >= first && index < end) this.unwritten.delete(index);
  }
}

function shmem_acct_blocks(info: ShmemSbInfo, pages: number): boolean {
  if (info.used_blocks + pages > info.max_blocks) return false;
  info.used_blocks += pages;
  return true;
}

/** What one inode counts for, in bytes. */
const BOGO_INODE_SIZE = 1024;

/** Room for inodes and their attributes. The kernel's own files are not counted; their attributes must end somewhere, too. */
function free_ispace(info: ShmemSbInfo, sb: SuperBlock): number {
  const unlimited = info.max_inodes === Infinity;
  const inodes = unlimited ? sb.kernel.mm.totalram_pages / 2 : info.max_inodes - info.used_inodes;
  return inodes * BOGO_INODE_SIZE - info.xattr_space;
}

export type ShmemFileMapping = TmpfsMapping;
export const shmem_mapping = (inode: Inode): ShmemFileMapping =>
  inode.i_mapping as AddressSpace as TmpfsMapping;

/** A fresh inode, owned by root until somebody says otherwise; -ENOSPC when the file system has enough of them. */
export function shmem_get_inode(sb: SuperBlock, mode: number, rdev: number): Inode | number {
  const info = sbinfo(sb);
  if (free_ispace(info, sb) < BOGO_INODE_SIZE) return -ENOSPC;
  info.used_inodes++;

  const inode = new_inode(
    sb,
    mode,
    FILE_OPERATIONS.get(mode & S_IFMT) ?? shmem_special_iops,
    shmem_file_operations,
  );
  if (S_ISDIR(mode)) {
    inode.i_fop = dcache_dir_fops;
    inode.i_size = 2 * BOGO_DIRENT_SIZE;
    inode.i_nlink = 2;
  } else if (S_ISREG(mode)) {
    inode.i_mapping = new TmpfsMapping(inode);
  } else {
    init_special_inode(inode, rdev);
  }
  return inode;
}

/** The name begins to exist in a directory of this file system. */
export function tmpfs_add(dir: Dentry, dentry: Dentry, inode: Inode): void {
  const parent = dir.d_inode!;
  if (S_ISDIR(inode.i_mode)) parent.i_nlink++;
  parent.i_size += BOGO_DIRENT_SIZE;
  touch_mtime(parent);
  d_add(dentry, inode);
}

function shmem_mknod(dir: Dentry, dentry: Dentry, mode: number, rdev: number, task: Task): number {
  const inode = shmem_get_inode(dir.d_sb, mode, rdev);
  if (typeof inode === 'number') return inode;
  inode_init_owner(inode, dir.d_inode!, mode, task);
  tmpfs_add(dir, dentry, inode);
  return 0;
}

function shmem_tmpfile(dir: Dentry, mode: number, task: Task): Dentry | number {
  const inode = shmem_get_inode(dir.d_sb, mode, 0);
  if (typeof inode === 'number') return inode;
  inode_init_owner(inode, dir.d_inode!, mode, task);
  inode.i_nlink = 0;
  inode.i_state |= I_LINKABLE;
  const dentry = d_alloc(dir, `#${inode.i_ino}`);
  dentry.d_inode = inode;
  dentry.d_deleted = true;
  return dentry;
}

function shmem_symlink(dir: Dentry, dentry: Dentry, target: string, task: Task): number {
  const inode = shmem_get_inode(dir.d_sb, S_IFLNK | 0o777, 0);
  if (typeof inode === 'number') return inode;
  inode_init_owner(inode, dir.d_inode!, S_IFLNK | 0o777, task);
  shmem_set_link(inode, target);
  tmpfs_add(dir, dentry, inode);
  return 0;
}

export function shmem_set_link(inode: Inode, target: string): void {
  inode.i_private = target;
  inode.i_size = target.length;
}

function shmem_link(old: Dentry, dir: Dentry, dentry: Dentry): number {
  const inode = old.d_inode!;
  inode.i_nlink++;
  inode.i_state &= ~I_LINKABLE;
  touch_ctime(inode);
  tmpfs_add(dir, dentry, inode);
  return 0;
}

function shmem_unlink(dir: Dentry, dentry: Dentry): number {
  const inode = dentry.d_inode!;
  touch_ctime(inode);
  shmem_leave(dir);
  d_delete(dentry);
  drop_nlink(inode);
  return 0;
}

/** The directory lost a name. */
function shmem_leave(dir: Dentry): void {
  dir.d_inode!.i_size -= BOGO_DIRENT_SIZE;
  touch_mtime(dir.d_inode!);
}

function shmem_rmdir(dir: Dentry, dentry: Dentry): number {
  if (dentry.d_children.size > 0) return -ENOTEMPTY;
  dir.d_inode!.i_nlink--;
  touch_ctime(dentry.d_inode!);
  shmem_leave(dir);
  d_delete(dentry);
  clear_nlink(dentry.d_inode!);
  return 0;
}

function shmem_rename(old_dir: Dentry, old: Dentry, new_dir: Dentry, target: Dentry, flags: number): number {
  if (flags & RENAME_EXCHANGE) return shmem_exchange(old_dir, old, new_dir, target);
  const is_dir = S_ISDIR(old.d_inode!.i_mode);
  const replaced = target.d_inode;
  if (replaced) {
    if (is_dir && !S_ISDIR(replaced.i_mode)) return -ENOTDIR;
    if (!is_dir && S_ISDIR(replaced.i_mode)) return -EISDIR;
    const err = S_ISDIR(replaced.i_mode) ? shmem_rmdir(new_dir, target) : shmem_unlink(new_dir, target);
    if (err < 0) return err;
  }
  move_link(old_dir, new_dir, is_dir);
  shmem_leave(old_dir);
  new_dir.d_inode!.i_size += BOGO_DIRENT_SIZE;
  touch_mtime(new_dir.d_inode!);
  touch_ctime(old.d_inode!);
  d_move(old, target);
  return 0;
}

/** A directory's ".." is a link to its parent, and moves with it. */
function move_link(from: Dentry, to: Dentry, is_dir: boolean): void {
  if (!is_dir) return;
  from.d_inode!.i_nlink--;
  to.d_inode!.i_nlink++;
}

function shmem_exchange(old_dir: Dentry, old: Dentry, new_dir: Dentry, target: Dentry): number {
  move_link(old_dir, new_dir, S_ISDIR(old.d_inode!.i_mode));
  move_link(new_dir, old_dir, S_ISDIR(target.d_inode!.i_mode));
  touch_mtime(old_dir.d_inode!);
  touch_mtime(new_dir.d_inode!);
  touch_ctime(old.d_inode!);
  touch_ctime(target.d_inode!);
  d_exchange(old, target);
  return 0;
}

/** Shrinking frees pages, and the rest of the last one reads as zero should the file grow again. */
export function shmem_truncate(inode: Inode, size: number): number {
  const mapping = shmem_mapping(inode);
  const { kernel } = inode.i_sb;
  const sealed = memfd_resize_ok(inode, size);
  if (sealed < 0) return sealed;
  if (size < inode.i_size) {
    const first = Math.ceil(size / PAGE_SIZE);
    const partial = size % PAGE_SIZE ? mapping.get_page(first - 1, false) : 0;
    if (partial > 0) kernel.mm.bytes(partial).fill(0, size % PAGE_SIZE);
    inode.i_size = size;
    unmap_mapping_range(mapping, first, Infinity, true);
    mapping.truncate(first);
  }
  inode.i_size = size;
  return 0;
}

/** Linux: shmem_xattr_handler_set(). */
function shmem_xattr_set(inode: Inode, name: string, value: Uint8Array | null, flags: number): number {
  const err = simple_xattr_may_set(inode, name, flags);
  if (err < 0) return err;
  const info = sbinfo(inode.i_sb);
  const old = inode.i_xattrs?.get(name);
  const space = value ? simple_xattr_space(name, value) : 0;
  if (space > free_ispace(info, inode.i_sb)) return -ENOSPC;
  info.xattr_space += space - (old ? simple_xattr_space(name, old) : 0);
  simple_xattr_set(inode, name, value);
  touch_ctime(inode);
  return 0;
}

const shmem_xattr_handlers: readonly XattrHandler[] = [
  { prefix: XATTR_SECURITY_PREFIX, get: simple_xattr_get, set: shmem_xattr_set },
  { prefix: XATTR_TRUSTED_PREFIX, get: simple_xattr_get, set: shmem_xattr_set },
  { prefix: XATTR_USER_PREFIX, get: simple_xattr_get, set: shmem_xattr_set },
];

/* Hashed by the kind of file. */
const shmem_special_iops: InodeOperations = {};
const shmem_inode_operations: InodeOperations = { truncate: shmem_truncate };
const shmem_symlink_iops: InodeOperations = { readlink: (dentry) => dentry.d_inode!.i_private as string };
const shmem_dir_iops: InodeOperations = {
  create: (dir, dentry, mode, task) => shmem_mknod(dir, dentry, mode, 0, task),
  mkdir: (dir, dentry, mode, task) => shmem_mknod(dir, dentry, mode, 0, task),
  mknod: shmem_mknod,
  tmpfile: shmem_tmpfile,
  symlink: shmem_symlink,
  link: shmem_link,
  unlink: shmem_unlink,
  rmdir: shmem_rmdir,
  rename: shmem_rename,
};

const FILE_OPERATIONS: ReadonlyMap<number, InodeOperations> = new Map([
  [S_IFREG, shmem_inode_operations],
  [S_IFDIR, shmem_dir_iops],
  [S_IFLNK, shmem_symlink_iops],
]);

function shmem_evict_inode(inode: Inode): void {
  const info = sbinfo(inode.i_sb);
  info.used_inodes--;
  for (const [name, value] of inode.i_xattrs ?? []) info.xattr_space -= simple_xattr_space(name, value);
  if (inode.i_mapping) shmem_mapping(inode).truncate(0);
}

function shmem_statfs(sb: SuperBlock): Kstatfs {
  const info = sbinfo(sb);
  const blocks = info.max_blocks === Infinity ? 0 : info.max_blocks;
  const files = info.max_inodes === Infinity ? 0 : info.max_inodes;
  return {
    blocks,
    bfree: blocks ? blocks - info.used_blocks : 0,
    files,
    ffree: files ? Math.floor(free_ispace(info, sb) / BOGO_INODE_SIZE) : 0,
  };
}

const shmem_ops: SuperOperations = {
  statfs: shmem_statfs,
  evict_inode: shmem_evict_inode,
  show_options: (sb) => sbinfo(sb).shown,
};

export interface ShmemOptions {
  max_blocks?: number;
  max_inodes?: number;
  mode?: number;
  uid?: number;
  gid?: number;
}

/** A fresh tmpfs with its root directory. Unless told otherwise: half of RAM, and as many files as half its pages. */
export function shmem_fill_super(kernel: Kernel, name: string, options: ShmemOptions): SuperBlock {
  const half = Math.floor(kernel.mm.totalram_pages / 2);
  const info: ShmemSbInfo = {
    max_blocks: options.max_blocks ?? half,
    used_blocks: 0,
    max_inodes: options.max_inodes ?? half,
    used_inodes: 0,
    xattr_space: 0,
    mode: options.mode ?? 0o1777,
    uid: options.uid ?? 0,
    gid: options.gid ?? 0,
    shown: shown_options(options, half),
  };
  const sb = new_super(kernel, name, TMPFS_MAGIC, shmem_ops);
  sb.s_xattr = shmem_xattr_handlers;
  sb.s_fs_info = info;
  const root = shmem_get_inode(sb, S_IFDIR | info.mode, 0) as Inode;
  root.i_uid = info.uid;
  root.i_gid = info.gid;
  sb.s_root = d_make_root(sb, root);
  return sb;
}

/** Only what differs from the defaults is shown. */
function shown_options(options: ShmemOptions, half: number): string {
  let text = '';
  const { max_blocks = half, max_inodes = half, mode = 0o1777, uid = 0, gid = 0 } = options;
  if (max_blocks !== half) text += `,size=${max_blocks === Infinity ? 0 : max_blocks * (PAGE_SIZE / 1024)}k`;
  if (max_inodes !== half) text += `,nr_inodes=${max_inodes === Infinity ? 0 : max_inodes}`;
  if (mode !== 0o1777) text += `,mode=${mode.toString(8).padStart(3, '0')}`;
  if (uid !== 0) text += `,uid=${uid}`;
  if (gid !== 0) text += `,gid=${gid}`;
  return `${text},inode64`;
}

export function init_tmpfs(kernel: Kernel): void {
  register_filesystem(kernel, {
    name: 'tmpfs',
    nodev: true,
    get_tree: (k, data) => {
      const options = shmem_parse_options(k, data);
      return typeof options === 'number' ? options : shmem_fill_super(k, 'tmpfs', options);
    },
  });
}

/** "size=10%,mode=755": the options of tmpfs(5), or -EINVAL. */
function shmem_parse_options(kernel: Kernel, data: string): ShmemOptions | number {
  const options: ShmemOptions = {};
  for (const part of data.split(',').filter((text) => text !== '')) {
    const [, name, value] = /^([^=]*)=?(.*)$/.exec(part)!;
    if (!shmem_parse_one(kernel, options, name!, value!)) return -EINVAL;
  }
  return options;
}

function shmem_parse_one(kernel: Kernel, options: ShmemOptions, name: string, value: string): boolean {
  switch (name) {
    case 'size': {
      const bytes = memparse(value, kernel.mm.totalram_pages * PAGE_SIZE);
      options.max_blocks = Math.ceil(bytes / PAGE_SIZE) || Infinity;
      return bytes >= 0;
    }
    case 'nr_blocks':
      options.max_blocks = memparse(value, 0) || Infinity;
      return options.max_blocks >= 0;
    case 'nr_inodes':
      options.max_inodes = memparse(value, 0) || Infinity;
      return options.max_inodes >= 0;
    case 'mode':
      options.mode = Number.parseInt(value, 8) & 0o7777;
      return /^[0-7]+$/.test(value);
    case 'uid':
    case 'gid':
      options[name] = Number(value);
      return /^\d+$/.test(value);
    default:
      return IGNORED_OPTIONS.has(name);
  }
}

/** Accepted because programs pass them; they ask for what is not there anyway. */
const IGNORED_OPTIONS: ReadonlySet<string> = new Set(['noswap', 'inode64', 'inode32', 'huge']);

const SUFFIXES = 'kmgtpe';

/** "64m", "10%" (of `whole`); -1 for nonsense. */
function memparse(text: string, whole: number): number {
  const match = /^(\d+)([kmgtpe%]?)$/i.exec(text);
  if (!match) return -1;
  const value = Number(match[1]);
  const suffix = match[2]!.toLowerCase();
  if (suffix === '%') return Math.floor((whole * value) / 100);
  return suffix ? value * 1024 ** (SUFFIXES.indexOf(suffix) + 1) : value;
}
