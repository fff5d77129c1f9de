/*
 * kernel/fs/eventfd.ts - a counter as a file
 *
 * Linux:   fs/eventfd.c (v6.12)
 * Manual:  eventfd(2)
 * Differs: the counter's 64 bits are two halves: a number has 53
 */

import type { File, FileOperations, Kiocb, PollTable } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { EAGAIN, EFAULT, EINVAL } from '../include/uapi/errno.ts';
import { EPOLLIN, EPOLLOUT } from '../include/uapi/eventpoll.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../include/uapi/fcntl.ts';
import { get_unaligned_le32, put_unaligned_le32 } from '../lib/bytes.ts';
import type { IovIter } from '../lib/iov_iter.ts';
import { type Sleeps, WaitQueueHead, wait_event_interruptible, wake_up_poll } from '../sched/wait.ts';
import { bits, SYSCALL_DEFINE, uint } from '../syscalls/define.ts';
import { anon_inode_getfile } from './anon_inodes.ts';
import { fd_install_new } from './file.ts';
import { noop_llseek } from './libfs.ts';

const EFD_SEMAPHORE = 1;
const EFD_CLOEXEC = O_CLOEXEC;
const EFD_NONBLOCK = O_NONBLOCK;

const WORD = 2 ** 32;
const COUNT_SIZE = 8;

interface EventFd {
  hi: number;
  lo: number;
  readonly semaphore: boolean;
  readonly wqh: WaitQueueHead;
}

const ctx_of = (file: File): EventFd => file.private_data as EventFd;
const is_zero = ({ hi, lo }: EventFd): boolean => hi === 0 && lo === 0;

/** Would the sum stay below 2^64 - 1, which is never reached? */
function fits(ctx: EventFd, hi: number, lo: number): boolean {
  const carry = ctx.lo + lo >= WORD ? 1 : 0;
  const high = ctx.hi + hi + carry;
  const low = (ctx.lo + lo) % WORD;
  return high < WORD && !(high === WORD - 1 && low === WORD - 1);
}

function* eventfd_read(task: Task, { file }: Kiocb, to: IovIter): Sleeps<number> {
  const ctx = ctx_of(file);
  if (to.count < COUNT_SIZE) return -EINVAL;
  if (is_zero(ctx) && file.f_flags & O_NONBLOCK) return -EAGAIN;
  const err = yield* wait_event_interruptible(task, ctx.wqh, () => !is_zero(ctx));
  if (err < 0) return err;

  const bytes = new Uint8Array(COUNT_SIZE);
  put_unaligned_le32(ctx.semaphore ? 1 : ctx.lo, bytes, 0);
  put_unaligned_le32(ctx.semaphore ? 0 : ctx.hi, bytes, 4);
  take(ctx);
  wake_up_poll(ctx.wqh, EPOLLOUT);
  return to.copy_to_iter(bytes) < COUNT_SIZE ? -EFAULT : COUNT_SIZE;
}

/** All of it, or one. */
function take(ctx: EventFd): void {
  if (!ctx.semaphore) {
    ctx.hi = 0;
    ctx.lo = 0;
  } else if (ctx.lo > 0) {
    ctx.lo--;
  } else {
    ctx.hi--;
    ctx.lo = WORD - 1;
  }
}

function* eventfd_write(task: Task, { file }: Kiocb, from: IovIter): Sleeps<number> {
  const ctx = ctx_of(file);
  if (from.count < COUNT_SIZE) return -EINVAL;
  const bytes = new Uint8Array(COUNT_SIZE);
  if (from.copy_from_iter(bytes) < COUNT_SIZE) return -EFAULT;
  const lo = get_unaligned_le32(bytes, 0);
  const hi = get_unaligned_le32(bytes, 4);
  if (hi === WORD - 1 && lo === WORD - 1) return -EINVAL;
  if (!fits(ctx, hi, lo) && file.f_flags & O_NONBLOCK) return -EAGAIN;
  const err = yield* wait_event_interruptible(task, ctx.wqh, () => fits(ctx, hi, lo));
  if (err < 0) return err;

  const sum = ctx.lo + lo;
  ctx.lo = sum % WORD;
  ctx.hi += hi + (sum >= WORD ? 1 : 0);
  wake_up_poll(ctx.wqh, EPOLLIN);
  return COUNT_SIZE;
}

/** Writable: 1 can be added. */
function eventfd_poll(file: File, table: PollTable): number {
  const ctx = ctx_of(file);
  table?.(ctx.wqh);
  return (is_zero(ctx) ? 0 : EPOLLIN) | (fits(ctx, 0, 1) ? EPOLLOUT : 0);
}

/** Linux gives each a number of its own besides, which nothing else knows. */
function eventfd_show_fdinfo(file: File): string {
  const { hi, lo, semaphore } = ctx_of(file);
  const count = hi ? hi.toString(16) + lo.toString(16).padStart(8, '0') : lo.toString(16);
  return `eventfd-count: ${count.padStart(16)}\neventfd-semaphore: ${semaphore ? 1 : 0}\n`;
}

const eventfd_fops: FileOperations = {
  llseek: noop_llseek,
  read_iter: eventfd_read,
  write_iter: eventfd_write,
  poll: eventfd_poll,
  show_fdinfo: eventfd_show_fdinfo,
};

const EFD_FLAGS = { EFD_SEMAPHORE, EFD_CLOEXEC, EFD_NONBLOCK };

export const sys_eventfd2 = SYSCALL_DEFINE(
  'eventfd2',
  { count: uint, flags: bits(EFD_FLAGS) },
  (task, { count, flags }) => {
    if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK)) return -EINVAL;
    const semaphore = (flags & EFD_SEMAPHORE) !== 0;
    const ctx: EventFd = { hi: 0, lo: count, semaphore, wqh: new WaitQueueHead() };
    const file = anon_inode_getfile(task, '[eventfd]', eventfd_fops, ctx, O_RDWR | (flags & EFD_NONBLOCK));
    return fd_install_new(task, file, flags & EFD_CLOEXEC);
  },
);
