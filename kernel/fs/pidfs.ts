/*
 * kernel/fs/pidfs.ts - a descriptor that means a process, whatever its number will mean later
 *
 * Linux:   fs/pidfs.c, kernel/pid.c (pidfd_open), kernel/fork.c (pidfd_prepare), kernel/signal.c (pidfd_send_signal) (v6.12)
 * Manual:  pidfd_open(2), pidfd_send_signal(2)
 * Differs: an anonymous inode, as before v6.9
 * Absent:  PIDFD_GET_INFO, which came with v6.13
 */

import type { File, FileOperations, PollTable } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { KernelSigInfo } from '../include/linux/signal.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EACCES, EBADF, EINVAL, ENOTTY, EOPNOTSUPP, EPERM, ESRCH } from '../include/uapi/errno.ts';
import { O_CLOEXEC, O_EXCL, O_NONBLOCK, O_RDWR } from '../include/uapi/fcntl.ts';
import { SI_TKILL, SI_USER } from '../include/uapi/siginfo.ts';
import { get_user_u32 } from '../lib/usercopy.ts';
import {
  type Pid,
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  type PidType,
  pid_task,
  find_vpid,
  pid_nr_ns,
  task_active_pid_ns,
} from '../pid.ts';
import { __kill_pgrp_info, group_send_sig_info } from '../signal/kill.ts';
import { copy_siginfo_from_user, tkill_siginfo, user_siginfo } from '../signal/siginfo.ts';
import { bits, int, ptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { anon_inode_getfile } from './anon_inodes.ts';
import { fd_install, fdget, get_unused_fd_flags, put_unused_fd } from './file.ts';
import { fput } from './file_table.ts';
import type { NsCommon } from '../include/linux/ns_common.ts';
import type { PidNamespace } from '../include/linux/pid_namespace.ts';
import { pidns_is_ancestor } from '../pid_namespace.ts';
import { PTRACE_MODE_READ_FSCREDS, ptrace_may_access } from '../ptrace.ts';
import { open_namespace } from './nsfs.ts';

const PIDFD_NONBLOCK = O_NONBLOCK;
const PIDFD_THREAD = O_EXCL;

const EPOLLIN = 0x1;
const EPOLLHUP = 0x10;
const EPOLLRDNORM = 0x40;

const pidfd_fops: FileOperations = { poll: pidfd_poll, ioctl: pidfd_ioctl, show_fdinfo: pidfd_show_fdinfo };

interface PidFd {
  readonly pid: Pid;
  /** PIDFD_THREAD: it means the thread, not its process. */
  readonly thread: boolean;
}

export interface PreparedPidFd {
  readonly fd: number;
  readonly file: File;
  /** Instead of fd_install(). */
  drop(): void;
}

/** A reserved number and the file that is to become it, or -errno. */
export function pidfd_prepare(task: Task, pid: Pid, flags: number): PreparedPidFd | number {
  const fd = get_unused_fd_flags(task, O_CLOEXEC);
  if (fd < 0) return fd;
  const priv: PidFd = { pid, thread: (flags & PIDFD_THREAD) !== 0 };
  const file = anon_inode_getfile(task, '[pidfd]', pidfd_fops, priv, O_RDWR | (flags & PIDFD_NONBLOCK));
  const drop = (): void => {
    put_unused_fd(task, fd);
    fput(file);
  };
  return { fd, file, drop };
}

/** Readable when the process has ended; hung up when it was reaped too. */
function pidfd_poll(file: File, table: PollTable): number {
  const { pid, thread } = file.private_data as PidFd;
  table?.(pid.wait_pidfd);
  const task = pid_task(pid, PIDTYPE_PID);
  if (!task) return EPOLLIN | EPOLLRDNORM | EPOLLHUP;
  const ended = task.exit_state !== 0 && (thread || task.signal.threads.size === 1);
  return ended ? EPOLLIN | EPOLLRDNORM : 0;
}

/**
 * The number in the namespace of the /proc that is read, and those further in. 0: it has none there; -1: it is gone.
 */
function pidfd_show_fdinfo(file: File, ns: PidNamespace): string {
  const { pid } = file.private_data as PidFd;
  if (!pid_task(pid, PIDTYPE_PID)) return 'Pid:\t-1\nNSpid:\t-1\n';
  const nr = pid_nr_ns(pid, ns);
  const inner = nr ? pid.numbers.slice(ns.level + 1) : [];
  return `Pid:\t${nr}\nNSpid:\t${[nr, ...inner.map((upid) => upid.nr)].join('\t')}\n`;
}

/** PIDFD_GET_*_NAMESPACE are _IO(0xff, n); null: there is none of that kind. */
// biome-ignore format: columns teach
const NAMESPACES = new Map<number, (task: Task) => NsCommon | null>([
  [0xff01, () => null], // cgroup
  [0xff02, () => null], // ipc
  [0xff03, ({ nsproxy }) => nsproxy.mnt_ns],
  [0xff04, () => null], // net
  [0xff05, (task) => task_active_pid_ns(task)],
  [0xff06, ({ nsproxy }) => nsproxy.pid_ns_for_children],
  [0xff07, ({ nsproxy }) => nsproxy.time_ns],
  [0xff08, ({ nsproxy }) => nsproxy.time_ns_for_children],
  [0xff09, ({ cred }) => cred.user_ns],
  [0xff0a, ({ nsproxy }) => nsproxy.uts_ns],
]);

/** A descriptor for one of the process's namespaces. */
function pidfd_ioctl(task: Task, file: File, cmd: number, arg: UserPtr): number {
  const get = NAMESPACES.get(cmd);
  if (!get) return -ENOTTY;
  const target = pid_task((file.private_data as PidFd).pid, PIDTYPE_PID);
  if (!target) return -ESRCH;
  if (arg) return -EINVAL;
  if (target.exit_state) return -ESRCH;
  if (!ptrace_may_access(task, target, PTRACE_MODE_READ_FSCREDS)) return -EACCES;
  const ns = get(target);
  return ns ? open_namespace(task, ns) : -EOPNOTSUPP;
}

/** What the descriptor means and with which flags it was opened, or -EBADF. */
export function pidfd_get_pid(task: Task, fd: number): { pid: Pid; nonblock: boolean } | number {
  const file = fdget(task, fd);
  if (typeof file === 'number') return file;
  if (file.f_op !== pidfd_fops) return -EBADF;
  return { pid: (file.private_data as PidFd).pid, nonblock: (file.f_flags & O_NONBLOCK) !== 0 };
}

export const sys_pidfd_open = SYSCALL_DEFINE(
  'pidfd_open',
  { pid: int, flags: bits({ PIDFD_NONBLOCK, PIDFD_THREAD }) },
  (task, { pid: nr, flags }) => {
    if (flags & ~(PIDFD_NONBLOCK | PIDFD_THREAD) || nr <= 0) return -EINVAL;
    const pid = find_vpid(task, nr);
    if (!pid_task(pid, PIDTYPE_PID)) return -ESRCH;
    if (!(flags & PIDFD_THREAD) && !pid_task(pid, PIDTYPE_TGID)) return -EINVAL; // a thread is not a process
    const prepared = pidfd_prepare(task, pid!, flags);
    if (typeof prepared === 'number') return prepared;
    fd_install(task, prepared.fd, prepared.file);
    return prepared.fd;
  },
);

const PIDFD_SIGNAL_THREAD = 1;
const PIDFD_SIGNAL_THREAD_GROUP = 2;
const PIDFD_SIGNAL_PROCESS_GROUP = 4;
const TARGETS = { PIDFD_SIGNAL_THREAD, PIDFD_SIGNAL_THREAD_GROUP, PIDFD_SIGNAL_PROCESS_GROUP };

/** Whom a signal is for; `opened`: what the descriptor was opened for. Null: no such flags. */
function target_type(flags: number, opened: PidType): PidType | null {
  if (flags === 0) return opened;
  if (flags === PIDFD_SIGNAL_THREAD) return PIDTYPE_PID;
  if (flags === PIDFD_SIGNAL_THREAD_GROUP) return PIDTYPE_TGID;
  return flags === PIDFD_SIGNAL_PROCESS_GROUP ? PIDTYPE_PGID : null;
}

/** A pidfd, or the directory of a process in some /proc: what came before there were pidfds. */
function pidfd_to_pid(file: File): PidFd | number {
  if (file.f_op === pidfd_fops) return file.private_data as PidFd;
  return file.f_op.is_proc_tgid ? { pid: file.f_inode.i_private as Pid, thread: false } : -EBADF;
}

/** Nobody can name who is outside of his namespace, but a descriptor may have been handed to him. */
const access_pidfd_pidns = (task: Task, pid: Pid): boolean =>
  pidns_is_ancestor(pid.ns, task_active_pid_ns(task));

export const sys_pidfd_send_signal = SYSCALL_DEFINE(
  'pidfd_send_signal',
  { pidfd: int, sig: int, info: ptr, flags: bits(TARGETS) },
  (task, { pidfd, sig, info: uinfo, flags }) => {
    if (target_type(flags, PIDTYPE_PID) === null) return -EINVAL;
    const file = fdget(task, pidfd);
    if (typeof file === 'number') return file;
    const found = pidfd_to_pid(file);
    if (typeof found === 'number') return found;
    const { pid, thread } = found;
    if (!access_pidfd_pidns(task, pid)) return -EINVAL;
    const type = target_type(flags, thread ? PIDTYPE_PID : PIDTYPE_TGID)!;
    const info = uinfo ? given_siginfo(task, uinfo, sig, pid, type) : own_siginfo(task, sig, type);
    if (typeof info === 'number') return info;

    const target = pid_task(pid, PIDTYPE_PID);
    if (!target) return -ESRCH;
    return type === PIDTYPE_PGID
      ? __kill_pgrp_info(sig, info, pid)
      : group_send_sig_info(sig, info, target, type);
  },
);

const own_siginfo = (task: Task, sig: number, type: PidType): KernelSigInfo =>
  type === PIDTYPE_PID ? tkill_siginfo(sig, task) : user_siginfo(sig, SI_USER, task);

/** Only to itself may a process send what looks as if the kernel, or a kill(), had sent it. */
function given_siginfo(
  task: Task,
  uinfo: UserPtr,
  sig: number,
  pid: Pid,
  type: PidType,
): KernelSigInfo | number {
  const signo = get_user_u32(task, uinfo);
  if (signo < 0) return signo;
  if (signo !== sig) return -EINVAL;
  const info = copy_siginfo_from_user(task, uinfo, sig);
  if (typeof info === 'number') return info;
  const forged = info.si_code >= 0 || info.si_code === SI_TKILL;
  const toOneself = task.thread_pid === pid && type !== PIDTYPE_PGID;
  return forged && !toOneself ? -EPERM : info;
}
