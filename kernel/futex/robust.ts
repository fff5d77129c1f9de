/*
 * kernel/futex/robust.ts - locks whose owner died
 *
 * Linux:   kernel/futex/core.c (exit_robust_list, handle_futex_death) (v6.12)
 * Manual:  get_robust_list(2), Documentation/locking/robust-futex-ABI.rst
 *
 * User space keeps a list of the locks it holds in its own memory. When the thread dies the kernel walks the list, marks
 * each lock and wakes one who waits for it. Nothing in that list can be trusted.
 */

import type { Task } from '../include/linux/sched.ts';
import { NULL, TASK_SIZE, type UserPtr } from '../include/linux/types.ts';
import { get_unaligned_le64, get_unaligned_sle64 } from '../lib/bytes.ts';
import { get_user_u32, get_user_u64, memdup_user, put_user_u32 } from '../lib/usercopy.ts';
import { FUTEX_BITSET_MATCH_ANY, futex_wake } from './core.ts';
import { task_pid_vnr } from '../pid.ts';

/** struct robust_list_head: the list, the distance from an entry to its lock, and the lock being taken or released. */
export const ROBUST_LIST_HEAD_SIZE = 24;
const ROBUST_LIST_LIMIT = 2048;

const FUTEX_WAITERS = 0x8000_0000;
const FUTEX_OWNER_DIED = 0x4000_0000;
const FUTEX_TID_MASK = 0x3fff_ffff;

/** Before an exiting task lets its memory go. */
export function futex_exit_release(task: Task): void {
  if (task.robust_list && task.mm) exit_robust_list(task);
  task.robust_list = NULL;
}

/** Before a task that executes a program lets its old memory go. */
export const futex_exec_release = futex_exit_release;

/** The low bit of a pointer marks a PI lock. */
interface Entry {
  readonly at: number;
  readonly pi: boolean;
}

const entryOf = (pointer: number): Entry => ({ at: pointer - (pointer % 2), pi: pointer % 2 === 1 });

function exit_robust_list(task: Task): void {
  const head = memdup_user(task, task.robust_list, ROBUST_LIST_HEAD_SIZE);
  if (typeof head === 'number') return;
  const offset = get_unaligned_sle64(head, 8);
  const pending = entryOf(get_unaligned_le64(head, 16));

  let entry = entryOf(get_unaligned_le64(head, 0));
  for (let n = 0; entry.at !== task.robust_list && n < ROBUST_LIST_LIMIT; n++) {
    const next = entry.at < TASK_SIZE ? get_user_u64(task, entry.at as UserPtr) : -1; // before the lock is given away
    // The one being taken or released may also be in the list; it is dealt with once, at the end.
    if (entry.at !== pending.at && !handle_futex_death(task, entry.at + offset, entry.pi, false)) return;
    if (next < 0) return;
    entry = entryOf(next);
  }
  if (pending.at) handle_futex_death(task, pending.at + offset, pending.pi, true);
}

/** False when the list is broken there. */
function handle_futex_death(task: Task, at: number, pi: boolean, pending: boolean): boolean {
  const uaddr = at as UserPtr;
  if (!(at >= 0 && at < TASK_SIZE) || at % 4 !== 0) return false;
  const word = get_user_u32(task, uaddr);
  if (word < 0) return false;
  const owner = word & FUTEX_TID_MASK;
  // It died between giving the lock free and waking: somebody may wait for ever.
  if (pending && !pi && owner === 0) {
    futex_wake(task, uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
    return true;
  }
  if (owner !== task_pid_vnr(task, task)) return true;

  if (put_user_u32(task, uaddr, ((word & FUTEX_WAITERS) | FUTEX_OWNER_DIED) >>> 0)) return false;
  if (!pi && word & FUTEX_WAITERS) futex_wake(task, uaddr, true, 1, FUTEX_BITSET_MATCH_ANY);
  return true;
}
