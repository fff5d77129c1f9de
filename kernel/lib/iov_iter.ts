/*
 * kernel/lib/iov_iter.ts - a transfer's other end: scattered user memory, or a buffer of the kernel's
 *
 * Linux:   lib/iov_iter.c, include/linux/uio.h
 * Differs: one class for both kinds; reverting is exact because segments are kept
 */

import type { Task } from '../include/linux/sched.ts';
import { NOT_USER, TASK_SIZE, type UserPtr } from '../include/linux/types.ts';
import { MAX_RW_COUNT } from '../include/linux/fs_modes.ts';
import { EFAULT, EINVAL } from '../include/uapi/errno.ts';
import { pointer_in } from '../syscalls/define.ts';
import { get_unaligned_sle64 } from './bytes.ts';
import { clear_user, copy_from_user, copy_to_user, memdup_user } from './usercopy.ts';

export const UIO_MAXIOV = 1024;
const IOVEC_SIZE = 16;

interface Segment {
  readonly base: number;
  readonly length: number;
}

export class IovIter {
  /** Bytes left. */
  count = 0;
  /** Whose memory; null: `buffer` is meant. */
  private readonly task: Task | null;
  private readonly buffer: Uint8Array | null;
  private readonly segments: readonly Segment[];
  private index = 0;
  private offset = 0;

  private constructor(task: Task | null, buffer: Uint8Array | null, segments: readonly Segment[]) {
    this.task = task;
    this.buffer = buffer;
    this.segments = segments;
    for (const segment of segments) this.count += segment.length;
  }

  /** Linux: iov_iter_ubuf(). `length` is cut to MAX_RW_COUNT. */
  static user(task: Task, base: UserPtr, length: number): IovIter {
    return new IovIter(task, null, [{ base, length: Math.min(length, MAX_RW_COUNT) }]);
  }

  /** Linux: iov_iter_kvec(). */
  static kernel(buffer: Uint8Array): IovIter {
    return new IovIter(null, buffer, [{ base: 0, length: buffer.length }]);
  }

  static scattered(task: Task, segments: readonly Segment[]): IovIter {
    return new IovIter(task, null, segments);
  }

  /** Copies to the far end (a read). Returns how many bytes went; fewer than offered = full, or the memory is bad. */
  copy_to_iter(from: Uint8Array): number {
    let done = 0;
    while (done < from.length && this.count > 0) {
      const n = Math.min(from.length - done, this.here());
      const missing = this.store(from.subarray(done, done + n));
      this.advance(n - missing);
      done += n - missing;
      if (missing > 0) break;
    }
    return done;
  }

  /** Copies from the far end (a write). Returns how many bytes came; fewer than `into` holds = empty, or bad memory. */
  copy_from_iter(into: Uint8Array): number {
    let done = 0;
    while (done < into.length && this.count > 0) {
      const n = Math.min(into.length - done, this.here());
      const missing = this.load(into.subarray(done, done + n));
      this.advance(n - missing);
      done += n - missing;
      if (missing > 0) break;
    }
    return done;
  }

  /** Linux: iov_iter_zero(). Like copy_to_iter() with `size` zero bytes. */
  zero(size: number): number {
    let done = 0;
    while (done < size && this.count > 0) {
      const n = Math.min(size - done, this.here());
      const missing = this.clear(n);
      this.advance(n - missing);
      done += n - missing;
      if (missing > 0) break;
    }
    return done;
  }

  /** Skips bytes; at most `count`. */
  advance(bytes: number): void {
    let left = Math.min(bytes, this.count);
    this.count -= left;
    this.offset += left;
    for (;;) {
      left = this.segments[this.index]?.length ?? Infinity;
      if (this.offset < left) return;
      this.offset -= left;
      this.index++;
    }
  }

  /** Undoes the last `bytes` of advance. */
  revert(bytes: number): void {
    this.count += bytes;
    this.offset -= bytes;
    while (this.offset < 0) this.offset += this.segments[--this.index]!.length;
  }

  /** Linux: iov_iter_truncate(). No more than this will be moved. */
  truncate(count: number): void {
    this.count = Math.min(this.count, count);
  }

  /** Bytes left in the current segment, and not more than `count`. */
  private here(): number {
    return Math.min(this.segments[this.index]!.length - this.offset, this.count);
  }

  private store(from: Uint8Array): number {
    const at = this.segments[this.index]!.base + this.offset;
    if (this.task) return copy_to_user(this.task, at as UserPtr, from);
    this.buffer!.set(from, at);
    return 0;
  }

  private load(into: Uint8Array): number {
    const at = this.segments[this.index]!.base + this.offset;
    if (this.task) return copy_from_user(this.task, into, at as UserPtr);
    into.set(this.buffer!.subarray(at, at + into.length));
    return 0;
  }

  private clear(size: number): number {
    const at = this.segments[this.index]!.base + this.offset;
    if (this.task) return clear_user(this.task, at as UserPtr, size);
    this.buffer!.fill(0, at, at + size);
    return 0;
  }
}

/** Linux: import_iovec(). The array of struct iovec at `uvector`; EINVAL for lengths that are negative or too many. */
export function import_iovec(task: Task, uvector: UserPtr, count: number): IovIter | number {
  if (count < 0 || count > UIO_MAXIOV) return -EINVAL;
  const bytes = memdup_user(task, uvector, count * IOVEC_SIZE);
  if (typeof bytes === 'number') return bytes;

  const segments: Segment[] = [];
  let left = MAX_RW_COUNT;
  for (let at = 0; at < bytes.length; at += IOVEC_SIZE) {
    const base = pointer_in(task, bytes, at);
    const length = get_unaligned_sle64(bytes, at + 8);
    if (length < 0) return -EINVAL;
    if (base >= NOT_USER || base + length > TASK_SIZE) return -EFAULT;

    // "The sum of the lengths": what does not fit is cut silently, as for one long buffer.
    const taken = Math.min(length, left);
    left -= taken;
    if (taken > 0) segments.push({ base, length: taken });
  }
  return IovIter.scattered(task, segments);
}
