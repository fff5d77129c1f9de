/*
 * kernel/fork.ts - one task becomes two
 *
 * Linux:   kernel/fork.c (v6.12)
 * Manual:  clone(2), vfork(2)
 * Differs: all that can fail is done first, so there is little to undo; a task needs no kernel stack, its generator is one
 * Absent:  cgroups, as in a kernel built without them
 */

import { capable, ns_capable } from './cred.ts';
import { fd_install } from './fs/file.ts';
import { dup_task_struct, type World } from './fork/task_struct.ts';
import { copy_fs_struct } from './fs/fs_struct.ts';
import { pidfd_prepare } from './fs/pidfs.ts';
import { futex_wake_tid } from './futex/core.ts';
import { futex_exec_release, futex_exit_release } from './futex/robust.ts';
import type { File } from './include/linux/fs.ts';
import type { PidNamespace } from './include/linux/pid_namespace.ts';
import { copy_namespaces, put_nsproxy, timens_on_fork } from './nsproxy.ts';
import { create_user_ns } from './user_namespace.ts';
import { SIGNAL_UNKILLABLE } from './include/linux/jobctl.ts';
import type { Mm } from './include/linux/mm_types.ts';
import type { Task } from './include/linux/sched.ts';
import { NULL, type UserPtr } from './include/linux/types.ts';
import { CAP_CHECKPOINT_RESTORE, CAP_SYS_ADMIN, CAP_SYS_RESOURCE } from './include/uapi/capability.ts';
import { EAGAIN, EINVAL, ERESTARTNOINTR } from './include/uapi/errno.ts';
import { PTRACE_EVENT_VFORK_DONE } from './include/uapi/ptrace.ts';
import { RLIMIT_NPROC, RLIMIT_SIGPENDING } from './include/uapi/resource.ts';
import {
  CLONE_DETACHED,
  CLONE_FS,
  CLONE_NEWIPC,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_PTRACE,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
} from './include/uapi/sched.ts';
import { audit_alloc } from './auditsc.ts';
import type { Kernel } from './kernel.ts';
import { put_user_u32 } from './lib/usercopy.ts';
import { dup_mm, mmput } from './mm/init-mm.ts';
import {
  type Pid,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_SID,
  PIDTYPE_TGID,
  is_child_reaper,
  task_active_pid_ns,
  task_pid_vnr,
} from './pid.ts';
import { ptrace_clone_event, ptrace_event, ptrace_init_task } from './ptrace.ts';
import { update_rlimit_cpu } from './rlimit.ts';
import { sched_fork, wake_up_new_task } from './sched/core.ts';
import { type Sleeps, WaitQueueHead, wait_event_killable, wake_up_all } from './sched/wait.ts';
import { copy_seccomp } from './seccomp.ts';
import {
  calculate_sigpending,
  flush_signal_handlers,
  recalc_sigpending,
  sas_ss_reset,
  task_join_group_stop,
  task_sigpending,
} from './signal.ts';

/** Linux: struct kernel_clone_args. What clone(), clone3(), and the kernel itself ask for. */
export interface KernelCloneArgs {
  /** CLONE_*, without the signal. */
  readonly flags: number;
  readonly pidfd: UserPtr;
  readonly child_tid: UserPtr;
  readonly parent_tid: UserPtr;
  readonly exit_signal: number;
  /** Where the child's stack pointer starts; 0: where its parent's is. */
  readonly stack: UserPtr;
  readonly tls: bigint;
  /** Numbers asked for, innermost namespace first. */
  readonly set_tid: readonly number[];
  /** CLONE_CLEAR_SIGHAND */
  readonly clear_sighand: boolean;
  /** A kernel thread runs this instead of going to user space; when it returns, it has become a program. */
  readonly fn: ((task: Task) => Sleeps<void>) | null;
}

export const NO_CLONE_ARGS: KernelCloneArgs = {
  flags: 0,
  pidfd: NULL,
  child_tid: NULL,
  parent_tid: NULL,
  exit_signal: 0,
  stack: NULL,
  tls: 0n,
  set_tid: [],
  clear_sighand: false,
  fn: null,
};

