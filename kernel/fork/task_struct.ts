/*
 * kernel/fork/task_struct.ts - what a child gets of its parent's, and what is its own
 *
 * Linux:   kernel/fork.c (dup_task_struct, copy_process, copy_signal, copy_sighand), v6.12
 * Manual:  fork(2), clone(2)
 * Differs: field by field; `...parent` would be shorter, but a host like V8 makes a new hidden class for a copy of a copy,
 *          and would compile whatever handles tasks again for each generation of processes
 */

import { dup_fd } from '../fs/file.ts';
import type { FsStruct } from '../include/linux/fs.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import type { NsProxy } from '../include/linux/ns_common.ts';
import {
  PF_EXITING,
  PF_FORKNOEXEC,
  PF_KTHREAD,
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_TRACE,
  SYSCALL_WORK_SYSCALL_USER_DISPATCH,
  type Task,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_RESUME,
  TIF_NOTIFY_SIGNAL,
  TIF_SIGPENDING,
  TIF_SINGLESTEP,
} from '../include/linux/sched.ts';
import type { KSigAction, SigHand, SignalStruct } from '../include/linux/signal.ts';
import { NULL } from '../include/linux/types.ts';
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_FILES,
  CLONE_PARENT,
  CLONE_SIGHAND,
  CLONE_THREAD,
} from '../include/uapi/sched.ts';
import type { Cred } from '../cred.ts';
import type { KernelCloneArgs } from '../fork.ts';
import { Mutex } from '../locking/mutex.ts';
import type { Pid } from '../pid.ts';
import { rseq_fork } from '../rseq.ts';
import { WaitQueueHead } from '../sched/wait.ts';
import { new_pending } from '../signal.ts';

/** What a child is born into, before it has a number. */
export interface World {
  readonly cred: Cred;
  readonly fs: FsStruct;
  readonly nsproxy: NsProxy;
  readonly mm: Mm | null;
}

/** The child as it is before anybody knows it; in the order of init_task(), so that all tasks are of one hidden class. */
export function dup_task_struct(parent: Task, args: KernelCloneArgs, pid: Pid, world: World): Task {
  const { kernel } = parent;
  const { flags } = args;
  const isThread = (flags & CLONE_THREAD) !== 0;
  const { regs, thread } = kernel.arch.arch_dup_task_struct(args.fn ? null : parent);
  const child: Task = {
    kernel,
    thread_info: child_thread_info(parent),
    regs,
    thread,
    pid: pid.nr,
    tgid: isThread ? parent.tgid : pid.nr,
    thread_pid: pid,
    comm: parent.comm,
    flags: (parent.flags & ~(PF_EXITING | PF_KTHREAD)) | PF_FORKNOEXEC | (args.fn ? PF_KTHREAD : 0),
    state: parent.state,
    exit_state: 0,
    exit_code: 0,
    exit_signal: isThread ? -1 : flags & CLONE_PARENT ? parent.group_leader.exit_signal : args.exit_signal,
    life: parent.life, // until it has one of its own

    mm: world.mm,
    fs: world.fs,
    files: parent.files && (flags & CLONE_FILES ? shareFiles(parent) : dup_fd(parent.files)),
    cred: world.cred,
    nsproxy: world.nsproxy,

    signal: isThread ? parent.signal : copy_signal(parent.signal),
    sighand: copy_sighand(parent.sighand, flags),
    blocked: parent.blocked,
    real_blocked: parent.real_blocked,
    saved_sigmask: parent.saved_sigmask,
    pending: new_pending(),
    sas_ss_sp: parent.sas_ss_sp,
    sas_ss_size: parent.sas_ss_size,
    sas_ss_flags: parent.sas_ss_flags,
    jobctl: 0,
    restart_block: null,
    pdeath_signal: 0,

    real_parent: parent,
    parent,
    children: new Set(),
    group_leader: parent.group_leader,
    ptrace: 0,
    ptraced: new Set(),
    ptracer_cred: null,
    trapping: null,
    ptrace_message: parent.ptrace_message,
    last_siginfo: null,

    set_child_tid: flags & CLONE_CHILD_SETTID ? args.child_tid : NULL,
    clear_child_tid: flags & CLONE_CHILD_CLEARTID ? args.child_tid : NULL,
    robust_list: NULL,
    vfork_done: null,
    sleep_timer: null,

    utime: 0,
    stime: 0,
    start_time: kernel.time.monotonicNs(),
    nvcsw: 0,
    nivcsw: 0,
    min_flt: 0,
    time_slice: parent.time_slice,
    on_rq: false,
    se: parent.se,
    ioprio: parent.ioprio,
    policy: parent.policy,
    rt_priority: parent.rt_priority,
    nice: parent.nice,
    sched_reset_on_fork: parent.sched_reset_on_fork,
    cpus_mask: parent.cpus_mask,
    timer_slack_ns: parent.timer_slack_ns,
    default_timer_slack_ns: parent.default_timer_slack_ns,
    no_new_privs: parent.no_new_privs,
    self_exec_id: parent.self_exec_id,
    parent_exec_id: parent.parent_exec_id,
    personality: parent.personality,
    audit_context: parent.audit_context,
    seccomp: parent.seccomp,
    syscall_dispatch: { ...parent.syscall_dispatch },
    rseq: rseq_fork(parent, flags),
  };
  if (!isThread) child.group_leader = child;
  return child;
}

