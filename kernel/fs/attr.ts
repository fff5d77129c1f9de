/*
 * kernel/fs/attr.ts - mode, owner, times and length of a file change
 *
 * Linux:   fs/attr.c, fs/open.c (chmod, chown, truncate, fallocate), fs/utimes.c
 * Manual:  chmod(2), chown(2), utimensat(2), truncate(2), fallocate(2)
 */

import { CAP_CHOWN, capable, in_group_p } from '../cred.ts';
import type { File, Inode, Path, Timespec } from '../include/linux/fs.ts';
import { FMODE_WRITE, LOOKUP_EMPTY, LOOKUP_FOLLOW, MAY_WRITE } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import {
  EACCES,
  EBADF,
  EFBIG,
  EINVAL,
  EISDIR,
  ENODEV,
  EOPNOTSUPP,
  EPERM,
  EROFS,
  ESPIPE,
  ETXTBSY,
} from '../include/uapi/errno.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
} from '../include/uapi/fcntl.ts';
import { RLIMIT_FSIZE } from '../include/uapi/resource.ts';
import { SIGXFSZ } from '../include/uapi/signal.ts';
import {
  S_IALLUGO,
  S_ISDIR,
  S_ISFIFO,
  S_ISGID,
  S_ISLNK,
  S_ISREG,
  S_ISUID,
  S_IXGRP,
} from '../include/uapi/stat.ts';
import { get_unaligned_sle64 } from '../lib/bytes.ts';
import { memdup_user } from '../lib/usercopy.ts';
import { send_sig } from '../signal.ts';
import { SYSCALL_DEFINE, dirfd, int, long, octal, path as pathArg, ptr, uint } from '../syscalls/define.ts';
import { fallocateMode, nofollowFlags } from './arg_types.ts';
import { fdget } from './file.ts';
import {
  current_time,
  file_remove_privs,
  get_write_access,
  inode_owner_or_capable,
  mode_strip_sgid,
  put_write_access,
  touch_ctime,
  touch_mtime,
} from './inode.ts';
import { user_path_at } from './namei.ts';
import { mnt_is_readonly } from './namespace.ts';
import { inode_permission } from './permission.ts';

/** What is to change. Absent: stays. */
export interface Iattr {
  mode?: number;
  uid?: number;
  gid?: number;
  atime?: Timespec;
  mtime?: Timespec;
  /** The times were named by the user, so only the owner may set them; otherwise "now", which a writer may too. */
  explicit?: boolean;
}

/** 0 or -errno. Who may change what, then the change. */
export function notify_change(task: Task, path: Path, attr: Iattr): number {
  if (mnt_is_readonly(path.mnt)) return -EROFS;
  const inode = path.dentry.d_inode!;
  const err = setattr_prepare(task, inode, attr) || (inode.i_op.setattr?.(path.dentry, attr) ?? 0);
  if (err < 0) return err;
  setattr_copy(task, inode, attr);
  return 0;
}

function setattr_prepare(task: Task, inode: Inode, attr: Iattr): number {
  if (attr.uid !== undefined && !chown_ok(task, inode, attr.uid)) return -EPERM;
  if (attr.gid !== undefined && !chgrp_ok(task, inode, attr.gid)) return -EPERM;
  if (attr.mode !== undefined && !inode_owner_or_capable(task, inode)) return -EPERM;

  if (attr.atime || attr.mtime) return may_set_times(task, inode, attr);
  return 0;
}

function may_set_times(task: Task, inode: Inode, attr: Iattr): number {
  if (inode_owner_or_capable(task, inode)) return 0;
  return attr.explicit ? -EPERM : inode_permission(task.cred, inode, MAY_WRITE);
}

const chown_ok = (task: Task, inode: Inode, uid: number): boolean =>
  (task.cred.fsuid === inode.i_uid && uid === inode.i_uid) || capable(task, CAP_CHOWN);

const chgrp_ok = (task: Task, inode: Inode, gid: number): boolean =>
  (task.cred.fsuid === inode.i_uid && (gid === inode.i_gid || in_group_p(task, gid))) ||
  capable(task, CAP_CHOWN);

function setattr_copy(task: Task, inode: Inode, attr: Iattr): void {
  if (attr.uid !== undefined) inode.i_uid = attr.uid;
  if (attr.gid !== undefined) inode.i_gid = attr.gid;
  if (attr.atime) inode.i_atime = attr.atime;
  if (attr.mtime) inode.i_mtime = attr.mtime;
  if (attr.mode !== undefined) {
    inode.i_mode = (inode.i_mode & ~S_IALLUGO) | mode_strip_sgid(task, inode, attr.mode & S_IALLUGO);
  }
  touch_ctime(inode);
}

