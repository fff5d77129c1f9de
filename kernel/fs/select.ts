/*
 * kernel/fs/select.ts - waiting for whichever file is ready first
 *
 * Linux:   fs/select.c
 * Manual:  select(2), poll(2)
 *
 * The files are asked twice: once without a queue, which settles most calls, and then once more in the task that goes to
 * sleep, which puts it into every queue it is shown. After each waking only the answers are asked for again.
 */

import type { File, PollTable } from '../include/linux/fs.ts';
import { TASK_INTERRUPTIBLE, TASK_RUNNING, type Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EBADF, EFAULT, EINTR, EINVAL, ERESTARTNOHAND } from '../include/uapi/errno.ts';
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLNVAL,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDBAND,
  EPOLLRDNORM,
  EPOLLWRBAND,
  EPOLLWRNORM,
} from '../include/uapi/eventpoll.ts';
import { RLIMIT_NOFILE } from '../include/uapi/resource.ts';
import {
  get_unaligned_le16,
  get_unaligned_le32,
  get_unaligned_le64,
  get_unaligned_sle64,
  put_unaligned_le16,
  put_unaligned_le64,
} from '../lib/bytes.ts';
import { access_ok, copy_to_user, memdup_user, put_user_u16 } from '../lib/usercopy.ts';
import {
  add_wait_queue,
  default_wake_function,
  init_wait,
  type MaySleep,
  remove_wait_queue,
  type Sleeps,
  type WaitQueueEntry,
  type WaitQueueHead,
} from '../sched/wait.ts';
import { restore_saved_sigmask_unless, set_user_sigmask, signal_pending } from '../signal.ts';
import { int, outptr, pointer_in, ptr, size, SYSCALL_DEFINE, uint } from '../syscalls/define.ts';
import { schedule_hrtimeout } from '../time/hrtimer.ts';
import { NSEC_PER_SEC } from '../time/timekeeping.ts';
import { fdget, fdget_raw } from './file.ts';

/** What a file without a poll method is: always ready. */
export const DEFAULT_POLLMASK = EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;

export const vfs_poll = (file: File, table: PollTable, task: Task): number =>
  file.f_op.poll ? file.f_op.poll(file, table, task) : DEFAULT_POLLMASK;

/** The queues a sleeper stands in. Linux: struct poll_wqueues. */
class PollWqueues {
  private readonly task: Task;
  private readonly entries: WaitQueueEntry[] = [];

  constructor(task: Task) {
    this.task = task;
  }

  /** Linux: __pollwait(). */
  add(queue: WaitQueueHead): void {
    const entry = init_wait(this.task, default_wake_function);
    add_wait_queue(queue, entry);
    this.entries.push(entry);
  }

  poll_freewait(): void {
    for (const entry of this.entries) remove_wait_queue(entry);
  }
}

/** Asks all files once: how many are ready, or -errno. Fills in the answers. */
type Scan = (table: PollTable) => number;

/** Until something is ready, the deadline (monotonic ns) passes, or a signal comes. */
function poll_until(task: Task, scan: Scan, deadlineNs: number): MaySleep<number> {
  const count = scan(null);
  if (count !== 0) return count;
  if (deadlineNs <= task.kernel.time.monotonicNs()) return 0;
  return poll_sleep(task, scan, deadlineNs);
}

function* poll_sleep(task: Task, scan: Scan, deadlineNs: number): Sleeps<number> {
  const wqueues = new PollWqueues(task);
  let table: PollTable = (queue) => wqueues.add(queue);
  let timed_out = false;
  let count = 0;
  for (;;) {
    task.state = TASK_INTERRUPTIBLE; // before asking: who becomes ready from here on wakes us
    count = scan(table);
    table = null;
    if (count === 0 && signal_pending(task)) count = -ERESTARTNOHAND;
    if (count !== 0 || timed_out) break;
    timed_out = (yield* schedule_hrtimeout(task, deadlineNs)) === 0;
  }
  task.state = TASK_RUNNING;
  wqueues.poll_freewait();
  return count;
}

const POLLFD_SIZE = 8;

/** One pass over the array: fills in revents. A closed descriptor is an answer too. */
function scan_pollfds(task: Task, fds: Uint8Array, table: PollTable): number {
  let count = 0;
  for (let at = 0; at < fds.length; at += POLLFD_SIZE) {
    const fd = get_unaligned_le32(fds, at) | 0;
    const events = get_unaligned_le16(fds, at + 4);
    const revents = fd < 0 ? 0 : do_pollfd(task, fd, events | EPOLLERR | EPOLLHUP, table);
    put_unaligned_le16(revents, fds, at + 6);
    if (revents) count++;
  }
  return count;
}

