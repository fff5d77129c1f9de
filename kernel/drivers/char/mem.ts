/*
 * kernel/drivers/char/mem.ts - null, zero, full, random, urandom, kmsg
 *
 * Linux:   drivers/char/mem.c, drivers/char/random.c (the two nodes), kernel/printk/printk.c (devkmsg)
 * Manual:  null(4), full(4), random(4), Documentation/ABI/testing/dev-kmsg
 * Absent:  /dev/mem and /dev/port: physical memory is nobody's business
 */

import { register_chrdev } from '../../fs/devices.ts';
import { noop_llseek, null_lseek } from '../../fs/read_write.ts';
import type { File, FileOperations, Kiocb } from '../../include/linux/fs.ts';
import type { VmArea } from '../../include/linux/mm_types.ts';
import type { Task } from '../../include/linux/sched.ts';
import { PAGE_SIZE } from '../../include/linux/types.ts';
import { EFAULT, ENOSPC, ENOTTY, EPERM } from '../../include/uapi/errno.ts';
import { VM_SHARED } from '../../include/linux/mm.ts';
import { MKDEV } from '../../include/uapi/stat.ts';
import type { Kernel } from '../../kernel.ts';
import type { IovIter } from '../../lib/iov_iter.ts';
import { put_user_u32 } from '../../lib/usercopy.ts';
import { shmem_zero_setup } from '../../mm/shmem.ts';
import { kmsg_fops } from './kmsg.ts';

const MEM_MAJOR = 1;

const read_null = (): number => 0;

function write_null(_task: Task, _iocb: Kiocb, from: IovIter): number {
  const count = from.count;
  from.advance(count);
  return count;
}

/** Zeroes until the buffer is full or stops being writable. */
function read_zero(_task: Task, _iocb: Kiocb, to: IovIter): number {
  if (to.count === 0) return 0;
  return to.zero(to.count) || -EFAULT;
}

const write_full = (): number => -ENOSPC;

/** Mapping zeroes is how anonymous memory was once asked for. */
function mmap_zero(_file: File, vma: VmArea): number {
  if (vma.vm_flags & VM_SHARED) return shmem_zero_setup(vma.vm_mm.kernel, vma, false);
  vma.vm_mapping = null;
  return 0;
}

/** In pages, so that a reader of much gets what fits until its memory ends. */
function read_random(task: Task, _iocb: Kiocb, to: IovIter): number {
  let done = 0;
  while (to.count > 0) {
    const bytes = task.kernel.random.get_random_bytes(Math.min(to.count, PAGE_SIZE));
    const copied = to.copy_to_iter(bytes);
    done += copied;
    if (copied < bytes.length) return done || -EFAULT;
  }
  return done;
}

function write_random(task: Task, _iocb: Kiocb, from: IovIter): number {
  let done = 0;
  while (from.count > 0) {
    const bytes = new Uint8Array(Math.min(from.count, PAGE_SIZE));
    const copied = from.copy_from_iter(bytes);
    task.kernel.random.mix_pool_bytes(bytes.subarray(0, copied));
    done += copied;
    if (copied < bytes.length) return done || -EFAULT;
  }
  return done;
}

/* random(4)'s ioctls: RNDGETENTCNT tells how much there is, the others are root's and change nothing here. */
const RNDGETENTCNT = 0x8004_5200;
const RNDADDTOENTCNT = 0x4004_5201;
const POOL_BITS = 256;

const random_ioctl: NonNullable<FileOperations['ioctl']> = (task, _file, cmd, arg) => {
  if (cmd === RNDGETENTCNT) return put_user_u32(task, arg, POOL_BITS);
  return cmd === RNDADDTOENTCNT ? -EPERM : -ENOTTY;
};

const null_fops: FileOperations = {
  splice_write: true,
  llseek: null_lseek,
  read_iter: read_null,
  write_iter: write_null,
};
const zero_fops: FileOperations = {
  splice_write: true,
  splice_read: true,
  llseek: null_lseek,
  read_iter: read_zero,
  write_iter: write_null,
  mmap: mmap_zero,
};
const full_fops: FileOperations = {
  splice_read: true,
  llseek: null_lseek,
  read_iter: read_zero,
  write_iter: write_full,
};
const random_fops: FileOperations = {
  splice_write: true,
  splice_read: true,
  llseek: noop_llseek,
  read_iter: read_random,
  write_iter: write_random,
  ioctl: random_ioctl,
};

// biome-ignore format: columns teach
const DEVICES: readonly (readonly [minor: number, name: string, mode: number, fops: FileOperations])[] = [
  [ 3, 'null',    0o666, null_fops],
  [ 5, 'zero',    0o666, zero_fops],
  [ 7, 'full',    0o666, full_fops],
  [ 8, 'random',  0o666, random_fops],
  [ 9, 'urandom', 0o666, random_fops],
  [11, 'kmsg',    0o644, kmsg_fops],
];

export function chr_dev_init(kernel: Kernel): void {
  for (const [minor, name, mode, fops] of DEVICES) {
    register_chrdev(kernel, MKDEV(MEM_MAJOR, minor), name, mode, fops);
  }
}
