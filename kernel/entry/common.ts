/*
 * kernel/entry/common.ts - the common way into a system call and out of the kernel
 *
 * Linux:   kernel/entry/common.c, include/linux/entry-common.h (v7.2, with tip core/entry of July 2026)
 * Differs: the short path is the architecture's: nothing here runs unless somebody wants to look
 * Absent:  lockdep and context tracking, which have nothing to track on one CPU without a tick that could be stopped
 *
 *     syscall_trace_enter         invoke         syscall_exit_work          exit_to_user_mode_loop
 *     sud, ptrace, seccomp,    --------------->  ptrace                 -->  schedule, signals, until
 *     tracepoint, audit           the table                                  nothing is left
 */

import type { PtRegs } from '../arch.ts';
import { audit_syscall_entry, audit_syscall_exit } from '../auditsc.ts';
import {
  SYSCALL_WORK_SECCOMP,
  SYSCALL_WORK_SYSCALL_AUDIT,
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_EXIT_TRAP,
  SYSCALL_WORK_SYSCALL_TRACE,
  SYSCALL_WORK_SYSCALL_TRACEPOINT,
  SYSCALL_WORK_SYSCALL_USER_DISPATCH,
  TIF_NEED_RESCHED,
  TIF_NOTIFY_RESUME,
  TIF_NOTIFY_SIGNAL,
  TIF_SIGPENDING,
  type Task,
} from '../include/linux/sched.ts';
import { rseq_debug_syscall_return, rseq_handle_slowpath } from '../rseq.ts';
import { schedule } from '../sched/core.ts';
import type { MaySleep, Sleeps } from '../sched/wait.ts';
import { __secure_computing } from '../seccomp.ts';
import type { EntryStep, Event } from '../trace/events.ts';
import { syscall_user_dispatch } from './syscall_user_dispatch.ts';

/** Somebody looks at the call before it is made. */
export const SYSCALL_WORK_ENTER =
  SYSCALL_WORK_SECCOMP |
  SYSCALL_WORK_SYSCALL_TRACEPOINT |
  SYSCALL_WORK_SYSCALL_TRACE |
  SYSCALL_WORK_SYSCALL_EMU |
  SYSCALL_WORK_SYSCALL_AUDIT |
  SYSCALL_WORK_SYSCALL_USER_DISPATCH;

/** Somebody looks at what came of it. */
export const SYSCALL_WORK_EXIT =
  SYSCALL_WORK_SYSCALL_TRACEPOINT |
  SYSCALL_WORK_SYSCALL_TRACE |
  SYSCALL_WORK_SYSCALL_AUDIT |
  SYSCALL_WORK_SYSCALL_USER_DISPATCH |
  SYSCALL_WORK_SYSCALL_EXIT_TRAP;

/** What must not be left when a task returns to user space. */
export const EXIT_TO_USER_MODE_WORK =
  TIF_SIGPENDING | TIF_NOTIFY_SIGNAL | TIF_NOTIFY_RESUME | TIF_NEED_RESCHED;

/** Instead of a number: make no call, and leave the result register alone. */
export const NO_SYSCALL = -1;

/*
 * Everybody who may look at a system call before it happens, in the only order that works. Returns the number to call, or
 * NO_SYSCALL.
 */
export function* syscall_trace_enter(task: Task, regs: PtRegs): Sleeps<number> {
  const { arch } = task.kernel;
  let work = task.thread_info.syscall_work;

  // First: a dispatched call need not be a Linux call at all, so nobody below may interpret it.
  if (work & SYSCALL_WORK_SYSCALL_USER_DISPATCH) {
    step(task, 'sud');
    if (syscall_user_dispatch(task, regs)) return NO_SYSCALL;
  }

  // The tracer may rewrite the number and the arguments.
  if (work & (SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU)) {
    step(task, 'ptrace');
    const fatal = yield* arch.arch_ptrace_report_syscall_entry(task);
    // EMU is what it was when the stop began: the resuming request decides about the next call, not about this one.
    if (fatal || work & SYSCALL_WORK_SYSCALL_EMU) return NO_SYSCALL;
    // While it was stopped another thread may have given it a filter, or somebody switched tracing on.
    work = task.thread_info.syscall_work;
  }

  // What the tracer left is what the filter judges, not what the program asked for.
  if (work & SYSCALL_WORK_SECCOMP) {
    step(task, 'seccomp');
    const verdict = __secure_computing(task);
    if ((typeof verdict === 'object' ? yield* verdict : verdict) < 0) return NO_SYSCALL;
  }

  // And this is what will be called.
  if (work & SYSCALL_WORK_SYSCALL_TRACEPOINT) {
    step(task, 'tracepoint');
    task.kernel.trace.sys_enter(task, regs);
  }
  if (work & SYSCALL_WORK_SYSCALL_AUDIT) {
    step(task, 'audit');
    audit_syscall_entry(task, regs);
  }

  step(task, 'invoke');
  return arch.syscall_get_nr(regs);
}

