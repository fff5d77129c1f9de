/*
 * kernel/fs/ioctl.ts - what every descriptor understands, then the driver's own
 *
 * Linux:   fs/ioctl.c
 * Manual:  ioctl(2)
 * Absent:  FIBMAP and the other block commands, file cloning
 */

import type { File, Inode } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, type UserPtr } from '../include/linux/types.ts';
import { EINVAL, ENOIOCTLCMD, ENOTTY } from '../include/uapi/errno.ts';
import { O_NONBLOCK } from '../include/uapi/fcntl.ts';
import {
  FIBMAP,
  FIGETBSZ,
  FIOASYNC,
  FIOCLEX,
  FIONBIO,
  FIONCLEX,
  FIONREAD,
  FIOQSIZE,
} from '../include/uapi/ioctls.ts';
import * as ioctls from '../include/uapi/ioctls.ts';
import { S_ISDIR, S_ISLNK, S_ISREG } from '../include/uapi/stat.ts';
import { get_user_u32, put_user_u32, put_user_u64 } from '../lib/usercopy.ts';
import { is_generator, type MaySleep, type Sleeps } from '../sched/wait.ts';
import { enumeration, int, ptr, SYSCALL_DEFINE, uint } from '../syscalls/define.ts';
import { fdget, set_close_on_exec } from './file.ts';
import { fput, get_file } from './file_table.ts';

const request = { ...enumeration(ioctls), decode: uint.decode };

export const sys_ioctl = SYSCALL_DEFINE(
  'ioctl',
  { fd: int, cmd: request, arg: ptr },
  (task, { fd, cmd, arg }) => {
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    return do_vfs_ioctl(task, file, fd, cmd, arg);
  },
);

function do_vfs_ioctl(task: Task, file: File, fd: number, cmd: number, arg: UserPtr): MaySleep<number> {
  const { i_mode, i_size } = file.f_inode;
  switch (cmd) {
    case FIOCLEX:
    case FIONCLEX:
      set_close_on_exec(task.files!, fd, cmd === FIOCLEX);
      return 0;
    case FIONBIO:
      return ioctl_fionbio(task, file, arg);
    case FIOASYNC:
      return ioctl_fioasync(task, arg);
    case FIGETBSZ:
      return put_user_u32(task, arg, file.f_inode.i_sb.s_blocksize);
    case FIBMAP:
      return S_ISREG(i_mode) ? ioctl_fibmap(task, arg) : vfs_ioctl(task, file, cmd, arg);
    case FIOQSIZE:
      return S_ISDIR(i_mode) || S_ISREG(i_mode) || S_ISLNK(i_mode)
        ? put_user_u64(task, arg, inode_get_bytes(file.f_inode))
        : -ENOTTY;
    case FIONREAD:
      return S_ISREG(i_mode) ? put_user_u32(task, arg, i_size - file.f_pos) : vfs_ioctl(task, file, cmd, arg);
    default:
      return vfs_ioctl(task, file, cmd, arg);
  }
}

/** "Where is block N?" No file here is on a disk. */
function ioctl_fibmap(task: Task, arg: UserPtr): number {
  const block = get_user_u32(task, arg);
  return block < 0 ? block : -EINVAL;
}

/** What the file takes up, not how long it is. */
const inode_get_bytes = (inode: Inode): number => (inode.i_mapping?.nrpages ?? 0) * PAGE_SIZE;

/** The driver's turn. A command nobody knows is ENOTTY, whatever the file is. */
function vfs_ioctl(task: Task, file: File, cmd: number, arg: UserPtr): MaySleep<number> {
  const ret = file.f_op.ioctl?.(task, file, cmd, arg) ?? -ENOIOCTLCMD;
  return is_generator(ret) ? ioctl_later(file, ret) : ioctl_result(ret);
}

function* ioctl_later(file: File, rest: Sleeps<number>): Sleeps<number> {
  get_file(file);
  const ret = ioctl_result(yield* rest);
  fput(file);
  return ret;
}

const ioctl_result = (ret: number): number => (ret === -ENOIOCTLCMD ? -ENOTTY : ret);

function ioctl_fionbio(task: Task, file: File, arg: UserPtr): number {
  const on = get_user_u32(task, arg);
  if (on < 0) return on;
  if (on) file.f_flags |= O_NONBLOCK;
  else file.f_flags &= ~O_NONBLOCK;
  return 0;
}

/** Switching signal-driven I/O off, where it never was on, is fine. */
function ioctl_fioasync(task: Task, arg: UserPtr): number {
  const on = get_user_u32(task, arg);
  if (on < 0) return on;
  return on ? -ENOTTY : 0;
}
