/*
 * kernel/trace/ring_buffer.ts - the last so many bytes of what was traced
 *
 * Linux:   kernel/trace/ring_buffer.c (v6.12)
 * Differs: records are objects; their sizes are reckoned as upstream lays them out, so the buffer holds about as many.
 *          It gives way a record at a time, upstream a page at a time
 */

import { PAGE_SIZE } from '../include/linux/types.ts';
import type { TraceEvent } from './trace_events.ts';

/** What one event has to say: numbers of 64 bits at most. */
export type TraceData = readonly (number | bigint)[];

export interface TraceRecord {
  /** Monotonic ns. */
  readonly ts: number;
  readonly pid: number;
  readonly event: TraceEvent;
  readonly data: TraceData;
}

/** A page of the buffer has a header of its own. */
const BUF_PAGE_SIZE = PAGE_SIZE - 16;
/** Time delta, length, and the fields common to all events. */
const EVENT_HEADER = 12;
/** Until something is traced for the first time there are two pages. */
const MIN_PAGES = 2;

export class RingBuffer {
  /** Those from `first` on are in the buffer; the others are gone, and dropped together when they are the most. */
  private records: TraceRecord[] = [];
  private first = 0;
  private bytes = 0;
  private capacity = MIN_PAGES * BUF_PAGE_SIZE;
  /** Records written since it was last cleared, read or not. */
  written = 0;
  /** Records that gave way unread since somebody last asked. */
  private lost = 0;

  get entries(): number {
    return this.records.length - this.first;
  }

  get size(): number {
    return this.capacity;
  }

  /** Linux: ring_buffer_resize(). Whole pages, at least two. */
  resize(bytes: number): void {
    const pages = Math.max(MIN_PAGES, Math.ceil(bytes / BUF_PAGE_SIZE));
    this.capacity = pages * BUF_PAGE_SIZE;
    this.give_way();
  }

  write(record: TraceRecord): void {
    this.records.push(record);
    this.written++;
    this.bytes += size_of(record);
    this.give_way();
  }

  all(): readonly TraceRecord[] {
    return this.records.slice(this.first);
  }

  /** Takes the oldest out. */
  consume(): TraceRecord | undefined {
    return this.entries === 0 ? undefined : this.shift();
  }

  /** How many were lost before the oldest one that is there. Asked once, told once. */
  take_lost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }

  reset(): void {
    this.records = [];
    this.first = 0;
    this.bytes = 0;
    this.written = 0;
    this.lost = 0;
  }

  private give_way(): void {
    for (; this.bytes > this.capacity; this.lost++) this.shift();
  }

  private shift(): TraceRecord {
    const record = this.records[this.first++]!;
    this.bytes -= size_of(record);
    if (2 * this.first > this.records.length) {
      this.records.splice(0, this.first);
      this.first = 0;
    }
    return record;
  }
}

const size_of = (record: TraceRecord): number => EVENT_HEADER + 8 * record.data.length;
