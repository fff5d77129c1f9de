/*
 * kernel/fs/xattr_syscalls.ts - the twelve calls on extended attributes: four verbs, three ways to name a file
 *
 * Linux:  fs/xattr.c (v6.12)
 * Manual: setxattr(2), getxattr(2), listxattr(2), removexattr(2)
 */

import type { Path } from '../include/linux/fs.ts';
import { LOOKUP_FOLLOW } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { E2BIG, EFAULT, EINVAL, ERANGE } from '../include/uapi/errno.ts';
import { AT_FDCWD } from '../include/uapi/fcntl.ts';
import {
  XATTR_CREATE,
  XATTR_LIST_MAX,
  XATTR_NAME_MAX,
  XATTR_REPLACE,
  XATTR_SIZE_MAX,
} from '../include/uapi/xattr.ts';
import { string_to_bytes } from '../lib/bytes.ts';
import { copy_to_user, memdup_user, strncpy_from_user } from '../lib/usercopy.ts';
import {
  SYSCALL_DEFINE,
  bits,
  inbuf,
  int,
  outptr,
  path as pathArg,
  size as sizeArg,
} from '../syscalls/define.ts';
import { fdget } from './file.ts';
import { user_path_at } from './namei.ts';
import { vfs_getxattr, vfs_listxattr, vfs_setxattr } from './xattr.ts';

type Lookup = (task: Task, name: UserPtr) => Path | number;
const followed: Lookup = (task, name) => user_path_at(task, AT_FDCWD, name, LOOKUP_FOLLOW);
const unfollowed: Lookup = (task, name) => user_path_at(task, AT_FDCWD, name, 0);

function opened(task: Task, fd: number): Path | number {
  const file = fdget(task, fd);
  return typeof file === 'number' ? file : file.f_path;
}

/** The attribute's name, or -errno. Neither nothing nor too much is one. */
function import_xattr_name(task: Task, from: UserPtr): string | number {
  const name = strncpy_from_user(task, from, XATTR_NAME_MAX + 1);
  if (typeof name === 'number') return name;
  return name.length === 0 || name.length > XATTR_NAME_MAX ? -ERANGE : name;
}

interface SetArgs {
  readonly name: UserPtr;
  readonly value: UserPtr;
  readonly size: number;
  readonly flags: number;
}

/** What is to be set, or -errno: judged before the file is looked for. */
interface XattrCtx {
  readonly name: string;
  readonly value: Uint8Array;
}

function setxattr_copy(task: Task, { name: from, value, size, flags }: SetArgs): XattrCtx | number {
  if (flags & ~(XATTR_CREATE | XATTR_REPLACE)) return -EINVAL;
  const name = import_xattr_name(task, from);
  if (typeof name === 'number') return name;
  if (size > XATTR_SIZE_MAX) return -E2BIG;
  const bytes = memdup_user(task, value, size);
  return typeof bytes === 'number' ? bytes : { name, value: bytes };
}

function path_setxattr(task: Task, lookup: Lookup, pathname: UserPtr, args: SetArgs): number {
  const ctx = setxattr_copy(task, args);
  if (typeof ctx === 'number') return ctx;
  const path = lookup(task, pathname);
  return typeof path === 'number' ? path : vfs_setxattr(task, path, ctx.name, ctx.value, args.flags);
}

function getxattr(task: Task, path: Path | number, from: UserPtr, to: UserPtr, size: number): number {
  if (typeof path === 'number') return path;
  const name = import_xattr_name(task, from);
  if (typeof name === 'number') return name;
  const value = vfs_getxattr(task, path, name);
  return typeof value === 'number' ? value : give(task, value, to, size, XATTR_SIZE_MAX);
}

/** "If size is zero, [... the calls] return the current size": of what does not fit nothing is given, and it is ERANGE. */
function give(task: Task, bytes: Uint8Array, to: UserPtr, size: number, max: number): number {
  if (size === 0) return bytes.length;
  if (bytes.length > size) return size >= max ? -E2BIG : -ERANGE;
  return copy_to_user(task, to, bytes) ? -EFAULT : bytes.length;
}

