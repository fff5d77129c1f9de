/*
 * kernel/drivers/tty/n_tty_data.ts - what the line discipline remembers of a terminal
 *
 * Linux:   drivers/tty/n_tty.c (struct n_tty_data) (v6.12)
 *
 *            read_tail        canon_head       read_head
 *               v                  v               v
 *     ----------[ lines that can be read | line being typed ]-----------  a ring of 4096 bytes; the three only ever grow
 */

export const N_TTY_BUF_SIZE = 4096;
const MASK = N_TTY_BUF_SIZE - 1;

export class NTtyData {
  private readonly buf = new Uint8Array(N_TTY_BUF_SIZE);
  /** One where a character ends a line (canonical mode only). */
  private readonly eol = new Uint8Array(N_TTY_BUF_SIZE);
  read_head = 0;
  canon_head = 0;
  read_tail = 0;
  /** Canonical mode was switched on over unread input: its end is an end of line once. */
  push = false;
  /** As at the last set_termios(). */
  icanon = true;
  /** The next character has no special meaning (^V). */
  lnext = false;
  /** Between ECHOPRT's backslash and slash. */
  erasing = false;
  /** Characters that need more than being stored; empty in raw mode. */
  readonly char_map = new Uint8Array(256);
  /** Where the cursor is, and where it was when the line being typed began. */
  column = 0;
  canon_column = 0;
  /** Echoes that wait for room in the driver: see n_tty_echo.ts. */
  echo: number[] = [];

  get read_cnt(): number {
    return this.read_head - this.read_tail;
  }

  read_buf(at: number): number {
    return this.buf[at & MASK]!;
  }

  put(c: number): void {
    this.buf[this.read_head & MASK] = c;
    this.eol[this.read_head & MASK] = 0;
    this.read_head++;
  }

  /** The next character to be put, or the one at `at`, ends a line. */
  mark_eol(at: number): void {
    this.eol[at & MASK] = 1;
  }

  is_eol(at: number): boolean {
    return this.eol[at & MASK] === 1;
  }

  clear_eols(): void {
    this.eol.fill(0);
  }

  /** Bytes from read_tail on, as one array. */
  peek(length: number): Uint8Array {
    const out = new Uint8Array(length);
    const first = Math.min(length, N_TTY_BUF_SIZE - (this.read_tail & MASK));
    out.set(this.buf.subarray(this.read_tail & MASK, (this.read_tail & MASK) + first));
    out.set(this.buf.subarray(0, length - first), first);
    return out;
  }

  /** Linux: reset_buffer_flags(): input is forgotten. */
  reset(): void {
    this.read_head = 0;
    this.canon_head = 0;
    this.read_tail = 0;
    this.push = false;
    this.lnext = false;
    this.erasing = false;
    this.eol.fill(0);
  }
}
