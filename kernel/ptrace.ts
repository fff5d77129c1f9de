/*
 * kernel/ptrace.ts - a task that watches and changes another
 *
 * Linux:   kernel/ptrace.c, include/linux/ptrace.h (v6.12)
 * Manual:  ptrace(2)
 * Absent:  the system call: nobody can become a tracer yet. How a tracee stops is in kernel/signal/stop.ts
 */

import { CAP_SYS_PTRACE, type Cred, capable } from './cred.ts';
import { PT_PTRACED, PT_TRACESYSGOOD } from './include/linux/ptrace.ts';
import type { Task } from './include/linux/sched.ts';
import { EPERM } from './include/uapi/errno.ts';
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

/*
 * Who may look into whom
 */

export const PTRACE_MODE_READ = 0x01;
export const PTRACE_MODE_ATTACH = 0x02;
/** The caller is who it is for files (/proc), or really (a system call). */
export const PTRACE_MODE_FSCREDS = 0x08;
export const PTRACE_MODE_REALCREDS = 0x10;
export const PTRACE_MODE_READ_FSCREDS = PTRACE_MODE_READ | PTRACE_MODE_FSCREDS;
export const PTRACE_MODE_READ_REALCREDS = PTRACE_MODE_READ | PTRACE_MODE_REALCREDS;
export const PTRACE_MODE_ATTACH_FSCREDS = PTRACE_MODE_ATTACH | PTRACE_MODE_FSCREDS;
export const PTRACE_MODE_ATTACH_REALCREDS = PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS;

/** mm.dumpable: only then does its owner alone suffice. */
const SUID_DUMP_USER = 1;

export const ptrace_may_access = (task: Task, target: Task, mode: number): boolean =>
  __ptrace_may_access(task, target, mode) === 0;

/** 0, or -EPERM. "The caller's IDs must match all of the target's, or it has CAP_SYS_PTRACE": ptrace(2). */
export function __ptrace_may_access(task: Task, target: Task, mode: number): number {
  if (task.signal === target.signal) return 0;
  const allowed = capable(task, CAP_SYS_PTRACE);
  if (!same_ids(task.cred, target.cred, mode) && !allowed) return -EPERM;
  if (target.mm && target.mm.dumpable !== SUID_DUMP_USER && !allowed) return -EPERM;
  return cap_ptrace_access_check(task.cred, target.cred, mode) || allowed ? 0 : -EPERM;
}

function same_ids(caller: Cred, { uid, euid, suid, gid, egid, sgid }: Cred, mode: number): boolean {
  const u = mode & PTRACE_MODE_FSCREDS ? caller.fsuid : caller.uid;
  const g = mode & PTRACE_MODE_FSCREDS ? caller.fsgid : caller.gid;
  return [uid, euid, suid].every((id) => id === u) && [gid, egid, sgid].every((id) => id === g);
}

/** Linux: security/commoncap.c. Nobody gains capabilities by looking over somebody's shoulder. */
function cap_ptrace_access_check(caller: Cred, target: Cred, mode: number): boolean {
  const mine = mode & PTRACE_MODE_FSCREDS ? caller.cap_effective : caller.cap_permitted;
  const theirs = target.cap_permitted;
  return (theirs.lo & ~mine.lo) === 0 && (theirs.hi & ~mine.hi) === 0;
}