function listxattr(task: Task, path: Path | number, to: UserPtr, size: number): number {
  if (typeof path === 'number') return path;
  const names = vfs_listxattr(task, path);
  return give(task, string_to_bytes(names.map((name) => `${name}\0`).join('')), to, size, XATTR_LIST_MAX);
}

function path_removexattr(task: Task, lookup: Lookup, pathname: UserPtr, from: UserPtr): number {
  const name = import_xattr_name(task, from);
  if (typeof name === 'number') return name;
  const path = lookup(task, pathname);
  return typeof path === 'number' ? path : vfs_setxattr(task, path, name, null, XATTR_REPLACE);
}

const xattrFlags = bits({ XATTR_CREATE, XATTR_REPLACE });

const byName = { pathname: pathArg, name: pathArg };
const byFd = { fd: int, name: pathArg };
const toSet = { value: inbuf, size: sizeArg, flags: xattrFlags };
const toGet = { value: outptr, size: sizeArg };
const toList = { list: outptr, size: sizeArg };

export const sys_setxattr = SYSCALL_DEFINE('setxattr', { ...byName, ...toSet }, (task, a) =>
  path_setxattr(task, followed, a.pathname, a),
);
export const sys_lsetxattr = SYSCALL_DEFINE('lsetxattr', { ...byName, ...toSet }, (task, a) =>
  path_setxattr(task, unfollowed, a.pathname, a),
);
export const sys_fsetxattr = SYSCALL_DEFINE('fsetxattr', { ...byFd, ...toSet }, (task, a) => {
  const path = opened(task, a.fd);
  if (typeof path === 'number') return path;
  const ctx = setxattr_copy(task, a);
  return typeof ctx === 'number' ? ctx : vfs_setxattr(task, path, ctx.name, ctx.value, a.flags);
});

export const sys_getxattr = SYSCALL_DEFINE('getxattr', { ...byName, ...toGet }, (task, a) =>
  getxattr(task, followed(task, a.pathname), a.name, a.value, a.size),
);
export const sys_lgetxattr = SYSCALL_DEFINE('lgetxattr', { ...byName, ...toGet }, (task, a) =>
  getxattr(task, unfollowed(task, a.pathname), a.name, a.value, a.size),
);
export const sys_fgetxattr = SYSCALL_DEFINE('fgetxattr', { ...byFd, ...toGet }, (task, a) =>
  getxattr(task, opened(task, a.fd), a.name, a.value, a.size),
);

export const sys_listxattr = SYSCALL_DEFINE('listxattr', { pathname: pathArg, ...toList }, (task, a) =>
  listxattr(task, followed(task, a.pathname), a.list, a.size),
);
export const sys_llistxattr = SYSCALL_DEFINE('llistxattr', { pathname: pathArg, ...toList }, (task, a) =>
  listxattr(task, unfollowed(task, a.pathname), a.list, a.size),
);
export const sys_flistxattr = SYSCALL_DEFINE('flistxattr', { fd: int, ...toList }, (task, a) =>
  listxattr(task, opened(task, a.fd), a.list, a.size),
);

export const sys_removexattr = SYSCALL_DEFINE('removexattr', byName, (task, { pathname, name }) =>
  path_removexattr(task, followed, pathname, name),
);
export const sys_lremovexattr = SYSCALL_DEFINE('lremovexattr', byName, (task, { pathname, name }) =>
  path_removexattr(task, unfollowed, pathname, name),
);
export const sys_fremovexattr = SYSCALL_DEFINE('fremovexattr', byFd, (task, a) => {
  const path = opened(task, a.fd);
  if (typeof path === 'number') return path;
  const name = import_xattr_name(task, a.name);
  return typeof name === 'number' ? name : vfs_setxattr(task, path, name, null, XATTR_REPLACE);
});
