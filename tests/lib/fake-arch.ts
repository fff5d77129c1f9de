/*
 * tests/lib/fake-arch.ts - a machine without instructions: programs are generators, time passes when they say so
 *
 * The kernel above it is the real one. A program computes (`user.compute(ns)`), makes system calls (`user.call(...)`) and
 * is interrupted, preempted and signalled at the points where a CPU would be.
 */

import { KcmpOrder } from '../../kernel/kcmp.ts';
import { UnixTable } from '../../kernel/net/unix/names.ts';
import { type Arch, PtRegs } from '../../kernel/arch.ts';
import { Audit } from '../../kernel/audit.ts';
import { AuditFilter } from '../../kernel/auditfilter.ts';
import { UserTable } from '../../kernel/cred.ts';
import { do_exit } from '../../kernel/exit.ts';
import { copy_process, fork_init, kernel_clone, NO_CLONE_ARGS } from '../../kernel/fork.ts';
import { FutexTable } from '../../kernel/futex/core.ts';
import type { Mm } from '../../kernel/include/linux/mm_types.ts';
import {
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TIF_NEED_RESCHED,
  TIF_SIGPENDING,
  type Task,
} from '../../kernel/include/linux/sched.ts';
import { PAGE_SIZE, type PhysAddr, type UserPtr } from '../../kernel/include/linux/types.ts';
import { EFAULT } from '../../kernel/include/uapi/errno.ts';
import { SIGCHLD } from '../../kernel/include/uapi/signal.ts';
import { init_task } from '../../kernel/init/init_task.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { mm_alloc } from '../../kernel/mm/init-mm.ts';
import { PidTable } from '../../kernel/pid.ts';
import { Printk } from '../../kernel/printk.ts';
import { Yama } from '../../kernel/security/yama.ts';
import { type RunState, Scheduler, schedule, wake_up_new_task } from '../../kernel/sched/core.ts';
import { is_generator, type Sleeps } from '../../kernel/sched/wait.ts';
import { get_signal } from '../../kernel/signal.ts';
import { HrTimers } from '../../kernel/time/hrtimer.ts';
import { NSEC_PER_SEC, Timekeeping } from '../../kernel/time/timekeeping.ts';
import type { Syscall } from '../../kernel/syscalls/define.ts';
import { PROC_DYNAMIC_FIRST } from '../../kernel/include/linux/ns_common.ts';

/** What runs in place of a program. When it returns, the task exits with 0. */
export type Program = (user: User) => Sleeps<void>;

class FakeRegs extends PtRegs {
  readonly args = new Uint32Array(12);
}

/** What a task is about to run; a fork hands its own on unless the test says otherwise. */
interface FakeThread {
  program: Program;
}

/** Any address below this is mapped, in every address space, and zero at first. */
const MAPPED = 0x100_0000;
const UNMAPPED: Program = function* () {};

export interface FakeOptions {
  readonly params?: readonly (readonly [string, string])[];
}

export class FakeMachine {
  readonly kernel: Kernel;
  /** Virtual ns. */
  now = 0;
  /** What happened, as the programs tell it. */
  readonly log: string[] = [];
  private alarm = Infinity;
  private readonly memory = new Map<Mm, Uint8Array>();
  private nextProgram: Program | null = null;

  constructor({ params = [] }: FakeOptions = {}) {
    this.kernel = this.makeKernel(new Map(params));
  }

  /** A process, child of `parent` (of PID 1 from the second on), ready to run. With `memory` it has an address space. */
  spawn(program: Program, parent: Task = this.kernel.init ?? this.kernel.init_task): Task {
    this.nextProgram = program;
    const task = copy_process(parent, { ...NO_CLONE_ARGS, exit_signal: SIGCHLD });
    if (typeof task === 'number') throw new Error(`no task: ${task}`);
    task.flags = 0;
    task.mm ??= this.newMm();
    wake_up_new_task(task);
    return task;
  }

  /** PID 1 that only reaps its children, and never ends. */
  boot(): Task {
    return this.spawn(function* (user) {
      for (;;) yield* user.pause();
    });
  }

