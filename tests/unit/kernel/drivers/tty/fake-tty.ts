/*
 * tests/unit/kernel/drivers/tty/fake-tty.ts - a terminal without a machine: a driver that collects, a task that only asks
 */
import type { File } from '../../../../../kernel/include/linux/fs.ts';
import type { Task } from '../../../../../kernel/include/linux/sched.ts';
import type { Kernel } from '../../../../../kernel/kernel.ts';
import { IovIter } from '../../../../../kernel/lib/iov_iter.ts';
import {
  n_tty_receive_buf,
  n_tty_read,
  n_tty_set_termios,
  n_tty_write,
} from '../../../../../kernel/drivers/tty/n_tty.ts';
import { TtyBuffer } from '../../../../../kernel/drivers/tty/tty_buffer.ts';
import { Tty } from '../../../../../kernel/drivers/tty/tty.ts';
import type { TtyDriver, TtyOperations } from '../../../../../kernel/drivers/tty/tty.ts';
import { tty_set_termios } from '../../../../../kernel/drivers/tty/termios.ts';
import { O_NONBLOCK, O_RDWR } from '../../../../../kernel/include/uapi/fcntl.ts';
import type { Termios } from '../../../../../kernel/include/uapi/termbits.ts';

export const O_NONBLOCK_RDWR = O_RDWR | O_NONBLOCK;

/** Behaves as a pty's slave side does: nothing goes out while output is stopped. */
export class FakeTerminal {
  readonly tty: Tty;
  readonly kernel: Kernel;
  readonly task: Task;
  readonly file: File;
  readonly log: string[] = [];
  room = 65536;
  private out: number[] = [];
  private readonly buffer = new TtyBuffer();

  constructor(flags = O_NONBLOCK_RDWR) {
    this.kernel = {
      events: null,
      printk: { warn: () => {} },
      time: { monotonicNs: () => 0 },
    } as unknown as Kernel;
    const driver: TtyDriver = {
      name: 'fake',
      driver_name: 'fake',
      type: 'serial',
      major: 204,
      minor_start: 64,
      num: 1,
      ops: this.operations(),
      ttys: [],
    };
    this.tty = new Tty(this.kernel, driver, 0);
    this.task = {
      kernel: this.kernel,
      thread_info: { flags: 0 },
      signal: { tty: null, pgrp: null },
    } as unknown as Task;
    this.file = { f_flags: flags, f_mode: 3, private_data: this.tty } as unknown as File;
    n_tty_set_termios(this.tty, null);
  }

  private operations(): TtyOperations {
    const note = (what: string) => () => void this.log.push(what);
    return {
      open: () => 0,
      close: note('close'),
      hangup: note('hangup'),
      write: (tty, bytes) => {
        const count = Math.min(bytes.length, this.operations_room(tty));
        for (const byte of bytes.subarray(0, count)) this.out.push(byte);
        return count;
      },
      write_room: (tty) => this.operations_room(tty),
      chars_in_buffer: () => 0,
      flush_buffer: () => {}, // as recorded: what was written has already reached the master's side
      send_xchar: (_tty, ch) => void this.log.push(`xchar ${ch}`),
      set_termios: () => {},
      throttle: note('throttle'),
      unthrottle: note('unthrottle'),
      stop: () => {},
      start: () => {},
      break_ctl: (_tty, on) => void this.log.push(`break ${on}`),
      tiocmget: () => 0,
      tiocmset: () => 0,
    };
  }

  private operations_room(tty: Tty): number {
    return tty.stopped ? 0 : Math.max(0, this.room - this.out.length);
  }

  set(change: Partial<Termios>): void {
    tty_set_termios(this.tty, { ...this.tty.termios, ...change });
  }

  /** Somebody types. */
  type(bytes: Uint8Array | string): void {
    const typed = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    for (const byte of typed) this.buffer.tty_insert_flip_char(byte, 0);
    this.buffer.tty_flip_buffer_push(this.tty);
  }

  /** As the interrupt would: with flags. */
  receive(entries: readonly number[]): number {
    return n_tty_receive_buf(this.tty, entries);
  }

  /** What came out since the last time. */
  output(): string {
    const text = Buffer.from(this.out).toString('latin1');
    this.out = [];
    return text;
  }

  /** A read that must not sleep: text, or -errno. */
  read(size: number): string | number {
    const into = new Uint8Array(size);
    const ret = finished(n_tty_read(this.task, this.tty, this.file, IovIter.kernel(into)));
    return ret < 0 ? ret : Buffer.from(into.subarray(0, ret)).toString('latin1');
  }

  write(bytes: Uint8Array | string): number {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    return finished(n_tty_write(this.task, this.tty, this.file, data));
  }
}

function finished<T>(gen: Generator<unknown, T, void>): T {
  const step = gen.next();
  if (!step.done) throw new Error('it sleeps');
  return step.value;
}
