/*
 * kernel/drivers/tty/n_tty_input.ts - what becomes of a character that was typed
 *
 * Linux:   drivers/tty/n_tty.c (n_tty_receive_char_special, n_tty_receive_char_canon, eraser, isig) (v6.12)
 * Manual:  termios(3), "Canonical and noncanonical mode"
 */

import {
  BRKINT,
  ECHO,
  ECHOCTL,
  ECHOE,
  ECHOK,
  ECHOKE,
  ECHONL,
  ECHOPRT,
  ICRNL,
  IEXTEN,
  IGNBRK,
  IGNCR,
  IGNPAR,
  INLCR,
  INPCK,
  ISIG,
  ISTRIP,
  IUCLC,
  IXANY,
  IXON,
  NOFLSH,
  PARMRK,
  VEOF,
  VEOL,
  VEOL2,
  VERASE,
  VINTR,
  VKILL,
  VLNEXT,
  VQUIT,
  VREPRINT,
  VSTART,
  VSTOP,
  VSUSP,
  VWERASE,
  __DISABLED_CHAR,
} from '../../include/uapi/termbits.ts';
import { EPOLLIN, EPOLLRDNORM } from '../../include/uapi/eventpoll.ts';
import { SIGINT, SIGQUIT, SIGTSTP } from '../../include/uapi/signal.ts';
import { wake_up_interruptible_poll } from '../../sched/wait.ts';
import { kill_pgrp } from '../../signal/kill.ts';
import {
  echo_char,
  echo_char_raw,
  echo_erase_tab,
  echo_move_back_col,
  echo_set_canon_col,
  is_continuation,
  iscntrl,
  process_echoes,
} from './n_tty_echo.ts';
import { start_tty, stop_tty } from './tty_flow.ts';
import type { Tty } from './tty.ts';
import { I, L, cc } from './tty.ts';

/* What came with a character: bits above the byte. */
export const TTY_NORMAL = 0;
export const TTY_BREAK = 1;
export const TTY_FRAME = 2;
export const TTY_PARITY = 3;
export const TTY_OVERRUN = 4;

const NL = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const BS = 0x08;
const SPACE = 0x20;
const CARET = 0x5e;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const MARK = 0xff; // PARMRK's escape

/* Bytes above ASCII are Latin-1 to the kernel. */
const isUpper = (c: number): boolean => (c >= 0x41 && c <= 0x5a) || (c >= 0xc0 && c <= 0xde && c !== 0xd7);
const toLower = (c: number): number => (isUpper(c) ? c + 0x20 : c);
/* isalnum() or "_". */
const isWord = (c: number): boolean =>
  (c >= 0x30 && c <= 0x39) ||
  (toLower(c) >= 0x61 && toLower(c) <= 0x7a) ||
  c === 0x5f ||
  (c >= 0xc0 && c !== 0xd7 && c !== 0xf7);

/** One entry of the flip buffer: the byte, and above it what was wrong with it. */
export function n_tty_receive_entry(tty: Tty, entry: number): void {
  const c = entry & 0xff;
  const flag = entry >> 8;
  if (flag === TTY_NORMAL) n_tty_receive_byte(tty, c);
  else if (flag === TTY_BREAK) n_tty_receive_break(tty);
  else if (flag === TTY_FRAME || flag === TTY_PARITY) n_tty_receive_parity_error(tty, c);
  else if (flag === TTY_OVERRUN) tty.kernel.printk.warn(`${tty.name}: input overrun(s)`);
}

function n_tty_receive_byte(tty: Tty, byte: number): void {
  const data = tty.disc_data;
  let c = byte;
  if (I(tty, ISTRIP)) c &= 0x7f;
  if (I(tty, IUCLC) && L(tty, IEXTEN)) c = toLower(c);
  if (data.lnext) {
    data.lnext = false;
    n_tty_receive_char(tty, c);
  } else if (data.char_map[c]) n_tty_receive_char_special(tty, c);
  else n_tty_receive_char(tty, c);
}

/* No meaning of its own: echoed and stored. */
function n_tty_receive_char(tty: Tty, c: number): void {
  if (tty.stopped && !tty.tco_stopped && I(tty, IXON) && I(tty, IXANY)) restart(tty);
  if (L(tty, ECHO)) {
    finish_erasing(tty);
    echo_stored(tty, c);
  }
  store(tty, c);
}

function store(tty: Tty, c: number): void {
  if (c === MARK && I(tty, PARMRK)) tty.disc_data.put(c);
  tty.disc_data.put(c);
}

function restart(tty: Tty): void {
  start_tty(tty);
  process_echoes(tty);
}

