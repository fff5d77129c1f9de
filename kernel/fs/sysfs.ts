/*
 * kernel/fs/sysfs.ts - /sys, where other file systems have their places
 *
 * Linux:   fs/sysfs, lib/kobject.c (v6.12)
 * Manual:  sysfs(5)
 * Absent:  devices (but for the processors), drivers and everything else that upstream tells there
 */

import type { Dentry, SuperBlock } from '../include/linux/fs.ts';
import { SYSFS_MAGIC } from '../include/uapi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { simple_fill_super, simple_mkdir } from './libfs.ts';
import { get_tree_single, register_filesystem } from './super.ts';

export function sysfs_init(kernel: Kernel): void {
  register_filesystem(kernel, { name: 'sysfs', nodev: true, get_tree: sysfs_super });
}

const sysfs_super = (kernel: Kernel): SuperBlock =>
  get_tree_single(kernel, 'sysfs', (k) => simple_fill_super(k, 'sysfs', SYSFS_MAGIC, 0o555));

/** A directory below /sys, by its path; made with those above it if it is not there. */
export function sysfs_mkdir(kernel: Kernel, path: string, mode = 0o755): Dentry {
  let dir = sysfs_super(kernel).s_root;
  const names = path.split('/');
  for (const name of names) dir = simple_mkdir(dir, name, name === names.at(-1) ? mode : 0o755);
  return dir;
}

/** Linux: sysfs_create_mount_point(). An empty directory below /sys, by its path. */
export function sysfs_create_mount_point(kernel: Kernel, path: string, mode: number): void {
  sysfs_mkdir(kernel, path, mode);
}
