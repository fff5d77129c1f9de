/*
 * kernel/fs/fs_struct.ts - where a process stands: root, working directory, umask
 *
 * Linux:   fs/fs_struct.c, include/linux/fs_struct.h
 */

import type { FsStruct, Path } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';

/** The first one: everything at the root. */
export const init_fs = (root: Path): FsStruct => ({ users: 1, umask: 0o022, root, pwd: root });

/** fork without CLONE_FS. */
export const copy_fs_struct = (old: FsStruct): FsStruct => ({
  users: 1,
  umask: old.umask,
  root: old.root,
  pwd: old.pwd,
});

export function exit_fs(task: Task): void {
  task.fs.users--;
}

/** unshare(CLONE_FS), and execve of one of several that share. */
export function unshare_fs_struct(task: Task): void {
  if (task.fs.users === 1) return;
  const copy = copy_fs_struct(task.fs);
  task.fs.users--;
  task.fs = copy;
}

export function set_fs_pwd(fs: FsStruct, path: Path): void {
  fs.pwd = path;
}

export function set_fs_root(fs: FsStruct, path: Path): void {
  fs.root = path;
}
