/*
 * kernel/fs/tmpfs_file.ts - reading, writing and mapping what is in the page cache
 *
 * Linux:   mm/shmem.c (shmem_file_read_iter ... shmem_fallocate), mm/filemap.c (generic_perform_write)
 * Differs: a file of its own, so that tmpfs.ts can be read as the directory half
 */

import type { File, FileOperations, Inode, Kiocb } from '../include/linux/fs.ts';
import { FMODE_CAN_ODIRECT, IOCB_APPEND } from '../include/linux/fs_modes.ts';
import type { VmArea } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { EFAULT, EFBIG, ENOSPC, ENXIO, EPERM } from '../include/uapi/errno.ts';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_WRITE,
  SEEK_DATA,
  SEEK_HOLE,
} from '../include/uapi/fcntl.ts';
import { RLIMIT_FSIZE } from '../include/uapi/resource.ts';
import { SIGXFSZ } from '../include/uapi/signal.ts';
import type { IovIter } from '../lib/iov_iter.ts';
import { unmap_mapping_range } from '../mm/memory.ts';
import { send_sig } from '../signal.ts';
import { inode_newsize_ok } from './attr.ts';
import { file_remove_privs, touch_atime, touch_mtime } from './inode.ts';
import { memfd_seals, memfd_vma_ok } from './memfd.ts';
import { generic_file_llseek, vfs_setpos } from './read_write.ts';
import { shmem_mapping } from './tmpfs.ts';

function shmem_read_iter(_task: Task, iocb: Kiocb, to: IovIter): number {
  const inode = iocb.file.f_inode;
  const mapping = shmem_mapping(inode);
  const { mm } = inode.i_sb.kernel;
  let done = 0;
  while (to.count > 0 && iocb.pos < inode.i_size) {
    const offset = iocb.pos % PAGE_SIZE;
    const chunk = Math.min(PAGE_SIZE - offset, inode.i_size - iocb.pos, to.count);
    const pfn = mapping.get_page((iocb.pos - offset) / PAGE_SIZE, false);
    const copied = pfn > 0 ? to.copy_to_iter(mm.bytes(pfn).subarray(offset, offset + chunk)) : to.zero(chunk);
    iocb.pos += copied;
    done += copied;
    if (copied < chunk) return done || -EFAULT;
  }
  return done;
}

function shmem_write_iter(task: Task, iocb: Kiocb, from: IovIter): number {
  const inode = iocb.file.f_inode;
  if (from.count === 0) return 0;
  if (iocb.ki_flags & IOCB_APPEND) iocb.pos = inode.i_size;
  const err = generic_write_checks(task, inode, iocb.pos, from);
  if (err < 0) return err;

  file_remove_privs(task, inode);
  const done = perform_write(inode, iocb, from);
  touch_mtime(inode);
  return done;
}

/** "At the limit": a write that begins below it is cut there, one that begins at it is EFBIG and a signal. */
function generic_write_checks(task: Task, inode: Inode, pos: number, from: IovIter): number {
  const limit = task.signal.rlim[RLIMIT_FSIZE]!.cur;
  if (pos >= limit) {
    send_sig(SIGXFSZ, task, false);
    return -EFBIG;
  }
  from.truncate(limit - pos);
  if (pos >= 2 ** 63 - 1) return -EFBIG;

  const seals = memfd_seals(inode);
  if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) return -EPERM;
  return seals & F_SEAL_GROW && pos + from.count > inode.i_size ? -EPERM : 0;
}

function perform_write(inode: Inode, iocb: Kiocb, from: IovIter): number {
  const mapping = shmem_mapping(inode);
  const { mm } = inode.i_sb.kernel;
  let done = 0;
  while (from.count > 0) {
    const offset = iocb.pos % PAGE_SIZE;
    const chunk = Math.min(PAGE_SIZE - offset, from.count);
    const pfn = mapping.get_page_beyond((iocb.pos - offset) / PAGE_SIZE);
    if (pfn < 0) return done || pfn;
    const copied = from.copy_from_iter(mm.bytes(pfn).subarray(offset, offset + chunk));
    iocb.pos += copied;
    done += copied;
    if (iocb.pos > inode.i_size) inode.i_size = iocb.pos;
    if (copied < chunk) {
      // A page that was made for bytes that never came is beyond the end now.
      mapping.truncate(Math.ceil(inode.i_size / PAGE_SIZE));
      return done || -EFAULT;
    }
  }
  return done;
}

