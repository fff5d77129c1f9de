/*
 * kernel/pidfd.ts - another process's file, by its number there
 *
 * Linux:   kernel/pid.c (pidfd_getfd) (v6.12)
 * Manual:  pidfd_getfd(2)
 */

import { fd_install_new } from './fs/file.ts';
import { get_file } from './fs/file_table.ts';
import { pidfd_get_pid } from './fs/pidfs.ts';
import type { Task } from './include/linux/sched.ts';
import { EBADF, EINVAL, EPERM, ESRCH } from './include/uapi/errno.ts';
import { O_CLOEXEC } from './include/uapi/fcntl.ts';
import { PIDTYPE_PID, pid_task } from './pid.ts';
import { PTRACE_MODE_ATTACH_REALCREDS, ptrace_may_access } from './ptrace/access.ts';
import { flags as flagsArg, int, SYSCALL_DEFINE } from './syscalls/define.ts';

export const sys_pidfd_getfd = SYSCALL_DEFINE(
  'pidfd_getfd',
  { pidfd: int, fd: int, flags: flagsArg },
  (task, { pidfd, fd, flags }) => {
    if (flags !== 0) return -EINVAL;
    const found = pidfd_get_pid(task, pidfd);
    if (typeof found === 'number') return found;
    const target = pid_task(found.pid, PIDTYPE_PID);
    return target ? __pidfd_fget(task, target, fd) : -ESRCH;
  },
);

/** Whoever may trace a process may have its files. */
function __pidfd_fget(task: Task, target: Task, fd: number): number {
  if (!ptrace_may_access(task, target, PTRACE_MODE_ATTACH_REALCREDS)) return -EPERM;
  if (!target.files) return -ESRCH; // it is exiting
  const file = target.files.fd[fd];
  return file ? fd_install_new(task, get_file(file), O_CLOEXEC) : -EBADF;
}
