/*
 * kernel/uid.ts - becoming somebody else
 *
 * Linux:   kernel/sys.c, kernel/groups.c (v6.12)
 * Manual:  credentials(7), setresuid(2), setfsuid(2), setgroups(2)
 * Differs: user and group ids follow the same rules, so there is one function for each rule and two system calls
 *
 * Credentials hold the kernel's ids; what user space says and hears goes through the map of its user namespace.
 */

import { commit_creds, ns_capable, type NewCred, prepare_creds, type UserStruct } from './cred.ts';
import { PF_NPROC_EXCEEDED, type Task } from './include/linux/sched.ts';
import { CAP_SETGID, CAP_SETUID } from './include/uapi/capability.ts';
import { EFAULT, EINVAL, EPERM } from './include/uapi/errno.ts';
import { RLIMIT_NPROC } from './include/uapi/resource.ts';
import { get_unaligned_le32, put_unaligned_le32 } from './lib/bytes.ts';
import { copy_to_user, memdup_user, put_user_u32 } from './lib/usercopy.ts';
import { cap_task_fix_setfsuid, cap_task_fix_setuid } from './security/commoncap.ts';
import {
  from_kgid_munged,
  from_kuid_munged,
  INVALID_ID,
  type MapKind,
  make_kid,
  userns_may_setgroups,
} from './user_namespace.ts';
import { int, outptr, ptr, SYSCALL_DEFINE, uint } from './syscalls/define.ts';

/** (uid_t) -1: "leave it", and never a user. */
const NO_ID = 0xffff_ffff;

/** The four ids of one kind. */
interface Ids {
  readonly real: number;
  readonly effective: number;
  readonly saved: number;
  readonly fs: number;
}

/** The ids of one kind within credentials, and the capability that makes them free. */
interface Kind {
  readonly cap: number;
  readonly map: MapKind;
  get(cred: NewCred): Ids;
  set(cred: NewCred, ids: Ids): void;
}

const UID: Kind = {
  cap: CAP_SETUID,
  map: 'uid_map',
  get: ({ uid, euid, suid, fsuid }) => ({ real: uid, effective: euid, saved: suid, fs: fsuid }),
  set: (cred, ids) => {
    Object.assign(cred, { uid: ids.real, euid: ids.effective, suid: ids.saved, fsuid: ids.fs });
  },
};

const GID: Kind = {
  cap: CAP_SETGID,
  map: 'gid_map',
  get: ({ gid, egid, sgid, fsgid }) => ({ real: gid, effective: egid, saved: sgid, fs: fsgid }),
  set: (cred, ids) => {
    Object.assign(cred, { gid: ids.real, egid: ids.effective, sgid: ids.saved, fsgid: ids.fs });
  },
};

/** New ids, or -errno; each rule below is one system call's. */
type Rule = (old: Ids, free: boolean) => Ids | number;

/** `given`: what the system call was told, which `rule` is then made of. -EINVAL: nobody there is that. */
function change_ids(
  task: Task,
  kind: Kind,
  rule: (...ids: [number, number, number]) => Rule,
  ...given: number[]
): number {
  const cred = prepare_creds(task);
  const kids = given.map((id) => (id === NO_ID ? NO_ID : make_kid(cred.user_ns[kind.map], id)));
  if (kids.some((kid, i) => kid === INVALID_ID && given[i] !== NO_ID)) return -EINVAL;
  const allowed = ns_capable(task, cred.user_ns, kind.cap);
  const ids = rule(...(kids as [number, number, number]))(kind.get(cred), allowed);
  if (typeof ids === 'number') return ids;
  kind.set(cred, ids);
  if (kind === UID) {
    cred.user = task.kernel.users.alloc_uid(cred.uid);
    cap_task_fix_setuid(cred, task.cred);
  }
  if (cred.user !== task.cred.user) flag_nproc_exceeded(task, cred.user);
  commit_creds(task, cred);
  return 0;
}

