/*
 * kernel/drivers/tty/tty_io.ts - terminals as files
 *
 * Linux:   drivers/tty/tty_io.c (v6.12)
 * Manual:  tty(4), console(4)
 * Absent:  virtual terminals, TIOCCONS
 */

import { capable } from '../../cred.ts';
import type { File, FileOperations, Inode, Kiocb, PollTable } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import { CAP_SYS_ADMIN } from '../../include/uapi/capability.ts';
import { EAGAIN, EBUSY, EFAULT, EIO, ENODEV, ENXIO, ESPIPE } from '../../include/uapi/errno.ts';
import { O_NOCTTY, O_NONBLOCK } from '../../include/uapi/fcntl.ts';
import { register_chrdev } from '../../fs/devices.ts';
import { UNIX98_PTY_MASTER_MAJOR, UNIX98_PTY_SLAVE_MAJOR, devpts_get_priv } from '../../fs/devpts.ts';
import { nonseekable_open } from '../../fs/open.ts';
import type { Kernel } from '../../kernel.ts';
import type { IovIter } from '../../lib/iov_iter.ts';
import type { Sleeps } from '../../sched/wait.ts';
import { wait_event_interruptible, wake_up_interruptible } from '../../sched/wait.ts';
import { signal_pending } from '../../signal/pending.ts';
import { n_tty_poll, n_tty_read, n_tty_set_termios, n_tty_write } from './n_tty.ts';
import { NTtyData } from './n_tty_data.ts';
import { tty_ioctl } from './tty_ioctl.ts';
import { session_clear_tty, tty_open_proc_set_tty } from './tty_jobctrl.ts';
import type { TtyDriver } from './tty.ts';
import { Tty, tty_devnum } from './tty.ts';

export type { Tty } from './tty.ts';

const MKDEV = (major: number, minor: number): number => (major << 20) | minor;
const TTYAUX_MAJOR = 5;
const DEV_TTY = MKDEV(TTYAUX_MAJOR, 0);
const DEV_CONSOLE = MKDEV(TTYAUX_MAJOR, 1);
/** How much of a write is taken from user memory at a time. */
const TTY_WRITE_CHUNK = 2048;

/** One machine's terminals. */
export class TtyState {
  readonly drivers: TtyDriver[] = [];
  /** What /dev/console leads to. */
  console: Tty | null = null;
}

/** Linux: tty_init(). /dev/tty and /dev/console; the terminals themselves come with their drivers. */
export function tty_init(kernel: Kernel): void {
  kernel.tty = new TtyState();
  register_chrdev(kernel, DEV_TTY, 'tty', 0o666, tty_fops);
  register_chrdev(kernel, DEV_CONSOLE, 'console', 0o600, console_fops);
}

/** Linux: tty_register_driver() and tty_register_device(). */
export function tty_register_driver(kernel: Kernel, driver: TtyDriver): void {
  kernel.tty.drivers.push(driver);
  if (driver.subtype) return; // they come into being when somebody opens a ptmx
  for (let index = 0; index < driver.num; index++) {
    const tty = new Tty(kernel, driver, index);
    driver.ttys.push(tty);
    register_chrdev(kernel, tty_devnum(tty), tty.name, 0o600, tty_fops);
  }
}

export const file_tty = (file: File): Tty => file.private_data as Tty;

/** Was it opened through /dev/console? Such files are never stopped and never hung up. */
export const is_console_file = (file: File): boolean => file.f_op === console_fops;

function tty_open(inode: Inode, file: File, task: Task): number {
  const tty = tty_lookup(inode.i_rdev, file, task);
  if (typeof tty === 'number') return tty;
  if (tty.exclusive && !capable(task, CAP_SYS_ADMIN)) return -EBUSY;

  if (tty_count(tty) === 0) tty_init_dev(tty);
  const err = tty.ops.open(tty);
  if (err < 0) return err;
  tty_add_file(tty, file);
  const noctty = (file.f_flags & O_NOCTTY) !== 0 || inode.i_rdev === DEV_CONSOLE;
  if (!noctty) tty_open_proc_set_tty(task, file, tty);
  return 0;
}

export function tty_add_file(tty: Tty, file: File): void {
  nonseekable_open(file);
  file.private_data = tty;
  tty.files.add(file);
}

/** Linux: tty->count. Who holds either end of a pseudo-terminal holds both. */
const tty_count = (tty: Tty): number => tty.files.size + (tty.link?.files.size ?? 0);