/** A thread and its stack, as upstream reckons: what limits the number of threads. */
const THREAD_SIZE = 16384;
const MAX_THREADS_MIN = 20;

/** An eighth of memory may go into threads, half of those to one user, who may have as many signals queued. */
export function fork_init(kernel: Kernel, totalBytes: number): void {
  const fits = Math.floor(totalBytes / (8 * THREAD_SIZE));
  kernel.pids.max_threads = Math.max(MAX_THREADS_MIN, Math.min(fits, kernel.pids.pid_max));
  const half = Math.floor(kernel.pids.max_threads / 2);
  for (const limit of [RLIMIT_NPROC, RLIMIT_SIGPENDING])
    kernel.init_task.signal.rlim[limit] = { cur: half, max: half };
}

/** The child's thread id, or -errno. Sleeps for vfork, and when a tracer wants to hear of it. */
export function* kernel_clone(task: Task, args: KernelCloneArgs): Sleeps<number> {
  const event = ptrace_clone_event(task, args.flags, args.exit_signal);
  const child = copy_process(task, args, event !== 0);
  if (typeof child === 'number') return child;

  const pid = task_pid_vnr(child, task);
  const message = event ? task_pid_vnr(child, task.parent) : 0; // as its tracer sees it
  task.kernel.events?.emit({ type: 'fork', child: child.pid, flags: args.flags });
  if (args.flags & CLONE_PARENT_SETTID) put_user_u32(task, args.parent_tid, pid); // clone(2) promises no EFAULT
  if (args.flags & CLONE_VFORK) child.vfork_done = new WaitQueueHead();
  wake_up_new_task(child);

  if (event) yield* ptrace_event(task, event, message);
  if (args.flags & CLONE_VFORK && (yield* wait_for_vfork_done(task, child)) === 0) {
    yield* ptrace_event(task, PTRACE_EVENT_VFORK_DONE, task_pid_vnr(child, task.parent));
  }
  return pid;
}

/** The parent stands still until the child has let go of the memory they share. Only death may come first: not 0. */
function* wait_for_vfork_done(task: Task, child: Task): Sleeps<number> {
  const queue = child.vfork_done!;
  const killed = yield* wait_event_killable(task, queue, () => child.vfork_done === null);
  if (killed) child.vfork_done = null;
  return killed;
}

/** A kernel thread, a child of `parent`'s; it is runnable when this returns. */
export function kernel_thread(
  parent: Task,
  fn: (task: Task) => Sleeps<void>,
  comm: string,
  flags: number,
): Task {
  const child = copy_process(parent, { ...NO_CLONE_ARGS, flags: flags | CLONE_VM, fn });
  if (typeof child === 'number') throw new Error(`no kernel thread ${comm}: ${child}`);
  child.comm = comm;
  wake_up_new_task(child);
  return child;
}

/** A new task that does not run yet, or -errno. `traced`: its maker's tracer gets it, too. */
export function copy_process(parent: Task, args: KernelCloneArgs, traced = false): Task | number {
  const err = clone_flags_check(parent, args) || nproc_check(parent);
  if (err) return err;

  // A signal that is pending now was meant for one process; let it be delivered to that one first.
  recalc_sigpending(parent);
  if (task_sigpending(parent)) return -ERESTARTNOINTR;

  const world = copy_world(parent, args.flags);
  if (typeof world === 'number') return world;
  const pid = alloc_pid_for(parent, args, world.nsproxy.pid_ns_for_children);
  const pidfd = typeof pid === 'number' ? pid : prepare_pidfd(parent, args, pid);
  if (typeof pid === 'number' || typeof pidfd === 'number') {
    if (world.mm) mmput(world.mm);
    put_nsproxy(parent, world.nsproxy);
    if (typeof pid !== 'number') parent.kernel.pids.free_pid(pid);
    return typeof pid === 'number' ? pid : (pidfd as number);
  }

  const child = dup_task_struct(parent, args, pid, world);
  give_life(child, parent, args);
  audit_alloc(child);
  link_process(child, parent, args);
  copy_seccomp(parent, child); // it is one of the threads now: TSYNC finds it, or found its parent before
  ptrace_init_task(child, parent, traced || (args.flags & CLONE_PTRACE) !== 0);
  if (args.flags & CLONE_THREAD) task_join_group_stop(child, parent);
  if (pidfd) fd_install(parent, pidfd.fd, pidfd.file);
  return child;
}

