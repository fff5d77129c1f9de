/*
 * kernel/fs/stat.ts - what is known about a file
 *
 * Linux:   fs/stat.c
 * Manual:  stat(2), statx(2), readlink(2)
 */

import type { Path, Timespec } from '../include/linux/fs.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { NULL, PAGE_SIZE, type UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL, ENOENT } from '../include/uapi/errno.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_SYNC_TYPE,
  AT_SYMLINK_NOFOLLOW,
} from '../include/uapi/fcntl.ts';
import {
  MAJOR,
  MINOR,
  new_encode_dev,
  STATX__RESERVED,
  STATX_ATTR_MOUNT_ROOT,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_MNT_ID,
  STATX_MNT_ID_UNIQUE,
  TMPFS_MAGIC,
} from '../include/uapi/stat.ts';
import { put_unaligned_le16, put_unaligned_le32, put_unaligned_le64, string_to_bytes } from '../lib/bytes.ts';
import { copy_to_user } from '../lib/usercopy.ts';
import {
  dirfd,
  flags as flagBits,
  int,
  outbuf,
  outptr,
  path as pathArg,
  SYSCALL_DEFINE,
} from '../syscalls/define.ts';
import { outstat, statFlags } from './arg_types.ts';
import { fdget_raw } from './file.ts';
import { filename_lookup, getname, vfs_readlink } from './namei.ts';

export interface Kstat {
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly dev: number;
  readonly rdev: number;
  readonly size: number;
  readonly blksize: number;
  /** In units of 512 bytes. */
  readonly blocks: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
  readonly btime: Timespec | null;
  readonly attributes: number;
  readonly attributes_mask: number;
}

const SECTORS_PER_PAGE = PAGE_SIZE / 512;
const STATX_ATTR_AUTOMOUNT = 0x1000;
const STATX_ATTR_VERITY = 0x10_0000;
const STATX_ATTR_DAX = 0x20_0000;
/** What tmpfs could say besides: compressed no, but immutable, append-only, no dump. */
const SHMEM_ATTRIBUTES = 0x70;

export function vfs_getattr(path: Path, task: Task): Kstat {
  const { dentry } = path;
  const inode = dentry.d_inode!;
  inode.i_op.getattr?.(dentry, task);
  const shmem = inode.i_sb.s_magic === TMPFS_MAGIC;
  return {
    ino: inode.i_ino,
    mode: inode.i_mode,
    nlink: inode.i_nlink,
    uid: inode.i_uid,
    gid: inode.i_gid,
    dev: inode.i_sb.s_dev,
    rdev: inode.i_rdev,
    size: inode.i_size,
    blksize: inode.i_sb.s_blocksize,
    blocks: (inode.i_mapping?.nrpages ?? 0) * SECTORS_PER_PAGE,
    atime: inode.i_atime,
    mtime: inode.i_mtime,
    ctime: inode.i_ctime,
    btime: shmem ? inode.i_btime : null,
    attributes: dentry === path.mnt.mnt_root ? STATX_ATTR_MOUNT_ROOT : 0,
    attributes_mask:
      STATX_ATTR_AUTOMOUNT |
      STATX_ATTR_VERITY |
      STATX_ATTR_DAX |
      STATX_ATTR_MOUNT_ROOT |
      (shmem ? SHMEM_ATTRIBUTES : 0),
  };
}

const STAT_SIZE = 128;

/** struct stat of arm64 (include/uapi/asm-generic/stat.h). */
function cp_new_stat(task: Task, stat: Kstat, to: UserPtr): number {
  const b = new Uint8Array(STAT_SIZE);
  put_unaligned_le64(new_encode_dev(stat.dev), b, 0);
  put_unaligned_le64(stat.ino, b, 8);
  put_unaligned_le32(stat.mode, b, 16);
  put_unaligned_le32(stat.nlink, b, 20);
  put_unaligned_le32(stat.uid, b, 24);
  put_unaligned_le32(stat.gid, b, 28);
  put_unaligned_le64(new_encode_dev(stat.rdev), b, 32);
  put_unaligned_le64(stat.size, b, 48);
  put_unaligned_le32(stat.blksize, b, 56);
  put_unaligned_le64(stat.blocks, b, 64);
  put_times(b, 72, stat.atime);
  put_times(b, 88, stat.mtime);
  put_times(b, 104, stat.ctime);
  return copy_to_user(task, to, b) ? -EFAULT : 0;
}

function put_times(b: Uint8Array, at: number, time: Timespec): void {
  put_unaligned_le64(time.sec, b, at);
  put_unaligned_le64(time.nsec, b, at + 8);
}

const STAT_FLAGS = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;

