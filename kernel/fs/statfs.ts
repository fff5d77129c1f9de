/*
 * kernel/fs/statfs.ts - what is known about a file system
 *
 * Linux:   fs/statfs.c
 * Manual:  statfs(2)
 */

import type { Path } from '../include/linux/fs.ts';
import { LOOKUP_FOLLOW } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EFAULT } from '../include/uapi/errno.ts';
import { AT_FDCWD } from '../include/uapi/fcntl.ts';
import {
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_RDONLY,
  MS_RELATIME,
  ST_VALID,
} from '../include/uapi/mount.ts';
import { new_encode_dev } from '../include/uapi/stat.ts';
import { put_unaligned_le32, put_unaligned_le64 } from '../lib/bytes.ts';
import { copy_to_user } from '../lib/usercopy.ts';
import { int, outptr, path as pathArg, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { fdget_raw } from './file.ts';
import { user_path_at } from './namei.ts';
import { simple_statfs } from './super.ts';

const STATFS_SIZE = 120;
const NAME_MAX = 255;

// biome-ignore format: columns teach
const ST_FLAGS: readonly (readonly [mnt: number, st: number])[] = [
  [MS_RDONLY, 0x1], [MS_NOSUID, 0x2], [MS_NODEV, 0x4], [MS_NOEXEC, 0x8], [MS_NOATIME, 0x400], [MS_NODIRATIME, 0x800],
  [MS_RELATIME, 0x1000], [MS_NOSYMFOLLOW, 0x2000],
];

function st_flags({ mnt }: Path): number {
  const flags = mnt.mnt_flags | (mnt.mnt_sb.s_flags & MS_RDONLY);
  let st = ST_VALID;
  for (const [from, to] of ST_FLAGS) if (flags & from) st |= to;
  return st;
}

function do_statfs(task: Task, path: Path, to: UserPtr): number {
  const sb = path.dentry.d_sb;
  const { blocks, bfree, files, ffree } = sb.s_op.statfs?.(sb) ?? simple_statfs;
  const b = new Uint8Array(STATFS_SIZE);
  put_unaligned_le64(sb.s_magic, b, 0);
  put_unaligned_le64(4096, b, 8);
  put_unaligned_le64(blocks, b, 16);
  put_unaligned_le64(bfree, b, 24);
  put_unaligned_le64(bfree, b, 32);
  put_unaligned_le64(files, b, 40);
  put_unaligned_le64(ffree, b, 48);
  put_unaligned_le32(new_encode_dev(sb.s_dev), b, 56);
  put_unaligned_le64(NAME_MAX, b, 64);
  put_unaligned_le64(4096, b, 72);
  put_unaligned_le64(st_flags(path), b, 80);
  return copy_to_user(task, to, b) ? -EFAULT : 0;
}

export const sys_statfs = SYSCALL_DEFINE(
  'statfs',
  { pathname: pathArg, buf: outptr },
  (task, { pathname, buf }) => {
    const path = user_path_at(task, AT_FDCWD, pathname, LOOKUP_FOLLOW);
    return typeof path === 'number' ? path : do_statfs(task, path, buf);
  },
);

export const sys_fstatfs = SYSCALL_DEFINE('fstatfs', { fd: int, buf: outptr }, (task, { fd, buf }) => {
  const file = fdget_raw(task, fd);
  return typeof file === 'number' ? file : do_statfs(task, file.f_path, buf);
});
