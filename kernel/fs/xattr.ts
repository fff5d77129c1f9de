/*
 * kernel/fs/xattr.ts - extended attributes: who may see and change which, and where they are kept
 *
 * Linux:   fs/xattr.c (v6.12)
 * Manual:  xattr(7)
 * Differs: names and values of a file are a Map; what is kept there ("simple" attributes) hangs off the inode
 * Absent:  POSIX ACLs and file capabilities, which are attributes with a meaning: EOPNOTSUPP, as if built without
 */

import { CAP_SYS_ADMIN, capable } from '../cred.ts';
import type { Inode, Path, XattrHandler } from '../include/linux/fs.ts';
import { MAY_READ, MAY_WRITE } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { EEXIST, EINVAL, ENODATA, EOPNOTSUPP, EPERM, EROFS } from '../include/uapi/errno.ts';
import { S_ISDIR, S_ISREG, S_ISVTX } from '../include/uapi/stat.ts';
import {
  XATTR_CREATE,
  XATTR_NAME_CAPS,
  XATTR_REPLACE,
  XATTR_SECURITY_PREFIX,
  XATTR_SYSTEM_PREFIX,
  XATTR_TRUSTED_PREFIX,
  XATTR_USER_PREFIX,
} from '../include/uapi/xattr.ts';
import { inode_owner_or_capable } from './inode.ts';
import { mnt_is_readonly } from './namespace.ts';
import { inode_permission } from './permission.ts';

/** The value, or -errno. */
export function vfs_getxattr(task: Task, path: Path, name: string): Uint8Array | number {
  const inode = path.dentry.d_inode!;
  const err = xattr_permission(task, inode, name, MAY_READ);
  if (err < 0) return err;
  const handler = xattr_resolve_name(inode, name);
  return typeof handler === 'number' ? handler : handler.get(inode, name);
}

/** `value` null: removes it. 0 or -errno. */
export function vfs_setxattr(
  task: Task,
  path: Path,
  name: string,
  value: Uint8Array | null,
  flags: number,
): number {
  if (mnt_is_readonly(path.mnt)) return -EROFS;
  const inode = path.dentry.d_inode!;
  const err = xattr_permission(task, inode, name, MAY_WRITE) || cap_inode_setxattr(task, name);
  if (err < 0) return err;
  const handler = xattr_resolve_name(inode, name);
  return typeof handler === 'number' ? handler : handler.set(inode, name, value, flags);
}

/** "The list is the set of (null-terminated) names, one after the other" - listxattr(2); those that the task may know of. */
export function vfs_listxattr(task: Task, path: Path): string[] {
  const inode = path.dentry.d_inode!;
  return inode.i_sb.s_xattr.length > 0 ? simple_xattr_list(task, inode) : [];
}

function xattr_permission(task: Task, inode: Inode, name: string, mask: number): number {
  // These two are judged by whoever gives them their meaning.
  if (name.startsWith(XATTR_SECURITY_PREFIX) || name.startsWith(XATTR_SYSTEM_PREFIX)) return 0;
  const refused = mask & MAY_WRITE ? -EPERM : -ENODATA;
  if (name.startsWith(XATTR_TRUSTED_PREFIX)) return capable(task, CAP_SYS_ADMIN) ? 0 : refused;
  if (name.startsWith(XATTR_USER_PREFIX) && !may_have_user_xattr(task, inode, mask)) return refused;
  return inode_permission(task.cred, inode, mask);
}

/**
 * "The file permission bits of regular files and directories are interpreted differently from [those] of special files and
 * symbolic links. [...] user extended attributes are allowed only for regular files and directories, and access to [them]
 * is restricted to the owner and to users with appropriate capabilities for directories with the sticky bit set." - xattr(7)
 */
function may_have_user_xattr(task: Task, inode: Inode, mask: number): boolean {
  if (!S_ISDIR(inode.i_mode)) return S_ISREG(inode.i_mode);
  const sticky = (inode.i_mode & S_ISVTX) !== 0 && (mask & MAY_WRITE) !== 0;
  return !sticky || inode_owner_or_capable(task, inode);
}

/** What a security module would judge is root's when there is none. */
function cap_inode_setxattr(task: Task, name: string): number {
  if (!name.startsWith(XATTR_SECURITY_PREFIX)) return 0;
  if (name === XATTR_NAME_CAPS) return -EOPNOTSUPP;
  return capable(task, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/** Who keeps attributes with this prefix on this file system. A prefix alone is no name. */
function xattr_resolve_name(inode: Inode, name: string): XattrHandler | number {
  const handler = inode.i_sb.s_xattr.find(({ prefix }) => name.startsWith(prefix));
  if (!handler) return -EOPNOTSUPP;
  return name.length === handler.prefix.length ? -EINVAL : handler;
}

export const simple_xattr_get = (inode: Inode, name: string): Uint8Array | number =>
  inode.i_xattrs?.get(name) ?? -ENODATA;

/** May it be set with these flags? 0 or -errno; the attributes are still as they were. */
export function simple_xattr_may_set(inode: Inode, name: string, flags: number): number {
  const exists = inode.i_xattrs?.has(name) ?? false;
  if (exists) return flags & XATTR_CREATE ? -EEXIST : 0;
  return flags & XATTR_REPLACE ? -ENODATA : 0;
}

/** `value` null: removes it. */
export function simple_xattr_set(inode: Inode, name: string, value: Uint8Array | null): void {
  inode.i_xattrs ??= new Map();
  if (value) inode.i_xattrs.set(name, value);
  else inode.i_xattrs.delete(name);
}

/** Upstream's tree of names has the greater ones to the left. "Trusted" ones are for the trusted. */
function simple_xattr_list(task: Task, inode: Inode): string[] {
  const trusted = capable(task, CAP_SYS_ADMIN);
  const names = [...(inode.i_xattrs?.keys() ?? [])];
  return names.filter((name) => trusted || !name.startsWith(XATTR_TRUSTED_PREFIX)).sort(descending);
}

const descending = (a: string, b: string): number => (a < b ? 1 : -1);

/** Linux: simple_xattr_space(). What one costs besides its value, in bytes. */
const SIMPLE_XATTR_SIZE = 40;
export const simple_xattr_space = (name: string, value: Uint8Array): number =>
  SIMPLE_XATTR_SIZE + value.length + name.length;
