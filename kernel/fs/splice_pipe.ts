/*
 * kernel/fs/splice_pipe.ts - slots of pipes, filled and emptied without going through user space
 *
 * Linux:   fs/splice.c (wait_for_space(), splice_from_pipe_next(), splice_pipe_to_pipe(), link_pipe()) (v6.12)
 * Manual:  splice(2), tee(2)
 * Differs: pages are copied, not shared: who changes what was given to vmsplice(2) changes nothing, and it fills slots
 *          however it lay in memory
 */

import type { File } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { EAGAIN, EPIPE } from '../include/uapi/errno.ts';
import { SIGPIPE } from '../include/uapi/signal.ts';
import { type Sleeps, wait_event_interruptible, wake_up_interruptible_all } from '../sched/wait.ts';
import { send_sig } from '../signal.ts';
import { pipe_empty, pipe_full, pipe_of } from './pipe.ts';

/** Linux: wait_for_space(). 0 when a slot is free, or -errno; -EPIPE and the signal without readers. */
export function* pipe_wait_for_space(task: Task, file: File, nonblock: boolean): Sleeps<number> {
  const pipe = pipe_of(file);
  for (;;) {
    if (pipe.readers === 0) {
      send_sig(SIGPIPE, task, false);
      return -EPIPE;
    }
    if (!pipe_full(pipe)) return 0;
    if (nonblock) return -EAGAIN;
    const writable = () => !pipe_full(pipe) || pipe.readers === 0;
    const err = yield* wait_event_interruptible(task, pipe.wr_wait, writable);
    if (err < 0) return err;
  }
}

/** Linux: splice_from_pipe_next(). 1 when there is something in it, 0 when nothing will come, or -errno. */
export function* pipe_wait_for_data(task: Task, file: File, nonblock: boolean): Sleeps<number> {
  const pipe = pipe_of(file);
  for (;;) {
    if (!pipe_empty(pipe)) return 1;
    if (pipe.writers === 0) return 0;
    if (nonblock) return -EAGAIN;
    const readable = () => !pipe_empty(pipe) || pipe.writers === 0;
    const err = yield* wait_event_interruptible(task, pipe.rd_wait, readable);
    if (err < 0) return err;
  }
}

/** Bytes that fit into the free slots. */
export function pipe_space(file: File): number {
  const pipe = pipe_of(file);
  return Math.max(0, pipe.max_usage - pipe.bufs.length) * PAGE_SIZE;
}

/** Puts bytes into slots of their own, a page each; they fit (pipe_space()). */
export function pipe_add(file: File, bytes: Uint8Array): void {
  const pipe = pipe_of(file);
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    const page = bytes.slice(at, at + PAGE_SIZE);
    pipe.bufs.push({ page, offset: 0, len: page.length, packet: false });
  }
  wake_up_interruptible_all(pipe.rd_wait);
}

/** What the first slot holds, `max` bytes of it at most. */
export function pipe_peek(file: File, max: number): Uint8Array {
  const { page, offset, len } = pipe_of(file).bufs[0]!;
  return page.subarray(offset, offset + Math.min(len, max));
}

/** They have been passed on. */
export function pipe_consume(file: File, bytes: number): void {
  const pipe = pipe_of(file);
  const buf = pipe.bufs[0]!;
  buf.offset += bytes;
  buf.len -= bytes;
  if (buf.len > 0) return;
  pipe.bufs.shift();
  wake_up_interruptible_all(pipe.wr_wait);
}

/** Takes up to `max` bytes of the first slot out, so that nobody else gets them while they are being passed on. */
export function pipe_take(file: File, max: number): Uint8Array {
  const bytes = pipe_peek(file, max);
  pipe_consume(file, bytes.length);
  return bytes;
}

/** They could not be passed on: they are the first again. */
export function pipe_put_back(file: File, page: Uint8Array): void {
  if (page.length === 0) return;
  pipe_of(file).bufs.unshift({ page, offset: 0, len: page.length, packet: false });
  wake_up_interruptible_all(pipe_of(file).rd_wait);
}

/**
 * From one pipe to another, as far as there is something here and room there; tee(2) leaves it here (`keep`). Slots are
 * moved or shared whole: what is written later joins neither, because the pages are copies of their own.
 */
export function pipe_to_pipe(from: File, to: File, max: number, keep: boolean): number {
  const source = pipe_of(from);
  let done = 0;
  for (let at = 0; done < max && at < source.bufs.length && pipe_space(to) > 0; at += keep ? 1 : 0) {
    const { page, offset, len, packet } = source.bufs[at]!;
    const bytes = Math.min(len, max - done);
    pipe_of(to).bufs.push({ page: page.slice(offset, offset + bytes), offset: 0, len: bytes, packet });
    if (!keep) pipe_consume(from, bytes);
    done += bytes;
  }
  if (done > 0) wake_up_interruptible_all(pipe_of(to).rd_wait);
  return done;
}

/** Do two open ends belong to one pipe? */
export const same_pipe = (a: File, b: File): boolean => pipe_of(a) === pipe_of(b);
