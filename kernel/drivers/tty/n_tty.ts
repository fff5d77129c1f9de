/*
 * kernel/drivers/tty/n_tty.ts - the line discipline: reading and writing a terminal
 *
 * Linux:   drivers/tty/n_tty.c (v6.12)
 * Manual:  termios(3)
 * Absent:  EXTPROC
 *
 *    driver -> tty_buffer -> n_tty_input (signals, editing, echo) -> ring -> n_tty_read -> read(2)
 *    driver <- n_tty_echo (newlines, tabs) <- n_tty_write <- write(2)
 */

import type { File, PollTable } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EAGAIN, EFAULT, EIO, ERESTARTSYS } from '../../include/uapi/errno.ts';
import {
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDNORM,
  EPOLLWRNORM,
} from '../../include/uapi/eventpoll.ts';
import { O_NONBLOCK } from '../../include/uapi/fcntl.ts';
import { TIOCPKT_FLUSHREAD } from '../../include/uapi/ioctls.ts';
import { SIGTTIN, SIGTTOU } from '../../include/uapi/signal.ts';
import type { Termios } from '../../include/uapi/termbits.ts';
import {
  ECHO,
  ICANON,
  ICRNL,
  IEXTEN,
  IGNCR,
  INLCR,
  ISIG,
  IXON,
  OPOST,
  PARMRK,
  TOSTOP,
  VEOF,
  VEOL,
  VEOL2,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VMIN,
  VQUIT,
  VREPRINT,
  VSTART,
  VSTOP,
  VSUSP,
  VTIME,
  VWERASE,
  __DISABLED_CHAR,
} from '../../include/uapi/termbits.ts';
import type { IovIter } from '../../lib/iov_iter.ts';
import type { Sleeps } from '../../sched/wait.ts';
import {
  wait_event_interruptible,
  wait_event_interruptible_timeout,
  wake_up_interruptible,
  wake_up_interruptible_poll,
} from '../../sched/wait.ts';
import { signal_pending } from '../../signal/pending.ts';
import { N_TTY_BUF_SIZE } from './n_tty_data.ts';
import { process_echoes, process_output } from './n_tty_echo.ts';
import { n_tty_receive_entry } from './n_tty_input.ts';
import { start_tty, tty_throttle, tty_unthrottle } from './tty_flow.ts';
import { tty_hung_up_p } from './tty_hangup.ts';
import { is_console_file } from './tty_io.ts';
import { __tty_check_change } from './tty_jobctrl.ts';
import type { Tty } from './tty.ts';
import { I, L, O, cc } from './tty.ts';

/* Input is held back when this little room is left, and let in again when this little is unread. */
const TTY_THRESHOLD_THROTTLE = 128;
const TTY_THRESHOLD_UNTHROTTLE = 128;
/** poll() calls a terminal writable while less than this waits to be sent. */
const WAKEUP_CHARS = 256;
const DECISECOND_NS = 100_000_000;

const NL = 0x0a;
const CR = 0x0d;

/**
 * Input from the driver. Returns how many entries were taken; the rest waits in the flip buffer. Called from the
 * interrupt.
 */
export function n_tty_receive_buf(tty: Tty, entries: readonly number[]): number {
  let taken = 0;
  while (taken < entries.length) {
    const room = receive_room(tty);
    if (room === 0) break;
    for (const end = Math.min(entries.length, taken + room); taken < end; taken++) {
      n_tty_receive_entry(tty, entries[taken]!);
    }
  }
  process_echoes(tty);
  const data = tty.disc_data;
  if (!data.icanon && data.read_cnt > 0) wake_up_interruptible_poll(tty.read_wait, EPOLLIN | EPOLLRDNORM);
  n_tty_check_throttle(tty);
  return taken;
}

/*
 * A line that is too long must still be able to end: with no complete line in the ring, the last place is given out
 * again and again, so that all but the last of the surplus characters are lost.
 */
function receive_room(tty: Tty): number {
  const data = tty.disc_data;
  const free = N_TTY_BUF_SIZE - data.read_cnt;
  const room = (I(tty, PARMRK) ? Math.ceil(free / 3) : free) - 1;
  if (room > 0) return room;
  if (!data.icanon || data.canon_head !== data.read_tail) return 0;
  if (room < 0) data.read_head--;
  return 1;
}

function n_tty_check_throttle(tty: Tty): void {
  const data = tty.disc_data;
  // Without a line to read nobody would ever make room: what is typed is needed to end the line.
  if (data.icanon && data.canon_head === data.read_tail) return;
  if (N_TTY_BUF_SIZE - data.read_cnt < TTY_THRESHOLD_THROTTLE) tty_throttle(tty);
}

function n_tty_check_unthrottle(tty: Tty): void {
  if (tty.disc_data.read_cnt <= TTY_THRESHOLD_UNTHROTTLE) tty_unthrottle(tty);
}