/** The file that a *stat*at call means. With AT_EMPTY_PATH no name, or no pointer at all, is the descriptor itself. */
function stat_path(task: Task, dfd: number, filename: UserPtr, flags: number): Path | number {
  if (flags & ~STAT_FLAGS) return -EINVAL;
  const empty = (flags & AT_EMPTY_PATH) !== 0;
  const name = empty && filename === NULL ? '' : getname(task, filename, empty ? LOOKUP_EMPTY : 0);
  if (typeof name === 'number') return name;
  return filename_lookup(task, dfd, name, flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW);
}

export const sys_newfstatat = SYSCALL_DEFINE(
  'newfstatat',
  { dfd: dirfd, filename: pathArg, statbuf: outstat, flag: statFlags },
  (task, { dfd, filename, statbuf, flag }) => {
    const path = stat_path(task, dfd, filename, flag);
    return typeof path === 'number' ? path : cp_new_stat(task, vfs_getattr(path, task), statbuf);
  },
);

export const sys_newfstat = SYSCALL_DEFINE(
  'fstat',
  { fd: int, statbuf: outstat },
  (task, { fd, statbuf }) => {
    const file = fdget_raw(task, fd);
    return typeof file === 'number' ? file : cp_new_stat(task, vfs_getattr(file.f_path, task), statbuf);
  },
);

const STATX_SIZE = 256;

export const sys_statx = SYSCALL_DEFINE(
  'statx',
  { dfd: dirfd, filename: pathArg, flags: statFlags, mask: flagBits, buffer: outptr },
  (task, { dfd, filename, flags, mask, buffer }) => {
    if (mask & STATX__RESERVED) return -EINVAL;
    if ((flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE) return -EINVAL;
    const path = stat_path(task, dfd, filename, flags);
    return typeof path === 'number' ? path : cp_statx(task, path, mask, buffer);
  },
);

function cp_statx(task: Task, path: Path, wanted: number, to: UserPtr): number {
  const stat = vfs_getattr(path, task);
  const b = new Uint8Array(STATX_SIZE);
  const btime = wanted & STATX_BTIME ? stat.btime : null;
  const mount = wanted & STATX_MNT_ID_UNIQUE ? STATX_MNT_ID_UNIQUE : STATX_MNT_ID;
  put_unaligned_le32(STATX_BASIC_STATS | mount | (btime ? STATX_BTIME : 0), b, 0);
  put_unaligned_le32(stat.blksize, b, 4);
  put_unaligned_le64(stat.attributes, b, 8);
  put_unaligned_le32(stat.nlink, b, 16);
  put_unaligned_le32(stat.uid, b, 20);
  put_unaligned_le32(stat.gid, b, 24);
  put_unaligned_le16(stat.mode, b, 28);
  put_unaligned_le64(stat.ino, b, 32);
  put_unaligned_le64(stat.size, b, 40);
  put_unaligned_le64(stat.blocks, b, 48);
  put_unaligned_le64(stat.attributes_mask, b, 56);
  put_statx_time(b, 64, stat.atime);
  if (btime) put_statx_time(b, 80, btime);
  put_statx_time(b, 96, stat.ctime);
  put_statx_time(b, 112, stat.mtime);
  put_unaligned_le32(MAJOR(stat.rdev), b, 128);
  put_unaligned_le32(MINOR(stat.rdev), b, 132);
  put_unaligned_le32(MAJOR(stat.dev), b, 136);
  put_unaligned_le32(MINOR(stat.dev), b, 140);
  put_unaligned_le64(mount === STATX_MNT_ID ? path.mnt.mnt_id : unique_mnt_id(path), b, 144);
  return copy_to_user(task, to, b) ? -EFAULT : 0;
}

/** Never used again in the machine's life, and never to be mistaken for an old-style one. */
const unique_mnt_id = (path: Path): number => 2 ** 31 + path.mnt.mnt_id;

function put_statx_time(b: Uint8Array, at: number, time: Timespec): void {
  put_unaligned_le64(time.sec, b, at);
  put_unaligned_le32(time.nsec, b, at + 8);
}

export const sys_readlinkat = SYSCALL_DEFINE(
  'readlinkat',
  { dfd: dirfd, pathname: pathArg, buf: outbuf, bufsiz: int },
  (task, { dfd, pathname, buf, bufsiz }) => {
    if (bufsiz <= 0) return -EINVAL;
    const name = getname(task, pathname, LOOKUP_EMPTY);
    if (typeof name === 'number') return name;
    if (name === '' && dfd === AT_FDCWD) return -ENOENT;
    const path = filename_lookup(task, dfd, name, 0);
    if (typeof path === 'number') return path;

    const text = vfs_readlink(path, task);
    if (typeof text === 'number') return text === -EINVAL && name === '' ? -ENOENT : text;
    const bytes = string_to_bytes(text.slice(0, bufsiz)); // "silently truncated" - readlink(2)
    return copy_to_user(task, buf, bytes) ? -EFAULT : bytes.length;
  },
);
