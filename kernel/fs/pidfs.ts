/*
 * kernel/fs/pidfs.ts - a descriptor that means a process, whatever its number will mean later
 *
 * Linux:   fs/pidfs.c, kernel/pid.c (pidfd_open), kernel/fork.c (pidfd_prepare) (v6.12)
 * Manual:  pidfd_open(2)
 * Differs: an anonymous inode, as before v6.9
 * Absent:  pidfd_getfd(), ioctls on a pidfd
 */

import type { File, FileOperations, PollTable } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { EBADF, EINVAL, ESRCH } from '../include/uapi/errno.ts';
import { O_CLOEXEC, O_EXCL, O_NONBLOCK, O_RDWR } from '../include/uapi/fcntl.ts';
import { type Pid, PIDTYPE_PID, PIDTYPE_TGID, pid_task } from '../pid.ts';
import { bits, int, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { anon_inode_getfile } from './anon_inodes.ts';
import { fd_install, fdget, get_unused_fd_flags, put_unused_fd } from './file.ts';
import { fput } from './file_table.ts';

const PIDFD_NONBLOCK = O_NONBLOCK;
const PIDFD_THREAD = O_EXCL;

const EPOLLIN = 0x1;
const EPOLLHUP = 0x10;
const EPOLLRDNORM = 0x40;

const pidfd_fops: FileOperations = { poll: pidfd_poll };

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
    const pid = task.kernel.pids.find_vpid(nr);
    if (!pid_task(pid, PIDTYPE_PID)) return -ESRCH;
    if (!(flags & PIDFD_THREAD) && !pid_task(pid, PIDTYPE_TGID)) return -EINVAL; // a thread is not a process
    const prepared = pidfd_prepare(task, pid!, flags);
    if (typeof prepared === 'number') return prepared;
    fd_install(task, prepared.fd, prepared.file);
    return prepared.fd;
  },
);
