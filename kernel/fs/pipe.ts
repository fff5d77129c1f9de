/*
 * kernel/fs/pipe.ts - pipes and FIFOs
 *
 * Linux:   fs/pipe.c, include/linux/pipe_fs_i.h
 * Manual:  pipe(7), fifo(7), pipe(2)
 * Differs: the pages are the host's; what one can see of them is the same: 16 slots, of which each holds what one write
 *          put there, up to a page. A later write joins the last slot only where all of its odd end fits.
 * Absent:  notification pipes, per-user limits
 */

import { CAP_SYS_RESOURCE, capable } from '../cred.ts';
import type { File, FileOperations, Inode, Kiocb, PollTable } from '../include/linux/fs.ts';
import {
  FMODE_LSEEK,
  FMODE_NOWAIT,
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_READ,
  FMODE_STREAM,
  FMODE_WRITE,
  IOCB_NOWAIT,
} from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, type UserPtr } from '../include/linux/types.ts';
import {
  EAGAIN,
  EBADF,
  EBUSY,
  EFAULT,
  EINVAL,
  ENOIOCTLCMD,
  ENXIO,
  EPERM,
  EPIPE,
  ERESTARTSYS,
} from '../include/uapi/errno.ts';
import { O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from '../include/uapi/fcntl.ts';
import { FIONREAD } from '../include/uapi/ioctls.ts';
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDNORM,
  EPOLLWRNORM,
} from '../include/uapi/eventpoll.ts';
import { SIGPIPE } from '../include/uapi/signal.ts';
import { PIPEFS_MAGIC, S_IFIFO } from '../include/uapi/stat.ts';
import type { IovIter } from '../lib/iov_iter.ts';
import { put_user_u32 } from '../lib/usercopy.ts';
import {
  type MaySleep,
  type Sleeps,
  WaitQueueHead,
  wait_event_interruptible,
  wake_up_interruptible_all,
} from '../sched/wait.ts';
import { send_sig } from '../signal.ts';
import { SYSCALL_DEFINE } from '../syscalls/define.ts';
import { fdFlags, outfds } from './arg_types.ts';
import { d_alloc } from './dcache.ts';
import { close_fd, fd_install_new } from './file.ts';
import { alloc_file, fput } from './file_table.ts';
import { new_inode, no_iops, touch_mtime } from './inode.ts';
import { init_pseudo } from './super.ts';

const PIPE_DEF_BUFFERS = 16;
/** /proc/sys/fs/pipe-max-size */
export const PIPE_MAX_SIZE = 1024 * 1024;

interface PipeBuffer {
  readonly page: Uint8Array;
  offset: number;
  len: number;
  /** O_DIRECT: a read gets this and no more, and what it leaves is lost. */
  readonly packet: boolean;
}

export interface PipeInodeInfo {
  readonly bufs: PipeBuffer[];
  /** Slots there may be. */
  max_usage: number;
  readers: number;
  writers: number;
  /** Open files. */
  files: number;
  /** How often it was opened for each; a FIFO's opener waits for the other's to change. */
  r_counter: number;
  w_counter: number;
  /** Somebody polled it, and may want to hear of every write: edge-triggered epoll does. */
  poll_usage: boolean;
  readonly rd_wait: WaitQueueHead;
  readonly wr_wait: WaitQueueHead;
}

const alloc_pipe_info = (): PipeInodeInfo => ({
  bufs: [],
  max_usage: PIPE_DEF_BUFFERS,
  readers: 0,
  writers: 0,
  files: 0,
  r_counter: 0,
  w_counter: 0,
  poll_usage: false,
  rd_wait: new WaitQueueHead(),
  wr_wait: new WaitQueueHead(),
});

/** What an open end knows: its pipe, and how many writers had come when it was opened without any (O_NONBLOCK). */
interface PipeEnd {
  readonly pipe: PipeInodeInfo;
  version: number;
}

export const pipe_of = (file: File): PipeInodeInfo => (file.private_data as PipeEnd).pipe;

export const pipe_empty = (pipe: PipeInodeInfo): boolean => pipe.bufs.length === 0;
export const pipe_full = (pipe: PipeInodeInfo): boolean => pipe.bufs.length >= pipe.max_usage;
const nonblocking = (iocb: Kiocb): boolean =>
  (iocb.file.f_flags & O_NONBLOCK) !== 0 || (iocb.ki_flags & IOCB_NOWAIT) !== 0;

