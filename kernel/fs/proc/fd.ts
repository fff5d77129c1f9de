/*
 * kernel/fs/proc/fd.ts - /proc/<pid>/fd and fdinfo
 *
 * Linux:   fs/proc/fd.c
 * Manual:  proc_pid_fd(5), proc_pid_fdinfo(5)
 */

import type {
  Dentry,
  DirContext,
  File,
  FileOperations,
  Inode,
  InodeOperations,
  Path,
} from '../../include/linux/fs.ts';
import { FMODE_READ, FMODE_WRITE } from '../../include/linux/fs_modes.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EACCES, ENOENT } from '../../include/uapi/errno.ts';
import { O_CLOEXEC } from '../../include/uapi/fcntl.ts';
import { fs_umode_to_dtype, S_IFLNK, S_IFREG } from '../../include/uapi/stat.ts';
import type { Pid } from '../../pid.ts';
import { PTRACE_MODE_READ_FSCREDS, ptrace_may_access } from '../../ptrace.ts';
import { d_path } from '../dcache.ts';
import { get_close_on_exec } from '../file.ts';
import { generic_permission } from '../permission.ts';
import { dcache_dir_lseek, dir_emit_dots, generic_read_dir } from '../readdir.ts';
import { get_proc_task, name_to_int, type PidEntry, proc_pid_dentry } from './internal.ts';
import { proc_pid_ns, proc_setattr, single_fops } from './generic.ts';

/** The file that an entry named after a descriptor stands for; null when it was closed. */
function file_of(dentry: Dentry): File | null {
  const task = get_proc_task(dentry.d_inode!);
  return task?.files?.fd[Number(dentry.d_name)] ?? null;
}

function proc_fd_link(dentry: Dentry, reader: Task): Path | number {
  const task = get_proc_task(dentry.d_inode!);
  if (!task) return -ENOENT;
  if (!ptrace_may_access(reader, task, PTRACE_MODE_READ_FSCREDS)) return -EACCES;
  return file_of(dentry)?.f_path ?? -ENOENT;
}

function proc_fd_readlink(dentry: Dentry, reader: Task): string | number {
  const path = proc_fd_link(dentry, reader);
  return typeof path === 'number' ? path : d_path(path, reader);
}

const fd_link_iops: InodeOperations = { get_link: proc_fd_link, readlink: proc_fd_readlink };

/** The permissions of the link tell how the file is open. */
function fd_entry(file: File): PidEntry {
  const read = file.f_mode & FMODE_READ ? 0o500 : 0;
  const write = file.f_mode & FMODE_WRITE ? 0o300 : 0;
  return { mode: S_IFLNK | read | write, iop: fd_link_iops, fop: {} };
}

const FD_LINK_SIZE = 64;

function proc_lookupfd(dir: Dentry, name: string): Dentry | number {
  const file = open_file_named(dir, name);
  if (!file) return -ENOENT;
  const dentry = proc_pid_dentry(dir, name, fd_entry(file), dir.d_inode!.i_private as Pid);
  if (typeof dentry === 'object') dentry.d_inode!.i_size = FD_LINK_SIZE;
  return dentry;
}

function open_file_named(dir: Dentry, name: string): File | null {
  const fd = name_to_int(name);
  return fd === null ? null : (get_proc_task(dir.d_inode!)?.files?.fd[fd] ?? null);
}

/** Places 0 and 1 are the dots, then each descriptor has its own. */
function proc_readfd_common(file: File, ctx: DirContext, mode: number): number {
  const task = get_proc_task(file.f_inode);
  if (!task) return -ENOENT;
  if (!dir_emit_dots(file, ctx)) return 0;
  const fds = task.files?.fd ?? [];
  for (let fd = ctx.pos - 2; fd < fds.length; fd++) {
    if (fds[fd] && !ctx.emit(String(fd), fd + 2, fs_umode_to_dtype(mode))) return 0;
    ctx.pos = fd + 3;
  }
  return 0;
}

/** "The owner of the process may look", and a process may always look at itself. */
function proc_fd_permission(inode: Inode, mask: number, cred: Task['cred']): number {
  const err = generic_permission(cred, inode, mask);
  if (err === 0) return 0;
  return get_proc_task(inode)?.cred === cred ? 0 : err;
}

/** The directory's size is how many descriptors are open. */
function proc_fd_getattr(dentry: Dentry): void {
  const fds = get_proc_task(dentry.d_inode!)?.files?.fd ?? [];
  dentry.d_inode!.i_size = fds.filter((file) => file !== null).length;
}

export const proc_fd_iops: InodeOperations = {
  lookup: proc_lookupfd,
  permission: proc_fd_permission,
  getattr: proc_fd_getattr,
};
export const proc_fd_fops: FileOperations = {
  llseek: dcache_dir_lseek,
  read_iter: generic_read_dir,
  iterate: (file, ctx) => proc_readfd_common(file, ctx, S_IFLNK),
};

/** What an open file is, apart from where: "pos:	0" and so on. The inode knows the process, the name the descriptor. */
function fdinfo_entry(fd: number): PidEntry {
  const fop = single_fops((inode) => {
    const files = get_proc_task(inode)?.files;
    const file = files?.fd[fd];
    if (!files || !file) return -ENOENT;
    const flags = file.f_flags | (get_close_on_exec(files, fd) ? O_CLOEXEC : 0);
    const { f_pos, f_path, f_inode } = file;
    return (
      `pos:\t${f_pos}\nflags:\t0${flags.toString(8)}\n` +
      `mnt_id:\t${f_path.mnt.mnt_id}\nino:\t${f_inode.i_ino}\n` +
      (file.f_op.show_fdinfo?.(file, proc_pid_ns(inode.i_sb)) ?? '')
    );
  });
  return { mode: S_IFREG | 0o444, iop: { setattr: proc_setattr }, fop };
}

function proc_lookupfdinfo(dir: Dentry, name: string): Dentry | number {
  if (!open_file_named(dir, name)) return -ENOENT;
  return proc_pid_dentry(dir, name, fdinfo_entry(Number(name)), dir.d_inode!.i_private as Pid);
}

export const proc_fdinfo_iops: InodeOperations = { lookup: proc_lookupfdinfo };
export const proc_fdinfo_fops: FileOperations = {
  llseek: dcache_dir_lseek,
  read_iter: generic_read_dir,
  iterate: (file, ctx) => proc_readfd_common(file, ctx, S_IFREG),
};
