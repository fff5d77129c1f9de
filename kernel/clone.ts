/*
 * kernel/clone.ts - the system calls that make tasks
 *
 * Linux:   kernel/fork.c (v6.12)
 * Manual:  clone(2), set_tid_address(2), unshare(2)
 * Differs: a file of its own, because copy_process() fills one
 */

import { unshare_files } from './fs/file.ts';
import { copy_fs_struct, unshare_fs_struct } from './fs/fs_struct.ts';
import { MAX_PID_NS_LEVEL } from './include/linux/pid_namespace.ts';
import { switch_task_namespaces, unshare_nsproxy_namespaces } from './nsproxy.ts';
import { task_pid_vnr } from './pid.ts';
import { commit_user_ns, create_user_ns } from './user_namespace.ts';
import { type KernelCloneArgs, kernel_clone, NO_CLONE_ARGS } from './fork.ts';
import type { Task } from './include/linux/sched.ts';
import { NOT_USER, PAGE_SIZE, TASK_SIZE, type UserPtr } from './include/linux/types.ts';
import { E2BIG, EBADF, EFAULT, EINVAL } from './include/uapi/errno.ts';
import {
  CLONE_CLEAR_SIGHAND_HI,
  CLONE_DETACHED,
  CLONE_FILES,
  CLONE_FLAGS,
  CLONE_FS,
  CLONE_INTO_CGROUP_HI,
  CLONE_NEW_PRIVILEGED,
  CLONE_NEWNS,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_SIGHAND,
  CLONE_SYSVSEM,
  CLONE_THREAD,
  CLONE_VM,
  CSIGNAL,
} from './include/uapi/sched.ts';
import { valid_signal } from './include/uapi/signal.ts';
import { get_unaligned_le32, get_unaligned_le64, get_unaligned_reg64 } from './lib/bytes.ts';
import { copy_struct_from_user, memdup_user } from './lib/usercopy.ts';
import { bits, outptr, ptr, reg64, SYSCALL_DEFINE, size } from './syscalls/define.ts';

/* The order of clone()'s arguments is the architecture's: arm64 has CONFIG_CLONE_BACKWARDS. */
export const sys_clone = SYSCALL_DEFINE(
  'clone',
  { flags: bits(CLONE_FLAGS), stack: ptr, parent_tid: outptr, tls: reg64, child_tid: ptr },
  (task, { flags, stack, parent_tid, tls, child_tid }) => {
    const both = CLONE_PIDFD | CLONE_PARENT_SETTID; // they would store through the same pointer
    if ((flags & both) === both) return -EINVAL;
    return kernel_clone(task, {
      ...NO_CLONE_ARGS,
      flags: flags & ~CSIGNAL,
      exit_signal: flags & CSIGNAL,
      pidfd: parent_tid,
      parent_tid,
      child_tid,
      stack,
      tls,
    });
  },
);

/* struct clone_args: eleven 64-bit words. */
const CLONE_ARGS_SIZE_VER0 = 64;
const CLONE_ARGS_SIZE_VER2 = 88;
// biome-ignore format: columns teach
const FLAGS = 0, PIDFD = 8, CHILD_TID = 16, PARENT_TID = 24, EXIT_SIGNAL = 32, STACK = 40, STACK_SIZE = 48, TLS = 56,
  SET_TID = 64, SET_TID_SIZE = 72, CGROUP = 80;

export const sys_clone3 = SYSCALL_DEFINE('clone3', { uargs: ptr, size }, (task, { uargs, size }) => {
  const args = copy_clone_args_from_user(task, uargs, size);
  return typeof args === 'number' ? args : kernel_clone(task, args);
});

function copy_clone_args_from_user(task: Task, uargs: UserPtr, usize: number): KernelCloneArgs | number {
  if (usize > PAGE_SIZE) return -E2BIG;
  if (usize < CLONE_ARGS_SIZE_VER0) return -EINVAL;
  const bytes = copy_struct_from_user(task, new Uint8Array(CLONE_ARGS_SIZE_VER2), uargs, usize);
  if (typeof bytes === 'number') return bytes;

  const set_tid_size = get_unaligned_le64(bytes, SET_TID_SIZE);
  const hasSetTid = get_unaligned_le64(bytes, SET_TID) !== 0;
  if (set_tid_size > MAX_PID_NS_LEVEL || hasSetTid !== set_tid_size > 0) return -EINVAL;
  const exit_signal = get_unaligned_le64(bytes, EXIT_SIGNAL);
  if (exit_signal > CSIGNAL || !valid_signal(exit_signal)) return -EINVAL;
  const intoCgroup = (get_unaligned_le32(bytes, FLAGS + 4) & CLONE_INTO_CGROUP_HI) !== 0;
  if (intoCgroup && (get_unaligned_le64(bytes, CGROUP) > 0x7fff_ffff || usize < CLONE_ARGS_SIZE_VER2))
    return -EINVAL;

  const set_tid = read_set_tid(task, user_address(bytes, SET_TID), set_tid_size);
  return typeof set_tid === 'number' ? set_tid : clone3_args(bytes, set_tid, exit_signal);
}

