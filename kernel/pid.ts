/*
 * kernel/pid.ts - numbers for threads, processes, process groups and sessions
 *
 * Linux:   kernel/pid.c, include/linux/pid.h (v6.12)
 * Differs: one PID namespace
 *
 * A number stays taken as long as anything carries it: a process group outlives its leader.
 */

import type { Task } from './include/linux/sched.ts';
import { EAGAIN, EEXIST, EINVAL } from './include/uapi/errno.ts';
import { WaitQueueHead } from './sched/wait.ts';

export const PIDTYPE_PID = 0; //  one thread
export const PIDTYPE_TGID = 1; // a process; only its leader is listed
export const PIDTYPE_PGID = 2; // a process group: leaders of its processes
export const PIDTYPE_SID = 3; //  a session: leaders of its processes
export type PidType = 0 | 1 | 2 | 3;

const RESERVED_PIDS = 300;
export const PID_MAX_DEFAULT = 0x8000;

export class Pid {
  readonly nr: number;
  /** Who carries it, by PIDTYPE_*. */
  readonly tasks: readonly Set<Task>[] = [new Set(), new Set(), new Set(), new Set()];
  /** Polled pidfds wait here for the process to end. */
  readonly wait_pidfd = new WaitQueueHead();

  constructor(nr: number) {
    this.nr = nr;
  }
}

export class PidTable {
  /** Numbers are below this (/proc/sys/kernel/pid_max). */
  pid_max = PID_MAX_DEFAULT;
  /** The last number given out; the search for the next starts behind it. */
  last = 0;
  /** Linux: kernel/fork.c. Threads there are, may be, and ever were. */
  nr_threads = 0;
  max_threads = 0;
  total_forks = 0;
  private readonly pids = new Map<number, Pid>();

  /** The next free number, or `set_tid` exactly (0: no wish). -EAGAIN when all are taken, -EEXIST when that one is. */
  alloc_pid(set_tid = 0): Pid | number {
    if (set_tid !== 0) {
      if (set_tid < 1 || set_tid >= this.pid_max) return -EINVAL;
      return this.pids.has(set_tid) ? -EEXIST : this.take(set_tid);
    }
    // After the first round low numbers are left to those who were there at boot.
    for (let nr = this.last + 1; nr < this.pid_max; nr++) if (!this.pids.has(nr)) return this.take(nr, true);
    const start = Math.min(RESERVED_PIDS, this.last);
    for (let nr = start; nr <= this.last; nr++) if (nr > 0 && !this.pids.has(nr)) return this.take(nr, true);
    return -EAGAIN;
  }

  /** For a fork that failed after alloc_pid(). */
  free_pid(pid: Pid): void {
    this.pids.delete(pid.nr);
  }

  find_vpid(nr: number): Pid | null {
    return this.pids.get(nr) ?? null;
  }

  /** The thread with this number, also when it is a zombie. */
  find_task_by_vpid(nr: number): Task | null {
    return pid_task(this.find_vpid(nr), PIDTYPE_PID);
  }

  /** Every process (its leader), by rising number. */
  for_each_process(visit: (leader: Task) => void): void {
    const taken = [...this.pids.values()].sort((a, b) => a.nr - b.nr);
    for (const pid of taken) for (const leader of pid.tasks[PIDTYPE_TGID]!) visit(leader);
  }

  /** Every thread, by rising number. */
  *tasks(): Iterable<Task> {
    const taken = [...this.pids.values()].sort((a, b) => a.nr - b.nr);
    for (const pid of taken) yield* pid.tasks[PIDTYPE_PID]!;
  }

  attach_pid(task: Task, type: PidType, pid: Pid): void {
    pid.tasks[type]!.add(task);
  }

  /** The last one to let go of a number frees it. */
  detach_pid(task: Task, type: PidType, pid: Pid): void {
    pid.tasks[type]!.delete(task);
    if (pid.tasks.every((tasks) => tasks.size === 0)) this.free_pid(pid);
  }

  private take(nr: number, remember = false): Pid {
    const pid = new Pid(nr);
    this.pids.set(nr, pid);
    if (remember) this.last = nr;
    return pid;
  }
}

/** The task that carries `pid` as `type`; of a group or session, any. */
export function pid_task(pid: Pid | null, type: PidType): Task | null {
  if (!pid) return null;
  for (const task of pid.tasks[type]!) return task;
  return null;
}

/** The numbers that user space sees. */
export const task_pid_nr = (task: Task): number => task.pid;
export const task_tgid_nr = (task: Task): number => task.tgid;
export const task_pgrp = (task: Task): Pid => task.signal.pgrp;
export const task_session = (task: Task): Pid => task.signal.session;

/** The process's own `struct pid`: its leader's thread id. */
export const task_tgid = (task: Task): Pid => task.group_leader.thread_pid;

export const thread_group_leader = (task: Task): boolean => task.exit_signal >= 0;

/** Moves a process to another group or session. `type` is PIDTYPE_PGID or PIDTYPE_SID. */
export function change_pid(leader: Task, type: typeof PIDTYPE_PGID | typeof PIDTYPE_SID, pid: Pid): void {
  const { signal, kernel } = leader;
  kernel.pids.detach_pid(leader, type, type === PIDTYPE_PGID ? signal.pgrp : signal.session);
  if (type === PIDTYPE_PGID) signal.pgrp = pid;
  else signal.session = pid;
  kernel.pids.attach_pid(leader, type, pid);
}

/** Linux: exchange_tids(), transfer_pid(). A thread that executes a program takes the dead leader's place and number. */
export function transfer_leader(old: Task, thread: Task): void {
  const { pids } = old.kernel;
  const own = thread.thread_pid;
  const leaders = old.thread_pid;
  own.tasks[PIDTYPE_PID]!.delete(thread);
  leaders.tasks[PIDTYPE_PID]!.delete(old);
  thread.thread_pid = leaders;
  old.thread_pid = own;
  [thread.pid, old.pid] = [old.pid, thread.pid];
  pids.attach_pid(thread, PIDTYPE_PID, leaders);
  pids.attach_pid(old, PIDTYPE_PID, own);

  for (const [type, pid] of [
    [PIDTYPE_TGID, leaders],
    [PIDTYPE_PGID, old.signal.pgrp],
    [PIDTYPE_SID, old.signal.session],
  ] as const) {
    pid.tasks[type]!.delete(old);
    pid.tasks[type]!.add(thread);
  }
}