function do_pollfd(task: Task, fd: number, filter: number, table: PollTable): number {
  const file = fdget(task, fd);
  return typeof file === 'number' ? EPOLLNVAL : vfs_poll(file, table, task) & filter;
}

function do_sys_poll(task: Task, ufds: UserPtr, nfds: number, deadlineNs: number): MaySleep<number> {
  if (nfds > task.signal.rlim[RLIMIT_NOFILE]!.cur) return -EINVAL;
  if (!access_ok(ufds, nfds * POLLFD_SIZE)) return -EFAULT;
  const fds = memdup_user(task, ufds, nfds * POLLFD_SIZE);
  if (typeof fds === 'number') return fds;

  const ret = poll_until(task, (table) => scan_pollfds(task, fds, table), deadlineNs);
  return typeof ret === 'number' ? copy_revents(task, ufds, fds, ret) : poll_later(task, ufds, fds, ret);
}

function* poll_later(task: Task, ufds: UserPtr, fds: Uint8Array, rest: Sleeps<number>): Sleeps<number> {
  return copy_revents(task, ufds, fds, yield* rest);
}

/** Only revents is written: the rest of the array may have changed meanwhile and is not ours. */
function copy_revents(task: Task, ufds: UserPtr, fds: Uint8Array, ret: number): number {
  for (let at = 0; at < fds.length; at += POLLFD_SIZE) {
    if (put_user_u16(task, (ufds + at + 6) as UserPtr, get_unaligned_le16(fds, at + 6))) return -EFAULT;
  }
  return ret;
}

/** When a wait given as a relative timespec ends. */
interface EndTime {
  readonly deadlineNs: number;
  /** Where the time left is written; NULL: nowhere. */
  readonly user: UserPtr;
}

/** No pointer: for ever. -EFAULT, -EINVAL. */
function poll_end_time(task: Task, tsp: UserPtr): EndTime | number {
  if (tsp === NULL) return { deadlineNs: Infinity, user: NULL };
  const bytes = memdup_user(task, tsp, 16);
  if (typeof bytes === 'number') return bytes;
  const sec = get_unaligned_sle64(bytes, 0);
  const nsec = get_unaligned_le64(bytes, 8);
  if (sec < 0 || nsec >= NSEC_PER_SEC) return -EINVAL;
  if (sec === 0 && nsec === 0) return { deadlineNs: 0, user: NULL };
  return { deadlineNs: task.kernel.time.monotonicNs() + sec * NSEC_PER_SEC + nsec, user: tsp };
}

/** The mask back in its place and the time left to the user. A wait whose time cannot be told cannot be restarted. */
function poll_select_finish(task: Task, end: EndTime, ret: number): number {
  restore_saved_sigmask_unless(task, ret === -ERESTARTNOHAND);
  if (end.user === NULL) return ret;

  const left = Math.max(0, end.deadlineNs - task.kernel.time.monotonicNs());
  const bytes = new Uint8Array(16);
  put_unaligned_le64(Math.floor(left / NSEC_PER_SEC), bytes, 0);
  put_unaligned_le64(left % NSEC_PER_SEC, bytes, 8);
  if (copy_to_user(task, end.user, bytes) === 0) return ret;
  return ret === -ERESTARTNOHAND ? -EINTR : ret;
}

/** Runs the wait and finishes, now or later. */
function finish_select(task: Task, end: EndTime, ret: MaySleep<number>): MaySleep<number> {
  return typeof ret === 'number' ? poll_select_finish(task, end, ret) : finish_select_later(task, end, ret);
}

function* finish_select_later(task: Task, end: EndTime, rest: Sleeps<number>): Sleeps<number> {
  return poll_select_finish(task, end, yield* rest);
}

export const sys_ppoll = SYSCALL_DEFINE(
  'ppoll',
  { ufds: outptr, nfds: uint, tsp: ptr, sigmask: ptr, sigsetsize: size },
  (task, { ufds, nfds, tsp, sigmask, sigsetsize }) => {
    const end = poll_end_time(task, tsp);
    if (typeof end === 'number') return end;
    const err = set_user_sigmask(task, sigmask, sigsetsize);
    if (err < 0) return err;
    return finish_select(task, end, do_sys_poll(task, ufds, nfds, end.deadlineNs));
  },
);

