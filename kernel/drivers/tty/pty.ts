/*
 * kernel/drivers/tty/pty.ts - pseudo-terminals: what is written at one end is typed at the other
 *
 * Linux:   drivers/tty/pty.c (v6.12)
 * Manual:  pty(7), ptmx(4), ioctl_tty(2), TIOCPKT(2const)
 * Differs: what is written reaches the other end's line discipline at once, instead of from a work queue
 * Absent:  BSD pseudo-terminals, EXTPROC
 *
 *     a terminal emulator,               a shell
 *      script, sshd, tmux               /dev/pts/0
 *         /dev/ptmx                          |
 *             |                              |
 *          master: raw  --- write --->  slave: signals, editing, echo
 *                       <-- write ----
 */

import type { Dentry, File, FileOperations, Inode } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import type { UserPtr } from '../../include/linux/types.ts';
import { EFAULT, EINVAL, EIO, ENOIOCTLCMD, ENOTTY } from '../../include/uapi/errno.ts';
import { SIGWINCH, valid_signal } from '../../include/uapi/signal.ts';
import * as req from '../../include/uapi/ioctls.ts';
import type { Termios } from '../../include/uapi/termbits.ts';
import {
  B38400,
  CREAD,
  CS8,
  CSIZE,
  PARENB,
  VSTART,
  VSTOP,
  IXON,
  tty_std_termios,
} from '../../include/uapi/termbits.ts';
import { register_chrdev, register_chrdev_region } from '../../fs/devices.ts';
import type { AcquiredPts } from '../../fs/devpts.ts';
import {
  NR_UNIX98_PTY_MAX,
  UNIX98_PTY_MASTER_MAJOR,
  UNIX98_PTY_SLAVE_MAJOR,
  devpts_acquire,
  devpts_kill_index,
  devpts_new_index,
  devpts_pty_kill,
  devpts_pty_new,
} from '../../fs/devpts.ts';
import { fd_install, get_unused_fd_flags, put_unused_fd } from '../../fs/file.ts';
import { vfs_open } from '../../fs/open.ts';
import type { Kernel } from '../../kernel.ts';
import { get_user_u32, put_user_u32 } from '../../lib/usercopy.ts';
import { wake_up_interruptible } from '../../sched/wait.ts';
import { kill_pgrp } from '../../signal/kill.ts';
import { TTY_NORMAL } from './n_tty_input.ts';
import { TtyBuffer } from './tty_buffer.ts';
import { tty_wakeup } from './tty_flow.ts';
import { tty_vhangup } from './tty_hangup.ts';
import { tty_add_file, tty_fops, tty_init_dev, tty_register_driver } from './tty_io.ts';
import type { TtyDriver, TtyOperations, Winsize } from './tty.ts';
import { Tty, same_winsize } from './tty.ts';

const DEV_PTMX = (5 << 20) | 2;
/** Bytes that wait for the other end's line discipline (tty_buffer_set_limit()). */
const PTY_BUFFER_LIMIT = 8192;

/** What both ends of one pseudo-terminal belong to. */
interface Pts extends AcquiredPts {
  /** The slave's name while the master is open. */
  dentry: Dentry | null;
}

/** Linux: tty->port and tty->driver_data. */
interface PtyEnd {
  /** Written at the other end, and not yet taken by this one's line discipline. */
  readonly rx: TtyBuffer;
  readonly pts: Pts;
}

const end_of = (tty: Tty): PtyEnd => tty.driver_data as PtyEnd;

/** Linux: unix98_pty_init(). */
export function unix98_pty_init(kernel: Kernel): void {
  const drivers: PtyDrivers = {
    master: pty_driver('master', UNIX98_PTY_MASTER_MAJOR, master_termios),
    slave: pty_driver('slave', UNIX98_PTY_SLAVE_MAJOR, slave_termios),
  };
  tty_register_driver(kernel, drivers.master);
  tty_register_driver(kernel, drivers.slave);
  for (const { major, name } of [drivers.master, drivers.slave])
    register_chrdev_region(kernel, major, name, tty_fops);
  const open = (_: Inode, file: File, task: Task): number => ptmx_open(drivers, file, task);
  const ptmx_fops: FileOperations = { ...tty_fops, open };
  register_chrdev(kernel, DEV_PTMX, 'ptmx', 0o666, ptmx_fops);
}

interface PtyDrivers {
  readonly master: TtyDriver;
  readonly slave: TtyDriver;
}

