/*
 * kernel/locking/mutex.ts - one at a time, also across a sleep
 *
 * Linux:   kernel/locking/mutex.c (v6.12)
 * Differs: the kernel is not preemptible, so what does not sleep needs no lock; this is for the rest
 */

import type { Task } from '../include/linux/sched.ts';
import { EINTR } from '../include/uapi/errno.ts';
import {
  type Sleeps,
  WaitQueueHead,
  wait_event_interruptible_exclusive,
  wait_event_killable_exclusive,
  wake_up,
} from '../sched/wait.ts';

export class Mutex {
  owner: Task | null = null;
  readonly wait = new WaitQueueHead();
}

/** 0, or -EINTR when a signal came first. */
export const mutex_lock_interruptible = (task: Task, lock: Mutex): Sleeps<number> =>
  acquire(task, lock, wait_event_interruptible_exclusive);

/** 0, or -EINTR when a fatal signal came first. */
export const mutex_lock_killable = (task: Task, lock: Mutex): Sleeps<number> =>
  acquire(task, lock, wait_event_killable_exclusive);

/** Who waits gets it in turn, unless somebody comes by just when it is free. */
function* acquire(task: Task, lock: Mutex, wait: typeof wait_event_killable_exclusive): Sleeps<number> {
  if ((yield* wait(task, lock.wait, () => lock.owner === null)) !== 0) return -EINTR;
  lock.owner = task;
  return 0;
}

export function mutex_unlock(lock: Mutex): void {
  lock.owner = null;
  wake_up(lock.wait);
}