/** Combinations that make no sense, each with the reason. */
function clone_flags_check(parent: Task, { flags }: KernelCloneArgs): number {
  const all = (bits: number): boolean => (flags & bits) === bits;
  const without = (bit: number, need: number): boolean => (flags & bit) !== 0 && (flags & need) === 0;

  // A new mount or user namespace needs a root directory of its own.
  if (all(CLONE_NEWNS | CLONE_FS) || all(CLONE_NEWUSER | CLONE_FS)) return -EINVAL;
  // Threads share signal handlers, and handlers are addresses in shared memory.
  if (without(CLONE_THREAD, CLONE_SIGHAND) || without(CLONE_SIGHAND, CLONE_VM)) return -EINVAL;
  // A sibling of PID 1 could never be reaped.
  if (flags & CLONE_PARENT && parent.signal.flags & SIGNAL_UNKILLABLE) return -EINVAL;
  // Threads of one process are all in the same place.
  const elsewhere = parent.nsproxy.pid_ns_for_children !== task_active_pid_ns(parent);
  if (flags & CLONE_THREAD && (flags & (CLONE_NEWUSER | CLONE_NEWPID) || elsewhere)) return -EINVAL;
  if (all(CLONE_NEWIPC | CLONE_SYSVSEM)) return -EINVAL;
  // CLONE_DETACHED once meant something; with a pidfd it may come to mean something again.
  if (all(CLONE_PIDFD | CLONE_DETACHED)) return -EINVAL;
  return 0;
}

/** "EAGAIN: Too many processes are already running" - clone(2) */
function nproc_check(parent: Task): number {
  const { cred, signal, kernel } = parent;
  const over = cred.user.processes >= signal.rlim[RLIMIT_NPROC]!.cur && cred.uid !== 0;
  if (over && !capable(parent, CAP_SYS_RESOURCE) && !capable(parent, CAP_SYS_ADMIN)) return -EAGAIN;
  return kernel.pids.nr_threads >= kernel.pids.max_threads ? -EAGAIN : 0;
}

/** In this order: a new user namespace gives the powers that the other namespaces need. */
function copy_world(parent: Task, flags: number): World | number {
  const cred = flags & CLONE_NEWUSER ? create_user_ns(parent, parent.cred) : parent.cred;
  if (typeof cred === 'number') return cred;
  const mm = copy_mm(parent, flags);
  if (typeof mm === 'number') return mm;
  const fs = flags & CLONE_FS ? parent.fs : copy_fs_struct(parent.fs);
  const nsproxy = copy_namespaces(parent, cred, flags, fs);
  const err = typeof nsproxy === 'number' ? nsproxy : timens_on_fork(parent, nsproxy, mm);
  if (typeof nsproxy !== 'number' && err === 0) return { cred, fs, nsproxy, mm };
  if (typeof nsproxy !== 'number') put_nsproxy(parent, nsproxy);
  if (mm) mmput(mm);
  return err;
}

function copy_mm(parent: Task, flags: number): Mm | null | number {
  const { mm } = parent;
  if (!mm || !(flags & CLONE_VM)) return mm ? dup_mm(parent) : null;
  mm.mm_users++;
  return mm;
}

/** Who checkpoints may choose numbers, in the namespaces that he is master of. */
function alloc_pid_for(parent: Task, { set_tid }: KernelCloneArgs, ns: PidNamespace): Pid | number {
  const { pids } = parent.kernel;
  if (set_tid.length === 0) return pids.alloc_pid(ns);
  return pids.alloc_pid(
    ns,
    set_tid,
    ({ user_ns }) =>
      ns_capable(parent, user_ns, CAP_CHECKPOINT_RESTORE) || ns_capable(parent, user_ns, CAP_SYS_ADMIN),
  );
}

