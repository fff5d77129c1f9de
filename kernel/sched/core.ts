/*
 * kernel/sched/core.ts - who runs next
 *
 * Linux:   kernel/sched/core.c (v6.12)
 * Differs: one CPU and a kernel that is never preempted, so there are no locks. A task is a generator: Scheduler.run()
 *          resumes it where upstream's __schedule() switches stacks.
 */

import {
  SCHED_FIFO,
  SCHED_NORMAL,
  SCHED_RR,
  TASK_INTERRUPTIBLE,
  TASK_NORMAL,
  TASK_RUNNING,
  TASK_WAKEKILL,
  TIF_NEED_RESCHED,
  TIF_SIGPENDING,
  type Task,
} from '../include/linux/sched.ts';
import type { Kernel } from '../kernel.ts';
import { rseq_sched_switch_event } from '../rseq.ts';
import { HrTimer } from '../time/hrtimer.ts';
import { posix_cpu_timers_schedule, run_posix_cpu_timers } from '../time/posix-cpu-timers.ts';
import { FairClass, weightOf } from './fair.ts';
import { LoadAvg } from './loadavg.ts';
import { RtClass } from './rt.ts';
import { PAUSE, SCHEDULE, type Sleeps } from './wait.ts';

/** What Scheduler.run() says to the machine's owner. */
export type RunState = 'paused' | 'idle' | 'off';

/** One policy's run queue. The running task is in none: it was taken out by pick_next_task(). */
export interface SchedClass {
  readonly nr_queued: number;
  enqueue_task(task: Task, wakeup: boolean): void;
  dequeue_task(task: Task): void;
  /** The running task goes back, still runnable; `expired`: its slice is used up. */
  put_prev_task(task: Task, expired: boolean): void;
  pick_next_task(): Task | null;
  /** The running task of this class used `deltaNs`. */
  update_curr(task: Task, deltaNs: number): void;
  /** ns `task` may run before somebody else of its class must; Infinity when it need not stop. */
  slice(task: Task): number;
  /** Is `woken` to run before `curr` has used its slice? Both belong to this class. */
  wakeup_preempt(curr: Task, woken: Task): boolean;
  /** A new task's place beside its parent's. */
  task_fork(child: Task): void;
  /** sched_yield(): behind everybody. */
  yield_task(task: Task): void;
}

/** Linux: SIGKILL is bit 8 of the pending set. */
const SIGKILL_BIT = 1 << 8;

export class Scheduler {
  readonly kernel: Kernel;
  /** The task on the CPU; the idle task when there is none. */
  current: Task;
  /** Set by kernel/reboot.ts: no task runs again. */
  stopped = false;
  readonly fair: FairClass;
  readonly rt: RtClass;
  /** Context switches since boot. */
  nr_switches = 0;
  private readonly loadavg = new LoadAvg();
  /** For kernel/time/posix-cpu-timers.ts: when the current task's first CPU-time timer could expire. */
  readonly cputimer: HrTimer;
  private readonly hrtick: HrTimer;
  private paused = false;

  /** `idle` is init_task, the boot processor's thread, which becomes the idle task. */
  constructor(kernel: Kernel, idle: Task) {
    this.kernel = kernel;
    this.current = idle;
    this.fair = new FairClass(seedOf(kernel.params.get('sched_seed')));
    this.rt = new RtClass();
    this.hrtick = new HrTimer(kernel, () => this.onTick());
    this.cputimer = new HrTimer(kernel, () => run_posix_cpu_timers(kernel));
  }

  /** Tasks that could run, the current one included. */
  get nr_running(): number {
    const running = this.current !== this.kernel.init_task && this.current.on_rq ? 1 : 0;
    return this.fair.nr_queued + this.rt.nr_queued + running;
  }

  /** Linux: get_avenrun(). Runnable tasks over one, five and fifteen minutes. */
  get_avenrun(): readonly number[] {
    this.loadavg.account(this.kernel.time.monotonicNs(), this.nr_running);
    return this.loadavg.averages;
  }

