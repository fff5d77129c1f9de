/*
 * kernel/fs/epoll_syscalls.ts - the system calls of epoll
 *
 * Linux:   fs/eventpoll.c (v6.12)
 * Manual:  epoll_create(2), epoll_ctl(2), epoll_wait(2)
 */

import type { File } from '../include/linux/fs.ts';
import { TASK_INTERRUPTIBLE, type Task } from '../include/linux/sched.ts';
import { NULL, TASK_SIZE, type UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINTR, EINVAL, EPERM } from '../include/uapi/errno.ts';
import * as uapi from '../include/uapi/eventpoll.ts';
import { O_CLOEXEC, O_RDWR } from '../include/uapi/fcntl.ts';
import { get_unaligned_le32, put_unaligned_le32 } from '../lib/bytes.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import {
  finish_wait,
  init_wait,
  type MaySleep,
  prepare_to_wait_exclusive,
  type Sleeps,
} from '../sched/wait.ts';
import { restore_saved_sigmask_unless, set_user_sigmask, signal_pending } from '../signal.ts';
import { enumeration, int, outptr, ptr, size, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { schedule_hrtimeout } from '../time/hrtimer.ts';
import { get_timespec64 } from '../time/time.ts';
import { timespec64_to_ns, timespec64_valid } from '../time/timekeeping.ts';
import { anon_inode_getfile } from './anon_inodes.ts';
import {
  ep_delete,
  ep_insert,
  ep_modify,
  ep_of,
  ep_send_events,
  type EpollEvent,
  EventPoll,
  eventpoll_fops,
  is_file_epoll,
} from './eventpoll.ts';
import { fd_install_new, fdget } from './file.ts';
import { fput, get_file } from './file_table.ts';

const EPOLL_CLOEXEC = O_CLOEXEC;
/** struct epoll_event on arm64: events, padding, data */
const EVENT_SIZE = 16;
const EP_MAX_EVENTS = Math.floor(0x7fff_ffff / EVENT_SIZE);

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

const NSEC_PER_MSEC = 1_000_000;

export const sys_epoll_create1 = SYSCALL_DEFINE('epoll_create1', { flags: int }, (task, { flags }) => {
  if (flags & ~EPOLL_CLOEXEC) return -EINVAL;
  const file = anon_inode_getfile(task, '[eventpoll]', eventpoll_fops, null, O_RDWR);
  file.private_data = new EventPoll(file);
  return fd_install_new(task, file, flags & EPOLL_CLOEXEC);
});

export const sys_epoll_ctl = SYSCALL_DEFINE(
  'epoll_ctl',
  {
    epfd: int,
    op: enumeration({ EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD }),
    fd: int,
    event: ptr,
  },
  (task, { epfd, op, fd, event: uevent }) => {
    const event = op === EPOLL_CTL_DEL ? NO_EVENT : get_event(task, uevent);
    if (typeof event === 'number') return event;
    const file = fdget(task, epfd);
    if (typeof file === 'number') return file;
    const target = fdget(task, fd);
    if (typeof target === 'number') return target;
    return do_epoll_ctl(task, file, op, target, fd, event);
  },
);

const NO_EVENT: EpollEvent = { events: 0, data: [0, 0] };

function get_event(task: Task, from: UserPtr): EpollEvent | number {
  const bytes = memdup_user(task, from, EVENT_SIZE);
  if (typeof bytes === 'number') return bytes;
  const word = (at: number): number => get_unaligned_le32(bytes, at);
  return { events: word(0) | 0, data: [word(8), word(12)] };
}

/** What may be asked for together with EPOLLEXCLUSIVE. */
const EPOLLEXCLUSIVE_OK_BITS =
  uapi.EPOLLIN |
  uapi.EPOLLOUT |
  uapi.EPOLLERR |
  uapi.EPOLLHUP |
  uapi.EPOLLWAKEUP |
  uapi.EPOLLET |
  uapi.EPOLLEXCLUSIVE;

function do_epoll_ctl(
  task: Task,
  file: File,
  op: number,
  target: File,
  fd: number,
  event: EpollEvent,
): number {
  if (!target.f_op.poll) return -EPERM; // always ready: nothing to wait for
  if (file === target || !is_file_epoll(file)) return -EINVAL;
  if (op !== EPOLL_CTL_DEL && event.events & uapi.EPOLLEXCLUSIVE && !may_be_exclusive(op, target, event))
    return -EINVAL;

  const ep = ep_of(file);
  switch (op) {
    case EPOLL_CTL_ADD:
      return ep_insert(task, ep, event, target, fd);
    case EPOLL_CTL_DEL:
      return ep_delete(ep, target, fd);
    case EPOLL_CTL_MOD:
      return ep_modify(task, ep, event, target, fd);
    default:
      return -EINVAL;
  }
}

const may_be_exclusive = (op: number, target: File, { events }: EpollEvent): boolean =>
  op === EPOLL_CTL_ADD && !is_file_epoll(target) && (events & ~EPOLLEXCLUSIVE_OK_BITS) === 0;

/** Until something is ready, the deadline (monotonic ns) passes, or a signal comes: then EINTR, whatever its handler says. */
function* ep_poll(
  task: Task,
  ep: EventPoll,
  to: UserPtr,
  maxevents: number,
  deadlineNs: number,
): Sleeps<number> {
  let timed_out = deadlineNs <= task.kernel.time.monotonicNs();
  for (;;) {
    const sent = send_to_user(task, ep, to, maxevents);
    if (sent !== 0) return sent;
    if (timed_out) return 0;
    if (signal_pending(task)) return -EINTR;

    const wait = init_wait(task);
    prepare_to_wait_exclusive(ep.wq, wait, TASK_INTERRUPTIBLE);
    if (ep.rdllist.size === 0) timed_out = (yield* schedule_hrtimeout(task, deadlineNs)) === 0;
    finish_wait(wait);
  }
}

/** -EFAULT only when not even the first one could be told. */
function send_to_user(task: Task, ep: EventPoll, to: UserPtr, maxevents: number): number {
  const bytes = new Uint8Array(EVENT_SIZE);
  let fault = false;
  const sent = ep_send_events(task, ep, maxevents, (index, events, [lo, hi]) => {
    put_unaligned_le32(events, bytes, 0);
    put_unaligned_le32(lo, bytes, 8);
    put_unaligned_le32(hi, bytes, 12);
    fault = copy_to_user(task, (to + EVENT_SIZE * index) as UserPtr, bytes) !== 0;
    return !fault;
  });
  return sent === 0 && fault ? -EFAULT : sent;
}

/** With another signal mask meanwhile. */
function* do_epoll_pwait(
  task: Task,
  epfd: number,
  to: UserPtr,
  maxevents: number,
  deadlineNs: number,
  sigmask: UserPtr,
  sigsetsize: number,
): Sleeps<number> {
  const err = set_user_sigmask(task, sigmask, sigsetsize);
  if (err < 0) return err;
  const ret = yield* do_epoll_wait(task, epfd, to, maxevents, deadlineNs);
  restore_saved_sigmask_unless(task, ret === -EINTR);
  return ret;
}

function* do_epoll_wait(
  task: Task,
  epfd: number,
  to: UserPtr,
  maxevents: number,
  deadlineNs: number,
): Sleeps<number> {
  if (maxevents <= 0 || maxevents > EP_MAX_EVENTS) return -EINVAL;
  if (to + maxevents * EVENT_SIZE > TASK_SIZE) return -EFAULT;
  const file = fdget(task, epfd);
  if (typeof file === 'number') return file;
  if (!is_file_epoll(file)) return -EINVAL;
  get_file(file);
  const ret = yield* ep_poll(task, ep_of(file), to, maxevents, deadlineNs);
  fput(file);
  return ret;
}

const after = (task: Task, ns: number): number => task.kernel.time.monotonicNs() + ns;

export const sys_epoll_pwait = SYSCALL_DEFINE(
  'epoll_pwait',
  { epfd: int, events: outptr, maxevents: int, timeout: int, sigmask: ptr, sigsetsize: size },
  (task, { epfd, events, maxevents, timeout, sigmask, sigsetsize }): MaySleep<number> => {
    const deadline = timeout < 0 ? Number.POSITIVE_INFINITY : after(task, timeout * NSEC_PER_MSEC);
    return do_epoll_pwait(task, epfd, events, maxevents, deadline, sigmask, sigsetsize);
  },
);

export const sys_epoll_pwait2 = SYSCALL_DEFINE(
  'epoll_pwait2',
  { epfd: int, events: outptr, maxevents: int, timeout: ptr, sigmask: ptr, sigsetsize: size },
  (task, { epfd, events, maxevents, timeout, sigmask, sigsetsize }): MaySleep<number> => {
    let deadline = Number.POSITIVE_INFINITY;
    if (timeout !== NULL) {
      const ts = get_timespec64(task, timeout);
      if (typeof ts === 'number') return ts;
      if (!timespec64_valid(ts)) return -EINVAL;
      deadline = after(task, timespec64_to_ns(ts));
    }
    return do_epoll_pwait(task, epfd, events, maxevents, deadline, sigmask, sigsetsize);
  },
);
