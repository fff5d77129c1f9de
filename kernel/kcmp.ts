/*
 * kernel/kcmp.ts - do two processes share something?
 *
 * Linux:   kernel/kcmp.c
 * Manual:  kcmp(2)
 * Differs: the order of two different objects is that in which they were first asked about; upstream's is that of their
 *          addresses, scrambled
 * Absent:  KCMP_IO and KCMP_SYSVSEM: there are no such contexts to share; KCMP_EPOLL_TFD
 */

import { fdget_raw } from './fs/file.ts';
import type { Task } from './include/linux/sched.ts';
import { EBADF, EINVAL, EOPNOTSUPP, EPERM, ESRCH } from './include/uapi/errno.ts';
import { enumeration, int, SYSCALL_DEFINE, ulong } from './syscalls/define.ts';
import { PTRACE_MODE_READ_REALCREDS, ptrace_may_access } from './ptrace.ts';
import { find_task_by_vpid } from './pid.ts';

const KCMP = {
  KCMP_FILE: 0,
  KCMP_VM: 1,
  KCMP_FILES: 2,
  KCMP_FS: 3,
  KCMP_SIGHAND: 4,
  KCMP_IO: 5,
  KCMP_SYSVSEM: 6,
  KCMP_EPOLL_TFD: 7,
} as const;

const EQUAL = 0;
const LESS = 1;
const GREATER = 2;

/** Numbers for objects, in the order in which they were first compared. Hangs off Kernel. */
export class KcmpOrder {
  private readonly numbers = new WeakMap<object, number>();
  private next = 1;

  /** What kcmp(2) answers; two missing objects are equal. */
  compare(a: object | null, b: object | null): number {
    if (a === b) return EQUAL;
    return this.number(a) < this.number(b) ? LESS : GREATER;
  }

  private number(object: object | null): number {
    if (!object) return 0;
    const known = this.numbers.get(object);
    if (known !== undefined) return known;
    this.numbers.set(object, this.next);
    return this.next++;
  }
}

export const sys_kcmp = SYSCALL_DEFINE(
  'kcmp',
  { pid1: int, pid2: int, type: enumeration(KCMP), idx1: ulong, idx2: ulong },
  (task, { pid1, pid2, type, idx1, idx2 }) => {
    const one = find_task_by_vpid(task, pid1);
    const two = find_task_by_vpid(task, pid2);
    if (!one || !two) return -ESRCH;
    for (const target of [one, two])
      if (!ptrace_may_access(task, target, PTRACE_MODE_READ_REALCREDS)) return -EPERM;
    if (type === KCMP.KCMP_FILE) return compare_files(task, one, idx1, two, idx2);
    return compare_shared(task, type, one, two);
  },
);

function compare_files(task: Task, one: Task, idx1: number, two: Task, idx2: number): number {
  const a = fdget_raw(one, idx1);
  const b = fdget_raw(two, idx2);
  if (typeof a === 'number' || typeof b === 'number') return -EBADF;
  return task.kernel.kcmp.compare(a, b);
}

function compare_shared({ kernel }: Task, type: number, one: Task, two: Task): number {
  switch (type) {
    case KCMP.KCMP_VM:
      return kernel.kcmp.compare(one.mm, two.mm);
    case KCMP.KCMP_FILES:
      return kernel.kcmp.compare(one.files, two.files);
    case KCMP.KCMP_FS:
      return kernel.kcmp.compare(one.fs, two.fs);
    case KCMP.KCMP_SIGHAND:
      return kernel.kcmp.compare(one.sighand, two.sighand);
    case KCMP.KCMP_IO:
    case KCMP.KCMP_SYSVSEM:
      return EQUAL; // nobody has one
    case KCMP.KCMP_EPOLL_TFD:
      return -EOPNOTSUPP;
    default:
      return -EINVAL;
  }
}
