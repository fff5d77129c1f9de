/*
 * kernel/include/linux/ns_common.ts - what all kinds of namespaces have in common
 *
 * Linux:   include/linux/ns_common.h, include/linux/proc_ns.h, include/linux/nsproxy.h, include/linux/utsname.h
 * Manual:  namespaces(7)
 * Differs: only mount namespaces are counted, because only they hold something that must be given back
 * Absent:  IPC, network and cgroup namespaces, as in a kernel built without them
 */

import type { MntNamespace } from './fs.ts';
import type { PidNamespace } from './pid_namespace.ts';
import type { UserNamespace } from './user_namespace.ts';

/** As /proc/<pid>/ns names them. */
export type NsType = 'mnt' | 'pid' | 'time' | 'user' | 'uts';

export interface NsCommon {
  readonly type: NsType;
  /** Its inode number: what two processes compare to learn whether they share it. */
  readonly inum: number;
  /** Whose capabilities count in it. */
  readonly user_ns: UserNamespace;
}

/* Those that are there from the beginning have fixed numbers; the others begin here. */
export const PROC_TIME_INIT_INO = 0xefff_fffa;
export const PROC_PID_INIT_INO = 0xefff_fffc;
export const PROC_USER_INIT_INO = 0xefff_fffd;
export const PROC_UTS_INIT_INO = 0xefff_fffe;
export const PROC_DYNAMIC_FIRST = 0xf000_0000;

export interface UtsNamespace extends NsCommon {
  readonly type: 'uts';
  nodename: string;
  domainname: string;
}

/** What is added to the machine's clocks, in ns; fixed once a process lives by them. */
export interface TimeNamespace extends NsCommon {
  readonly type: 'time';
  monotonic: number;
  boottime: number;
  frozen: boolean;
}

/** Shared by tasks that are in the same namespaces throughout. Never changed, but replaced. */
export interface NsProxy {
  /** Tasks that share it. */
  count: number;
  readonly uts_ns: UtsNamespace;
  readonly mnt_ns: MntNamespace;
  /** Not the task's own, which its number belongs to, but that of the children it will have. */
  readonly pid_ns_for_children: PidNamespace;
  readonly time_ns: TimeNamespace;
  readonly time_ns_for_children: TimeNamespace;
}
