/*
 * kernel/include/linux/pid_namespace.ts - a space of numbers for threads, processes, groups and sessions
 *
 * Linux:   include/linux/pid_namespace.h
 * Manual:  pid_namespaces(7)
 */

import type { Pid } from '../../pid.ts';
import type { WaitQueueHead } from '../../sched/wait.ts';
import type { SuperBlock } from './fs.ts';
import type { NsCommon } from './ns_common.ts';
import type { Task } from './sched.ts';
import type { UserNamespace } from './user_namespace.ts';

export const MAX_PID_NS_LEVEL = 32;

export interface PidNamespace extends NsCommon {
  readonly type: 'pid';
  readonly parent: PidNamespace | null;
  /** 0: the initial one. A task has a number at every level down to its own. */
  readonly level: number;
  readonly user_ns: UserNamespace;
  readonly pids: Map<number, Pid>;
  /** The last number given out; the search for the next starts behind it. */
  last: number;
  /** Its number 1: who orphans go to, and with whom all others die. Null before the first process. */
  child_reaper: Task | null;
  /** PIDNS_ADDING: the reaper is not dying. */
  adding: boolean;
  /** Where the dying reaper waits for the others to be gone. */
  readonly drained: WaitQueueHead;
  /** Its /proc, once somebody mounted it. */
  proc_sb: SuperBlock | null;
}