function pipe_read(task: Task, iocb: Kiocb, to: IovIter): MaySleep<number> {
  if (to.count === 0) return 0;
  const pipe = pipe_of(iocb.file);
  const done = take(pipe, to);
  if (done !== 0 || pipe.writers === 0) return done;
  return nonblocking(iocb) ? -EAGAIN : pipe_read_wait(task, pipe, to);
}

/** As much as is there and wanted; -EFAULT only if that was nothing. */
function take(pipe: PipeInodeInfo, to: IovIter): number {
  const was_full = pipe_full(pipe);
  let done = 0;
  while (!pipe_empty(pipe) && to.count > 0) {
    const buf = pipe.bufs[0]!;
    const chars = Math.min(buf.len, to.count);
    const copied = to.copy_to_iter(buf.page.subarray(buf.offset, buf.offset + chars));
    if (copied < chars) {
      to.revert(copied);
      if (done === 0) done = -EFAULT;
      break;
    }
    done += chars;
    buf.offset += chars;
    buf.len -= chars;
    if (buf.packet || buf.len === 0) pipe.bufs.shift();
    if (buf.packet) break;
  }
  if (was_full && !pipe_full(pipe)) wake_up_interruptible_all(pipe.wr_wait);
  return done;
}

function* pipe_read_wait(task: Task, pipe: PipeInodeInfo, to: IovIter): Sleeps<number> {
  for (;;) {
    const readable = () => !pipe_empty(pipe) || pipe.writers === 0;
    const err = yield* wait_event_interruptible(task, pipe.rd_wait, readable);
    if (err < 0) return err;
    const done = take(pipe, to);
    if (done !== 0 || pipe.writers === 0) return done;
  }
}

function pipe_write(task: Task, iocb: Kiocb, from: IovIter): MaySleep<number> {
  if (from.count === 0) return 0;
  const pipe = pipe_of(iocb.file);
  const packet = (iocb.file.f_flags & O_DIRECT) !== 0;
  const done = fill(task, pipe, from, packet, true);
  if (done < 0 || from.count === 0 || !pipe_full(pipe)) return wrote(iocb, done);
  if (nonblocking(iocb)) return wrote(iocb, done || -EAGAIN);
  return pipe_write_wait(task, iocb, from, packet, done);
}

function wrote(iocb: Kiocb, done: number): number {
  if (done > 0) touch_mtime(iocb.file.f_inode);
  return done;
}

/** As much as fits; -EPIPE and the signal without readers, -EFAULT only if nothing was copied. */
function fill(task: Task, pipe: PipeInodeInfo, from: IovIter, packet: boolean, first: boolean): number {
  if (pipe.readers === 0) {
    send_sig(SIGPIPE, task, false);
    return -EPIPE;
  }
  const was_empty = pipe_empty(pipe);
  let done = first ? merge(pipe, from) : 0;
  while (done >= 0 && from.count > 0 && !pipe_full(pipe)) {
    const page = new Uint8Array(Math.min(from.count, PAGE_SIZE));
    const copied = from.copy_from_iter(page);
    if (copied < page.length) {
      from.revert(copied);
      done ||= -EFAULT;
      break;
    }
    pipe.bufs.push({ page, offset: 0, len: copied, packet });
    done += copied;
  }
  if ((was_empty || pipe.poll_usage) && !pipe_empty(pipe)) wake_up_interruptible_all(pipe.rd_wait);
  return done;
}

/** The odd end of the write goes into the last slot if all of it fits there. */
function merge(pipe: PipeInodeInfo, from: IovIter): number {
  const last = pipe.bufs.at(-1);
  const chars = from.count % PAGE_SIZE;
  if (!last || last.packet || chars === 0) return 0;
  const end = last.offset + last.len;
  if (end + chars > PAGE_SIZE) return 0;

  const page = grown(last, end + chars);
  const copied = from.copy_from_iter(page.subarray(end, end + chars));
  if (copied < chars) {
    from.revert(copied);
    return -EFAULT;
  }
  pipe.bufs[pipe.bufs.length - 1] = { page, offset: last.offset, len: last.len + chars, packet: false };
  return chars;
}

/** Slots are allocated as small as their content; one that is written to again gets the whole page. */
function grown(buf: PipeBuffer, size: number): Uint8Array {
  if (buf.page.length >= size) return buf.page;
  const page = new Uint8Array(PAGE_SIZE);
  page.set(buf.page);
  return page;
}

