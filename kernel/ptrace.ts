/*
 * kernel/ptrace.ts - a task that watches and changes another
 *
 * Linux:   kernel/ptrace.c, include/linux/ptrace.h (v6.12)
 * Manual:  ptrace(2)
 * Absent:  the system call: nobody can become a tracer yet. How a tracee stops is in kernel/signal/stop.ts
 */

import { PT_PTRACED, PT_TRACESYSGOOD } from './include/linux/ptrace.ts';
import type { Task } from './include/linux/sched.ts';
import { SIGTRAP } from './include/uapi/signal.ts';
import type { Sleeps } from './sched/wait.ts';
import { fatal_signal_pending, ptrace_notify, send_sig } from './signal.ts';

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
