/*
 * kernel/fs/file.ts - the table of file descriptors
 *
 * Linux:   fs/file.c, include/linux/fdtable.h
 * Manual:  dup(2), close_range(2)
 * Differs: an array of files and two small sets, no bitmaps
 */

import type { File, FilesStruct } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { EBADF, EBUSY, EINVAL, EMFILE } from '../include/uapi/errno.ts';
import { CLOSE_RANGE_CLOEXEC, CLOSE_RANGE_UNSHARE, O_CLOEXEC } from '../include/uapi/fcntl.ts';
import { FMODE_PATH } from '../include/linux/fs_modes.ts';
import { RLIMIT_NOFILE } from '../include/uapi/resource.ts';
import { SYSCALL_DEFINE, int, uint } from '../syscalls/define.ts';
import { closeRangeFlags, fdFlags } from './arg_types.ts';
import { fput, get_file } from './file_table.ts';
import { filp_close } from './open.ts';

/** /proc/sys/fs/nr_open: no limit lets anybody past it. */
export const NR_OPEN = 1024 * 1024;

export const new_files = (): FilesStruct => ({
  count: 1,
  fd: [],
  close_on_exec: new Set(),
  reserved: new Set(),
});

const rlimit_nofile = (task: Task): number => Math.min(task.signal.rlim[RLIMIT_NOFILE]!.cur, NR_OPEN);

/** The lowest free number from `start`, reserved for the caller until fd_install() or put_unused_fd(); -EMFILE. */
export function alloc_fd(task: Task, start: number, open_flags: number, end = rlimit_nofile(task)): number {
  const files = task.files!;
  let fd = start;
  while (files.fd[fd] || files.reserved.has(fd)) fd++;
  if (fd >= end) return -EMFILE;

  files.reserved.add(fd);
  set_close_on_exec(files, fd, (open_flags & O_CLOEXEC) !== 0);
  return fd;
}

export const get_unused_fd_flags = (task: Task, open_flags: number): number => alloc_fd(task, 0, open_flags);

export function put_unused_fd(task: Task, fd: number): void {
  task.files!.reserved.delete(fd);
  task.files!.close_on_exec.delete(fd);
}

/** The number begins to mean the file; the caller's reference goes into the table. */
export function fd_install(task: Task, fd: number, file: File): void {
  const files = task.files!;
  while (files.fd.length < fd) files.fd.push(null);
  files.fd[fd] = file;
  files.reserved.delete(fd);
}

/** A number and its file at once: what most calls that make descriptors end with. Consumes the reference. */
export function fd_install_new(task: Task, file: File | number, open_flags: number): number {
  if (typeof file === 'number') return file;
  const fd = get_unused_fd_flags(task, open_flags);
  if (fd < 0) fput(file);
  else fd_install(task, fd, file);
  return fd;
}

/**
 * The file behind a descriptor, or -EBADF; O_PATH files do not count. No reference is taken: nobody else runs until the
 * caller sleeps. Who sleeps holds the file with get_file() meanwhile.
 */
export function fdget(task: Task, fd: number): File | number {
  const file = task.files?.fd[fd];
  return file && (file.f_mode & FMODE_PATH) === 0 ? file : -EBADF;
}

/** As fdget(), O_PATH files too. */
export function fdget_raw(task: Task, fd: number): File | number {
  return task.files?.fd[fd] ?? -EBADF;
}

export const get_close_on_exec = (files: FilesStruct, fd: number): boolean => files.close_on_exec.has(fd);

export function set_close_on_exec(files: FilesStruct, fd: number, on: boolean): void {
  if (on) files.close_on_exec.add(fd);
  else files.close_on_exec.delete(fd);
}

/** The file leaves the table, its reference goes to the caller. */
function file_close_fd(files: FilesStruct, fd: number): File | null {
  const file = files.fd[fd];
  if (!file) return null;
  files.fd[fd] = null;
  files.close_on_exec.delete(fd);
  return file;
}

/** 0 or -errno of the flush; the descriptor is gone either way. */
export function close_fd(task: Task, fd: number): number {
  const file = file_close_fd(task.files!, fd);
  return file ? filp_close(task, file) : -EBADF;
}

