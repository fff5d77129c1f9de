/*
 * kernel/fs/proc/root.ts - /proc itself
 *
 * Linux:   fs/proc/root.c, fs/proc/self.c, fs/proc/thread_self.c
 * Manual:  proc(5)
 * Absent:  hidepid and the other mount options are accepted and do nothing
 */

import type {
  Dentry,
  DirContext,
  File,
  FileOperations,
  InodeOperations,
  SuperBlock,
} from '../../include/linux/fs.ts';
import type { PidNamespace } from '../../include/linux/pid_namespace.ts';
import type { Task } from '../../include/linux/sched.ts';
import { ENOENT } from '../../include/uapi/errno.ts';
import { DT_DIR, DT_LNK, PROC_SUPER_MAGIC } from '../../include/uapi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import { task_active_pid_ns, task_pid_nr_ns, task_tgid_nr_ns } from '../../pid.ts';
import { d_make_root } from '../dcache.ts';
import { dcache_dir_lseek, generic_read_dir } from '../readdir.ts';
import { new_super, register_filesystem } from '../super.ts';
import { proc_pid_lookup } from './base.ts';
import {
  type ProcFsInfo,
  proc_copy_entries,
  proc_pid_ns,
  proc_readdir,
  proc_root_inode,
  proc_sb,
  proc_symlink,
} from './generic.ts';
import { proc_misc_init } from './misc.ts';
import { proc_sys_init } from './proc_sysctl.ts';

/** Entries below this place are permanent; then the two "self" links, then processes by number. */
const FIRST_PROCESS_ENTRY = 256;
const TGID_OFFSET = FIRST_PROCESS_ENTRY + 2;

export function proc_root_init(kernel: Kernel): void {
  register_filesystem(kernel, { name: 'proc', nodev: true, get_tree: proc_get_tree });
  proc_super(kernel, kernel.pids.init_pid_ns);
  proc_symlink(kernel, 'self', proc_self);
  proc_symlink(kernel, 'thread-self', proc_thread_self);
  proc_symlink(kernel, 'mounts', () => 'self/mounts');
  proc_misc_init(kernel);
  proc_sys_init(kernel);
}

/** Who mounts it sees the numbers of his own namespace. */
function proc_get_tree(kernel: Kernel, _data: string, task: Task): SuperBlock {
  const ns = task_active_pid_ns(task);
  if (ns.proc_sb) return ns.proc_sb;
  const sb = proc_super(kernel, ns);
  proc_copy_entries(proc_sb(kernel).s_root, sb.s_root);
  return sb;
}

function proc_super(kernel: Kernel, pid_ns: PidNamespace): SuperBlock {
  const sb = proc_fill_super(kernel, { pid_ns, entries: 0 });
  pid_ns.proc_sb = sb;
  return sb;
}

/** Who has no number there has no directory there either. */
function proc_self(task: Task, ns: PidNamespace): string | number {
  const tgid = task_tgid_nr_ns(task, ns);
  return tgid ? String(tgid) : -ENOENT;
}

function proc_thread_self(task: Task, ns: PidNamespace): string | number {
  const tgid = task_tgid_nr_ns(task, ns);
  return tgid ? `${tgid}/task/${task_pid_nr_ns(task, ns)}` : -ENOENT;
}

function proc_fill_super(kernel: Kernel, info: ProcFsInfo): SuperBlock {
  const sb = new_super(kernel, 'proc', PROC_SUPER_MAGIC, {});
  sb.s_fs_info = info;
  sb.s_blocksize = 1024;
  sb.s_root = d_make_root(sb, proc_root_inode(sb, proc_root_iops, proc_root_fops));
  return sb;
}

/** What is permanent was found before this is asked: what is left are processes. */
const proc_root_lookup = (dir: Dentry, name: string): Dentry | number => proc_pid_lookup(dir, name);

function proc_root_getattr(dentry: Dentry, task: Task): void {
  let links = 2;
  for (const child of dentry.d_children.values()) if (child.d_children.size > 0) links++;
  task.kernel.pids.for_each_process(() => links++, proc_pid_ns(dentry.d_sb));
  dentry.d_inode!.i_nlink = links;
}

function proc_root_readdir(file: File, ctx: DirContext, task: Task): number {
  if (ctx.pos < FIRST_PROCESS_ENTRY) {
    if (!proc_readdir(file, ctx, SELF_LINKS)) return 0;
    ctx.pos = FIRST_PROCESS_ENTRY;
  }
  if (!emit_self_links(file, ctx)) return 0;
  return proc_pid_readdir(ctx, task, proc_pid_ns(file.f_inode.i_sb));
}

/** These come behind everything that is permanent. */
const SELF_LINKS: readonly string[] = ['self', 'thread-self'];

function emit_self_links(file: File, ctx: DirContext): boolean {
  const { d_children } = file.f_path.dentry;
  for (let which = 0; which < SELF_LINKS.length; which++) {
    if (ctx.pos > FIRST_PROCESS_ENTRY + which) continue;
    const name = SELF_LINKS[which]!;
    const { i_ino } = d_children.get(name)!.d_inode!;
    if (!ctx.emit(name, i_ino, DT_LNK)) return false;
    ctx.pos = FIRST_PROCESS_ENTRY + which + 1;
  }
  return true;
}

/** Every process, by rising number; its place is that number, so none is told twice. */
function proc_pid_readdir(ctx: DirContext, task: Task, ns: PidNamespace): number {
  const numbers: number[] = [];
  task.kernel.pids.for_each_process((leader) => numbers.push(task_tgid_nr_ns(leader, ns)), ns);
  for (const tgid of numbers) {
    const place = tgid + TGID_OFFSET;
    if (place < ctx.pos) continue;
    ctx.pos = place;
    // The inode does not exist before somebody looks; any number that is not 0 will do here.
    if (!ctx.emit(String(tgid), place, DT_DIR)) return 0;
  }
  ctx.pos = PID_MAX_LIMIT + TGID_OFFSET;
  return 0;
}

/** There is no process with this number. */
const PID_MAX_LIMIT = 4 * 1024 * 1024;

const proc_root_iops: InodeOperations = { lookup: proc_root_lookup, getattr: proc_root_getattr };
const proc_root_fops: FileOperations = {
  llseek: dcache_dir_lseek,
  read_iter: generic_read_dir,
  iterate: proc_root_readdir,
};
