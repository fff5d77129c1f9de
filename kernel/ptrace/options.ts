/*
 * kernel/ptrace/options.ts - which events a tracer wants to hear of
 *
 * Linux:  kernel/ptrace.c (check_ptrace_options, ptrace_setoptions), v6.12
 * Manual: ptrace(2), PTRACE_SETOPTIONS
 */

import { CAP_SYS_ADMIN, capable } from '../cred.ts';
import { PT_OPT_FLAG_SHIFT, PT_SUSPEND_SECCOMP } from '../include/linux/ptrace.ts';
import { SYSCALL_WORK_SECCOMP, type Task } from '../include/linux/sched.ts';
import { EINVAL, EPERM } from '../include/uapi/errno.ts';
import { PTRACE_O_MASK, PTRACE_O_SUSPEND_SECCOMP } from '../include/uapi/ptrace.ts';

/** 0 or -errno. Who is filtered itself, or could be, cannot lift the filters of others. */
export function check_ptrace_options(task: Task, options: number): number {
  if (options > PTRACE_O_MASK || options & ~PTRACE_O_MASK) return -EINVAL;
  if (!(options & PTRACE_O_SUSPEND_SECCOMP)) return 0;
  if (!capable(task, CAP_SYS_ADMIN)) return -EPERM;
  const filtered = task.thread_info.syscall_work & SYSCALL_WORK_SECCOMP;
  return filtered || task.ptrace & PT_SUSPEND_SECCOMP ? -EPERM : 0;
}

export function ptrace_setoptions(task: Task, child: Task, options: number): number {
  const err = check_ptrace_options(task, options);
  if (err < 0) return err;
  child.ptrace = (child.ptrace & ~(PTRACE_O_MASK << PT_OPT_FLAG_SHIFT)) | (options << PT_OPT_FLAG_SHIFT);
  return 0;
}
