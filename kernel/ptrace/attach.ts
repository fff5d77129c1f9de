/*
 * kernel/ptrace/attach.ts - how a task gets a tracer, and how it loses it
 *
 * Linux:  kernel/ptrace.c (ptrace_attach, ptrace_traceme, ptrace_detach, exit_ptrace), v6.12
 * Manual: ptrace(2), "Attaching and detaching"
 *
 *    TRACEME             the child asks for its parent
 *    ATTACH              and a SIGSTOP, as if somebody had sent it
 *    SEIZE               and nothing: it does not even notice
 *    fork of a tracee    with PTRACE_O_TRACE* or CLONE_PTRACE: ptrace_init_task() in events.ts
 *
 * It is a thread that traces, and a thread that is traced.
 */

import type { Cred } from '../cred.ts';
import { delay_group_leader } from '../exit.ts';
import {
  JOBCTL_STOPPED,
  JOBCTL_STOP_PENDING,
  JOBCTL_TRAPPING,
  JOBCTL_TRAP_MASK,
  JOBCTL_TRAP_STOP,
  SIGNAL_STOP_STOPPED,
} from '../include/linux/jobctl.ts';
import {
  PT_EXITKILL,
  PT_OPT_FLAG_SHIFT,
  PT_PTRACED,
  PT_SEIZED,
  ptrace_reparented,
} from '../include/linux/ptrace.ts';
import {
  EXIT_DEAD,
  EXIT_ZOMBIE,
  PF_EXITING,
  PF_KTHREAD,
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_TRACE,
  type Task,
  __TASK_STOPPED,
  __TASK_TRACED,
} from '../include/linux/sched.ts';
import { EIO, EPERM, ERESTARTNOINTR } from '../include/uapi/errno.ts';
import { PTRACE_O_MASK } from '../include/uapi/ptrace.ts';
import { SA_NOCLDWAIT, SIGCHLD, SIGKILL, SIGSTOP, SIG_IGN, valid_signal } from '../include/uapi/signal.ts';
import { mutex_lock_interruptible, mutex_unlock } from '../locking/mutex.ts';
import { type Sleeps, WaitQueueHead, wait_event_killable } from '../sched/wait.ts';
import { security_ptrace_traceme } from '../security/security.ts';
import {
  SEND_SIG_PRIV,
  __wake_up_parent,
  do_notify_parent,
  ptrace_signal_wake_up,
  send_sig_info,
  task_clear_jobctl_pending,
  task_clear_jobctl_trapping,
  task_set_jobctl_pending,
} from '../signal.ts';
import { signal_wake_up_state } from '../signal/send.ts';
import { PTRACE_MODE_ATTACH_REALCREDS, __ptrace_may_access } from './access.ts';
import { check_ptrace_options } from './options.ts';

/*
 * To get one
 */

/** The caller asks its parent to trace it. A parent that is about to exit would not: then nothing happens. */
export function ptrace_traceme(task: Task): number {
  if (task.ptrace) return -EPERM;
  const parent = task.real_parent;
  const err = security_ptrace_traceme(task, parent);
  if (err < 0 || parent.flags & PF_EXITING) return err;
  task.ptrace = PT_PTRACED;
  ptrace_link(task, parent);
  return 0;
}

/** PTRACE_SEIZE. Options come with it, as there is no stop to set them in. */
export function* ptrace_seize(task: Task, child: Task, addr: number, options: number): Sleeps<number> {
  if (addr !== 0 || options > PTRACE_O_MASK || options & ~PTRACE_O_MASK) return -EIO;
  const err = check_ptrace_options(task, options);
  if (err < 0) return err;
  return yield* attach(task, child, PT_PTRACED | PT_SEIZED | (options << PT_OPT_FLAG_SHIFT));
}

export const ptrace_attach = (task: Task, child: Task): Sleeps<number> => attach(task, child, PT_PTRACED);

function* attach(task: Task, child: Task, flags: number): Sleeps<number> {
  if (child.flags & PF_KTHREAD || child.signal === task.signal) return -EPERM;
  // Not in the middle of an execve(): whether a tracer may see the new program was decided at its start.
  const { cred_guard_mutex } = child.signal;
  if ((yield* mutex_lock_interruptible(task, cred_guard_mutex)) < 0) return -ERESTARTNOINTR;
  const err = may_attach(task, child);
  if (err === 0) start_tracing(task, child, flags);
  mutex_unlock(cred_guard_mutex);

  const { trapping } = child;
  if (err === 0 && trapping) {
    yield* wait_event_killable(task, trapping, () => !(child.jobctl & JOBCTL_TRAPPING));
  }
  return err;
}