/** A descriptor reserved and already told to user space; null when none is wanted. */
function prepare_pidfd(
  parent: Task,
  { flags, pidfd }: KernelCloneArgs,
  pid: Pid,
): { fd: number; file: File } | null | number {
  if (!(flags & CLONE_PIDFD)) return null;
  const prepared = pidfd_prepare(parent, pid, 0);
  if (typeof prepared === 'number') return prepared;
  const err = put_user_u32(parent, pidfd, prepared.fd);
  if (!err) return prepared;
  prepared.drop();
  return err;
}

/** It could run now, if anybody knew of it. */
function give_life(child: Task, parent: Task, args: KernelCloneArgs): void {
  const { flags } = args;
  if (flags & CLONE_FS) child.fs.users++;
  child.life = ret_from_fork(child, args);
  sched_fork(child, parent);
  if (args.clear_sighand) flush_signal_handlers(child, false);
  // A thread on the same memory must not inherit the stack its maker handles signals on.
  if ((flags & (CLONE_VM | CLONE_VFORK)) === CLONE_VM) sas_ss_reset(child);
  if (!args.fn)
    child.kernel.arch.copy_thread(child, parent, args.stack, (flags & CLONE_SETTLS) !== 0, args.tls);
}

/** From here on others can see it. */
function link_process(child: Task, parent: Task, { flags }: KernelCloneArgs): void {
  const { kernel, signal } = child;
  const sibling = (flags & (CLONE_PARENT | CLONE_THREAD)) !== 0;
  child.real_parent = sibling ? parent.real_parent : parent;
  child.parent_exec_id = sibling ? parent.parent_exec_id : parent.self_exec_id;
  child.parent = child.real_parent;

  kernel.pids.attach_pid(child, PIDTYPE_PID, child.thread_pid);
  if (child.group_leader === child) {
    kernel.pids.attach_pid(child, PIDTYPE_TGID, child.thread_pid);
    kernel.pids.attach_pid(child, PIDTYPE_PGID, signal.pgrp);
    kernel.pids.attach_pid(child, PIDTYPE_SID, signal.session);
    child.real_parent.children.add(child);
  }
  signal.threads.add(child);
  signal.live++;
  signal.quick_threads++;
  child.cred.user.processes++;
  kernel.pids.nr_threads++;
  kernel.pids.total_forks++;
  if (child.group_leader === child) update_rlimit_cpu(child);
  if (child.pid === 1) kernel.init = child;
  if (is_child_reaper(child.thread_pid)) {
    child.thread_pid.ns.child_reaper = child;
    signal.flags |= SIGNAL_UNKILLABLE;
  }
}

/** A new task's first steps, on its own. */
function* ret_from_fork(task: Task, { fn }: KernelCloneArgs): Sleeps<never> {
  calculate_sigpending(task);
  if (task.set_child_tid) put_user_u32(task, task.set_child_tid, task_pid_vnr(task, task));
  if (fn) yield* fn(task);
  return yield* task.kernel.arch.user_mode(task);
}

/** Before a task that exits lets its memory go. */
export function exit_mm_release(task: Task): void {
  futex_exit_release(task);
  mm_release(task);
}

/** Before a task that executes a program lets its old memory go. */
export function exec_mm_release(task: Task): void {
  futex_exec_release(task);
  mm_release(task);
}

/** Tells those who wait for this: a joining thread (through a futex), and vfork's parent. */
function mm_release(task: Task): void {
  if (task.clear_child_tid && task.mm) {
    // With nobody else on this memory there is nobody to tell.
    if (task.mm.mm_users > 1 && put_user_u32(task, task.clear_child_tid, 0) === 0)
      futex_wake_tid(task, task.clear_child_tid);
    task.clear_child_tid = NULL;
  }
  const waiting = task.vfork_done;
  task.vfork_done = null;
  if (waiting) wake_up_all(waiting);
}
