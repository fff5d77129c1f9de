/*
 * kernel/security/security.ts - asks every security module; one no is a no
 *
 * Linux:   security/security.c (v6.12)
 * Differs: the modules are capabilities and Yama, for good
 */

import type { Task } from '../include/linux/sched.ts';
import { EPERM } from '../include/uapi/errno.ts';
import { PTRACE_MODE_FSCREDS } from '../ptrace/access.ts';
import { cap_ptrace_access_check, cap_ptrace_traceme } from './commoncap.ts';
import { yama_ptrace_access_check, yama_ptrace_traceme } from './yama.ts';

/** May `task` look into `target`? 0 or -EPERM. */
export function security_ptrace_access_check(task: Task, target: Task, mode: number): number {
  const { cap_effective, cap_permitted } = task.cred;
  const mine = mode & PTRACE_MODE_FSCREDS ? cap_effective : cap_permitted;
  if (!cap_ptrace_access_check(task.cred, mine, target.cred)) return -EPERM;
  return yama_ptrace_access_check(task, target, mode);
}

/** May `parent` trace `task`, which asks for it? */
export const security_ptrace_traceme = (task: Task, parent: Task): number =>
  cap_ptrace_traceme(parent.cred, task.cred) ? yama_ptrace_traceme(task, parent) : -EPERM;
