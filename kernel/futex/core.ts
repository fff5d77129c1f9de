/*
 * kernel/futex/core.ts - sleeping on a word of memory
 *
 * Linux:   kernel/futex/{core,waitwake,requeue}.c (v6.12)
 * Manual:  futex(2)
 * Differs: the kernel is never preempted, so that "look at the word, then queue" is atomic without a lock
 * Absent:  the PI operations (ENOSYS), futex2's calls
 *
 * The fast path is user space's own: it enters the kernel only to sleep, or to wake somebody who may be asleep.
 */

import type { AddressSpace } from '../include/linux/fs.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import { TASK_INTERRUPTIBLE, TASK_NORMAL, TASK_RUNNING, type Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, TASK_SIZE, type UserPtr } from '../include/linux/types.ts';
import {
  EAGAIN,
  EFAULT,
  EINVAL,
  ENOSYS,
  ERESTART_RESTARTBLOCK,
  ERESTARTSYS,
  ETIMEDOUT,
} from '../include/uapi/errno.ts';
import { VM_SHARED } from '../include/linux/mm.ts';
import { get_user_u32, put_user_u32 } from '../lib/usercopy.ts';
import { is_not_memory } from '../mm/gup.ts';
import { find_vma } from '../mm/vma.ts';
import { try_to_wake_up } from '../sched/core.ts';
import type { Sleeps } from '../sched/wait.ts';
import { signal_pending } from '../signal.ts';
import { schedule_hrtimeout, schedule_hrtimeout_realtime } from '../time/hrtimer.ts';
import type { Timespec } from '../include/linux/fs.ts';

/** Linux: union futex_key. Where the word is: in whose memory or in which file, and at which place. */
export interface FutexKey {
  readonly space: Mm | AddressSpace;
  /** A multiple of 4, plus what sets apart: 0 private, 1 a file's, 2 shared but anonymous. */
  readonly offset: number;
}

const FUT_OFF_INODE = 1;
const FUT_OFF_MMSHARED = 2;

/** Linux: struct futex_q. A sleeper. */
export interface FutexQ {
  readonly task: Task;
  key: FutexKey;
  /** FUTEX_WAKE_BITSET wakes only those with a bit in common. */
  readonly bitset: number;
  queued: boolean;
}

export const FUTEX_BITSET_MATCH_ANY = 0xffff_ffff;

/** All sleepers of one machine. A list exists as long as somebody is on it. */
export class FutexTable {
  private readonly spaces = new Map<Mm | AddressSpace, Map<number, FutexQ[]>>();

  queue(q: FutexQ): void {
    const offsets = this.spaces.get(q.key.space) ?? new Map<number, FutexQ[]>();
    this.spaces.set(q.key.space, offsets);
    const list = offsets.get(q.key.offset);
    if (list) list.push(q);
    else offsets.set(q.key.offset, [q]);
    q.queued = true;
  }

  unqueue(q: FutexQ): void {
    const offsets = this.spaces.get(q.key.space)!;
    const list = offsets.get(q.key.offset)!;
    list.splice(list.indexOf(q), 1);
    if (list.length === 0) offsets.delete(q.key.offset);
    if (offsets.size === 0) this.spaces.delete(q.key.space);
    q.queued = false;
  }

  /** In the order of their arrival; a copy. */
  waiters(key: FutexKey): FutexQ[] {
    return this.spaces.get(key.space)?.get(key.offset)?.slice() ?? [];
  }
}

/** The key of the word at `uaddr`; -EINVAL when it is not aligned, -EFAULT when there is nothing. */
export function get_futex_key(task: Task, uaddr: UserPtr, shared: boolean): FutexKey | number {
  if (uaddr % 4 !== 0) return -EINVAL;
  if (uaddr >= TASK_SIZE) return -EFAULT;
  const mm = task.mm!;
  if (!shared) return { space: mm, offset: uaddr };

  const vma = find_vma(mm, uaddr);
  if (!vma || vma.vm_start > uaddr || is_not_memory(vma)) return -EFAULT;
  const mapping = vma.vm_flags & VM_SHARED ? vma.vm_mapping : null;
  if (!mapping) return { space: mm, offset: uaddr + FUT_OFF_MMSHARED };
  return { space: mapping, offset: vma.vm_pgoff * PAGE_SIZE + (uaddr - vma.vm_start) + FUT_OFF_INODE };
}

/** Until when a waiter waits: never, a monotonic time in ns, or a time on the wall clock. */
export type FutexTimeout = null | number | Timespec;

/** 0 when woken, -EAGAIN when the word is not `val`, -ETIMEDOUT, or what a signal makes of it. */
export function* futex_wait(
  task: Task,
  uaddr: UserPtr,
  shared: boolean,
  val: number,
  timeout: FutexTimeout,
  bitset: number,
): Sleeps<number> {
  if (bitset === 0) return -EINVAL;
  const { futex } = task.kernel;
  const key = get_futex_key(task, uaddr, shared);
  if (typeof key === 'number') return key;
  const now = get_user_u32(task, uaddr);
  if (now < 0) return now;
  if (now !== val) return -EAGAIN;

  const q: FutexQ = { task, key, bitset, queued: false };
  futex.queue(q);
  const slept = yield* futex_sleep(task, q, timeout);
  if (!q.queued) return 0; // woken; that a signal or the time came too does not matter
  futex.unqueue(q);
  if (slept === -ETIMEDOUT) return -ETIMEDOUT;
  if (timeout === null) return -ERESTARTSYS;
  task.restart_block = (again) => futex_wait(again, uaddr, shared, val, timeout, bitset);
  return -ERESTART_RESTARTBLOCK;
}

