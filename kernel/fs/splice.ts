/*
 * kernel/fs/splice.ts - from one file to another without going through user space
 *
 * Linux:   fs/splice.c, fs/read_write.c (do_sendfile, vfs_copy_file_range)
 * Manual:  sendfile(2), copy_file_range(2)
 * Differs: bytes are copied through a buffer of a page's size; what was read but could not be written is read again
 * Absent:  splice(2), tee(2), vmsplice(2)
 */

import type { File, Kiocb } from '../include/linux/fs.ts';
import {
  FMODE_LSEEK,
  FMODE_PREAD,
  FMODE_READ,
  FMODE_STREAM,
  FMODE_WRITE,
  MAX_RW_COUNT,
} from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EBADF, EFAULT, EINVAL, EISDIR, EOVERFLOW, ESPIPE, EXDEV } from '../include/uapi/errno.ts';
import { O_APPEND } from '../include/uapi/fcntl.ts';
import { S_ISDIR, S_ISREG } from '../include/uapi/stat.ts';
import { get_unaligned_sle64, put_unaligned_le64 } from '../lib/bytes.ts';
import { IovIter } from '../lib/iov_iter.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import { finish, type Sleeps } from '../sched/wait.ts';
import { flags as flagBits, int, ptr, size, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { signal_pending } from '../signal.ts';
import { fdget } from './file.ts';
import { fput, get_file } from './file_table.ts';
import { is_pipe, pipe_room } from './pipe.ts';

const CHUNK = 64 * 1024;

/** One end of a copy: a file, and where in it. */
interface End {
  readonly file: File;
  pos: number;
}

/** Copies until `count`, the end of the source, or an obstacle; the positions move with it. */
function* copy_files(task: Task, from: End, to: End, count: number): Sleeps<number> {
  get_file(from.file);
  get_file(to.file);
  let done = 0;
  let err = 0;
  while (done < count) {
    const moved = yield* copy_chunk(task, from, to, Math.min(CHUNK, count - done));
    if (moved <= 0) {
      err = moved;
      break;
    }
    done += moved;
    if (signal_pending(task)) break;
  }
  fput(from.file);
  fput(to.file);
  return done || err;
}

function* copy_chunk(task: Task, from: End, to: End, room: number): Sleeps<number> {
  const buffer = new Uint8Array(room);
  const source: Kiocb = { file: from.file, pos: from.pos, ki_flags: 0 };
  const got = yield* finish(from.file.f_op.read_iter!(task, source, IovIter.kernel(buffer)));
  if (got <= 0) return got;

  const sink: Kiocb = { file: to.file, pos: to.pos, ki_flags: 0 };
  const put = yield* finish(to.file.f_op.write_iter!(task, sink, IovIter.kernel(buffer.subarray(0, got))));
  if (put <= 0) return put;
  // A device's position stays where it is, whatever it gave.
  if (source.pos !== from.pos) from.pos += put;
  to.pos = sink.pos;
  return put;
}

/** A position at a user pointer, or the file's own when there is none; null: the pointer is bad. */
function read_pos(task: Task, file: File, user: UserPtr): number | null {
  if (user === NULL) return file.f_pos;
  const bytes = memdup_user(task, user, 8);
  return typeof bytes === 'number' ? null : get_unaligned_sle64(bytes, 0);
}

function store_pos(task: Task, end: End, user: UserPtr): number {
  if (user === NULL) {
    if ((end.file.f_mode & FMODE_STREAM) === 0) end.file.f_pos = end.pos;
    return 0;
  }
  const bytes = new Uint8Array(8);
  put_unaligned_le64(end.pos, bytes, 0);
  return copy_to_user(task, user, bytes) ? -EFAULT : 0;
}

export const sys_sendfile64 = SYSCALL_DEFINE(
  'sendfile',
  { out_fd: int, in_fd: int, offset: ptr, count: size },
  function* (task, { out_fd, in_fd, offset, count }) {
    const input = fdget(task, in_fd);
    if (typeof input === 'number') return input;
    if ((input.f_mode & FMODE_READ) === 0) return -EBADF;
    if (offset !== NULL && (input.f_mode & FMODE_PREAD) === 0) return -ESPIPE;
    const pos = read_pos(task, input, offset);
    if (pos === null) return -EFAULT;
    if (pos < 0 || pos + count >= 2 ** 63) return -EINVAL;

    const output = fdget(task, out_fd);
    if (typeof output === 'number') return output;
    if ((output.f_mode & FMODE_WRITE) === 0) return -EBADF;
    const err = sendfile_ok(task, input, output, count);
    if (err < 0) return err;

    const from: End = { file: input, pos };
    const to: End = { file: output, pos: output.f_pos };
    const done = yield* copy_files(task, from, to, Math.min(count, MAX_RW_COUNT));
    if (done <= 0) return done;
    return store_pos(task, to, NULL) || store_pos(task, from, offset) || done;
  },
);

/** Into a pipe anything goes; otherwise what cannot be sought would be lost if it could not be passed on. */
function sendfile_ok(task: Task, input: File, output: File, count: number): number {
  if (is_pipe(output)) {
    const err = pipe_room(task, output);
    if (err < 0) return err;
  } else if (output.f_flags & O_APPEND || (input.f_mode & FMODE_LSEEK) === 0) {
    return -EINVAL;
  }
  if (count === 0) return 0;
  return input.f_op.splice_read && output.f_op.splice_write ? 0 : -EINVAL;
}

export const sys_copy_file_range = SYSCALL_DEFINE(
  'copy_file_range',
  { fd_in: int, off_in: ptr, fd_out: int, off_out: ptr, len: size, flags: flagBits },
  function* (task, { fd_in, off_in, fd_out, off_out, len, flags }) {
    const input = fdget(task, fd_in);
    if (typeof input === 'number') return input;
    const output = fdget(task, fd_out);
    if (typeof output === 'number') return output;
    const pos_in = read_pos(task, input, off_in);
    const pos_out = read_pos(task, output, off_out);
    if (pos_in === null || pos_out === null) return -EFAULT;
    const from: End = { file: input, pos: pos_in };
    const to: End = { file: output, pos: pos_out };
    if (flags !== 0) return -EINVAL;
    const count = Math.min(len, MAX_RW_COUNT);
    const err = copy_range_ok(from, to, len);
    if (err < 0 || count === 0) return err;
    const left = Math.min(count, Math.max(0, input.f_inode.i_size - from.pos));
    if (input.f_inode === output.f_inode && from.pos < to.pos + left && to.pos < from.pos + left)
      return -EINVAL;

    const done = yield* copy_files(task, from, to, left);
    if (done <= 0) return done;
    return store_pos(task, from, off_in) || store_pos(task, to, off_out) || done;
  },
);

function copy_range_ok(from: End, to: End, len: number): number {
  const { file: input } = from;
  const { file: output } = to;
  const modes = [input.f_inode.i_mode, output.f_inode.i_mode];
  if (modes.some(S_ISDIR)) return -EISDIR;
  if (!modes.every(S_ISREG)) return -EINVAL;
  if ((input.f_mode & FMODE_READ) === 0 || (output.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (output.f_flags & O_APPEND) return -EBADF;
  if (input.f_inode.i_sb !== output.f_inode.i_sb) return -EXDEV;
  if (wraps(from.pos, len) || wraps(to.pos, len)) return -EOVERFLOW;
  return from.pos < 0 || to.pos < 0 ? -EINVAL : 0;
}

/** Past the largest position, or from a negative one up to zero. */
const wraps = (pos: number, len: number): boolean => pos + len >= 2 ** 63 || (pos < 0 && pos + len >= 0);
