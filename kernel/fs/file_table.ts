/*
 * kernel/fs/file_table.ts - open files come and go
 *
 * Linux:   fs/file_table.c, include/linux/file.h
 * Differs: the last fput() releases at once; upstream defers it to the return to user space
 */

import type { Cred } from '../cred.ts';
import { O_ACCMODE } from '../include/uapi/fcntl.ts';
import type { File, FileOperations, Path } from '../include/linux/fs.ts';
import {
  FMODE_EXEC,
  FMODE_LSEEK,
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_WRITER,
} from '../include/linux/fs_modes.ts';
import { eventpoll_release_file } from './eventpoll.ts';
import { allow_write_access, iput } from './inode.ts';
import { locks_remove_file } from './locks.ts';

/** O_RDONLY, O_WRONLY, O_RDWR are 0, 1, 2; FMODE_READ and FMODE_WRITE are bits. The odd mode 3 gives neither. */
export const OPEN_FMODE = (flags: number): number => ((flags & O_ACCMODE) + 1) & O_ACCMODE;

/** An open file with one reference, its caller's. `path` must be positive. */
export function alloc_file(path: Path, flags: number, f_op: FileOperations, f_cred: Cred): File {
  const inode = path.dentry.d_inode!;
  inode.i_count++;
  return {
    f_path: path,
    f_inode: inode,
    f_op,
    f_flags: flags,
    f_mode: OPEN_FMODE(flags) | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE,
    f_pos: 0,
    f_count: 1,
    f_cred,
    f_owner: null,
    private_data: null,
    f_ep: null,
  };
}

export function get_file(file: File): File {
  file.f_count++;
  return file;
}

/** Lets a reference go; the last one closes the file. */
export function fput(file: File): void {
  if (--file.f_count > 0) return;
  if (file.f_count < 0) throw new Error('fput: more puts than gets');

  if (file.f_ep) eventpoll_release_file(file);
  if (file.f_inode.i_flctx) locks_remove_file(file);
  file.f_op.release?.(file);
  if (file.f_mode & FMODE_WRITER) file.f_inode.i_writecount--;
  if (file.f_mode & FMODE_EXEC) allow_write_access(file.f_inode);
  iput(file.f_inode);
}
