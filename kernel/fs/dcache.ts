/*
 * kernel/fs/dcache.ts - names and how they hang together
 *
 * Linux:   fs/dcache.c, fs/d_path.c
 * Differs: the tree of dentries is the file system itself, so nothing is ever dropped for want of memory. Negative dentries
 *          are not kept.
 */

import type { Dentry, Inode, Path, SuperBlock } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { Kernel } from '../kernel.ts';
import { mnt_init } from './namespace.ts';

/** Linux: vfs_caches_init(). From here on kernel.fs exists, with an empty root. */
export const vfs_caches_init = (kernel: Kernel): void => mnt_init(kernel);

/** Offsets 0 and 1 of a directory are "." and "..", 2 is the start of the rest, whatever comes first there. */
export const FIRST_OFFSET = 2;

/** A dentry that hangs nowhere yet: its parent does not know it. */
export function d_alloc(parent: Dentry, name: string): Dentry {
  return make_dentry(parent.d_sb, parent, name, null);
}

/** The root of a tree: its own parent. */
export function d_make_root(sb: SuperBlock, inode: Inode): Dentry {
  return make_dentry(sb, null, '/', inode);
}

function make_dentry(d_sb: SuperBlock, parent: Dentry | null, d_name: string, d_inode: Inode | null): Dentry {
  const dentry: Dentry = {
    d_sb,
    d_name,
    d_parent: parent as Dentry,
    d_inode,
    d_children: new Map(),
    d_deleted: false,
    d_mounted: 0,
    d_offset: 0,
    d_next_offset: FIRST_OFFSET + 1,
  };
  if (parent === null) dentry.d_parent = dentry;
  return dentry;
}

/** The name begins to exist. */
export function d_add(dentry: Dentry, inode: Inode): void {
  dentry.d_inode = inode;
  d_hang(dentry);
}

/** Makes the dentry the newest of its directory, at a new place or at that of one that it replaces. */
export function d_hang(dentry: Dentry, d_offset = dentry.d_parent.d_next_offset++): void {
  dentry.d_offset = d_offset;
  dentry.d_parent.d_children.set(dentry.d_name, dentry);
}

/** The name ceases to exist; whoever has it open goes on with the dentry. */
export function d_delete(dentry: Dentry): void {
  dentry.d_parent.d_children.delete(dentry.d_name);
  dentry.d_deleted = true;
}

/** The dentry moves to where `target`, a dentry that is about to vanish or never existed, is. */
export function d_move(dentry: Dentry, target: Dentry): void {
  if (target.d_inode) d_delete(target);
  dentry.d_parent.d_children.delete(dentry.d_name);
  dentry.d_parent = target.d_parent;
  dentry.d_name = target.d_name;
  if (target.d_inode) d_hang(dentry, target.d_offset);
  else d_hang(dentry);
}

export function d_exchange(a: Dentry, b: Dentry): void {
  const { d_parent, d_name, d_offset } = a;
  a.d_parent.d_children.delete(a.d_name);
  b.d_parent.d_children.delete(b.d_name);
  const offset = b.d_offset;
  a.d_parent = b.d_parent;
  a.d_name = b.d_name;
  b.d_parent = d_parent;
  b.d_name = d_name;
  d_hang(b, d_offset);
  d_hang(a, offset);
}

export const is_root = (dentry: Dentry): boolean => dentry.d_parent === dentry;

/** The child of `ancestor` on the way down to `dentry`, or null where that way does not exist. */
export function d_ancestor(ancestor: Dentry, dentry: Dentry): Dentry | null {
  for (let at = dentry; !is_root(at); at = at.d_parent) if (at.d_parent === ancestor) return at;
  return null;
}

export const is_subdir = (dentry: Dentry, ancestor: Dentry): boolean =>
  dentry === ancestor || d_ancestor(ancestor, dentry) !== null;

export const path_equal = (a: Path, b: Path): boolean => a.dentry === b.dentry && a.mnt === b.mnt;

/** What walking up from `path` ends at: its root, somebody's other root, or a mount that is no longer in the tree. */
interface Climb {
  text: string;
  end: 'root' | 'outside' | 'detached';
}

function climb(path: Path, root: Path | null): Climb {
  let { mnt, dentry } = path;
  let text = '';
  for (;;) {
    if (root && mnt === root.mnt && dentry === root.dentry) return { text, end: 'root' };
    if (dentry === mnt.mnt_root) {
      if (!mnt.mnt_parent || !mnt.mnt_mountpoint)
        return { text, end: mnt.mnt_detached ? 'detached' : 'outside' };
      dentry = mnt.mnt_mountpoint;
      mnt = mnt.mnt_parent;
      continue;
    }
    if (is_root(dentry)) return { text, end: 'detached' };
    text = `/${dentry.d_name}${text}`;
    dentry = dentry.d_parent;
  }
}

/** The name as seen from the task's root, as /proc prints it: with " (deleted)" where that is so. */
export function d_path(path: Path, task: Task | null = null): string {
  const { dentry } = path;
  const named = dentry.d_sb.s_op.d_dname?.(dentry);
  if (named !== undefined) return named;

  const { text } = climb(path, task ? task.fs.root : null);
  return (text || '/') + (dentry.d_deleted ? ' (deleted)' : '');
}

/** For /proc/mounts: relative to `root`, or null when `path` is not below it. */
export function d_path_below(path: Path, root: Path): string | null {
  const { text, end } = climb(path, root);
  return end === 'root' ? text || '/' : null;
}

/** Inside one file system: what mountinfo calls the root of a mount. */
export function dentry_path(dentry: Dentry): string {
  let text = '';
  for (let at = dentry; !is_root(at); at = at.d_parent) text = `/${at.d_name}${text}`;
  return text || '/';
}

/** getcwd(2): "(unreachable)" in front where the root is not above; null: deleted. */
export function d_absolute_cwd(path: Path, root: Path): string | null {
  if (path.dentry.d_deleted) return null;
  const { text, end } = climb(path, root);
  return (end === 'root' ? '' : '(unreachable)') + (text || '/');
}
