/*
 * kernel/user_namespace.ts - user namespaces: root of one's own processes
 *
 * Linux:   kernel/user_namespace.c (v6.12)
 * Manual:  user_namespaces(7)
 * Differs: system calls about ids and /proc/<pid>/{uid_map,gid_map} translate; stat(), chown() and siginfo tell the ids of
 *          the initial namespace
 * Absent:  limits per user (/proc/sys/user)
 */

import { CAP_FULL_SET, CAP_EMPTY_SET, type Cred, commit_creds, ns_capable, prepare_creds } from './cred.ts';
import type { Inode } from './include/linux/fs.ts';
import type { Task } from './include/linux/sched.ts';
import type { UidGidExtent, UidGidMap, UserNamespace } from './include/linux/user_namespace.ts';
import { CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN } from './include/uapi/capability.ts';
import { EINVAL, ENOSPC, EPERM } from './include/uapi/errno.ts';
import { ns_alloc_inum } from './fs/nsfs.ts';

/** What an id without a place in the map is shown as. */
const OVERFLOW_ID = 65_534;
/** (uid_t) -1: nobody. */
export const INVALID_ID = 0xffff_ffff;
const MAX_USER_NS_LEVEL = 32;
const UID_GID_MAP_MAX_EXTENTS = 340;

/** The kernel's name for `id` of a namespace with this map; INVALID_ID if it has none. */
export function make_kid(map: UidGidMap, id: number): number {
  for (const { first, lower_first, count } of map)
    if (id >= first && id < first + count) return id - first + lower_first;
  return INVALID_ID;
}

/** And back. */
export function from_kid(map: UidGidMap, kid: number): number {
  for (const { first, lower_first, count } of map)
    if (kid >= lower_first && kid < lower_first + count) return kid - lower_first + first;
  return INVALID_ID;
}

const munged = (id: number): number => (id === INVALID_ID ? OVERFLOW_ID : id);

/** An id as a task with these credentials is told it. */
export const from_kuid_munged = ({ user_ns }: Cred, kuid: number): number =>
  user_ns.level === 0 ? kuid : munged(from_kid(user_ns.uid_map, kuid));
export const from_kgid_munged = ({ user_ns }: Cred, kgid: number): number =>
  user_ns.level === 0 ? kgid : munged(from_kid(user_ns.gid_map, kgid));

/** The kernel's root of a namespace; INVALID_ID as long as it has none. */
export const make_root_uid = (ns: UserNamespace): number => (ns.level === 0 ? 0 : make_kid(ns.uid_map, 0));

/** Are a file's owner and group somebody in `ns`? */
export const privileged_wrt_inode_uidgid = (ns: UserNamespace, { i_uid, i_gid }: Inode): boolean =>
  ns.level === 0 ||
  (from_kid(ns.uid_map, i_uid) !== INVALID_ID && from_kid(ns.gid_map, i_gid) !== INVALID_ID);

/** A child of the caller's, and credentials that have everything in it; or -errno. */
export function create_user_ns(task: Task, old: Cred): Cred | number {
  const parent = old.user_ns;
  if (parent.level > MAX_USER_NS_LEVEL) return -ENOSPC;
  // Who stands in a chroot() could leave it with the powers he is about to get.
  if (current_chrooted(task)) return -EPERM;
  if (from_kid(parent.uid_map, old.euid) === INVALID_ID) return -EPERM;
  if (from_kid(parent.gid_map, old.egid) === INVALID_ID) return -EPERM;

  const user_ns: UserNamespace = {
    type: 'user',
    inum: ns_alloc_inum(task.kernel),
    user_ns: parent,
    parent,
    level: parent.level + 1,
    owner: old.euid,
    group: old.egid,
    uid_map: [],
    gid_map: [],
    setgroups_allowed: parent.setgroups_allowed,
  };
  return { ...old, ...all_capabilities(), user_ns };
}

function current_chrooted({ fs, nsproxy }: Task): boolean {
  const { root } = nsproxy.mnt_ns;
  let mnt = fs.root.mnt;
  if (fs.root.dentry !== mnt.mnt_root) return true;
  while (mnt.mnt_parent && mnt.mnt_mountpoint === mnt.mnt_parent.mnt_root) mnt = mnt.mnt_parent;
  return mnt !== root;
}

/** Linux: set_cred_user_ns(). Nothing of what was kept or refused outside means anything inside. */
const all_capabilities = () => ({
  securebits: 0,
  cap_inheritable: CAP_EMPTY_SET,
  cap_permitted: CAP_FULL_SET,
  cap_effective: CAP_FULL_SET,
  cap_ambient: CAP_EMPTY_SET,
  cap_bset: CAP_FULL_SET,
});