/** Changing users cannot fail for want of processes: too many programs never looked. execve() fails instead. */
function flag_nproc_exceeded(task: Task, user: UserStruct): void {
  const over = user.uid !== 0 && user.processes > task.signal.rlim[RLIMIT_NPROC]!.cur;
  task.flags = over ? task.flags | PF_NPROC_EXCEEDED : task.flags & ~PF_NPROC_EXCEEDED;
}

const all = (id: number): Ids => ({ real: id, effective: id, saved: id, fs: id });
const among = (id: number, ids: readonly number[]): boolean => id === NO_ID || ids.includes(id);
const or = (id: number, old: number): number => (id === NO_ID ? old : id);

/** Who may do anything changes all of them, for good; others switch between real and saved. */
const setid =
  (id: number): Rule =>
  (old, free) => {
    if (id === NO_ID) return -EINVAL;
    if (free) return all(id);
    return id === old.real || id === old.saved ? { ...old, effective: id, fs: id } : -EPERM;
  };

const setreid =
  (real: number, effective: number): Rule =>
  (old, free) => {
    if (!free && !among(real, [old.real, old.effective])) return -EPERM;
    if (!free && !among(effective, [old.real, old.effective, old.saved])) return -EPERM;
    const e = or(effective, old.effective);
    // "If the real user ID is set or the effective user ID is set to a value not equal to the previous real user ID,
    // the saved set-user-ID will be set to the new effective user ID." - setreuid(2)
    const save = real !== NO_ID || (effective !== NO_ID && effective !== old.real);
    return { real: or(real, old.real), effective: e, saved: save ? e : old.saved, fs: e };
  };

const setresid =
  (real: number, effective: number, saved: number): Rule =>
  (old, free) => {
    const own = [old.real, old.effective, old.saved];
    if (!free && !(among(real, own) && among(effective, own) && among(saved, own))) return -EPERM;
    const e = or(effective, old.effective);
    return { real: or(real, old.real), effective: e, saved: or(saved, old.saved), fs: e };
  };

export const sys_setuid = SYSCALL_DEFINE('setuid', { uid: uint }, (task, { uid }) =>
  change_ids(task, UID, setid, uid),
);
export const sys_setgid = SYSCALL_DEFINE('setgid', { gid: uint }, (task, { gid }) =>
  change_ids(task, GID, setid, gid),
);
export const sys_setreuid = SYSCALL_DEFINE('setreuid', { ruid: uint, euid: uint }, (task, { ruid, euid }) =>
  change_ids(task, UID, setreid, ruid, euid),
);
export const sys_setregid = SYSCALL_DEFINE('setregid', { rgid: uint, egid: uint }, (task, { rgid, egid }) =>
  change_ids(task, GID, setreid, rgid, egid),
);
export const sys_setresuid = SYSCALL_DEFINE(
  'setresuid',
  { ruid: uint, euid: uint, suid: uint },
  (task, { ruid, euid, suid }) => change_ids(task, UID, setresid, ruid, euid, suid),
);
export const sys_setresgid = SYSCALL_DEFINE(
  'setresgid',
  { rgid: uint, egid: uint, sgid: uint },
  (task, { rgid, egid, sgid }) => change_ids(task, GID, setresid, rgid, egid, sgid),
);

/** "returns the previous filesystem user ID", whether it worked or not - setfsuid(2) */
export const sys_setfsuid = SYSCALL_DEFINE('setfsuid', { uid: uint }, (task, { uid }) => {
  const { cred } = task;
  const { user_ns } = cred;
  const kuid = make_kid(user_ns.uid_map, uid);
  const own = [cred.uid, cred.euid, cred.suid, cred.fsuid].includes(kuid);
  const may = kuid !== INVALID_ID && (own || ns_capable(task, user_ns, CAP_SETUID));
  if (may && kuid !== cred.fsuid) {
    const next = { ...prepare_creds(task), fsuid: kuid };
    cap_task_fix_setfsuid(next, cred);
    commit_creds(task, next);
  }
  return from_kuid_munged(cred, cred.fsuid);
});