function chmod_common(task: Task, path: Path | number, mode: number): number {
  if (typeof path === 'number') return path;
  if (S_ISLNK(path.dentry.d_inode!.i_mode)) return -EOPNOTSUPP; // the mode of a link means nothing
  return notify_change(task, path, { mode: mode & S_IALLUGO });
}

export const sys_fchmod = SYSCALL_DEFINE('fchmod', { fd: int, mode: octal }, (task, { fd, mode }) => {
  const file = fdget(task, fd);
  return typeof file === 'number' ? file : chmod_common(task, file.f_path, mode);
});

export const sys_fchmodat = SYSCALL_DEFINE(
  'fchmodat',
  { dfd: dirfd, filename: pathArg, mode: octal },
  (task, { dfd, filename, mode }) =>
    chmod_common(task, user_path_at(task, dfd, filename, LOOKUP_FOLLOW), mode),
);

export const sys_fchmodat2 = SYSCALL_DEFINE(
  'fchmodat2',
  { dfd: dirfd, filename: pathArg, mode: octal, flags: nofollowFlags },
  (task, { dfd, filename, mode, flags }) => {
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
    return chmod_common(task, user_path_at(task, dfd, filename, lookup_of(flags)), mode);
  },
);

/** AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH as LOOKUP_*. */
export const lookup_of = (flags: number): number =>
  (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);

/** -1 as an unsigned int: "do not change". */
const KEEP = 0xffff_ffff;

function chown_common(task: Task, path: Path | number, uid: number, gid: number): number {
  if (typeof path === 'number') return path;
  const inode = path.dentry.d_inode!;
  const attr: Iattr = {};
  if (uid !== KEEP) attr.uid = uid;
  if (gid !== KEEP) attr.gid = gid;

  const err = notify_change(task, path, attr);
  // A program that changes hands loses its privileges, whoever gave it away.
  if (err === 0 && !S_ISDIR(inode.i_mode)) inode.i_mode &= ~privileges(inode.i_mode);
  return err;
}

const privileges = (mode: number): number => (mode & S_ISUID) | (mode & S_IXGRP ? mode & S_ISGID : 0);

export const sys_fchown = SYSCALL_DEFINE(
  'fchown',
  { fd: int, user: uint, group: uint },
  (task, { fd, user, group }) => {
    const file = fdget(task, fd);
    return typeof file === 'number' ? file : chown_common(task, file.f_path, user, group);
  },
);

export const sys_fchownat = SYSCALL_DEFINE(
  'fchownat',
  { dfd: dirfd, filename: pathArg, user: uint, group: uint, flag: nofollowFlags },
  (task, { dfd, filename, user, group, flag }) => {
    if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
    return chown_common(task, user_path_at(task, dfd, filename, lookup_of(flag)), user, group);
  },
);

const UTIME_NOW = 0x3fff_ffff;
const UTIME_OMIT = 0x3fff_fffe;

export const sys_utimensat = SYSCALL_DEFINE(
  'utimensat',
  { dfd: dirfd, filename: pathArg, utimes: ptr, flags: nofollowFlags },
  (task, { dfd, filename, utimes, flags }) => {
    const times = utimes === NULL ? null : read_times(task, utimes);
    if (typeof times === 'number') return times;
    if (times && times[0].nsec === UTIME_OMIT && times[1].nsec === UTIME_OMIT) return 0;

    const path = utimes_path(task, dfd, filename, flags);
    return typeof path === 'number' ? path : vfs_utimes(task, path, times);
  },
);

/** No name at all means the descriptor. */
function utimes_path(task: Task, dfd: number, filename: UserPtr, flags: number): Path | number {
  if (filename === NULL && dfd !== AT_FDCWD) {
    if (flags) return -EINVAL;
    const file = fdget(task, dfd);
    return typeof file === 'number' ? file : file.f_path;
  }
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  return user_path_at(task, dfd, filename, lookup_of(flags));
}

type Times = readonly [atime: Timespec, mtime: Timespec];

function read_times(task: Task, from: UserPtr): Times | number {
  const bytes = memdup_user(task, from, 32);
  if (typeof bytes === 'number') return bytes;
  const at = (offset: number): Timespec => ({
    sec: get_unaligned_sle64(bytes, offset),
    nsec: get_unaligned_sle64(bytes, offset + 8),
  });
  return [at(0), at(16)];
}

