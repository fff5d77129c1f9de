/*
 * kernel/drivers/tty/termios.ts - the settings, in the three shapes that programs know
 *
 * Linux:   drivers/tty/tty_ioctl.c (set_termios, tty_set_termios), drivers/tty/tty_baudrate.c (v6.12)
 * Manual:  termios(3), TCSETS(2const)
 */

import { capable } from '../../cred.ts';
import type { Task } from '../../include/linux/sched.ts';
import type { UserPtr } from '../../include/linux/types.ts';
import { CAP_SYS_ADMIN } from '../../include/uapi/capability.ts';
import { EFAULT, EPERM } from '../../include/uapi/errno.ts';
import type { Termios } from '../../include/uapi/termbits.ts';
import {
  BAUD_TABLE,
  BOTHER,
  CBAUD,
  IBSHIFT,
  KERNEL_TERMIOS2_SIZE,
  KERNEL_TERMIOS_SIZE,
  NCC,
  NCCS,
  TERMIO_SIZE,
} from '../../include/uapi/termbits.ts';
import {
  get_unaligned_le16,
  get_unaligned_le32,
  put_unaligned_le16,
  put_unaligned_le32,
} from '../../lib/bytes.ts';
import { copy_to_user, memdup_user } from '../../lib/usercopy.ts';
import type { Sleeps } from '../../sched/wait.ts';
import { n_tty_flush_buffer, n_tty_set_termios } from './n_tty.ts';
import { tty_wait_until_sent } from './tty_ioctl.ts';
import { tty_check_change } from './tty_jobctrl.ts';
import type { Tty } from './tty.ts';

/** A structure of user space: its size, and the way there and back. */
export interface Shape {
  readonly size: number;
  pack(termios: Termios): Uint8Array;
  /** `old`: what the structure does not have stays as it is. */
  unpack(bytes: Uint8Array, old: Termios): Termios;
}

/** struct termios2: with the speeds as numbers. */
export const TERMIOS2: Shape = { size: KERNEL_TERMIOS2_SIZE, pack: pack_termios2, unpack: unpack_termios2 };
/** struct termios: the speeds are bits of c_cflag. */
export const TERMIOS_1: Shape = { size: KERNEL_TERMIOS_SIZE, pack: pack_termios, unpack: unpack_termios };
/** struct termio, System V's: 16-bit flags. */
export const TERMIOS_TERMIO: Shape = { size: TERMIO_SIZE, pack: pack_termio, unpack: unpack_termio };

export function get_termios(task: Task, tty: Tty, arg: UserPtr, shape: Shape): number {
  return copy_to_user(task, arg, shape.pack(tty.termios)) ? -EFAULT : 0;
}

/** `wait` for output to be sent, and `flush` input that was not read, before the change. */
export function* set_termios(
  task: Task,
  tty: Tty,
  arg: UserPtr,
  shape: Shape,
  wait: boolean,
  flush: boolean,
): Sleeps<number> {
  let err = tty_check_change(task, tty);
  if (err < 0) return err;
  const bytes = memdup_user(task, arg, shape.size);
  if (typeof bytes === 'number') return bytes;

  if (flush) n_tty_flush_buffer(tty);
  if (wait) err = yield* tty_wait_until_sent(task, tty);
  if (err < 0) return err;
  const termios = shape.unpack(bytes, tty.termios);
  const c_ospeed = tty_termios_baud_rate(termios);
  tty_set_termios(tty, { ...termios, c_ospeed, c_ispeed: tty_termios_input_baud_rate(termios, c_ospeed) });
  return 0;
}

/** The driver may correct what it cannot do; the line discipline sees what came of it. */
export function tty_set_termios(tty: Tty, termios: Termios): void {
  const old = tty.termios;
  tty.termios = tty.termios_locked ? unset_locked_termios(termios, old, tty.termios_locked) : termios;
  tty.ops.set_termios(tty, old);
  n_tty_set_termios(tty, old);
}

/** What is locked stays as it was. */
function unset_locked_termios(termios: Termios, old: Termios, locked: Termios): Termios {
  const keep = (next: number, before: number, mask: number): number =>
    ((next & ~mask) | (before & mask)) >>> 0;
  return {
    ...termios,
    c_iflag: keep(termios.c_iflag, old.c_iflag, locked.c_iflag),
    c_oflag: keep(termios.c_oflag, old.c_oflag, locked.c_oflag),
    c_cflag: keep(termios.c_cflag, old.c_cflag, locked.c_cflag),
    c_lflag: keep(termios.c_lflag, old.c_lflag, locked.c_lflag),
    c_line: locked.c_line ? old.c_line : termios.c_line,
    c_cc: termios.c_cc.map((c, place) => (locked.c_cc[place] ? old.c_cc[place]! : c)),
  };
}

