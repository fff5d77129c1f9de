/*
 * kernel/fs/fcntl.ts - everything one can ask of a descriptor
 *
 * Linux:   fs/fcntl.c
 * Manual:  fcntl(2)
 * Absent:  leases, directory notification, SIGIO (F_SETOWN and F_SETSIG are remembered, nothing is sent)
 */

import type { File, FownStruct } from '../include/linux/fs.ts';
import { FMODE_CAN_ODIRECT, FMODE_PATH } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EBADF, EFAULT, EINVAL, EPERM, ESRCH } from '../include/uapi/errno.ts';
import {
  F_ADD_SEALS,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_DUPFD_QUERY,
  F_GET_SEALS,
  F_GETFD,
  F_GETFL,
  F_GETLEASE,
  F_GETLK,
  F_GETOWN,
  F_GETOWN_EX,
  F_GETPIPE_SZ,
  F_GETSIG,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_OWNER_TID,
  F_SETFD,
  F_SETFL,
  F_SETLK,
  F_SETLKW,
  F_SETOWN,
  F_SETOWN_EX,
  F_SETPIPE_SZ,
  F_SETSIG,
  F_UNLCK,
  FD_CLOEXEC,
  O_APPEND,
  O_CLOEXEC,
  O_DIRECT,
  O_NOATIME,
  O_NONBLOCK,
} from '../include/uapi/fcntl.ts';
import { S_ISFIFO } from '../include/uapi/stat.ts';
import { get_unaligned_le32, put_unaligned_le32 } from '../lib/bytes.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import type { MaySleep } from '../sched/wait.ts';
import { type ArgType, enumeration, hex, int, SYSCALL_DEFINE, user_ptr } from '../syscalls/define.ts';
import { f_dupfd, fdget_raw, get_close_on_exec, set_close_on_exec } from './file.ts';
import { inode_owner_or_capable } from './inode.ts';
import { fcntl_lock } from './locks.ts';
import { memfd_add_seals, memfd_get_seals } from './memfd.ts';
import { pipe_get_size, pipe_set_size } from './pipe.ts';
import {
  PIDTYPE_PGID,
  PIDTYPE_PID,
  PIDTYPE_TGID,
  type PidType,
  find_vpid,
  pid_task,
  pid_vnr,
} from '../pid.ts';

/** The third argument: which of the two it is depends on the command. */
interface FcntlArg {
  readonly value: number;
  readonly ptr: UserPtr;
}

const fcntlArg: ArgType<FcntlArg> = {
  decode: (words, i, tagged) => ({ value: words[2 * i]! | 0, ptr: user_ptr(words, i, tagged) }),
  format: ({ value, ptr }) => (ptr > 0xffff ? hex(ptr) : String(value)),
};

type Command = (task: Task, file: File, arg: FcntlArg, fd: number, cmd: number) => MaySleep<number>;

const SETFL_MASK = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME;

function setfl(task: Task, file: File, { value }: FcntlArg): number {
  if (value & O_NOATIME && (file.f_flags & O_NOATIME) === 0 && !inode_owner_or_capable(task, file.f_inode)) {
    return -EPERM;
  }
  // On a pipe O_DIRECT means packets; elsewhere the file must know it.
  const direct = S_ISFIFO(file.f_inode.i_mode) || (file.f_mode & FMODE_CAN_ODIRECT) !== 0;
  if (value & O_DIRECT && !direct) return -EINVAL;
  file.f_flags = (value & SETFL_MASK) | (file.f_flags & ~SETFL_MASK);
  return 0;
}

function setfd(task: Task, _file: File, { value }: FcntlArg, fd: number): number {
  set_close_on_exec(task.files!, fd, (value & FD_CLOEXEC) !== 0);
  return 0;
}

const fown = (file: File): FownStruct => {
  file.f_owner ??= { pid: null, pid_type: PIDTYPE_PID, signum: 0 };
  return file.f_owner;
};

/** "Process group IDs are given as negative values" - fcntl(2) */
function f_setown(task: Task, file: File, { value }: FcntlArg): number {
  if (value === -(2 ** 31)) return -EINVAL;
  return set_owner(task, file, value < 0 ? PIDTYPE_PGID : PIDTYPE_TGID, Math.abs(value));
}

function set_owner(task: Task, file: File, type: PidType, nr: number): number {
  const owner = fown(file);
  const pid = nr === 0 ? null : find_vpid(task, nr);
  if (nr !== 0 && !pid) return -ESRCH;
  owner.pid = pid;
  owner.pid_type = type;
  return 0;
}

/** As the caller knows the owner; 0 when there is none, or none any more. */
function owner_vnr(task: Task, { pid, pid_type }: FownStruct): number {
  return pid && pid_task(pid, pid_type) ? pid_vnr(pid, task) : 0;
}

