/*
 * kernel/fs/proc/array.ts - stat and status
 *
 * Linux:   fs/proc/array.c
 * Manual:  proc_pid_stat(5), proc_pid_status(5)
 */

import type { Cred, KernelCap } from '../../cred.ts';
import type { PidNamespace } from '../../include/linux/pid_namespace.ts';
import { from_kgid_munged, from_kuid_munged } from '../../user_namespace.ts';
import { tty_devnum } from '../../drivers/tty/tty.ts';
import { tty_get_pgrp_nr } from '../../drivers/tty/tty_jobctrl.ts';
import {
  __TASK_STOPPED,
  __TASK_TRACED,
  EXIT_DEAD,
  EXIT_ZOMBIE,
  PF_DUMPCORE,
  PF_EXITING,
  PF_KTHREAD,
  type Task,
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
} from '../../include/linux/sched.ts';
import type { SigSet } from '../../include/linux/signal.ts';
import { PAGE_SIZE } from '../../include/linux/types.ts';
import { RLIMIT_RSS, RLIMIT_SIGPENDING } from '../../include/uapi/resource.ts';
import { SIG_DFL, SIG_IGN } from '../../include/uapi/signal.ts';
import { new_encode_dev } from '../../include/uapi/stat.ts';
import { get_mm_rss } from '../../mm/rmap.ts';
import {
  type Pid,
  pid_nr_ns,
  task_pgrp,
  task_pid_nr_ns,
  task_ppid_nr_ns,
  task_session,
  task_tgid,
  task_tgid_nr_ns,
} from '../../pid.ts';
import { PTRACE_MODE_READ_FSCREDS, ptrace_may_access } from '../../ptrace.ts';
import { nsec_to_clock_t, task_cputime, thread_group_cputime } from '../../sched/cputime.ts';
import { count_filters } from '../../seccomp.ts';
import { EMPTY_SIGSET, sigaddset, sigset_to_hex } from '../../signal/sigset.ts';
import { timens_add_boottime_ns } from '../../time/namespace.ts';
import { task_mem } from './task_mmu.ts';

/* What is set first names the state. */
// biome-ignore format: columns teach
const STATES: readonly (readonly [bit: number, text: string])[] = [
  [EXIT_DEAD,            'X (dead)'],
  [EXIT_ZOMBIE,          'Z (zombie)'],
  [__TASK_TRACED,        't (tracing stop)'],
  [__TASK_STOPPED,       'T (stopped)'],
  [TASK_UNINTERRUPTIBLE, 'D (disk sleep)'],
  [TASK_INTERRUPTIBLE,   'S (sleeping)'],
];

export function get_task_state(task: Task): string {
  const state = task.state | task.exit_state;
  return STATES.find(([bit]) => state & bit)?.[1] ?? 'R (running)';
}

/** Handled and ignored signals, of those that are not left to their default. */
function collect_sigign_sigcatch(task: Task): { ignored: SigSet; caught: SigSet } {
  let ignored = EMPTY_SIGSET;
  let caught = EMPTY_SIGSET;
  task.sighand.action.forEach(({ sa_handler }, index) => {
    if (sa_handler === SIG_IGN) ignored = sigaddset(ignored, index + 1);
    else if (sa_handler !== SIG_DFL) caught = sigaddset(caught, index + 1);
  });
  return { ignored, caught };
}

/** Names of a task cannot contain what ends a line. */
const escape_comm = (comm: string): string => comm.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** The first 31 signals as a number: all that there was room for. */
const low_signals = (set: SigSet): number => set.lo & 0x7fff_ffff;

const DEFAULT_PRIO = 20;
const ULONG_MAX = '18446744073709551615';
const SIGCHLD = 17;

