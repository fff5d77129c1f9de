/*
 * kernel/fs/open.ts - from a path to an open file
 *
 * Linux:   fs/open.c, fs/namei.c (path_openat and below), fs/exec.c (do_open_execat)
 * Manual:  open(2), openat2(2)
 * Absent:  file leases; O_TMPFILE|O_EXCL's ban on linkat() is kept, but per open file
 */

import {
  FMODE_CAN_ODIRECT,
  FMODE_EXEC,
  FMODE_LSEEK,
  FMODE_PATH,
  FMODE_PREAD,
  FMODE_PWRITE,
  FMODE_READ,
  FMODE_WRITE,
  FMODE_WRITER,
  LOOKUP_BENEATH,
  LOOKUP_DIRECTORY,
  LOOKUP_EMPTY,
  LOOKUP_FOLLOW,
  LOOKUP_IN_ROOT,
  LOOKUP_NO_MAGICLINKS,
  LOOKUP_NO_SYMLINKS,
  LOOKUP_NO_XDEV,
  MAY_APPEND,
  MAY_EXEC,
  MAY_OPEN,
  MAY_READ,
  MAY_WRITE,
} from '../include/linux/fs_modes.ts';
import type { Dentry, File, Path } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import {
  E2BIG,
  EACCES,
  EAGAIN,
  EEXIST,
  EINVAL,
  EISDIR,
  ENOENT,
  ENOTDIR,
  EROFS,
  ETXTBSY,
} from '../include/uapi/errno.ts';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_EXCL,
  O_LARGEFILE,
  O_NOCTTY,
  O_NOFOLLOW,
  O_PATH,
  O_TMPFILE,
  O_TRUNC,
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  VALID_OPEN_FLAGS,
  VALID_RESOLVE_FLAGS,
  __O_SYNC,
  __O_TMPFILE,
  O_DSYNC,
} from '../include/uapi/fcntl.ts';
import { MS_NOEXEC } from '../include/uapi/mount.ts';
import {
  S_IALLUGO,
  S_IFREG,
  S_ISBLK,
  S_ISCHR,
  S_ISDIR,
  S_ISFIFO,
  S_ISREG,
  S_ISSOCK,
} from '../include/uapi/stat.ts';
import { get_unaligned_le64 } from '../lib/bytes.ts';
import { copy_struct_from_user } from '../lib/usercopy.ts';
import { type MaySleep, type Sleeps, is_generator } from '../sched/wait.ts';
import { SYSCALL_DEFINE, dirfd, octal, path as pathArg, ptr, size } from '../syscalls/define.ts';
import { openFlags } from './arg_types.ts';
import { do_truncate } from './attr.ts';
import { vfs_create, vfs_tmpfile } from './dirops.ts';
import { fd_install, get_unused_fd_flags, put_unused_fd } from './file.ts';
import { alloc_file, fput } from './file_table.ts';
import { deny_write_access, get_write_access, no_fops } from './inode.ts';
import { locks_remove_posix } from './locks.ts';
import {
  LAST_NORM,
  type Nameidata,
  OPEN_AGAIN,
  filename_lookup,
  filename_parentat,
  getname,
  handle_dots,
  lookup_one,
  open_step,
} from './namei.ts';
import { mnt_is_readonly } from './namespace.ts';
import { may_open } from './permission.ts';

/** Linux: struct open_how, with its consequences. */
export interface OpenFlags {
  readonly open_flag: number;
  readonly mode: number;
  readonly acc_mode: number;
  readonly lookup_flags: number;
}

/** O_RDONLY, O_WRONLY, O_RDWR, and the odd 3 that needs both and gives neither. */
const ACC_MODE = [MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE];
const O_PATH_FLAGS = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;

/** The flags judged and completed, or -EINVAL. */
export function build_open_flags(given: number, mode: number, resolve: number): OpenFlags | number {
  let flags = given & O_PATH ? given & O_PATH_FLAGS : given;
  if ((flags & (O_DIRECTORY | O_CREAT)) === (O_DIRECTORY | O_CREAT)) return -EINVAL;

  if (flags & __O_TMPFILE) {
    if ((flags & (O_TMPFILE | O_CREAT)) !== O_TMPFILE) return -EINVAL;
    if ((ACC_MODE[flags & O_ACCMODE]! & MAY_WRITE) === 0) return -EINVAL;
  }
  if (flags & __O_SYNC) flags |= O_DSYNC;

  return {
    open_flag: flags,
    mode,
    acc_mode: access_wanted(flags),
    lookup_flags: lookup_flags_of(flags, resolve),
  };
}

