/*
 * kernel/fs/splice.ts - from one file to another without going through user space
 *
 * Linux:   fs/splice.c, fs/read_write.c (do_sendfile, vfs_copy_file_range)
 * Manual:  sendfile(2), copy_file_range(2), splice(2), tee(2), vmsplice(2)
 * Differs: bytes are copied through a buffer of a page's size; what was read but could not be written is read again
 */

import type { File, Kiocb } from '../include/linux/fs.ts';
import {
  FMODE_LSEEK,
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_READ,
  FMODE_STREAM,
  FMODE_WRITE,
  MAX_RW_COUNT,
} from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EBADF, EFAULT, EINVAL, EISDIR, EOVERFLOW, ESPIPE, EXDEV } from '../include/uapi/errno.ts';
import { O_APPEND, O_NONBLOCK } from '../include/uapi/fcntl.ts';
import { S_ISDIR, S_ISREG } from '../include/uapi/stat.ts';
import { get_unaligned_sle64, put_unaligned_le64 } from '../lib/bytes.ts';
import { import_iovec, IovIter } from '../lib/iov_iter.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import { finish, type Sleeps } from '../sched/wait.ts';
import { bits, flags as flagBits, int, ptr, size, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { signal_pending } from '../signal.ts';
import { fdget } from './file.ts';
import { fput, get_file } from './file_table.ts';
import { is_pipe, pipe_room } from './pipe.ts';
import {
  pipe_add,
  pipe_consume,
  pipe_peek,
  pipe_put_back,
  pipe_space,
  pipe_take,
  pipe_to_pipe,
  pipe_wait_for_data,
  pipe_wait_for_space,
  same_pipe,
} from './splice_pipe.ts';

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
  return user === NULL ? file.f_pos : user_pos(task, user);
}

