/*
 * kernel/fs/locks.ts - advisory locks: whole files by flock(), ranges by fcntl()
 *
 * Linux:   fs/locks.c, include/linux/filelock.h
 * Manual:  flock(2), fcntl(2), "Advisory record locking", "Open file description locks (non-POSIX)"
 * Absent:  leases, mandatory locks
 *
 * A lock belongs to an owner: a process's table of descriptors (POSIX), or an open file (OFD, flock). Between locks of
 * one owner there are no conflicts; a later one replaces what it overlaps.
 */

import type { File, Inode } from '../include/linux/fs.ts';
import { FMODE_READ, FMODE_WRITE } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EAGAIN, EBADF, EDEADLK, EFAULT, EINVAL, EOVERFLOW } from '../include/uapi/errno.ts';
import {
  F_GETLK,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_SETLKW,
  F_UNLCK,
  F_WRLCK,
  LOCK_EX,
  LOCK_MAND,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../include/uapi/fcntl.ts';
import {
  get_unaligned_le16,
  get_unaligned_le32,
  get_unaligned_sle64,
  put_unaligned_le16,
  put_unaligned_le32,
  put_unaligned_le64,
} from '../lib/bytes.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import {
  type MaySleep,
  type Sleeps,
  WaitQueueHead,
  wait_event_interruptible,
  wake_up_all,
} from '../sched/wait.ts';
import { SYSCALL_DEFINE, int } from '../syscalls/define.ts';
import { flockCommand } from './arg_types.ts';
import { fdget } from './file.ts';
import { fput, get_file } from './file_table.ts';
import { pid_vnr } from '../pid.ts';

export interface FileLock {
  /** F_RDLCK, F_WRLCK; F_UNLCK in requests. */
  type: number;
  /** [start, end], the last byte included; Infinity: to wherever the file grows. */
  start: number;
  end: number;
  readonly owner: object;
  /** What F_GETLK tells of the holder; -1 for OFD locks. */
  readonly pid: number;
}

export interface FileLockContext {
  readonly posix: FileLock[];
  readonly flock: FileLock[];
  /** Everybody who waits for any lock of this file. */
  readonly wait: WaitQueueHead;
}

const lock_context = (inode: Inode): FileLockContext => {
  inode.i_flctx ??= { posix: [], flock: [], wait: new WaitQueueHead() };
  return inode.i_flctx;
};

const overlap = (a: FileLock, b: FileLock): boolean => a.start <= b.end && b.start <= a.end;

/** The first lock of somebody else that stands in the way. */
function conflict(list: readonly FileLock[], wanted: FileLock): FileLock | null {
  for (const held of list) {
    if (held.owner === wanted.owner || !overlap(held, wanted)) continue;
    if (held.type === F_WRLCK || wanted.type === F_WRLCK) return held;
  }
  return null;
}

/** Puts a lock where nothing conflicts: cuts the owner's older ones, then joins neighbours of the same kind. */
function place(list: FileLock[], wanted: FileLock): void {
  for (const held of list.filter((lock) => lock.owner === wanted.owner && overlap(lock, wanted))) {
    list.splice(list.indexOf(held), 1);
    if (held.start < wanted.start) list.push({ ...held, end: wanted.start - 1 });
    if (held.end > wanted.end) list.push({ ...held, start: wanted.end + 1 });
  }
  if (wanted.type !== F_UNLCK) list.push(join_neighbours(list, wanted));
  list.sort((a, b) => a.start - b.start);
}

function join_neighbours(list: FileLock[], wanted: FileLock): FileLock {
  const joined = { ...wanted };
  for (const held of list.filter((lock) => lock.owner === wanted.owner && lock.type === wanted.type)) {
    if (held.end + 1 !== joined.start && joined.end + 1 !== held.start) continue;
    list.splice(list.indexOf(held), 1);
    joined.start = Math.min(joined.start, held.start);
    joined.end = Math.max(joined.end, held.end);
  }
  return joined;
}

/** Sets, changes or removes a range; -EAGAIN where it conflicts. */
function posix_lock_inode(inode: Inode, wanted: FileLock): number {
  const context = lock_context(inode);
  if (wanted.type !== F_UNLCK && conflict(context.posix, wanted)) return -EAGAIN;
  place(context.posix, wanted);
  wake_up_all(context.wait);
  return 0;
}

