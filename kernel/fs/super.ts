/*
 * kernel/fs/super.ts - super blocks, and the list of file systems
 *
 * Linux:   fs/super.c, fs/filesystems.c, fs/libfs.c
 * Absent:  reference counts: a super block lives while something points at it
 */

import type { Kernel } from '../kernel.ts';
import type {
  Dentry,
  FileSystemType,
  Inode,
  InodeOperations,
  Kstatfs,
  Mount,
  SuperBlock,
  SuperOperations,
} from '../include/linux/fs.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { MKDEV, S_IFDIR } from '../include/uapi/stat.ts';
import { d_make_root } from './dcache.ts';
import { new_inode, no_fops, no_iops } from './inode.ts';

/** A super block on an anonymous device (major 0). The caller gives it its root with d_make_root(). */
export function new_super(
  kernel: Kernel,
  s_type: string,
  s_magic: number,
  s_op: SuperOperations,
): SuperBlock {
  return {
    kernel,
    s_type,
    s_magic,
    s_dev: MKDEV(0, kernel.fs.next_anon_dev++),
    s_blocksize: PAGE_SIZE,
    s_root: null as unknown as Dentry,
    s_flags: 0,
    next_ino: 1,
    s_op,
    s_xattr: [],
    s_fs_info: null,
  };
}

/** The one super block of a kind, made at first use. */
export function get_tree_single(
  kernel: Kernel,
  name: string,
  fill: (kernel: Kernel) => SuperBlock,
): SuperBlock {
  const known = kernel.fs.singletons.get(name);
  if (known) return known;

  const sb = fill(kernel);
  kernel.fs.singletons.set(name, sb);
  return sb;
}

/** A directory that anyone can enter and nobody can change. */
export function make_root_dir(sb: SuperBlock, i_op: InodeOperations = no_iops): Inode {
  const inode = new_inode(sb, S_IFDIR | 0o755, i_op, no_fops);
  inode.i_nlink = 2;
  return inode;
}

/** A file system that only the kernel sees: pipes, anonymous inodes. Its mount is in no tree. */
export function init_pseudo(
  kernel: Kernel,
  name: string,
  magic: number,
  d_dname: (dentry: Dentry) => string,
): Mount {
  const sb = get_tree_single(kernel, name, () => {
    const fresh = new_super(kernel, name, magic, { d_dname });
    fresh.s_root = d_make_root(fresh, make_root_dir(fresh));
    return fresh;
  });
  sb.s_fs_info ??= kern_mount(kernel, sb, name);
  return sb.s_fs_info as Mount;
}

/** A mount that hangs nowhere. */
export function kern_mount(kernel: Kernel, sb: SuperBlock, devname: string, mnt_root = sb.s_root): Mount {
  return {
    mnt_id: kernel.fs.next_mnt_id++,
    mnt_root,
    mnt_sb: sb,
    mnt_parent: null,
    mnt_mountpoint: null,
    mnt_detached: false,
    mnt_ns: null,
    mnt_devname: devname,
    mnt_flags: 0,
  };
}

export function register_filesystem(kernel: Kernel, type: FileSystemType): void {
  kernel.fs.filesystems.set(type.name, type);
}

/** Nothing in it, nothing to fill: what statfs() says of file systems that are no storage. */
export const simple_statfs: Kstatfs = { blocks: 0, bfree: 0, files: 0, ffree: 0 };
