/*
 * kernel/drivers/tty/tty_ioctl.ts - asking a terminal, and changing it
 *
 * Linux:   drivers/tty/tty_ioctl.c, drivers/tty/tty_io.c (tty_ioctl), drivers/tty/n_tty.c (n_tty_ioctl) (v6.12)
 * Manual:  ioctl_tty(2)
 * Absent:  TIOCCONS, TIOCLINUX, TIOCGSERIAL: each is -ENOTTY
 */

import { capable } from '../../cred.ts';
import type { File } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import type { UserPtr } from '../../include/linux/types.ts';
import { CAP_SYS_ADMIN } from '../../include/uapi/capability.ts';
import { EFAULT, EINVAL, EIO, ENOIOCTLCMD, ENOTTY, EPERM } from '../../include/uapi/errno.ts';
import * as req from '../../include/uapi/ioctls.ts';
import { SIGWINCH } from '../../include/uapi/signal.ts';
import {
  CLOCAL,
  TCIFLUSH,
  TCIOFF,
  TCIOFLUSH,
  TCION,
  TCOFLUSH,
  TCOOFF,
  TCOON,
  VSTART,
  VSTOP,
  __DISABLED_CHAR,
} from '../../include/uapi/termbits.ts';
import { get_unaligned_le16 } from '../../lib/bytes.ts';
import { copy_to_user, get_user_u32, get_user_u8, memdup_user, put_user_u32 } from '../../lib/usercopy.ts';
import type { MaySleep, Sleeps } from '../../sched/wait.ts';
import { wait_event_interruptible, wait_event_interruptible_timeout } from '../../sched/wait.ts';
import { kill_pgrp } from '../../signal/kill.ts';
import { n_tty_flush_buffer, n_tty_inq, n_tty_receive_buf } from './n_tty.ts';
import { ptm_open_peer } from './pty.ts';
import {
  TERMIOS2,
  TERMIOS_1,
  TERMIOS_TERMIO,
  get_locked_termios,
  get_termios,
  set_locked_termios,
  set_termios,
  tty_set_termios,
} from './termios.ts';
import { start_tty, stop_tty } from './tty_flow.ts';
import { tty_vhangup } from './tty_hangup.ts';
import { file_tty } from './tty_io.ts';
import { tiocgpgrp, tiocgsid, tiocnotty, tiocsctty, tiocspgrp, tty_check_change } from './tty_jobctrl.ts';
import type { Tty } from './tty.ts';
import { C, cc, same_winsize, tty_devnum, tty_pair_get_tty } from './tty.ts';

/** What every request gets. `arg` is a user pointer or a number, as the request has it. */
interface Request {
  readonly task: Task;
  readonly tty: Tty;
  /** The same, or of a master the other end. */
  readonly real_tty: Tty;
  readonly file: File;
  readonly arg: UserPtr;
}

type Handler = (r: Request) => MaySleep<number>;

const N_TTY = 0;
const WINSIZE_SIZE = 8;
const NSEC_PER_MSEC = 1_000_000;
const BREAK_MS = 250;

export function tty_ioctl(task: Task, file: File, cmd: number, arg: UserPtr): MaySleep<number> {
  const tty = file_tty(file);
  if (tty.io_error) return -EIO;
  const handler = HANDLERS.get(cmd);
  if (handler) return handler({ task, tty, real_tty: tty_pair_get_tty(tty), file, arg });
  const ret = tty.ops.ioctl?.(task, tty, cmd, arg) ?? -ENOIOCTLCMD;
  return ret === -ENOIOCTLCMD ? -ENOTTY : ret;
}

