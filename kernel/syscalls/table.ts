/*
 * kernel/syscalls/table.ts - the system calls of arm64
 *
 * Linux:  include/uapi/asm-generic/unistd.h, arch/arm64/kernel/sys.c
 * Manual: syscalls(2)
 *
 * The numbers are the ABI. Rows are grouped by the file that implements them, so reading the table is a tour of the
 * kernel. A call without a row is -ENOSYS and is told once in the log; `gap` says what a row does not do.
 */

import {
  sys_chdir,
  sys_chroot,
  sys_faccessat,
  sys_faccessat2,
  sys_fchdir,
  sys_getcwd,
  sys_umask,
} from '../fs/access.ts';
import {
  sys_fallocate,
  sys_fchmod,
  sys_fchmodat,
  sys_fchmodat2,
  sys_fchown,
  sys_fchownat,
  sys_ftruncate,
  sys_truncate,
  sys_utimensat,
} from '../fs/attr.ts';
import {
  sys_linkat,
  sys_mkdirat,
  sys_mknodat,
  sys_renameat,
  sys_renameat2,
  sys_symlinkat,
  sys_unlinkat,
} from '../fs/dirops.ts';
import { sys_fcntl } from '../fs/fcntl.ts';
import { sys_close, sys_close_range, sys_dup, sys_dup3 } from '../fs/file.ts';
import { sys_ioctl } from '../fs/ioctl.ts';
import { sys_flock } from '../fs/locks.ts';
import { sys_memfd_create } from '../fs/memfd.ts';
import { sys_mount, sys_umount2 } from '../fs/namespace.ts';
import { sys_openat, sys_openat2 } from '../fs/open.ts';
import { sys_pipe2 } from '../fs/pipe.ts';
import {
  sys_lseek,
  sys_pread64,
  sys_preadv,
  sys_preadv2,
  sys_pwrite64,
  sys_pwritev,
  sys_pwritev2,
  sys_read,
  sys_readv,
  sys_write,
  sys_writev,
} from '../fs/read_write.ts';
import { sys_getdents64 } from '../fs/readdir.ts';
import { sys_ppoll, sys_pselect6 } from '../fs/select.ts';
import { sys_copy_file_range, sys_sendfile64 } from '../fs/splice.ts';
import { sys_newfstat, sys_newfstatat, sys_readlinkat, sys_statx } from '../fs/stat.ts';
import { sys_fstatfs, sys_statfs } from '../fs/statfs.ts';
import {
  sys_fadvise64,
  sys_fdatasync,
  sys_fsync,
  sys_sync,
  sys_sync_file_range,
  sys_syncfs,
} from '../fs/sync.ts';
import {
  sys_kill,
  sys_restart_syscall,
  sys_rt_sigaction,
  sys_rt_sigpending,
  sys_rt_sigprocmask,
  sys_rt_sigqueueinfo,
  sys_rt_sigreturn,
  sys_rt_sigsuspend,
  sys_rt_sigtimedwait,
  sys_rt_tgsigqueueinfo,
  sys_sigaltstack,
  sys_tgkill,
  sys_tkill,
} from '../signal/syscalls.ts';
import type { Syscall } from './define.ts';

type Row = readonly [nr: number, fn: Syscall, gap?: string];

