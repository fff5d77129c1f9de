/*
 * kernel/fs/nsfs.ts - namespaces as files: /proc/<pid>/ns/uts leads here
 *
 * Linux:   fs/nsfs.c (v6.12)
 * Manual:  namespaces(7), ioctl_ns(2)
 * Differs: a path is made anew for each who asks; the inode is the namespace's as long as somebody has it open
 * Absent:  NS_GET_MNTNS_ID and the translation of numbers by ioctl
 */

import type { File, FileOperations, Inode, MntNamespace, Path } from '../include/linux/fs.ts';
import type { NsCommon } from '../include/linux/ns_common.ts';
import type { PidNamespace } from '../include/linux/pid_namespace.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import type { UserNamespace } from '../include/linux/user_namespace.ts';
import { EINVAL, ENOTTY, EPERM } from '../include/uapi/errno.ts';
import { O_CLOEXEC, O_RDONLY } from '../include/uapi/fcntl.ts';
import * as sched from '../include/uapi/sched.ts';
import { S_IFREG } from '../include/uapi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { put_user_u32 } from '../lib/usercopy.ts';
import { task_active_pid_ns } from '../pid.ts';
import { from_kuid_munged, in_userns } from '../user_namespace.ts';
import { d_alloc } from './dcache.ts';
import { fd_install, get_unused_fd_flags } from './file.ts';
import { alloc_file } from './file_table.ts';
import { new_inode, no_iops } from './inode.ts';
import { put_mnt_ns } from './namespace.ts';
import { init_pseudo } from './super.ts';

const NSFS_MAGIC = 0x6e73_6673;

/** Numbers for namespaces that are made, from one row. */
export const ns_alloc_inum = (kernel: Kernel): number => kernel.next_ns_inum++;

/** "uts:[4026531838]" */
export const ns_get_name = (ns: NsCommon): string => `${ns.type}:[${ns.inum}]`;

/** Where the magic link of a namespace leads. */
export function ns_get_path(kernel: Kernel, ns: NsCommon): Path {
  const mnt = init_pseudo(kernel, 'nsfs', NSFS_MAGIC, (dentry) => dentry.d_name);
  const dentry = d_alloc(mnt.mnt_root, ns_get_name(ns));
  const inode = new_inode(mnt.mnt_sb, S_IFREG | 0o444, no_iops, ns_file_operations, ns.inum);
  inode.i_private = ns;
  dentry.d_inode = inode;
  return { mnt, dentry };
}

/** The namespace that an open file is; null: it is something else. */
export const ns_of_file = (file: File): NsCommon | null =>
  file.f_op === ns_file_operations ? (file.f_inode.i_private as NsCommon) : null;

/** A descriptor for `ns`, or -errno. */
export function open_namespace(task: Task, ns: NsCommon): number {
  const fd = get_unused_fd_flags(task, O_CLOEXEC);
  if (fd < 0) return fd;
  const file = alloc_file(ns_get_path(task.kernel, ns), O_RDONLY, ns_file_operations, task.cred);
  ns_open(file.f_inode);
  fd_install(task, fd, file);
  return fd;
}

/** Mounts stay as long as somebody could come back to them. */
function ns_open({ i_private }: Inode): number {
  const ns = i_private as NsCommon;
  if (ns.type === 'mnt') (ns as MntNamespace).count++;
  return 0;
}

function ns_release({ f_inode }: File): void {
  const ns = f_inode.i_private as NsCommon;
  if (ns.type === 'mnt') put_mnt_ns(f_inode.i_sb.kernel, ns as MntNamespace);
}

/* _IO(0xb7, n) */
const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_NSTYPE = 0xb703;
const NS_GET_OWNER_UID = 0xb704;

const NSTYPES: Readonly<Record<NsCommon['type'], number>> = {
  mnt: sched.CLONE_NEWNS,
  pid: sched.CLONE_NEWPID,
  time: sched.CLONE_NEWTIME,
  user: sched.CLONE_NEWUSER,
  uts: sched.CLONE_NEWUTS,
};

function ns_ioctl(task: Task, file: File, cmd: number, arg: UserPtr): number {
  const ns = file.f_inode.i_private as NsCommon;
  if (cmd === NS_GET_USERNS) return open_owner(task, ns);
  if (cmd === NS_GET_PARENT) return open_parent(task, ns);
  if (cmd === NS_GET_NSTYPE) return NSTYPES[ns.type];
  if (cmd !== NS_GET_OWNER_UID) return -ENOTTY;
  if (ns.type !== 'user') return -EINVAL;
  return put_user_u32(task, arg, from_kuid_munged(task.cred, (ns as UserNamespace).owner));
}

/** "EPERM: The requested namespace is outside of the caller's namespace scope." - ioctl_ns(2) */
function open_owner(task: Task, ns: NsCommon): number {
  const owner = ns.type === 'user' ? (ns as UserNamespace).parent : ns.user_ns;
  return owner && in_userns(task.cred.user_ns, owner) ? open_namespace(task, owner) : -EPERM;
}

function open_parent(task: Task, ns: NsCommon): number {
  if (ns.type === 'user') return open_owner(task, ns);
  if (ns.type !== 'pid') return -EINVAL;
  const { parent } = ns as PidNamespace;
  const mine = task_active_pid_ns(task);
  for (let level = parent; level; level = level.parent)
    if (level === mine) return open_namespace(task, parent!);
  return -EPERM;
}

const ns_file_operations: FileOperations = { open: ns_open, release: ns_release, ioctl: ns_ioctl };