function access_wanted(flags: number): number {
  if (flags & O_PATH) return 0;
  let acc_mode = ACC_MODE[flags & O_ACCMODE]!;
  if (flags & O_TRUNC) acc_mode |= MAY_WRITE;
  if (flags & O_APPEND) acc_mode |= MAY_APPEND;
  return acc_mode | MAY_OPEN;
}

// biome-ignore format: columns teach
const RESOLVE_TO_LOOKUP: readonly (readonly [resolve: number, lookup: number])[] = [
  [RESOLVE_NO_XDEV, LOOKUP_NO_XDEV],
  [RESOLVE_NO_MAGICLINKS, LOOKUP_NO_MAGICLINKS],
  [RESOLVE_NO_SYMLINKS, LOOKUP_NO_SYMLINKS],
  [RESOLVE_BENEATH, LOOKUP_BENEATH],
  [RESOLVE_IN_ROOT, LOOKUP_IN_ROOT],
];

function lookup_flags_of(flags: number, resolve: number): number {
  // What must not exist cannot be a link either.
  const exclusive = (flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
  let lookup = flags & O_NOFOLLOW || exclusive ? 0 : LOOKUP_FOLLOW;
  if (flags & O_DIRECTORY) lookup |= LOOKUP_DIRECTORY;
  for (const [bit, value] of RESOLVE_TO_LOOKUP) if (resolve & bit) lookup |= value;
  return lookup;
}

/** The open file, or -errno. Sleeps where a FIFO waits for its other end, or a driver waits for its device. */
export function do_filp_open(task: Task, dfd: number, name: string, op: OpenFlags): MaySleep<File | number> {
  if (op.open_flag & __O_TMPFILE) return do_tmpfile(task, dfd, name, op);
  if (op.open_flag & O_PATH || name === '') return open_path(task, dfd, name, op);

  const nd = filename_parentat(task, dfd, name, op.lookup_flags);
  if (typeof nd === 'number') return nd;
  for (;;) {
    const state = open_last_lookups(nd, op);
    if (state < 0) return state;
    if (state !== OPEN_AGAIN) return do_open(nd, op, state === CREATED);
  }
}

/** The file did not exist before. */
const CREATED = 2;

/** The last component: found, created, or a link to go on with (OPEN_AGAIN). */
function open_last_lookups(nd: Nameidata, op: OpenFlags): number {
  const create = (op.open_flag & O_CREAT) !== 0;
  if (nd.last_type !== LAST_NORM) return handle_dots(nd);
  if (nd.last_slash) {
    if (create) return -EISDIR;
    nd.flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
  }

  const dentry = lookup_one(nd.path.dentry, nd.last, nd.task);
  if (typeof dentry === 'number') return dentry;
  if (!dentry.d_inode) return create ? create_last(nd, dentry, op) : -ENOENT;
  if (create && op.open_flag & O_EXCL) return -EEXIST;
  return open_step(nd, dentry, (nd.flags & LOOKUP_FOLLOW) !== 0);
}

function create_last(nd: Nameidata, dentry: Dentry, op: OpenFlags): number {
  if (mnt_is_readonly(nd.path.mnt)) return -EROFS;
  const err = vfs_create(nd.task, nd.path.dentry, dentry, (op.mode & ~nd.task.fs.umask) | S_IFREG);
  if (err < 0) return err;
  nd.path = { mnt: nd.path.mnt, dentry };
  return CREATED;
}

function do_open(nd: Nameidata, op: OpenFlags, created: boolean): MaySleep<File | number> {
  const { task, path } = nd;
  const inode = path.dentry.d_inode!;
  if (op.open_flag & O_CREAT && op.open_flag & O_EXCL && !created) return -EEXIST;
  if (op.open_flag & O_CREAT && S_ISDIR(inode.i_mode)) return -EISDIR;
  if (nd.flags & LOOKUP_DIRECTORY && !S_ISDIR(inode.i_mode)) return -ENOTDIR;
  if (created) return vfs_open(task, path, op.open_flag); // whoever made it may open it, whatever its mode says

  const truncate = (op.open_flag & O_TRUNC) !== 0 && S_ISREG(inode.i_mode);
  if (op.acc_mode & MAY_WRITE && S_ISREG(inode.i_mode) && mnt_is_readonly(path.mnt)) return -EROFS;
  const err = may_open(task.cred, path, op.acc_mode, op.open_flag);
  if (err < 0) return err;

  const file = vfs_open(task, path, op.open_flag);
  return truncate ? truncate_opened(task, file as File | number) : file;
}

/** Regular files open at once, so the result is here already. */
function truncate_opened(task: Task, file: File | number): File | number {
  if (typeof file === 'number') return file;
  const err = do_truncate(task, file.f_path, 0);
  if (err === 0) return file;
  fput(file);
  return err;
}

/** O_PATH: a name for the place, nothing else. AT_EMPTY_PATH with exec also comes here. */
function open_path(task: Task, dfd: number, name: string, op: OpenFlags): MaySleep<File | number> {
  const path = filename_lookup(task, dfd, name, op.lookup_flags);
  if (typeof path === 'number') return path;
  if (op.open_flag & O_PATH) return vfs_open(task, path, op.open_flag);

  const err = may_open(task.cred, path, op.acc_mode, op.open_flag);
  return err < 0 ? err : vfs_open(task, path, op.open_flag);
}

function do_tmpfile(task: Task, dfd: number, name: string, op: OpenFlags): MaySleep<File | number> {
  const dir = filename_lookup(task, dfd, name, op.lookup_flags | LOOKUP_DIRECTORY);
  if (typeof dir === 'number') return dir;
  if (mnt_is_readonly(dir.mnt)) return -EROFS;

  const dentry = vfs_tmpfile(task, dir.dentry, (op.mode & ~task.fs.umask & S_IALLUGO) | S_IFREG);
  if (typeof dentry === 'number') return dentry;
  return vfs_open(task, { mnt: dir.mnt, dentry }, op.open_flag);
}

/** Flags that matter to open() alone and are not remembered. */
const OPEN_ONLY = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC;

/** Linux: vfs_open(), do_dentry_open(). The path was found and judged. */
export function vfs_open(task: Task, path: Path, open_flag: number): MaySleep<File | number> {
  const inode = path.dentry.d_inode!;
  const file = alloc_file(path, open_flag, inode.i_fop, task.cred);
  if (open_flag & O_PATH) {
    file.f_mode = FMODE_PATH;
    file.f_op = no_fops;
    return file;
  }
  if (file.f_mode & FMODE_WRITE && !is_special(inode.i_mode)) {
    if (!get_write_access(inode)) return open_failed(file, -ETXTBSY);
    file.f_mode |= FMODE_WRITER;
  }
  const opened = file.f_op.open?.(inode, file, task) ?? 0;
  return is_generator(opened) ? opened_later(file, opened) : opened_now(file, opened);
}

const is_special = (mode: number): boolean =>
  S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) || S_ISSOCK(mode);

