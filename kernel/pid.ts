/*
 * kernel/pid.ts - numbers for threads, processes, process groups and sessions
 *
 * Linux:   kernel/pid.c, include/linux/pid.h (v6.12)
 * Manual:  pid_namespaces(7)
 *
 * A number stays taken as long as anything carries it: a process group outlives its leader. Who lives in a nested namespace
 * has a number in it and in each one around it. `task.pid` and `pid.nr` are those of the initial namespace, for the
 * kernel's own use; user space is told, and tells, the numbers of the namespace that the caller lives in (`vnr`).
 */

import type { Task } from './include/linux/sched.ts';
import { PROC_PID_INIT_INO } from './include/linux/ns_common.ts';
import type { PidNamespace } from './include/linux/pid_namespace.ts';
import type { UserNamespace } from './include/linux/user_namespace.ts';
import type { UserTable } from './cred.ts';
import { EAGAIN, EEXIST, EINVAL, ENOMEM, EPERM } from './include/uapi/errno.ts';
import { WaitQueueHead, wake_up_all } from './sched/wait.ts';

export const PIDTYPE_PID = 0; //  one thread
export const PIDTYPE_TGID = 1; // a process; only its leader is listed
export const PIDTYPE_PGID = 2; // a process group: leaders of its processes
export const PIDTYPE_SID = 3; //  a session: leaders of its processes
export type PidType = 0 | 1 | 2 | 3;

const RESERVED_PIDS = 300;
export const PID_MAX_DEFAULT = 0x8000;

/** One number, and where it is one. */
export interface Upid {
  readonly nr: number;
  readonly ns: PidNamespace;
}

export class Pid {
  /** In the initial namespace. */
  readonly nr: number;
  /** At every level, the outermost first. */
  readonly numbers: readonly Upid[];
  /** The namespace its task lives in: that of the last number. */
  readonly ns: PidNamespace;
  /** Who carries it, by PIDTYPE_*. */
  readonly tasks: readonly Set<Task>[] = [new Set(), new Set(), new Set(), new Set()];
  /** Polled pidfds wait here for the process to end. */
  readonly wait_pidfd = new WaitQueueHead();

  constructor(numbers: readonly Upid[]) {
    this.numbers = numbers;
    this.nr = numbers[0]!.nr;
    this.ns = numbers[numbers.length - 1]!.ns;
  }
}

export const new_pid_ns = (
  parent: PidNamespace | null,
  user_ns: UserNamespace,
  inum: number,
): PidNamespace => ({
  type: 'pid',
  inum,
  user_ns,
  parent,
  level: parent ? parent.level + 1 : 0,
  pids: new Map(),
  last: 0,
  child_reaper: null,
  adding: true,
  drained: new WaitQueueHead(),
  proc_sb: null,
});

/** May the caller choose numbers in that namespace? */
export type MayChoose = (ns: PidNamespace) => boolean;

export class PidTable {
  /** Numbers are below this (/proc/sys/kernel/pid_max). */
  pid_max = PID_MAX_DEFAULT;
  /** Linux: kernel/fork.c. Threads there are, may be, and ever were. */
  nr_threads = 0;
  max_threads = 0;
  total_forks = 0;
  readonly init_pid_ns: PidNamespace;

  constructor({ init_user_ns }: UserTable) {
    this.init_pid_ns = new_pid_ns(null, init_user_ns, PROC_PID_INIT_INO);
  }

  /** The last number given out in the initial namespace. */
  get last(): number {
    return this.init_pid_ns.last;
  }

  /**
   * A number at every level from `ns` out: the next free one, or that of `set_tid` (innermost first). -EAGAIN: all are
   * taken, -EEXIST: that one is, -ENOMEM: the namespace is dying.
   */
  alloc_pid(
    ns: PidNamespace = this.init_pid_ns,
    set_tid: readonly number[] = [],
    mayChoose: MayChoose = () => true,
  ): Pid | number {
    if (set_tid.length > ns.level + 1) return -EINVAL;
    const numbers: Upid[] = [];
    let level: PidNamespace | null = ns;
    for (let depth = 0; level; depth++, level = level.parent) {
      const nr: number =
        depth < set_tid.length ? this.chosen(level, set_tid[depth]!, mayChoose) : this.next(level);
      if (nr < 0) return nr;
      numbers.unshift({ nr, ns: level });
    }
    // A namespace whose first process is gone takes no others.
    if (!ns.adding) return -ENOMEM;
    return this.hash(new Pid(numbers));
  }

  /** For a fork that failed after alloc_pid(), and when nobody carries it any more. */
  free_pid(pid: Pid): void {
    for (const { nr, ns } of pid.numbers) {
      ns.pids.delete(nr);
      if (!ns.adding) wake_up_all(ns.drained);
    }
  }

