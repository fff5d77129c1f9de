/*
 * tests/lib/kernel.ts - a kernel without a board: real tasks, signals and scheduler, and an architecture of a few lines
 */

import { KcmpOrder } from '../../kernel/kcmp.ts';
import { UnixTable } from '../../kernel/net/unix/names.ts';
import type { Arch } from '../../kernel/arch.ts';
import { NO_CLONE_ARGS, copy_process } from '../../kernel/fork.ts';
import type { Task } from '../../kernel/include/linux/sched.ts';
import { PF_KTHREAD, TASK_RUNNING } from '../../kernel/include/linux/sched.ts';
import { CLONE_SIGHAND, CLONE_THREAD, CLONE_VM } from '../../kernel/include/uapi/sched.ts';
import { SIGCHLD } from '../../kernel/include/uapi/signal.ts';
import { Audit } from '../../kernel/audit.ts';
import { AuditFilter } from '../../kernel/auditfilter.ts';
import { UserTable } from '../../kernel/cred.ts';
import { init_task } from '../../kernel/init/init_task.ts';
import { PidTable } from '../../kernel/pid.ts';
import { Printk } from '../../kernel/printk.ts';
import { HrTimers } from '../../kernel/time/hrtimer.ts';
import { Timekeeping } from '../../kernel/time/timekeeping.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { Yama } from '../../kernel/security/yama.ts';
import { Scheduler } from '../../kernel/sched/core.ts';
import type { Sleeps } from '../../kernel/sched/wait.ts';
import { PtRegs } from '../../arch/arm64/include/asm/ptrace.ts';
import { ThreadStruct } from '../../arch/arm64/include/asm/processor.ts';
import { PROC_DYNAMIC_FIRST } from '../../kernel/include/linux/ns_common.ts';

/** What the tests at hand need; anything else is undefined, and says so loudly when it is called. */
export function fakeArch(over: Partial<Arch> = {}): Arch {
  const arch: Partial<Arch> = {
    arch_dup_task_struct: () => ({ regs: new PtRegs(), thread: new ThreadStruct() }),
    copy_thread: () => {},
    exit_thread: () => {},
    user_enable_single_step: () => {},
    user_disable_single_step: () => {},
    switch_to: () => {},
    handle_pending_irqs: () => {},
    instructions: () => 0,
    show_regs: () => '',
    arch_untagged_si_addr: (addr) => addr,
    syscall_get_nr: (regs) => (regs as PtRegs).syscallno,
    ...over,
  };
  return arch as Arch;
}

export function testKernel(over: Partial<Arch> = {}): Kernel {
  const users = new UserTable();
  const kernel = {
    arch: fakeArch(over),
    events: null,
    params: new Map<string, string>(),
    pids: new PidTable(users),
    users,
    yama: new Yama(),
    init: null,
    next_ns_inum: PROC_DYNAMIC_FIRST,
    unknown_syscalls: new Set<number>(),
    kcmp: new KcmpOrder(),
    unix: new UnixTable(),
  } as Partial<Kernel> as Kernel & { init_task: Task };
  kernel.printk = new Printk(kernel);
  kernel.audit = new Audit(kernel, new AuditFilter());
  kernel.hrtimers = new HrTimers(kernel);
  kernel.time = new Timekeeping(
    () => {},
    () => {},
  );
  kernel.init_task = init_task(kernel);
  kernel.sched = new Scheduler(kernel, kernel.init_task);
  kernel.pids.max_threads = 1000;
  for (const limit of kernel.init_task.signal.rlim) Object.assign(limit, { cur: 1000, max: 1000 });
  // biome-ignore lint/suspicious/noExplicitAny: no file system in these tests
  kernel.init_task.fs = { users: 1 } as any;
  return kernel;
}

// it never runs
function* nothing(): Sleeps<void> {}

/** A process (or with `thread` one more thread of `parent`'s), runnable, not running. */
export function testTask(kernel: Kernel, parent: Task = kernel.init_task, thread = false): Task {
  const flags = thread ? CLONE_VM | CLONE_SIGHAND | CLONE_THREAD : CLONE_VM;
  const task = copy_process(parent, {
    ...NO_CLONE_ARGS,
    flags,
    exit_signal: thread ? 0 : SIGCHLD,
    fn: nothing,
  });
  if (typeof task === 'number') throw new Error(`no task: ${task}`);
  task.flags &= ~PF_KTHREAD;
  task.state = TASK_RUNNING;
  return task;
}

/** Runs a function that is not expected to sleep, and returns its result. */
export function now<T>(work: Sleeps<T>): T {
  const step = work.next();
  if (!step.done) throw new Error('it sleeps');
  return step.value;
}