/** Sleeps until it is no longer queued, a signal comes, or (-ETIMEDOUT) time is up. */
export function* futex_sleep(task: Task, q: FutexQ, timeout: FutexTimeout): Sleeps<number> {
  while (q.queued) {
    if (signal_pending(task)) return -ERESTARTSYS;
    task.state = TASK_INTERRUPTIBLE;
    const woken =
      timeout !== null && typeof timeout === 'object'
        ? yield* schedule_hrtimeout_realtime(task, timeout)
        : yield* schedule_hrtimeout(task, timeout ?? Infinity);
    if (woken === 0 && q.queued) return -ETIMEDOUT;
  }
  task.state = TASK_RUNNING;
  return 0;
}

function wake_q(task: Task, q: FutexQ): void {
  task.kernel.futex.unqueue(q);
  try_to_wake_up(q.task, TASK_NORMAL);
}

/** How many were woken; at least one if anybody sleeps there, however small `nr` is. */
export function futex_wake(task: Task, uaddr: UserPtr, shared: boolean, nr: number, bitset: number): number {
  if (bitset === 0) return -EINVAL;
  const key = get_futex_key(task, uaddr, shared);
  return typeof key === 'number' ? key : wakeKey(task, key, nr, bitset);
}

function wakeKey(task: Task, key: FutexKey, nr: number, bitset: number): number {
  let woken = 0;
  for (const q of task.kernel.futex.waiters(key)) {
    if (!(q.bitset & bitset)) continue;
    wake_q(task, q);
    if (++woken >= nr) break;
  }
  return woken;
}

/** Some are woken, others moved to wait for another word: how many of both. `cmpval` null: whatever the word says. */
export function futex_requeue(
  task: Task,
  uaddr1: UserPtr,
  uaddr2: UserPtr,
  shared: boolean,
  nr_wake: number,
  nr_requeue: number,
  cmpval: number | null,
): number {
  if (nr_wake < 0 || nr_requeue < 0) return -EINVAL;
  const { futex } = task.kernel;
  const key1 = get_futex_key(task, uaddr1, shared);
  if (typeof key1 === 'number') return key1;
  const key2 = get_futex_key(task, uaddr2, shared);
  if (typeof key2 === 'number') return key2;
  if (cmpval !== null) {
    const now = get_user_u32(task, uaddr1);
    if (now < 0) return now;
    if (now !== cmpval) return -EAGAIN;
  }
  let count = 0;
  for (const q of futex.waiters(key1)) {
    if (count - nr_wake >= nr_requeue) break;
    if (++count <= nr_wake) {
      wake_q(task, q);
      continue;
    }
    futex.unqueue(q);
    q.key = key2;
    futex.queue(q);
  }
  return count;
}

/** FUTEX_WAKE_OP's last argument: what to do to the second word, and which old value wakes its sleepers too. */
function futex_atomic_op_inuser(task: Task, encoded: number, uaddr: UserPtr): boolean | number {
  const op = (encoded >>> 28) & 7;
  const cmp = (encoded >>> 24) & 15;
  let oparg = (encoded << 8) >> 20;
  const cmparg = (encoded << 20) >> 20;
  if (encoded >>> 31) oparg = 1 << (oparg & 31);

  const old = get_user_u32(task, uaddr);
  if (old < 0) return old;
  if (op >= OPERATIONS.length) return -ENOSYS;
  const err = put_user_u32(task, uaddr, OPERATIONS[op]!(old, oparg) >>> 0);
  if (err < 0) return err;
  return cmp < COMPARISONS.length ? COMPARISONS[cmp]!(old | 0, cmparg) : -ENOSYS; // the word has changed all the same
}

/* FUTEX_OP_SET, ADD, OR, ANDN, XOR */
const OPERATIONS: readonly ((old: number, arg: number) => number)[] = [
  (_old, arg) => arg,
  (old, arg) => old + arg,
  (old, arg) => old | arg,
  (old, arg) => old & ~arg,
  (old, arg) => old ^ arg,
];

/* FUTEX_OP_CMP_EQ, NE, LT, LE, GT, GE */
const COMPARISONS: readonly ((old: number, arg: number) => boolean)[] = [
  (old, arg) => old === arg,
  (old, arg) => old !== arg,
  (old, arg) => old < arg,
  (old, arg) => old <= arg,
  (old, arg) => old > arg,
  (old, arg) => old >= arg,
];

export function futex_wake_op(
  task: Task,
  uaddr1: UserPtr,
  uaddr2: UserPtr,
  shared: boolean,
  nr_wake: number,
  nr_wake2: number,
  op: number,
): number {
  const key1 = get_futex_key(task, uaddr1, shared);
  if (typeof key1 === 'number') return key1;
  const key2 = get_futex_key(task, uaddr2, shared);
  if (typeof key2 === 'number') return key2;
  const matched = futex_atomic_op_inuser(task, op, uaddr2);
  if (typeof matched === 'number') return matched;
  const woken = wakeKey(task, key1, nr_wake, FUTEX_BITSET_MATCH_ANY);
  return matched ? woken + wakeKey(task, key2, nr_wake2, FUTEX_BITSET_MATCH_ANY) : woken;
}

/** CLONE_CHILD_CLEARTID: the thread is gone, its joiner may go on. */
export function futex_wake_tid(task: Task, uaddr: UserPtr): void {
  futex_wake(task, uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
}
