/*
 * kernel/seccomp/notify.ts - a filter that asks another process
 *
 * Linux:   kernel/seccomp.c (seccomp_do_user_notification, seccomp_notify_ioctl)
 * Manual:  seccomp_unotify(2)
 *
 *   the task:      INIT ----RECV----> SENT ----SEND, ADDFD|SEND----> REPLIED: goes on
 *                    ^                  |
 *                    '---copy failed----'       listener closed: REPLIED with -ENOSYS
 */

import type { File, FileOperations, PollTable } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EBUSY, EFAULT, EINPROGRESS, EINVAL, ENOENT, ENOSYS, ESRCH } from '../include/uapi/errno.ts';
import { EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDNORM, EPOLLWRNORM } from '../include/uapi/eventpoll.ts';
import { O_CLOEXEC, O_RDWR } from '../include/uapi/fcntl.ts';
import {
  SECCOMP_ADDFD_FLAG_SEND,
  SECCOMP_ADDFD_FLAG_SETFD,
  SECCOMP_IOCTL_NOTIF_ADDFD,
  SECCOMP_IOCTL_NOTIF_ID_VALID,
  SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR,
  SECCOMP_IOCTL_NOTIF_RECV,
  SECCOMP_IOCTL_NOTIF_SEND,
  SECCOMP_IOCTL_NOTIF_SET_FLAGS,
  SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP,
  SECCOMP_USER_NOTIF_FLAG_CONTINUE,
} from '../include/uapi/seccomp.ts';
import { anon_inode_getfile } from '../fs/anon_inodes.ts';
import { fdget, receive_fd } from '../fs/file.ts';
import { fput, get_file } from '../fs/file_table.ts';
import { copy_struct_from_user, copy_to_user, memdup_user } from '../lib/usercopy.ts';
import { task_pid_vnr } from '../pid.ts';
import type { MaySleep, Sleeps } from '../sched/wait.ts';
import {
  WaitQueueHead,
  wait_event_interruptible,
  wait_event_killable,
  wake_up_all,
  wake_up_poll,
} from '../sched/wait.ts';
import type { SeccompFilter } from './filter.ts';

type State = 'init' | 'sent' | 'replied';

/** One call that waits for an answer. */
interface Knotif {
  readonly task: Task;
  readonly id: number;
  /** struct seccomp_data, as words. */
  readonly data: Uint32Array;
  state: State;
  error: number;
  val: bigint;
  flags: number;
  /** Woken when there is an answer, or a descriptor to take. */
  readonly ready: WaitQueueHead;
  readonly addfd: Addfd[];
}

/** A descriptor that the task is to install in its own table, in its own time. */
interface Addfd {
  readonly file: File;
  /** -1: the lowest free one. */
  readonly fd: number;
  readonly flags: number;
  readonly send: boolean;
  result: number | null;
  readonly done: WaitQueueHead;
}

/** A filter's listener: struct notification. */
export interface Notification {
  readonly filter: SeccompFilter;
  readonly wqh: WaitQueueHead;
  readonly notifications: Knotif[];
  /** Calls nobody has received yet, those that were interrupted meanwhile included: their receiver learns of it. */
  requests: number;
  next_id: number;
  flags: number;
}

/* struct seccomp_notif: id 0, pid 8, flags 12, data 16; struct seccomp_notif_resp: id 0, val 8, error 16, flags 20 */
export const NOTIF_SIZE = 80;
export const NOTIF_RESP_SIZE = 24;
const ADDFD_SIZE = 24;

/** The listener's file, not yet installed. Ids are consecutive from a random start, so that a stale one is noticed. */
export function init_listener(task: Task, filter: SeccompFilter): File {
  const next_id = task.kernel.random.get_random_u32() * 2 ** 16;
  filter.notif = { filter, wqh: new WaitQueueHead(), notifications: [], requests: 0, next_id, flags: 0 };
  return anon_inode_getfile(task, 'seccomp notify', seccomp_notify_ops, filter.notif, O_RDWR);
}

/* ---- the filtered task ---- */

export type Answer = 'continue' | { readonly error: number; readonly val: bigint };

/** Waits for the listener's answer. */
export function* seccomp_do_user_notification(
  task: Task,
  match: SeccompFilter,
  data: Uint32Array,
): Sleeps<Answer> {
  const { notif } = match;
  if (!notif) return { error: -ENOSYS, val: 0n };
  const request = new_request(task, notif.next_id++, data);
  notif.notifications.push(request);
  notif.requests++;
  wake_up_poll(notif.wqh, EPOLLIN | EPOLLRDNORM);

  const err = yield* wait_for_reply(task, match, request);
  for (const addfd of request.addfd.splice(0)) finish_addfd(addfd, -ESRCH);
  notif.notifications.splice(notif.notifications.indexOf(request), 1);
  if (err < 0) return { error: err, val: 0n };
  return request.flags & SECCOMP_USER_NOTIF_FLAG_CONTINUE ? 'continue' : request;
}