/** `poll` asks whether VMIN characters are there, a read takes fewer. */
function input_available_p(tty: Tty, poll: boolean): boolean {
  const data = tty.disc_data;
  if (data.icanon) return data.canon_head !== data.read_tail;
  const amount = poll && cc(tty, VTIME) === 0 && cc(tty, VMIN) > 0 ? cc(tty, VMIN) : 1;
  return data.read_cnt >= amount;
}

/** How a read in non-canonical mode ends: at `minimum` bytes, or after a silence. */
interface ReadTiming {
  readonly minimum: number;
  /** ns to wait for the first byte, and for each of the others. */
  readonly first: number;
  readonly between: number;
}

/*
 * "MIN > 0, TIME > 0: an interbyte timer. Once initial input becomes available, the timer is restarted after each
 * further character is received." - termios(3)
 */
function read_timing(tty: Tty): ReadTiming {
  if (tty.disc_data.icanon) return { minimum: 0, first: Infinity, between: Infinity };
  const time = cc(tty, VTIME) * DECISECOND_NS;
  if (cc(tty, VMIN) === 0) return { minimum: 1, first: time, between: Infinity };
  return { minimum: cc(tty, VMIN), first: Infinity, between: time || Infinity };
}

export function* n_tty_read(task: Task, tty: Tty, file: File, to: IovIter): Sleeps<number> {
  const err = job_control(task, tty, file);
  if (err < 0) return err;

  const { minimum, first, between } = read_timing(tty);
  let timeout = first;
  let done = 0;
  let ret = 0;
  while (to.count > 0) {
    if (packet_status_p(tty)) {
      if (done === 0) done = ret = read_packet_status(tty, to);
      break;
    }
    if (!input_available_p(tty, false)) {
      ret = tty.other_closed ? -EIO : 0;
      if (ret < 0) break;
      if (tty_hung_up_p(file) || timeout <= 0) break;
      ret = file.f_flags & O_NONBLOCK ? -EAGAIN : 0;
      if (ret < 0) break;
      timeout = yield* wait_for_input(task, tty, file, timeout);
      if (timeout < 0) {
        ret = timeout;
        break;
      }
      continue;
    }
    if (tty.packet && done === 0) {
      ret = to.copy_to_iter(PACKET_DATA) === 1 ? 0 : -EFAULT;
      if (ret < 0) break;
      done++;
    }
    const copied = tty.disc_data.icanon ? canon_copy_from_read_buf(tty, to) : copy_from_read_buf(tty, to);
    n_tty_check_unthrottle(tty);
    if (copied < 0) {
      ret = copied;
      break;
    }
    done += copied;
    if (done >= minimum) break;
    timeout = between;
  }
  return done > 0 ? done : ret;
}

/** TIOCPKT_DATA: "the packet contains data" - TIOCPKT(2const). */
const PACKET_DATA = Uint8Array.of(0);

/** A master in packet mode has something to be told. */
const packet_status_p = (tty: Tty): boolean => tty.packet && tty.link!.pktstatus !== 0;

function read_packet_status(tty: Tty, to: IovIter): number {
  const link = tty.link!;
  const copied = to.copy_to_iter(Uint8Array.of(link.pktstatus));
  link.pktstatus = 0;
  return copied === 1 ? 1 : -EFAULT;
}

/** ns left, 0 when time ran out, or -ERESTARTSYS. A change of the settings is looked at as well. */
function* wait_for_input(task: Task, tty: Tty, file: File, timeout: number): Sleeps<number> {
  const ready = () =>
    input_available_p(tty, false) || tty_hung_up_p(file) || tty.other_closed || packet_status_p(tty);
  if (timeout !== Infinity)
    return yield* wait_event_interruptible_timeout(task, tty.read_wait, ready, timeout);
  const err = yield* wait_event_interruptible(task, tty.read_wait, ready);
  return err < 0 ? err : timeout;
}

/** A background process may not read its terminal; the console is nobody's and everybody's. */
function job_control(task: Task, tty: Tty, file: File): number {
  return is_console_file(file) ? 0 : __tty_check_change(task, tty, SIGTTIN);
}

/* One line, or as much of it as is wanted. Returns bytes (0 is end of file) or -EFAULT. */
function canon_copy_from_read_buf(tty: Tty, to: IovIter): number {
  const data = tty.disc_data;
  const limit = Math.min(to.count, data.canon_head - data.read_tail);
  let end = 0;
  while (end < limit && !data.is_eol(data.read_tail + end)) end++;
  const found = end < limit;
  const eof = found && data.read_buf(data.read_tail + end) === __DISABLED_CHAR;
  const length = found && !eof ? end + 1 : end;

  const copied = to.copy_to_iter(data.peek(length));
  data.read_tail += found ? end + 1 : end;
  if (found) data.push = false;
  else if (to.count === 0) canon_skip_eof(tty);
  return copied < length ? -EFAULT : copied;
}

/* The buffer is full to the byte and ^D is next: it has done its work, and must not be an end of file of its own. */
function canon_skip_eof(tty: Tty): void {
  const data = tty.disc_data;
  const at = data.read_tail;
  if (at === data.canon_head || !data.is_eol(at)) return;
  if (data.read_buf(at) === __DISABLED_CHAR) data.read_tail++;
}

