/*
 * kernel/fs/dirops.ts - names are made, removed and moved
 *
 * Linux:   fs/namei.c (filename_create, do_mkdirat ... do_renameat2, vfs_*)
 * Manual:  mkdir(2), mknod(2), unlink(2), rmdir(2), link(2), symlink(2), rename(2)
 * Differs: a file of its own; upstream's namei.c is 5000 lines
 * Absent:  RENAME_WHITEOUT
 */

import { CAP_DAC_READ_SEARCH, CAP_FSETID, CAP_MKNOD, capable, in_group_p } from '../cred.ts';
import type { Dentry, Inode, Path } from '../include/linux/fs.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, MAY_EXEC, MAY_WRITE } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import {
  EACCES,
  EBUSY,
  EEXIST,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EOPNOTSUPP,
  EPERM,
  EROFS,
  EXDEV,
} from '../include/uapi/errno.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
} from '../include/uapi/fcntl.ts';
import {
  S_IALLUGO,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_IRWXUGO,
  S_ISDIR,
  S_ISGID,
  S_ISVTX,
  S_IXGRP,
  new_decode_dev,
} from '../include/uapi/stat.ts';
import { SYSCALL_DEFINE, dirfd, octal, path as pathArg, uint } from '../syscalls/define.ts';
import { fileMode, linkFlags, renameFlags, unlinkFlags } from './arg_types.ts';
import { d_ancestor } from './dcache.ts';
import { I_LINKABLE } from './inode.ts';
import {
  LAST_DOT,
  LAST_DOTDOT,
  LAST_NORM,
  type Nameidata,
  filename_lookup,
  filename_parentat,
  getname,
  lookup_one,
} from './namei.ts';
import { mnt_is_readonly } from './namespace.ts';
import { inode_permission, may_create, may_delete } from './permission.ts';

/** The parent and a negative dentry for the new name, or -errno. `isdir`: a trailing slash is allowed. */
export function filename_create(
  task: Task,
  dfd: number,
  name: string,
  isdir: boolean,
): { dir: Path; dentry: Dentry } | number {
  const nd = filename_parentat(task, dfd, name, 0);
  if (typeof nd === 'number') return nd;
  if (nd.last_type !== LAST_NORM) return -EEXIST;

  const dentry = lookup_one(nd.path.dentry, nd.last, task);
  if (typeof dentry === 'number') return dentry;
  if (dentry.d_inode) return -EEXIST;
  if (nd.last_slash && !isdir) return -ENOENT; // "new/" names a directory, and there is none
  if (mnt_is_readonly(nd.path.mnt)) return -EROFS;
  return { dir: nd.path, dentry };
}

/** The set-group-ID bit of a program is for members of the directory's group. */
function strip_sgid(task: Task, dir: Inode, mode: number): number {
  if ((mode & (S_ISGID | S_IXGRP)) !== (S_ISGID | S_IXGRP) || S_ISDIR(mode)) return mode;
  if ((dir.i_mode & S_ISGID) === 0) return mode;
  return in_group_p(task, dir.i_gid) || capable(task, CAP_FSETID) ? mode : mode & ~S_ISGID;
}

/** `mode` is complete: type, umask taken off. */
export function vfs_create(task: Task, dir: Dentry, dentry: Dentry, mode: number): number {
  const err = may_create(task.cred, dir);
  if (err < 0) return err;
  const inode = dir.d_inode!;
  return inode.i_op.create?.(dir, dentry, strip_sgid(task, inode, mode), task) ?? -EACCES;
}

export function vfs_tmpfile(task: Task, dir: Dentry, mode: number): Dentry | number {
  const err = inode_permission(task.cred, dir.d_inode!, MAY_WRITE | MAY_EXEC);
  if (err < 0) return err;
  return dir.d_inode!.i_op.tmpfile?.(dir, mode, task) ?? -EOPNOTSUPP;
}

export function vfs_mkdir(task: Task, dir: Dentry, dentry: Dentry, mode: number): number {
  const err = may_create(task.cred, dir);
  if (err < 0) return err;
  return dir.d_inode!.i_op.mkdir?.(dir, dentry, (mode & (S_IRWXUGO | S_ISVTX)) | S_IFDIR, task) ?? -EPERM;
}