function f_getown(task: Task, file: File): number {
  if (!file.f_owner) return 0;
  const nr = owner_vnr(task, file.f_owner);
  return file.f_owner.pid_type === PIDTYPE_PGID ? -nr : nr;
}

/** By F_OWNER_TID, F_OWNER_PID and F_OWNER_PGRP. */
const OWNER_TYPES: readonly PidType[] = [PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID];

function f_setown_ex(task: Task, file: File, { ptr }: FcntlArg): number {
  const bytes = memdup_user(task, ptr, 8);
  if (typeof bytes === 'number') return bytes;
  const type = OWNER_TYPES[get_unaligned_le32(bytes, 0)];
  return type === undefined ? -EINVAL : set_owner(task, file, type, get_unaligned_le32(bytes, 4));
}

function f_getown_ex(task: Task, file: File, { ptr }: FcntlArg): number {
  const owner = file.f_owner;
  const bytes = new Uint8Array(8);
  put_unaligned_le32(owner ? OWNER_TYPES.indexOf(owner.pid_type) : F_OWNER_TID, bytes, 0);
  put_unaligned_le32(owner ? owner_vnr(task, owner) : 0, bytes, 4);
  return copy_to_user(task, ptr, bytes) ? -EFAULT : 0;
}

function f_setsig(_task: Task, file: File, { value }: FcntlArg): number {
  if (value < 0 || value > 64) return -EINVAL;
  fown(file).signum = value;
  return 0;
}

const lock: Command = (task, file, { ptr }, _fd, cmd) => fcntl_lock(task, file, cmd, ptr);

function dupfd_query(task: Task, file: File, { value }: FcntlArg): number {
  const other = fdget_raw(task, value);
  return typeof other === 'number' ? other : Number(other === file);
}

// biome-ignore format: columns teach
const COMMANDS: readonly (readonly [cmd: number, run: Command])[] = [
  [F_DUPFD,         (task, file, { value }) => f_dupfd(task, value, file, 0)],
  [F_DUPFD_CLOEXEC, (task, file, { value }) => f_dupfd(task, value, file, O_CLOEXEC)],
  [F_DUPFD_QUERY,   dupfd_query],
  [F_GETFD,         (task, _file, _arg, fd) => (get_close_on_exec(task.files!, fd) ? FD_CLOEXEC : 0)],
  [F_SETFD,         setfd],
  [F_GETFL,         (_task, file) => file.f_flags & ~O_CLOEXEC],
  [F_SETFL,         setfl],
  [F_GETLK,         lock],
  [F_SETLK,         lock],
  [F_SETLKW,        lock],
  [F_OFD_GETLK,     lock],
  [F_OFD_SETLK,     lock],
  [F_OFD_SETLKW,    lock],
  [F_GETOWN,        f_getown],
  [F_SETOWN,        f_setown],
  [F_GETOWN_EX,     f_getown_ex],
  [F_SETOWN_EX,     f_setown_ex],
  [F_GETSIG,        (_task, file) => fown(file).signum],
  [F_SETSIG,        f_setsig],
  [F_GETLEASE,      () => F_UNLCK],
  [F_GETPIPE_SZ,    (_task, file) => pipe_get_size(file)],
  [F_SETPIPE_SZ,    (task, file, { value }) => pipe_set_size(task, file, value >>> 0)],
  [F_ADD_SEALS,     (_task, file, { value }) => memfd_add_seals(file, value)],
  [F_GET_SEALS,     (_task, file) => memfd_get_seals(file)],
];

const BY_NUMBER: ReadonlyMap<number, Command> = new Map(COMMANDS);

/** What an O_PATH descriptor can be asked. */
const PATH_COMMANDS: ReadonlySet<number> = new Set([
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_DUPFD_QUERY,
  F_GETFD,
  F_SETFD,
  F_GETFL,
]);

const commandName = enumeration({
  F_DUPFD,
  F_GETFD,
  F_SETFD,
  F_GETFL,
  F_SETFL,
  F_GETLK,
  F_SETLK,
  F_SETLKW,
  F_SETOWN,
  F_GETOWN,
  F_SETSIG,
  F_GETSIG,
  F_SETOWN_EX,
  F_GETOWN_EX,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_GETLEASE,
  F_DUPFD_QUERY,
  F_DUPFD_CLOEXEC,
  F_SETPIPE_SZ,
  F_GETPIPE_SZ,
  F_ADD_SEALS,
  F_GET_SEALS,
});

export const sys_fcntl = SYSCALL_DEFINE(
  'fcntl',
  { fd: int, cmd: commandName, arg: fcntlArg },
  (task, { fd, cmd, arg }) => {
    const file = fdget_raw(task, fd);
    if (typeof file === 'number') return file;
    if (file.f_mode & FMODE_PATH && !PATH_COMMANDS.has(cmd)) return -EBADF;
    return BY_NUMBER.get(cmd)?.(task, file, arg, fd, cmd) ?? -EINVAL;
  },
);