/** fork without CLONE_FILES: the same files under the same numbers. Numbers still being opened are not inherited. */
export function dup_fd(old: FilesStruct): FilesStruct {
  const copy = new_files();
  for (const file of old.fd) copy.fd.push(file ? get_file(file) : null);
  for (const fd of old.close_on_exec) if (old.fd[fd]) copy.close_on_exec.add(fd);
  return copy;
}

/** The task lets its table go; the last one closes everything. */
export function exit_files(task: Task): void {
  const { files } = task;
  if (!files) return;
  if (files.count === 1) {
    for (let fd = 0; fd < files.fd.length; fd++) {
      const file = file_close_fd(files, fd);
      if (file) filp_close(task, file);
    }
  }
  files.count--;
  task.files = null;
}

/** execve: a table of one's own, and what is marked goes. */
export function unshare_files(task: Task): void {
  const files = task.files!;
  if (files.count === 1) return;
  task.files = dup_fd(files);
  files.count--;
}

export function do_close_on_exec(task: Task): void {
  const files = task.files!;
  for (const fd of [...files.close_on_exec]) close_fd(task, fd);
}

/** dup2's heart: `fd` becomes `file`, closing what was there. */
function do_dup2(task: Task, file: File, fd: number, open_flags: number): number {
  const files = task.files!;
  if (files.reserved.has(fd)) return -EBUSY; // "a race condition with open(2) and dup()" - dup(2)

  get_file(file);
  const old = file_close_fd(files, fd);
  fd_install(task, fd, file);
  set_close_on_exec(files, fd, (open_flags & O_CLOEXEC) !== 0);
  if (old) filp_close(task, old);
  return fd;
}

/** Somebody else's file becomes the task's: under `fd`, closing what was there, or (-1) under the lowest free number. */
export function receive_fd(task: Task, file: File, fd: number, open_flags: number): number {
  if (fd === -1) return fd_install_new(task, get_file(file), open_flags);
  if (fd < 0 || fd >= rlimit_nofile(task)) return -EBADF;
  return do_dup2(task, file, fd, open_flags);
}

export function ksys_dup3(task: Task, oldfd: number, newfd: number, open_flags: number): number {
  if (open_flags & ~O_CLOEXEC) return -EINVAL;
  if (oldfd === newfd) return -EINVAL;
  if (newfd < 0 || newfd >= rlimit_nofile(task)) return -EBADF;

  const file = fdget_raw(task, oldfd);
  if (typeof file === 'number') return file;
  return do_dup2(task, file, newfd, open_flags);
}

/** fcntl(F_DUPFD): the lowest number not below `from`. */
export function f_dupfd(task: Task, from: number, file: File, open_flags: number): number {
  if (from < 0 || from >= rlimit_nofile(task)) return -EINVAL;
  const fd = alloc_fd(task, from, open_flags);
  if (fd >= 0) fd_install(task, fd, get_file(file));
  return fd;
}

export const sys_dup = SYSCALL_DEFINE('dup', { fildes: uint }, (task, { fildes }) => {
  const file = fdget_raw(task, fildes);
  return typeof file === 'number' ? file : fd_install_new(task, get_file(file), 0);
});

export const sys_dup3 = SYSCALL_DEFINE(
  'dup3',
  { oldfd: uint, newfd: uint, flags: fdFlags },
  (task, { oldfd, newfd, flags }) => ksys_dup3(task, oldfd, newfd, flags),
);

export const sys_close_range = SYSCALL_DEFINE(
  'close_range',
  { fd: uint, max_fd: uint, flags: closeRangeFlags },
  (task, { fd, max_fd, flags }) => {
    if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) return -EINVAL;
    if (fd > max_fd) return -EINVAL;

    if (flags & CLOSE_RANGE_UNSHARE) unshare_files(task);
    const last = Math.min(max_fd, task.files!.fd.length - 1);
    for (let n = fd; n <= last; n++) close_or_mark(task, n, flags);
    return 0;
  },
);

function close_or_mark(task: Task, fd: number, how: number): void {
  const files = task.files!;
  if (!files.fd[fd]) return;
  if (how & CLOSE_RANGE_CLOEXEC) files.close_on_exec.add(fd);
  else close_fd(task, fd);
}

export const sys_close = SYSCALL_DEFINE('close', { fd: int }, (task, { fd }) => close_fd(task, fd));