export function vfs_mknod(task: Task, dir: Dentry, dentry: Dentry, mode: number, rdev: number): number {
  const err = may_create(task.cred, dir);
  if (err < 0) return err;
  const device = [S_IFCHR, S_IFBLK].includes(mode & S_IFMT);
  if (device && !capable(task, CAP_MKNOD)) return -EPERM;
  const stripped = strip_sgid(task, dir.d_inode!, mode);
  return dir.d_inode!.i_op.mknod?.(dir, dentry, stripped, rdev, task) ?? -EPERM;
}

export function vfs_symlink(task: Task, dir: Dentry, dentry: Dentry, target: string): number {
  const err = may_create(task.cred, dir);
  if (err < 0) return err;
  return dir.d_inode!.i_op.symlink?.(dir, dentry, target, task) ?? -EPERM;
}

export function vfs_unlink(task: Task, dir: Dentry, dentry: Dentry): number {
  const err = may_delete(task.cred, dir, dentry, false);
  if (err < 0) return err;
  const { unlink } = dir.d_inode!.i_op;
  if (!unlink) return -EPERM;
  return dentry.d_mounted ? -EBUSY : unlink(dir, dentry);
}

export function vfs_rmdir(task: Task, dir: Dentry, dentry: Dentry): number {
  const err = may_delete(task.cred, dir, dentry, true);
  if (err < 0) return err;
  const { rmdir } = dir.d_inode!.i_op;
  if (!rmdir) return -EPERM;
  return dentry.d_mounted ? -EBUSY : rmdir(dir, dentry);
}

export const sys_mkdirat = SYSCALL_DEFINE(
  'mkdirat',
  { dfd: dirfd, pathname: pathArg, mode: octal },
  (task, { dfd, pathname, mode }) => {
    const name = getname(task, pathname);
    if (typeof name === 'number') return name;
    const at = filename_create(task, dfd, name, true);
    if (typeof at === 'number') return at;
    return vfs_mkdir(task, at.dir.dentry, at.dentry, mode & ~task.fs.umask);
  },
);

const MKNOD_KINDS = [S_IFREG, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK];

export const sys_mknodat = SYSCALL_DEFINE(
  'mknodat',
  { dfd: dirfd, filename: pathArg, mode: fileMode, dev: uint },
  (task, { dfd, filename, mode, dev }) => {
    const kind = mode & S_IFMT || S_IFREG;
    if (kind === S_IFDIR) return -EPERM;
    if (!MKNOD_KINDS.includes(kind)) return -EINVAL;
    const name = getname(task, filename);
    if (typeof name === 'number') return name;
    const at = filename_create(task, dfd, name, false);
    if (typeof at === 'number') return at;

    const wanted = (mode & S_IALLUGO & ~task.fs.umask) | kind;
    const dir = at.dir.dentry;
    if (kind === S_IFREG) return vfs_create(task, dir, at.dentry, wanted);
    const device = kind === S_IFCHR || kind === S_IFBLK;
    return vfs_mknod(task, dir, at.dentry, wanted, device ? new_decode_dev(dev) : 0);
  },
);

export const sys_symlinkat = SYSCALL_DEFINE(
  'symlinkat',
  { oldname: pathArg, newdfd: dirfd, newname: pathArg },
  (task, { oldname, newdfd, newname }) => {
    const target = getname(task, oldname);
    if (typeof target === 'number') return target;
    const name = getname(task, newname);
    if (typeof name === 'number') return name;
    const at = filename_create(task, newdfd, name, false);
    if (typeof at === 'number') return at;
    return vfs_symlink(task, at.dir.dentry, at.dentry, target);
  },
);

export const sys_unlinkat = SYSCALL_DEFINE(
  'unlinkat',
  { dfd: dirfd, pathname: pathArg, flag: unlinkFlags },
  (task, { dfd, pathname, flag }) => {
    if (flag & ~AT_REMOVEDIR) return -EINVAL;
    const name = getname(task, pathname);
    if (typeof name === 'number') return name;
    const nd = filename_parentat(task, dfd, name, 0);
    if (typeof nd === 'number') return nd;
    return flag & AT_REMOVEDIR ? do_rmdir(task, nd) : do_unlink(task, nd);
  },
);

