/*
 * kernel/pid_namespace.ts - namespaces of process numbers: how they begin, and how they end
 *
 * Linux:   kernel/pid_namespace.c (v6.12)
 * Manual:  pid_namespaces(7)
 * Absent:  ns_last_pid is read-only; reboot() in a namespace
 */

import { ns_alloc_inum } from './fs/nsfs.ts';
import { MAX_PID_NS_LEVEL, type PidNamespace } from './include/linux/pid_namespace.ts';
import { type Task, TIF_SIGPENDING } from './include/linux/sched.ts';
import type { UserNamespace } from './include/linux/user_namespace.ts';
import type { UserPtr } from './include/linux/types.ts';
import { ECHILD, EINVAL, ENOSPC } from './include/uapi/errno.ts';
import { SIG_IGN, SIGCHLD, SIGKILL } from './include/uapi/signal.ts';
import { new_pid_ns, PIDTYPE_PID, pid_task, task_active_pid_ns, thread_group_leader } from './pid.ts';
import { type Sleeps, wait_event } from './sched/wait.ts';
import { group_send_sig_info, SEND_SIG_PRIV } from './signal.ts';
import { PIDTYPE_MAX } from './signal/send.ts';
import { in_userns } from './user_namespace.ts';
import { kernel_wait_any } from './wait.ts';

/** For the caller's children; or -errno. */
export function create_pid_ns(
  task: Task,
  user_ns: UserNamespace,
  parent: PidNamespace,
): PidNamespace | number {
  // Not twice before there is a child: a namespace whose parent has no process would have nobody to wait for it.
  if (task_active_pid_ns(task) !== parent) return -EINVAL;
  if (!in_userns(parent.user_ns, user_ns)) return -EINVAL;
  if (parent.level >= MAX_PID_NS_LEVEL) return -ENOSPC;
  return new_pid_ns(parent, user_ns, ns_alloc_inum(task.kernel));
}

/** Is `ns` the namespace `ancestor`, or somewhere below? */
export function pidns_is_ancestor(ns: PidNamespace, ancestor: PidNamespace): boolean {
  let level: PidNamespace | null = ns;
  while (level && level.level > ancestor.level) level = level.parent;
  return level === ancestor;
}

/**
 * "If the "init" process of a PID namespace terminates, the kernel terminates all of the processes in the namespace via a
 * SIGKILL signal." - pid_namespaces(7). Returns when all are gone but the caller, who is that process's last thread.
 */
export function* zap_pid_ns_processes(ns: PidNamespace, task: Task): Sleeps<void> {
  ns.adding = false; // whoever is forked from here on could not be waited for
  task.sighand.action[SIGCHLD - 1]!.sa_handler = SIG_IGN as UserPtr; // orphans that come now need no more waiting
  for (const pid of [...ns.pids.values()]) {
    const victim = pid_task(pid, PIDTYPE_PID);
    if (victim && victim.signal !== task.signal)
      group_send_sig_info(SIGKILL, SEND_SIG_PRIV, victim, PIDTYPE_MAX);
  }

  let reaped = 0;
  while (reaped !== -ECHILD) {
    task.thread_info.flags &= ~TIF_SIGPENDING;
    reaped = yield* kernel_wait_any(task);
  }
  // Those who came by setns() have their parents elsewhere, who may take their time.
  const left = thread_group_leader(task) ? 1 : 2;
  yield* wait_event(task, ns.drained, () => ns.pids.size <= left);
}
