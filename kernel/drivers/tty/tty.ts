/*
 * kernel/drivers/tty/tty.ts - a terminal, and what drives it
 *
 * Linux:   include/linux/tty.h, include/linux/tty_driver.h (v6.12)
 * Differs: one line discipline, N_TTY, so there is no table of them
 */

import type { File } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import type { UserPtr } from '../../include/linux/types.ts';
import type { Termios } from '../../include/uapi/termbits.ts';
import { tty_std_termios } from '../../include/uapi/termbits.ts';
import type { Kernel } from '../../kernel.ts';
import type { Pid } from '../../pid.ts';
import { WaitQueueHead } from '../../sched/wait.ts';
import { NTtyData } from './n_tty_data.ts';

/** What a driver does for the terminals it drives. Nothing here sleeps: bytes that do not fit are not taken. */
export interface TtyOperations {
  /** Somebody opens it, the first if tty.files is empty; 0 or -errno. */
  open(tty: Tty): number;
  /** One of tty.files is about to go. */
  close(tty: Tty): void;
  /** The last one is gone, at either end. */
  remove?(tty: Tty): void;
  hangup(tty: Tty): void;
  /** Takes what fits; returns how many bytes. */
  write(tty: Tty, bytes: Uint8Array): number;
  write_room(tty: Tty): number;
  chars_in_buffer(tty: Tty): number;
  flush_buffer(tty: Tty): void;
  /** A flow control character overtakes what is buffered. */
  send_xchar(tty: Tty, ch: number): void;
  set_termios(tty: Tty, old: Termios): void;
  /** The line discipline is nearly full, and is empty again. */
  throttle(tty: Tty): void;
  unthrottle(tty: Tty): void;
  /** Hold output back, and go on. */
  stop(tty: Tty): void;
  start(tty: Tty): void;
  break_ctl(tty: Tty, on: boolean): void;
  /** Modem lines; -ENOTTY: it has none. */
  tiocmget(tty: Tty): number;
  tiocmset(tty: Tty, set: number, clear: number): number;
  /** Instead of tty_do_resize(). */
  resize?(tty: Tty, size: Winsize): void;
  /** Requests of its own; -ENOIOCTLCMD: none that it knows. */
  ioctl?(task: Task, tty: Tty, cmd: number, arg: UserPtr): number;
}

export interface TtyDriver {
  /** "ttyAMA": terminal n is /dev/ttyAMAn, its number minor_start + n. */
  readonly name: string;
  readonly driver_name: string;
  readonly type: string;
  /** Which end of a pseudo-terminal. */
  readonly subtype?: 'master' | 'slave';
  readonly major: number;
  readonly minor_start: number;
  readonly num: number;
  readonly ops: TtyOperations;
  /** Those that are always there; pseudo-terminals are not. */
  readonly ttys: Tty[];
  /** Linux: TTY_DRIVER_RESET_TERMIOS. The settings do not outlive a hangup; absent: tty_std_termios, and they do. */
  readonly init_termios?: () => Termios;
}

export interface Winsize {
  readonly ws_row: number;
  readonly ws_col: number;
  readonly ws_xpixel: number;
  readonly ws_ypixel: number;
}

/** Linux: struct tty_struct. */
export class Tty {
  readonly kernel: Kernel;
  readonly driver: TtyDriver;
  readonly index: number;
  termios: Termios;
  /** Linux: tty->termios_locked. Bits and characters that are set here do not change; null: all may. */
  termios_locked: Termios | null = null;
  winsize: Winsize = { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
  /** The foreground process group, and the session whose controlling terminal this is. */
  pgrp: Pid | null = null;
  session: Pid | null = null;
  /** Output held back, by ^S or (tco_stopped) by tcflow(3), which only tcflow(3) ends. */
  stopped = false;
  tco_stopped = false;
  throttled = false;
  exclusive = false;
  /** It broke for good: EIO. */
  io_error = false;
  /** Open files that lead here. */
  readonly files = new Set<File>();
  readonly read_wait = new WaitQueueHead();
  readonly write_wait = new WaitQueueHead();
  /** Who is in the middle of a write(): others wait, so that two of them do not come out mixed. */
  writer: Task | null = null;
  disc_data = new NTtyData();
  /** The other end of a pseudo-terminal. */
  link: Tty | null = null;
  /** There is nobody at the other end any more. */
  other_closed = false;
  /** A master's: its slave cannot be opened yet. */
  pty_locked = false;
  /** A master's: packet mode, in which it reads what became of the slave's pktstatus. */
  packet = false;
  pktstatus = 0;
  /** The driver's. */
  driver_data: unknown = null;

  constructor(kernel: Kernel, driver: TtyDriver, index: number) {
    this.kernel = kernel;
    this.driver = driver;
    this.index = index;
    this.termios = driver.init_termios?.() ?? tty_std_termios();
  }

  get name(): string {
    return `${this.driver.name}${this.index}`;
  }

  get ops(): TtyOperations {
    return this.driver.ops;
  }
}

export const same_winsize = (a: Winsize, b: Winsize): boolean =>
  a.ws_row === b.ws_row &&
  a.ws_col === b.ws_col &&
  a.ws_xpixel === b.ws_xpixel &&
  a.ws_ypixel === b.ws_ypixel;

/** Linux: tty_pair_get_tty(). Whose settings, window and session are meant: a master has none of its own. */
export const tty_pair_get_tty = (tty: Tty): Tty => (tty.driver.subtype === 'master' ? tty.link! : tty);

/** Linux: tty_devnum(). major << 20 | minor. */
export const tty_devnum = (tty: Tty): number =>
  (tty.driver.major << 20) | (tty.driver.minor_start + tty.index);

/* Linux: I_IXON(tty), O_OPOST(tty), C_CREAD(tty), L_ICANON(tty) and their many siblings. */
export const I = (tty: Tty, bits: number): boolean => (tty.termios.c_iflag & bits) !== 0;
export const O = (tty: Tty, bits: number): boolean => (tty.termios.c_oflag & bits) !== 0;
export const C = (tty: Tty, bits: number): boolean => (tty.termios.c_cflag & bits) !== 0;
export const L = (tty: Tty, bits: number): boolean => (tty.termios.c_lflag & bits) !== 0;

/** Linux: INTR_CHAR(tty) and the like: the character in this place of c_cc. */
export const cc = (tty: Tty, place: number): number => tty.termios.c_cc[place]!;
