/*
 * kernel/fs/exec_creds.ts - what a program may do because of whose file it is
 *
 * Linux:   fs/exec.c (bprm_fill_uid(), check_unsafe_exec()), security/commoncap.c (cap_bprm_creds_from_file())
 * Manual:  execve(2), capabilities(7) "Transformation of capabilities during execve()"
 * Absent:  file capabilities (extended attributes)
 */

import { CAP_EMPTY_SET, CAP_SETUID, type Cred, capable, type KernelCap, type NewCred } from '../cred.ts';
import {
  type LinuxBinprm,
  LSM_UNSAFE_NO_NEW_PRIVS,
  LSM_UNSAFE_PTRACE,
  LSM_UNSAFE_SHARE,
} from '../include/linux/binfmts.ts';
import type { Task } from '../include/linux/sched.ts';
import { MS_NOSUID } from '../include/uapi/mount.ts';
import { S_ISGID, S_ISUID, S_IXGRP } from '../include/uapi/stat.ts';
import { ptracer_capable } from '../ptrace.ts';
import { make_root_uid, privileged_wrt_inode_uidgid } from '../user_namespace.ts';

const SECURE_NOROOT = 1 << 0;
const SECURE_KEEP_CAPS = 1 << 4;

/** Reasons not to trust a set-user-ID program with its rights: somebody outside could steer it. */
export function check_unsafe_exec(task: Task): number {
  const sharesFs = task.fs.users > task.signal.threads.size;
  return (
    (task.ptrace && !ptracer_capable(task) ? LSM_UNSAFE_PTRACE : 0) |
    (sharesFs ? LSM_UNSAFE_SHARE : 0) |
    (task.no_new_privs ? LSM_UNSAFE_NO_NEW_PRIVS : 0)
  );
}

/** Linux: bprm_creds_from_file(). Called with the file that will run: of a script, the interpreter. */
export function bprm_creds_from_file(bprm: LinuxBinprm): void {
  const { task, cred } = bprm;
  bprm_fill_uid(bprm);
  const old = task.cred;
  give_capabilities(cred, old);

  const setid = cred.euid !== old.uid || cred.egid !== old.gid;
  if ((setid || gained(cred.cap_permitted, old.cap_permitted)) && bprm.unsafe !== 0) take_back(bprm, old);

  cred.suid = cred.fsuid = cred.euid;
  cred.sgid = cred.fsgid = cred.egid;
  cred.securebits &= ~SECURE_KEEP_CAPS;
  const root = make_root_uid(cred.user_ns);
  const rootless = cred.uid !== root && (cred.euid === root || gained(cred.cap_permitted, cred.cap_ambient));
  bprm.secureexec = cred.euid !== old.uid || cred.egid !== old.gid || rootless;
}

/** The set-user-ID and set-group-ID bits. */
function bprm_fill_uid({ task, file, cred }: LinuxBinprm): void {
  if ((file.f_path.mnt.mnt_flags & MS_NOSUID) !== 0 || task.no_new_privs) return;
  const { i_mode, i_uid, i_gid } = file.f_inode;
  if (!privileged_wrt_inode_uidgid(cred.user_ns, file.f_inode)) return; // nobody there can be that user
  if ((i_mode & S_ISUID) !== 0) cred.euid = i_uid;
  // Without group execution the bit once meant mandatory locking.
  if ((i_mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP)) cred.egid = i_gid;
}

/** "If a process with a nonzero UID executes a file... the effective set is the ambient one"; root gets all it may have. */
function give_capabilities(cred: NewCred, old: Cred): void {
  const setid = cred.euid !== old.uid || cred.egid !== old.gid;
  if (setid) cred.cap_ambient = CAP_EMPTY_SET;
  const root_uid = make_root_uid(cred.user_ns);
  const is_root = cred.euid === root_uid || cred.uid === root_uid;
  const root = (cred.securebits & SECURE_NOROOT) === 0 && is_root;
  cred.cap_permitted = root ? union(cred.cap_bset, cred.cap_inheritable) : cred.cap_ambient;
  cred.cap_effective = root && cred.euid === root_uid ? cred.cap_permitted : cred.cap_ambient;
}

/** Whoever could interfere must not thereby get new rights: the program runs with the caller's. */
function take_back(bprm: LinuxBinprm, old: Cred): void {
  const { task, cred, unsafe } = bprm;
  const trusted = unsafe === LSM_UNSAFE_SHARE && capable(task, CAP_SETUID);
  if (!trusted) {
    cred.euid = cred.uid;
    cred.egid = cred.gid;
  }
  cred.cap_permitted = intersection(cred.cap_permitted, old.cap_permitted);
  cred.cap_effective = intersection(cred.cap_effective, cred.cap_permitted);
}

const union = (a: KernelCap, b: KernelCap): KernelCap => ({
  lo: (a.lo | b.lo) >>> 0,
  hi: (a.hi | b.hi) >>> 0,
});
const intersection = (a: KernelCap, b: KernelCap): KernelCap => ({
  lo: (a.lo & b.lo) >>> 0,
  hi: (a.hi & b.hi) >>> 0,
});

/** Does `a` hold something that `b` does not? */
const gained = (a: KernelCap, b: KernelCap): boolean => ((a.lo & ~b.lo) | (a.hi & ~b.hi)) !== 0;