/** The three sets of select(), asked for and answered: bit fd % 8 of byte fd / 8. */
interface FdSets {
  readonly n: number;
  readonly wanted: readonly (Uint8Array | null)[];
  readonly ready: readonly (Uint8Array | null)[];
}

/* By set: what makes a descriptor ready for it. Exceptional conditions are urgent data and the like. */
const POLL_SETS: readonly number[] = [
  EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLNVAL,
  EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR | EPOLLNVAL,
  EPOLLPRI | EPOLLNVAL,
];

const isset = (set: Uint8Array | null, fd: number): boolean =>
  set !== null && (set[fd >> 3]! & (1 << (fd & 7))) !== 0;

function scan_fd_sets(task: Task, sets: FdSets, table: PollTable): number {
  for (const set of sets.ready) set?.fill(0);
  let count = 0;
  for (let fd = 0; fd < sets.n; fd++) {
    if (!sets.wanted.some((set) => isset(set, fd))) continue;
    if (typeof fdget_raw(task, fd) === 'number') return -EBADF;
    count += note_ready(sets, fd, do_pollfd(task, fd, ~0, table));
  }
  return count;
}

function note_ready(sets: FdSets, fd: number, mask: number): number {
  let count = 0;
  for (let which = 0; which < POLL_SETS.length; which++) {
    if ((mask & POLL_SETS[which]!) === 0 || !isset(sets.wanted[which]!, fd)) continue;
    sets.ready[which]![fd >> 3]! |= 1 << (fd & 7);
    count++;
  }
  return count;
}

/** Sets are arrays of 64-bit words; bits beyond what the table of descriptors could hold are ignored. */
function core_sys_select(
  task: Task,
  nfds: number,
  users: readonly UserPtr[],
  deadlineNs: number,
): MaySleep<number> {
  if (nfds < 0) return -EINVAL;
  const n = Math.min(nfds, Math.max(64, Math.ceil(task.files!.fd.length / 64) * 64));
  const bytes = Math.ceil(n / 64) * 8;
  const wanted: (Uint8Array | null)[] = [];
  for (const user of users) {
    const set = user === NULL ? null : memdup_user(task, user, bytes);
    if (typeof set === 'number') return set;
    wanted.push(set);
  }
  const sets: FdSets = { n, wanted, ready: wanted.map((set) => set && new Uint8Array(bytes)) };

  const ret = poll_until(task, (table) => scan_fd_sets(task, sets, table), deadlineNs);
  return typeof ret === 'number' ? copy_sets(task, users, sets, ret) : select_later(task, users, sets, ret);
}

function* select_later(
  task: Task,
  users: readonly UserPtr[],
  sets: FdSets,
  rest: Sleeps<number>,
): Sleeps<number> {
  return copy_sets(task, users, sets, yield* rest);
}

/** After an error the sets are left as they were. */
function copy_sets(task: Task, users: readonly UserPtr[], sets: FdSets, ret: number): number {
  if (ret < 0) return ret;
  for (let which = 0; which < users.length; which++) {
    const set = sets.ready[which];
    if (set && copy_to_user(task, users[which]!, set)) return -EFAULT;
  }
  return ret;
}

export const sys_pselect6 = SYSCALL_DEFINE(
  'pselect6',
  { n: int, inp: outptr, outp: outptr, exp: outptr, tsp: ptr, sig: ptr },
  (task, { n, inp, outp, exp, tsp, sig }) => {
    const mask = get_sigset_argpack(task, sig);
    if (typeof mask === 'number') return mask;
    const end = poll_end_time(task, tsp);
    if (typeof end === 'number') return end;
    const err = set_user_sigmask(task, mask.pointer, mask.size);
    if (err < 0) return err;
    return finish_select(task, end, core_sys_select(task, n, [inp, outp, exp], end.deadlineNs));
  },
);

/** Six arguments were not enough: the last one points at the mask and its size. */
function get_sigset_argpack(task: Task, from: UserPtr): { pointer: UserPtr; size: number } | number {
  if (from === NULL) return { pointer: NULL, size: 0 };
  const bytes = memdup_user(task, from, 16);
  if (typeof bytes === 'number') return bytes;
  return { pointer: pointer_in(task, bytes, 0), size: get_unaligned_le64(bytes, 8) };
}