export const sys_setfsgid = SYSCALL_DEFINE('setfsgid', { gid: uint }, (task, { gid }) => {
  const { cred } = task;
  const { user_ns } = cred;
  const kgid = make_kid(user_ns.gid_map, gid);
  const own = [cred.gid, cred.egid, cred.sgid, cred.fsgid].includes(kgid);
  const may = kgid !== INVALID_ID && (own || ns_capable(task, user_ns, CAP_SETGID));
  if (may && kgid !== cred.fsgid) commit_creds(task, { ...prepare_creds(task), fsgid: kgid });
  return from_kgid_munged(cred, cred.fsgid);
});

export const sys_getuid = SYSCALL_DEFINE('getuid', {}, ({ cred }) => from_kuid_munged(cred, cred.uid));
export const sys_geteuid = SYSCALL_DEFINE('geteuid', {}, ({ cred }) => from_kuid_munged(cred, cred.euid));
export const sys_getgid = SYSCALL_DEFINE('getgid', {}, ({ cred }) => from_kgid_munged(cred, cred.gid));
export const sys_getegid = SYSCALL_DEFINE('getegid', {}, ({ cred }) => from_kgid_munged(cred, cred.egid));

export const sys_getresuid = SYSCALL_DEFINE(
  'getresuid',
  { ruid: outptr, euid: outptr, suid: outptr },
  (task, { ruid, euid, suid }) => {
    const { cred } = task;
    return (
      put_user_u32(task, ruid, from_kuid_munged(cred, cred.uid)) ||
      put_user_u32(task, euid, from_kuid_munged(cred, cred.euid)) ||
      put_user_u32(task, suid, from_kuid_munged(cred, cred.suid))
    );
  },
);

export const sys_getresgid = SYSCALL_DEFINE(
  'getresgid',
  { rgid: outptr, egid: outptr, sgid: outptr },
  (task, { rgid, egid, sgid }) => {
    const { cred } = task;
    return (
      put_user_u32(task, rgid, from_kgid_munged(cred, cred.gid)) ||
      put_user_u32(task, egid, from_kgid_munged(cred, cred.egid)) ||
      put_user_u32(task, sgid, from_kgid_munged(cred, cred.sgid))
    );
  },
);

/*
 * Supplementary groups
 */

const NGROUPS_MAX = 65_536;

export const sys_getgroups = SYSCALL_DEFINE(
  'getgroups',
  { gidsetsize: int, grouplist: outptr },
  (task, { gidsetsize, grouplist }) => {
    const { group_info } = task.cred;
    if (gidsetsize < 0 || (gidsetsize && group_info.length > gidsetsize)) return -EINVAL;
    if (gidsetsize === 0) return group_info.length;
    const bytes = new Uint8Array(4 * group_info.length);
    group_info.forEach((gid, i) => {
      put_unaligned_le32(from_kgid_munged(task.cred, gid), bytes, 4 * i);
    });
    return copy_to_user(task, grouplist, bytes) ? -EFAULT : group_info.length;
  },
);

export const sys_setgroups = SYSCALL_DEFINE(
  'setgroups',
  { gidsetsize: uint, grouplist: ptr },
  (task, { gidsetsize, grouplist }) => {
    const { user_ns } = task.cred;
    if (!ns_capable(task, user_ns, CAP_SETGID) || !userns_may_setgroups(user_ns)) return -EPERM;
    if (gidsetsize > NGROUPS_MAX) return -EINVAL;
    const bytes = memdup_user(task, grouplist, 4 * gidsetsize);
    if (typeof bytes === 'number') return bytes;
    const groups = Array.from({ length: gidsetsize }, (_, i) =>
      make_kid(user_ns.gid_map, get_unaligned_le32(bytes, 4 * i)),
    );
    if (groups.includes(INVALID_ID)) return -EINVAL;
    commit_creds(task, { ...prepare_creds(task), group_info: groups.sort((a, b) => a - b) });
    return 0;
  },
);
