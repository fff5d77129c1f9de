/*
 * kernel/init/init_task.ts - the task that was always there
 *
 * Linux: init/init_task.c (v6.12)
 *
 * PID 0 boots the kernel and becomes the idle task. Everything else is a copy of it, or of a copy.
 */

import { init_cred } from '../cred.ts';
import { new_syscall_user_dispatch } from '../entry/syscall_user_dispatch.ts';
import { new_files } from '../fs/file.ts';
import { newSignalStruct } from '../fork/task_struct.ts';
import type { FsStruct, MntNamespace } from '../include/linux/fs.ts';
import type { NsProxy } from '../include/linux/ns_common.ts';
import type { PidNamespace } from '../include/linux/pid_namespace.ts';
import type { UserNamespace } from '../include/linux/user_namespace.ts';
import { init_time_ns } from '../time/namespace.ts';
import { init_uts_ns } from '../utsname.ts';
import { PF_KTHREAD, SCHED_NORMAL, type Task } from '../include/linux/sched.ts';
import type { Rlimit } from '../include/linux/signal.ts';
import { NULL } from '../include/linux/types.ts';
import {
  RLIMIT_CORE,
  RLIMIT_MEMLOCK,
  RLIMIT_MSGQUEUE,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RTPRIO,
  RLIMIT_SIGPENDING,
  RLIMIT_STACK,
  RLIM_NLIMITS,
} from '../include/uapi/resource.ts';
import { SS_DISABLE } from '../include/uapi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { Pid } from '../pid.ts';
import type { Sleeps } from '../sched/wait.ts';
import { new_seccomp } from '../seccomp.ts';
import { new_pending, new_sighand } from '../signal.ts';
import { EMPTY_SIGSET } from '../signal/sigset.ts';
import { weightOf } from '../sched/fair.ts';

/** Linux: INIT_RLIMITS. What is not listed is unlimited; fork_init() sets the two zeroes at the end. */
// biome-ignore format: columns teach
const INIT_RLIMITS: ReadonlyMap<number, Rlimit> = new Map([
  [RLIMIT_STACK,      { cur: 8 * 1024 * 1024, max: Infinity }],
  [RLIMIT_CORE,       { cur: 0,               max: Infinity }],
  [RLIMIT_NOFILE,     { cur: 1024,            max: 4096 }],
  [RLIMIT_MEMLOCK,    { cur: 8 * 1024 * 1024, max: 8 * 1024 * 1024 }],
  [RLIMIT_MSGQUEUE,   { cur: 819_200,         max: 819_200 }],
  [RLIMIT_NICE,       { cur: 0,               max: 0 }],
  [RLIMIT_RTPRIO,     { cur: 0,               max: 0 }],
  [RLIMIT_NPROC,      { cur: 0,               max: 0 }],
  [RLIMIT_SIGPENDING, { cur: 0,               max: 0 }],
]);

const initRlimits = (): Rlimit[] =>
  Array.from({ length: RLIM_NLIMITS }, (_, limit) => ({
    ...(INIT_RLIMITS.get(limit) ?? { cur: Infinity, max: Infinity }),
  }));

const TIMER_SLACK_NS = 50_000;

/** Needs kernel.arch and kernel.users only. Its file system comes with vfs_caches_init(). */
export function init_task(kernel: Kernel): Task {
  const { init_user_ns } = kernel.users;
  const { init_pid_ns } = kernel.pids;
  const pid = new Pid([{ nr: 0, ns: init_pid_ns }]);
  const signal = newSignalStruct(pid, pid);
  signal.rlim.push(...initRlimits());
  const { regs, thread } = kernel.arch.arch_dup_task_struct(null);
  const task: Task = {
    kernel,
    thread_info: { flags: 0, syscall_work: 0 },
    regs,
    thread,
    pid: 0,
    tgid: 0,
    thread_pid: pid,
    comm: 'swapper',
    flags: PF_KTHREAD,
    state: 0,
    exit_state: 0,
    exit_code: 0,
    exit_signal: 0,
    life: idle(),
    mm: null,
    fs: null as unknown as FsStruct, // mount_init() will know a root
    files: new_files(),
    cred: init_cred(kernel.users),
    nsproxy: init_nsproxy(init_user_ns, init_pid_ns),
    signal,
    sighand: new_sighand(),
    blocked: EMPTY_SIGSET,
    real_blocked: EMPTY_SIGSET,
    saved_sigmask: EMPTY_SIGSET,
    pending: new_pending(),
    sas_ss_sp: NULL,
    sas_ss_size: 0,
    sas_ss_flags: SS_DISABLE,
    jobctl: 0,
    restart_block: null,
    pdeath_signal: 0,
    real_parent: null as unknown as Task,
    parent: null as unknown as Task,
    children: new Set(),
    group_leader: null as unknown as Task,
    ptrace: 0,
    ptraced: new Set(),
    ptracer_cred: null,
    trapping: null,
    ptrace_message: 0,
    last_siginfo: null,
    set_child_tid: NULL,
    clear_child_tid: NULL,
    robust_list: NULL,
    vfork_done: null,
    sleep_timer: null,
    utime: 0,
    stime: 0,
    start_time: 0,
    nvcsw: 0,
    nivcsw: 0,
    min_flt: 0,
    time_slice: 0,
    on_rq: false,
    se: {
      weight: weightOf(SCHED_NORMAL, 0),
      vruntime: 0,
      exec_start: 0,
      sum_exec_runtime: 0,
      prev_sum_exec_runtime: 0,
    },
    policy: SCHED_NORMAL,
    rt_priority: 0,
    nice: 0,
    ioprio: 0,
    sched_reset_on_fork: false,
    cpus_mask: 1,
    timer_slack_ns: TIMER_SLACK_NS,
    default_timer_slack_ns: TIMER_SLACK_NS,
    no_new_privs: false,
    self_exec_id: 0,
    parent_exec_id: 0,
    personality: 0,
    audit_context: null,
    seccomp: new_seccomp(),
    syscall_dispatch: new_syscall_user_dispatch(),
    rseq: null,
  };
  init_pid_ns.child_reaper = task;
  task.group_leader = task;
  task.parent = task;
  task.real_parent = task;
  signal.threads.add(task);
  signal.live = 1;
  signal.quick_threads = 1;
  return task;
}

function init_nsproxy(user_ns: UserNamespace, pid_ns: PidNamespace): NsProxy {
  const time_ns = init_time_ns(user_ns);
  return {
    count: 1,
    uts_ns: init_uts_ns(user_ns),
    mnt_ns: null as unknown as MntNamespace, // mnt_init() will make it
    pid_ns_for_children: pid_ns,
    time_ns,
    time_ns_for_children: time_ns,
  };
}

/** The idle task does not run: Scheduler.run() returns instead, and the machine's owner waits. */
// biome-ignore lint/correctness/useYield: it never runs
function* idle(): Sleeps<never> {
  throw new Error('the idle task was resumed');
}
