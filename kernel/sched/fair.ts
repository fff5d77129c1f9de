/*
 * kernel/sched/fair.ts - SCHED_NORMAL, SCHED_BATCH and SCHED_IDLE: everybody gets a share
 *
 * Linux:   kernel/sched/fair.c (the completely fair scheduler before EEVDF)
 * Manual:  sched(7), Documentation/scheduler/sched-design-CFS.rst
 * Differs: the queue is a sorted array; no groups, no load tracking, one CPU
 *
 * A task's virtual runtime grows while it runs, the slower the higher its weight. The least virtual runtime goes next.
 */

import { SCHED_IDLE, type Task } from '../include/linux/sched.ts';
import { insert_at, remove_at } from '../lib/sorted.ts';
import type { SchedClass } from './core.ts';

/** Everybody runs once in this time, as long as there are not too many. */
const sched_latency_ns = 6_000_000;
const sched_min_granularity_ns = 750_000;
/** A task that wakes up takes the CPU away if it is this much (at its own weight) behind. */
const sched_wakeup_granularity_ns = 1_000_000;

const NICE_0_LOAD = 1024;
const WEIGHT_IDLEPRIO = 3;

/** The weight of nice -20..19: a step is worth 10 % of CPU time, so neighbours differ by the factor 1.25. */
// biome-ignore format: columns teach
export const sched_prio_to_weight: readonly number[] = [
  88761, 71755, 56483, 46273, 36291,
  29154, 23254, 18705, 14949, 11916,
   9548,  7620,  6100,  4904,  3906,
   3121,  2501,  1991,  1586,  1277,
   1024,   820,   655,   526,   423,
    335,   272,   215,   172,   137,
    110,    87,    70,    56,    45,
     36,    29,    23,    18,    15,
];

export const weightOf = (policy: number, nice: number): number =>
  policy === SCHED_IDLE ? WEIGHT_IDLEPRIO : sched_prio_to_weight[nice + 20]!;

export class FairClass implements SchedClass {
  /** By vruntime, least first; ties in order of arrival. */
  private readonly queue: Task[] = [];
  private load = 0;
  private min_vruntime = 0;
  /** 0: slices are what fairness says; else the state of the generator that shakes them (sched_seed=). */
  private shake: number;

  constructor(seed: number) {
    this.shake = seed;
  }

  get nr_queued(): number {
    return this.queue.length;
  }

  enqueue_task(task: Task, wakeup: boolean): void {
    if (wakeup) this.place(task);
    this.insert(task);
  }

  dequeue_task(task: Task): void {
    const at = this.queue.indexOf(task);
    if (at < 0) return;
    remove_at(this.queue, at);
    this.load -= task.se.weight;
  }

  put_prev_task(task: Task): void {
    this.insert(task);
  }

  pick_next_task(): Task | null {
    const task = this.queue.shift();
    if (!task) return null;
    this.load -= task.se.weight;
    this.advance(task.se.vruntime);
    return task;
  }

  update_curr(task: Task, deltaNs: number): void {
    task.se.vruntime += (deltaNs * NICE_0_LOAD) / task.se.weight;
    const first = this.queue[0];
    this.advance(first ? Math.min(first.se.vruntime, task.se.vruntime) : task.se.vruntime);
  }

  slice(task: Task): number {
    const tasks = this.queue.length + 1;
    const period = Math.max(sched_latency_ns, tasks * sched_min_granularity_ns);
    const fair = Math.max(sched_min_granularity_ns, (period * task.se.weight) / (this.load + task.se.weight));
    return this.shake ? this.shaken(fair) : Math.ceil(fair);
  }

  wakeup_preempt(curr: Task, woken: Task): boolean {
    if (curr.policy === SCHED_IDLE && woken.policy !== SCHED_IDLE) return true;
    const granularity = (sched_wakeup_granularity_ns * NICE_0_LOAD) / woken.se.weight;
    return curr.se.vruntime - woken.se.vruntime > granularity;
  }

  /** A child starts where its parent stands; a fork must not buy time. */
  task_fork(child: Task): void {
    child.se.vruntime = Math.max(child.se.vruntime, this.min_vruntime);
  }

  yield_task(task: Task): void {
    const last = this.queue.at(-1);
    if (last) task.se.vruntime = Math.max(task.se.vruntime, last.se.vruntime);
  }

  /** Who slept long gets a little credit, not all the time it missed. */
  private place(task: Task): void {
    task.se.vruntime = Math.max(task.se.vruntime, this.min_vruntime - sched_latency_ns / 2);
  }

  private insert(task: Task): void {
    const { queue } = this;
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (queue[middle]!.se.vruntime <= task.se.vruntime) low = middle + 1;
      else high = middle;
    }
    insert_at(queue, low, task);
    this.load += task.se.weight;
  }

  private advance(vruntime: number): void {
    if (vruntime > this.min_vruntime) this.min_vruntime = vruntime;
  }

  /** A slice between 1/1024 of the fair one and all of it, evenly on a logarithmic scale: short ones find races. */
  private shaken(fair: number): number {
    this.shake ^= this.shake << 13;
    this.shake ^= this.shake >>> 17;
    this.shake ^= this.shake << 5;
    return Math.ceil(fair / 2 ** ((this.shake >>> 0) % 11));
  }
}