  /** By its number in the initial namespace; what user space names is found by the find_vpid() below. */
  find_vpid(nr: number): Pid | null {
    return this.init_pid_ns.pids.get(nr) ?? null;
  }

  /** The thread with this number, also when it is a zombie. */
  find_task_by_vpid(nr: number): Task | null {
    return pid_task(this.find_vpid(nr), PIDTYPE_PID);
  }

  /** Every process (its leader), by rising number in `ns`. */
  for_each_process(visit: (leader: Task) => void, ns: PidNamespace = this.init_pid_ns): void {
    for (const [, pid] of by_number(ns)) for (const leader of pid.tasks[PIDTYPE_TGID]!) visit(leader);
  }

  /** Every thread, by rising number. */
  *tasks(): Iterable<Task> {
    for (const [, pid] of by_number(this.init_pid_ns)) yield* pid.tasks[PIDTYPE_PID]!;
  }

  attach_pid(task: Task, type: PidType, pid: Pid): void {
    pid.tasks[type]!.add(task);
  }

  /** The last one to let go of a number frees it. */
  detach_pid(task: Task, type: PidType, pid: Pid): void {
    pid.tasks[type]!.delete(task);
    if (pid.tasks.every((tasks) => tasks.size === 0)) this.free_pid(pid);
  }

  private chosen(ns: PidNamespace, nr: number, mayChoose: MayChoose): number {
    if (nr < 1 || nr >= this.pid_max) return -EINVAL;
    if (nr !== 1 && !ns.child_reaper) return -EINVAL; // the first process of a namespace is its number 1
    if (!mayChoose(ns)) return -EPERM;
    return ns.pids.has(nr) ? -EEXIST : nr;
  }

  private next(ns: PidNamespace): number {
    // After the first round low numbers are left to those who were there at boot.
    for (let nr = ns.last + 1; nr < this.pid_max; nr++) if (!ns.pids.has(nr)) return take(ns, nr);
    const start = Math.min(RESERVED_PIDS, ns.last);
    for (let nr = start; nr <= ns.last; nr++) if (nr > 0 && !ns.pids.has(nr)) return take(ns, nr);
    return -EAGAIN;
  }

  private hash(pid: Pid): Pid {
    for (const { nr, ns } of pid.numbers) ns.pids.set(nr, pid);
    return pid;
  }
}

const take = (ns: PidNamespace, nr: number): number => {
  ns.last = nr;
  return nr;
};

const by_number = ({ pids }: PidNamespace): [number, Pid][] => [...pids].sort(([a], [b]) => a - b);

/** The task that carries `pid` as `type`; of a group or session, any. */
export function pid_task(pid: Pid | null, type: PidType): Task | null {
  if (!pid) return null;
  for (const task of pid.tasks[type]!) return task;
  return null;
}

/*
 * The numbers that user space sees
 */

export const task_active_pid_ns = (task: Task): PidNamespace => task.thread_pid.ns;

/** The number of `pid` in `ns`; 0: it has none there. */
export function pid_nr_ns(pid: Pid, ns: PidNamespace): number {
  if (ns.level === 0) return pid.nr;
  const number = pid.numbers[ns.level];
  return number?.ns === ns ? number.nr : 0;
}

/** As `viewer` sees it. */
export const pid_vnr = (pid: Pid, viewer: Task): number => pid_nr_ns(pid, viewer.thread_pid.ns);
export const task_pid_vnr = (task: Task, viewer: Task): number => pid_vnr(task.thread_pid, viewer);
export const task_tgid_vnr = (task: Task, viewer: Task): number => pid_vnr(task_tgid(task), viewer);
export const task_pid_nr_ns = (task: Task, ns: PidNamespace): number => pid_nr_ns(task.thread_pid, ns);
export const task_tgid_nr_ns = (task: Task, ns: PidNamespace): number => pid_nr_ns(task_tgid(task), ns);

/** The parent's number; 0 for one outside. */
export const task_ppid_nr_ns = (task: Task, ns: PidNamespace): number =>
  task_tgid_nr_ns(task.real_parent, ns);

/** Who has the number `nr` for `task`. */
export const find_vpid = (task: Task, nr: number): Pid | null => task.thread_pid.ns.pids.get(nr) ?? null;
export const find_task_by_vpid = (task: Task, nr: number): Task | null =>
  pid_task(find_vpid(task, nr), PIDTYPE_PID);

/** The first of its namespace: the one that a namespace cannot do without. */
export const is_child_reaper = (pid: Pid): boolean => pid.numbers[pid.numbers.length - 1]!.nr === 1;

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