function do_rmdir(task: Task, nd: Nameidata): number {
  if (nd.last_type === LAST_DOTDOT) return -ENOTEMPTY;
  if (nd.last_type === LAST_DOT) return -EINVAL;
  if (nd.last_type !== LAST_NORM) return -EBUSY;
  if (mnt_is_readonly(nd.path.mnt)) return -EROFS;

  const dentry = lookup_one(nd.path.dentry, nd.last, task);
  if (typeof dentry === 'number') return dentry;
  return dentry.d_inode ? vfs_rmdir(task, nd.path.dentry, dentry) : -ENOENT;
}

function do_unlink(task: Task, nd: Nameidata): number {
  if (nd.last_type !== LAST_NORM) return -EISDIR;
  if (mnt_is_readonly(nd.path.mnt)) return -EROFS;

  const dentry = lookup_one(nd.path.dentry, nd.last, task);
  if (typeof dentry === 'number') return dentry;
  if (!dentry.d_inode) return -ENOENT;
  if (nd.last_slash) return S_ISDIR(dentry.d_inode.i_mode) ? -EISDIR : -ENOTDIR;
  return vfs_unlink(task, nd.path.dentry, dentry);
}

export const sys_linkat = SYSCALL_DEFINE(
  'linkat',
  { olddfd: dirfd, oldname: pathArg, newdfd: dirfd, newname: pathArg, flags: linkFlags },
  (task, { olddfd, oldname, newdfd, newname, flags }) => {
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) return -EINVAL;
    const old = link_source(task, olddfd, oldname, flags);
    if (typeof old === 'number') return old;
    const name = getname(task, newname);
    if (typeof name === 'number') return name;
    const at = filename_create(task, newdfd, name, false);
    if (typeof at === 'number') return at;
    if (at.dir.mnt !== old.mnt) return -EXDEV;
    return vfs_link(task, old.dentry, at.dir.dentry, at.dentry);
  },
);

function link_source(task: Task, dfd: number, from: UserPtr, flags: number): Path | number {
  const empty = flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0;
  const name = getname(task, from, empty);
  if (typeof name === 'number') return name;
  // Naming a file by its descriptor alone would let a descriptor that was passed on become a name.
  if (name === '' && dfd !== AT_FDCWD && !may_link_by_fd(task, dfd)) return -ENOENT;
  return filename_lookup(task, dfd, name, flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0);
}

/** "...or the descriptor was opened with the caller's current credentials." */
const may_link_by_fd = (task: Task, dfd: number): boolean =>
  capable(task, CAP_DAC_READ_SEARCH) || task.files?.fd[dfd]?.f_cred === task.cred;

export function vfs_link(task: Task, old: Dentry, dir: Dentry, dentry: Dentry): number {
  const inode = old.d_inode!;
  const err = may_create(task.cred, dir);
  if (err < 0) return err;
  if (dir.d_sb !== inode.i_sb) return -EXDEV;
  const { link } = dir.d_inode!.i_op;
  if (!link || S_ISDIR(inode.i_mode)) return -EPERM;
  if (inode.i_nlink === 0 && (inode.i_state & I_LINKABLE) === 0) return -ENOENT;
  return link(old, dir, dentry);
}

export const sys_renameat2 = SYSCALL_DEFINE(
  'renameat2',
  { olddfd: dirfd, oldname: pathArg, newdfd: dirfd, newname: pathArg, flags: renameFlags },
  (task, { olddfd, oldname, newdfd, newname, flags }) =>
    do_renameat2(task, olddfd, oldname, newdfd, newname, flags),
);

export const sys_renameat = SYSCALL_DEFINE(
  'renameat',
  { olddfd: dirfd, oldname: pathArg, newdfd: dirfd, newname: pathArg },
  (task, { olddfd, oldname, newdfd, newname }) => do_renameat2(task, olddfd, oldname, newdfd, newname, 0),
);