function* opened_later(file: File, opened: Sleeps<number>): Sleeps<File | number> {
  return opened_now(file, yield* opened);
}

function opened_now(file: File, err: number): File | number {
  if (err < 0) return open_failed(file, err);
  if (file.f_flags & O_DIRECT && (file.f_mode & FMODE_CAN_ODIRECT) === 0) return open_undone(file, -EINVAL);
  if (!file.f_op.llseek) file.f_mode &= ~FMODE_LSEEK;
  file.f_flags &= ~OPEN_ONLY;
  return file;
}

/** It was open, but cannot stay so. */
function open_undone(file: File, err: number): number {
  fput(file);
  return err;
}

/** For devices that have no positions. */
export function nonseekable_open(file: File): void {
  file.f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
}

/** What was never open is not released. */
function open_failed(file: File, err: number): number {
  file.f_op = no_fops;
  fput(file);
  return err;
}

/** The kernel opens a file on behalf of `task`, permissions included. For files whose open does not sleep. */
export function filp_open(task: Task, name: string, open_flag: number, mode: number): File | number {
  const op = build_open_flags(open_flag, mode & S_IALLUGO, 0);
  if (typeof op === 'number') return op;
  const file = do_filp_open(task, AT_FDCWD, name, op);
  if (is_generator(file)) throw new Error(`filp_open: ${name} sleeps`);
  return file;
}

/**
 * The file to execute: regular, executable, on a mount without noexec, and nobody has it open for writing; while it is
 * open nobody gets it for writing (ETXTBSY). `flags`: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW.
 */
export function do_open_execat(task: Task, dfd: number, name: string, flags: number): File | number {
  if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) return -EINVAL;
  if (name === '' && (flags & AT_EMPTY_PATH) === 0) return -ENOENT;
  const path = filename_lookup(
    task,
    dfd,
    name,
    flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_EMPTY : LOOKUP_FOLLOW | LOOKUP_EMPTY,
  );
  if (typeof path === 'number') return path;

  const err = may_open(task.cred, path, MAY_EXEC | MAY_OPEN, 0);
  if (err < 0) return err;
  const inode = path.dentry.d_inode!;
  if (!S_ISREG(inode.i_mode) || path.mnt.mnt_flags & MS_NOEXEC) return -EACCES;
  if (!deny_write_access(inode)) return -ETXTBSY;

  const file = alloc_file(path, O_LARGEFILE, inode.i_fop, task.cred);
  file.f_mode |= FMODE_EXEC | FMODE_READ;
  return file;
}