/** One line; fields by proc_pid_stat(5)'s numbers. Addresses are for those who may look into the process. */
export function do_task_stat(task: Task, reader: Task, ns: PidNamespace, whole: boolean): string {
  const { signal, mm } = task;
  const may_look = ptrace_may_access(reader, task, PTRACE_MODE_READ_FSCREDS);
  const times = whole ? thread_group_cputime(task) : task_cputime(task);
  const { ignored, caught } = collect_sigign_sigcatch(task);
  const rss_limit = signal.rlim[RLIMIT_RSS]!.cur;
  const seen = may_look ? mm : null;
  const ended = (task.flags & (PF_EXITING | PF_DUMPCORE)) !== 0;

  const fields: (number | string)[] = [
    task_pid_nr_ns(task, ns), //                  (1) pid
    `(${escape_comm(task.comm)})`,
    get_task_state(task)[0]!,
    task.exit_state === EXIT_DEAD ? 0 : task_ppid_nr_ns(task, ns), // (4) ppid
    pid_nr_ns(task_pgrp(task), ns),
    pid_nr_ns(task_session(task), ns),
    signal.tty ? new_encode_dev(tty_devnum(signal.tty)) : 0, // (7) tty_nr
    signal.tty ? tty_get_pgrp_nr(signal.tty) : -1,
    task.flags,
    whole ? signal.min_flt + sum_threads(task, (t) => t.min_flt) : task.min_flt, // (10) minflt
    whole ? signal.cmin_flt : 0,
    0,
    0,
    nsec_to_clock_t(times.utime), //              (14) utime
    nsec_to_clock_t(times.stime),
    whole ? nsec_to_clock_t(signal.cutime) : 0,
    whole ? nsec_to_clock_t(signal.cstime) : 0,
    task.rt_priority ? -1 - task.rt_priority : DEFAULT_PRIO + task.nice, // (18) priority
    task.nice,
    signal.threads.size,
    0,
    nsec_to_clock_t(timens_add_boottime_ns(reader, task.start_time)), // (22) starttime
    mm ? mm.total_vm * PAGE_SIZE : 0,
    mm ? get_mm_rss(mm) : 0,
    rss_limit === Infinity ? ULONG_MAX : rss_limit,
    mm ? (seen ? mm.start_code : 1) : 0, //       (26) startcode
    mm ? (seen ? mm.end_code : 1) : 0,
    seen ? seen.start_stack : 0,
    may_look && ended ? task.kernel.arch.user_stack_pointer(task.regs) : 0,
    may_look && ended ? task.kernel.arch.instruction_pointer(task.regs) : 0,
    low_signals(task.pending.signal), //          (31) signal
    low_signals(task.blocked),
    low_signals(ignored),
    low_signals(caught),
    0, //                                         (35) wchan
    0,
    0,
    task.exit_signal === -1 ? -1 : task.exit_signal || (task === task.group_leader ? SIGCHLD : 0), // (38) exit_signal
    0,
    task.rt_priority,
    task.policy,
    0,
    0,
    0,
    seen ? seen.start_data : 0, //                (45) start_data
    seen ? seen.end_data : 0,
    seen ? seen.start_brk : 0,
    seen ? seen.arg_start : 0,
    seen ? seen.arg_end : 0,
    seen ? seen.env_start : 0,
    seen ? seen.env_end : 0,
    may_look ? task.exit_code : 0,
  ];
  return `${fields.join(' ')}\n`;
}

const sum_threads = (task: Task, of: (thread: Task) => number): number => {
  let sum = 0;
  for (const thread of task.signal.threads) sum += of(thread);
  return sum;
};

/** A process's directory shows the whole process, a thread's only the thread. */
export const proc_pid_stat = (task: Task, reader: Task, ns: PidNamespace): string =>
  do_task_stat(task, reader, ns, true);
export const proc_tid_stat = (task: Task, reader: Task, ns: PidNamespace): string =>
  do_task_stat(task, reader, ns, false);

const cap_hex = (set: KernelCap): string => sigset_to_hex(set);
const line = (name: string, ...values: (number | string)[]): string => `${name}:\t${values.join('\t')}\n`;

