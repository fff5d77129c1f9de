/*
 * kernel/ioprio.ts - how urgent a task's input and output is
 *
 * Linux:   block/ioprio.c, include/uapi/linux/ioprio.h (v6.12)
 * Manual:  ioprio_set(2)
 * Differs: there are no disks to wait for: it is kept, inherited and told, and decides nothing
 */

import { CAP_SYS_ADMIN, CAP_SYS_NICE, capable } from './cred.ts';
import { SCHED_FIFO, SCHED_IDLE, SCHED_RR, type Task } from './include/linux/sched.ts';
import { EINVAL, EPERM, ESRCH } from './include/uapi/errno.ts';
import { prio_targets } from './sched/syscalls.ts';
import { enumeration, int, SYSCALL_DEFINE } from './syscalls/define.ts';

const IOPRIO_CLASS_SHIFT = 13;
const IOPRIO_CLASS_NONE = 0;
const IOPRIO_CLASS_RT = 1;
const IOPRIO_CLASS_BE = 2;
const IOPRIO_CLASS_IDLE = 3;
const IOPRIO_NR_LEVELS = 8;

const IOPRIO_WHO_PROCESS = 1;
const IOPRIO_WHO_PGRP = 2;
const IOPRIO_WHO_USER = 3;
const whichNames = enumeration({ IOPRIO_WHO_PROCESS, IOPRIO_WHO_PGRP, IOPRIO_WHO_USER });

const class_of = (ioprio: number): number => ioprio >> IOPRIO_CLASS_SHIFT;
const level_of = (ioprio: number): number => ioprio & (IOPRIO_NR_LEVELS - 1);

/** Linux: ioprio_check_cap(). 0, -EINVAL or -EPERM. */
function ioprio_check_cap(task: Task, ioprio: number): number {
  switch (class_of(ioprio)) {
    case IOPRIO_CLASS_RT:
      return capable(task, CAP_SYS_ADMIN) || capable(task, CAP_SYS_NICE) ? 0 : -EPERM;
    case IOPRIO_CLASS_BE:
    case IOPRIO_CLASS_IDLE:
      return 0;
    case IOPRIO_CLASS_NONE:
      return level_of(ioprio) === 0 ? 0 : -EINVAL;
    default:
      return -EINVAL;
  }
}

/** The constants are one more than setpriority(2)'s. */
const targets = (task: Task, which: number, who: number): Task[] | number =>
  prio_targets(task, which - IOPRIO_WHO_PROCESS, who);

export const sys_ioprio_set = SYSCALL_DEFINE(
  'ioprio_set',
  { which: whichNames, who: int, ioprio: int },
  (task, { which, who, ioprio }) => {
    const err = ioprio_check_cap(task, ioprio);
    if (err < 0) return err;
    const found = targets(task, which, who);
    if (typeof found === 'number') return found;
    for (const target of found) {
      const { uid } = target.cred;
      if (uid !== task.cred.euid && uid !== task.cred.uid && !capable(task, CAP_SYS_NICE)) return -EPERM;
      target.ioprio = ioprio;
    }
    return found.length > 0 ? 0 : -ESRCH;
  },
);

/** "If no I/O scheduler has been set for a thread, then by default the I/O priority will follow the CPU nice value." - ioprio_set(2) */
function get_task_ioprio({ ioprio, policy, nice }: Task): number {
  if (class_of(ioprio) !== IOPRIO_CLASS_NONE) return ioprio;
  const rt = policy === SCHED_FIFO || policy === SCHED_RR;
  const kind = policy === SCHED_IDLE ? IOPRIO_CLASS_IDLE : rt ? IOPRIO_CLASS_RT : IOPRIO_CLASS_BE;
  return (kind << IOPRIO_CLASS_SHIFT) | Math.floor((nice + 20) / 5);
}

export const sys_ioprio_get = SYSCALL_DEFINE(
  'ioprio_get',
  { which: whichNames, who: int },
  (task, { which, who }) => {
    const found = targets(task, which, who);
    if (typeof found === 'number') return found;
    if (found.length === 0) return -ESRCH;
    if (which === IOPRIO_WHO_PROCESS) return found[0]!.ioprio;
    return Math.min(...found.map(get_task_ioprio)); // of several, the most urgent
  },
);