/** fcntl(F_SETLKW): until it succeeds, a signal comes, or two would wait for each other for ever. */
function* posix_lock_wait(task: Task, file: File, wanted: FileLock): Sleeps<number> {
  const inode = file.f_inode;
  const { wait, posix } = lock_context(inode);
  const { lock_waits } = task.kernel.fs;
  get_file(file);
  let err = posix_lock_inode(inode, wanted);
  while (err === -EAGAIN) {
    const holder = conflict(posix, wanted)!.owner;
    if (would_deadlock(lock_waits, wanted.owner, holder)) {
      err = -EDEADLK;
      break;
    }
    lock_waits.set(wanted.owner, holder);
    const interrupted = yield* wait_event_interruptible(task, wait, () => conflict(posix, wanted) === null);
    lock_waits.delete(wanted.owner);
    err = interrupted < 0 ? interrupted : posix_lock_inode(inode, wanted);
  }
  fput(file);
  return err;
}

/** Does the holder, directly or through others, wait for us? */
function would_deadlock(waits: ReadonlyMap<object, object>, waiter: object, holder: object): boolean {
  const seen = new Set<object>();
  for (let at: object | undefined = holder; at && !seen.has(at); at = waits.get(at)) {
    if (at === waiter) return true;
    seen.add(at);
  }
  return false;
}

const SIZEOF_FLOCK = 32;

/** struct flock: l_type, l_whence, l_start, l_len, l_pid. */
function read_flock(task: Task, file: File, from: UserPtr, owner: object, pid: number): FileLock | number {
  const bytes = memdup_user(task, from, SIZEOF_FLOCK);
  if (typeof bytes === 'number') return bytes;
  const type = get_unaligned_le16(bytes, 0);
  const whence = get_unaligned_le16(bytes, 2);
  const offset = get_unaligned_sle64(bytes, 8);
  const length = get_unaligned_sle64(bytes, 16);

  const base = whence_base(file, whence);
  if (base < 0 || type > F_UNLCK) return -EINVAL;
  if (base > 0 && base + offset >= 2 ** 63) return -EOVERFLOW;
  const range = flock_range(base + offset, length);
  return typeof range === 'number' ? range : { type, ...range, owner, pid };
}

function whence_base(file: File, whence: number): number {
  if (whence === SEEK_SET) return 0;
  if (whence === SEEK_CUR) return file.f_pos;
  return whence === SEEK_END ? file.f_inode.i_size : -EINVAL;
}

/** "l_len = 0: until the end of the file, however it grows; negative: the bytes before l_start" - fcntl(2) */
function flock_range(start: number, length: number): { start: number; end: number } | number {
  if (start < 0) return -EINVAL;
  if (length > 1 && start + length >= 2 ** 63) return -EOVERFLOW;
  if (length > 0) return { start, end: start + length - 1 };
  if (length === 0) return { start, end: Infinity };
  return start + length < 0 ? -EINVAL : { start: start + length, end: start - 1 };
}

const ofd_pid = (bytes: Uint8Array): number => get_unaligned_le32(bytes, 24);

/** The fcntl() commands about locks, all of them. */
export function fcntl_lock(task: Task, file: File, cmd: number, arg: UserPtr): MaySleep<number> {
  const ofd = cmd === F_OFD_GETLK || cmd === F_OFD_SETLK || cmd === F_OFD_SETLKW;
  const wanted = read_flock(task, file, arg, ofd ? file : task.files!, ofd ? -1 : task.tgid);
  if (typeof wanted === 'number') return wanted;
  if (ofd) {
    const bytes = memdup_user(task, arg, SIZEOF_FLOCK);
    if (typeof bytes === 'number') return bytes;
    if (ofd_pid(bytes) !== 0) return -EINVAL;
  }
  if (cmd === F_GETLK || cmd === F_OFD_GETLK) return fcntl_getlk(task, file, wanted, arg);
  if (wanted.type === F_RDLCK && (file.f_mode & FMODE_READ) === 0) return -EBADF;
  if (wanted.type === F_WRLCK && (file.f_mode & FMODE_WRITE) === 0) return -EBADF;

  const now = posix_lock_inode(file.f_inode, wanted);
  if (now !== -EAGAIN) return now;
  return cmd === F_SETLKW || cmd === F_OFD_SETLKW ? posix_lock_wait(task, file, wanted) : -EAGAIN;
}

/** F_OFD_GETLK with F_UNLCK asks what one holds oneself. */
const own_lock = (list: readonly FileLock[], wanted: FileLock): FileLock | null =>
  list.find((held) => held.owner === wanted.owner && overlap(held, wanted)) ?? null;