const nsec_valid = (nsec: number): boolean =>
  nsec === UTIME_NOW || nsec === UTIME_OMIT || (nsec >= 0 && nsec < 1e9);

/** null: both to now. */
export function vfs_utimes(task: Task, path: Path, times: Times | null): number {
  if (times && !(nsec_valid(times[0].nsec) && nsec_valid(times[1].nsec))) return -EINVAL;
  const now = current_time(path.dentry.d_inode!);
  const attr: Iattr = {};
  const [atime, mtime] = times ?? [NOW, NOW];
  if (atime.nsec !== UTIME_OMIT) attr.atime = atime.nsec === UTIME_NOW ? now : atime;
  if (mtime.nsec !== UTIME_OMIT) attr.mtime = mtime.nsec === UTIME_NOW ? now : mtime;
  // Only "both to now" is a writer's right; one of them alone is the owner's.
  attr.explicit = atime.nsec !== UTIME_NOW || mtime.nsec !== UTIME_NOW;
  const err = notify_change(task, path, attr);
  return err === -EPERM && !attr.explicit ? -EACCES : err;
}

const NOW: Timespec = { sec: 0, nsec: UTIME_NOW };

/** Growing past RLIMIT_FSIZE is EFBIG and a signal. */
export function inode_newsize_ok(task: Task, inode: Inode, size: number): number {
  if (size <= inode.i_size || size <= task.signal.rlim[RLIMIT_FSIZE]!.cur) return 0;
  send_sig(SIGXFSZ, task, false);
  return -EFBIG;
}

/** The file's length changes; 0 or -errno. The right to write was checked. */
export function do_truncate(task: Task, path: Path, length: number): number {
  const inode = path.dentry.d_inode!;
  if (length < 0) return -EINVAL;
  const { truncate } = inode.i_op;
  if (!truncate) return 0;

  const err = inode_newsize_ok(task, inode, length) || truncate(inode, length);
  if (err < 0) return err;
  file_remove_privs(task, inode);
  touch_mtime(inode);
  return 0;
}

export const sys_truncate = SYSCALL_DEFINE(
  'truncate',
  { path: pathArg, length: long },
  (task, { path: from, length }) => {
    if (length < 0) return -EINVAL;
    const path = user_path_at(task, AT_FDCWD, from, LOOKUP_FOLLOW);
    return typeof path === 'number' ? path : vfs_truncate(task, path, length);
  },
);

function vfs_truncate(task: Task, path: Path, length: number): number {
  const inode = path.dentry.d_inode!;
  if (S_ISDIR(inode.i_mode)) return -EISDIR;
  if (!S_ISREG(inode.i_mode)) return -EINVAL;
  if (mnt_is_readonly(path.mnt)) return -EROFS;
  const err = inode_permission(task.cred, inode, MAY_WRITE);
  if (err < 0) return err;

  if (!get_write_access(inode)) return -ETXTBSY;
  const ret = do_truncate(task, path, length);
  put_write_access(inode);
  return ret;
}

export const sys_ftruncate = SYSCALL_DEFINE(
  'ftruncate',
  { fd: int, length: long },
  (task, { fd, length }) => {
    if (length < 0) return -EINVAL;
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    if (!S_ISREG(file.f_inode.i_mode) || (file.f_mode & FMODE_WRITE) === 0) return -EINVAL;
    return do_truncate(task, file.f_path, length);
  },
);

export const sys_fallocate = SYSCALL_DEFINE(
  'fallocate',
  { fd: int, mode: fallocateMode, offset: long, len: long },
  (task, { fd, mode, offset, len }) => {
    const file = fdget(task, fd);
    return typeof file === 'number' ? file : vfs_fallocate(task, file, mode, offset, len);
  },
);

function vfs_fallocate(task: Task, file: File, mode: number, offset: number, length: number): number {
  const { i_mode } = file.f_inode;
  if (offset < 0 || length <= 0) return -EINVAL;
  if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) return -EOPNOTSUPP;
  if (mode === FALLOC_FL_PUNCH_HOLE) return -EOPNOTSUPP; // a hole never changes the size, and must say so
  if ((file.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (S_ISFIFO(i_mode)) return -ESPIPE;
  if (S_ISDIR(i_mode)) return -EISDIR;
  if (!S_ISREG(i_mode)) return -ENODEV;
  if (offset + length >= 2 ** 63) return -EFBIG;

  const err = file.f_op.fallocate?.(file, mode, offset, length, task) ?? -EOPNOTSUPP;
  if (err === 0) file_remove_privs(task, file.f_inode);
  return err;
}