/* /dev/tty is the caller's own, whichever that is. */
function tty_lookup(rdev: number, file: File, task: Task): Tty | number {
  if (rdev >>> 20 === UNIX98_PTY_SLAVE_MAJOR)
    return (devpts_get_priv(file.f_path.dentry) as Tty | null) ?? -EIO;
  if (rdev >>> 20 === UNIX98_PTY_MASTER_MAJOR) return -EIO; // masters come from ptmx
  if (rdev === DEV_TTY) return task.signal.tty ?? -ENXIO;
  if (rdev === DEV_CONSOLE) return task.kernel.tty.console ?? -ENODEV;
  for (const driver of task.kernel.tty.drivers)
    for (const tty of driver.ttys) if (tty_devnum(tty) === rdev) return tty;
  return -ENXIO;
}

/* The first opener finds a fresh line discipline, and the settings that the last one left. */
export function tty_init_dev(tty: Tty): void {
  tty.disc_data = new NTtyData();
  tty.stopped = false;
  tty.tco_stopped = false;
  tty.throttled = false;
  n_tty_set_termios(tty, null);
}

/** The last reference to a file is gone; with the last file the terminal is nobody's. */
export function tty_release(file: File): void {
  const tty = file_tty(file);
  tty.ops.close(tty);
  tty.files.delete(file);
  if (tty_count(tty) > 0) return;
  tty_abandon(tty);
  if (tty.link) tty_abandon(tty.link);
  tty.ops.remove?.(tty);
}

function tty_abandon(tty: Tty): void {
  if (tty.session) session_clear_tty(tty.session);
  tty.session = null;
  tty.pgrp = null;
  tty.exclusive = false;
}

function* tty_read(task: Task, { file }: Kiocb, to: IovIter): Sleeps<number> {
  const tty = file_tty(file);
  return tty.io_error ? -EIO : yield* n_tty_read(task, tty, file, to);
}

/** Linux: file_tty_write(), iterate_tty_write(). One write() at a time, in pieces that leave room for signals. */
function* tty_write(task: Task, { file }: Kiocb, from: IovIter): Sleeps<number> {
  const tty = file_tty(file);
  if (tty.io_error) return -EIO;
  const err = yield* tty_write_lock(task, tty, file);
  if (err < 0) return err;
  const ret = yield* iterate_tty_write(task, tty, file, from);
  tty.writer = null;
  wake_up_interruptible(tty.write_wait);
  return ret;
}

function* tty_write_lock(task: Task, tty: Tty, file: File): Sleeps<number> {
  if (tty.writer) {
    if (file.f_flags & O_NONBLOCK) return -EAGAIN;
    const err = yield* wait_event_interruptible(task, tty.write_wait, () => tty.writer === null);
    if (err < 0) return err;
  }
  tty.writer = task;
  return 0;
}

function* iterate_tty_write(task: Task, tty: Tty, file: File, from: IovIter): Sleeps<number> {
  const buf = new Uint8Array(Math.min(from.count, TTY_WRITE_CHUNK));
  let done = 0;
  while (from.count > 0) {
    const size = Math.min(from.count, buf.length);
    const copied = from.copy_from_iter(buf.subarray(0, size));
    if (copied === 0) return done || -EFAULT;
    const ret = yield* n_tty_write(task, tty, file, buf.subarray(0, copied));
    if (ret < 0) return done || ret;
    done += ret;
    if (ret < copied || signal_pending(task)) break;
  }
  return done;
}

function tty_poll(file: File, table: PollTable): number {
  return n_tty_poll(file_tty(file), file, table);
}

const no_llseek = (): number => -ESPIPE;

export const tty_fops: FileOperations = {
  splice_read: true,
  splice_write: true,
  open: tty_open,
  release: tty_release,
  read_iter: tty_read,
  write_iter: tty_write,
  llseek: no_llseek,
  poll: tty_poll,
  ioctl: tty_ioctl,
};

/** The same methods in another object: who opened /dev/console is told by it. */
export const console_fops: FileOperations = { ...tty_fops };

/** /proc/tty/drivers. */
export function show_tty_drivers(kernel: Kernel): string {
  const row = (driver: string, node: string, major: number, minors: string, type: string) =>
    `${driver.padEnd(20)} /dev/${node.padEnd(8)} ${String(major).padStart(3)} ${minors.padStart(7)} ${type}\n`;
  const newestFirst = [...kernel.tty.drivers].reverse();
  const drivers = newestFirst.map(({ driver_name, name, major, minor_start, num, type }) =>
    row(
      driver_name,
      name,
      major,
      num > 1 ? `${minor_start}-${minor_start + num - 1}` : `${minor_start}`,
      type,
    ),
  );
  return [
    row('/dev/tty', 'tty', 5, '0', 'system:/dev/tty'),
    row('/dev/console', 'console', 5, '1', 'system:console'),
    row('/dev/ptmx', 'ptmx', 5, '2', 'system'),
    ...drivers,
  ].join('');
}