/** The owner's number as the asker sees it; -1: an open file's, which is no process's. 0: he has none there. */
function locks_translate_pid(task: Task, { pid }: FileLock): number {
  if (pid < 0) return pid;
  const owner = task.kernel.pids.find_vpid(pid);
  return owner ? pid_vnr(owner, task) : pid;
}

/** Tells who is in the way, or F_UNLCK in the type and nothing else changed. */
function fcntl_getlk(task: Task, file: File, wanted: FileLock, arg: UserPtr): number {
  if (wanted.type === F_UNLCK && wanted.owner !== file) return -EINVAL;
  const { posix } = lock_context(file.f_inode);
  const held = wanted.type === F_UNLCK ? own_lock(posix, wanted) : conflict(posix, wanted);
  const bytes = memdup_user(task, arg, SIZEOF_FLOCK);
  if (typeof bytes === 'number') return bytes;

  put_unaligned_le16(held ? held.type : F_UNLCK, bytes, 0);
  if (held) {
    put_unaligned_le16(SEEK_SET, bytes, 2);
    put_unaligned_le64(held.start, bytes, 8);
    put_unaligned_le64(held.end === Infinity ? 0 : held.end - held.start + 1, bytes, 16);
    put_unaligned_le32(locks_translate_pid(task, held), bytes, 24);
  }
  return copy_to_user(task, arg, bytes) ? -EFAULT : 0;
}

/** "All locks of the process on the file go when any descriptor of it is closed" - fcntl(2) */
export function locks_remove_posix(task: Task, file: File): void {
  const context = file.f_inode.i_flctx;
  if (!context?.posix.some((lock) => lock.owner === task.files)) return;
  remove_owned(context.posix, task.files!);
  wake_up_all(context.wait);
}

/** The open file is gone, and with it its flock and OFD locks. */
export function locks_remove_file(file: File): void {
  const context = file.f_inode.i_flctx!;
  remove_owned(context.flock, file);
  remove_owned(context.posix, file);
  wake_up_all(context.wait);
}

function remove_owned(list: FileLock[], owner: object): void {
  for (let i = list.length - 1; i >= 0; i--) if (list[i]!.owner === owner) list.splice(i, 1);
}

export const sys_flock = SYSCALL_DEFINE('flock', { fd: int, cmd: flockCommand }, (task, { fd, cmd }) => {
  if (cmd & LOCK_MAND) return 0; // "This support has been removed and the request ignored."
  const type = FLOCK_TYPES.get(cmd & ~LOCK_NB);
  if (type === undefined) return -EINVAL;
  const file = fdget(task, fd);
  if (typeof file === 'number') return file;
  if (type !== F_UNLCK && (file.f_mode & (FMODE_READ | FMODE_WRITE)) === 0) return -EBADF;

  const wanted: FileLock = { type, start: 0, end: Infinity, owner: file, pid: task.tgid };
  const now = flock_lock_inode(file.f_inode, wanted);
  return now === -EAGAIN && (cmd & LOCK_NB) === 0 ? flock_wait(task, file, wanted) : now;
});

const FLOCK_TYPES: ReadonlyMap<number, number> = new Map([
  [LOCK_SH, F_RDLCK],
  [LOCK_EX, F_WRLCK],
  [LOCK_UN, F_UNLCK],
]);

/** "Converting is not atomic: the existing lock is first removed" - flock(2) */
function flock_lock_inode(inode: Inode, wanted: FileLock): number {
  const context = lock_context(inode);
  if (context.flock.some((held) => held.owner === wanted.owner && held.type === wanted.type)) return 0;
  remove_owned(context.flock, wanted.owner);
  wake_up_all(context.wait);
  if (wanted.type === F_UNLCK) return 0;
  if (conflict(context.flock, wanted)) return -EAGAIN;
  context.flock.push(wanted);
  return 0;
}

function* flock_wait(task: Task, file: File, wanted: FileLock): Sleeps<number> {
  const { wait, flock } = lock_context(file.f_inode);
  get_file(file);
  let err = -EAGAIN;
  while (err === -EAGAIN) {
    err = yield* wait_event_interruptible(task, wait, () => conflict(flock, wanted) === null);
    if (err === 0) err = flock_lock_inode(file.f_inode, wanted);
  }
  fput(file);
  return err;
}
