/*
 * kernel/kernel.ts - everything one running kernel owns
 *
 * Differs: upstream has global variables. Here each subsystem keeps its state in an object that hangs off this one, so
 *          ten machines can run in one process and a test can boot one in a line. kernel/init/main.ts fills it.
 */

import type { Arch } from './arch.ts';
import type { FsState } from './include/linux/fs.ts';
import type { Task } from './include/linux/sched.ts';
import type { Random } from './drivers/char/random.ts';
import type { TtyState } from './drivers/tty/tty_io.ts';
import type { DeviceTree } from './drivers/of/fdt.ts';
import type { IrqState } from './irq/irqdesc.ts';
import type { KcmpOrder } from './kcmp.ts';
import type { UnixTable } from './net/unix/names.ts';
import type { PageAllocator } from './mm/page_alloc.ts';
import type { Audit } from './audit.ts';
import type { UserTable } from './cred.ts';
import type { FutexTable } from './futex/core.ts';
import type { PidTable } from './pid.ts';
import type { Printk } from './printk.ts';
import type { Yama } from './security/yama.ts';
import type { Scheduler } from './sched/core.ts';
import type { HrTimers } from './time/hrtimer.ts';
import type { Timekeeping } from './time/timekeeping.ts';
import type { EventSink } from './trace/events.ts';
import type { SyscallTrace } from './trace/trace_syscalls.ts';

/** Hardware, by physical address. What is not RAM may have side effects. */
export interface Io {
  /** Guest RAM byte by byte: index = physical address - ramBase. Page contents are reached here, devices never. */
  readonly ram: Uint8Array;
  readonly ramBase: number;
  /** Whoever writes to `ram` says at which index, a page at most at a time: code there may be kept in another form. */
  touch?(at: number): void;
  readl(pa: number): number;
  writel(pa: number, value: number): void;
  readb(pa: number): number;
  writeb(pa: number, value: number): void;
}

export interface Kernel {
  readonly arch: Arch;
  readonly io: Io;
  /** The event stream; null = nobody listens, and every producer tests just that. */
  events: EventSink | null;
  printk: Printk;
  /** The boot arguments, whole and by name ("quiet" maps to ""). */
  command_line: string;
  readonly params: Map<string, string>;
  /** Words that are not ours go to init: bare words as arguments, name=value as environment. */
  readonly init_args: string[];
  readonly init_env: string[];

  of: DeviceTree;
  mm: PageAllocator;
  irq: IrqState;
  time: Timekeeping;
  hrtimers: HrTimers;
  sched: Scheduler;
  pids: PidTable;
  users: UserTable;
  futex: FutexTable;
  random: Random;
  fs: FsState;
  tty: TtyState;
  /** Linux: kernel/trace. System calls as tracepoints, and where they are recorded. */
  trace: SyscallTrace;
  /** Linux: security/yama. Who may trace whom. */
  readonly yama: Yama;
  /** Linux: kernel/audit.c. What is recorded, and for whom. */
  audit: Audit;
  /** PID 0: the boot processor's thread, then the idle task. */
  readonly init_task: Task;
  /** PID 1; its death is a panic. */
  init: Task | null;
  /** What the firmware's driver registers, for kernel/reboot.ts. Either ends with the machine off, or does nothing. */
  pm_power_off: (() => void) | null;
  restart_handler: (() => void) | null;
  /** Linux: proc_alloc_inum(). The inode number of the next namespace that is made. */
  next_ns_inum: number;
  /** Calls without a row that were told in the log already, by number. */
  readonly unknown_syscalls: Set<number>;
  readonly kcmp: KcmpOrder;
  /** Linux: unix_socket_table. Unix sockets that have a name. */
  readonly unix: UnixTable;
  /** /proc/sys/kernel/seccomp/actions_logged: SECCOMP_RET_*. */
  seccomp_actions_logged: ReadonlySet<number>;
  /** /proc/sys/kernel/syscall_user_dispatch: may it be armed? Null: this kernel does not have it. */
  syscall_user_dispatch: boolean | null;
  /** The boot parameter rseq_debug: critical sections are checked, and system calls in them are found. */
  rseq_debug: boolean;
}
