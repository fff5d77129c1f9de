/*
 * kernel/drivers/tty/tty_jobctrl.ts - whose terminal is it?
 *
 * Linux:   drivers/tty/tty_jobctrl.c (v6.12)
 * Manual:  ioctl_tty(2), TIOCSCTTY(2const), credentials(7)
 *
 * A session has one controlling terminal or none; a terminal belongs to one session or none. Within the session one
 * process group is in the foreground: it reads, it gets what ^C and ^Z send. The others are stopped when they try.
 */

import { capable } from '../../cred.ts';
import { is_current_pgrp_orphaned } from '../../exit.ts';
import type { File } from '../../include/linux/fs.ts';
import { FMODE_READ } from '../../include/linux/fs_modes.ts';
import { TIF_SIGPENDING, type Task } from '../../include/linux/sched.ts';
import type { UserPtr } from '../../include/linux/types.ts';
import { CAP_SYS_ADMIN } from '../../include/uapi/capability.ts';
import { EFAULT, EINVAL, EIO, ENOTTY, EPERM, ERESTARTSYS, ESRCH } from '../../include/uapi/errno.ts';
import { SIGCONT, SIGHUP, SIGTTIN, SIGTTOU, SIG_IGN } from '../../include/uapi/signal.ts';
import { get_user_u32, put_user_u32 } from '../../lib/usercopy.ts';
import type { Pid } from '../../pid.ts';
import {
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  pid_task,
  task_pgrp,
  task_session,
  find_vpid,
  pid_vnr,
} from '../../pid.ts';
import { kill_pgrp } from '../../signal/kill.ts';
import { send_signal_locked, sig_handler } from '../../signal/send.ts';
import { SEND_SIG_PRIV } from '../../signal/siginfo.ts';
import { sigismember } from '../../signal/sigset.ts';
import { tty_vhangup_session } from './tty_hangup.ts';
import type { Tty } from './tty.ts';

/** What /proc/<pid>/stat shows as tpgid: -1 without a terminal. */
export const tty_get_pgrp_nr = (tty: Tty | null): number => (tty ? (tty.pgrp?.nr ?? 0) : -1);

const is_ignored = (task: Task, sig: number): boolean =>
  sigismember(task.blocked, sig) || sig_handler(task, sig) === SIG_IGN;

/**
 * May `task` do what is the foreground's right? 0: yes. -EIO: no, and nobody would ever continue it. -ERESTARTSYS: its
 * process group has been sent `sig` (SIGTTIN, SIGTTOU) and tries again when it is continued.
 */
export function __tty_check_change(task: Task, tty: Tty, sig: number): number {
  const pgrp = task_pgrp(task);
  if (task.signal.tty !== tty || !tty.pgrp || tty.pgrp === pgrp) return 0;

  // "If the process is ignoring or blocking SIGTTOU, it may write; a read fails with EIO." - POSIX, Terminal Access Control
  if (is_ignored(task, sig)) return sig === SIGTTIN ? -EIO : 0;
  if (is_current_pgrp_orphaned(task)) return -EIO;
  kill_pgrp(pgrp, sig, true);
  task.thread_info.flags |= TIF_SIGPENDING;
  return -ERESTARTSYS;
}

export const tty_check_change = (task: Task, tty: Tty): number => __tty_check_change(task, tty, SIGTTOU);

/** An open() without O_NOCTTY: a session leader without a terminal takes one that is nobody's. */
export function tty_open_proc_set_tty(task: Task, file: File, tty: Tty): void {
  const { signal } = task;
  // Somebody who may only write to it must not get the power of its owner by opening it.
  if (signal.leader && !signal.tty && !tty.session && file.f_mode & FMODE_READ) __proc_set_tty(task, tty);
}

function __proc_set_tty(task: Task, tty: Tty): void {
  tty.pgrp = task_pgrp(task);
  tty.session = task_session(task);
  task.signal.tty = tty;
  task.signal.tty_old_pgrp = null;
}

/** This process has no controlling terminal any more (setsid(2)). */
export function proc_clear_tty(task: Task): void {
  task.signal.tty = null;
}

/** Every process of the session loses its controlling terminal. */
export function session_clear_tty(session: Pid): void {
  for (const task of session.tasks[PIDTYPE_SID]!) proc_clear_tty(task);
}

/** Linux: no_tty(). */
function no_tty(task: Task): void {
  disassociate_ctty(task, false);
  proc_clear_tty(task);
}

/**
 * The session leader gives the terminal up, or (`on_exit`) dies. In the second case the terminal hangs up: whoever has
 * it open reads end of file, and the foreground learns by SIGHUP.
 */
