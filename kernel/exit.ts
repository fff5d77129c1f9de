/*
 * kernel/exit.ts - how a task ends
 *
 * Linux:   kernel/exit.c (v6.12)
 * Manual:  exit_group(2), credentials(7)
 * Differs: the wait family is in kernel/wait.ts
 *
 * A task that ends keeps its number and its exit code until somebody has asked for them: it is a zombie. A thread other
 * than the leader has nobody who could ask, and goes at once; the leader's end is told only when it is the last.
 */

import { audit_free } from './auditsc.ts';
import { disassociate_ctty } from './drivers/tty/tty_jobctrl.ts';
import { exit_files } from './fs/file.ts';
import { exit_fs } from './fs/fs_struct.ts';
import { exit_mm_release } from './fork.ts';
import { SIGNAL_GROUP_EXIT, SIGNAL_STOP_STOPPED } from './include/linux/jobctl.ts';
import { ptrace_reparented } from './include/linux/ptrace.ts';
import { EXIT_DEAD, EXIT_ZOMBIE, PF_EXITING, type Task, TASK_DEAD } from './include/linux/sched.ts';
import { PTRACE_EVENT_EXIT } from './include/uapi/ptrace.ts';
import { SIGCHLD, SIGCONT, SIGHUP } from './include/uapi/signal.ts';
import { mmput } from './mm/init-mm.ts';
import { panic } from './panic.ts';
import {
  type Pid,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  task_pgrp,
  task_session,
  is_child_reaper,
  task_active_pid_ns,
  task_tgid,
} from './pid.ts';
import { exit_ptrace, ptrace_event, ptrace_release_task } from './ptrace.ts';
import { maxrss, task_cputime } from './sched/cputime.ts';
import { schedule, wake_up_process } from './sched/core.ts';
import { type Sleeps, wake_up_all } from './sched/wait.ts';
import { seccomp_filter_release } from './seccomp.ts';
import { yama_task_free } from './security/yama.ts';
import {
  __kill_pgrp_info,
  do_notify_parent,
  exit_signals,
  flush_sigqueue,
  group_send_sig_info,
  SEND_SIG_NOINFO,
  SEND_SIG_PRIV,
  zap_other_threads,
} from './signal.ts';
import { int, SYSCALL_DEFINE } from './syscalls/define.ts';
import { cancel_itimers } from './time/itimer.ts';
import { exit_itimers } from './time/posix-timers.ts';
import { zap_pid_ns_processes } from './pid_namespace.ts';
import { exit_task_namespaces } from './nsproxy.ts';

/** Ends the calling thread. `code` as wait() reports it: the exit status << 8, or the signal (| 0x80: core dumped). */
export function* do_exit(task: Task, code: number): Sleeps<never> {
  const { signal, kernel } = task;
  if (task === kernel.init_task) panic('Attempted to kill the idle task!');
  synchronize_group_exit(task, code);
  yield* ptrace_event(task, PTRACE_EVENT_EXIT, code);
  exit_signals(task); // sets PF_EXITING: from here on no signal is for this thread
  seccomp_filter_release(task);

  const group_dead = --signal.live === 0;
  if (group_dead) {
    if (is_global_init(task)) panic_init_died(signal.group_exit_code || code);
    cancel_itimers(task);
    exit_itimers(task);
    signal.maxrss = Math.max(signal.maxrss, maxrss(task));
  }
  audit_free(task);
  task.exit_code = code;
  kernel.events?.emit({ type: 'exit', code });

  exit_mm(task);
  exit_files(task);
  exit_fs(task);
  if (group_dead) disassociate_ctty(task, true);
  exit_task_namespaces(task);
  kernel.arch.exit_thread(task);
  yield* exit_notify(task, group_dead);

  task.state = TASK_DEAD;
  for (;;) yield* schedule(task); // nobody wakes the dead: this never comes back
}

/** The last thread to exit decides for the process, if nobody has. A task that stops once more for its tracer still counts. */
function synchronize_group_exit({ signal }: Task, code: number): void {
  if (--signal.quick_threads > 0 || signal.flags & SIGNAL_GROUP_EXIT) return;
  signal.flags = SIGNAL_GROUP_EXIT;
  signal.group_exit_code = code;
  signal.group_stop_count = 0;
}

function panic_init_died(code: number): never {
  panic(`Attempted to kill init! exitcode=0x${(code >>> 0).toString(16).padStart(8, '0')}`);
}

function exit_mm(task: Task): void {
  const { mm } = task;
  exit_mm_release(task);
  if (!mm) return;
  task.mm = null;
  mmput(mm);
}