function user_pos(task: Task, user: UserPtr): number | null {
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
    const given = offset === NULL ? undefined : user_pos(task, offset);
    if (given === null) return -EFAULT;
    const input = fdget(task, in_fd);
    if (typeof input === 'number') return input;
    if ((input.f_mode & FMODE_READ) === 0) return -EBADF;
    if (given !== undefined && (input.f_mode & FMODE_PREAD) === 0) return -ESPIPE;
    const pos = given ?? input.f_pos;
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

/** Past the largest unsigned position, or from a negative one up to zero. */
const wraps = (pos: number, len: number): boolean => pos !== 0 && pos + len >= (pos < 0 ? 0 : 2 ** 64);

/*
 * splice(2), tee(2), vmsplice(2): one end at least is a pipe
 */

const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const SPLICE_F_MORE = 4;
const SPLICE_F_GIFT = 8;
const SPLICE_F_ALL = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;
const spliceFlags = bits({ SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_GIFT });

/** The flag says it of the pipes, whatever their files say; theirs do, too. */
const nonblock = (flags: number, ...pipes: readonly File[]): boolean =>
  (flags & SPLICE_F_NONBLOCK) !== 0 || pipes.some((pipe) => (pipe.f_flags & O_NONBLOCK) !== 0);

export const sys_splice = SYSCALL_DEFINE(
  'splice',
  { fd_in: int, off_in: ptr, fd_out: int, off_out: ptr, len: size, flags: spliceFlags },
  function* (task, { fd_in, off_in, fd_out, off_out, len, flags }) {
    if (len === 0) return 0;
    if (flags & ~SPLICE_F_ALL) return -EINVAL;
    const input = fdget(task, fd_in);
    if (typeof input === 'number') return input;
    const output = fdget(task, fd_out);
    if (typeof output === 'number') return output;
    if ((is_pipe(input) && off_in !== NULL) || (is_pipe(output) && off_out !== NULL)) return -ESPIPE;
    const pos_in = read_pos(task, input, off_in);
    const pos_out = read_pos(task, output, off_out);
    if (pos_in === null || pos_out === null) return -EFAULT;

    const from: End = { file: input, pos: pos_in };
    const to: End = { file: output, pos: pos_out };
    const err = splice_ok(from, to, off_in !== NULL, off_out !== NULL);
    if (err < 0) return err;
    get_file(input);
    get_file(output);
    const done = yield* do_splice(task, from, to, Math.min(len, MAX_RW_COUNT), flags);
    fput(input);
    fput(output);
    if (done <= 0) return done;
    const stored = is_pipe(input) ? 0 : store_pos(task, from, off_in);
    return stored || (is_pipe(output) ? 0 : store_pos(task, to, off_out)) || done;
  },
);

function splice_ok(from: End, to: End, at_in: boolean, at_out: boolean): number {
  const { file: input } = from;
  const { file: output } = to;
  if ((input.f_mode & FMODE_READ) === 0 || (output.f_mode & FMODE_WRITE) === 0) return -EBADF;
  if (is_pipe(input)) {
    if (is_pipe(output)) return same_pipe(input, output) ? -EINVAL : 0;
    if (at_out && (output.f_mode & FMODE_PWRITE) === 0) return -EINVAL;
    return output.f_flags & O_APPEND || !output.f_op.splice_write || to.pos < 0 ? -EINVAL : 0;
  }
  if (!is_pipe(output)) return -EINVAL;
  if (at_in && (input.f_mode & FMODE_PREAD) === 0) return -EINVAL;
  return input.f_op.splice_read && from.pos >= 0 ? 0 : -EINVAL;
}

function* do_splice(task: Task, from: End, to: End, len: number, flags: number): Sleeps<number> {
  const { file: input } = from;
  const { file: output } = to;
  if (!is_pipe(output)) return yield* splice_from_pipe(task, from, to, len, nonblock(flags, input));
  if (!is_pipe(input)) return yield* splice_file_to_pipe(task, from, output, len, nonblock(flags, output));
  return yield* splice_pipes(task, input, output, len, nonblock(flags, input, output), false);
}

/** What the pipe has room for, at once; of a file that gives less, that. */
function* splice_file_to_pipe(task: Task, from: End, pipe: File, len: number, now: boolean): Sleeps<number> {
  const err = yield* pipe_wait_for_space(task, pipe, now);
  if (err < 0) return err;
  const buffer = new Uint8Array(Math.min(len, pipe_space(pipe)));
  const source: Kiocb = { file: from.file, pos: from.pos, ki_flags: 0 };
  const got = yield* finish(from.file.f_op.read_iter!(task, source, IovIter.kernel(buffer)));
  if (got <= 0) return got;
  from.pos = source.pos;
  pipe_add(pipe, buffer.subarray(0, got));
  return got;
}

/** What is in the pipe; waits only while there is nothing at all. */
function* splice_from_pipe(task: Task, from: End, to: End, len: number, now: boolean): Sleeps<number> {
  let done = 0;
  while (done < len) {
    const ready = yield* pipe_wait_for_data(task, from.file, now || done > 0);
    if (ready <= 0) return done || ready;
    const sink: Kiocb = { file: to.file, pos: to.pos, ki_flags: 0 };
    const part = pipe_take(from.file, len - done);
    const put = yield* finish(to.file.f_op.write_iter!(task, sink, IovIter.kernel(part)));
    pipe_put_back(from.file, part.slice(Math.max(0, put)));
    if (put <= 0) return done || put;
    to.pos = sink.pos;
    done += put;
    if (put < part.length) break;
  }
  return done;
}

function* splice_pipes(
  task: Task,
  from: File,
  to: File,
  len: number,
  now: boolean,
  keep: boolean,
): Sleeps<number> {
  for (;;) {
    const ready = yield* pipe_wait_for_data(task, from, now);
    if (ready <= 0) return ready;
    const err = yield* pipe_wait_for_space(task, to, now);
    if (err < 0) return err;
    const done = pipe_to_pipe(from, to, len, keep);
    if (done > 0) return done; // otherwise somebody else was quicker
  }
}

export const sys_tee = SYSCALL_DEFINE(
  'tee',
  { fdin: int, fdout: int, len: size, flags: spliceFlags },
  function* (task, { fdin, fdout, len, flags }) {
    if (flags & ~SPLICE_F_ALL) return -EINVAL;
    if (len === 0) return 0;
    const input = fdget(task, fdin);
    if (typeof input === 'number') return input;
    const output = fdget(task, fdout);
    if (typeof output === 'number') return output;
    if ((input.f_mode & FMODE_READ) === 0 || (output.f_mode & FMODE_WRITE) === 0) return -EBADF;
    if (!is_pipe(input) || !is_pipe(output) || same_pipe(input, output)) return -EINVAL;
    get_file(input);
    get_file(output);
    const done = yield* splice_pipes(task, input, output, len, nonblock(flags, input, output), true);
    fput(input);
    fput(output);
    return done;
  },
);

/** Memory into a pipe, or (at its other end) out of it. */
export const sys_vmsplice = SYSCALL_DEFINE(
  'vmsplice',
  { fd: int, uiov: ptr, nr_segs: size, flags: spliceFlags },
  function* (task, { fd, uiov, nr_segs, flags }) {
    if (flags & ~SPLICE_F_ALL) return -EINVAL;
    const pipe = fdget(task, fd);
    if (typeof pipe === 'number') return pipe;
    const iter = import_iovec(task, uiov, nr_segs);
    if (typeof iter === 'number') return iter;
    if (iter.count === 0) return 0;
    if (!is_pipe(pipe)) return -EBADF;
    get_file(pipe);
    const out = (pipe.f_mode & FMODE_WRITE) !== 0;
    const now = nonblock(flags, pipe);
    const done = yield* out
      ? vmsplice_to_pipe(task, pipe, iter, now)
      : vmsplice_to_user(task, pipe, iter, now);
    fput(pipe);
    return done;
  },
);

function* vmsplice_to_pipe(task: Task, pipe: File, iter: IovIter, now: boolean): Sleeps<number> {
  const err = yield* pipe_wait_for_space(task, pipe, now);
  if (err < 0) return err;
  const bytes = new Uint8Array(Math.min(iter.count, pipe_space(pipe)));
  const copied = iter.copy_from_iter(bytes);
  if (copied > 0) pipe_add(pipe, bytes.subarray(0, copied));
  return copied || -EFAULT;
}

function* vmsplice_to_user(task: Task, pipe: File, iter: IovIter, now: boolean): Sleeps<number> {
  let done = 0;
  while (iter.count > 0) {
    const ready = yield* pipe_wait_for_data(task, pipe, now || done > 0);
    if (ready <= 0) return done || ready;
    const copied = iter.copy_to_iter(pipe_peek(pipe, iter.count));
    if (copied === 0) return done || -EFAULT;
    pipe_consume(pipe, copied);
    done += copied;
  }
  return done;
}
