/*
 * kernel/fs/namei.ts - from a name to a file
 *
 * Linux:   fs/namei.c
 * Manual:  path_resolution(7), openat2(2)
 * Differs: a symbolic link's text is put in front of what is left of the name, instead of being kept on a stack: same
 *          order of steps, same limits, no nesting. Nothing here sleeps.
 * Absent:  automounts, RCU walk (there is one walk)
 *
 * Creating, removing and renaming is in dirops.ts, opening in open.ts, permissions in permission.ts.
 */

import type { Cred } from '../cred.ts';
import type { Dentry, Path } from '../include/linux/fs.ts';
import {
  LOOKUP_BENEATH,
  LOOKUP_DIRECTORY,
  LOOKUP_EMPTY,
  LOOKUP_FOLLOW,
  LOOKUP_IN_ROOT,
  LOOKUP_IS_SCOPED,
  LOOKUP_NO_MAGICLINKS,
  LOOKUP_NO_SYMLINKS,
  LOOKUP_NO_XDEV,
  MAXSYMLINKS,
  MAY_EXEC,
  NAME_MAX,
  PATH_MAX,
} from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EXDEV } from '../include/uapi/errno.ts';
import { AT_FDCWD } from '../include/uapi/fcntl.ts';
import { MS_NOSYMFOLLOW } from '../include/uapi/mount.ts';
import { S_ISDIR, S_ISLNK } from '../include/uapi/stat.ts';
import { strncpy_from_user } from '../lib/usercopy.ts';
import { d_alloc, path_equal } from './dcache.ts';
import { fdget_raw } from './file.ts';
import { touch_atime } from './inode.ts';
import { follow_mount, follow_up } from './namespace.ts';
import { inode_permission } from './permission.ts';

/** A path name from user space: -ENOENT when empty (unless LOOKUP_EMPTY), -ENAMETOOLONG, -EFAULT. */
export function getname(task: Task, from: UserPtr, flags = 0): string | number {
  const name = strncpy_from_user(task, from, PATH_MAX);
  if (typeof name === 'number') return name;
  if (name.length >= PATH_MAX) return -ENAMETOOLONG;
  return name === '' && (flags & LOOKUP_EMPTY) === 0 ? -ENOENT : name;
}

/** The last component: a name to look up, or one of the three that have no entry of their own. */
export const LAST_NORM = 0;
export const LAST_ROOT = 1;
export const LAST_DOT = 2;
export const LAST_DOTDOT = 3;

/** A walk in progress. Plain fields: one is made per lookup. */
export interface Nameidata {
  readonly task: Task;
  readonly cred: Cred;
  /** Where the walk stands. Until the last step: the parent of `last`. */
  path: Path;
  /** What "/" means and ".." stops at. */
  root: Path;
  /** The walk has come across its root: it began there, or had to stop at it. */
  root_known: boolean;
  flags: number;
  last: string;
  last_type: number;
  /** The last component had a slash behind it. */
  last_slash: boolean;
  total_link_count: number;
}

/** Stands the walk at its start. 0 or -errno. */
function path_init(task: Task, cred: Cred, dfd: number, name: string, flags: number): Nameidata | number {
  const scoped = (flags & LOOKUP_IS_SCOPED) !== 0;
  const absolute = name.startsWith('/') && (flags & LOOKUP_IN_ROOT) === 0;
  if (absolute && flags & LOOKUP_BENEATH) return -EXDEV;

  const start = absolute ? task.fs.root : path_of_dfd(task, dfd, name);
  if (typeof start === 'number') return start;
  const root = scoped ? start : task.fs.root;
  return {
    task,
    cred,
    path: start,
    root,
    root_known: scoped || absolute,
    flags,
    last: '',
    last_type: LAST_ROOT,
    last_slash: false,
    total_link_count: 0,
  };
}

function path_of_dfd(task: Task, dfd: number, name: string): Path | number {
  if (dfd === AT_FDCWD) return task.fs.pwd;
  const file = fdget_raw(task, dfd);
  if (typeof file === 'number') return file;
  if (name !== '' && !S_ISDIR(file.f_inode.i_mode)) return -ENOTDIR;
  return file.f_path;
}

/**
 * Walks all of `name` but its last component, which is left in nd.last for the caller to do with as it pleases: look up,
 * create, remove.
 */