/* The terminals themselves come and go: there is room for them, but none yet. */
const pty_driver = (subtype: 'master' | 'slave', major: number, init_termios: () => Termios): TtyDriver => ({
  name: subtype === 'master' ? 'ptm' : 'pts',
  driver_name: `pty_${subtype}`,
  type: `pty:${subtype}`,
  subtype,
  major,
  minor_start: 0,
  num: NR_UNIX98_PTY_MAX,
  ops: pty_ops(),
  ttys: [],
  init_termios,
});

/* The master passes on what it is given; editing is done at the other end. */
const master_termios = (): Termios => ({ ...slave_termios(), c_iflag: 0, c_oflag: 0, c_lflag: 0 });
const slave_termios = (): Termios => ({ ...tty_std_termios(), c_cflag: B38400 | CS8 | CREAD });

/** Each open of /dev/ptmx makes a terminal, and is its master. */
function ptmx_open(drivers: PtyDrivers, file: File, task: Task): number {
  const acquired = devpts_acquire(task, file);
  if (typeof acquired === 'number') return acquired;
  const index = devpts_new_index(acquired.fsi);
  if (index < 0) return index;

  const pts: Pts = { ...acquired, dentry: null };
  const master = pty_install(task.kernel, drivers, index, pts);
  master.pty_locked = true; // "the slave must be unlocked (unlockpt(3)) before it is opened" - pty(7)
  tty_add_file(master, file);
  pts.dentry = devpts_pty_new(task, pts.fsi, index, master.link);
  return master.ops.open(master);
}

function pty_install(kernel: Kernel, drivers: PtyDrivers, index: number, pts: Pts): Tty {
  const master = new Tty(kernel, drivers.master, index);
  const slave = new Tty(kernel, drivers.slave, index);
  master.link = slave;
  slave.link = master;
  for (const tty of [master, slave]) {
    tty.driver_data = { rx: new TtyBuffer(), pts } satisfies PtyEnd;
    tty_init_dev(tty);
  }
  return master;
}

const is_master = (tty: Tty): boolean => tty.driver.subtype === 'master';

function pty_open(tty: Tty): number {
  const link = tty.link!;
  const locked = link.pty_locked || (!is_master(tty) && link.files.size === 0);
  tty.io_error = tty.other_closed || locked;
  if (tty.io_error) return -EIO;
  link.other_closed = false;
  return 0;
}

/** A file that leads here is about to go. The master has one, the slave any number. */
function pty_close(tty: Tty): void {
  const link = tty.link!;
  if (!is_master(tty) && (tty.io_error || tty.files.size > 1)) return;
  tty.io_error = true;
  tty.packet = false;
  link.other_closed = true;
  wake_readers_and_writers(tty);
  wake_readers_and_writers(link);
  if (!is_master(tty)) return;

  tty.other_closed = true;
  const { pts } = end_of(tty);
  if (pts.dentry) devpts_pty_kill(pts.dentry);
  pts.dentry = null;
  tty_vhangup(link);
}

function wake_readers_and_writers(tty: Tty): void {
  wake_up_interruptible(tty.read_wait);
  wake_up_interruptible(tty.write_wait);
}

function pty_write(tty: Tty, bytes: Uint8Array): number {
  const count = Math.min(bytes.length, pty_write_room(tty));
  const { rx } = end_of(tty.link!);
  for (let n = 0; n < count; n++) rx.tty_insert_flip_char(bytes[n]!, TTY_NORMAL);
  rx.tty_flip_buffer_push(tty.link!);
  return count;
}

const pty_write_room = (tty: Tty): number =>
  tty.stopped ? 0 : Math.max(0, PTY_BUFFER_LIMIT - end_of(tty.link!).rx.length);

/** The line discipline has room again: for what waits, and then for who wants to write more. */
function pty_unthrottle(tty: Tty): void {
  end_of(tty).rx.tty_flip_buffer_push(tty);
  tty_wakeup(tty.link!);
}

/** What was written and is not there yet never will be. */
function pty_flush_buffer(tty: Tty): void {
  end_of(tty.link!).rx.clear();
  pty_status(tty, req.TIOCPKT_FLUSHWRITE, 0);
}

/** A master in packet mode is told what happened to its slave. */
function pty_status(tty: Tty, set: number, clear: number): void {
  const link = tty.link!;
  if (!link.packet) return;
  tty.pktstatus = (tty.pktstatus & ~clear) | set;
  wake_up_interruptible(link.read_wait);
}