function* pipe_write_wait(
  task: Task,
  iocb: Kiocb,
  from: IovIter,
  packet: boolean,
  before: number,
): Sleeps<number> {
  const pipe = pipe_of(iocb.file);
  let done = before;
  for (;;) {
    const writable = () => !pipe_full(pipe) || pipe.readers === 0;
    const err = yield* wait_event_interruptible(task, pipe.wr_wait, writable);
    if (err < 0) return wrote(iocb, done || err);
    const more = fill(task, pipe, from, packet, false);
    if (more < 0) return wrote(iocb, done || more);
    done += more;
    if (from.count === 0) return wrote(iocb, done);
  }
}

function pipe_poll(file: File, table: PollTable): number {
  const { pipe, version } = file.private_data as PipeEnd;
  pipe.poll_usage = true;
  let mask = 0;
  if (file.f_mode & FMODE_READ) {
    table?.(pipe.rd_wait);
    if (!pipe_empty(pipe)) mask |= EPOLLIN | EPOLLRDNORM;
    // Nobody ever came: that is no hang-up.
    if (pipe.writers === 0 && version !== pipe.w_counter) mask |= EPOLLHUP;
  }
  if (file.f_mode & FMODE_WRITE) {
    table?.(pipe.wr_wait);
    if (!pipe_full(pipe)) mask |= EPOLLOUT | EPOLLWRNORM;
    if (pipe.readers === 0) mask |= EPOLLERR;
  }
  return mask;
}

function pipe_ioctl(task: Task, file: File, cmd: number, arg: UserPtr): number {
  if (cmd !== FIONREAD) return -ENOIOCTLCMD;
  let count = 0;
  for (const buf of pipe_of(file).bufs) count += buf.len;
  return put_user_u32(task, arg, count);
}

/** The other side is told when the last of one kind goes; both sides are the same kind of sleeper here. */
function pipe_release(file: File): void {
  const pipe = pipe_of(file);
  if (file.f_mode & FMODE_READ) pipe.readers--;
  if (file.f_mode & FMODE_WRITE) pipe.writers--;
  if ((pipe.readers === 0) !== (pipe.writers === 0)) {
    wake_up_interruptible_all(pipe.rd_wait);
    wake_up_interruptible_all(pipe.wr_wait);
  }
  if (--pipe.files === 0) file.f_inode.i_pipe = null;
}

/** Opening a FIFO: "blocks until the other end is opened also" - fifo(7). */
function fifo_open(inode: Inode, file: File, task: Task): MaySleep<number> {
  inode.i_pipe ??= alloc_pipe_info();
  const pipe = inode.i_pipe;
  const end: PipeEnd = { pipe, version: -1 };
  file.private_data = end;
  file.f_mode = (file.f_mode & ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE)) | FMODE_STREAM;
  const mode = file.f_mode & (FMODE_READ | FMODE_WRITE);
  const nonblock = (file.f_flags & O_NONBLOCK) !== 0;
  // A pipe opened once more by way of /proc: its other end was there, and may be gone.
  const was_pipe = inode.i_sb.s_magic === PIPEFS_MAGIC;
  if (mode === 0 || (mode === FMODE_WRITE && !was_pipe && nonblock && pipe.readers === 0)) {
    if (pipe.files === 0) inode.i_pipe = null;
    return mode === 0 ? -EINVAL : -ENXIO;
  }

  join(pipe, mode);
  if (was_pipe) return 0;
  if (mode === FMODE_READ && pipe.writers === 0) {
    if (!nonblock) return wait_for_partner(task, file);
    end.version = pipe.w_counter;
  }
  if (mode === FMODE_WRITE && pipe.readers === 0) return wait_for_partner(task, file);
  return 0;
}

function join(pipe: PipeInodeInfo, mode: number): void {
  pipe.files++;
  if (mode & FMODE_READ) {
    pipe.r_counter++;
    if (pipe.readers++ === 0) wake_up_interruptible_all(pipe.rd_wait);
  }
  if (mode & FMODE_WRITE) {
    pipe.w_counter++;
    if (pipe.writers++ === 0) wake_up_interruptible_all(pipe.rd_wait);
  }
}

/** Counters, not presence: a partner that came and went has been there. */
function* wait_for_partner(task: Task, file: File): Sleeps<number> {
  const pipe = pipe_of(file);
  const reader = (file.f_mode & FMODE_READ) !== 0;
  const seen = reader ? pipe.w_counter : pipe.r_counter;
  const arrived = () => (reader ? pipe.w_counter : pipe.r_counter) !== seen;
  const err = yield* wait_event_interruptible(task, pipe.rd_wait, arrived);
  if (err < 0) pipe_release(file);
  return err < 0 ? -ERESTARTSYS : 0;
}