function link_path_walk(nd: Nameidata, name: string): number {
  let rest = name;
  for (;;) {
    const start = skip_slashes(rest, 0);
    if (start === rest.length) {
      nd.last_type = LAST_ROOT;
      return 0;
    }

    const err = inode_permission(nd.cred, nd.path.dentry.d_inode!, MAY_EXEC);
    if (err < 0) return err;

    let end = rest.indexOf('/', start);
    if (end < 0) end = rest.length;
    if (end - start > NAME_MAX) return -ENAMETOOLONG;
    set_last(nd, rest.slice(start, end), end < rest.length);
    rest = rest.slice(skip_slashes(rest, end));
    if (rest === '') return 0;

    const text = walk_component(nd, true);
    if (typeof text === 'number' && text < 0) return text;
    if (typeof text === 'string') rest = `${text}/${rest}`;
    else if (!S_ISDIR(nd.path.dentry.d_inode!.i_mode)) return -ENOTDIR;
  }
}

function skip_slashes(name: string, at: number): number {
  while (name.charCodeAt(at) === 0x2f) at++;
  return at;
}

function set_last(nd: Nameidata, last: string, slash: boolean): void {
  nd.last = last;
  nd.last_slash = slash;
  nd.last_type = last === '.' ? LAST_DOT : last === '..' ? LAST_DOTDOT : LAST_NORM;
}

/**
 * One step: nd.path becomes nd.last below it. A symbolic link that is to be followed is not entered: its text is returned
 * and the walk stands where the text begins. 0 = done, or -errno.
 */
function walk_component(nd: Nameidata, follow: boolean): string | number {
  if (nd.last_type === LAST_DOTDOT) return follow_dotdot(nd);
  if (nd.last_type !== LAST_NORM) return 0;

  const dentry = lookup_one(nd.path.dentry, nd.last, nd.task);
  if (typeof dentry === 'number') return dentry;
  if (!dentry.d_inode) return -ENOENT;
  return step_into(nd, dentry, follow);
}

/** The child of that name; negative where there is none. */
export function lookup_one(dir: Dentry, name: string, task: Task): Dentry | number {
  const known = dir.d_children.get(name);
  if (known) return known;
  const { lookup } = dir.d_inode!.i_op;
  return lookup ? lookup(dir, name, task) : d_alloc(dir, name);
}

function step_into(nd: Nameidata, dentry: Dentry, follow: boolean): string | number {
  const path = follow_mount(nd.task.kernel.fs, { mnt: nd.path.mnt, dentry });
  if (path.mnt !== nd.path.mnt && nd.flags & LOOKUP_NO_XDEV) return -EXDEV;

  if (follow && S_ISLNK(path.dentry.d_inode!.i_mode)) return pick_link(nd, path);
  nd.path = path;
  return 0;
}

function follow_dotdot(nd: Nameidata): number {
  nd.root_known = true;
  let path = nd.path;
  for (;;) {
    if (path_equal(path, nd.root)) return nd.flags & LOOKUP_BENEATH ? -EXDEV : 0;
    if (path.dentry !== path.mnt.mnt_root) break;
    const up = follow_up(path);
    if (!up) return 0; // the root of everything is its own parent
    if (nd.flags & LOOKUP_NO_XDEV) return -EXDEV;
    path = up;
  }
  const parent = { mnt: path.mnt, dentry: path.dentry.d_parent };
  nd.path = follow_mount(nd.task.kernel.fs, parent);
  return 0;
}

/** Where a symbolic link leads: a text to go on with (the walk stands at its start), or 0 after a jump. */
function pick_link(nd: Nameidata, link: Path): string | number {
  if (++nd.total_link_count > MAXSYMLINKS) return -ELOOP;
  if (nd.flags & LOOKUP_NO_SYMLINKS) return -ELOOP;
  if (link.mnt.mnt_flags & MS_NOSYMFOLLOW) return -ELOOP;

  const { i_op } = link.dentry.d_inode!;
  touch_atime(link);
  if (i_op.get_link) return jump_link(nd, i_op.get_link(link.dentry, nd.task));
  const text = i_op.readlink!(link.dentry, nd.task);
  if (typeof text === 'number') return text;
  if (text === '') return -ENOENT;
  return text.startsWith('/') ? jump_to_root(nd, text) : text;
}

