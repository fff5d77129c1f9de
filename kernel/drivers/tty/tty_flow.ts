/*
 * kernel/drivers/tty/tty_flow.ts - holding output back and letting it go, holding input back
 *
 * Linux:   drivers/tty/tty_io.c (stop_tty, start_tty, tty_wakeup), drivers/tty/tty_ioctl.c (tty_throttle_safe) (v6.12)
 */

import { EPOLLOUT } from '../../include/uapi/eventpoll.ts';
import { wake_up_interruptible_poll } from '../../sched/wait.ts';
import type { Tty } from './tty.ts';

export function stop_tty(tty: Tty): void {
  if (tty.stopped) return;
  tty.stopped = true;
  tty.ops.stop(tty);
}

/** Not while tcflow(3) holds it. */
export function start_tty(tty: Tty): void {
  if (!tty.stopped || tty.tco_stopped) return;
  tty.stopped = false;
  tty.ops.start(tty);
  tty_wakeup(tty);
}

/** There is room in the driver again. */
export function tty_wakeup(tty: Tty): void {
  wake_up_interruptible_poll(tty.write_wait, EPOLLOUT);
}

export function tty_throttle(tty: Tty): void {
  if (tty.throttled) return;
  tty.throttled = true;
  tty.ops.throttle(tty);
}

export function tty_unthrottle(tty: Tty): void {
  if (!tty.throttled) return;
  tty.throttled = false;
  tty.ops.unthrottle(tty);
}
