/*
 * kernel/tracepoint.ts - somebody wants to see every system call
 *
 * Linux:   kernel/tracepoint.c (syscall_regfunc, syscall_unregfunc) (v6.12)
 *
 * There is no test for tracing on the short way into a system call: each thread carries the wish in its work flags, and a
 * child has what its parent had.
 */

import { SYSCALL_WORK_SYSCALL_TRACEPOINT } from './include/linux/sched.ts';
import type { Kernel } from './kernel.ts';

/** Counts the listeners of one machine: only the first and the last touch the threads. */
export class SyscallTracepoints {
  private readonly kernel: Kernel;
  private refcount = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  syscall_regfunc(): void {
    if (this.refcount++ > 0) return;
    for (const { thread_info } of this.kernel.pids.tasks())
      thread_info.syscall_work |= SYSCALL_WORK_SYSCALL_TRACEPOINT;
  }

  syscall_unregfunc(): void {
    if (--this.refcount > 0) return;
    if (this.refcount < 0) throw new Error('syscall_unregfunc: more unregistrations than registrations');
    for (const { thread_info } of this.kernel.pids.tasks())
      thread_info.syscall_work &= ~SYSCALL_WORK_SYSCALL_TRACEPOINT;
  }
}
