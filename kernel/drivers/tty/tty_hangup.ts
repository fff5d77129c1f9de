/*
 * kernel/drivers/tty/tty_hangup.ts - the line is dead
 *
 * Linux:   drivers/tty/tty_io.c (__tty_hangup, hung_up_tty_fops) (v6.12)
 *
 * A hangup cuts every open file off from its terminal: reads find the end, writes fail. Files that were opened through
 * /dev/console go on, because the console must not be lost to whoever happened to log out.
 */

import type { File, FileOperations } from '../../include/linux/fs.ts';
import { EIO, ENOTTY } from '../../include/uapi/errno.ts';
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDNORM,
  EPOLLWRNORM,
} from '../../include/uapi/eventpoll.ts';
import { TIOCSPGRP } from '../../include/uapi/ioctls.ts';
import { wake_up_interruptible_all } from '../../sched/wait.ts';
import { NTtyData } from './n_tty_data.ts';
import { n_tty_set_termios } from './n_tty.ts';
import { console_fops, tty_release } from './tty_io.ts';
import { tty_signal_session_leader } from './tty_jobctrl.ts';
import type { Tty } from './tty.ts';

export const hung_up_tty_fops: FileOperations = {
  release: tty_release,
  read_iter: () => 0,
  write_iter: () => -EIO,
  poll: () => EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLRDNORM | EPOLLWRNORM,
  ioctl: (_task, _file, cmd) => (cmd === TIOCSPGRP ? -ENOTTY : -EIO),
};

export const tty_hung_up_p = (file: File): boolean => file.f_op === hung_up_tty_fops;

/** Linux: tty_vhangup(). */
export function tty_vhangup(tty: Tty): void {
  __tty_hangup(tty, false);
}

/** The session whose terminal it is has ended. */
export function tty_vhangup_session(tty: Tty): void {
  __tty_hangup(tty, true);
}

function __tty_hangup(tty: Tty, exit_session: boolean): void {
  let console = false;
  for (const file of tty.files) {
    if (file.f_op === console_fops) console = true;
    else file.f_op = hung_up_tty_fops;
  }
  tty_signal_session_leader(tty, exit_session);
  tty.session = null;
  tty.pgrp = null;
  tty.stopped = false;
  tty.tco_stopped = false;
  tty_ldisc_hangup(tty);
  if (!console) tty.ops.hangup(tty);
}

/* Whoever sleeps in a read or write finds out; what nobody will read or send is forgotten. */
function tty_ldisc_hangup(tty: Tty): void {
  tty.ops.flush_buffer(tty);
  tty.disc_data = new NTtyData();
  const { init_termios } = tty.driver;
  if (init_termios) tty.termios = init_termios();
  tty.throttled = false;
  n_tty_set_termios(tty, null);
  wake_up_interruptible_all(tty.write_wait);
  wake_up_interruptible_all(tty.read_wait);
}
