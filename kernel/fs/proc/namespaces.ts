/*
 * kernel/fs/proc/namespaces.ts - /proc/<pid>/ns: the namespaces a task is in, as links
 *
 * Linux:   fs/proc/namespaces.c (v6.12)
 * Manual:  proc_pid_ns(5)
 */

import type { Dentry, Path } from '../../include/linux/fs.ts';
import type { NsCommon } from '../../include/linux/ns_common.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EACCES, ENOENT } from '../../include/uapi/errno.ts';
import { S_IFLNK } from '../../include/uapi/stat.ts';
import { task_namespace } from '../../nsproxy.ts';
import { PTRACE_MODE_READ_FSCREDS, ptrace_may_access } from '../../ptrace.ts';
import { ns_get_name, ns_get_path } from '../nsfs.ts';
import { get_proc_task, type PidEntry } from './internal.ts';

/** The namespace of a live task; null: it has none of that kind (any more). */
type Get = (task: Task) => NsCommon | null;

/** Who has exited is nowhere, but his number and his powers are still of somewhere. */
const alive =
  (get: Get): Get =>
  (task) =>
    task.exit_state ? null : get(task);

function pid_for_children({ nsproxy }: Task): NsCommon | null {
  const ns = nsproxy.pid_ns_for_children;
  return ns.child_reaper ? ns : null; // before its first process it cannot be entered
}

// biome-ignore format: columns teach
const ENTRIES: readonly (readonly [name: string, get: Get])[] = [
  ['uts',               alive((task) => task_namespace(task, 'uts'))],
  ['pid',               (task) => task_namespace(task, 'pid')],
  ['pid_for_children',  alive(pid_for_children)],
  ['user',              (task) => task_namespace(task, 'user')],
  ['mnt',               alive((task) => task_namespace(task, 'mnt'))],
  ['time',              alive((task) => task_namespace(task, 'time'))],
  ['time_for_children', alive((task) => task.nsproxy.time_ns_for_children)],
];

export const ns_entries = (): (readonly [string, PidEntry])[] =>
  ENTRIES.map(([name, get]) => [name, ns_link(get)] as const);

function ns_link(get: Get): PidEntry {
  const readlink = (dentry: Dentry, reader: Task): string | number => {
    const ns = visible(get, dentry, reader);
    return typeof ns === 'number' ? ns : ns_get_name(ns);
  };
  const get_link = (dentry: Dentry, reader: Task): Path | number => {
    const ns = visible(get, dentry, reader);
    return typeof ns === 'number' ? ns : ns_get_path(reader.kernel, ns);
  };
  return { mode: S_IFLNK | 0o777, iop: { get_link, readlink }, fop: {} };
}

function visible(get: Get, dentry: Dentry, reader: Task): NsCommon | number {
  const task = get_proc_task(dentry.d_inode!);
  if (!task || !ptrace_may_access(reader, task, PTRACE_MODE_READ_FSCREDS)) return -EACCES;
  return get(task) ?? -ENOENT;
}
