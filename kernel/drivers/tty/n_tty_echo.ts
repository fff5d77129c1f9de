/*
 * kernel/drivers/tty/n_tty_echo.ts - what the line discipline sends: output with its newlines, and echoes
 *
 * Linux:   drivers/tty/n_tty.c (do_output_char, process_output_block, __process_echoes, echo_char) (v6.12)
 * Differs: echoes that find no room are a list of operations instead of bytes with escapes; as upstream the oldest are
 *          lost when there are too many
 */

import {
  ECHOCTL,
  IUTF8,
  OCRNL,
  OLCUC,
  ONLCR,
  ONLRET,
  ONOCR,
  OPOST,
  TABDLY,
  XTABS,
} from '../../include/uapi/termbits.ts';
import type { Tty } from './tty.ts';
import { I, L, O } from './tty.ts';

const N_TTY_ECHO_MAX = 4096;

const NL = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const BS = 0x08;
const CARET = 0x5e;
const SPACE = 0x20;

/* An echo operation is a byte, or one of these in the bits above it. */
const ECHO_OP_CONTROL = 0x100; //        a control character as ^X
const ECHO_OP_MOVE_BACK_COL = 0x200; //  the last character took no column of its own
const ECHO_OP_SET_CANON_COL = 0x300; //  a line begins here
const ECHO_OP_ERASE_TAB = 0x400; //      the low byte: columns since the line began, or (TAB_AFTER_TAB) since another tab
const ECHO_OP_MASK = 0x700;
const TAB_AFTER_TAB = 0x80;

export const iscntrl = (c: number): boolean => c < SPACE || c === 0x7f;
/** A byte of a UTF-8 sequence that is not its first. */
export const is_continuation = (tty: Tty, c: number): boolean => I(tty, IUTF8) && (c & 0xc0) === 0x80;
const isLower = (c: number): boolean => (c >= 0x61 && c <= 0x7a) || (c >= 0xdf && c !== 0xf7);

/**
 * Output processing: as much of `bytes` as fits, with newlines and tabs as the settings want them. Returns how many of
 * `bytes` were taken.
 */
export function process_output(tty: Tty, bytes: Uint8Array): number {
  if (!O(tty, OPOST)) return tty.ops.write(tty, bytes);
  const out: number[] = [];
  const room = tty.ops.write_room(tty);
  let taken = 0;
  while (taken < bytes.length && do_output_char(tty, bytes[taken]!, out, room)) taken++;
  tty.ops.write(tty, Uint8Array.from(out));
  return taken;
}

/* Keeps track of the cursor's column on the way. False: no room, and nothing happened. */
function do_output_char(tty: Tty, c: number, out: number[], room: number): boolean {
  const data = tty.disc_data;
  if (out.length >= room) return false;
  switch (c) {
    case NL:
      return output_newline(tty, out, room);
    case CR:
      return output_return(tty, out);
    case TAB:
      return output_tab(tty, out, room);
    case BS:
      if (data.column > 0) data.column--;
      break;
    default:
      if (iscntrl(c)) break;
      if (O(tty, OLCUC) && isLower(c)) c -= 0x20;
      if (!is_continuation(tty, c)) data.column++;
  }
  out.push(c);
  return true;
}

function output_newline(tty: Tty, out: number[], room: number): boolean {
  const data = tty.disc_data;
  if (O(tty, ONLCR)) {
    if (out.length + 2 > room) return false;
    out.push(CR);
    data.column = 0;
  } else if (O(tty, ONLRET)) data.column = 0;
  data.canon_column = data.column;
  out.push(NL);
  return true;
}

function output_return(tty: Tty, out: number[]): boolean {
  const data = tty.disc_data;
  if (O(tty, ONOCR) && data.column === 0) return true;
  const newline = O(tty, OCRNL);
  if (!newline || O(tty, ONLRET)) data.canon_column = data.column = 0;
  out.push(newline ? NL : CR);
  return true;
}

function output_tab(tty: Tty, out: number[], room: number): boolean {
  const data = tty.disc_data;
  const spaces = 8 - (data.column & 7);
  const expand = (tty.termios.c_oflag & TABDLY) === XTABS;
  if (expand && out.length + spaces > room) return false;
  data.column += spaces;
  if (expand) for (let n = 0; n < spaces; n++) out.push(SPACE);
  else out.push(TAB);
  return true;
}

/** A byte as it is; output processing still applies. */
export function echo_char_raw(tty: Tty, c: number): void {
  add_echo(tty, c);
}

/** A typed character: with ECHOCTL control characters show as ^X. */
export function echo_char(tty: Tty, c: number): void {
  add_echo(tty, L(tty, ECHOCTL) && iscntrl(c) && c !== TAB ? ECHO_OP_CONTROL | c : c);
}

export function echo_move_back_col(tty: Tty): void {
  add_echo(tty, ECHO_OP_MOVE_BACK_COL);
}

export function echo_set_canon_col(tty: Tty): void {
  add_echo(tty, ECHO_OP_SET_CANON_COL);
}

/** `num_chars` columns lie between the tab and the start of the line, or the tab before it. */
export function echo_erase_tab(tty: Tty, num_chars: number, after_tab: boolean): void {
  add_echo(tty, ECHO_OP_ERASE_TAB | (num_chars & 7) | (after_tab ? TAB_AFTER_TAB : 0));
}

function add_echo(tty: Tty, op: number): void {
  const { echo } = tty.disc_data;
  if (echo.length >= N_TTY_ECHO_MAX) echo.shift();
  echo.push(op);
}

/** Sends the echoes that the driver has room for. */
export function process_echoes(tty: Tty): void {
  const { echo } = tty.disc_data;
  if (echo.length === 0) return;
  const room = tty.ops.write_room(tty);
  const out: number[] = [];
  let done = 0;
  while (done < echo.length && process_echo(tty, echo[done]!, out, room)) done++;
  echo.splice(0, done);
  if (out.length > 0) tty.ops.write(tty, Uint8Array.from(out));
}

function process_echo(tty: Tty, op: number, out: number[], room: number): boolean {
  const data = tty.disc_data;
  const arg = op & 0xff;
  switch (op & ECHO_OP_MASK) {
    case ECHO_OP_SET_CANON_COL:
      data.canon_column = data.column;
      return true;
    case ECHO_OP_MOVE_BACK_COL:
      if (data.column > 0) data.column--;
      return true;
    case ECHO_OP_ERASE_TAB:
      return erase_tab(tty, arg, out, room);
    case ECHO_OP_CONTROL:
      if (out.length + 2 > room) return false;
      out.push(CARET, arg ^ 0x40);
      data.column += 2;
      return true;
    default:
      return echo_plain(tty, arg, out, room);
  }
}

/* 0xff is upstream's escape for operations, and escaped it goes past output processing: so it does here. */
function echo_plain(tty: Tty, c: number, out: number[], room: number): boolean {
  if (O(tty, OPOST) && c !== 0xff) return do_output_char(tty, c, out, room);
  if (out.length >= room) return false;
  if (c === 0xff) tty.disc_data.column++;
  out.push(c);
  return true;
}

/* Back over as many columns as the tab had brought the cursor forward. */
function erase_tab(tty: Tty, arg: number, out: number[], room: number): boolean {
  const data = tty.disc_data;
  const from = (arg & 7) + (arg & TAB_AFTER_TAB ? 0 : data.canon_column);
  const back = 8 - (from & 7);
  if (out.length + back > room) return false;
  for (let n = 0; n < back; n++) out.push(BS);
  data.column = Math.max(0, data.column - back);
  return true;
}