function may_attach(task: Task, child: Task): number {
  const err = __ptrace_may_access(task, child, PTRACE_MODE_ATTACH_REALCREDS);
  if (err < 0) return err;
  return child.exit_state || child.ptrace ? -EPERM : 0;
}

function start_tracing(task: Task, child: Task, flags: number): void {
  child.ptrace = flags;
  ptrace_link(child, task);
  if (!(flags & PT_SEIZED)) send_sig_info(SIGSTOP, SEND_SIG_PRIV, child);

  // A stopped task shall be in a stop of its tracer's, and the caller shall not see it on the way from one to the other.
  child.trapping = null;
  if (child.state & __TASK_STOPPED && task_set_jobctl_pending(child, JOBCTL_TRAP_STOP | JOBCTL_TRAPPING)) {
    child.trapping = new WaitQueueHead();
    child.jobctl &= ~JOBCTL_STOPPED;
    signal_wake_up_state(child, __TASK_STOPPED);
  }
}

/** `tracer` is the child's parent from now on, as far as stops and wait() go. */
const ptrace_link = (child: Task, tracer: Task): void => __ptrace_link(child, tracer, tracer.cred);

export function __ptrace_link(child: Task, tracer: Task, cred: Cred): void {
  tracer.ptraced.add(child);
  child.parent = tracer;
  child.ptracer_cred = cred;
}

/*
 * To lose it
 */

/** PTRACE_DETACH: it goes on with the signal `data`, or stays stopped with its process. */
export function ptrace_detach(task: Task, child: Task, data: number): number {
  if (!valid_signal(data)) return -EIO;
  task.kernel.arch.user_disable_single_step(child);
  child.exit_code = data;
  // It does not become a zombie here, so there is nothing to release: it is in a stop.
  __ptrace_detach(task, child);
  return 0;
}

/** True: it has ended, and now nobody wants to hear of it. The caller releases it. */
function __ptrace_detach(tracer: Task, child: Task): boolean {
  __ptrace_unlink(child);
  if (child.exit_state !== EXIT_ZOMBIE) return false;
  const dead = child.group_leader !== child || nobody_waits(tracer, child);
  if (dead) child.exit_state = EXIT_DEAD;
  return dead;
}

/** A process that ended while it was traced: its parent hears of it now, unless it is the tracer, who has heard. */
function nobody_waits(tracer: Task, leader: Task): boolean {
  if (delay_group_leader(leader)) return false;
  if (leader.real_parent.signal !== tracer.signal) return do_notify_parent(leader, leader.exit_signal);
  if (!ignoring_children(tracer)) return false;
  __wake_up_parent(tracer);
  return true;
}

function ignoring_children({ sighand }: Task): boolean {
  const { sa_handler, sa_flags } = sighand.action[SIGCHLD - 1]!;
  return sa_handler === SIG_IGN || (sa_flags & SA_NOCLDWAIT) !== 0;
}

/** Ends the relation. A task in a stop of its tracer's comes out of it, if only to stop with its process. */
export function __ptrace_unlink(child: Task): void {
  child.thread_info.syscall_work &= ~(SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU);
  child.parent.ptraced.delete(child);
  child.parent = child.real_parent;
  child.ptracer_cred = null;
  child.ptrace = 0;

  task_clear_jobctl_pending(child, JOBCTL_TRAP_MASK);
  task_clear_jobctl_trapping(child);
  const { flags, group_stop_count } = child.signal;
  if (!(child.flags & PF_EXITING) && (flags & SIGNAL_STOP_STOPPED || group_stop_count > 0)) {
    child.jobctl |= JOBCTL_STOP_PENDING;
  }
  if (child.jobctl & JOBCTL_STOP_PENDING || child.state & __TASK_TRACED) ptrace_signal_wake_up(child, true);
}

/** A tracer exits. Those of its tracees that have ended and that nobody waits for go into `dead`. */
export function exit_ptrace(tracer: Task, dead: Task[]): void {
  for (const child of [...tracer.ptraced]) {
    if (child.ptrace & PT_EXITKILL) send_sig_info(SIGKILL, SEND_SIG_PRIV, child);
    if (__ptrace_detach(tracer, child)) dead.push(child);
  }
}

/** A tracer that is no relative took note of the end of `leader`: now its parent may. True: that one does not want to. */
export function hand_zombie_to_parent(leader: Task): boolean {
  __ptrace_unlink(leader);
  return do_notify_parent(leader, leader.exit_signal);
}

/** Does the end of `child` go to its tracer first, and to its parent only then? */
export const tells_tracer_first = (child: Task): boolean =>
  child.ptrace !== 0 && ptrace_reparented(child) && child.group_leader === child;

/** A task that is gone is traced by nobody. */
export function ptrace_release_task(task: Task): void {
  if (task.ptrace) __ptrace_unlink(task);
}
