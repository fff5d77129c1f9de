/*
 * kernel/cred.ts - who a task is, and what it may do
 *
 * Linux:   kernel/cred.c, include/linux/cred.h, kernel/user.c (v6.12)
 * Differs: keyrings and security modules are absent
 *
 * Credentials are never changed, only replaced: an open file remembers those it was opened with.
 */

import { PROC_USER_INIT_INO } from './include/linux/ns_common.ts';
import type { Task } from './include/linux/sched.ts';
import type { UserNamespace } from './include/linux/user_namespace.ts';
import { CAP_LAST_CAP } from './include/uapi/capability.ts';

export * from './include/uapi/capability.ts';

/** A capability set as two words: bit n is capability n. */
export interface KernelCap {
  readonly lo: number;
  readonly hi: number;
}

export const CAP_EMPTY_SET: KernelCap = { lo: 0, hi: 0 };
export const CAP_FULL_SET: KernelCap = { lo: 0xffff_ffff, hi: 2 ** (CAP_LAST_CAP - 31) - 1 };

export const cap_raised = (set: KernelCap, cap: number): boolean =>
  ((cap < 32 ? set.lo >>> cap : set.hi >>> (cap - 32)) & 1) !== 0;

/** What one user has at a time, for RLIMIT_NPROC and RLIMIT_SIGPENDING. */
export interface UserStruct {
  readonly uid: number;
  processes: number;
  sigpending: number;
}

export interface Cred {
  readonly user: UserStruct;
  readonly uid: number;
  readonly gid: number;
  readonly suid: number;
  readonly sgid: number;
  readonly euid: number;
  readonly egid: number;
  readonly fsuid: number;
  readonly fsgid: number;
  /** Supplementary groups, ascending. */
  readonly group_info: readonly number[];
  /** SECBIT_* */
  readonly securebits: number;
  readonly cap_inheritable: KernelCap;
  readonly cap_permitted: KernelCap;
  readonly cap_effective: KernelCap;
  readonly cap_bset: KernelCap;
  readonly cap_ambient: KernelCap;
  /** Where the capabilities count, and by whose map its ids are told. */
  readonly user_ns: UserNamespace;
}

/** A copy on its way to become somebody's credentials. */
export type NewCred = { -readonly [K in keyof Cred]: Cred[K] };

/** Users of one machine, by uid. */
export class UserTable {
  readonly init_user_ns: UserNamespace = init_user_ns();
  private readonly users = new Map<number, UserStruct>();

  alloc_uid(uid: number): UserStruct {
    let user = this.users.get(uid);
    if (!user) {
      user = { uid, processes: 0, sigpending: 0 };
      this.users.set(uid, user);
    }
    return user;
  }
}

/** The one that was always there: everybody is who they are. */
function init_user_ns(): UserNamespace {
  const identity = [{ first: 0, lower_first: 0, count: 0xffff_ffff }];
  const ns = { type: 'user', inum: PROC_USER_INIT_INO, parent: null, level: 0, owner: 0, group: 0 } as const;
  const made = { ...ns, uid_map: identity, gid_map: identity, setgroups_allowed: true };
  return Object.assign(made, { user_ns: made as unknown as UserNamespace }); // it owns itself
}

/** What the boot processor runs with, and what PID 1 inherits: root with everything. */
export const init_cred = (users: UserTable): Cred => ({
  user: users.alloc_uid(0),
  uid: 0,
  gid: 0,
  suid: 0,
  sgid: 0,
  euid: 0,
  egid: 0,
  fsuid: 0,
  fsgid: 0,
  group_info: [],
  securebits: 0,
  cap_inheritable: CAP_EMPTY_SET,
  cap_permitted: CAP_FULL_SET,
  cap_effective: CAP_FULL_SET,
  cap_bset: CAP_FULL_SET,
  cap_ambient: CAP_EMPTY_SET,
  user_ns: users.init_user_ns,
});

/** A copy to change, then to commit or to drop. */
export const prepare_creds = (task: Task): NewCred => ({ ...task.cred });

/** Puts new credentials in force. Whoever got other ids can no longer be dumped or traced by its former self. */
export function commit_creds(task: Task, cred: Cred): void {
  const old = task.cred;
  if (
    old.euid !== cred.euid ||
    old.egid !== cred.egid ||
    old.fsuid !== cred.fsuid ||
    old.fsgid !== cred.fsgid
  ) {
    if (task.mm) task.mm.dumpable = 0;
    task.pdeath_signal = 0;
  }
  if (old.user !== cred.user) {
    cred.user.processes++;
    old.user.processes--;
  }
  task.cred = cred;
}

/** May `task` do to the whole machine what capability `cap` stands for? */
export const capable = ({ cred }: Task, cap: number): boolean =>
  cap_raised(cred.cap_effective, cap) && cred.user_ns.level === 0;

/** As capable(), but only in `ns` and what belongs to it. */
export const ns_capable = (task: Task, ns: UserNamespace, cap: number): boolean =>
  cap_capable(task.cred, ns, cap);

/**
 * "1. A process has a capability inside a user namespace if it is a member of that namespace and it has the capability in
 * its effective capability set. 2. If a process has a capability in a user namespace, then it has that capability in all
 * child (and further removed descendant) namespaces as well. 3. [...] A process that resides in the parent of the user
 * namespace and whose effective user ID matches the owner of the namespace has all capabilities in the namespace."
 * - user_namespaces(7)
 */
export function cap_capable(cred: Cred, target: UserNamespace, cap: number): boolean {
  for (let ns = target; ; ns = ns.parent!) {
    if (ns === cred.user_ns) return cap_raised(cred.cap_effective, cap);
    if (ns.level <= cred.user_ns.level) return false;
    if (ns.parent === cred.user_ns && ns.owner === cred.euid) return true;
  }
}

export const in_group_p = (task: Task, gid: number): boolean =>
  task.cred.fsgid === gid || task.cred.group_info.includes(gid);

export const in_egroup_p = (task: Task, gid: number): boolean =>
  task.cred.egid === gid || task.cred.group_info.includes(gid);

export const current_uid = (task: Task): number => task.cred.uid;
export const current_euid = (task: Task): number => task.cred.euid;
export const current_fsuid = (task: Task): number => task.cred.fsuid;
export const current_fsgid = (task: Task): number => task.cred.fsgid;