/* Flow control first, signals second, line editing last: each may take the character out of the stream. */
function n_tty_receive_char_special(tty: Tty, typed: number): void {
  if (I(tty, IXON) && n_tty_receive_char_flow_ctrl(tty, typed)) return;
  if (L(tty, ISIG) && n_tty_receive_char_signal(tty, typed)) return;
  if (tty.stopped && !tty.tco_stopped && I(tty, IXON) && I(tty, IXANY)) restart(tty);

  let c = typed;
  if (c === CR) {
    if (I(tty, IGNCR)) return;
    if (I(tty, ICRNL)) c = NL;
  } else if (c === NL && I(tty, INLCR)) c = CR;
  if (tty.disc_data.icanon && n_tty_receive_char_canon(tty, c)) return;

  if (L(tty, ECHO)) echo_special(tty, c);
  store(tty, c);
}

function echo_special(tty: Tty, c: number): void {
  finish_erasing(tty);
  if (c === NL) echo_char_raw(tty, NL);
  else echo_stored(tty, c);
}

function echo_stored(tty: Tty, c: number): void {
  const data = tty.disc_data;
  if (data.canon_head === data.read_head) echo_set_canon_col(tty); // the line begins at this column
  echo_char(tty, c);
}

function n_tty_receive_char_flow_ctrl(tty: Tty, c: number): boolean {
  if (c === cc(tty, VSTART)) {
    restart(tty);
    return true;
  }
  if (c !== cc(tty, VSTOP)) return false;
  stop_tty(tty);
  return true;
}

function n_tty_receive_char_signal(tty: Tty, c: number): boolean {
  const sig = signalOf(tty, c);
  if (sig === 0) return false;
  isig(tty, sig);
  if (I(tty, IXON)) start_tty(tty);
  if (L(tty, ECHO)) echo_char(tty, c);
  else process_echoes(tty);
  return true;
}

function signalOf(tty: Tty, c: number): number {
  if (c === cc(tty, VINTR)) return SIGINT;
  if (c === cc(tty, VQUIT)) return SIGQUIT;
  return c === cc(tty, VSUSP) ? SIGTSTP : 0;
}

/* What was typed before the signal was typed for somebody who may be gone now; so was what is still to be printed. */
function isig(tty: Tty, sig: number): void {
  if (tty.pgrp) kill_pgrp(tty.pgrp, sig, true);
  if (L(tty, NOFLSH)) return;
  tty.disc_data.echo.length = 0;
  tty.ops.flush_buffer(tty);
  tty.disc_data.reset();
}

/** Canonical mode's editing characters and line ends. True: it is done. */
function n_tty_receive_char_canon(tty: Tty, c: number): boolean {
  const extended = L(tty, IEXTEN);
  if (c === cc(tty, VERASE) || c === cc(tty, VKILL) || (extended && c === cc(tty, VWERASE)))
    return eraser(tty, c);
  if (extended && c === cc(tty, VLNEXT)) return literal_next(tty);
  if (extended && c === cc(tty, VREPRINT) && L(tty, ECHO)) return reprint(tty, c);
  if (c === NL) {
    if (L(tty, ECHO | ECHONL)) echo_char_raw(tty, NL);
    return end_line(tty, c);
  }
  if (c === cc(tty, VEOF)) return end_line(tty, __DISABLED_CHAR); // marks the end, and is not read
  if (c !== cc(tty, VEOL) && !(extended && c === cc(tty, VEOL2))) return false;
  if (L(tty, ECHO)) echo_stored(tty, c);
  if (c === MARK && I(tty, PARMRK)) tty.disc_data.put(c);
  return end_line(tty, c);
}

function end_line(tty: Tty, c: number): true {
  const data = tty.disc_data;
  const at = data.read_head;
  data.put(c);
  data.mark_eol(at);
  data.canon_head = data.read_head;
  wake_up_interruptible_poll(tty.read_wait, EPOLLIN | EPOLLRDNORM);
  return true;
}

/* ^V shows a caret under the cursor, which the next character overwrites. */
function literal_next(tty: Tty): true {
  tty.disc_data.lnext = true;
  if (!L(tty, ECHO)) return true;
  finish_erasing(tty);
  if (L(tty, ECHOCTL)) {
    echo_char_raw(tty, CARET);
    echo_char_raw(tty, BS);
  }
  return true;
}

function reprint(tty: Tty, c: number): true {
  const data = tty.disc_data;
  finish_erasing(tty);
  echo_char(tty, c);
  echo_char_raw(tty, NL);
  for (let at = data.canon_head; at < data.read_head; at++) echo_char(tty, data.read_buf(at));
  return true;
}

