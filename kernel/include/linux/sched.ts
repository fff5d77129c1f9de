/*
 * kernel/include/linux/sched.ts - struct task_struct and the structures tasks share
 *
 * Linux:   include/linux/sched.h, include/linux/sched/signal.h, arch/arm64/include/asm/thread_info.h
 * Differs: types only; kernel/fork.ts makes them
 */

import type { PtRegs } from '../../arch.ts';
import type { AuditContext } from '../../auditsc.ts';
import type { Cred } from '../../cred.ts';
import type { Kernel } from '../../kernel.ts';
import type { SyscallUserDispatch } from '../../entry/syscall_user_dispatch.ts';
import type { Pid } from '../../pid.ts';
import type { Rseq } from '../../rseq.ts';
import type { Seccomp } from '../../seccomp.ts';
import type { Sleeps } from '../../sched/wait.ts';
import type { WaitQueueHead } from '../../sched/wait.ts';
import type { HrTimer } from '../../time/hrtimer.ts';
import type { FilesStruct, FsStruct } from './fs.ts';
import type { Mm } from './mm_types.ts';
import type { NsProxy } from './ns_common.ts';
import type { KernelSigInfo, SigHand, SigPending, SigSet, SignalStruct } from './signal.ts';
import type { UserPtr } from './types.ts';

/* task.state: one of the wait states, or what exit and the tracer made of it. */
export const TASK_RUNNING = 0x0;
export const TASK_INTERRUPTIBLE = 0x1;
export const TASK_UNINTERRUPTIBLE = 0x2;
export const __TASK_STOPPED = 0x4;
export const __TASK_TRACED = 0x8;
export const EXIT_DEAD = 0x10;
export const EXIT_ZOMBIE = 0x20;
/** A tracer took the exit code; now the real parent may. */
export const EXIT_TRACE = EXIT_ZOMBIE | EXIT_DEAD;
/** It gave up the CPU for the last time. */
export const TASK_DEAD = 0x80;
export const TASK_WAKEKILL = 0x100;
export const TASK_KILLABLE = TASK_WAKEKILL | TASK_UNINTERRUPTIBLE;
export const TASK_STOPPED = TASK_WAKEKILL | __TASK_STOPPED;
export const TASK_TRACED = __TASK_TRACED;
export const TASK_NORMAL = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

/* thread_info.flags, arm64's numbers (v6.12); syscall work has no TIF bit: it lives in thread_info.syscall_work. */
export const TIF_SIGPENDING = 1 << 0;
export const TIF_NEED_RESCHED = 1 << 1;
export const TIF_NOTIFY_RESUME = 1 << 2;
export const TIF_FOREIGN_FPSTATE = 1 << 3;
export const TIF_NOTIFY_SIGNAL = 1 << 6;
export const TIF_RESTORE_SIGMASK = 1 << 20;
export const TIF_SINGLESTEP = 1 << 21;
/** System calls take tagged pointers: PR_SET_TAGGED_ADDR_CTRL. */
export const TIF_TAGGED_ADDR = 1 << 26;

/* thread_info.syscall_work: who wants to see this task's system calls (include/linux/thread_info.h). */
export const SYSCALL_WORK_SECCOMP = 1 << 0;
export const SYSCALL_WORK_SYSCALL_TRACEPOINT = 1 << 1;
export const SYSCALL_WORK_SYSCALL_TRACE = 1 << 2;
export const SYSCALL_WORK_SYSCALL_EMU = 1 << 3;
export const SYSCALL_WORK_SYSCALL_AUDIT = 1 << 4;
export const SYSCALL_WORK_SYSCALL_USER_DISPATCH = 1 << 5;
export const SYSCALL_WORK_SYSCALL_EXIT_TRAP = 1 << 6;

/* task.flags */
export const PF_EXITING = 0x4;
export const PF_SIGNALED = 0x400;
/** It became a user who has too many processes: told at the next execve. */
export const PF_NPROC_EXCEEDED = 0x1000;
export const PF_KTHREAD = 0x20_0000;
export const PF_FORKNOEXEC = 0x40;
export const PF_DUMPCORE = 0x200;

/* task.policy (include/uapi/linux/sched.h) */
export const SCHED_NORMAL = 0;
export const SCHED_FIFO = 1;
export const SCHED_RR = 2;
export const SCHED_BATCH = 3;
export const SCHED_IDLE = 5;
export const SCHED_DEADLINE = 6;