/** Both ends of pipes and FIFOs; which of read and write a file may do is in its mode. */
export const pipefifo_fops: FileOperations = {
  splice_write: true,
  open: fifo_open,
  release: pipe_release,
  read_iter: pipe_read,
  write_iter: pipe_write,
  poll: pipe_poll,
  ioctl: pipe_ioctl,
};

/** [read end, write end] */
export function create_pipe_files(task: Task, flags: number): [File, File] {
  const mnt = init_pseudo(task.kernel, 'pipefs', PIPEFS_MAGIC, (d) => `pipe:[${d.d_inode!.i_ino}]`);
  const inode = new_inode(mnt.mnt_sb, S_IFIFO | 0o600, no_iops, pipefifo_fops);
  inode.i_uid = task.cred.fsuid;
  inode.i_gid = task.cred.fsgid;
  const pipe = alloc_pipe_info();
  inode.i_pipe = pipe;
  const dentry = d_alloc(mnt.mnt_root, '');
  dentry.d_inode = inode;

  const read = alloc_file({ mnt, dentry }, O_RDONLY | (flags & O_NONBLOCK), pipefifo_fops, task.cred);
  const write = alloc_file(
    { mnt, dentry },
    O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)),
    pipefifo_fops,
    task.cred,
  );
  for (const file of [read, write]) {
    file.f_mode = (file.f_mode & (FMODE_READ | FMODE_WRITE)) | FMODE_STREAM | FMODE_NOWAIT;
    file.private_data = { pipe, version: -1 } satisfies PipeEnd;
    join(pipe, file.f_mode);
  }
  return [read, write];
}

export const sys_pipe2 = SYSCALL_DEFINE(
  'pipe2',
  { fildes: outfds, flags: fdFlags },
  (task, { fildes, flags }) => {
    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT)) return -EINVAL;
    const [read, write] = create_pipe_files(task, flags);
    const fdr = fd_install_new(task, read, flags);
    if (fdr < 0) {
      fput(write);
      return fdr;
    }
    const fdw = fd_install_new(task, write, flags);
    if (fdw < 0) {
      close_fd(task, fdr);
      return fdw;
    }
    if (put_user_u32(task, fildes, fdr) || put_user_u32(task, (fildes + 4) as UserPtr, fdw)) {
      close_fd(task, fdr);
      close_fd(task, fdw);
      return -EFAULT;
    }
    return 0;
  },
);

/** The pipe of a file, or null for what is none. */
const get_pipe_info = (file: File): PipeInodeInfo | null =>
  file.f_op === pipefifo_fops ? pipe_of(file) : null;

/** Before anything is spliced into a pipe, even nothing: -EPIPE without readers, -EAGAIN when it would have to wait. */
export function pipe_room(task: Task, file: File): number {
  const pipe = get_pipe_info(file);
  if (!pipe) return 0;
  if (pipe.readers === 0) {
    send_sig(SIGPIPE, task, false);
    return -EPIPE;
  }
  return pipe_full(pipe) && file.f_flags & O_NONBLOCK ? -EAGAIN : 0;
}

export const is_pipe = (file: File): boolean => file.f_op === pipefifo_fops;

/** fcntl(F_GETPIPE_SZ) */
export function pipe_get_size(file: File): number {
  const pipe = get_pipe_info(file);
  return pipe ? pipe.max_usage * PAGE_SIZE : -EBADF;
}

/** fcntl(F_SETPIPE_SZ): the size it got, a power of two of pages. */
export function pipe_set_size(task: Task, file: File, bytes: number): number {
  const pipe = get_pipe_info(file);
  if (!pipe) return -EBADF;
  const slots = round_pipe_slots(bytes);
  if (slots < 0) return slots;
  const size = slots * PAGE_SIZE;
  if (slots > pipe.max_usage && size > PIPE_MAX_SIZE && !capable(task, CAP_SYS_RESOURCE)) return -EPERM;
  if (slots < pipe.bufs.length) return -EBUSY;

  pipe.max_usage = slots;
  wake_up_interruptible_all(pipe.wr_wait);
  return size;
}

function round_pipe_slots(bytes: number): number {
  if (bytes > 2 ** 31) return -EINVAL;
  let slots = 1;
  while (slots * PAGE_SIZE < bytes) slots *= 2;
  return slots;
}