function do_renameat2(
  task: Task,
  olddfd: number,
  oldname: UserPtr,
  newdfd: number,
  newname: UserPtr,
  flags: number,
): number {
  if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) return -EINVAL;
  if (flags & RENAME_WHITEOUT) return -EINVAL;
  if (flags & RENAME_NOREPLACE && flags & RENAME_EXCHANGE) return -EINVAL;

  const old_nd = user_parentat(task, olddfd, oldname);
  if (typeof old_nd === 'number') return old_nd;
  const new_nd = user_parentat(task, newdfd, newname);
  if (typeof new_nd === 'number') return new_nd;
  return rename_in(task, old_nd, new_nd, flags);
}

function user_parentat(task: Task, dfd: number, from: UserPtr): Nameidata | number {
  const name = getname(task, from);
  return typeof name === 'number' ? name : filename_parentat(task, dfd, name, 0);
}

function rename_in(task: Task, old_nd: Nameidata, new_nd: Nameidata, flags: number): number {
  if (old_nd.path.mnt !== new_nd.path.mnt) return -EXDEV;
  if (old_nd.last_type !== LAST_NORM) return -EBUSY;
  if (new_nd.last_type !== LAST_NORM) return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
  if (mnt_is_readonly(old_nd.path.mnt)) return -EROFS;

  const old_dir = old_nd.path.dentry;
  const new_dir = new_nd.path.dentry;
  const old = lookup_one(old_dir, old_nd.last, task);
  if (typeof old === 'number') return old;
  if (!old.d_inode) return -ENOENT;
  const target = lookup_one(new_dir, new_nd.last, task);
  if (typeof target === 'number') return target;

  const err = check_rename_names(old_nd, old, new_nd, target, flags);
  return err < 0 ? err : vfs_rename(task, old_dir, old, new_dir, target, flags);
}

function check_rename_names(
  old_nd: Nameidata,
  old: Dentry,
  new_nd: Nameidata,
  target: Dentry,
  flags: number,
): number {
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  if (flags & RENAME_NOREPLACE && target.d_inode) return -EEXIST;
  if (exchange && !target.d_inode) return -ENOENT;
  if (exchange && !S_ISDIR(target.d_inode!.i_mode) && new_nd.last_slash) return -ENOTDIR;
  if (!S_ISDIR(old.d_inode!.i_mode)) {
    if (old_nd.last_slash || (!exchange && new_nd.last_slash)) return -ENOTDIR;
  }

  // A directory cannot move into itself, nor take the place of one it is in.
  const [old_dir, new_dir] = [old_nd.path.dentry, new_nd.path.dentry];
  if (old === new_dir || d_ancestor(old, new_dir)) return -EINVAL;
  if (target === old_dir || d_ancestor(target, old_dir)) return exchange ? -EINVAL : -ENOTEMPTY;
  return 0;
}

export function vfs_rename(
  task: Task,
  old_dir: Dentry,
  old: Dentry,
  new_dir: Dentry,
  target: Dentry,
  flags: number,
): number {
  const source = old.d_inode!;
  if (source === target.d_inode) return 0; // two links to one file: "rename() does nothing"

  const err = may_rename(task, old_dir, old, new_dir, target, flags);
  if (err < 0) return err;
  const { rename } = old_dir.d_inode!.i_op;
  if (!rename) return -EPERM;
  if (old.d_mounted || target.d_mounted) return -EBUSY;
  return rename(old_dir, old, new_dir, target, flags);
}

function may_rename(
  task: Task,
  old_dir: Dentry,
  old: Dentry,
  new_dir: Dentry,
  target: Dentry,
  flags: number,
): number {
  const is_dir = S_ISDIR(old.d_inode!.i_mode);
  const target_is_dir = target.d_inode !== null && S_ISDIR(target.d_inode.i_mode);
  const exchange = (flags & RENAME_EXCHANGE) !== 0;

  let err = may_delete(task.cred, old_dir, old, is_dir);
  if (err < 0) return err;
  if (target.d_inode) err = may_delete(task.cred, new_dir, target, exchange ? target_is_dir : is_dir);
  else err = may_create(task.cred, new_dir);
  if (err < 0 || old_dir === new_dir) return err;

  // Its ".." will change, which is writing into it.
  if (is_dir) err = inode_permission(task.cred, old.d_inode!, MAY_WRITE);
  if (err === 0 && exchange && target_is_dir) err = inode_permission(task.cred, target.d_inode!, MAY_WRITE);
  return err;
}
