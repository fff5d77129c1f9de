/*
 * kernel/fs/exec_threads.ts - one thread executes a program; the others must go
 *
 * Linux: fs/exec.c (de_thread(), unshare_sighand())
 */

import { SIGNAL_GROUP_EXIT } from '../include/linux/jobctl.ts';
import { EXIT_DEAD, TASK_KILLABLE, TASK_RUNNING, type Task } from '../include/linux/sched.ts';
import { EAGAIN } from '../include/uapi/errno.ts';
import { SIGCHLD } from '../include/uapi/signal.ts';
import { release_task } from '../exit.ts';
import { transfer_leader } from '../pid.ts';
import { schedule } from '../sched/core.ts';
import type { Sleeps } from '../sched/wait.ts';
import { __wake_up_parent, clone_sighand, fatal_signal_pending, zap_other_threads } from '../signal.ts';

/** Ends with the caller as the only thread, and the leader. -EAGAIN: somebody else was first, or a kill. */
export function* de_thread(task: Task): Sleeps<number> {
  const { signal } = task;
  if (signal.threads.size > 1) {
    if ((signal.flags & SIGNAL_GROUP_EXIT) !== 0 || signal.group_exec_task) return -EAGAIN;
    signal.group_exec_task = task;
    signal.notify_count = zap_other_threads(task);
    // The leader stays as a zombie until the very end, so it is not among those whose release is counted.
    if (task.group_leader !== task) signal.notify_count--;

    const gone = (yield* wait_for_others(task)) && (task.group_leader === task || (yield* take_over(task)));
    signal.group_exec_task = null;
    signal.notify_count = 0;
    if (!gone) return -EAGAIN;
  }
  task.exit_signal = SIGCHLD;
  return 0;
}

/** Sleeps until the count of threads to be released is zero; false: this one is being killed itself. */
function* wait_for_others(task: Task): Sleeps<boolean> {
  while (task.signal.notify_count > 0) {
    if (fatal_signal_pending(task)) return false;
    task.state = TASK_KILLABLE;
    yield* schedule(task);
  }
  task.state = TASK_RUNNING;
  return !fatal_signal_pending(task);
}

/** The leader's number is the process's: the caller takes its place as soon as it has died. */
function* take_over(task: Task): Sleeps<boolean> {
  const leader = task.group_leader;
  task.signal.notify_count = -1; // exit_notify() wakes us
  while (leader.exit_state === 0) {
    if (fatal_signal_pending(task)) return false;
    task.state = TASK_KILLABLE;
    yield* schedule(task);
  }
  task.state = TASK_RUNNING;

  task.start_time = leader.start_time;
  transfer_leader(leader, task);
  adopt_family(leader, task);
  task.group_leader = task;
  leader.group_leader = task;
  task.exit_signal = SIGCHLD;
  leader.exit_signal = -1;
  leader.exit_state = EXIT_DEAD;
  if (leader.ptrace) __wake_up_parent(leader.parent); // its tracer may wait for it, and must not any more
  release_task(leader);
  return true;
}

/** Parents know a process by its leader. */
function adopt_family(leader: Task, task: Task): void {
  leader.real_parent.children.delete(leader);
  task.real_parent.children.add(task);
  for (const child of leader.children) task.children.add(child);
  leader.children.clear();
  for (const child of task.children) {
    if (child.real_parent === leader) child.real_parent = task;
    if (child.parent === leader) child.parent = task;
  }
}

/** Handlers are about to be reset: not those of a process that shares them. */
export function unshare_sighand(task: Task): void {
  if (task.sighand.count === 1) return;
  task.sighand.count--;
  task.sighand = clone_sighand(task.sighand);
}
