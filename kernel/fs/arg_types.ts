/*
 * kernel/fs/arg_types.ts - how --strace shows the arguments of file calls
 *
 * Linux:   none; the look is strace's
 * Manual:  strace(1)
 */

import type { Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_NO_AUTOMOUNT,
  AT_REMOVEDIR,
  AT_STATX_DONT_SYNC,
  AT_STATX_FORCE_SYNC,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  CLOSE_RANGE_CLOEXEC,
  CLOSE_RANGE_UNSHARE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_HUGETLB,
  MFD_NOEXEC_SEAL,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_SYNC,
  O_TMPFILE,
  O_TRUNC,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
} from '../include/uapi/fcntl.ts';
import * as mount from '../include/uapi/mount.ts';
import * as stat from '../include/uapi/stat.ts';
import { get_unaligned_le32, get_unaligned_sle64 } from '../lib/bytes.ts';
import { memdup_user } from '../lib/usercopy.ts';
import { type ArgType, bits, ptr, user_ptr } from '../syscalls/define.ts';

/* The names of several bits come before those of one, so that O_SYNC is not told as O_DSYNC and a rest. */
const openBits = bits(
  {
    O_SYNC,
    O_TMPFILE,
    O_CREAT,
    O_EXCL,
    O_NOCTTY,
    O_TRUNC,
    O_APPEND,
    O_NONBLOCK,
    O_DSYNC,
    O_DIRECTORY,
    O_NOFOLLOW,
    O_DIRECT,
    O_LARGEFILE,
    O_NOATIME,
    O_CLOEXEC,
    O_PATH,
  },
  '',
);
const ACCESS_MODES = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'];

/** "O_WRONLY|O_CREAT|O_TRUNC" */
export const openFlags: ArgType<number> = {
  decode: openBits.decode,
  format: (v, task, words, i, ret) => {
    const rest = openBits.format((v & ~O_ACCMODE) >>> 0, task, words, i, ret);
    return rest === '' ? ACCESS_MODES[v & O_ACCMODE]! : `${ACCESS_MODES[v & O_ACCMODE]}|${rest}`;
  },
};

/** pipe2(), dup3(): only those that make sense there. */
export const fdFlags = bits({ O_CLOEXEC, O_NONBLOCK, O_DIRECT });

export const statFlags = bits({
  AT_SYMLINK_NOFOLLOW,
  AT_NO_AUTOMOUNT,
  AT_EMPTY_PATH,
  AT_STATX_FORCE_SYNC,
  AT_STATX_DONT_SYNC,
});
export const nofollowFlags = bits({ AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH });
export const accessFlags = bits({ AT_EACCESS, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH });
export const unlinkFlags = bits({ AT_REMOVEDIR });
export const linkFlags = bits({ AT_SYMLINK_FOLLOW, AT_EMPTY_PATH });
export const renameFlags = bits({ RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT });
export const closeRangeFlags = bits({ CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC });
export const fallocateMode = bits({ FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE });
export const flockCommand = bits({ LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN });
export const memfdFlags = bits({ MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC });

export const mountFlags = bits({
  MS_RDONLY: mount.MS_RDONLY,
  MS_NOSUID: mount.MS_NOSUID,
  MS_NODEV: mount.MS_NODEV,
  MS_NOEXEC: mount.MS_NOEXEC,
  MS_REMOUNT: mount.MS_REMOUNT,
  MS_NOATIME: mount.MS_NOATIME,
  MS_NODIRATIME: mount.MS_NODIRATIME,
  MS_BIND: mount.MS_BIND,
  MS_MOVE: mount.MS_MOVE,
  MS_REC: mount.MS_REC,
  MS_SILENT: mount.MS_SILENT,
  MS_PRIVATE: mount.MS_PRIVATE,
  MS_SLAVE: mount.MS_SLAVE,
  MS_SHARED: mount.MS_SHARED,
  MS_RELATIME: mount.MS_RELATIME,
  MS_STRICTATIME: mount.MS_STRICTATIME,
});
export const umountFlags = bits({
  MNT_FORCE: mount.MNT_FORCE,
  MNT_DETACH: mount.MNT_DETACH,
  MNT_EXPIRE: mount.MNT_EXPIRE,
  UMOUNT_NOFOLLOW: mount.UMOUNT_NOFOLLOW,
});

const KINDS: ReadonlyMap<number, string> = new Map([
  [stat.S_IFREG, 'S_IFREG'],
  [stat.S_IFDIR, 'S_IFDIR'],
  [stat.S_IFLNK, 'S_IFLNK'],
  [stat.S_IFCHR, 'S_IFCHR'],
  [stat.S_IFBLK, 'S_IFBLK'],
  [stat.S_IFIFO, 'S_IFIFO'],
  [stat.S_IFSOCK, 'S_IFSOCK'],
]);

/** "S_IFREG|0644" */
export function format_mode(mode: number): string {
  const kind = KINDS.get(mode & stat.S_IFMT);
  const permissions = `0${(mode & stat.S_IALLUGO).toString(8).padStart(3, '0')}`;
  return kind ? `${kind}|${permissions}` : permissions;
}

/** mode_t with a kind in it: mknod(). */
export const fileMode: ArgType<number> = { decode: (words, i) => words[2 * i]!, format: format_mode };

/** A structure that the call fills in: shown by what is in it, or by its address when it failed. */
const outstruct = (size: number, show: (bytes: Uint8Array) => string): ArgType<UserPtr> => ({
  decode: user_ptr,
  format: (at, task: Task, words, i, ret) => {
    const bytes = ret < 0 || at === NULL ? -1 : memdup_user(task, at, size);
    return typeof bytes === 'number' ? ptr.format(at, task, words, i, ret) : show(bytes);
  },
  out: true,
});

const ST_MODE = 16;
const ST_RDEV = 32;
const ST_SIZE = 48;

/** "{st_mode=S_IFREG|0644, st_size=7, ...}" */
export const outstat = outstruct(128, (bytes) => {
  const mode = get_unaligned_le32(bytes, ST_MODE);
  const rdev = stat.new_decode_dev(get_unaligned_le32(bytes, ST_RDEV));
  const device = stat.S_ISCHR(mode) || stat.S_ISBLK(mode);
  const what = device
    ? `st_rdev=makedev(0x${stat.MAJOR(rdev).toString(16)}, 0x${stat.MINOR(rdev).toString(16)})`
    : `st_size=${get_unaligned_sle64(bytes, ST_SIZE)}`;
  return `{st_mode=${format_mode(mode)}, ${what}, ...}`;
});

/** pipe2(): "[3, 4]" */
export const outfds = outstruct(
  8,
  (bytes) => `[${get_unaligned_le32(bytes, 0)}, ${get_unaligned_le32(bytes, 4)}]`,
);