const new_request = (task: Task, id: number, data: Uint32Array): Knotif => ({
  task,
  id,
  data,
  state: 'init',
  error: 0,
  val: 0n,
  flags: 0,
  ready: new WaitQueueHead(),
  addfd: [],
});

function* wait_for_reply(task: Task, match: SeccompFilter, request: Knotif): Sleeps<number> {
  const killable = (): boolean => match.wait_killable_recv && request.state === 'sent';
  for (;;) {
    const woken = (): boolean => request.state === 'replied' || request.addfd.length > 0;
    const wasKillable = killable();
    const err = yield* wasKillable
      ? wait_event_killable(task, request.ready, woken)
      : wait_event_interruptible(task, request.ready, () => woken() || killable());
    if (err < 0) return err;
    if (request.addfd.length > 0) handle_addfd(task, request);
    if (request.state === 'replied') return 0;
  }
}

function handle_addfd(task: Task, request: Knotif): void {
  const addfd = request.addfd.shift()!;
  const fd = receive_fd(task, addfd.file, addfd.fd, addfd.flags);
  if (addfd.send && fd < 0) request.state = 'sent'; // not answered after all
  if (addfd.send && fd >= 0) Object.assign(request, { flags: 0, error: 0, val: BigInt(fd) });
  finish_addfd(addfd, fd);
}

function finish_addfd(addfd: Addfd, result: number): void {
  addfd.result = result;
  wake_up_all(addfd.done);
}

/* ---- the listener ---- */

const listener = (file: File): Notification => file.private_data as Notification;

export const seccomp_notify_ops: FileOperations = {
  poll: notify_poll,
  ioctl: notify_ioctl,
  release: notify_release,
};

/** Whoever waits gets -ENOSYS, as does every later call that the filter would have asked about. */
function notify_release(file: File): void {
  const notif = listener(file);
  notif.filter.notif = null;
  for (const request of notif.notifications) {
    if (request.state !== 'replied') reply(request, -ENOSYS, 0n, 0);
  }
}

function reply(request: Knotif, error: number, val: bigint, flags: number): void {
  request.state = 'replied';
  request.error = error;
  request.val = val;
  request.flags = flags;
  wake_up_all(request.ready);
}

function notify_poll(file: File, table: PollTable): number {
  const notif = listener(file);
  table?.(notif.wqh);
  let events = 0;
  for (const { state } of notif.notifications) {
    if (state === 'init') events |= EPOLLIN | EPOLLRDNORM;
    if (state === 'sent') events |= EPOLLOUT | EPOLLWRNORM;
  }
  return notif.filter.users === 0 ? events | EPOLLHUP : events;
}

/** ADDFD grows: its size is part of its number, and any size and direction is the same request. */
const EA_IOCTL = (cmd: number): number => cmd & 0xffff;
const _IOC_SIZE = (cmd: number): number => (cmd >>> 16) & 0x3fff;

function notify_ioctl(task: Task, file: File, cmd: number, arg: UserPtr): MaySleep<number> {
  const notif = listener(file);
  switch (cmd) {
    case SECCOMP_IOCTL_NOTIF_RECV:
      return notify_recv(task, notif, arg);
    case SECCOMP_IOCTL_NOTIF_SEND:
      return notify_send(task, notif, arg);
    case SECCOMP_IOCTL_NOTIF_ID_VALID:
    case SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR:
      return notify_id_valid(task, notif, arg);
    case SECCOMP_IOCTL_NOTIF_SET_FLAGS:
      return notify_set_flags(notif, arg);
  }
  if (EA_IOCTL(cmd) !== EA_IOCTL(SECCOMP_IOCTL_NOTIF_ADDFD)) return -EINVAL;
  return notify_addfd(task, notif, arg, _IOC_SIZE(cmd));
}

function* notify_recv(task: Task, notif: Notification, buf: UserPtr): Sleeps<number> {
  const given = memdup_user(task, buf, NOTIF_SIZE);
  if (typeof given === 'number') return -EFAULT;
  // Fields may come to mean something: only zeros are sure not to.
  if (given.some((byte) => byte !== 0)) return -EINVAL;

  const err = yield* wait_event_interruptible(
    task,
    notif.wqh,
    () => notif.requests > 0 || notif.filter.users === 0,
  );
  if (err < 0) return err;
  notif.requests = Math.max(0, notif.requests - 1);
  const request = notif.notifications.find(({ state }) => state === 'init');
  if (!request) return -ENOENT;

  request.state = 'sent';
  wake_up_poll(notif.wqh, EPOLLOUT | EPOLLWRNORM);
  wake_up_all(request.ready); // it may have to sleep more deeply from now on
  if (copy_to_user(task, buf, notif_bytes(task, request)) === 0) return 0;
  request.state = 'init';
  notif.requests++;
  wake_up_poll(notif.wqh, EPOLLIN | EPOLLRDNORM);
  return -EFAULT;
}

