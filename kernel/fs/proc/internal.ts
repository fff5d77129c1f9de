/*
 * kernel/fs/proc/internal.ts - what the files of /proc/<pid> share
 *
 * Linux:   fs/proc/internal.h, fs/proc/base.c (proc_pid_make_inode, task_dump_owner)
 * Differs: an inode keeps the `struct pid`, so it finds the task of that number, or none once it is gone
 */

import type { Dentry, FileOperations, Inode, InodeOperations, Path } from '../../include/linux/fs.ts';
import type { PidNamespace } from '../../include/linux/pid_namespace.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EACCES, ENOENT, ESRCH } from '../../include/uapi/errno.ts';
import { S_IFDIR, S_IFLNK, S_IFREG } from '../../include/uapi/stat.ts';
import { type Pid, PIDTYPE_PID, pid_task } from '../../pid.ts';
import { PTRACE_MODE_READ_FSCREDS, ptrace_may_access } from '../../ptrace.ts';
import { d_alloc, d_path } from '../dcache.ts';
import { new_inode } from '../inode.ts';
import { proc_pid_ns, proc_setattr, single_fops } from './generic.ts';

/** What an entry is: kind and permissions, and how it behaves. */
export interface PidEntry {
  readonly mode: number;
  readonly iop: InodeOperations;
  readonly fop: FileOperations;
}

/** A text about a task. `reader` is who asks, `ns` whose numbers are told. */
export type PidShow = (task: Task, reader: Task, ns: PidNamespace) => string | number;
export type PidStore = (task: Task, text: string, writer: Task) => number;

/** The task an inode is about; null when it is gone. */
export const get_proc_task = (inode: Inode): Task | null => pid_task(inode.i_private as Pid, PIDTYPE_PID);

/** A file whose text is made of the task. */
export function ONE(permissions: number, show: PidShow, store: PidStore | null = null): PidEntry {
  const fop = single_fops(
    (inode, reader) => {
      const task = get_proc_task(inode);
      return task ? show(task, reader, proc_pid_ns(inode.i_sb)) : -ESRCH;
    },
    store &&
      ((inode, writer, text) => {
        const task = get_proc_task(inode);
        return task ? store(task, text, writer) : -ESRCH;
      }),
  );
  return { mode: S_IFREG | permissions, iop: pid_iops, fop };
}

/** As ONE(), but only for who may look into the task. */
export const PRIVATE = (permissions: number, show: PidShow): PidEntry =>
  ONE(permissions, (task, reader, ns) =>
    ptrace_may_access(reader, task, PTRACE_MODE_READ_FSCREDS) ? show(task, reader, ns) : -EACCES,
  );

/** A link to where something of the task is. */
export function LNK(target: (task: Task) => Path | null): PidEntry {
  const get_link = (dentry: Dentry, reader: Task): Path | number => {
    const task = get_proc_task(dentry.d_inode!);
    if (!task) return -ESRCH;
    if (!ptrace_may_access(reader, task, PTRACE_MODE_READ_FSCREDS)) return -EACCES;
    return target(task) ?? -ENOENT;
  };
  const readlink = (dentry: Dentry, reader: Task): string | number => {
    const path = get_link(dentry, reader);
    return typeof path === 'number' ? path : d_path(path, reader);
  };
  return { mode: S_IFLNK | 0o777, iop: { get_link, readlink }, fop: {} };
}

export const DIR = (permissions: number, iop: InodeOperations, fop: FileOperations): PidEntry => ({
  mode: S_IFDIR | permissions,
  iop,
  fop,
});

export const REG = (permissions: number, fop: FileOperations): PidEntry => ({
  mode: S_IFREG | permissions,
  iop: pid_iops,
  fop,
});

const pid_iops: InodeOperations = { setattr: proc_setattr };

/** An entry that belongs to a process: owned by whom the process belongs to. */
export function proc_pid_dentry(dir: Dentry, name: string, entry: PidEntry, pid: Pid): Dentry | number {
  const task = pid_task(pid, PIDTYPE_PID);
  if (!task) return -ENOENT;
  const dentry = d_alloc(dir, name);
  const inode = new_inode(dir.d_sb, entry.mode, entry.iop, entry.fop);
  inode.i_private = pid;
  if ((entry.mode & S_IFDIR) !== 0) inode.i_nlink = 2;
  task_dump_owner(task, inode);
  dentry.d_inode = inode;
  return dentry;
}

/** Whoever must not dump it must not own what tells of it: then it is root's, all but the directory itself. */
function task_dump_owner(task: Task, inode: Inode): void {
  const open = inode.i_mode === (S_IFDIR | 0o555);
  const dumpable = !task.mm || task.mm.dumpable === 1;
  inode.i_uid = open || dumpable ? task.cred.euid : 0;
  inode.i_gid = open || dumpable ? task.cred.egid : 0;
}

/** "7", but not "07" or "+7": null for what is no number. */
export function name_to_int(name: string): number | null {
  return /^(0|[1-9]\d{0,9})$/.test(name) ? Number(name) : null;
}