// biome-ignore format: columns teach
const HANDLERS: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  // settings: termios.ts
  [req.TCGETS,       ({ task, real_tty, arg }) => get_termios(task, real_tty, arg, TERMIOS_1)],
  [req.TCSETS,       ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS_1, false, false)],
  [req.TCSETSW,      ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS_1, true, false)],
  [req.TCSETSF,      ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS_1, true, true)],
  [req.TCGETS2,      ({ task, real_tty, arg }) => get_termios(task, real_tty, arg, TERMIOS2)],
  [req.TCSETS2,      ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS2, false, false)],
  [req.TCSETSW2,     ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS2, true, false)],
  [req.TCSETSF2,     ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS2, true, true)],
  [req.TCGETA,       ({ task, real_tty, arg }) => get_termios(task, real_tty, arg, TERMIOS_TERMIO)],
  [req.TCSETA,       ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS_TERMIO, false, false)],
  [req.TCSETAW,      ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS_TERMIO, true, false)],
  [req.TCSETAF,      ({ task, real_tty, arg }) => set_termios(task, real_tty, arg, TERMIOS_TERMIO, true, true)],
  [req.TIOCGSOFTCAR, ({ task, real_tty, arg }) => put_user_u32(task, arg, C(real_tty, CLOCAL) ? 1 : 0)],
  [req.TIOCSSOFTCAR, tty_change_softcar],
  [req.TIOCGLCKTRMIOS, ({ task, real_tty, arg }) => get_locked_termios(task, real_tty, arg)],
  [req.TIOCSLCKTRMIOS, ({ task, real_tty, arg }) => set_locked_termios(task, real_tty, arg)],
  // flow and buffers
  [req.TCXONC,       n_tty_flow],
  [req.TCFLSH,       tty_perform_flush],
  [req.FIONREAD,     ({ task, tty, arg }) => put_user_u32(task, arg, n_tty_inq(tty))],
  [req.TIOCOUTQ,     ({ task, tty, arg }) => put_user_u32(task, arg, tty.ops.chars_in_buffer(tty))],
  [req.TIOCSTI,      tiocsti],
  // the line
  [req.TCSBRK,       ({ task, tty, arg }) => send_break(task, tty, arg ? 0 : BREAK_MS)], // with an argument: tcdrain()
  [req.TCSBRKP,      ({ task, tty, arg }) => send_break(task, tty, arg ? arg * 100 : BREAK_MS)],
  [req.TIOCSBRK,     ({ task, tty }) => break_ctl(task, tty, true)],
  [req.TIOCCBRK,     ({ task, tty }) => break_ctl(task, tty, false)],
  [req.TIOCMGET,     tty_tiocmget],
  [req.TIOCMSET,     (r) => tty_tiocmset(r, (value) => [value, ~value])],
  [req.TIOCMBIS,     (r) => tty_tiocmset(r, (value) => [value, 0])],
  [req.TIOCMBIC,     (r) => tty_tiocmset(r, (value) => [0, value])],
  // the window
  [req.TIOCGWINSZ,   tiocgwinsz],
  [req.TIOCSWINSZ,   tiocswinsz],
  // whose it is: tty_jobctrl.ts
  [req.TIOCSCTTY,    ({ task, real_tty, file, arg }) => tiocsctty(task, real_tty, file, arg)],
  [req.TIOCNOTTY,    ({ task, tty }) => tiocnotty(task, tty)],
  [req.TIOCGPGRP,    ({ task, tty, real_tty, arg }) => tiocgpgrp(task, tty, real_tty, arg)],
  [req.TIOCSPGRP,    ({ task, real_tty, arg }) => tiocspgrp(task, real_tty, arg)],
  [req.TIOCGSID,     ({ task, tty, real_tty, arg }) => tiocgsid(task, tty, real_tty, arg)],
  [req.TIOCEXCL,     ({ tty }) => set_exclusive(tty, true)],
  [req.TIOCNXCL,     ({ tty }) => set_exclusive(tty, false)],
  [req.TIOCGEXCL,    ({ task, tty, arg }) => put_user_u32(task, arg, tty.exclusive ? 1 : 0)],
  [req.TIOCVHANGUP,  tiocvhangup],
  // what it is
  [req.TIOCGDEV,     ({ task, real_tty, arg }) => put_user_u32(task, arg, new_encode_dev(tty_devnum(real_tty)))],
  [req.TIOCGETD,     ({ task, arg }) => put_user_u32(task, arg, N_TTY)],
  [req.TIOCSETD,     tiocsetd],
  [req.TIOCGPTPEER,  ({ task, tty, arg }) => ptm_open_peer(task, tty, arg)],
]);

/* The minor number is split around the major one. */
const new_encode_dev = (dev: number): number => {
  const minor = dev & 0xf_ffff;
  return (minor & 0xff) | ((dev >>> 20) << 8) | ((minor & ~0xff) << 12);
};

function tiocgwinsz({ task, real_tty, arg }: Request): number {
  const { ws_row, ws_col, ws_xpixel, ws_ypixel } = real_tty.winsize;
  const bytes = new Uint8Array(new Uint16Array([ws_row, ws_col, ws_xpixel, ws_ypixel]).buffer);
  return copy_to_user(task, arg, bytes) ? -EFAULT : 0;
}

/* The foreground redraws itself, if anything changed. */
function tiocswinsz({ task, real_tty, arg }: Request): number {
  const bytes = memdup_user(task, arg, WINSIZE_SIZE);
  if (typeof bytes === 'number') return bytes;
  const [ws_row, ws_col, ws_xpixel, ws_ypixel] = [0, 2, 4, 6].map((at) => get_unaligned_le16(bytes, at)) as [
    number,
    number,
    number,
    number,
  ];
  const size = { ws_row, ws_col, ws_xpixel, ws_ypixel };
  const { resize = tty_do_resize } = real_tty.ops;
  resize(real_tty, size);
  return 0;
}

