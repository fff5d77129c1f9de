/*
 * kernel/fs/read_write.ts - bytes in and out of open files
 *
 * Linux:   fs/read_write.c
 * Manual:  read(2), write(2), pread(2), readv(2), preadv2(2), lseek(2)
 *
 * None of these sleeps by itself: a method either answers at once or returns the rest of its work as a generator. The file
 * is held only in the second case, because only then can somebody else close the descriptor meanwhile.
 */

import type { File, Kiocb } from '../include/linux/fs.ts';
import {
  FMODE_LSEEK,
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_READ,
  FMODE_STREAM,
  FMODE_WRITE,
  FMODE_NOWAIT,
  IOCB_APPEND,
  IOCB_NOWAIT,
  MAX_LFS_FILESIZE,
} from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EBADF, EFAULT, EINVAL, ENXIO, EOPNOTSUPP, ESPIPE } from '../include/uapi/errno.ts';
import { O_APPEND, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from '../include/uapi/fcntl.ts';
import { S_ISDIR } from '../include/uapi/stat.ts';
import { IovIter, import_iovec } from '../lib/iov_iter.ts';
import { access_ok } from '../lib/usercopy.ts';
import { type MaySleep, type Sleeps, is_generator } from '../sched/wait.ts';
import {
  SYSCALL_DEFINE,
  enumeration,
  flags as flagBits,
  inbuf,
  int,
  long,
  outbuf,
  ptr,
  size,
} from '../syscalls/define.ts';
import { fdget } from './file.ts';
import { fput, get_file } from './file_table.ts';
import { touch_atime } from './inode.ts';

/** Where a transfer happens: at the file's own position, or at a given one. */
const AT_FILE_POS = -1;

type Direction = 'read' | 'write';

/** One transfer. `pos` AT_FILE_POS moves the file's position along. */
export function vfs_iter(
  task: Task,
  file: File,
  iter: IovIter,
  direction: Direction,
  pos: number,
  ki_flags = 0,
): MaySleep<number> {
  if ((file.f_mode & mode_for(direction)) === 0) return -EBADF;
  const own = pos === AT_FILE_POS;
  const appending = (file.f_flags & O_APPEND) !== 0 ? IOCB_APPEND : 0;
  const iocb: Kiocb = { file, pos: own ? file.f_pos : pos, ki_flags: ki_flags | appending };

  if (iter.count > 0 && iocb.pos + iter.count >= MAX_LFS_FILESIZE) return -EINVAL;
  const ret = start_iter(task, iocb, iter, direction);
  return is_generator(ret) ? iter_later(iocb, ret, direction, own) : iter_done(iocb, ret, direction, own);
}

function start_iter(task: Task, iocb: Kiocb, iter: IovIter, direction: Direction): MaySleep<number> {
  const { f_op } = iocb.file;
  if (direction === 'read') return f_op.read_iter ? f_op.read_iter(task, iocb, iter) : -EINVAL;
  return f_op.write_iter ? f_op.write_iter(task, iocb, iter) : -EINVAL;
}

function* iter_later(iocb: Kiocb, rest: Sleeps<number>, direction: Direction, own: boolean): Sleeps<number> {
  get_file(iocb.file);
  const ret = iter_done(iocb, yield* rest, direction, own);
  fput(iocb.file);
  return ret;
}

function iter_done(iocb: Kiocb, ret: number, direction: Direction, own: boolean): number {
  const { file } = iocb;
  if (ret >= 0 && direction === 'read' && ret > 0) touch_atime(file.f_path);
  if (own && ret >= 0 && (file.f_mode & FMODE_STREAM) === 0) file.f_pos = iocb.pos;
  return ret;
}

/**
 * A transfer between a file and one buffer. What reaches beyond user space is EFAULT before anything is moved, however
 * much of it would have fitted.
 */
function user_rw(
  task: Task,
  file: File,
  buf: UserPtr,
  count: number,
  direction: Direction,
  pos: number,
): MaySleep<number> {
  if ((file.f_mode & mode_for(direction)) === 0) return -EBADF;
  if (!access_ok(buf, count)) return -EFAULT;
  return vfs_iter(task, file, IovIter.user(task, buf, count), direction, pos);
}

const mode_for = (direction: Direction): number => (direction === 'read' ? FMODE_READ : FMODE_WRITE);

export function ksys_read(task: Task, fd: number, buf: UserPtr, count: number): MaySleep<number> {
  const file = fdget(task, fd);
  return typeof file === 'number' ? file : user_rw(task, file, buf, count, 'read', AT_FILE_POS);
}

export function ksys_write(task: Task, fd: number, buf: UserPtr, count: number): MaySleep<number> {
  const file = fdget(task, fd);
  return typeof file === 'number' ? file : user_rw(task, file, buf, count, 'write', AT_FILE_POS);
}

export const sys_read = SYSCALL_DEFINE(
  'read',
  { fd: int, buf: outbuf, count: size },
  (task, { fd, buf, count }) => ksys_read(task, fd, buf, count),
);

export const sys_write = SYSCALL_DEFINE(
  'write',
  { fd: int, buf: inbuf, count: size },
  (task, { fd, buf, count }) => ksys_write(task, fd, buf, count),
);

/** The file for a transfer at a given position, or -errno. */
function fd_for_pos(task: Task, fd: number, pos: number, mode: number): File | number {
  if (pos < 0) return -EINVAL;
  const file = fdget(task, fd);
  if (typeof file === 'number') return file;
  return file.f_mode & mode ? file : -ESPIPE;
}

export const sys_pread64 = SYSCALL_DEFINE(
  'pread64',
  { fd: int, buf: outbuf, count: size, pos: long },
  (task, { fd, buf, count, pos }) => {
    const file = fd_for_pos(task, fd, pos, FMODE_PREAD);
    return typeof file === 'number' ? file : user_rw(task, file, buf, count, 'read', pos);
  },
);

export const sys_pwrite64 = SYSCALL_DEFINE(
  'pwrite64',
  { fd: int, buf: inbuf, count: size, pos: long },
  (task, { fd, buf, count, pos }) => {
    const file = fd_for_pos(task, fd, pos, FMODE_PWRITE);
    return typeof file === 'number' ? file : user_rw(task, file, buf, count, 'write', pos);
  },
);

/* preadv2's flags. HIPRI, DSYNC and SYNC ask for what is always so here. */
const RWF_HIPRI = 0x01;
const RWF_NOWAIT = 0x08;
const RWF_APPEND = 0x10;
const RWF_NOAPPEND = 0x20;
const RWF_ATOMIC = 0x40;
const RWF_SUPPORTED = RWF_HIPRI | 0x02 | 0x04 | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND | RWF_ATOMIC;

interface Vector {
  readonly fd: number;
  readonly vec: UserPtr;
  readonly vlen: number;
  readonly pos: number;
  readonly flags: number;
}

function do_iov(task: Task, v: Vector, direction: Direction): MaySleep<number> {
  const own = v.pos === AT_FILE_POS;
  const file = own
    ? fdget(task, v.fd)
    : fd_for_pos(task, v.fd, v.pos, direction === 'read' ? FMODE_PREAD : FMODE_PWRITE);
  if (typeof file === 'number') return file;
  if ((file.f_mode & mode_for(direction)) === 0) return -EBADF;

  const iter = import_iovec(task, v.vec, v.vlen);
  if (typeof iter === 'number') return iter;
  if (iter.count === 0) return 0;
  if (v.pos + iter.count >= MAX_LFS_FILESIZE) return -EINVAL; // the position is judged before the flags are
  if (v.flags & ~RWF_HIPRI && S_ISDIR(file.f_inode.i_mode)) return -EOPNOTSUPP; // no read_iter, upstream
  const ki_flags = rw_flags(file, v.flags);
  return ki_flags < 0 ? ki_flags : vfs_iter(task, file, iter, direction, v.pos, ki_flags);
}

function rw_flags(file: File, flags: number): number {
  if (flags & ~RWF_SUPPORTED) return -EOPNOTSUPP;
  if (flags & RWF_APPEND && flags & RWF_NOAPPEND) return -EINVAL;
  if (flags & RWF_NOWAIT && (file.f_mode & FMODE_NOWAIT) === 0) return -EOPNOTSUPP;
  if (flags & RWF_ATOMIC) return -EOPNOTSUPP;
  return (flags & RWF_NOWAIT ? IOCB_NOWAIT : 0) | (flags & RWF_APPEND ? IOCB_APPEND : 0);
}

const vector = { fd: int, vec: ptr, vlen: size } as const;

export const sys_readv = SYSCALL_DEFINE('readv', vector, (task, { fd, vec, vlen }) =>
  do_iov(task, { fd, vec, vlen, pos: AT_FILE_POS, flags: 0 }, 'read'),
);

export const sys_writev = SYSCALL_DEFINE('writev', vector, (task, { fd, vec, vlen }) =>
  do_iov(task, { fd, vec, vlen, pos: AT_FILE_POS, flags: 0 }, 'write'),
);

/** The position comes in two halves, for 32-bit machines; on this one the low half is all of it. */
const vectorAt = { fd: int, vec: ptr, vlen: size, pos_l: long, pos_h: long } as const;

export const sys_preadv = SYSCALL_DEFINE('preadv', vectorAt, (task, { fd, vec, vlen, pos_l }) =>
  pos_l < 0 ? -EINVAL : do_iov(task, { fd, vec, vlen, pos: pos_l, flags: 0 }, 'read'),
);

export const sys_pwritev = SYSCALL_DEFINE('pwritev', vectorAt, (task, { fd, vec, vlen, pos_l }) =>
  pos_l < 0 ? -EINVAL : do_iov(task, { fd, vec, vlen, pos: pos_l, flags: 0 }, 'write'),
);

const vectorFlags = { ...vectorAt, flags: flagBits } as const;

export const sys_preadv2 = SYSCALL_DEFINE('preadv2', vectorFlags, (task, { fd, vec, vlen, pos_l, flags }) =>
  pos_l < -1 ? -EINVAL : do_iov(task, { fd, vec, vlen, pos: pos_l, flags }, 'read'),
);

export const sys_pwritev2 = SYSCALL_DEFINE(
  'pwritev2',
  vectorFlags,
  (task, { fd, vec, vlen, pos_l, flags }) =>
    pos_l < -1 ? -EINVAL : do_iov(task, { fd, vec, vlen, pos: pos_l, flags }, 'write'),
);

/** Linux: generic_file_llseek(). Positions are those of a file of i_size bytes without holes to tell of. */
export function generic_file_llseek(file: File, offset: number, whence: number): number {
  const { i_size } = file.f_inode;
  switch (whence) {
    case SEEK_SET:
      return vfs_setpos(file, offset);
    case SEEK_CUR:
      return vfs_setpos(file, offset, file.f_pos);
    case SEEK_END:
      return vfs_setpos(file, offset, i_size);
    case SEEK_DATA:
      return offset < 0 || offset >= i_size ? -ENXIO : vfs_setpos(file, offset);
    case SEEK_HOLE:
      return offset < 0 || offset >= i_size ? -ENXIO : vfs_setpos(file, i_size);
    default:
      return -EINVAL;
  }
}

/** The largest position, 2^63 - 1, is 2^63 as a number: right as a wish, an overflow as a sum. */
export function vfs_setpos(file: File, offset: number, base = 0): number {
  const pos = base + offset;
  if (pos < 0 || pos > MAX_LFS_FILESIZE) return -EINVAL;
  if (pos === MAX_LFS_FILESIZE && base > 0) return -EINVAL;
  file.f_pos = pos;
  return pos;
}

/** Devices that ignore where they are asked: the position stays 0. */
export const noop_llseek = (file: File): number => file.f_pos;
export const null_lseek = (file: File): number => {
  file.f_pos = 0;
  return 0;
};

const whence = enumeration({ SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE });

export const sys_lseek = SYSCALL_DEFINE(
  'lseek',
  { fd: int, offset: long, whence },
  (task, { fd, offset, whence }) => {
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    if (whence < 0 || whence > SEEK_HOLE) return -EINVAL;
    if ((file.f_mode & FMODE_LSEEK) === 0) return -ESPIPE;
    const pos = file.f_op.llseek!(file, offset, whence, task);
    return pos >= MAX_LFS_FILESIZE ? 2n ** 63n - 1n : pos;
  },
);

/**
 * Reads on behalf of the kernel (exec): bytes read, or -errno. The file's position stays. Only for files that answer at
 * once.
 */
export function kernel_read(task: Task, file: File, into: Uint8Array, pos: number): number {
  if ((file.f_mode & FMODE_READ) === 0) return -EBADF;
  if (!file.f_op.read_iter) return -EINVAL;
  const ret = file.f_op.read_iter(task, { file, pos, ki_flags: 0 }, IovIter.kernel(into));
  if (is_generator(ret)) throw new Error('kernel_read: this file sleeps');
  return ret;
}