/** What follows when it has all been read: is it allowed together? */
function clone3_args(
  bytes: Uint8Array,
  set_tid: readonly number[],
  exit_signal: number,
): KernelCloneArgs | number {
  const flags = get_unaligned_le32(bytes, FLAGS);
  const flagsHigh = get_unaligned_le32(bytes, FLAGS + 4);
  const clear_sighand = (flagsHigh & CLONE_CLEAR_SIGHAND_HI) !== 0;
  if (flagsHigh & ~(CLONE_CLEAR_SIGHAND_HI | CLONE_INTO_CGROUP_HI)) return -EINVAL;
  if (flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME))) return -EINVAL;
  if (clear_sighand && flags & CLONE_SIGHAND) return -EINVAL;
  if (flags & (CLONE_THREAD | CLONE_PARENT) && exit_signal) return -EINVAL;

  const stack = user_address(bytes, STACK);
  const stack_size = get_unaligned_le64(bytes, STACK_SIZE);
  if ((stack === 0) !== (stack_size === 0) || stack + stack_size > TASK_SIZE) return -EINVAL;
  // "EBADF: the file descriptor does not refer to a cgroup": there are none.
  if (flagsHigh & CLONE_INTO_CGROUP_HI) return -EBADF;
  return {
    flags,
    exit_signal,
    clear_sighand,
    set_tid,
    pidfd: user_address(bytes, PIDFD),
    child_tid: user_address(bytes, CHILD_TID),
    parent_tid: user_address(bytes, PARENT_TID),
    stack: (stack + stack_size) as UserPtr,
    tls: get_unaligned_reg64(bytes, TLS),
    fn: null,
  };
}

function user_address(bytes: Uint8Array, at: number): UserPtr {
  const address = get_unaligned_le64(bytes, at);
  return address < TASK_SIZE ? (address as UserPtr) : NOT_USER;
}

function read_set_tid(task: Task, from: UserPtr, count: number): readonly number[] | number {
  if (count === 0) return [];
  const bytes = memdup_user(task, from, 4 * count);
  if (typeof bytes === 'number') return -EFAULT;
  return Array.from({ length: count }, (_, i) => get_unaligned_le32(bytes, 4 * i) | 0);
}

export const sys_set_tid_address = SYSCALL_DEFINE('set_tid_address', { tidptr: ptr }, (task, { tidptr }) => {
  task.clear_child_tid = tidptr;
  return task_pid_vnr(task, task);
});

const UNSHARE_FLAGS =
  CLONE_THREAD |
  CLONE_FS |
  CLONE_SIGHAND |
  CLONE_VM |
  CLONE_FILES |
  CLONE_SYSVSEM |
  CLONE_NEW_PRIVILEGED |
  CLONE_NEWUSER |
  CLONE_NEWTIME;

export const sys_unshare = SYSCALL_DEFINE('unshare', { flags: bits(CLONE_FLAGS) }, (task, args) => {
  let { flags } = args;
  // Each of these is no use, or a danger, to who still shares the next.
  if (flags & CLONE_NEWUSER) flags |= CLONE_THREAD | CLONE_FS;
  if (flags & CLONE_VM) flags |= CLONE_SIGHAND;
  if (flags & CLONE_SIGHAND) flags |= CLONE_THREAD;
  if (flags & CLONE_NEWNS) flags |= CLONE_FS;
  if (flags & ~UNSHARE_FLAGS) return -EINVAL;
  // Memory and handlers can only be "unshared" by those who share them with nobody.
  const alone = task.signal.threads.size === 1;
  if (flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) && !alone) return -EINVAL;
  if (flags & (CLONE_SIGHAND | CLONE_VM) && task.sighand.count > 1) return -EINVAL;
  if (flags & CLONE_VM && task.mm!.mm_users > 1) return -EINVAL;

  const cred = flags & CLONE_NEWUSER ? create_user_ns(task, task.cred) : task.cred;
  if (typeof cred === 'number') return cred;
  const fs = copy_fs_struct(task.fs);
  const nsproxy = unshare_nsproxy_namespaces(task, flags, cred, fs);
  if (typeof nsproxy === 'number') return nsproxy;

  if (flags & CLONE_FS) unshare_fs_struct(task);
  if (flags & CLONE_NEWNS) Object.assign(task.fs, { root: fs.root, pwd: fs.pwd });
  if (flags & CLONE_FILES) unshare_files(task);
  commit_user_ns(task, cred);
  if (nsproxy) switch_task_namespaces(task, nsproxy);
  return 0;
});