  /** Until everybody sleeps and no timer is left, or `untilNs`. Idle time is skipped. */
  run(untilNs = Infinity): RunState {
    for (;;) {
      const state = this.kernel.sched.run();
      if (state !== 'idle' || this.alarm === Infinity || this.alarm > untilNs) return state;
      this.now = Math.max(this.now, this.alarm);
    }
  }

  /** Delivers the timer interrupt when it is due. */
  interrupts(): void {
    this.kernel.hrtimers.hrtimer_rearm_deferred();
    if (this.alarm > this.now) return;
    this.alarm = Infinity;
    this.kernel.hrtimers.hrtimer_interrupt();
  }

  /** When the clock event device rings next. */
  get nextAlarm(): number {
    this.kernel.hrtimers.hrtimer_rearm_deferred();
    return this.alarm;
  }

  /** The child runs `program` from the kernel_clone() that follows. */
  childRuns(program: Program): void {
    this.nextProgram = program;
  }

  private newMm(): Mm {
    const mm = mm_alloc(this.kernel);
    if (typeof mm === 'number') throw new Error(`no mm: ${mm}`);
    return mm;
  }

  memoryOf(mm: Mm): Uint8Array {
    const bytes = this.memory.get(mm) ?? new Uint8Array(MAPPED);
    this.memory.set(mm, bytes);
    return bytes;
  }

  private makeKernel(params: Map<string, string>): Kernel {
    const users = new UserTable();
    const kernel = {
      arch: this.makeArch(),
      events: null,
      params,
      pids: new PidTable(users),
      users,
      futex: new FutexTable(),
      yama: new Yama(),
      mm: { oom_victim: null },
      init: null,
      next_ns_inum: PROC_DYNAMIC_FIRST,
      unknown_syscalls: new Set<number>(),
      kcmp: new KcmpOrder(),
      unix: new UnixTable(),
    } as unknown as Kernel & { init_task: Task };
    kernel.printk = new Printk(kernel);
    kernel.audit = new Audit(kernel, new AuditFilter());
    kernel.hrtimers = new HrTimers(kernel);
    kernel.time = new Timekeeping(
      () => kernel.hrtimers.clock_was_set(),
      () => {},
    );
    kernel.init_task = init_task(kernel);
    // biome-ignore lint/suspicious/noExplicitAny: no file system
    kernel.init_task.fs = { users: 1 } as any;
    // biome-ignore lint/suspicious/noExplicitAny: no mounts either
    kernel.init_task.nsproxy = { ...kernel.init_task.nsproxy, mnt_ns: { count: 1 } as any };
    kernel.sched = new Scheduler(kernel, kernel.init_task);
    fork_init(kernel, 256 * 1024 * 1024);
    kernel.time.clocksource_register({ name: 'fake', hz: NSEC_PER_SEC, read: () => this.now });
    kernel.hrtimers.clockevents_register({
      name: 'fake',
      set_next_ktime: (ns) => {
        this.alarm = ns;
      },
      set_state_shutdown: () => {
        this.alarm = Infinity;
      },
    });
    return kernel;
  }

  private makeArch(): Arch {
    const arch: Partial<Arch> = {
      machine: 'fake',
      arch_dup_task_struct: (orig) => ({ regs: new FakeRegs(), thread: this.threadFor(orig) }),
      copy_thread: () => {},
      exit_thread: () => {},
      user_enable_single_step: () => {},
      user_disable_single_step: () => {},
      switch_to: () => {},
      // Page tables are not what is tested with this: every address space is one array of bytes.
      pgd_alloc: () => PAGE_SIZE as PhysAddr,
      flush_tlb_mm: () => {},
      init_new_context: () => ({}),
      destroy_context: () => {},
      pgd_free: () => {},
      free_pgtables: () => {},
      handle_pending_irqs: () => this.interrupts(),
      instructions: () => this.now,
      show_regs: () => '',
      syscall_get_nr: () => -1,
      user_mode: (task) => user_mode(this, task),
      copy_from_user: (mm, to, from) => this.copy(mm, to, from, true),
      copy_to_user: (mm, to, from) => this.copy(mm, from, to, false),
      clear_user: (mm, to, size) => this.copy(mm, new Uint8Array(size), to, false),
      get_user: (mm, from, size) => this.getUser(mm, from, size),
      put_user: (mm, to, value, size) => this.putUser(mm, to, value, size),
    };
    return arch as Arch;
  }

