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
  IOCB_APPEND,
  IOCB_NOWAIT,
} from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EBADF, EINVAL, ENXIO, EOPNOTSUPP, EOVERFLOW, ESPIPE } from '../include/uapi/errno.ts';
import { O_APPEND, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, SEEK_SET } from '../include/uapi/fcntl.ts';
import { IovIter, import_iovec } from '../lib/iov_iter.ts';
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
  if ((file.f_mode & (direction === 'read' ? FMODE_READ : FMODE_WRITE)) === 0) return -EBADF;
  const own = pos === AT_FILE_POS;
  const appending = (file.f_flags & O_APPEND) !== 0 ? IOCB_APPEND : 0;
  const iocb: Kiocb = { file, pos: own ? file.f_pos : pos, ki_flags: ki_flags | appending };

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
  if (own && (file.f_mode & FMODE_STREAM) === 0) file.f_pos = iocb.pos;
  return ret;
}

export function ksys_read(task: Task, fd: number, buf: UserPtr, count: number): MaySleep<number> {
  const file = fdget(task, fd);
  if (typeof file === 'number') return file;
  return vfs_iter(task, file, IovIter.user(task, buf, count), 'read', AT_FILE_POS);
}

export function ksys_write(task: Task, fd: number, buf: UserPtr, count: number): MaySleep<number> {
  const file = fdget(task, fd);
  if (typeof file === 'number') return file;
  return vfs_iter(task, file, IovIter.user(task, buf, count), 'write', AT_FILE_POS);
}

/** A negative `count` as size_t is beyond what a transfer can be. */
const count_bad = (count: number): boolean => count >= 2 ** 63;

export const sys_read = SYSCALL_DEFINE(
  'read',
  { fd: int, buf: outbuf, count: size },
  (task, { fd, buf, count }) =>
    count_bad(count) ? read_bad_count(task, fd) : ksys_read(task, fd, buf, count),
);

export const sys_write = SYSCALL_DEFINE(
  'write',
  { fd: int, buf: inbuf, count: size },
  (task, { fd, buf, count }) =>
    count_bad(count) ? read_bad_count(task, fd) : ksys_write(task, fd, buf, count),
);

function read_bad_count(task: Task, fd: number): number {
  const file = fdget(task, fd);
  return typeof file === 'number' ? file : -EINVAL;
}

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
    if (typeof file === 'number') return file;
    if (count_bad(count)) return -EINVAL;
    return vfs_iter(task, file, IovIter.user(task, buf, count), 'read', pos);
  },
);

export const sys_pwrite64 = SYSCALL_DEFINE(
  'pwrite64',
  { fd: int, buf: inbuf, count: size, pos: long },
  (task, { fd, buf, count, pos }) => {
    const file = fd_for_pos(task, fd, pos, FMODE_PWRITE);
    if (typeof file === 'number') return file;
    if (count_bad(count)) return -EINVAL;
    return vfs_iter(task, file, IovIter.user(task, buf, count), 'write', pos);
  },
);

/* preadv2's flags. HIPRI, DSYNC and SYNC ask for what is always so here. */
const RWF_NOWAIT = 0x08;
const RWF_APPEND = 0x10;
const RWF_NOAPPEND = 0x20;
const RWF_SUPPORTED = 0x01 | 0x02 | 0x04 | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND;

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
  if ((file.f_mode & (direction === 'read' ? FMODE_READ : FMODE_WRITE)) === 0) return -EBADF;

  const iter = import_iovec(task, v.vec, v.vlen);
  if (typeof iter === 'number') return iter;
  if (iter.count === 0) return 0;
  const ki_flags = rw_flags(v.flags);
  return ki_flags < 0 ? ki_flags : vfs_iter(task, file, iter, direction, v.pos, ki_flags);
}

function rw_flags(flags: number): number {
  if (flags & ~RWF_SUPPORTED) return -EOPNOTSUPP;
  if (flags & RWF_APPEND && flags & RWF_NOAPPEND) return -EINVAL;
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
      return vfs_setpos(file, file.f_pos + offset);
    case SEEK_END:
      return vfs_setpos(file, i_size + offset);
    case SEEK_DATA:
      return offset < 0 || offset >= i_size ? -ENXIO : vfs_setpos(file, offset);
    case SEEK_HOLE:
      return offset < 0 || offset >= i_size ? -ENXIO : vfs_setpos(file, i_size);
    default:
      return -EINVAL;
  }
}

export function vfs_setpos(file: File, pos: number): number {
  if (pos < 0 || pos >= 2 ** 63) return -EINVAL;
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
    return file.f_op.llseek!(file, offset, whence, task);
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

/** rw_verify_area()'s part that depends on the file: the end of the range must be a position too. */
export const pos_overflows = (pos: number, count: number): number =>
  pos + count >= 2 ** 63 ? -EOVERFLOW : 0;