  /**
   * The machine's heart: lets tasks run until there is nothing to do for now.
   * 'paused': the owner stopped the CPU; run() goes on with the same task. 'idle': every task sleeps, only an interrupt
   * can change that. 'off': the machine is switched off.
   */
  run(): RunState {
    while (!this.stopped) {
      if (!this.paused) {
        this.kernel.hrtimers.rearm_if_due(this.kernel.time.monotonicNs());
        this.kernel.arch.handle_pending_irqs();
        if (!this.switchToNext()) return this.idle();
      }
      const step = this.current.life.next();
      if (step.done) throw new Error(`task ${this.current.pid} (${this.current.comm}) fell off its end`);
      this.paused = step.value === PAUSE;
      if (this.paused) return 'paused';
    }
    return 'off';
  }

  private idle(): RunState {
    this.kernel.hrtimers.hrtimer_rearm_deferred();
    return 'idle';
  }

  classOf(task: Task): SchedClass {
    return task.policy === SCHED_FIFO || task.policy === SCHED_RR ? this.rt : this.fair;
  }

  /** Linux: update_curr(). Charges the CPU time since the last look to the current task. */
  update_curr(now = this.kernel.time.monotonicNs()): void {
    const { current, kernel } = this;
    const delta = now - current.se.exec_start;
    current.se.exec_start = now;
    if (delta <= 0 || current === kernel.init_task) return;
    current.se.sum_exec_runtime += delta;
    current.utime = Math.max(current.utime, current.se.sum_exec_runtime - current.stime);
    this.classOf(current).update_curr(current, delta);
  }

  activate_task(task: Task, wakeup: boolean): void {
    this.loadavg.account(this.kernel.time.monotonicNs(), this.nr_running);
    task.on_rq = true;
    if (task !== this.current) this.classOf(task).enqueue_task(task, wakeup);
  }

  deactivate_task(task: Task): void {
    this.loadavg.account(this.kernel.time.monotonicNs(), this.nr_running);
    task.on_rq = false;
    if (task !== this.current) this.classOf(task).dequeue_task(task);
  }

  /** A task became runnable: perhaps it goes first, and surely the current one must now share. */
  wakeup_preempt(woken: Task): void {
    const { current } = this;
    if (current === this.kernel.init_task) return;
    const theirs = this.classOf(woken);
    const ours = this.classOf(current);
    const preempt = theirs === ours ? ours.wakeup_preempt(current, woken) : theirs === this.rt;
    if (preempt) set_tsk_need_resched(current);
    else this.startTick();
  }

  /** The current task's time is up, unless it is alone. */
  private onTick(): void {
    this.update_curr();
    const { current } = this;
    if (current === this.kernel.init_task) return;
    if (ranNs(current) >= current.time_slice) set_tsk_need_resched(current);
    else this.startTick();
  }

  /** The tick runs only while somebody waits for the CPU: a lone task is never disturbed. */
  private startTick(): void {
    const { current } = this;
    if (this.fair.nr_queued + this.rt.nr_queued === 0 || current === this.kernel.init_task) return;
    current.time_slice = this.classOf(current).slice(current);
    if (current.time_slice === Infinity) return;
    this.hrtick.start(this.kernel.time.monotonicNs() + Math.max(0, current.time_slice - ranNs(current)));
  }

  /** Linux: __schedule(), its second half. False when nobody can run: the idle task has the CPU. */
  private switchToNext(): boolean {
    const prev = this.current;
    const now = this.kernel.time.monotonicNs(); // it stands still while tasks are exchanged
    this.update_curr(now);
    this.putPrev(prev);
    const next = this.rt.pick_next_task() ?? this.fair.pick_next_task() ?? this.kernel.init_task;

    prev.thread_info.flags &= ~TIF_NEED_RESCHED;
    next.se.exec_start = now;
    next.se.prev_sum_exec_runtime = next.se.sum_exec_runtime;
    if (next !== prev) this.contextSwitch(prev, next);
    this.startTick();
    return next !== this.kernel.init_task;
  }

  private putPrev(prev: Task): void {
    if (prev === this.kernel.init_task || !prev.on_rq) return;
    this.classOf(prev).put_prev_task(prev, ranNs(prev) >= prev.time_slice);
  }