const usual_flow = ({ c_iflag, c_cc }: Termios): boolean =>
  (c_iflag & IXON) !== 0 && c_cc[VSTOP] === 0x13 && c_cc[VSTART] === 0x11;

/* There is no line, so it has eight bits. */
function pty_set_termios(tty: Tty, old: Termios): void {
  const flow = usual_flow(tty.termios);
  if (flow !== usual_flow(old)) {
    const { TIOCPKT_DOSTOP, TIOCPKT_NOSTOP } = req;
    pty_status(tty, flow ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP, TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
  }
  tty.termios.c_cflag = ((tty.termios.c_cflag & ~(CSIZE | PARENB)) | CS8 | CREAD) >>> 0;
}

/** Both ends have one window; whoever is in the foreground of either redraws. */
function pty_resize(tty: Tty, size: Winsize): void {
  if (same_winsize(tty.winsize, size)) return;
  const groups = new Set([tty.pgrp, tty.link!.pgrp]);
  for (const pgrp of groups) if (pgrp) kill_pgrp(pgrp, SIGWINCH, true);
  tty.winsize = size;
  tty.link!.winsize = size;
}

const pty_ops = (): TtyOperations => ({
  open: pty_open,
  close: pty_close,
  hangup: () => {},
  remove: (tty) => devpts_kill_index(end_of(tty).pts.fsi, tty.index),
  write: pty_write,
  write_room: pty_write_room,
  chars_in_buffer: () => 0,
  flush_buffer: pty_flush_buffer,
  send_xchar: (tty, ch) => void pty_write(tty, Uint8Array.of(ch)),
  set_termios: pty_set_termios,
  throttle: () => {},
  unthrottle: pty_unthrottle,
  stop: (tty) => pty_status(tty, req.TIOCPKT_STOP, req.TIOCPKT_START),
  start: (tty) => pty_status(tty, req.TIOCPKT_START, req.TIOCPKT_STOP),
  break_ctl: () => {},
  tiocmget: () => -ENOTTY,
  tiocmset: () => -ENOTTY,
  resize: pty_resize,
  ioctl: pty_unix98_ioctl,
});

/** The master's own requests. */
function pty_unix98_ioctl(task: Task, tty: Tty, cmd: number, arg: UserPtr): number {
  if (!is_master(tty)) return -ENOIOCTLCMD;
  switch (cmd) {
    case req.TIOCSPTLCK:
      return with_word(task, arg, (lock) => set_lock(tty, lock !== 0));
    case req.TIOCGPTLCK:
      return put_user_u32(task, arg, tty.pty_locked ? 1 : 0);
    case req.TIOCPKT:
      return with_word(task, arg, (on) => set_packet_mode(tty, on !== 0));
    case req.TIOCGPKT:
      return put_user_u32(task, arg, tty.packet ? 1 : 0);
    case req.TIOCGPTN:
      return put_user_u32(task, arg, tty.index);
    case req.TIOCSIG:
      return pty_signal(tty, arg);
    default:
      return -ENOIOCTLCMD;
  }
}

/** With the number that `arg` points at. */
function with_word(task: Task, arg: UserPtr, set: (word: number) => void): number {
  const word = get_user_u32(task, arg);
  if (word < 0) return -EFAULT;
  set(word);
  return 0;
}

function set_lock(tty: Tty, locked: boolean): void {
  tty.pty_locked = locked;
}

function set_packet_mode(tty: Tty, on: boolean): void {
  if (on && !tty.packet) tty.link!.pktstatus = 0;
  tty.packet = on;
}

/** To the foreground of the other end, as if its key had been pressed there. */
function pty_signal(tty: Tty, sig: number): number {
  if (!valid_signal(sig)) return -EINVAL;
  const { pgrp } = tty.link!;
  if (pgrp) kill_pgrp(pgrp, sig, true);
  return 0;
}

/** TIOCGPTPEER: the slave, without asking what its name leads to by now. */
export function ptm_open_peer(task: Task, tty: Tty, flags: number): number {
  if (!is_master(tty)) return -EIO;
  const { mnt, dentry } = end_of(tty).pts;
  const fd = get_unused_fd_flags(task, flags);
  if (fd < 0) return fd;
  const file = vfs_open(task, { mnt, dentry: dentry! }, flags) as File | number; // terminals open at once
  if (typeof file === 'number') {
    put_unused_fd(task, fd);
    return file;
  }
  fd_install(task, fd, file);
  return fd;
}