/** The interpreter of a program or script, by its name. An empty one is the working directory, as upstream. */
export const open_exec = (task: Task, name: string): File | number =>
  do_open_execat(task, AT_FDCWD, name || '.', 0);

/** A descriptor lets go of the file: what is per descriptor happens here, what is per file in fput(). */
export function filp_close(task: Task, file: File): number {
  const err = file.f_op.flush?.(file, task) ?? 0;
  if ((file.f_mode & FMODE_PATH) === 0 && file.f_inode.i_flctx) locks_remove_posix(task, file);
  fput(file);
  return err;
}

function do_sys_open(task: Task, dfd: number, name: string, op: OpenFlags): MaySleep<number> {
  const fd = get_unused_fd_flags(task, op.open_flag);
  if (fd < 0) return fd;
  const file = do_filp_open(task, dfd, name, op);
  return is_generator(file) ? install_later(task, fd, file) : install(task, fd, file);
}

function* install_later(task: Task, fd: number, file: Sleeps<File | number>): Sleeps<number> {
  return install(task, fd, yield* file);
}

function install(task: Task, fd: number, file: File | number): number {
  if (typeof file === 'number') {
    put_unused_fd(task, fd);
    return file;
  }
  fd_install(task, fd, file);
  return fd;
}

/** open(2) forgives what it does not know; openat2(2) does not. */
export const sys_openat = SYSCALL_DEFINE(
  'openat',
  { dfd: dirfd, filename: pathArg, flags: openFlags, mode: octal },
  (task, { dfd, filename, flags, mode }) => {
    const will_create = (flags & (O_CREAT | __O_TMPFILE)) !== 0;
    const op = build_open_flags(
      (flags & VALID_OPEN_FLAGS) | O_LARGEFILE,
      will_create ? mode & S_IALLUGO : 0,
      0,
    );
    if (typeof op === 'number') return op;
    const name = getname(task, filename);
    if (typeof name === 'number') return name;
    return do_sys_open(task, dfd, name, op);
  },
);

const OPEN_HOW_SIZE = 24;

export const sys_openat2 = SYSCALL_DEFINE(
  'openat2',
  { dfd: dirfd, filename: pathArg, how: ptr, usize: size },
  (task, { dfd, filename, how, usize }) => {
    const op = read_open_how(task, how, usize);
    if (typeof op === 'number') return op;
    const name = getname(task, filename);
    if (typeof name === 'number') return name;
    return do_sys_open(task, dfd, name, op);
  },
);

function read_open_how(task: Task, how: UserPtr, usize: number): OpenFlags | number {
  if (usize < OPEN_HOW_SIZE) return -EINVAL;
  if (usize > 4096) return -E2BIG;
  const bytes = copy_struct_from_user(task, new Uint8Array(OPEN_HOW_SIZE), how, usize);
  if (typeof bytes === 'number') return bytes;
  const flags = get_unaligned_le64(bytes, 0);
  const mode = get_unaligned_le64(bytes, 8);
  const resolve = get_unaligned_le64(bytes, 16);
  return check_open_how(flags, mode, resolve);
}

function check_open_how(flags: number, mode: number, resolve: number): OpenFlags | number {
  if (flags >= 2 ** 32 || flags & ~VALID_OPEN_FLAGS) return -EINVAL;
  if (resolve >= 2 ** 32 || resolve & ~VALID_RESOLVE_FLAGS) return -EINVAL;
  if (resolve & RESOLVE_BENEATH && resolve & RESOLVE_IN_ROOT) return -EINVAL;
  const will_create = (flags & (O_CREAT | __O_TMPFILE)) !== 0;
  if (will_create ? mode > S_IALLUGO : mode !== 0) return -EINVAL;
  if (flags & O_PATH && flags & ~O_PATH_FLAGS) return -EINVAL;
  // "Cached" is about not waiting for a disk. There is none, but what changes the file is refused all the same.
  if (resolve & RESOLVE_CACHED && flags & (O_TRUNC | O_CREAT | __O_TMPFILE)) return -EAGAIN;
  return build_open_flags(flags | O_LARGEFILE, mode, resolve);
}
