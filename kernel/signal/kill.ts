/*
 * kernel/signal/kill.ts - who may send a signal to whom
 *
 * Linux:   kernel/signal.c (check_kill_permission, group_send_sig_info, kill_something_info), v6.12
 * Manual:  kill(2)
 *
 * The sender of whatever needs permission is the running task.
 */

import { CAP_KILL, ns_capable } from '../cred.ts';
import type { Task } from '../include/linux/sched.ts';
import type { SigQueue } from '../include/linux/signal.ts';
import { EINVAL, EPERM, ESRCH } from '../include/uapi/errno.ts';
import { SIGCONT, valid_signal } from '../include/uapi/signal.ts';
import {
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  type Pid,
  pid_task,
  find_task_by_vpid,
  find_vpid,
  task_active_pid_ns,
  task_pid_nr_ns,
  task_tgid_vnr,
} from '../pid.ts';
import {
  PIDTYPE_MAX,
  type SignalTarget,
  complete_signal,
  prepare_signal,
  send_signal_locked,
} from './send.ts';
import { SEND_SIG_NOINFO, SEND_SIG_PRIV, type SendInfo, si_fromuser } from './siginfo.ts';
import { sigaddset } from './sigset.ts';

const INT_MIN = -(2 ** 31);

function kill_ok_by_cred(sender: Task, target: Task): boolean {
  const { euid, uid } = sender.cred;
  const { suid, uid: theirs } = target.cred;
  return (
    euid === suid ||
    euid === theirs ||
    uid === suid ||
    uid === theirs ||
    ns_capable(sender, target.cred.user_ns, CAP_KILL)
  );
}

/** 0 or -errno. */
export function check_kill_permission(sig: number, info: SendInfo, target: Task): number {
  if (!valid_signal(sig)) return -EINVAL;
  if (!si_fromuser(info)) return 0;

  const sender = target.kernel.sched.current;
  if (sender.signal === target.signal || kill_ok_by_cred(sender, target)) return 0;
  // A shell may continue the jobs of its session, whoever they became.
  if (sig === SIGCONT && sender.signal.session === target.signal.session) return 0;
  return -EPERM;
}

export const do_send_sig_info = (sig: number, info: SendInfo, target: Task, type: SignalTarget): number =>
  send_signal_locked(sig, info, target, type);

/** With permission; signal 0 only asks for that. */
export function group_send_sig_info(sig: number, info: SendInfo, target: Task, type: SignalTarget): number {
  const err = check_kill_permission(sig, info, target);
  if (err < 0 || sig === 0) return err;
  return do_send_sig_info(sig, info, target, type);
}

/** To one thread, from within the kernel. */
export const send_sig_info = (sig: number, info: SendInfo, target: Task): number =>
  valid_signal(sig) ? do_send_sig_info(sig, info, target, PIDTYPE_PID) : -EINVAL;

/** `priv`: from the kernel itself, else in the running task's name. */
export const send_sig = (sig: number, target: Task, priv: boolean): number =>
  send_sig_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, target);

/** To every process of a group. 0 if one of them got it. */
export function __kill_pgrp_info(sig: number, info: SendInfo, pgrp: Pid): number {
  let ret = -ESRCH;
  for (const leader of [...pgrp.tasks[PIDTYPE_PGID]!]) {
    const err = group_send_sig_info(sig, info, leader, PIDTYPE_PGID);
    if (ret !== 0) ret = err;
  }
  return ret;
}

/** To the process that `pid` belongs to. */
export function kill_pid_info(sig: number, info: SendInfo, pid: Pid | null): number {
  const target = pid_task(pid, PIDTYPE_PID);
  return target ? group_send_sig_info(sig, info, target, PIDTYPE_TGID) : -ESRCH;
}

export const kill_pgrp = (pid: Pid, sig: number, priv: boolean): number =>
  __kill_pgrp_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pid);

export const kill_pid = (pid: Pid, sig: number, priv: boolean): number =>
  kill_pid_info(sig, priv ? SEND_SIG_PRIV : SEND_SIG_NOINFO, pid);

/** kill(2): pid > 0 a process, 0 the caller's group, -1 everybody, else a group. */
export function kill_something_info(task: Task, sig: number, info: SendInfo, pid: number): number {
  if (pid > 0) return kill_pid_info(sig, info, find_vpid(task, pid));
  if (pid === INT_MIN) return -ESRCH; // its negation is no pid
  if (pid === -1) return kill_everybody(task, sig, info);

  const pgrp = pid === 0 ? task.signal.pgrp : find_vpid(task, -pid);
  return pgrp ? __kill_pgrp_info(sig, info, pgrp) : -ESRCH;
}

/** Everybody the caller may, but itself and init. */
function kill_everybody(task: Task, sig: number, info: SendInfo): number {
  let ret = -ESRCH;
  const ns = task_active_pid_ns(task);
  task.kernel.pids.for_each_process((leader) => {
    if (task_pid_nr_ns(leader, ns) <= 1 || leader.signal === task.signal) return;
    const err = group_send_sig_info(sig, info, leader, PIDTYPE_MAX);
    if (ret === -ESRCH) ret = 0;
    if (err !== -EPERM) ret = err;
  }, ns);
  return ret;
}

/** tkill(2), tgkill(2), rt_tgsigqueueinfo(2): to one thread, of process `tgid` if that is given (> 0). */
export function do_send_specific(task: Task, tgid: number, pid: number, sig: number, info: SendInfo): number {
  const target = find_task_by_vpid(task, pid);
  if (!target || (tgid > 0 && task_tgid_vnr(target, task) !== tgid)) return -ESRCH;
  const err = check_kill_permission(sig, info, target);
  if (err < 0 || sig === 0) return err;
  return do_send_sig_info(sig, info, target, PIDTYPE_PID);
}

/** What is for a process is best taken by the thread that runs anyway; the leader may be long dead. */
function running_thread_of(process: Task): Task {
  const { current } = process.kernel.sched;
  return current.signal === process.signal && !current.exit_state ? current : process;
}

/**
 * A POSIX timer expired: its own entry is queued, so that nothing can fail. 0: it is queued (perhaps since last time, then
 * only the overrun is counted), 1: the signal is ignored, -1: nobody is there any more.
 */
export function send_sigqueue(
  entry: SigQueue,
  pid: Pid,
  type: typeof PIDTYPE_PID | typeof PIDTYPE_TGID,
): number {
  const named = pid_task(pid, PIDTYPE_PID);
  if (!named) return -1;
  const target = type === PIDTYPE_PID ? named : running_thread_of(named);
  const sig = entry.info.si_signo;
  if (!prepare_signal(sig, target, false)) return 1;

  const pending = type === PIDTYPE_PID ? target.pending : target.signal.shared_pending;
  if (pending.list.includes(entry)) {
    entry.info.si_overrun = (entry.info.si_overrun ?? 0) + 1;
    return 0;
  }
  entry.info.si_overrun = 0;
  pending.list.push(entry);
  pending.signal = sigaddset(pending.signal, sig);
  complete_signal(sig, target, type);
  return 0;
}