  private contextSwitch(prev: Task, next: Task): void {
    const { kernel } = this;
    if (prev.on_rq) prev.nivcsw++;
    else prev.nvcsw++;
    this.nr_switches++;
    this.hrtick.cancel();
    if (prev.rseq) rseq_sched_switch_event(prev);
    this.current = next;
    kernel.events?.emit({
      type: 'sched_switch',
      prev: prev.pid,
      next: next.pid,
      prev_state: stateLetter(prev),
    });
    kernel.arch.switch_to(prev, next);
    if (prev.signal.cpu_timers || next.signal.cpu_timers) posix_cpu_timers_schedule(kernel);
  }
}

/** ns since the task was put on the CPU, as far as they were charged. */
const ranNs = (task: Task): number => task.se.sum_exec_runtime - task.se.prev_sum_exec_runtime;

const seedOf = (param: string | undefined): number => (param === undefined ? 0 : Number(param) >>> 0);

const stateLetter = (task: Task): string =>
  task.exit_state ? 'X' : task.state === TASK_RUNNING ? 'R' : task.state & TASK_INTERRUPTIBLE ? 'S' : 'D';

/**
 * Gives the CPU away. With a state other than TASK_RUNNING the task sleeps until try_to_wake_up(); a signal that the
 * state lets through keeps it awake.
 */
export function* schedule(task: Task): Sleeps<void> {
  if (task.state !== TASK_RUNNING) {
    if (signal_pending_state(task.state, task)) task.state = TASK_RUNNING;
    else task.kernel.sched.deactivate_task(task);
  }
  yield SCHEDULE;
}

/** Linux: include/linux/sched/signal.h. Is there a signal that ends a sleep in `state`? */
export function signal_pending_state(state: number, task: Task): boolean {
  if (!(state & (TASK_INTERRUPTIBLE | TASK_WAKEKILL))) return false;
  if (!(task.thread_info.flags & TIF_SIGPENDING)) return false;
  return (state & TASK_INTERRUPTIBLE) !== 0 || (task.pending.signal.lo & SIGKILL_BIT) !== 0;
}

/** Wakes `task` if it sleeps in one of the states of `stateMask`. */
export function try_to_wake_up(task: Task, stateMask: number): boolean {
  if (!(task.state & stateMask)) return false;
  task.state = TASK_RUNNING;
  if (task.on_rq) return true; // it had not fallen asleep yet

  const { kernel } = task;
  kernel.sched.update_curr(); // its place depends on how far the others are
  kernel.sched.activate_task(task, true);
  kernel.events?.emit({ type: 'sched_wakeup', target: task.pid });
  kernel.sched.wakeup_preempt(task);
  return true;
}

/** From any sleep that is not a stop. */
export const wake_up_process = (task: Task): boolean => try_to_wake_up(task, TASK_NORMAL);

/** The first time a new task may run. */
export function wake_up_new_task(task: Task): void {
  const { sched } = task.kernel;
  task.state = TASK_RUNNING;
  sched.update_curr();
  sched.classOf(task).task_fork(task);
  sched.activate_task(task, false);
  sched.wakeup_preempt(task);
}

/** A new task's share: its parent's, unless the parent asked that its children be ordinary (SCHED_RESET_ON_FORK). */
export function sched_fork(child: Task, parent: Task): void {
  child.on_rq = false;
  if (child.sched_reset_on_fork) {
    child.policy = SCHED_NORMAL;
    child.rt_priority = 0;
    child.nice = Math.max(0, child.nice);
    child.sched_reset_on_fork = false;
  }
  child.se = {
    weight: weightOf(child.policy, child.nice),
    vruntime: parent.se.vruntime,
    exec_start: 0,
    sum_exec_runtime: 0,
    prev_sum_exec_runtime: 0,
  };
}

/** Changes what decides a task's place in its queue, which it has to leave for that. */
export function sched_change(task: Task, change: (task: Task) => void): void {
  const { sched } = task.kernel;
  const queued = task.on_rq && task !== sched.current;
  sched.update_curr();
  if (queued) sched.classOf(task).dequeue_task(task);
  change(task);
  task.se.weight = weightOf(task.policy, task.nice);
  if (queued) sched.classOf(task).enqueue_task(task, false);
  set_tsk_need_resched(sched.current);
}

/** The task gives up the CPU before it next returns to user space. */
export const set_tsk_need_resched = (task: Task): void => {
  task.thread_info.flags |= TIF_NEED_RESCHED;
};

export const need_resched = (task: Task): boolean => (task.thread_info.flags & TIF_NEED_RESCHED) !== 0;