  private threadFor(orig: Task | null): FakeThread {
    const program = this.nextProgram ?? (orig?.thread as FakeThread | undefined)?.program ?? UNMAPPED;
    this.nextProgram = null;
    return { program };
  }

  private copy(mm: Mm, kernelSide: Uint8Array, at: UserPtr, fromUser: boolean): number {
    const memory = this.memoryOf(mm);
    const n = at < PAGE_SIZE ? 0 : Math.max(0, Math.min(kernelSide.length, MAPPED - at));
    if (n === 0) return kernelSide.length;
    if (fromUser) kernelSide.set(memory.subarray(at, at + n));
    else memory.set(kernelSide.subarray(0, n), at);
    return kernelSide.length - n;
  }

  private getUser(mm: Mm, from: UserPtr, size: number): number {
    const bytes = new Uint8Array(size);
    if (this.copy(mm, bytes, from, true)) return -EFAULT;
    return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  }

  private putUser(mm: Mm, to: UserPtr, value: number, size: number): number {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
    return this.copy(mm, bytes.subarray(0, size), to, false) ? -EFAULT : 0;
  }
}

function* user_mode(machine: FakeMachine, task: Task): Sleeps<never> {
  const user = new User(machine, task);
  yield* user.exitToUser();
  yield* (task.thread as FakeThread).program(user);
  return yield* do_exit(task, 0);
}

/** What a program can do. */
export class User {
  readonly machine: FakeMachine;
  readonly task: Task;
  /** Signals whose handlers ran. */
  readonly caught: number[] = [];

  constructor(machine: FakeMachine, task: Task) {
    this.machine = machine;
    this.task = task;
  }

  log(text: string): void {
    this.machine.log.push(text);
  }

  /** Uses the CPU; interrupts come when they are due, and others may get their turn. */
  *compute(ns: number): Sleeps<void> {
    const { machine } = this;
    for (let left = ns; left > 0; ) {
      const step = Math.min(left, Math.max(0, machine.nextAlarm - machine.now));
      machine.now += step;
      left -= step;
      machine.interrupts();
      yield* this.exitToUser();
    }
  }

  /** Sleeps until a signal comes that is not ignored. */
  *pause(): Sleeps<void> {
    this.task.state = TASK_INTERRUPTIBLE;
    yield* schedule(this.task);
    this.task.state = TASK_RUNNING;
    yield* this.exitToUser();
  }

  /** A system call by its declaration, through the registers. */
  *call(sys: Syscall, ...args: (number | bigint)[]): Sleeps<number> {
    const words = new Uint32Array(12);
    args.forEach((arg, i) => {
      new DataView(words.buffer).setBigInt64(8 * i, BigInt.asIntN(64, BigInt(arg)), true);
    });
    const ret = sys.call(this.task, words);
    const value = is_generator(ret) ? yield* ret : ret;
    yield* this.exitToUser();
    return Number(value);
  }

  /** clone(): the child runs `program`. */
  *fork(program: Program, flags = 0, over: Partial<typeof NO_CLONE_ARGS> = {}): Sleeps<number> {
    this.machine.childRuns(program);
    return yield* kernel_clone(this.task, { ...NO_CLONE_ARGS, flags, exit_signal: SIGCHLD, ...over });
  }

  /** A word of the task's memory. */
  peek(at: number): number {
    return new DataView(this.machine.memoryOf(this.task.mm!).buffer).getUint32(at, true);
  }

  poke(at: number, value: number): void {
    new DataView(this.machine.memoryOf(this.task.mm!).buffer).setUint32(at, value, true);
  }

  /** What the way out of the kernel does: others first, then signals. */
  *exitToUser(): Sleeps<void> {
    const { thread_info } = this.task;
    while (thread_info.flags & (TIF_NEED_RESCHED | TIF_SIGPENDING)) {
      if (thread_info.flags & TIF_NEED_RESCHED) yield* schedule(this.task);
      if (thread_info.flags & TIF_SIGPENDING) {
        const ksig = yield* get_signal(this.task);
        if (ksig) this.caught.push(ksig.sig);
      }
    }
  }
}