function child_thread_info({ thread_info }: Task): Task['thread_info'] {
  const notInherited =
    TIF_SIGPENDING | TIF_NEED_RESCHED | TIF_NOTIFY_RESUME | TIF_NOTIFY_SIGNAL | TIF_SINGLESTEP;
  const untraced = SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU | SYSCALL_WORK_SYSCALL_USER_DISPATCH;
  return {
    flags: thread_info.flags & ~notInherited,
    syscall_work: thread_info.syscall_work & ~untraced,
  };
}

function shareFiles({ files }: Task): Task['files'] {
  files!.count++;
  return files;
}

function copy_sighand(old: SigHand, flags: number): SigHand {
  if (!(flags & CLONE_SIGHAND)) return { count: 1, action: old.action.map(copy_action) };
  old.count++;
  return old;
}

const copy_action = ({ sa_handler, sa_flags, sa_restorer, sa_mask }: KSigAction): KSigAction => ({
  sa_handler,
  sa_flags,
  sa_restorer,
  sa_mask,
});

/** A process of its own: limits, session and terminal are inherited, timers and totals are not. */
function copy_signal(old: SignalStruct): SignalStruct {
  const signal = newSignalStruct(old.pgrp, old.session);
  for (const { cur, max } of old.rlim) signal.rlim.push({ cur, max });
  signal.tty = old.tty;
  signal.oom_score_adj = old.oom_score_adj;
  return signal;
}

/** Also for the first one. */
export const newSignalStruct = (pgrp: Pid, session: Pid): SignalStruct => ({
  threads: new Set(),
  live: 0,
  quick_threads: 0,
  notify_count: 0,
  shared_pending: new_pending(),
  wait_chldexit: new WaitQueueHead(),
  cred_guard_mutex: new Mutex(),
  group_exit_code: 0,
  group_exec_task: null,
  curr_target: null,
  group_stop_count: 0,
  flags: 0,
  pgrp,
  session,
  leader: false,
  tty: null,
  tty_old_pgrp: null,
  rlim: [],
  rlim_cpu: null,
  real_timer: null,
  it_real_incr: 0,
  it: [],
  posix_timers: new Map(),
  next_posix_timer_id: 0,
  cpu_timers: null,
  utime: 0,
  stime: 0,
  cutime: 0,
  cstime: 0,
  sum_sched_runtime: 0,
  min_flt: 0,
  cmin_flt: 0,
  nvcsw: 0,
  cnvcsw: 0,
  nivcsw: 0,
  cnivcsw: 0,
  maxrss: 0,
  cmaxrss: 0,
  is_child_subreaper: false,
  oom_score_adj: 0,
});