function shmem_llseek(file: File, offset: number, whence: number): number {
  if (whence !== SEEK_DATA && whence !== SEEK_HOLE) return generic_file_llseek(file, offset, whence);
  const inode = file.f_inode;
  if (offset < 0 || offset >= inode.i_size) return -ENXIO;
  const found = whence === SEEK_DATA ? next_data(inode, offset) : next_hole(inode, offset);
  return found < 0 ? found : vfs_setpos(file, found);
}

function next_data(inode: Inode, offset: number): number {
  const index = shmem_mapping(inode).next_data(Math.floor(offset / PAGE_SIZE));
  if (index < 0 || index * PAGE_SIZE >= inode.i_size) return -ENXIO;
  return Math.max(offset, index * PAGE_SIZE);
}

/** There is always one: behind the end. */
function next_hole(inode: Inode, offset: number): number {
  const mapping = shmem_mapping(inode);
  let index = Math.floor(offset / PAGE_SIZE);
  while (index * PAGE_SIZE < inode.i_size && mapping.has_data(index)) index++;
  return Math.min(Math.max(offset, index * PAGE_SIZE), inode.i_size);
}

function shmem_mmap(file: File, vma: VmArea): number {
  const err = memfd_vma_ok(file, vma);
  if (err < 0) return err;
  touch_atime(file.f_path);
  return 0;
}

function shmem_fallocate(file: File, mode: number, offset: number, length: number, task: Task): number {
  const inode = file.f_inode;
  if (mode & FALLOC_FL_PUNCH_HOLE) return punch_hole(inode, offset, length);

  const end = offset + length;
  const grow = end > inode.i_size && (mode & FALLOC_FL_KEEP_SIZE) === 0;
  if (end > inode.i_size && memfd_seals(inode) & F_SEAL_GROW) return -EPERM;
  const err = grow ? inode_newsize_ok(task, inode, end) : 0;
  if (err < 0) return err;

  const failed = allocate_pages(inode, Math.floor(offset / PAGE_SIZE), Math.ceil(end / PAGE_SIZE));
  if (failed < 0) return failed;
  if (grow) inode.i_size = end;
  touch_mtime(inode);
  return 0;
}

/** All of [first, end), or none of those that were not there. */
function allocate_pages(inode: Inode, first: number, end: number): number {
  const mapping = shmem_mapping(inode);
  if (mapping.exceeds_size(end - first)) return -ENOSPC;
  const made: number[] = [];
  for (let index = first; index < end; index++) {
    const fresh = mapping.allocate(index);
    if (typeof fresh === 'number') {
      for (const mine of made) mapping.punch(mine, mine + 1);
      return fresh;
    }
    if (fresh) made.push(index);
  }
  return 0;
}

function punch_hole(inode: Inode, offset: number, length: number): number {
  if (memfd_seals(inode) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) return -EPERM;
  const mapping = shmem_mapping(inode);
  const end = Math.min(offset + length, Math.ceil(inode.i_size / PAGE_SIZE) * PAGE_SIZE);
  if (offset >= end) return 0;

  const first = Math.ceil(offset / PAGE_SIZE);
  const last = Math.floor(end / PAGE_SIZE);
  if (first > last) {
    clear_part(inode, offset, end);
  } else {
    clear_part(inode, offset, first * PAGE_SIZE);
    clear_part(inode, last * PAGE_SIZE, end);
    unmap_mapping_range(mapping, first, last, false);
    mapping.punch(first, last);
  }
  touch_mtime(inode);
  return 0;
}

/** Zeroes in one page that may not be there at all. */
function clear_part(inode: Inode, from: number, to: number): void {
  if (from >= to || from >= inode.i_size) return;
  const offset = from % PAGE_SIZE;
  const pfn = shmem_mapping(inode).get_page((from - offset) / PAGE_SIZE, false);
  if (pfn > 0) inode.i_sb.kernel.mm.bytes(pfn).fill(0, offset, offset + (to - from));
}

/** There is nothing between the file and its pages, so "direct" is what it always is. */
function shmem_file_open(_inode: Inode, file: File): number {
  file.f_mode |= FMODE_CAN_ODIRECT;
  return 0;
}

export const shmem_file_operations: FileOperations = {
  open: shmem_file_open,
  llseek: shmem_llseek,
  read_iter: shmem_read_iter,
  splice_read: true,
  splice_write: true,
  write_iter: shmem_write_iter,
  mmap: shmem_mmap,
  fsync: () => 0,
  fallocate: shmem_fallocate,
};
