/*
 * kernel/fs/proc/mem.ts - /proc/<pid>/mem: a process's memory as a file
 *
 * Linux:   fs/proc/base.c (proc_mem_operations)
 * Manual:  proc_pid_mem(5)
 * Differs: a file of its own
 *
 * Positions are addresses. Reading and writing goes past the mappings' permissions, as a debugger's does. The address
 * space is the one at open(): after an execve() it is empty, not the new program's.
 */

import type { File, FileOperations, Inode, Kiocb } from '../../include/linux/fs.ts';
import type { Mm } from '../../include/linux/mm_types.ts';
import type { Task } from '../../include/linux/sched.ts';
import { PAGE_SIZE } from '../../include/linux/types.ts';
import { EACCES, EFAULT, EINVAL, EIO, ESRCH } from '../../include/uapi/errno.ts';
import { SEEK_CUR, SEEK_SET } from '../../include/uapi/fcntl.ts';
import type { IovIter } from '../../lib/iov_iter.ts';
import { access_remote_vm } from '../../mm/gup.ts';
import { PTRACE_MODE_ATTACH_FSCREDS, ptrace_may_access } from '../../ptrace.ts';
import { get_proc_task } from './internal.ts';

function mem_open(inode: Inode, file: File, task: Task): number {
  const target = get_proc_task(inode);
  if (!target) return -ESRCH;
  if (!ptrace_may_access(task, target, PTRACE_MODE_ATTACH_FSCREDS)) return -EACCES;
  file.private_data = target.mm;
  return 0;
}

/** Of an address space that nobody lives in any more there is nothing to see. */
function mm_of(file: File): Mm | null {
  const mm = file.private_data as Mm | null;
  return mm && mm.mm_users > 0 ? mm : null;
}

function mem_rw(iocb: Kiocb, iter: IovIter, write: boolean): number {
  const mm = mm_of(iocb.file);
  if (!mm) return 0;
  let done = 0;
  while (iter.count > 0) {
    const page = new Uint8Array(Math.min(iter.count, PAGE_SIZE));
    if (write && iter.copy_from_iter(page) < page.length) return done || -EFAULT;
    const moved = access_remote_vm(mm, iocb.pos, page, write);
    if (moved <= 0) return done || -EIO;
    if (!write && iter.copy_to_iter(page.subarray(0, moved)) < moved) return done || -EFAULT;
    iocb.pos += moved;
    done += moved;
    if (moved < page.length) return done;
  }
  return done;
}

/** Any address is a position, also those that a file could not have. */
function mem_lseek(file: File, offset: number, whence: number): number {
  if (whence !== SEEK_SET && whence !== SEEK_CUR) return -EINVAL;
  file.f_pos = whence === SEEK_SET ? offset : file.f_pos + offset;
  return file.f_pos;
}

export const proc_mem_fops: FileOperations = {
  open: mem_open,
  llseek: mem_lseek,
  read_iter: (_task, iocb, to) => mem_rw(iocb, to, false),
  write_iter: (_task, iocb, from) => mem_rw(iocb, from, true),
};
