/*
 * kernel/ptrace/events.ts - what a tracee stops at, besides signals
 *
 * Linux:   include/linux/ptrace.h (ptrace_event, ptrace_init_task, ptrace_report_syscall), v6.12
 * Manual:  ptrace(2), "Stopped states"
 * Differs: how it stops is in kernel/signal/stop.ts
 */

import { JOBCTL_TRAP_STOP } from '../include/linux/jobctl.ts';
import { PT_PTRACED, PT_SEIZED, PT_TRACESYSGOOD, ptrace_event_enabled } from '../include/linux/ptrace.ts';
import type { Task } from '../include/linux/sched.ts';
import {
  PTRACE_EVENT_CLONE,
  PTRACE_EVENT_EXEC,
  PTRACE_EVENT_FORK,
  PTRACE_EVENT_VFORK,
} from '../include/uapi/ptrace.ts';
import { CLONE_UNTRACED, CLONE_VFORK } from '../include/uapi/sched.ts';
import { SIGCHLD, SIGSTOP, SIGTRAP } from '../include/uapi/signal.ts';
import type { Sleeps } from '../sched/wait.ts';
import { fatal_signal_pending, ptrace_notify, send_sig, task_set_jobctl_pending } from '../signal.ts';
import { sigaddset } from '../signal/sigset.ts';
import { __ptrace_link } from './attach.ts';

/** With PTRACE_O_TRACESYSGOOD: a stop at a system call, not a SIGTRAP. */
const SYSGOOD = 0x80;

/**
 * Stops at a system call; `message` says at which side of it (PTRACE_EVENTMSG_SYSCALL_*). True: the call must not go on,
 * as the task is to die. A signal that the tracer passes on is sent to the task, which takes it on its way out.
 */
export function* ptrace_report_syscall(task: Task, message: number): Sleeps<boolean> {
  if (!(task.ptrace & PT_PTRACED)) return false;
  const signr = yield* ptrace_notify(task, SIGTRAP | (task.ptrace & PT_TRACESYSGOOD ? SYSGOOD : 0), message);
  if (signr) send_sig(signr, task, true);
  return fatal_signal_pending(task);
}

/** Stops if the tracer has asked for `event`; `message` is for PTRACE_GETEVENTMSG. */
export function* ptrace_event(task: Task, event: number, message: number): Sleeps<void> {
  if (ptrace_event_enabled(task, event)) {
    yield* ptrace_notify(task, (event << 8) | SIGTRAP, message);
    return;
  }
  // Before there were options a new program was announced by a SIGTRAP. Tracers that do not seize still get it.
  const attached = (task.ptrace & (PT_PTRACED | PT_SEIZED)) === PT_PTRACED;
  if (event === PTRACE_EVENT_EXEC && attached) send_sig(SIGTRAP, task, false);
}

/** Which event a clone() is to its maker's tracer; 0: it does not want to know. */
export function ptrace_clone_event(task: Task, flags: number, exitSignal: number): number {
  if (flags & CLONE_UNTRACED) return 0;
  const other = exitSignal === SIGCHLD ? PTRACE_EVENT_FORK : PTRACE_EVENT_CLONE;
  const event = flags & CLONE_VFORK ? PTRACE_EVENT_VFORK : other;
  return ptrace_event_enabled(task, event) ? event : 0;
}

/** A new task. With `traced` it gets its maker's tracer, with the same options, and stops before its first instruction. */
export function ptrace_init_task(child: Task, parent: Task, traced: boolean): void {
  if (!traced || !parent.ptrace) return;
  child.ptrace = parent.ptrace;
  __ptrace_link(child, parent.parent, parent.ptracer_cred!);
  if (child.ptrace & PT_SEIZED) task_set_jobctl_pending(child, JOBCTL_TRAP_STOP);
  else child.pending.signal = sigaddset(child.pending.signal, SIGSTOP);
}
