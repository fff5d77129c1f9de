/*
 * kernel/sched/wait.ts - wait queues, and what it means that a function may sleep
 *
 * Linux:   kernel/sched/wait.c, include/linux/wait.h
 * Differs: a function that may sleep is a generator, and says so in its type
 *
 *   - it can only be called with yield*, and only from another generator;
 *   - an interrupt handler is a plain function, so it cannot sleep: that is a type error, not a "scheduling while
 *     atomic" splat at run time.
 */

import {
  TASK_INTERRUPTIBLE,
  TASK_KILLABLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  type Task,
} from '../include/linux/sched.ts';
import { ERESTARTSYS } from '../include/uapi/errno.ts';
import { insert_at, remove_at } from '../lib/sorted.ts';
import { schedule_hrtimeout } from '../time/hrtimer.ts';
import { schedule, signal_pending_state, try_to_wake_up } from './core.ts';

/** A task gives the CPU away: to the scheduler, or (PAUSE) to the machine's owner, who will resume this same task. */
export const SCHEDULE = 1;
export const PAUSE = 2;
export type Yield = typeof SCHEDULE | typeof PAUSE;

export type Sleeps<T> = Generator<Yield, T, void>;

/** What a method returns that sleeps only sometimes: a value at once, or the rest of the story. */
export type MaySleep<T> = T | Sleeps<T>;

/** Runs the rest, if there is one. `yield* finish(op.read(...))`. */
export function* finish<T extends number | bigint | object | undefined>(result: MaySleep<T>): Sleeps<T> {
  return is_generator(result) ? yield* result : (result as T);
}

export const is_generator = <T>(result: MaySleep<T>): result is Sleeps<T> =>
  typeof result === 'object' && result !== null && Symbol.iterator in result && 'next' in result;

/*
 * Wait queues
 *
 * The order in every wait is: join the queue and say that you sleep, then look whether there is anything to wait for,
 * then give the CPU away. Look first, and a wake-up that comes in between is lost.
 */

/** Called for each sleeper; true: it was woken (it counts against the number of exclusive ones to wake). */
export type WakeFunction = (entry: WaitQueueEntry, mode: number, key: number) => boolean;

/** One sleeper on one queue. */
export interface WaitQueueEntry {
  readonly task: Task;
  readonly func: WakeFunction;
  /** Of the exclusive sleepers only one is woken: they all wait for a thing that one of them will take. */
  exclusive: boolean;
  queue: WaitQueueHead | null;
}

/** Linux: wait_queue_head_t. Non-exclusive sleepers come first, the newest in front; exclusive ones in order behind. */
export class WaitQueueHead {
  readonly head: WaitQueueEntry[] = [];
}

export const init_wait = (task: Task, func: WakeFunction = autoremove_wake_function): WaitQueueEntry => ({
  task,
  func,
  exclusive: false,
  queue: null,
});

export function default_wake_function(entry: WaitQueueEntry, mode: number): boolean {
  return try_to_wake_up(entry.task, mode);
}

/** A woken sleeper leaves the queue at once, so that a second wake-up goes to the next one. */
export function autoremove_wake_function(entry: WaitQueueEntry, mode: number): boolean {
  if (!try_to_wake_up(entry.task, mode)) return false;
  remove_wait_queue(entry);
  return true;
}

export function add_wait_queue(queue: WaitQueueHead, entry: WaitQueueEntry): void {
  entry.exclusive = false;
  entry.queue = queue;
  insert_at(queue.head, 0, entry);
}

export function add_wait_queue_exclusive(queue: WaitQueueHead, entry: WaitQueueEntry): void {
  entry.exclusive = true;
  entry.queue = queue;
  queue.head.push(entry);
}

/** Linux passes the queue too; an entry knows where it is. Nothing happens when it is nowhere. */
export function remove_wait_queue(entry: WaitQueueEntry): void {
  if (!entry.queue) return;
  const at = entry.queue.head.indexOf(entry);
  if (at >= 0) remove_at(entry.queue.head, at);
  entry.queue = null;
}

export const waitqueue_active = (queue: WaitQueueHead): boolean => queue.head.length > 0;

export function prepare_to_wait(queue: WaitQueueHead, entry: WaitQueueEntry, state: number): void {
  if (!entry.queue) add_wait_queue(queue, entry);
  entry.task.state = state;
}

export function prepare_to_wait_exclusive(queue: WaitQueueHead, entry: WaitQueueEntry, state: number): void {
  if (!entry.queue) add_wait_queue_exclusive(queue, entry);
  entry.task.state = state;
}

export function finish_wait(entry: WaitQueueEntry): void {
  entry.task.state = TASK_RUNNING;
  remove_wait_queue(entry);
}

