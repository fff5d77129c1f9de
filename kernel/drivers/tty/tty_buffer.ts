/*
 * kernel/drivers/tty/tty_buffer.ts - between the interrupt that received a byte and the line discipline that wants it
 *
 * Linux:   drivers/tty/tty_buffer.c, drivers/tty/tty_port.c (v6.12)
 * Differs: the line discipline is called at once, in the interrupt, instead of from a work queue
 */

import { n_tty_receive_buf } from './n_tty.ts';
import type { Tty } from './tty.ts';

/** What has been received and not yet been taken: bytes, with TTY_BREAK and its like in the bits above. */
export class TtyBuffer {
  private entries: number[] = [];

  get length(): number {
    return this.entries.length;
  }

  tty_insert_flip_char(byte: number, flag: number): void {
    this.entries.push(byte | (flag << 8));
  }

  /** Linux: tty_flip_buffer_push(), flush_to_ldisc(). What does not fit stays. */
  tty_flip_buffer_push(tty: Tty): void {
    if (this.entries.length === 0) return;
    const { events } = tty.kernel;
    const taken = n_tty_receive_buf(tty, this.entries);
    if (events && taken > 0) events.emit({ type: 'tty', name: tty.name, bytes: taken, direction: 'in' });
    this.entries = this.entries.slice(taken);
  }

  clear(): void {
    this.entries = [];
  }
}
