/*
 * kernel/fs/libfs.ts - trees that the kernel fills and nobody changes
 *
 * Linux:   fs/libfs.c, fs/seq_file.c
 */

import type {
  Dentry,
  File,
  FileOperations,
  InodeOperations,
  SuperBlock,
  SuperOperations,
} from '../include/linux/fs.ts';
import { S_IFDIR, S_IFREG } from '../include/uapi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { d_add, d_alloc, d_make_root } from './dcache.ts';
import { new_inode } from './inode.ts';
import { dcache_dir_fops } from './readdir.ts';
import { new_super } from './super.ts';

/** What is not there cannot be made, either, by anybody but the kernel. */
const simple_dir_iops: InodeOperations = {};

/** A super block with an empty root. */
export function simple_fill_super(
  kernel: Kernel,
  type: string,
  magic: number,
  mode: number,
  s_op: SuperOperations = {},
): SuperBlock {
  const sb = new_super(kernel, type, magic, s_op);
  const root = new_inode(sb, S_IFDIR | mode, simple_dir_iops, dcache_dir_fops);
  root.i_nlink = 2;
  sb.s_root = d_make_root(sb, root);
  return sb;
}

/** The directory of that name; made if it is not there. */
export function simple_mkdir(parent: Dentry, name: string, mode: number): Dentry {
  const known = parent.d_children.get(name);
  if (known) return known;
  const dentry = d_alloc(parent, name);
  const inode = new_inode(parent.d_sb, S_IFDIR | mode, simple_dir_iops, dcache_dir_fops);
  inode.i_nlink = 2;
  parent.d_inode!.i_nlink++;
  d_add(dentry, inode);
  return dentry;
}

export function simple_create(parent: Dentry, name: string, mode: number, fops: FileOperations): void {
  d_add(d_alloc(parent, name), new_inode(parent.d_sb, S_IFREG | mode, {}, fops));
}

/** For files without positions that do not mind being asked for one. */
export const noop_llseek = (file: File): number => file.f_pos;