/** Linux: tty_do_resize(). */
export function tty_do_resize(tty: Tty, size: Tty['winsize']): void {
  if (same_winsize(tty.winsize, size)) return;
  if (tty.pgrp) kill_pgrp(tty.pgrp, SIGWINCH, true);
  tty.winsize = size;
}

/* "Insert the given byte in the input queue": only into one's own terminal. */
function tiocsti({ task, tty, arg }: Request): number {
  if (task.signal.tty !== tty && !capable(task, CAP_SYS_ADMIN)) return -EPERM;
  const c = get_user_u8(task, arg);
  if (c < 0) return -EFAULT;
  n_tty_receive_buf(tty, [c]);
  return 0;
}

function n_tty_flow({ task, tty, arg }: Request): number {
  const err = tty_check_change(task, tty);
  if (err < 0) return err;
  switch (arg as number) {
    case TCOOFF:
      tty.tco_stopped = true;
      stop_tty(tty);
      return 0;
    case TCOON:
      if (!tty.tco_stopped) return 0;
      tty.tco_stopped = false;
      start_tty(tty);
      return 0;
    case TCIOFF:
      return send_flow_char(tty, VSTOP);
    case TCION:
      return send_flow_char(tty, VSTART);
    default:
      return -EINVAL;
  }
}

function send_flow_char(tty: Tty, place: number): number {
  if (cc(tty, place) !== __DISABLED_CHAR) tty.ops.send_xchar(tty, cc(tty, place));
  return 0;
}

function tty_perform_flush({ task, tty, arg }: Request): number {
  const err = tty_check_change(task, tty);
  if (err < 0) return err;
  const what = arg as number;
  if (what !== TCIFLUSH && what !== TCOFLUSH && what !== TCIOFLUSH) return -EINVAL;
  if (what !== TCOFLUSH) n_tty_flush_buffer(tty);
  if (what !== TCIFLUSH) tty.ops.flush_buffer(tty);
  return 0;
}

/** Until the driver has sent everything; 0 or -ERESTARTSYS. */
export function* tty_wait_until_sent(task: Task, tty: Tty): Sleeps<number> {
  return yield* wait_event_interruptible(task, tty.write_wait, () => tty.ops.chars_in_buffer(tty) === 0);
}

function* send_break(task: Task, tty: Tty, ms: number): Sleeps<number> {
  let err = tty_check_change(task, tty);
  if (err === 0) err = yield* tty_wait_until_sent(task, tty);
  if (err < 0 || ms === 0) return err;
  tty.ops.break_ctl(tty, true);
  const left = yield* wait_event_interruptible_timeout(task, tty.write_wait, () => false, ms * NSEC_PER_MSEC);
  tty.ops.break_ctl(tty, false);
  return Math.min(left, 0);
}

function* break_ctl(task: Task, tty: Tty, on: boolean): Sleeps<number> {
  let err = tty_check_change(task, tty);
  if (err === 0 && on) err = yield* tty_wait_until_sent(task, tty);
  if (err === 0) tty.ops.break_ctl(tty, on);
  return err;
}

function tty_tiocmget({ task, tty, arg }: Request): number {
  const lines = tty.ops.tiocmget(tty);
  return lines < 0 ? lines : put_user_u32(task, arg, lines);
}

function tty_tiocmset(
  { task, tty, arg }: Request,
  split: (value: number) => [set: number, clear: number],
): number {
  const value = get_user_u32(task, arg);
  if (value < 0) return -EFAULT;
  const [set, clear] = split(value);
  return tty.ops.tiocmset(tty, set, clear);
}

function tty_change_softcar({ task, real_tty: tty, arg }: Request): number {
  const value = get_user_u32(task, arg);
  if (value < 0) return -EFAULT;
  const c_cflag = value ? tty.termios.c_cflag | CLOCAL : tty.termios.c_cflag & ~CLOCAL;
  tty_set_termios(tty, { ...tty.termios, c_cflag: c_cflag >>> 0 });
  return 0;
}

function set_exclusive(tty: Tty, on: boolean): number {
  tty.exclusive = on;
  return 0;
}

function tiocvhangup({ task, tty }: Request): number {
  if (!capable(task, CAP_SYS_ADMIN)) return -EPERM;
  tty_vhangup(tty);
  return 0;
}

/* There is one line discipline. */
function tiocsetd({ task, arg }: Request): number {
  const disc = get_user_u32(task, arg);
  if (disc < 0) return -EFAULT;
  return disc === N_TTY ? 0 : -EINVAL;
}