// biome-ignore format: columns teach
export const sys_call_table: readonly Row[] = [
  // kernel/signal/syscalls.ts
  [128, sys_restart_syscall],
  [129, sys_kill],
  [130, sys_tkill],
  [131, sys_tgkill],
  [132, sys_sigaltstack],
  [133, sys_rt_sigsuspend],
  [134, sys_rt_sigaction],
  [135, sys_rt_sigprocmask],
  [136, sys_rt_sigpending],
  [137, sys_rt_sigtimedwait],
  [138, sys_rt_sigqueueinfo],
  [139, sys_rt_sigreturn],
  [240, sys_rt_tgsigqueueinfo],
  // kernel/fs/access.ts
  [ 17, sys_getcwd],
  [ 48, sys_faccessat],
  [ 49, sys_chdir],
  [ 50, sys_fchdir],
  [ 51, sys_chroot],
  [166, sys_umask],
  [439, sys_faccessat2],
  // kernel/fs/attr.ts
  [ 45, sys_truncate],
  [ 46, sys_ftruncate],
  [ 47, sys_fallocate, 'PUNCH_HOLE and KEEP_SIZE only'],
  [ 52, sys_fchmod],
  [ 53, sys_fchmodat],
  [ 54, sys_fchownat],
  [ 55, sys_fchown],
  [ 88, sys_utimensat],
  [452, sys_fchmodat2],
  // kernel/fs/dirops.ts
  [ 33, sys_mknodat],
  [ 34, sys_mkdirat],
  [ 35, sys_unlinkat],
  [ 36, sys_symlinkat],
  [ 37, sys_linkat],
  [ 38, sys_renameat],
  [276, sys_renameat2, 'no RENAME_WHITEOUT'],
  // kernel/fs/fcntl.ts
  [ 25, sys_fcntl, 'no leases, no F_NOTIFY, no SIGIO'],
  // kernel/fs/file.ts
  [ 23, sys_dup],
  [ 24, sys_dup3],
  [ 57, sys_close],
  [436, sys_close_range],
  // kernel/fs/ioctl.ts
  [ 29, sys_ioctl],
  // kernel/fs/locks.ts
  [ 32, sys_flock],
  // kernel/fs/memfd.ts
  [279, sys_memfd_create, 'no MFD_HUGETLB'],
  // kernel/fs/namespace.ts
  [ 39, sys_umount2, 'no MNT_EXPIRE'],
  [ 40, sys_mount, 'every mount is private; no MS_MOVE'],
  // kernel/fs/open.ts
  [ 56, sys_openat, 'O_DIRECT does nothing'],
  [437, sys_openat2],
  // kernel/fs/pipe.ts
  [ 59, sys_pipe2, 'no O_NOTIFICATION_PIPE'],
  // kernel/fs/read_write.ts
  [ 62, sys_lseek],
  [ 63, sys_read],
  [ 64, sys_write],
  [ 65, sys_readv],
  [ 66, sys_writev],
  [ 67, sys_pread64],
  [ 68, sys_pwrite64],
  [ 69, sys_preadv],
  [ 70, sys_pwritev],
  [286, sys_preadv2],
  [287, sys_pwritev2],
  // kernel/fs/readdir.ts
  [ 61, sys_getdents64],
  // kernel/fs/select.ts
  [ 72, sys_pselect6],
  [ 73, sys_ppoll],
  // kernel/fs/splice.ts
  [ 71, sys_sendfile64],
  [285, sys_copy_file_range],
  // kernel/fs/stat.ts
  [ 78, sys_readlinkat],
  [ 79, sys_newfstatat],
  [ 80, sys_newfstat],
  [291, sys_statx],
  // kernel/fs/statfs.ts
  [ 43, sys_statfs],
  [ 44, sys_fstatfs],
  // kernel/fs/sync.ts
  [ 81, sys_sync],
  [ 82, sys_fsync],
  [ 83, sys_fdatasync],
  [ 84, sys_sync_file_range],
  [223, sys_fadvise64],
  [267, sys_syncfs],
];

/** First number that no call has (v6.12). */
export const __NR_syscalls = 463;

/** The same by number, for who makes the call: index = number. */
export function index_syscalls(rows: readonly Row[] = sys_call_table): (Syscall | undefined)[] {
  const table = new Array<Syscall | undefined>(__NR_syscalls).fill(undefined);
  for (const [nr, fn] of rows) {
    if (table[nr]) throw new Error(`system call ${nr} has two rows: ${table[nr].name} and ${fn.name}`);
    table[nr] = fn;
  }
  return table;
}

/** For those who describe calls instead of making them. */
export const syscall_by_nr = (nr: number): Syscall | undefined =>
  sys_call_table.find(([row]) => row === nr)?.[1];