function notif_bytes(receiver: Task, request: Knotif): Uint8Array {
  const words = new Uint32Array(NOTIF_SIZE / 4);
  words.set([
    request.id % 2 ** 32,
    Math.floor(request.id / 2 ** 32),
    task_pid_vnr(request.task, receiver),
    0,
  ]);
  words.set(request.data, 4);
  return new Uint8Array(words.buffer);
}

const word64 = (view: DataView, offset: number): number =>
  view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true);

const find_request = (notif: Notification, id: number): Knotif | undefined =>
  notif.notifications.find((request) => request.id === id);

function copy_in(task: Task, buf: UserPtr, size: number): DataView | number {
  const bytes = memdup_user(task, buf, size);
  return typeof bytes === 'number' ? -EFAULT : new DataView(bytes.buffer, bytes.byteOffset);
}

function notify_send(task: Task, notif: Notification, buf: UserPtr): number {
  const view = copy_in(task, buf, NOTIF_RESP_SIZE);
  if (typeof view === 'number') return view;
  const val = view.getBigInt64(8, true);
  const error = view.getInt32(16, true);
  const flags = view.getUint32(20, true);
  if (flags & ~SECCOMP_USER_NOTIF_FLAG_CONTINUE) return -EINVAL;
  if (flags && (error || val)) return -EINVAL;

  const request = find_request(notif, word64(view, 0));
  if (!request) return -ENOENT;
  if (request.state !== 'sent') return -EINPROGRESS;
  reply(request, error, val, flags);
  return 0;
}

function notify_id_valid(task: Task, notif: Notification, buf: UserPtr): number {
  const view = copy_in(task, buf, 8);
  if (typeof view === 'number') return view;
  return find_request(notif, word64(view, 0))?.state === 'sent' ? 0 : -ENOENT;
}

/** A hint to the scheduler: with one CPU the waker and the woken share it anyway. */
function notify_set_flags(notif: Notification, flags: number): number {
  if (flags !== 0 && flags !== SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) return -EINVAL;
  notif.flags = flags;
  return 0;
}

/* struct seccomp_notif_addfd: id 0, flags 8, srcfd 12, newfd 16, newfd_flags 20 */
function* notify_addfd(task: Task, notif: Notification, arg: UserPtr, size: number): Sleeps<number> {
  if (size < ADDFD_SIZE || size >= 4096) return -EINVAL;
  const bytes = copy_struct_from_user(task, new Uint8Array(ADDFD_SIZE), arg, size);
  if (typeof bytes === 'number') return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const flags = view.getUint32(8, true);
  const newfd = view.getUint32(16, true);
  const newfd_flags = view.getUint32(20, true);
  if (newfd_flags & ~O_CLOEXEC) return -EINVAL;
  if (flags & ~(SECCOMP_ADDFD_FLAG_SETFD | SECCOMP_ADDFD_FLAG_SEND)) return -EINVAL;
  if (newfd && !(flags & SECCOMP_ADDFD_FLAG_SETFD)) return -EINVAL;

  const file = fdget(task, view.getUint32(12, true));
  if (typeof file === 'number') return file;
  const request = find_request(notif, word64(view, 0));
  if (!request) return -ENOENT;
  if (request.state !== 'sent') return -EINPROGRESS;

  const send = (flags & SECCOMP_ADDFD_FLAG_SEND) !== 0;
  // Somebody else's descriptor is still to be installed; the answer must not overtake it.
  if (send && request.addfd.length > 0) return -EBUSY;
  const fd = flags & SECCOMP_ADDFD_FLAG_SETFD ? newfd : -1;
  const addfd: Addfd = {
    file: get_file(file),
    fd,
    flags: newfd_flags,
    send,
    result: null,
    done: new WaitQueueHead(),
  };
  if (send) request.state = 'replied';
  request.addfd.unshift(addfd); // upstream's list_add(): the newest is first
  wake_up_all(request.ready);
  return yield* wait_for_addfd(task, request, addfd);
}

function* wait_for_addfd(task: Task, request: Knotif, addfd: Addfd): Sleeps<number> {
  const err = yield* wait_event_interruptible(task, addfd.done, () => addfd.result !== null);
  fput(addfd.file);
  if (addfd.result !== null) return addfd.result;

  // A signal came first: it was not asked for, and not answered either.
  request.addfd.splice(request.addfd.indexOf(addfd), 1);
  if (addfd.send) request.state = 'sent';
  return err;
}
