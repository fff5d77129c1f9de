/*
 * kernel/fs/permission.ts - may this credential do that to this inode
 *
 * Linux:   fs/namei.c (inode_permission and below, may_create, may_delete, may_open)
 * Manual:  path_resolution(7), "Permissions"
 * Differs: the credential is an argument, so that access(2) can ask for the real user's
 * Absent:  ACLs, immutable and append-only inodes, fs.protected_*
 */

import type { Dentry, Inode, Path } from '../include/linux/fs.ts';
import { MAY_EXEC, MAY_OPEN, MAY_READ, MAY_WRITE } from '../include/linux/fs_modes.ts';
import { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, type Cred, cap_raised } from '../cred.ts';
import { EACCES, EBUSY, EISDIR, ELOOP, ENOENT, ENOTDIR, EPERM, EROFS } from '../include/uapi/errno.ts';
import { O_NOATIME } from '../include/uapi/fcntl.ts';
import { MS_NODEV, MS_NOEXEC, MS_RDONLY } from '../include/uapi/mount.ts';
import {
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISDIR,
  S_ISVTX,
  S_IXUGO,
} from '../include/uapi/stat.ts';
import { privileged_wrt_inode_uidgid } from '../user_namespace.ts';
import { is_root } from './dcache.ts';

/** Linux: capable_wrt_inode_uidgid(). In a user namespace powers end at files of those who are in it. */
const has_cap = (cred: Cred, inode: Inode, cap: number): boolean =>
  cap_raised(cred.cap_effective, cap) && privileged_wrt_inode_uidgid(cred.user_ns, inode);
const in_cred_group = (cred: Cred, gid: number): boolean =>
  cred.fsgid === gid || cred.group_info.includes(gid);

/** The three bits of the mode that are meant for this credential: the first class that fits decides, even to deny. */
function mode_for(cred: Cred, inode: Inode): number {
  if (cred.fsuid === inode.i_uid) return inode.i_mode >> 6;
  if (in_cred_group(cred, inode.i_gid)) return inode.i_mode >> 3;
  return inode.i_mode;
}

export function generic_permission(cred: Cred, inode: Inode, mask: number): number {
  const wanted = mask & (MAY_READ | MAY_WRITE | MAY_EXEC);
  if ((wanted & ~mode_for(cred, inode)) === 0) return 0;

  // Searching and reading is one capability, everything else another...
  const readOnly = S_ISDIR(inode.i_mode) ? (wanted & MAY_WRITE) === 0 : wanted === MAY_READ;
  if (readOnly && has_cap(cred, inode, CAP_DAC_READ_SEARCH)) return 0;
  // ...but a file that is a program for nobody is none for root either.
  const executable = S_ISDIR(inode.i_mode) || (wanted & MAY_EXEC) === 0 || (inode.i_mode & S_IXUGO) !== 0;
  return executable && has_cap(cred, inode, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
}

const belongs_to_storage = (mode: number): boolean => [S_IFREG, S_IFDIR, S_IFLNK].includes(mode & S_IFMT);

/** 0, -EACCES or -EROFS. */
export function inode_permission(cred: Cred, inode: Inode, mask: number): number {
  if (mask & MAY_WRITE && inode.i_sb.s_flags & MS_RDONLY && belongs_to_storage(inode.i_mode)) return -EROFS;
  const own = inode.i_op.permission;
  return own ? own(inode, mask, cred) : generic_permission(cred, inode, mask);
}

/** In a sticky directory only the owner of the file or of the directory removes it. */
function check_sticky(cred: Cred, dir: Inode, inode: Inode): boolean {
  if ((dir.i_mode & S_ISVTX) === 0) return false;
  if (inode.i_uid === cred.fsuid || dir.i_uid === cred.fsuid) return false;
  return !has_cap(cred, inode, CAP_FOWNER);
}

export function may_create(cred: Cred, dir: Dentry): number {
  if (dir.d_deleted) return -ENOENT;
  return inode_permission(cred, dir.d_inode!, MAY_WRITE | MAY_EXEC);
}

/** `victim` is positive; `isdir`: rmdir, or rename onto it of a directory. */
export function may_delete(cred: Cred, dir: Dentry, victim: Dentry, isdir: boolean): number {
  const inode = victim.d_inode!;
  const err = inode_permission(cred, dir.d_inode!, MAY_WRITE | MAY_EXEC);
  if (err < 0) return err;
  if (check_sticky(cred, dir.d_inode!, inode)) return -EPERM;

  if (isdir && !S_ISDIR(inode.i_mode)) return -ENOTDIR;
  if (isdir && is_root(victim)) return -EBUSY;
  if (!isdir && S_ISDIR(inode.i_mode)) return -EISDIR;
  return dir.d_deleted ? -ENOENT : 0;
}

/** What open() asks of the file it found. */
export function may_open(cred: Cred, path: Path, acc_mode: number, open_flags: number): number {
  const inode = path.dentry.d_inode!;
  const err = may_open_kind(inode, path.mnt.mnt_flags, acc_mode);
  if (err < 0) return err;

  const denied = inode_permission(cred, inode, MAY_OPEN | acc_mode);
  if (denied < 0) return denied;
  const owner = cred.fsuid === inode.i_uid || has_cap(cred, inode, CAP_FOWNER);
  return open_flags & O_NOATIME && !owner ? -EPERM : 0;
}

function may_open_kind(inode: Inode, mnt_flags: number, acc_mode: number): number {
  switch (inode.i_mode & S_IFMT) {
    case S_IFLNK:
      return -ELOOP;
    case S_IFDIR:
      if (acc_mode & MAY_WRITE) return -EISDIR;
      return acc_mode & MAY_EXEC ? -EACCES : 0;
    case S_IFBLK:
    case S_IFCHR:
      return mnt_flags & MS_NODEV || acc_mode & MAY_EXEC ? -EACCES : 0;
    case S_IFIFO:
    case S_IFSOCK:
      return acc_mode & MAY_EXEC ? -EACCES : 0;
    default:
      return acc_mode & MAY_EXEC && mnt_flags & MS_NOEXEC ? -EACCES : 0;
  }
}