/** Wakes every ordinary sleeper in one of the states of `mode`, and up to `exclusive` exclusive ones (0: all of them). */
export function __wake_up(queue: WaitQueueHead, mode: number, exclusive: number, key: number): void {
  if (queue.head.length === 0) return;
  // A copy: sleepers leave the queue while we walk it.
  for (const entry of queue.head.slice()) {
    if (entry.func(entry, mode, key) && entry.exclusive && --exclusive === 0) return;
  }
}

export const wake_up = (queue: WaitQueueHead): void => __wake_up(queue, TASK_NORMAL, 1, 0);
export const wake_up_all = (queue: WaitQueueHead): void => __wake_up(queue, TASK_NORMAL, 0, 0);
export const wake_up_interruptible = (queue: WaitQueueHead): void =>
  __wake_up(queue, TASK_INTERRUPTIBLE, 1, 0);
export const wake_up_interruptible_all = (queue: WaitQueueHead): void =>
  __wake_up(queue, TASK_INTERRUPTIBLE, 0, 0);
/** `events`: EPOLL* bits, for sleepers who care about some of them only. */
export const wake_up_poll = (queue: WaitQueueHead, events: number): void =>
  __wake_up(queue, TASK_NORMAL, 1, events);
export const wake_up_interruptible_poll = (queue: WaitQueueHead, events: number): void =>
  __wake_up(queue, TASK_INTERRUPTIBLE, 1, events);

type Condition = () => boolean;

/** The one loop behind all of them. 0, or -ERESTARTSYS where `state` can be interrupted and a signal came first. */
function* ___wait_event(
  task: Task,
  queue: WaitQueueHead,
  condition: Condition,
  state: number,
  exclusive: boolean,
): Sleeps<number> {
  const entry = init_wait(task);
  for (;;) {
    if (exclusive) prepare_to_wait_exclusive(queue, entry, state);
    else prepare_to_wait(queue, entry, state);

    const ready = condition();
    if (ready || signal_pending_state(state, task)) {
      finish_wait(entry);
      return ready ? 0 : -ERESTARTSYS;
    }
    yield* schedule(task);
  }
}

export function* wait_event(task: Task, queue: WaitQueueHead, condition: Condition): Sleeps<void> {
  if (!condition()) yield* ___wait_event(task, queue, condition, TASK_UNINTERRUPTIBLE, false);
}

/** 0, or -ERESTARTSYS when a signal came first. */
export function* wait_event_interruptible(
  task: Task,
  queue: WaitQueueHead,
  condition: Condition,
): Sleeps<number> {
  return condition() ? 0 : yield* ___wait_event(task, queue, condition, TASK_INTERRUPTIBLE, false);
}

/** As above, but only one such sleeper is woken at a time. */
export function* wait_event_interruptible_exclusive(
  task: Task,
  queue: WaitQueueHead,
  condition: Condition,
): Sleeps<number> {
  return condition() ? 0 : yield* ___wait_event(task, queue, condition, TASK_INTERRUPTIBLE, true);
}

/** 0, or -ERESTARTSYS when a fatal signal came first; others have to wait. */
export function* wait_event_killable(task: Task, queue: WaitQueueHead, condition: Condition): Sleeps<number> {
  return condition() ? 0 : yield* ___wait_event(task, queue, condition, TASK_KILLABLE, false);
}

export function* wait_event_killable_exclusive(
  task: Task,
  queue: WaitQueueHead,
  condition: Condition,
): Sleeps<number> {
  return condition() ? 0 : yield* ___wait_event(task, queue, condition, TASK_KILLABLE, true);
}

/** ns that were left (at least 1) when the condition came true, 0 when time ran out, or -ERESTARTSYS. */
export function* wait_event_interruptible_timeout(
  task: Task,
  queue: WaitQueueHead,
  condition: Condition,
  timeoutNs: number,
): Sleeps<number> {
  return yield* wait_event_timeout_state(task, queue, condition, TASK_INTERRUPTIBLE, timeoutNs);
}

/** ns that were left (at least 1) when the condition came true, or 0 when time ran out. */
export function* wait_event_timeout(
  task: Task,
  queue: WaitQueueHead,
  condition: Condition,
  timeoutNs: number,
): Sleeps<number> {
  return yield* wait_event_timeout_state(task, queue, condition, TASK_UNINTERRUPTIBLE, timeoutNs);
}

function* wait_event_timeout_state(
  task: Task,
  queue: WaitQueueHead,
  condition: Condition,
  state: number,
  timeoutNs: number,
): Sleeps<number> {
  const { time } = task.kernel;
  const deadline = time.monotonicNs() + timeoutNs;
  const entry = init_wait(task);
  for (;;) {
    prepare_to_wait(queue, entry, state);
    const ready = condition();
    const left = deadline - time.monotonicNs();
    if (ready || left <= 0 || signal_pending_state(state, task)) {
      finish_wait(entry);
      if (ready) return Math.max(1, left);
      return left <= 0 ? 0 : -ERESTARTSYS;
    }
    yield* schedule_hrtimeout(task, deadline);
  }
}
