/*
 * kernel/fs/inode.ts - what a file is, apart from its names
 *
 * Linux:   fs/inode.c, fs/bad_inode.c, include/linux/fs.h
 * Differs: i_count counts open files only. Dentries are ordinary objects that the garbage collector takes care of; what
 *          must be given back by hand is pages, and those can only be in use while somebody has the file open.
 */

import type { Task } from '../include/linux/sched.ts';
import type {
  FileOperations,
  Inode,
  InodeOperations,
  Path,
  SuperBlock,
  Timespec,
} from '../include/linux/fs.ts';
import { ENXIO } from '../include/uapi/errno.ts';
import { MS_NOATIME, MS_NODIRATIME, MS_RDONLY } from '../include/uapi/mount.ts';
import {
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_ISDIR,
  S_ISGID,
  S_ISREG,
  S_ISUID,
  S_IXGRP,
} from '../include/uapi/stat.ts';
import { CAP_FOWNER, CAP_FSETID, capable, in_group_p } from '../cred.ts';
import { def_chr_fops } from './devices.ts';
import { pipefifo_fops } from './pipe.ts';

/** inode.i_state: made by O_TMPFILE, may still get a name. */
export const I_LINKABLE = 1 << 10;

/** Nothing can be done with it: the methods of an inode that is only looked at. */
export const no_iops: InodeOperations = {};
export const no_fops: FileOperations = {};

/** A block device has nobody behind it on this board: ENXIO, by having no open. */
export const def_blk_fops: FileOperations = { open: () => -ENXIO };

export function new_inode(
  sb: SuperBlock,
  mode: number,
  i_op: InodeOperations,
  i_fop: FileOperations,
  i_ino = sb.next_ino++,
): Inode {
  const now = sb.kernel.time.realtime();
  return {
    i_ino,
    i_mode: mode,
    i_nlink: 1,
    i_uid: 0,
    i_gid: 0,
    i_rdev: 0,
    i_size: 0,
    i_atime: now,
    i_mtime: now,
    i_ctime: now,
    i_btime: now,
    i_sb: sb,
    i_op,
    i_fop,
    i_mapping: null,
    i_writecount: 0,
    i_count: 0,
    i_state: 0,
    i_pipe: null,
    i_flctx: null,
    i_xattrs: null,
    i_private: null,
  };
}

/** A device, FIFO or socket node: the name is in this file system, the behaviour is somewhere else. */
export function init_special_inode(inode: Inode, rdev: number): void {
  inode.i_rdev = rdev;
  const kind = inode.i_mode & S_IFMT;
  if (kind === S_IFCHR) inode.i_fop = def_chr_fops;
  else if (kind === S_IFBLK) inode.i_fop = def_blk_fops;
  else if (kind === S_IFIFO) inode.i_fop = pipefifo_fops;
  else inode.i_fop = def_blk_fops; // a socket's node cannot be opened either: ENXIO
}

/** Owner and set-group-ID inheritance of something new in `dir`. */
export function inode_init_owner(inode: Inode, dir: Inode, mode: number, task: Task): void {
  inode.i_uid = task.cred.fsuid;
  inode.i_gid = dir.i_mode & S_ISGID ? dir.i_gid : task.cred.fsgid;
  inode.i_mode = mode;
  if (dir.i_mode & S_ISGID && S_ISDIR(mode)) inode.i_mode |= S_ISGID;
}

export const current_time = (inode: Inode): Timespec => inode.i_sb.kernel.time.realtime();

export function touch_ctime(inode: Inode): void {
  inode.i_ctime = current_time(inode);
}

export function touch_mtime(inode: Inode): void {
  inode.i_mtime = inode.i_ctime = current_time(inode);
}

const not_after = (a: Timespec, b: Timespec): boolean =>
  a.sec < b.sec || (a.sec === b.sec && a.nsec <= b.nsec);
const DAY = 24 * 60 * 60;

/** Relative atime: only when it would otherwise look older than the last change, or is a day old. */
export function touch_atime(path: Path): void {
  const inode = path.dentry.d_inode!;
  const flags = path.mnt.mnt_flags | inode.i_sb.s_flags;
  if (flags & (MS_NOATIME | MS_RDONLY)) return;
  if (flags & MS_NODIRATIME && S_ISDIR(inode.i_mode)) return;

  const now = current_time(inode);
  const stale =
    not_after(inode.i_atime, inode.i_mtime) ||
    not_after(inode.i_atime, inode.i_ctime) ||
    now.sec - inode.i_atime.sec >= DAY;
  if (stale) inode.i_atime = now;
}

/** Writing takes set-user-ID away, and set-group-ID where it means a program's group. */
export function file_remove_privs(task: Task, inode: Inode): void {
  const kill = should_remove_suid(inode);
  if (kill && S_ISREG(inode.i_mode) && !capable(task, CAP_FSETID)) inode.i_mode &= ~kill;
}

const should_remove_suid = (inode: Inode): number =>
  (inode.i_mode & S_ISUID) | ((inode.i_mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP) ? S_ISGID : 0);

/** May this task do what only the owner may? */
export const inode_owner_or_capable = (task: Task, inode: Inode): boolean =>
  task.cred.fsuid === inode.i_uid || capable(task, CAP_FOWNER);

/** Set-group-ID stays only for members of the group. */
export function mode_strip_sgid(task: Task, inode: Inode, mode: number): number {
  const member = in_group_p(task, inode.i_gid) || capable(task, CAP_FSETID);
  return member ? mode : mode & ~S_ISGID;
}

export function drop_nlink(inode: Inode): void {
  inode.i_nlink--;
  if (inode.i_nlink < 0) throw new Error('drop_nlink: more unlinks than links');
  evict_if_unused(inode);
}

export function clear_nlink(inode: Inode): void {
  inode.i_nlink = 0;
  evict_if_unused(inode);
}

/** One open file less. */
export function iput(inode: Inode): void {
  inode.i_count--;
  evict_if_unused(inode);
}

function evict_if_unused(inode: Inode): void {
  if (inode.i_nlink === 0 && inode.i_count === 0) inode.i_sb.s_op.evict_inode?.(inode);
}

/* Writers and the running program exclude each other: positive = writers, negative = executions. */

export function get_write_access(inode: Inode): boolean {
  if (inode.i_writecount < 0) return false;
  inode.i_writecount++;
  return true;
}

export function put_write_access(inode: Inode): void {
  inode.i_writecount--;
}

export function deny_write_access(inode: Inode): boolean {
  if (inode.i_writecount > 0) return false;
  inode.i_writecount--;
  return true;
}

export function allow_write_access(inode: Inode): void {
  inode.i_writecount++;
}
