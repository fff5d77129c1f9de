/*
 * kernel/include/linux/signal.ts - what a pending signal is made of
 *
 * Linux:   include/linux/signal_types.h, include/linux/sched/signal.h, include/uapi/asm-generic/siginfo.h
 * Differs: a signal set is two 32-bit halves, never a bigint; struct multiprocess_signals is absent
 */

import type { WaitQueueHead } from '../../sched/wait.ts';
import type { UserStruct } from '../../cred.ts';
import type { Mutex } from '../../locking/mutex.ts';
import type { Pid } from '../../pid.ts';
import type { HrTimer } from '../../time/hrtimer.ts';
import type { CpuItimer } from '../../time/itimer.ts';
import type { CpuTimer } from '../../time/posix-cpu-timers.ts';
import type { PosixTimer } from '../../time/posix-timers.ts';
import type { Tty } from './tty.ts';
import type { Task } from './sched.ts';
import type { UserPtr } from './types.ts';

/** 64 signals: bit (sig-1). `lo` holds 1..32, `hi` 33..64. Immutable: replaced, never changed in place. */
export interface SigSet {
  readonly lo: number;
  readonly hi: number;
}

/** siginfo_t by name; which fields are meaningful follows from si_signo and si_code (siginfo_layout()). */
export interface KernelSigInfo {
  si_signo: number;
  si_errno: number;
  si_code: number;
  si_pid?: number;
  si_uid?: number;
  si_status?: number;
  si_utime?: number;
  si_stime?: number;
  /** sival_ptr as its two 32-bit words. */
  si_value?: readonly [number, number];
  si_tid?: number;
  si_overrun?: number;
  /** An address as the hardware reported it: may be any 64-bit value. */
  si_addr?: bigint;
  si_band?: number;
  si_fd?: number;
  si_call_addr?: number;
  si_syscall?: number;
  si_arch?: number;
  si_addr_lsb?: number;
  /** The 48 bytes of a siginfo that user space made (rt_sigqueueinfo): handed on as they are. */
  raw?: Uint8Array;
}

/** One entry of a queue of pending signals. */
export interface SigQueue {
  info: KernelSigInfo;
  /** Whose RLIMIT_SIGPENDING it counts against; null = nobody's. */
  readonly user: UserStruct | null;
  /** A POSIX timer's own entry: used again and again, and its owner is told when it is delivered. */
  readonly timer: SigQueueTimer | null;
}

export interface SigQueueTimer {
  /** The signal is being delivered: fill in si_overrun and start again if periodic. False: the timer is gone, drop the signal. */
  posixtimer_deliver_signal(task: Task, info: KernelSigInfo): boolean;
}

export interface SigPending {
  /** Which signals have an entry or were sent without one (queue full). */
  signal: SigSet;
  readonly list: SigQueue[];
}

export interface KSigAction {
  sa_handler: UserPtr;
  sa_flags: number;
  sa_restorer: UserPtr;
  sa_mask: SigSet;
}

/** Shared by tasks cloned with CLONE_SIGHAND. */
export interface SigHand {
  /** Index sig-1. */
  readonly action: KSigAction[];
  /** Tasks that share it. */
  count: number;
  /** Where readers of a signalfd wait; made by the first of them. */
  signalfd_wqh?: WaitQueueHead;
}

export interface Rlimit {
  /** RLIM_INFINITY is Infinity. */
  cur: number;
  max: number;
}

/** Shared by the threads of one process. */
export interface SignalStruct {
  /** Oldest first; zombies too, until they are released. */
  readonly threads: Set<Task>;
  /** Threads that have not begun to exit. */
  live: number;
  /** Threads that have not come to synchronize_group_exit(): before `live`, as a tracer may hold one up in between. */
  quick_threads: number;
  /** execve in one of several threads: how many are still to end; -1: the leader must become a zombie. Then wake group_exec_task. */
  notify_count: number;
  readonly shared_pending: SigPending;
  readonly wait_chldexit: WaitQueueHead;
  /** From the start of an execve() until its credentials are in force: nobody may attach, or install filters, meanwhile. */
  readonly cred_guard_mutex: Mutex;
  group_exit_code: number;
  group_exec_task: Task | null;
  /** Where the search for a thread to take a shared signal starts: each gets its turn. */
  curr_target: Task | null;
  group_stop_count: number;
  /** SIGNAL_* */
  flags: number;
  /** By PIDTYPE_*: the process group and the session. */
  pgrp: Pid;
  session: Pid;
  leader: boolean;
  tty: Tty | null;
  tty_old_pgrp: Pid | null;
  readonly rlim: Rlimit[];
  /** What RLIMIT_CPU counts with; null = unlimited. */
  rlim_cpu: CpuTimer | null;
  /** ITIMER_REAL, and its interval in ns (0: once). */
  real_timer: HrTimer | null;
  it_real_incr: number;
  /** ITIMER_VIRTUAL and ITIMER_PROF, once they were used: kernel/time/itimer.ts. */
  readonly it: CpuItimer[];
  /** timer_create(): by timer id. */
  readonly posix_timers: Map<number, PosixTimer>;
  next_posix_timer_id: number;
  /** Armed timers on the process's CPU clock; null = none, and nobody looks. */
  cpu_timers: Set<CpuTimer> | null;
  /** Totals of children that were waited for and of threads that died. */
  utime: number;
  stime: number;
  cutime: number;
  cstime: number;
  /** CPU time of threads that died, as the scheduler counted it. */
  sum_sched_runtime: number;
  min_flt: number;
  cmin_flt: number;
  nvcsw: number;
  cnvcsw: number;
  nivcsw: number;
  cnivcsw: number;
  maxrss: number;
  cmaxrss: number;
  is_child_subreaper: boolean;
  oom_score_adj: number;
}