function copy_from_read_buf(tty: Tty, to: IovIter): number {
  const data = tty.disc_data;
  const length = Math.min(to.count, data.read_cnt);
  const copied = to.copy_to_iter(data.peek(length));
  data.read_tail += length;
  return copied < length ? -EFAULT : copied;
}

/** Sends `bytes`. Returns how many were taken, or -errno if none were. */
export function* n_tty_write(task: Task, tty: Tty, file: File, bytes: Uint8Array): Sleeps<number> {
  if (L(tty, TOSTOP) && !is_console_file(file)) {
    const err = __tty_check_change(task, tty, SIGTTOU);
    if (err < 0) return err;
  }
  process_echoes(tty);

  let done = 0;
  for (;;) {
    if (signal_pending(task)) return done || -ERESTARTSYS;
    if (tty_hung_up_p(file)) return done || -EIO;
    done += process_output(tty, bytes.subarray(done));
    if (done === bytes.length) return done;
    if (file.f_flags & O_NONBLOCK) return done || -EAGAIN;
    const ready = () => tty.ops.write_room(tty) >= room_needed(tty) || tty_hung_up_p(file);
    const err = yield* wait_event_interruptible(task, tty.write_wait, ready);
    if (err < 0) return done || err;
  }
}

/* One character may become several: a tab of eight spaces is the longest. */
const room_needed = (tty: Tty): number => (O(tty, OPOST) ? 8 : 1);

export function n_tty_poll(tty: Tty, file: File, table: PollTable): number {
  table?.(tty.read_wait);
  table?.(tty.write_wait);
  let mask = 0;
  if (input_available_p(tty, true)) mask |= EPOLLIN | EPOLLRDNORM;
  if (packet_status_p(tty)) mask |= EPOLLPRI | EPOLLIN | EPOLLRDNORM;
  if (tty_hung_up_p(file) || tty.other_closed) mask |= EPOLLHUP;
  const { ops } = tty;
  if (ops.chars_in_buffer(tty) < WAKEUP_CHARS && ops.write_room(tty) > 0) mask |= EPOLLOUT | EPOLLWRNORM;
  return mask;
}

/** What FIONREAD tells: in canonical mode what a read would get, so ends of file do not count. */
export function n_tty_inq(tty: Tty): number {
  const data = tty.disc_data;
  if (!data.icanon) return data.read_cnt;
  let count = 0;
  for (let at = data.read_tail; at < data.canon_head; at++) {
    if (!(data.is_eol(at) && data.read_buf(at) === __DISABLED_CHAR)) count++;
  }
  return count;
}

export function n_tty_flush_buffer(tty: Tty): void {
  tty.disc_data.reset();
  tty_unthrottle(tty);
  if (!tty.link?.packet) return;
  tty.pktstatus |= TIOCPKT_FLUSHREAD;
  wake_up_interruptible(tty.link.read_wait);
}

/** The settings have changed. `old`: what they were, or null when the terminal is being opened. */
export function n_tty_set_termios(tty: Tty, old: Termios | null): void {
  const data = tty.disc_data;
  if (!old || (old.c_lflag ^ tty.termios.c_lflag) & ICANON) switch_mode(tty);
  data.icanon = L(tty, ICANON);
  fill_char_map(tty);

  // Nobody could type ^Q any more.
  if (old && old.c_iflag & IXON && !I(tty, IXON) && !tty.tco_stopped) {
    start_tty(tty);
    process_echoes(tty);
  }
  wake_up_interruptible(tty.write_wait);
  wake_up_interruptible(tty.read_wait);
}

/* Unread input survives the change: all of it is one line in canonical mode, and just bytes in the other. */
function switch_mode(tty: Tty): void {
  const data = tty.disc_data;
  data.clear_eols();
  data.push = L(tty, ICANON) && data.read_cnt > 0;
  data.canon_head = data.push ? data.read_head : data.read_tail;
  if (data.push) data.mark_eol(data.read_head - 1);
  data.erasing = false;
  data.lnext = false;
}

/* Nothing to look out for is raw mode. */
function fill_char_map(tty: Tty): void {
  const map = tty.disc_data.char_map.fill(0);
  const mark = (...places: number[]) => {
    for (const place of places) map[cc(tty, place)] = 1;
  };
  if (I(tty, IGNCR | ICRNL)) map[CR] = 1;
  if (I(tty, INLCR)) map[NL] = 1;
  if (L(tty, ICANON)) {
    map[NL] = 1;
    mark(VERASE, VKILL, VEOF, VEOL);
    if (L(tty, IEXTEN)) mark(VWERASE, VLNEXT, VEOL2);
    if (L(tty, IEXTEN) && L(tty, ECHO)) mark(VREPRINT);
  }
  if (I(tty, IXON)) mark(VSTART, VSTOP);
  if (L(tty, ISIG)) mark(VINTR, VQUIT, VSUSP);
  map[__DISABLED_CHAR] = 0;
}