export function proc_pid_status(task: Task, reader: Task, ns: PidNamespace): string {
  return (
    line('Name', escape_comm(task.comm)) +
    status_ids(task, reader.cred, ns) +
    (task.mm ? task_mem(task.mm) : '') +
    (task.mm ? 'CoreDumping:\t0\nTHP_enabled:\t0\nuntag_mask:\t0xffffffffffffff\n' : '') +
    status_signals(task) +
    status_caps(task) +
    status_cpus(task)
  );
}

/** The numbers at each level from the reader's down to the task's own. */
const numbers_from = (pid: Pid, task: Task, ns: PidNamespace): number[] =>
  task.thread_pid.numbers.slice(ns.level).map((level) => pid_nr_ns(pid, level.ns));

function status_ids(task: Task, reader: Cred, ns: PidNamespace): string {
  const { cred } = task;
  const tracer = task.ptrace ? task_pid_nr_ns(task.parent, ns) : 0;
  const uids = [cred.uid, cred.euid, cred.suid, cred.fsuid].map((uid) => from_kuid_munged(reader, uid));
  const gids = [cred.gid, cred.egid, cred.sgid, cred.fsgid].map((gid) => from_kgid_munged(reader, gid));
  const fds = task.files?.fd.length ?? 0;
  return (
    line('Umask', `0${task.fs.umask.toString(8).padStart(3, '0')}`) +
    line('State', get_task_state(task)) +
    line('Tgid', task_tgid_nr_ns(task, ns)) +
    line('Ngid', 0) +
    line('Pid', task_pid_nr_ns(task, ns)) +
    line('PPid', task_ppid_nr_ns(task, ns)) +
    line('TracerPid', tracer) +
    line('Uid', ...uids) +
    line('Gid', ...gids) +
    line('FDSize', task.files ? Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, fds)))) : 0) +
    `Groups:\t${cred.group_info.map((gid) => `${gid} `).join('') || ' '}\n` +
    line('NStgid', ...numbers_from(task_tgid(task), task, ns)) +
    line('NSpid', ...numbers_from(task.thread_pid, task, ns)) +
    line('NSpgid', ...numbers_from(task_pgrp(task), task, ns)) +
    line('NSsid', ...numbers_from(task_session(task), task, ns)) +
    line('Kthread', task.flags & PF_KTHREAD ? 1 : 0)
  );
}

function status_signals(task: Task): string {
  const { ignored, caught } = collect_sigign_sigcatch(task);
  const limit = task.signal.rlim[RLIMIT_SIGPENDING]!.cur;
  return (
    line('Threads', task.signal.threads.size) +
    line('SigQ', `${task.cred.user.sigpending}/${limit === Infinity ? ULONG_MAX : limit}`) +
    line('SigPnd', sigset_to_hex(task.pending.signal)) +
    line('ShdPnd', sigset_to_hex(task.signal.shared_pending.signal)) +
    line('SigBlk', sigset_to_hex(task.blocked)) +
    line('SigIgn', sigset_to_hex(ignored)) +
    line('SigCgt', sigset_to_hex(caught))
  );
}

function status_caps({ cred, no_new_privs, seccomp }: Task): string {
  return (
    line('CapInh', cap_hex(cred.cap_inheritable)) +
    line('CapPrm', cap_hex(cred.cap_permitted)) +
    line('CapEff', cap_hex(cred.cap_effective)) +
    line('CapBnd', cap_hex(cred.cap_bset)) +
    line('CapAmb', cap_hex(cred.cap_ambient)) +
    line('NoNewPrivs', no_new_privs ? 1 : 0) +
    line('Seccomp', seccomp.mode) +
    line('Seccomp_filters', count_filters(seccomp)) +
    line('Speculation_Store_Bypass', 'not vulnerable') +
    line('SpeculationIndirectBranch', 'not affected')
  );
}

const status_cpus = (task: Task): string =>
  'Cpus_allowed:\t1\nCpus_allowed_list:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0\n' +
  line('voluntary_ctxt_switches', task.nvcsw) +
  line('nonvoluntary_ctxt_switches', task.nivcsw);