/** Ends all threads of the caller's process; the first to call it decides how. */
export function* do_group_exit(task: Task, code: number): Sleeps<never> {
  const { signal } = task;
  let exit_code = code;
  if (signal.flags & SIGNAL_GROUP_EXIT) exit_code = signal.group_exit_code;
  else if (signal.group_exec_task)
    exit_code = 0; // another thread executes a program and wants this one gone
  else {
    signal.group_exit_code = exit_code;
    signal.flags = SIGNAL_GROUP_EXIT;
    zap_other_threads(task);
  }
  return yield* do_exit(task, exit_code);
}

export const sys_exit = SYSCALL_DEFINE('exit', { error_code: int }, (task, { error_code }) =>
  do_exit(task, (error_code & 0xff) << 8),
);

export const sys_exit_group = SYSCALL_DEFINE('exit_group', { error_code: int }, (task, { error_code }) =>
  do_group_exit(task, (error_code & 0xff) << 8),
);

/*
 * Who is told
 */

const thread_group_empty = (task: Task): boolean => task.signal.threads.size === 1;

/** A leader that ended before its threads: its end is not the process's. */
export const delay_group_leader = (task: Task): boolean =>
  task.group_leader === task && !thread_group_empty(task);

/** The children get a new parent, the parent gets a signal, and who has nobody to wait for it goes at once. */
function* exit_notify(task: Task, group_dead: boolean): Sleeps<void> {
  const { signal } = task;
  const dead = yield* forget_original_parent(task);
  if (group_dead) kill_orphaned_pgrp(task.group_leader, null);

  task.exit_state = EXIT_ZOMBIE;
  // A tracer hears of every thread it traces; only then does the parent hear of the process.
  let autoreap: boolean;
  if (task.ptrace) {
    const whole = task.group_leader === task && thread_group_empty(task);
    const sig = whole && !ptrace_reparented(task) ? task.exit_signal : SIGCHLD;
    autoreap = do_notify_parent(task, sig);
  } else if (task.group_leader === task) {
    autoreap = thread_group_empty(task) && do_notify_parent(task, task.exit_signal);
  } else {
    autoreap = true;
  }
  do_notify_pidfd(task);
  if (autoreap) {
    task.exit_state = EXIT_DEAD;
    dead.push(task);
  }
  if (signal.notify_count < 0) wake_up_process(signal.group_exec_task!);
  for (const child of dead) release_task(child);
}

/** Whoever polls a pidfd of this task's. */
export function do_notify_pidfd(task: Task): void {
  wake_up_all(task.thread_pid.wait_pidfd);
}

/** The task is in no list any more and its number is free. */
export function release_task(task: Task): void {
  for (let next: Task | null = task; next; next = zap_leader(next)) {
    next.cred.user.processes--;
    next.kernel.pids.nr_threads--;
    ptrace_release_task(next);
    yama_task_free(next);
    __exit_signal(next);
    do_notify_pidfd(next);
  }
}

/** The last thread is gone, and the leader has been a zombie for long: now its end may be told. */
function zap_leader(released: Task): Task | null {
  const leader = released.group_leader;
  if (leader === released || leader.exit_state !== EXIT_ZOMBIE || !thread_group_empty(leader)) return null;
  do_notify_pidfd(leader);
  if (!do_notify_parent(leader, leader.exit_signal)) return null;
  leader.exit_state = EXIT_DEAD;
  return leader;
}

function __exit_signal(task: Task): void {
  const { signal } = task;
  if (task.group_leader !== task) {
    if (signal.notify_count > 0 && --signal.notify_count === 0) wake_up_process(signal.group_exec_task!);
    if (signal.curr_target === task) signal.curr_target = task.group_leader;
  }
  const time = task_cputime(task);
  signal.utime += time.utime;
  signal.stime += time.stime;
  signal.sum_sched_runtime += time.sum_exec_runtime;
  signal.min_flt += task.min_flt;
  signal.nvcsw += task.nvcsw;
  signal.nivcsw += task.nivcsw;

  __unhash_process(task);
  flush_sigqueue(task.pending);
  if (signal.threads.size === 0) flush_sigqueue(signal.shared_pending);
  task.sighand.count--;
}

function __unhash_process(task: Task): void {
  const { pids } = task.kernel;
  const { signal } = task;
  signal.threads.delete(task);
  pids.detach_pid(task, PIDTYPE_PID, task.thread_pid);
  if (task.group_leader !== task) return;
  pids.detach_pid(task, PIDTYPE_TGID, task.thread_pid);
  pids.detach_pid(task, PIDTYPE_PGID, signal.pgrp);
  pids.detach_pid(task, PIDTYPE_SID, signal.session);
  task.real_parent.children.delete(task);
}

/*
 * Orphans
 */

const find_alive_thread = (process: Task): Task | null => {
  for (const thread of process.signal.threads) if (!(thread.flags & PF_EXITING)) return thread;
  return null;
};

