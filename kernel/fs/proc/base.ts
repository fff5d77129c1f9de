/*
 * kernel/fs/proc/base.ts - a directory for each process
 *
 * Linux:   fs/proc/base.c
 * Manual:  proc(5)
 * Differs: dentries are made anew by each lookup and kept by nobody; what there is not is ENOENT at once, so nothing can be
 *          created either
 * Absent:  map_files, net, attr, pagemap, clear_refs, numa_maps, autogroup, and what belongs to subsystems there are not
 */

import type { Dentry, DirContext, File, FileOperations, InodeOperations } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import { ENOENT } from '../../include/uapi/errno.ts';
import { fs_umode_to_dtype, S_IFDIR } from '../../include/uapi/stat.ts';
import { type Pid, PIDTYPE_PID, pid_task, task_pid_nr_ns } from '../../pid.ts';
import { proc_mountinfo, proc_mounts, proc_mountstats } from '../proc_namespace.ts';
import { dcache_dir_lseek, dir_emit_dots, generic_read_dir } from '../readdir.ts';
import { proc_pid_stat, proc_pid_status } from './array.ts';
import { proc_fd_fops, proc_fd_iops, proc_fdinfo_fops, proc_fdinfo_iops } from './fd.ts';
import {
  DIR,
  get_proc_task,
  LNK,
  name_to_int,
  ONE,
  type PidEntry,
  PRIVATE,
  proc_pid_dentry,
  REG,
} from './internal.ts';
import { proc_mem_fops } from './mem.ts';
import { ns_entries } from './namespaces.ts';
import { proc_pid_ns } from './generic.ts';
import { proc_timens_show_offsets, timens_offsets_write } from '../../time/namespace.ts';
import * as files from './pid_files.ts';
import { proc_pid_maps, proc_pid_smaps, proc_pid_smaps_rollup, proc_pid_statm } from './task_mmu.ts';

type Table = readonly (readonly [name: string, entry: PidEntry])[];

/** Reads a table as a directory. */
class EntryDirectory {
  readonly iops: InodeOperations;
  readonly fops: FileOperations;
  private readonly table: ReadonlyMap<string, PidEntry>;

  constructor(table: Table, more: FileOperations = {}) {
    this.table = new Map(table);
    this.iops = { lookup: (dir, name) => this.lookup(dir, name) };
    this.fops = {
      llseek: dcache_dir_lseek,
      read_iter: generic_read_dir,
      iterate: (file, ctx) => this.readdir(file, ctx),
      ...more,
    };
  }

  private lookup(dir: Dentry, name: string): Dentry | number {
    const entry = this.table.get(name);
    if (!entry) return -ENOENT;
    return proc_pid_dentry(dir, name, entry, dir.d_inode!.i_private as Pid);
  }

  private readdir(file: File, ctx: DirContext): number {
    if (!get_proc_task(file.f_inode)) return -ENOENT;
    if (!dir_emit_dots(file, ctx)) return 0;
    let place = 2;
    for (const [name, { mode }] of this.table) {
      if (place >= ctx.pos) {
        if (!ctx.emit(name, place, fs_umode_to_dtype(mode))) return 0;
        ctx.pos = place + 1;
      }
      place++;
    }
    return 0;
  }
}

const PID_DIRECTORY_LINKS = 9;

/** /proc/<n>: any thread's number is found, though only processes are listed. */
export function proc_pid_lookup(dir: Dentry, name: string): Dentry | number {
  const target = find_proc_task(dir, name);
  if (!target) return -ENOENT;
  return pid_directory(dir, name, tgid_directory, target.thread_pid);
}

/** Linux: find_task_by_pid_ns(). The names are numbers of the namespace that this /proc shows. */
function find_proc_task({ d_sb }: Dentry, name: string): Task | null {
  const nr = name_to_int(name);
  return nr === null ? null : pid_task(proc_pid_ns(d_sb).pids.get(nr) ?? null, PIDTYPE_PID);
}

function pid_directory(dir: Dentry, name: string, directory: EntryDirectory, pid: Pid): Dentry | number {
  const dentry = proc_pid_dentry(dir, name, DIR(0o555, directory.iops, directory.fops), pid);
  if (typeof dentry === 'object') dentry.d_inode!.i_nlink = PID_DIRECTORY_LINKS;
  return dentry;
}

/* /proc/<pid>/task: the threads. */

function proc_task_lookup(dir: Dentry, name: string): Dentry | number {
  const leader = get_proc_task(dir.d_inode!);
  if (!leader) return -ENOENT;
  const thread = find_proc_task(dir, name);
  if (!thread || thread.signal !== leader.signal) return -ENOENT;
  return pid_directory(dir, name, tid_directory, thread.thread_pid);
}