/** TIOCGLCKTRMIOS: "[...] non-zero values indicate a locked value" - TIOCGLCKTRMIOS(2const). */
export function get_locked_termios(task: Task, tty: Tty, arg: UserPtr): number {
  const { termios_locked } = tty;
  const bytes = termios_locked ? pack_termios(termios_locked) : new Uint8Array(KERNEL_TERMIOS_SIZE);
  return copy_to_user(task, arg, bytes) ? -EFAULT : 0;
}

export function set_locked_termios(task: Task, tty: Tty, arg: UserPtr): number {
  if (!capable(task, CAP_SYS_ADMIN)) return -EPERM;
  const bytes = memdup_user(task, arg, KERNEL_TERMIOS_SIZE);
  if (typeof bytes === 'number') return bytes;
  tty.termios_locked = unpack_termios(bytes, tty.termios);
  return 0;
}

/** Bits per second to send with: from the table, or c_ospeed itself where the bits say BOTHER. */
export function tty_termios_baud_rate({ c_cflag, c_ospeed }: Termios): number {
  return rate(c_cflag & CBAUD, c_ospeed);
}

/* The input speed has bits of its own; 0 there means "as the output". */
function tty_termios_input_baud_rate({ c_cflag, c_ispeed }: Termios, output: number): number {
  const bits = (c_cflag >>> IBSHIFT) & CBAUD;
  return bits === 0 ? output : rate(bits, c_ispeed);
}

function rate(bits: number, other: number): number {
  if (bits === BOTHER) return other;
  const index = bits & BOTHER ? (bits & 15) + 15 : bits;
  return BAUD_TABLE[index] ?? 0;
}

function pack_termios2(t: Termios): Uint8Array {
  const bytes = new Uint8Array(KERNEL_TERMIOS2_SIZE);
  const words = [t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag];
  for (const [n, word] of words.entries()) put_unaligned_le32(word, bytes, 4 * n);
  bytes[16] = t.c_line;
  bytes.set(t.c_cc, 17);
  put_unaligned_le32(t.c_ispeed, bytes, 36);
  put_unaligned_le32(t.c_ospeed, bytes, 40);
  return bytes;
}

function pack_termios(t: Termios): Uint8Array {
  return pack_termios2(t).subarray(0, KERNEL_TERMIOS_SIZE);
}

function unpack_termios(bytes: Uint8Array, old: Termios): Termios {
  return {
    c_iflag: get_unaligned_le32(bytes, 0),
    c_oflag: get_unaligned_le32(bytes, 4),
    c_cflag: get_unaligned_le32(bytes, 8),
    c_lflag: get_unaligned_le32(bytes, 12),
    c_line: bytes[16]!,
    c_cc: bytes.slice(17, 17 + NCCS),
    c_ispeed: old.c_ispeed,
    c_ospeed: old.c_ospeed,
  };
}

function unpack_termios2(bytes: Uint8Array, old: Termios): Termios {
  return {
    ...unpack_termios(bytes, old),
    c_ispeed: get_unaligned_le32(bytes, 36),
    c_ospeed: get_unaligned_le32(bytes, 40),
  };
}

function pack_termio(t: Termios): Uint8Array {
  const bytes = new Uint8Array(TERMIO_SIZE);
  for (const [n, word] of [t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag].entries())
    put_unaligned_le16(word, bytes, 2 * n);
  bytes[8] = t.c_line;
  bytes.set(t.c_cc.subarray(0, NCC), 9);
  return bytes;
}

function unpack_termio(bytes: Uint8Array, old: Termios): Termios {
  const low = (at: number, word: number) => ((word & ~0xffff) | get_unaligned_le16(bytes, at)) >>> 0;
  const c_cc = old.c_cc.slice();
  c_cc.set(bytes.subarray(9, 9 + NCC));
  return {
    ...old,
    c_iflag: low(0, old.c_iflag),
    c_oflag: low(2, old.c_oflag),
    c_cflag: low(4, old.c_cflag),
    c_lflag: low(6, old.c_lflag),
    c_line: bytes[8]!,
    c_cc,
  };
}