/** What the scheduler keeps about a task: how much it ran, and what that is worth at its priority. */
export interface SchedEntity {
  /** 1024 at nice 0; a task of twice the weight gets twice the CPU. */
  weight: number;
  /** ns run, scaled by 1024/weight: who has the least goes next. */
  vruntime: number;
  /** When the clock was last charged to it. */
  exec_start: number;
  sum_exec_runtime: number;
  /** sum_exec_runtime when it was put on the CPU: how much of its slice is used. */
  prev_sum_exec_runtime: number;
}

export interface ThreadInfo {
  flags: number;
  syscall_work: number;
}

/** How restart_syscall() goes on with a call that a signal interrupted. Set by who returns -ERESTART_RESTARTBLOCK. */
export type RestartBlock = (task: Task) => number | Sleeps<number>;

export interface Task {
  readonly kernel: Kernel;
  readonly thread_info: ThreadInfo;
  /** The thread id; changes only when another thread of the group executes a program and takes the leader's. */
  pid: number;
  tgid: number;
  /** The thread's `struct pid`, and those of its group, process group and session, by PIDTYPE_*. */
  thread_pid: Pid;
  /** At most 15 bytes, as in /proc/<pid>/comm. */
  comm: string;
  flags: number;
  state: number;
  exit_state: number;
  exit_code: number;
  exit_signal: number;
  /** The generator whose next step is this task's next step. */
  life: Sleeps<never>;
  /** Its user registers as they were at the trap. */
  readonly regs: PtRegs;
  /** What only the architecture understands: TLS register, FP state, debug registers. */
  thread: object;

  mm: Mm | null;
  fs: FsStruct;
  files: FilesStruct | null;
  cred: Cred;
  nsproxy: NsProxy;

  signal: SignalStruct;
  sighand: SigHand;
  blocked: SigSet;
  real_blocked: SigSet;
  saved_sigmask: SigSet;
  pending: SigPending;
  sas_ss_sp: UserPtr;
  sas_ss_size: number;
  sas_ss_flags: number;
  jobctl: number;
  restart_block: RestartBlock | null;
  pdeath_signal: number;

  real_parent: Task;
  parent: Task;
  readonly children: Set<Task>;
  group_leader: Task;
  /** Who it is ptraced by, and whom it ptraces: kernel/ptrace.ts. 0 = nobody. */
  ptrace: number;
  readonly ptraced: Set<Task>;
  /** Its tracer's credentials when it attached: null without one. */
  ptracer_cred: Cred | null;
  /** Where an attaching tracer waits for JOBCTL_TRAPPING to go. */
  trapping: WaitQueueHead | null;
  /** PTRACE_GETEVENTMSG and PTRACE_GETSIGINFO, of the stop the task is in. */
  ptrace_message: number;
  last_siginfo: KernelSigInfo | null;

  set_child_tid: UserPtr;
  clear_child_tid: UserPtr;
  robust_list: UserPtr;
  /** Woken when vfork's child lets go of the parent's memory; null otherwise. */
  vfork_done: WaitQueueHead | null;
  /** For a task that sleeps with a time limit. */
  sleep_timer: HrTimer | null;

  /** Instructions run in user space (utime) and a count of kernel entries (stime's stand-in), ns by the clock's rate. */
  utime: number;
  stime: number;
  /** Monotonic ns at fork. */
  start_time: number;
  nvcsw: number;
  nivcsw: number;
  min_flt: number;
  /** Length of the current time slice in ns. */
  time_slice: number;
  on_rq: boolean;
  se: SchedEntity;
  policy: number;
  /** 1..99 for SCHED_FIFO and SCHED_RR, else 0. */
  rt_priority: number;
  /** -20..19 */
  nice: number;
  /** IOPRIO_PRIO_VALUE(): class << 13 | level. */
  ioprio: number;
  sched_reset_on_fork: boolean;
  /** The affinity mask, cut to the CPUs there are: bit 0 is ours. */
  cpus_mask: number;
  timer_slack_ns: number;
  default_timer_slack_ns: number;
  /** PR_SET_NO_NEW_PRIVS: execve gives nothing that was not there. */
  no_new_privs: boolean;
  /** Counted by execve, remembered by fork: a child whose parent became another program ends with SIGCHLD, whatever it asked for. */
  self_exec_id: number;
  parent_exec_id: number;
  personality: number;
  /** What audit notes of the call it is in; null: it is not audited, and never will be. */
  audit_context: AuditContext | null;
  seccomp: Seccomp;
  syscall_dispatch: SyscallUserDispatch;
  /** Null: not registered. */
  rseq: Rseq | null;
}
