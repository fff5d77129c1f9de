/*
 * kernel/wait.ts - asking for a child's end, or its stop
 *
 * Linux:   kernel/exit.c (v6.12)
 * Manual:  wait4(2), waitid(2)
 * Differs: a file of its own
 *
 * A child is looked at twice: as a child of its real parent's, and as one that the caller traces.
 */

import { delay_group_leader, release_task } from './exit.ts';
import { pidfd_get_pid } from './fs/pidfs.ts';
import {
  JOBCTL_LISTENING,
  SIGNAL_GROUP_EXIT,
  SIGNAL_STOP_CONTINUED,
  SIGNAL_STOP_STOPPED,
} from './include/linux/jobctl.ts';
import { ptrace_reparented } from './include/linux/ptrace.ts';
import {
  __TASK_TRACED,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  TASK_INTERRUPTIBLE,
  type Task,
} from './include/linux/sched.ts';
import { NULL, type UserPtr } from './include/linux/types.ts';
import { EAGAIN, ECHILD, EFAULT, EINVAL, ERESTARTSYS, ESRCH } from './include/uapi/errno.ts';
import {
  __WALL,
  __WCLONE,
  __WNOTHREAD,
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  RUSAGE_BOTH,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from './include/uapi/sched.ts';
import {
  CLD_CONTINUED,
  CLD_DUMPED,
  CLD_EXITED,
  CLD_KILLED,
  CLD_STOPPED,
  CLD_TRAPPED,
} from './include/uapi/siginfo.ts';
import { SIGCHLD, SIGCONT } from './include/uapi/signal.ts';
import { put_unaligned_le32 } from './lib/bytes.ts';
import { copy_to_user, put_user_u32 } from './lib/usercopy.ts';
import {
  type Pid,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  type PidType,
  task_pgrp,
  find_vpid,
  task_pid_vnr,
} from './pid.ts';
import { hand_zombie_to_parent, tells_tracer_first } from './ptrace.ts';
import {
  copy_rusage_to_user,
  getrusage,
  maxrss,
  type Rusage,
  thread_group_cputime,
} from './sched/cputime.ts';
import { schedule } from './sched/core.ts';
import { finish_wait, init_wait, prepare_to_wait, type Sleeps } from './sched/wait.ts';
import { signal_pending } from './signal.ts';
import { from_kuid_munged } from './user_namespace.ts';
import { bits, enumeration, int, outptr, SYSCALL_DEFINE } from './syscalls/define.ts';

/** Linux: struct wait_opts. What is waited for, and what came of it. */
interface WaitOpts {
  readonly type: PidType | null; // null: any child
  readonly pid: Pid | null;
  readonly flags: number;
  /** Has the search met a child that could still become what is waited for? */
  notask_error: number;
  stat: number;
  info: WaitidInfo | null;
  readonly wants_rusage: boolean;
  rusage: Rusage | null;
}

interface WaitidInfo {
  readonly cause: number;
  readonly pid: number;
  readonly uid: number;
  readonly status: number;
}

/** The child's pid, 0 (WNOHANG, and nothing yet), or -errno. */
function* do_wait(task: Task, wo: WaitOpts): Sleeps<number> {
  const entry = init_wait(task);
  for (;;) {
    prepare_to_wait(task.signal.wait_chldexit, entry, TASK_INTERRUPTIBLE);
    const found = __do_wait(task, wo);
    const sleep = found === 0 && !(wo.flags & WNOHANG);
    if (!sleep || signal_pending(task)) {
      finish_wait(entry);
      return sleep ? -ERESTARTSYS : found;
    }
    yield* schedule(task);
  }
}

/** One look at all children of all threads. */
function __do_wait(task: Task, wo: WaitOpts): number {
  wo.notask_error = -ECHILD;
  if (wo.type !== null && (!wo.pid || wo.pid.tasks[wo.type]!.size === 0)) return -ECHILD;
  const threads = wo.flags & __WNOTHREAD ? [task] : task.signal.threads;
  for (const thread of threads) {
    const found =
      consider_all(wo, task, thread.children, false) || consider_all(wo, task, thread.ptraced, true);
    if (found) return found;
  }
  return wo.notask_error;
}

function consider_all(wo: WaitOpts, task: Task, tasks: Set<Task>, ptrace: boolean): number {
  for (const child of tasks) {
    const found = wait_consider_task(wo, task, child, ptrace);
    if (found) return found;
  }
  return 0;
}

/** Nonzero ends the search: a pid or -errno. `ptrace`: it is looked at by its tracer. */
function wait_consider_task(wo: WaitOpts, task: Task, child: Task, ptrace: boolean): number {
  if (child.exit_state === EXIT_DEAD || !eligible_child(wo, child, ptrace)) return 0;
  // A child that its own parent traces is asked about once, and the tracer's rules are the wider ones.
  const traced = ptrace || (child.ptrace !== 0 && !ptrace_reparented(child));

  if (child.exit_state === EXIT_ZOMBIE) {
    if (!delay_group_leader(child) && (traced || !child.ptrace)) return wait_task_zombie(wo, task, child);
    // A leader whose threads go on may still be continued, and its process may still end.
    if (!traced || wo.flags & (WCONTINUED | WEXITED)) wo.notask_error = 0;
  } else {
    wo.notask_error = 0;
  }
  return wait_task_stopped(wo, task, child, traced) || wait_task_continued(wo, task, child);
}

function eligible_child(wo: WaitOpts, child: Task, ptrace: boolean): boolean {
  if (wo.type !== null && task_pid_type(child, wo.type) !== wo.pid) return false;
  if (ptrace || wo.flags & __WALL) return true;
  return (child.exit_signal !== SIGCHLD) === ((wo.flags & __WCLONE) !== 0);
}

function task_pid_type(task: Task, type: PidType): Pid {
  if (type === PIDTYPE_PID) return task.thread_pid;
  if (type === PIDTYPE_TGID) return task.group_leader.thread_pid;
  return type === PIDTYPE_PGID ? task.signal.pgrp : task.signal.session;
}

function wait_task_zombie(wo: WaitOpts, task: Task, child: Task): number {
  if (!(wo.flags & WEXITED)) return 0;
  const { signal } = child;
  const status = signal.flags & SIGNAL_GROUP_EXIT ? signal.group_exit_code : child.exit_code;
  const pid = task_pid_vnr(child, task);
  const uid = from_kuid_munged(task.cred, child.cred.uid);
  if (wo.wants_rusage) wo.rusage = getrusage(child, RUSAGE_BOTH);
  wo.stat = status;
  wo.info = { pid, uid, ...exit_cause(status) };
  if (!(wo.flags & WNOWAIT)) reap(task, child);
  return pid;
}

function reap(task: Task, child: Task): void {
  // A tracer that is not the parent has seen it; the parent may still want to.
  if (tells_tracer_first(child)) {
    if (!hand_zombie_to_parent(child)) return;
  } else if (child.group_leader === child) {
    account_child(task, child);
  }
  child.exit_state = EXIT_DEAD;
  release_task(child);
}

function exit_cause(status: number): { cause: number; status: number } {
  if ((status & 0x7f) === 0) return { cause: CLD_EXITED, status: (status >> 8) & 0xff };
  return { cause: status & 0x80 ? CLD_DUMPED : CLD_KILLED, status: status & 0x7f };
}

/** What a child used counts for its parent from the moment it was waited for. */
function account_child({ signal }: Task, child: Task): void {
  const time = thread_group_cputime(child);
  const usage = getrusage(child, RUSAGE_BOTH);
  signal.cutime += time.utime + child.signal.cutime;
  signal.cstime += time.stime + child.signal.cstime;
  signal.cmin_flt += usage.ru_minflt;
  signal.cnvcsw += usage.ru_nvcsw;
  signal.cnivcsw += usage.ru_nivcsw;
  signal.cmaxrss = Math.max(signal.cmaxrss, usage.ru_maxrss, maxrss(child));
}

/** A traced thread's stop is its own; for others the process stops as a whole. 0: it is in no stop that was not told yet. */
function wait_task_stopped(wo: WaitOpts, task: Task, child: Task, ptrace: boolean): number {
  if (!ptrace && !(wo.flags & WUNTRACED)) return 0;
  const trapped = ptrace && (child.state & __TASK_TRACED) !== 0 && !(child.jobctl & JOBCTL_LISTENING);
  const stopped = !ptrace && (child.signal.flags & SIGNAL_STOP_STOPPED) !== 0;
  if (!trapped && !stopped) return 0;
  const code = trapped ? child.exit_code : child.signal.group_exit_code;
  if (code === 0) return 0;

  if (!(wo.flags & WNOWAIT)) {
    if (trapped) child.exit_code = 0;
    else child.signal.group_exit_code = 0;
  }
  return report(wo, task, child, ptrace ? CLD_TRAPPED : CLD_STOPPED, code, (code << 8) | 0x7f);
}

function wait_task_continued(wo: WaitOpts, task: Task, child: Task): number {
  const { signal } = child;
  if (!(wo.flags & WCONTINUED) || !(signal.flags & SIGNAL_STOP_CONTINUED)) return 0;
  if (!(wo.flags & WNOWAIT)) signal.flags &= ~SIGNAL_STOP_CONTINUED;
  return report(wo, task, child, CLD_CONTINUED, SIGCONT, 0xffff);
}

/** Returns the child's number. */
function report(wo: WaitOpts, task: Task, child: Task, cause: number, status: number, stat: number): number {
  const pid = task_pid_vnr(child, task);
  if (wo.wants_rusage) wo.rusage = getrusage(child, RUSAGE_BOTH);
  wo.stat = stat;
  wo.info = { cause, status, pid, uid: from_kuid_munged(task.cred, child.cred.uid) };
  return pid;
}

const waitOpts = (type: PidType | null, pid: Pid | null, flags: number, wants_rusage: boolean): WaitOpts => ({
  type,
  pid,
  flags,
  notask_error: 0,
  stat: 0,
  info: null,
  wants_rusage,
  rusage: null,
});

const WAIT_FLAGS = { WNOHANG, WUNTRACED, WCONTINUED, WEXITED, WNOWAIT, __WNOTHREAD, __WALL, __WCLONE };
const INT_MIN = -0x8000_0000;

export const sys_wait4 = SYSCALL_DEFINE(
  'wait4',
  { upid: int, stat_addr: outptr, options: bits(WAIT_FLAGS), ru: outptr },
  function* (task, { upid, stat_addr, options, ru }) {
    const known = WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL;
    if (options & ~known) return -EINVAL;
    if (upid === INT_MIN) return -ESRCH; // -upid would be no number
    const [type, pid] = wait4_target(task, upid);
    const wo = waitOpts(type, pid, options | WEXITED, ru !== NULL);

    const ret = yield* do_wait(task, wo);
    if (ret > 0 && stat_addr && put_user_u32(task, stat_addr, wo.stat)) return -EFAULT;
    if (ret > 0 && ru && copy_rusage_to_user(task, ru, wo.rusage!)) return -EFAULT;
    return ret;
  },
);

/** Waits for any child, thread or process: its number, or -errno. */
export const kernel_wait_any = (task: Task): Sleeps<number> =>
  do_wait(task, waitOpts(null, null, WEXITED | __WALL, false));

function wait4_target(task: Task, upid: number): [PidType | null, Pid | null] {
  if (upid === -1) return [null, null];
  if (upid < 0) return [PIDTYPE_PGID, find_vpid(task, -upid)];
  return upid === 0 ? [PIDTYPE_PGID, task_pgrp(task)] : [PIDTYPE_PID, find_vpid(task, upid)];
}

export const sys_waitid = SYSCALL_DEFINE(
  'waitid',
  {
    which: enumeration({ P_ALL, P_PID, P_PGID, P_PIDFD }),
    upid: int,
    infop: outptr,
    options: bits(WAIT_FLAGS),
    ru: outptr,
  },
  function* (task, { which, upid, infop, options, ru }) {
    const wo = waitid_opts(task, which, upid, options, ru !== NULL);
    const ret = typeof wo === 'number' ? wo : yield* kernel_waitid(task, wo, options);
    const info = typeof wo === 'number' ? null : wo.info;
    if (ret > 0 && ru && copy_rusage_to_user(task, ru, (wo as WaitOpts).rusage!)) return -EFAULT;
    // Filled in even when there is nothing to tell: then it is all zero, and that is how the caller knows.
    if (infop && copy_waitid_info(task, infop, ret > 0 ? info : null)) return -EFAULT;
    return Math.min(ret, 0);
  },
);

function* kernel_waitid(task: Task, wo: WaitOpts, options: number): Sleeps<number> {
  const ret = yield* do_wait(task, wo);
  // A nonblocking pidfd made it WNOHANG without the caller saying so.
  return ret === 0 && !(options & WNOHANG) ? -EAGAIN : ret;
}

function waitid_opts(
  task: Task,
  which: number,
  upid: number,
  options: number,
  wants_rusage: boolean,
): WaitOpts | number {
  const events = WEXITED | WSTOPPED | WCONTINUED;
  if (options & ~(WNOHANG | WNOWAIT | events | __WNOTHREAD | __WCLONE | __WALL)) return -EINVAL;
  if (!(options & events)) return -EINVAL;
  if (which === P_ALL) return waitOpts(null, null, options, wants_rusage);
  if (which === P_PID) {
    if (upid <= 0) return -EINVAL;
    return waitOpts(PIDTYPE_PID, find_vpid(task, upid), options, wants_rusage);
  }
  if (upid < 0) return -EINVAL;
  if (which === P_PGID) {
    const pid = upid ? find_vpid(task, upid) : task_pgrp(task);
    return waitOpts(PIDTYPE_PGID, pid, options, wants_rusage);
  }
  if (which !== P_PIDFD) return -EINVAL;

  const target = pidfd_get_pid(task, upid);
  if (typeof target === 'number') return target;
  const flags = target.nonblock ? options | WNOHANG : options;
  return waitOpts(PIDTYPE_PID, target.pid, flags, wants_rusage);
}

/** The six fields of siginfo_t that mean something here; the rest of the user's structure stays as it is. */
function copy_waitid_info(task: Task, infop: UserPtr, info: WaitidInfo | null): number {
  const bytes = new Uint8Array(28);
  if (info) {
    put_unaligned_le32(SIGCHLD, bytes, 0);
    put_unaligned_le32(info.cause, bytes, 8);
    put_unaligned_le32(info.pid, bytes, 16);
    put_unaligned_le32(info.uid, bytes, 20);
    put_unaligned_le32(info.status, bytes, 24);
  }
  // Bytes 12..15 are padding, which belongs to the user.
  const head = copy_to_user(task, infop, bytes.subarray(0, 12));
  return head || copy_to_user(task, (infop + 16) as UserPtr, bytes.subarray(16)) ? -EFAULT : 0;
}