export function disassociate_ctty(task: Task, on_exit: boolean): void {
  const { signal } = task;
  if (!signal.leader) return;
  const { tty } = signal;
  if (tty && on_exit) tty_vhangup_session(tty);
  else if (tty?.pgrp) hangup_pgrp(tty.pgrp, on_exit, !on_exit);
  else if (!tty && on_exit) {
    const old = signal.tty_old_pgrp;
    signal.tty_old_pgrp = null;
    if (old) hangup_pgrp(old, true, true);
    return;
  }
  signal.tty_old_pgrp = null;
  if (signal.tty) {
    signal.tty.pgrp = null;
    signal.tty.session = null;
  }
  session_clear_tty(task_session(task));
}

/* SIGCONT, so that those who were stopped can die of the SIGHUP. */
function hangup_pgrp(pgrp: Pid, priv: boolean, andContinue: boolean): void {
  kill_pgrp(pgrp, SIGHUP, priv);
  if (andContinue) kill_pgrp(pgrp, SIGCONT, priv);
}

/** The terminal hangs up: its session's leader is told, and (`exit_session`) the foreground. */
export function tty_signal_session_leader(tty: Tty, exit_session: boolean): void {
  const { session, pgrp } = tty;
  for (const task of session?.tasks[PIDTYPE_SID] ?? []) {
    if (task.signal.tty === tty) task.signal.tty = null;
    if (!task.signal.leader) continue;
    send_signal_locked(SIGHUP, SEND_SIG_PRIV, task, PIDTYPE_TGID);
    send_signal_locked(SIGCONT, SEND_SIG_PRIV, task, PIDTYPE_TGID);
    if (pgrp) task.signal.tty_old_pgrp = pgrp;
  }
  if (pgrp && exit_session) kill_pgrp(pgrp, SIGHUP, exit_session);
}

/** TIOCSCTTY: make this terminal the caller's. `arg` 1 from root takes it away from another session. */
export function tiocsctty(task: Task, tty: Tty, file: File, arg: number): number {
  const { signal } = task;
  if (signal.leader && tty.session === task_session(task)) return 0;
  if (!signal.leader || signal.tty) return -EPERM;
  const admin = capable(task, CAP_SYS_ADMIN);
  if (tty.session) {
    if (arg !== 1 || !admin) return -EPERM;
    session_clear_tty(tty.session);
  }
  if (!(file.f_mode & FMODE_READ) && !admin) return -EPERM;
  __proc_set_tty(task, tty);
  return 0;
}

/** TIOCNOTTY: give the controlling terminal up. */
export function tiocnotty(task: Task, tty: Tty): number {
  if (task.signal.tty !== tty) return -ENOTTY;
  no_tty(task);
  return 0;
}

/** Its session may ask, and whoever has its master (`real_tty` is the other end then). */
const may_ask = (task: Task, tty: Tty, real_tty: Tty): boolean =>
  tty !== real_tty || task.signal.tty === real_tty;

export function tiocgpgrp(task: Task, tty: Tty, real_tty: Tty, arg: UserPtr): number {
  if (!may_ask(task, tty, real_tty)) return -ENOTTY;
  return put_user_u32(task, arg, real_tty.pgrp ? pid_vnr(real_tty.pgrp, task) : 0);
}

/** TIOCSPGRP: another process group of the session comes to the foreground. */
export function tiocspgrp(task: Task, tty: Tty, arg: UserPtr): number {
  const err = tty_check_change(task, tty);
  if (err === -EIO) return -ENOTTY;
  if (err < 0) return err;
  const word = get_user_u32(task, arg);
  if (word < 0) return -EFAULT;
  if (task.signal.tty !== tty || tty.session !== task_session(task)) return -ENOTTY;
  const nr = word | 0;
  if (nr < 0) return -EINVAL;

  const pgrp = find_vpid(task, nr);
  if (!pgrp) return -ESRCH;
  if (session_of_pgrp(pgrp) !== task_session(task)) return -EPERM;
  tty.pgrp = pgrp;
  return 0;
}

/* The session of any member of the group, or of the process with that number when the group is empty. */
function session_of_pgrp(pgrp: Pid): Pid | null {
  const member = pid_task(pgrp, PIDTYPE_PGID) ?? pid_task(pgrp, PIDTYPE_PID);
  return member ? task_session(member) : null;
}

export function tiocgsid(task: Task, tty: Tty, real_tty: Tty, arg: UserPtr): number {
  if (!may_ask(task, tty, real_tty) || !real_tty.session) return -ENOTTY;
  return put_user_u32(task, arg, pid_vnr(real_tty.session, task));
}
