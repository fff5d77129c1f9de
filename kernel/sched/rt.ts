/*
 * kernel/sched/rt.ts - SCHED_FIFO and SCHED_RR: strict priorities, before everybody else
 *
 * Linux:  kernel/sched/rt.c (v6.12)
 * Manual: sched(7)
 * Absent: throttling (sched_rt_runtime_us): a real-time task that never sleeps has the machine to itself
 */

import { SCHED_RR, type Task } from '../include/linux/sched.ts';
import { insert_at, remove_at } from '../lib/sorted.ts';
import type { SchedClass } from './core.ts';

export const RR_TIMESLICE_NS = 100_000_000;

export class RtClass implements SchedClass {
  /** By priority, highest first; within one, in order of arrival. */
  private readonly queue: Task[] = [];

  get nr_queued(): number {
    return this.queue.length;
  }

  enqueue_task(task: Task): void {
    const at = this.queue.findIndex((other) => other.rt_priority < task.rt_priority);
    insert_at(this.queue, at < 0 ? this.queue.length : at, task);
  }

  dequeue_task(task: Task): void {
    const at = this.queue.indexOf(task);
    if (at >= 0) remove_at(this.queue, at);
  }

  /** "A thread that is preempted by a higher priority thread stays at the head of the list for its priority" - sched(7) */
  put_prev_task(task: Task, expired: boolean): void {
    if (expired) return this.enqueue_task(task);
    const at = this.queue.findIndex((other) => other.rt_priority <= task.rt_priority);
    insert_at(this.queue, at < 0 ? this.queue.length : at, task);
  }

  pick_next_task(): Task | null {
    return this.queue.shift() ?? null;
  }

  update_curr(): void {
    // Strict priorities keep no accounts.
  }

  slice(task: Task): number {
    const equals = this.queue[0]?.rt_priority === task.rt_priority;
    return task.policy === SCHED_RR && equals ? RR_TIMESLICE_NS : Infinity;
  }

  wakeup_preempt(curr: Task, woken: Task): boolean {
    return woken.rt_priority > curr.rt_priority;
  }

  task_fork(): void {
    // Nothing to inherit but the priority.
  }

  /** Its slice counts as used, so put_prev_task() sends it to the end of its list. */
  yield_task(task: Task): void {
    task.time_slice = 0;
  }
}