function proc_task_readdir(file: File, ctx: DirContext): number {
  const leader = get_proc_task(file.f_inode);
  if (!leader) return -ENOENT;
  if (!dir_emit_dots(file, ctx)) return 0;
  const ns = proc_pid_ns(file.f_inode.i_sb);
  for (const tid of [...leader.signal.threads]
    .map((thread) => task_pid_nr_ns(thread, ns))
    .sort((a, b) => a - b)) {
    const place = tid + 2;
    if (place < ctx.pos) continue;
    ctx.pos = place;
    if (!ctx.emit(String(tid), place, fs_umode_to_dtype(S_IFDIR))) return 0;
    ctx.pos = place + 1;
  }
  return 0;
}

function proc_task_getattr(dentry: Dentry): void {
  const leader = get_proc_task(dentry.d_inode!);
  if (leader) dentry.d_inode!.i_nlink = 2 + leader.signal.threads.size;
}

const proc_task_iops: InodeOperations = { lookup: proc_task_lookup, getattr: proc_task_getattr };
const proc_task_fops: FileOperations = {
  llseek: dcache_dir_lseek,
  read_iter: generic_read_dir,
  iterate: proc_task_readdir,
};

const ns_directory = new EntryDirectory(ns_entries());

/* In upstream's order, which is also readdir's. */
// biome-ignore format: columns teach
const COMMON: Table = [
  ['fd',            DIR(0o500, proc_fd_iops, proc_fd_fops)],
  ['fdinfo',        DIR(0o555, proc_fdinfo_iops, proc_fdinfo_fops)],
  ['ns',            DIR(0o511, ns_directory.iops, ns_directory.fops)],
  ['environ',       PRIVATE(0o400, files.proc_pid_environ)],
  ['auxv',          PRIVATE(0o400, files.proc_pid_auxv)],
  ['status',        ONE(0o444, proc_pid_status)],
  ['personality',   PRIVATE(0o400, files.proc_pid_personality)],
  ['limits',        ONE(0o444, files.proc_pid_limits)],
  ['comm',          ONE(0o644, files.proc_pid_comm, files.comm_write)],
  ['syscall',       ONE(0o400, files.proc_pid_syscall)],
  ['cmdline',       ONE(0o444, files.proc_pid_cmdline)],
  ['stat',          ONE(0o444, proc_pid_stat)],
  ['statm',         ONE(0o444, proc_pid_statm)],
  ['maps',          PRIVATE(0o444, proc_pid_maps)],
  ['mem',           REG(0o600, proc_mem_fops)],
  ['cwd',           LNK((task) => (task.exit_state ? null : task.fs.pwd))],
  ['root',          LNK((task) => (task.exit_state ? null : task.fs.root))],
  ['exe',           LNK((task) => task.mm?.exe_file?.f_path ?? null)],
  ['mounts',        ONE(0o444, proc_mounts)],
  ['mountinfo',     ONE(0o444, proc_mountinfo)],
  ['mountstats',    ONE(0o400, proc_mountstats)],
  ['smaps',         PRIVATE(0o444, proc_pid_smaps)],
  ['smaps_rollup',  PRIVATE(0o444, proc_pid_smaps_rollup)],
  ['wchan',         ONE(0o444, () => '0')],
  ['schedstat',     ONE(0o444, files.proc_pid_schedstat)],
  ['oom_score',     ONE(0o444, files.proc_oom_score)],
  ['oom_adj',       ONE(0o644, files.oom_adj_read)],
  ['oom_score_adj', ONE(0o644, files.oom_score_adj_read, files.oom_score_adj_write)],
  ['loginuid',      ONE(0o644, () => '4294967295')],
  ['sessionid',     ONE(0o444, () => '4294967295')],
  ['uid_map',       ONE(0o644, files.proc_uid_map, files.proc_uid_map_write)],
  ['gid_map',       ONE(0o644, files.proc_gid_map, files.proc_gid_map_write)],
  ['setgroups',     ONE(0o644, files.proc_setgroups, files.proc_setgroups_write)],
];

const tgid_directory = new EntryDirectory(
  [
    ['task', DIR(0o555, proc_task_iops, proc_task_fops)],
    ...COMMON,
    ['timens_offsets', ONE(0o644, proc_timens_show_offsets, timens_offsets_write)],
    ['timerslack_ns', ONE(0o666, files.timerslack_ns_show, files.timerslack_ns_write)],
  ],
  { is_proc_tgid: true },
);

const tid_directory = new EntryDirectory([...COMMON, ['children', ONE(0o444, files.children_show)]]);
