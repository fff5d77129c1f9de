/*
 * kernel/ptrace/access.ts - who may look into whom
 *
 * Linux:  kernel/ptrace.c (__ptrace_may_access, ptracer_capable), kernel/fork.c (mm_access), v6.12
 * Manual: ptrace(2), "Ptrace access mode checking"
 */

import { CAP_SYS_PTRACE, type Cred, cap_raised, ns_capable } from '../cred.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { EACCES, EPERM, ESRCH } from '../include/uapi/errno.ts';
import { security_ptrace_access_check } from '../security/security.ts';

export const PTRACE_MODE_READ = 0x01;
export const PTRACE_MODE_ATTACH = 0x02;
/** A refusal is not worth a line in the log. */
export const PTRACE_MODE_NOAUDIT = 0x04;
/** The caller is who it is for files (/proc), or really (a system call). */
export const PTRACE_MODE_FSCREDS = 0x08;
export const PTRACE_MODE_REALCREDS = 0x10;
export const PTRACE_MODE_READ_FSCREDS = PTRACE_MODE_READ | PTRACE_MODE_FSCREDS;
export const PTRACE_MODE_READ_REALCREDS = PTRACE_MODE_READ | PTRACE_MODE_REALCREDS;
export const PTRACE_MODE_ATTACH_FSCREDS = PTRACE_MODE_ATTACH | PTRACE_MODE_FSCREDS;
export const PTRACE_MODE_ATTACH_REALCREDS = PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS;

/** mm.dumpable: only then does its owner alone suffice. */
export const SUID_DUMP_USER = 1;

export const ptrace_may_access = (task: Task, target: Task, mode: number): boolean =>
  __ptrace_may_access(task, target, mode) === 0;

/** 0, or -EPERM. "The caller's IDs must match all of the target's, or it has CAP_SYS_PTRACE": ptrace(2). */
export function __ptrace_may_access(task: Task, target: Task, mode: number): number {
  if (task.signal === target.signal) return 0;
  const allowed = ns_capable(task, target.cred.user_ns, CAP_SYS_PTRACE);
  if (!same_ids(task.cred, target.cred, mode) && !allowed) return -EPERM;
  if (target.mm && target.mm.dumpable !== SUID_DUMP_USER && !allowed) return -EPERM;
  return security_ptrace_access_check(task, target, mode);
}

function same_ids(caller: Cred, { uid, euid, suid, gid, egid, sgid }: Cred, mode: number): boolean {
  const u = mode & PTRACE_MODE_FSCREDS ? caller.fsuid : caller.uid;
  const g = mode & PTRACE_MODE_FSCREDS ? caller.fsgid : caller.gid;
  return [uid, euid, suid].every((id) => id === u) && [gid, egid, sgid].every((id) => id === g);
}

/** Had the tracer CAP_SYS_PTRACE when it attached? What it has become since does not count. */
export const ptracer_capable = ({ ptracer_cred }: Task): boolean =>
  ptracer_cred === null || cap_raised(ptracer_cred.cap_effective, CAP_SYS_PTRACE);

/** The memory of `target`, for somebody who need not be it; or -ESRCH (it has none), -EACCES. */
export function mm_access(task: Task, target: Task, mode: number): Mm | number {
  const { mm } = target;
  if (!mm) return -ESRCH;
  return mm === task.mm || ptrace_may_access(task, target, mode) ? mm : -EACCES;
}