function jump_to_root(nd: Nameidata, text: string): string | number {
  if (nd.flags & LOOKUP_BENEATH) return -EXDEV;
  // Upstream compares with a root that it may not have looked up yet, and then refuses even where it is the same mount.
  if (nd.flags & LOOKUP_NO_XDEV && !(nd.root_known && nd.root.mnt === nd.path.mnt)) return -EXDEV;
  nd.root_known = true;
  nd.path = nd.root;
  return text;
}

/** /proc's magic links know the file itself. */
function jump_link(nd: Nameidata, target: Path | number): number {
  if (typeof target === 'number') return target;
  if (nd.flags & LOOKUP_NO_MAGICLINKS) return -ELOOP;
  if (nd.flags & LOOKUP_NO_XDEV && nd.path.mnt !== target.mnt) return -EXDEV;
  if (nd.flags & LOOKUP_IS_SCOPED) return -EXDEV;
  nd.path = target;
  return 0;
}

/** The last step, through as many links as it takes. A trailing slash demands a directory. */
function lookup_last(nd: Nameidata): number {
  for (;;) {
    if (nd.last_slash && nd.last_type === LAST_NORM) nd.flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
    const text = walk_component(nd, (nd.flags & LOOKUP_FOLLOW) !== 0);
    if (typeof text === 'number') return text;
    const err = link_path_walk(nd, nd.last_slash ? `${text}/` : text);
    if (err < 0) return err;
  }
}

/** The walk that ends at an existing file. */
export function filename_lookup_as(
  task: Task,
  cred: Cred,
  dfd: number,
  name: string,
  flags: number,
): Path | number {
  const nd = path_init(task, cred, dfd, name, flags);
  if (typeof nd === 'number') return nd;
  if (name === '') return nd.path; // AT_EMPTY_PATH: the descriptor itself

  let err = link_path_walk(nd, name);
  if (err === 0) err = lookup_last(nd);
  if (err < 0) return err;
  if (nd.flags & LOOKUP_DIRECTORY && !S_ISDIR(nd.path.dentry.d_inode!.i_mode)) return -ENOTDIR;
  return nd.path;
}

export const filename_lookup = (task: Task, dfd: number, name: string, flags: number): Path | number =>
  filename_lookup_as(task, task.cred, dfd, name, flags);

/** The most common question of a system call: which file is meant. Flags: LOOKUP_*. */
export function user_path_at(task: Task, dfd: number, from: UserPtr, flags: number): Path | number {
  const name = getname(task, from, flags);
  return typeof name === 'number' ? name : filename_lookup(task, dfd, name, flags);
}

/** For the kernel's own use: an absolute name (or one relative to the task's directory). */
export const kern_path = (task: Task, name: string, flags: number): Path | number =>
  name === '' ? -ENOENT : filename_lookup(task, AT_FDCWD, name, flags);

/** A walk that stops before the last component. */
export function filename_parentat(task: Task, dfd: number, name: string, flags: number): Nameidata | number {
  if (name === '') return -ENOENT;
  const nd = path_init(task, task.cred, dfd, name, flags);
  if (typeof nd === 'number') return nd;
  const err = link_path_walk(nd, name);
  return err < 0 ? err : nd;
}

/** open()'s own steps: after filename_parentat(), look at the last component, and go on through a link. */
export function open_step(nd: Nameidata, dentry: Dentry, follow: boolean): number {
  const text = step_into(nd, dentry, follow);
  if (typeof text === 'number') return text;
  const err = link_path_walk(nd, nd.last_slash ? `${text}/` : text);
  return err < 0 ? err : OPEN_AGAIN;
}
/** The last component was a link; nd.last is now the last component of its text. */
export const OPEN_AGAIN = 1;

/** ".", ".." and "/" as the last component of an open. */
export const handle_dots = (nd: Nameidata): number => walk_component(nd, true) as number;

/** readlink(2) and /proc use it: the text, or -EINVAL for what is no link. */
export function vfs_readlink(path: Path, task: Task): string | number {
  const inode = path.dentry.d_inode!;
  if (!S_ISLNK(inode.i_mode) || !inode.i_op.readlink) return -EINVAL;
  touch_atime(path);
  return inode.i_op.readlink(path.dentry, task);
}
