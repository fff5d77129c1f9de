/*
 * kernel/fs/access.ts - where a process stands, and what it could do there
 *
 * Linux:   fs/open.c (faccessat, chdir, fchdir, chroot), fs/d_path.c (getcwd), kernel/sys.c (umask)
 * Manual:  access(2), chdir(2), chroot(2), getcwd(2), umask(2)
 */

import { CAP_EMPTY_SET, type Cred } from '../cred.ts';
import type { Path } from '../include/linux/fs.ts';
import {
  LOOKUP_DIRECTORY,
  LOOKUP_FOLLOW,
  MAY_ACCESS,
  MAY_CHDIR,
  MAY_EXEC,
  MAY_WRITE,
} from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import {
  EACCES,
  EFAULT,
  EINVAL,
  ENOENT,
  ENOTDIR,
  EPERM,
  ERANGE,
  EROFS,
  ENAMETOOLONG,
} from '../include/uapi/errno.ts';
import { AT_EACCESS, AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW } from '../include/uapi/fcntl.ts';
import { MS_NOEXEC } from '../include/uapi/mount.ts';
import { S_IRWXUGO, S_ISDIR, S_ISLNK, S_ISREG } from '../include/uapi/stat.ts';
import { string_to_bytes } from '../lib/bytes.ts';
import { copy_to_user } from '../lib/usercopy.ts';
import {
  bits,
  dirfd,
  int,
  octal,
  outptr,
  path as pathArg,
  size,
  SYSCALL_DEFINE,
} from '../syscalls/define.ts';
import { accessFlags } from './arg_types.ts';
import { lookup_of } from './attr.ts';
import { d_absolute_cwd } from './dcache.ts';
import { fdget_raw } from './file.ts';
import { set_fs_pwd, set_fs_root } from './fs_struct.ts';
import { filename_lookup_as, getname, user_path_at } from './namei.ts';
import { may_chroot, mnt_is_readonly } from './namespace.ts';
import { inode_permission } from './permission.ts';
import { make_root_uid } from '../user_namespace.ts';

/** PATH_MAX, which is also the longest answer of getcwd(). */
const PATH_MAX = 4096;

/** access(2) asks for the real user: what a set-user-ID program's caller could do. */
function access_override_creds(cred: Cred): Cred {
  const root = cred.uid === make_root_uid(cred.user_ns);
  return {
    ...cred,
    fsuid: cred.uid,
    fsgid: cred.gid,
    cap_effective: root ? cred.cap_permitted : CAP_EMPTY_SET,
  };
}

function do_faccessat(task: Task, dfd: number, filename: UserPtr, mode: number, flags: number): number {
  if (mode & ~0o7) return -EINVAL;
  if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  const lookup = lookup_of(flags);
  const name = getname(task, filename, lookup);
  if (typeof name === 'number') return name;

  const cred = flags & AT_EACCESS ? task.cred : access_override_creds(task.cred);
  const path = filename_lookup_as(task, cred, dfd, name, lookup);
  return typeof path === 'number' ? path : access_path(cred, path, mode);
}

function access_path(cred: Cred, path: Path, mode: number): number {
  const inode = path.dentry.d_inode!;
  if (mode & MAY_EXEC && S_ISREG(inode.i_mode) && path.mnt.mnt_flags & MS_NOEXEC) return -EACCES;
  const err = inode_permission(cred, inode, mode | MAY_ACCESS);
  if (err < 0) return err;
  // "Write access to a device on a read-only file system" is no contradiction.
  const stored = S_ISREG(inode.i_mode) || S_ISDIR(inode.i_mode) || S_ISLNK(inode.i_mode);
  return mode & MAY_WRITE && stored && mnt_is_readonly(path.mnt) ? -EROFS : 0;
}

const accessMode = bits({ R_OK: 4, W_OK: 2, X_OK: 1 }, 'F_OK');

export const sys_faccessat = SYSCALL_DEFINE(
  'faccessat',
  { dfd: dirfd, filename: pathArg, mode: accessMode },
  (task, { dfd, filename, mode }) => do_faccessat(task, dfd, filename, mode, 0),
);

export const sys_faccessat2 = SYSCALL_DEFINE(
  'faccessat2',
  { dfd: dirfd, filename: pathArg, mode: accessMode, flags: accessFlags },
  (task, { dfd, filename, mode, flags }) => do_faccessat(task, dfd, filename, mode, flags),
);

const may_enter = (task: Task, path: Path): number =>
  inode_permission(task.cred, path.dentry.d_inode!, MAY_EXEC | MAY_CHDIR);

export const sys_chdir = SYSCALL_DEFINE('chdir', { filename: pathArg }, (task, { filename }) => {
  const path = user_path_at(task, AT_FDCWD, filename, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (typeof path === 'number') return path;
  const err = may_enter(task, path);
  if (err === 0) set_fs_pwd(task.fs, path);
  return err;
});

export const sys_fchdir = SYSCALL_DEFINE('fchdir', { fd: int }, (task, { fd }) => {
  const file = fdget_raw(task, fd);
  if (typeof file === 'number') return file;
  if (!S_ISDIR(file.f_inode.i_mode)) return -ENOTDIR;
  const err = may_enter(task, file.f_path);
  if (err === 0) set_fs_pwd(task.fs, file.f_path);
  return err;
});

export const sys_chroot = SYSCALL_DEFINE('chroot', { filename: pathArg }, (task, { filename }) => {
  const path = user_path_at(task, AT_FDCWD, filename, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (typeof path === 'number') return path;
  const err = may_enter(task, path);
  if (err < 0) return err;
  if (!may_chroot(task)) return -EPERM;
  set_fs_root(task.fs, path);
  return 0;
});

/** The result is the length with its NUL: libc turns it into the pointer. */
export const sys_getcwd = SYSCALL_DEFINE('getcwd', { buf: outptr, size }, (task, { buf, size }) => {
  const text = d_absolute_cwd(task.fs.pwd, task.fs.root);
  if (text === null) return -ENOENT;
  if (text.length + 1 > PATH_MAX) return -ENAMETOOLONG;
  if (text.length + 1 > size) return -ERANGE;
  const bytes = string_to_bytes(`${text}\0`);
  return copy_to_user(task, buf, bytes) ? -EFAULT : bytes.length;
});

export const sys_umask = SYSCALL_DEFINE('umask', { mask: octal }, (task, { mask }) => {
  const old = task.fs.umask;
  task.fs.umask = mask & S_IRWXUGO;
  return old;
});