/** The first process of the namespace. If that is ending, another of its threads is from now on, or the namespace ends. */
function* find_child_reaper(father: Task, dead: Task[]): Sleeps<Task> {
  const ns = task_active_pid_ns(father);
  if (ns.child_reaper !== father) return ns.child_reaper!;
  const heir = find_alive_thread(father);
  ns.child_reaper = heir ?? father;
  if (heir) return heir;
  for (const child of dead.splice(0)) release_task(child); // they would be waited for in vain
  yield* zap_pid_ns_processes(ns, father);
  return father;
}

/** Another thread of the same process, else the nearest ancestor that asked for orphans, else `child_reaper`. */
function find_new_reaper(father: Task, child_reaper: Task): Task {
  const sibling = find_alive_thread(father);
  if (sibling) return sibling;
  const ns = task_active_pid_ns(father);
  for (let reaper = father.real_parent; task_active_pid_ns(reaper) === ns; reaper = reaper.real_parent) {
    if (reaper.signal === child_reaper.signal || reaper === father.kernel.init_task) break;
    const alive = reaper.signal.is_child_subreaper ? find_alive_thread(reaper) : null;
    if (alive) return alive;
  }
  return child_reaper;
}

/** Returns those children that ended before and that the new parent does not want to hear of. */
function* forget_original_parent(father: Task): Sleeps<Task[]> {
  const dead: Task[] = [];
  exit_ptrace(father, dead);
  const child_reaper = is_child_reaper(task_tgid(father))
    ? yield* find_child_reaper(father, dead)
    : task_active_pid_ns(father).child_reaper!;
  if (father.children.size === 0) return dead;
  const reaper = find_new_reaper(father, child_reaper);
  for (const child of father.children) {
    for (const thread of child.signal.threads) {
      thread.real_parent = reaper;
      if (!thread.ptrace) thread.parent = reaper;
      if (thread.pdeath_signal)
        group_send_sig_info(thread.pdeath_signal, SEND_SIG_NOINFO, thread, PIDTYPE_TGID);
    }
    if (reaper.signal !== father.signal) reparent_leader(father, child, dead);
    reaper.children.add(child);
  }
  father.children.clear();
  return dead;
}

/** A child changes families. What it was to tell its first parent it now tells in the common way. */
function reparent_leader(father: Task, child: Task, dead: Task[]): void {
  if (child.exit_state === EXIT_DEAD) return;
  child.exit_signal = SIGCHLD;
  if (!child.ptrace && child.exit_state === EXIT_ZOMBIE && thread_group_empty(child)) {
    if (do_notify_parent(child, child.exit_signal)) {
      child.exit_state = EXIT_DEAD;
      dead.push(child);
    }
  }
  kill_orphaned_pgrp(child, father);
}

const is_global_init = (task: Task): boolean => task.tgid === 1;

/** Is there nobody left outside the group, but in its session, who could continue it? */
function will_become_orphaned_pgrp(pgrp: Pid, ignored: Task | null): boolean {
  for (const task of pgrp.tasks[PIDTYPE_PGID]!) {
    const gone = task === ignored || (task.exit_state !== 0 && thread_group_empty(task));
    if (gone || is_global_init(task.real_parent)) continue;
    const { real_parent } = task;
    if (task_pgrp(real_parent) !== pgrp && task_session(real_parent) === task_session(task)) return false;
  }
  return true;
}

/** A stop that nobody could end is not allowed: SIGTSTP, SIGTTIN and SIGTTOU do nothing to such a group. */
export const is_current_pgrp_orphaned = (task: Task): boolean =>
  will_become_orphaned_pgrp(task_pgrp(task), null);

const has_stopped_jobs = (pgrp: Pid): boolean => {
  for (const task of pgrp.tasks[PIDTYPE_PGID]!) if (task.signal.flags & SIGNAL_STOP_STOPPED) return true;
  return false;
};

/**
 * A process ends (`parent` null) or gets another parent: does its group lose the last one who could continue it? Then,
 * "if any process of that process group is stopped, every process in it gets SIGHUP and SIGCONT" - POSIX.
 */
function kill_orphaned_pgrp(task: Task, parent: Task | null): void {
  const pgrp = task_pgrp(task);
  const ignored = parent ? null : task;
  const tie = parent ?? task.real_parent;
  if (task_pgrp(tie) === pgrp || task_session(tie) !== task_session(task)) return;
  if (!will_become_orphaned_pgrp(pgrp, ignored) || !has_stopped_jobs(pgrp)) return;
  __kill_pgrp_info(SIGHUP, SEND_SIG_PRIV, pgrp);
  __kill_pgrp_info(SIGCONT, SEND_SIG_PRIV, pgrp);
}