/** setns(): credentials for living in `ns`, or -errno. */
export function userns_install(task: Task, ns: UserNamespace): Cred | number {
  if (ns === task.cred.user_ns) return -EINVAL; // it would be a way to get capabilities back
  if (task.signal.threads.size > 1 || task.fs.users !== 1) return -EINVAL;
  if (!ns_capable(task, ns, CAP_SYS_ADMIN)) return -EPERM;
  return { ...prepare_creds(task), ...all_capabilities(), user_ns: ns };
}

export const commit_user_ns = (task: Task, cred: Cred): void => {
  if (cred !== task.cred) commit_creds(task, cred);
};

/** Is `target` the namespace `ancestor`, or somewhere below? */
export function in_userns(ancestor: UserNamespace, target: UserNamespace): boolean {
  let ns = target;
  while (ns.level > ancestor.level) ns = ns.parent!;
  return ns === ancestor;
}

/*
 * /proc/<pid>/uid_map, gid_map, setgroups
 */

export type MapKind = 'uid_map' | 'gid_map';

/** "         0       1000          1": what is left of the reader's view when it is another one. */
export function show_id_map(ns: UserNamespace, kind: MapKind, reader: Cred): string {
  // The parent's ids are told, unless the reader is in there himself: then there is no view but the parent's.
  const lower = reader.user_ns === ns && ns.parent ? ns.parent : reader.user_ns;
  return ns[kind]
    .map(({ first, lower_first, count }) => [first, from_kid(lower[kind], lower_first), count])
    .map((row) => `${row.map((n) => String(n).padStart(10)).join(' ')}\n`)
    .join('');
}

/** Bytes taken, or -errno. "may be written to exactly once" - user_namespaces(7) */
export function write_id_map(ns: UserNamespace, kind: MapKind, text: string, writer: Task): number {
  if (ns[kind].length > 0 || !ns_capable(writer, ns, CAP_SYS_ADMIN)) return -EPERM;
  const { user_ns } = writer.cred;
  if (!ns.parent || (user_ns !== ns && user_ns !== ns.parent)) return -EPERM;
  const extents = parse_map(text);
  if (typeof extents === 'number') return extents;
  if (!new_idmap_permitted(ns, kind, extents, writer)) return -EPERM;
  const { parent } = ns;
  const map = extents.map((extent) => ({
    ...extent,
    lower_first: make_kid(parent[kind], extent.lower_first),
  }));
  if (map.some(({ lower_first }) => lower_first === INVALID_ID)) return -EPERM;
  ns[kind] = map;
  return text.length;
}

function parse_map(text: string): UidGidExtent[] | number {
  const lines = text.replace(/\n$/, '').split('\n');
  if (lines.length > UID_GID_MAP_MAX_EXTENTS) return -EINVAL;
  const extents: UidGidExtent[] = [];
  for (const line of lines) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(line);
    if (!match) return -EINVAL;
    const [first, lower_first, count] = match.slice(1).map(Number) as [number, number, number];
    if (count === 0 || first + count > INVALID_ID || lower_first + count > INVALID_ID) return -EINVAL;
    if (extents.some((other) => overlap(other, { first, lower_first, count }))) return -EINVAL;
    extents.push({ first, lower_first, count });
  }
  return extents;
}

function overlap(a: UidGidExtent, b: UidGidExtent): boolean {
  const meet = (from: number, to: number): boolean => from < to + b.count && to < from + a.count;
  return meet(a.first, b.first) || meet(a.lower_first, b.lower_first);
}

/** Everybody may map himself; others only who may become them outside. */
function new_idmap_permitted(
  ns: UserNamespace,
  kind: MapKind,
  extents: readonly UidGidExtent[],
  writer: Task,
): boolean {
  const { cred } = writer;
  const [only] = extents;
  if (extents.length === 1 && only!.count === 1 && ns.owner === cred.euid) {
    const kid = make_kid(ns.parent![kind], only!.lower_first);
    if (kind === 'uid_map' && kid === cred.euid) return true;
    if (kind === 'gid_map' && kid === cred.egid && !ns.setgroups_allowed) return true;
  }
  return ns_capable(writer, ns.parent!, kind === 'uid_map' ? CAP_SETUID : CAP_SETGID);
}

/** "deny" is for ever, and must come before gid_map. */
export function write_setgroups(ns: UserNamespace, text: string, writer: Task): number {
  if (!ns_capable(writer, ns, CAP_SYS_ADMIN)) return -EPERM;
  const word = text.trim();
  if (word !== 'allow' && word !== 'deny') return -EINVAL;
  if (word === 'allow' && !ns.setgroups_allowed) return -EPERM;
  if (word === 'deny' && ns.gid_map.length > 0) return -EPERM;
  ns.setgroups_allowed = word === 'allow';
  return text.length;
}

/** May a task in it call setgroups()? Not before it is known who its groups are. */
export const userns_may_setgroups = (ns: UserNamespace): boolean =>
  ns.gid_map.length > 0 && ns.setgroups_allowed;
