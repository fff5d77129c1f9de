/*
 * kernel/fs/sync.ts - written means safe
 *
 * Linux:   fs/sync.c, mm/fadvise.c, mm/readahead.c
 * Manual:  sync(2), fsync(2)
 * Differs: there is no disk; what is written is where it will stay
 */

import { FMODE_READ } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { EBADF, EINVAL, ESPIPE } from '../include/uapi/errno.ts';
import { S_ISDIR, S_ISLNK, S_ISREG } from '../include/uapi/stat.ts';
import { flags as flagBits, int, long, size as sizeArg, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { fdget } from './file.ts';

function do_fsync(task: Task, fd: number): number {
  const file = fdget(task, fd);
  if (typeof file === 'number') return file;
  return file.f_op.fsync?.(file) ?? -EINVAL;
}

export const sys_sync = SYSCALL_DEFINE('sync', {}, () => 0);
export const sys_fsync = SYSCALL_DEFINE('fsync', { fd: int }, (task, { fd }) => do_fsync(task, fd));
export const sys_fdatasync = SYSCALL_DEFINE('fdatasync', { fd: int }, (task, { fd }) => do_fsync(task, fd));

export const sys_syncfs = SYSCALL_DEFINE('syncfs', { fd: int }, (task, { fd }) => {
  const file = fdget(task, fd);
  return typeof file === 'number' ? file : 0;
});

const SYNC_FILE_RANGE_FLAGS = 0x7;

export const sys_sync_file_range = SYSCALL_DEFINE(
  'sync_file_range',
  { fd: int, offset: long, nbytes: long, flags: flagBits },
  (task, { fd, offset, nbytes, flags }) => {
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    if (flags & ~SYNC_FILE_RANGE_FLAGS || offset < 0 || nbytes < 0) return -EINVAL;
    if (offset > 0 && nbytes > 0 && offset + nbytes >= 2 ** 63) return -EINVAL;
    const { i_mode } = file.f_inode;
    return S_ISREG(i_mode) || S_ISDIR(i_mode) || S_ISLNK(i_mode) ? 0 : -ESPIPE;
  },
);

/** What is in memory need not be read ahead. */
export const sys_readahead = SYSCALL_DEFINE(
  'readahead',
  { fd: int, offset: long, count: sizeArg },
  (task, { fd }) => {
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
    return file.f_inode.i_mapping && S_ISREG(file.f_inode.i_mode) ? 0 : -EINVAL;
  },
);

const FADVISE_LAST = 5;

export const sys_fadvise64 = SYSCALL_DEFINE(
  'fadvise64',
  { fd: int, offset: long, len: long, advice: int },
  (task, { fd, len, advice }) => {
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    if (!file.f_op.llseek) return -ESPIPE;
    return len < 0 || advice < 0 || advice > FADVISE_LAST ? -EINVAL : 0;
  },
);
