/*
 * kernel/fs/anon_inodes.ts - open files that have no place in any tree
 *
 * Linux:   fs/anon_inodes.c
 * Differs: each file has a dentry of its own under the one inode, so that its name can be told ("anon_inode:[eventfd]")
 */

import type { File, FileOperations, Inode, SuperBlock } from '../include/linux/fs.ts';
import { FMODE_LSEEK, FMODE_PREAD, FMODE_PWRITE } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { O_ACCMODE, O_NONBLOCK } from '../include/uapi/fcntl.ts';
import { ANON_INODE_FS_MAGIC } from '../include/uapi/stat.ts';
import { d_alloc } from './dcache.ts';
import { alloc_file } from './file_table.ts';
import { new_inode, no_fops, no_iops } from './inode.ts';
import { init_pseudo } from './super.ts';

/** `name` as it is to appear: "[eventfd]". `flags`: O_RDWR and so on, O_NONBLOCK. */
export function anon_inode_getfile(
  task: Task,
  name: string,
  fops: FileOperations,
  priv: unknown,
  flags: number,
): File {
  const mnt = init_pseudo(task.kernel, 'anon_inodefs', ANON_INODE_FS_MAGIC, (d) => `anon_inode:${d.d_name}`);
  const dentry = d_alloc(mnt.mnt_root, name);
  dentry.d_inode = the_inode(mnt.mnt_sb);
  const file = alloc_file({ mnt, dentry }, flags & (O_ACCMODE | O_NONBLOCK), fops, task.cred);
  file.f_mode &= ~(FMODE_PREAD | FMODE_PWRITE);
  if (!fops.llseek) file.f_mode &= ~FMODE_LSEEK;
  file.private_data = priv;
  return file;
}

/** All of them share one inode without a type: mode 0600 and nothing else. */
function the_inode(sb: SuperBlock): Inode {
  const root = sb.s_root.d_inode!;
  if (!root.i_private) {
    const inode = new_inode(sb, 0o600, no_iops, no_fops);
    root.i_private = inode;
  }
  return root.i_private as Inode;
}
