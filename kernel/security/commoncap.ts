/*
 * kernel/security/commoncap.ts - how capabilities follow from ids
 *
 * Linux:   security/commoncap.c (v6.12)
 * Manual:  capabilities(7), "Effect of user ID changes on capabilities"; ptrace(2), "Ptrace access mode checking"
 * Differs: what execve makes of them is in kernel/fs/exec_creds.ts
 */

import { CAP_EMPTY_SET, type Cred, cap_capable, type KernelCap, type NewCred } from '../cred.ts';
import {
  CAP_CHOWN,
  CAP_DAC_OVERRIDE,
  CAP_DAC_READ_SEARCH,
  CAP_FOWNER,
  CAP_FSETID,
  CAP_LINUX_IMMUTABLE,
  CAP_MAC_OVERRIDE,
  CAP_MKNOD,
  CAP_SYS_PTRACE,
} from '../include/uapi/capability.ts';
import { make_root_uid } from '../user_namespace.ts';

/* include/uapi/linux/securebits.h: what root does not mean. Each has a lock beside it. */
export const SECBIT_NOROOT = 1 << 0;
export const SECBIT_NO_SETUID_FIXUP = 1 << 2;
export const SECBIT_KEEP_CAPS = 1 << 4;
export const SECBIT_KEEP_CAPS_LOCKED = 1 << 5;
export const SECBIT_NO_CAP_AMBIENT_RAISE = 1 << 6;
export const SECURE_ALL_BITS = 0x55;
export const SECURE_ALL_LOCKS = SECURE_ALL_BITS << 1;

export const cap_combine = (a: KernelCap, b: KernelCap): KernelCap => ({
  lo: (a.lo | b.lo) >>> 0,
  hi: (a.hi | b.hi) >>> 0,
});
export const cap_intersect = (a: KernelCap, b: KernelCap): KernelCap => ({
  lo: (a.lo & b.lo) >>> 0,
  hi: (a.hi & b.hi) >>> 0,
});
export const cap_drop = (a: KernelCap, b: KernelCap): KernelCap => ({
  lo: (a.lo & ~b.lo) >>> 0,
  hi: (a.hi & ~b.hi) >>> 0,
});
export const cap_issubset = (a: KernelCap, b: KernelCap): boolean =>
  (a.lo & ~b.lo) === 0 && (a.hi & ~b.hi) === 0;
export const cap_of = (cap: number): KernelCap =>
  cap < 32 ? { lo: (1 << cap) >>> 0, hi: 0 } : { lo: 0, hi: (1 << (cap - 32)) >>> 0 };

/** Linux: CAP_FS_SET. The powers that belong to the file system's user id. */
// biome-ignore format: one row
const FS_CAPS = [
  CAP_CHOWN, CAP_MKNOD, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_LINUX_IMMUTABLE, CAP_MAC_OVERRIDE,
];
const fsSet = (): KernelCap => FS_CAPS.map(cap_of).reduce(cap_combine);

/** User ids changed: who leaves root leaves its powers, who becomes effectively root gets them. */
export function cap_task_fix_setuid(next: NewCred, old: Cred): void {
  if (old.securebits & SECBIT_NO_SETUID_FIXUP) return;
  const root = make_root_uid(old.user_ns);
  const wasRoot = old.uid === root || old.euid === root || old.suid === root;
  const isRoot = next.uid === root || next.euid === root || next.suid === root;
  if (wasRoot && !isRoot) {
    if (!(old.securebits & SECBIT_KEEP_CAPS)) {
      next.cap_permitted = CAP_EMPTY_SET;
      next.cap_effective = CAP_EMPTY_SET;
    }
    // Ambient capabilities are for programs; a process that gives root up means to give up all of it.
    next.cap_ambient = CAP_EMPTY_SET;
  }
  if (old.euid === root && next.euid !== root) next.cap_effective = CAP_EMPTY_SET;
  if (old.euid !== root && next.euid === root) next.cap_effective = next.cap_permitted;
}

/** setfsuid(): only the powers over files move. */
export function cap_task_fix_setfsuid(next: NewCred, old: Cred): void {
  if (old.securebits & SECBIT_NO_SETUID_FIXUP) return;
  const root = make_root_uid(old.user_ns);
  if (old.fsuid === root && next.fsuid !== root) next.cap_effective = cap_drop(next.cap_effective, fsSet());
  if (old.fsuid !== root && next.fsuid === root)
    next.cap_effective = cap_combine(next.cap_effective, cap_intersect(next.cap_permitted, fsSet()));
}

/** Nobody gains capabilities by looking over somebody's shoulder. `mine`: the caller's set that counts. */
export const cap_ptrace_access_check = (caller: Cred, mine: KernelCap, target: Cred): boolean =>
  (caller.user_ns === target.user_ns && cap_issubset(target.cap_permitted, mine)) ||
  cap_capable(caller, target.user_ns, CAP_SYS_PTRACE);

/** Nor by having them shown: the parent of a task that asks to be traced. */
export const cap_ptrace_traceme = (parent: Cred, child: Cred): boolean =>
  cap_ptrace_access_check(parent, parent.cap_permitted, child);