/* ECHOPRT prints what is erased between \ and /, for terminals made of paper. */
function finish_erasing(tty: Tty): void {
  if (!tty.disc_data.erasing) return;
  echo_char_raw(tty, SLASH);
  tty.disc_data.erasing = false;
}

/** Takes characters, a word or all of the line being typed away, in the buffer and on the screen. */
function eraser(tty: Tty, c: number): true {
  const data = tty.disc_data;
  if (data.read_head === data.canon_head) return true;
  const kill = c === cc(tty, VKILL) && c !== cc(tty, VERASE);
  if (kill && !(L(tty, ECHO) && L(tty, ECHOK) && L(tty, ECHOKE) && L(tty, ECHOE))) return kill_line(tty);

  const word = !kill && c !== cc(tty, VERASE);
  let seenWord = false;
  while (data.read_head > data.canon_head) {
    const head = previousCharacter(tty);
    if (head < 0) break;
    const erased = data.read_buf(head);
    if (word && seenWord && !isWord(erased)) break;
    seenWord ||= isWord(erased);

    const end = data.read_head;
    data.read_head = head;
    if (L(tty, ECHO)) show_erased(tty, erased, head, end, !kill && !word);
    if (!kill && !word) break;
  }
  if (data.read_head === data.canon_head && L(tty, ECHO)) finish_erasing(tty);
  return true;
}

/* The whole line at once, because its erasure is not to be seen. */
function kill_line(tty: Tty): true {
  const data = tty.disc_data;
  data.read_head = data.canon_head;
  if (!L(tty, ECHO)) return true;
  finish_erasing(tty);
  echo_char(tty, cc(tty, VKILL));
  if (L(tty, ECHOK)) echo_char_raw(tty, NL);
  return true;
}

/* Where the last character begins: with IUTF8 it may have several bytes. -1: only pieces of one are there. */
function previousCharacter(tty: Tty): number {
  const data = tty.disc_data;
  let head = data.read_head - 1;
  while (is_continuation(tty, data.read_buf(head)) && head > data.canon_head) head--;
  return is_continuation(tty, data.read_buf(head)) ? -1 : head;
}

function show_erased(tty: Tty, c: number, head: number, end: number, single: boolean): void {
  if (L(tty, ECHOPRT)) print_erased(tty, c, head, end);
  else if (single && !L(tty, ECHOE)) echo_char(tty, cc(tty, VERASE));
  else if (c === TAB) erase_tab(tty);
  else {
    if (iscntrl(c) && L(tty, ECHOCTL)) rub_out(tty);
    if (!iscntrl(c) || L(tty, ECHOCTL)) rub_out(tty);
  }
}

function rub_out(tty: Tty): void {
  echo_char_raw(tty, BS);
  echo_char_raw(tty, SPACE);
  echo_char_raw(tty, BS);
}

function print_erased(tty: Tty, c: number, head: number, end: number): void {
  const data = tty.disc_data;
  if (!data.erasing) {
    echo_char_raw(tty, BACKSLASH);
    data.erasing = true;
  }
  echo_char(tty, c);
  for (let at = head + 1; at < end; at++) {
    echo_char_raw(tty, data.read_buf(at));
    echo_move_back_col(tty);
  }
}

/* How far back a tab goes depends on the columns between it and the start of the line, or the tab before it. */
function erase_tab(tty: Tty): void {
  const data = tty.disc_data;
  let columns = 0;
  for (let at = data.read_head - 1; at >= data.canon_head; at--) {
    const c = data.read_buf(at);
    if (c === TAB) return echo_erase_tab(tty, columns, true);
    if (iscntrl(c)) columns += L(tty, ECHOCTL) ? 2 : 0;
    else if (!is_continuation(tty, c)) columns++;
  }
  echo_erase_tab(tty, columns, false);
}

function n_tty_receive_break(tty: Tty): void {
  if (I(tty, IGNBRK)) return;
  if (I(tty, BRKINT)) return isig(tty, SIGINT);
  if (I(tty, PARMRK)) {
    tty.disc_data.put(MARK);
    tty.disc_data.put(0);
  }
  tty.disc_data.put(0);
}

function n_tty_receive_parity_error(tty: Tty, c: number): void {
  if (!I(tty, INPCK)) return n_tty_receive_char(tty, c);
  if (I(tty, IGNPAR)) return;
  if (I(tty, PARMRK)) {
    tty.disc_data.put(MARK);
    tty.disc_data.put(0);
    tty.disc_data.put(c);
  } else tty.disc_data.put(0);
}