/** Undefined: nobody wanted to look. */
export function syscall_exit_to_user_mode_work(task: Task): MaySleep<void> {
  // On the registers as the call left them: a tracer may move the pc out of a critical section, or into one.
  if (task.kernel.rseq_debug) rseq_debug_syscall_return(task);
  if (task.thread_info.syscall_work & SYSCALL_WORK_EXIT) return syscall_exit_work(task);
}

/** The call is done, or was skipped. Signals come later: this happens once, the loop below until nothing is left. */
export function syscall_exit_work(task: Task): MaySleep<void> {
  const work = task.thread_info.syscall_work;
  // A call that was given back did not happen: not even its end.
  if (work & SYSCALL_WORK_SYSCALL_USER_DISPATCH && task.syscall_dispatch.on_dispatch) {
    task.syscall_dispatch.on_dispatch = false;
    return;
  }
  step(task, 'exit-work');
  if (work & SYSCALL_WORK_SYSCALL_AUDIT) audit_syscall_exit(task, task.regs);
  if (work & SYSCALL_WORK_SYSCALL_TRACEPOINT) task.kernel.trace.sys_exit(task, task.regs);
  const singleStep = report_single_step(work);
  if (singleStep || work & SYSCALL_WORK_SYSCALL_TRACE) {
    return task.kernel.arch.arch_ptrace_report_syscall_exit(task, singleStep);
  }
}

/** An emulated call was not executed: there is nothing to step over (PTRACE_SYSEMU_SINGLESTEP). */
const report_single_step = (work: number): boolean =>
  !(work & SYSCALL_WORK_SYSCALL_EMU) && (work & SYSCALL_WORK_SYSCALL_EXIT_TRAP) !== 0;

/** Called with no registers of the task in the CPU. When it returns, nothing stands between the task and user space. */
export function* exit_to_user_mode_loop(task: Task): Sleeps<void> {
  const info = task.thread_info;
  while (info.flags & EXIT_TO_USER_MODE_WORK) {
    if (info.flags & TIF_NEED_RESCHED) yield* schedule(task);
    if (info.flags & (TIF_SIGPENDING | TIF_NOTIFY_SIGNAL)) {
      step(task, 'signal');
      yield* task.kernel.arch.arch_do_signal_or_restart(task);
    }
    if (info.flags & TIF_NOTIFY_RESUME) resume_user_mode_work(task);
  }
}

/** Linux: include/linux/resume_user_mode.h. */
function resume_user_mode_work(task: Task): void {
  task.thread_info.flags &= ~TIF_NOTIFY_RESUME;
  rseq_handle_slowpath(task);
}

function step({ kernel }: Task, name: EntryStep): void {
  if (kernel.events) kernel.events.emit(ENTRY_EVENTS[name]);
}

const entry_event = (step: EntryStep): Event => ({ type: 'entry', step });

/** There are always the same eight. */
const ENTRY_EVENTS: Readonly<Record<EntryStep, Event>> = {
  sud: entry_event('sud'),
  ptrace: entry_event('ptrace'),
  seccomp: entry_event('seccomp'),
  tracepoint: entry_event('tracepoint'),
  audit: entry_event('audit'),
  invoke: entry_event('invoke'),
  'exit-work': entry_event('exit-work'),
  signal: entry_event('signal'),
};
