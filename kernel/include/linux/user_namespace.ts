/*
 * kernel/include/linux/user_namespace.ts - a set of users, and who of the outside they are
 *
 * Linux:   include/linux/user_namespace.h
 * Manual:  user_namespaces(7)
 *
 * The kernel's ids (kuid_t) are those of the initial namespace; a map translates where user space is told or tells one.
 */

import type { NsCommon } from './ns_common.ts';

/** `count` ids from `first` are those from `lower_first` of the initial namespace. */
export interface UidGidExtent {
  readonly first: number;
  readonly lower_first: number;
  readonly count: number;
}

export type UidGidMap = readonly UidGidExtent[];

export interface UserNamespace extends NsCommon {
  readonly type: 'user';
  readonly parent: UserNamespace | null;
  readonly level: number;
  /** Its maker, who has every capability in it as long as he stays outside. */
  readonly owner: number;
  readonly group: number;
  /** Empty until somebody writes /proc/<pid>/uid_map: then, once. */
  uid_map: UidGidMap;
  gid_map: UidGidMap;
  /** /proc/<pid>/setgroups: may setgroups() be called? */
  setgroups_allowed: boolean;
}
