/*
 * kernel/trace/ring_buffer.ts - the last so many bytes of what was traced
 *
 * Linux:   kernel/trace/ring_buffer.c (v6.12)
 * Differs: records lie in slots of one size; their own sizes are reckoned as upstream lays them out, so the buffer holds
 *          about as many. It gives way a record at a time, upstream a page at a time
 *
 * No object is made for a record before somebody reads it: some fifty thousand that live for a while are what a garbage
 * collector is worst at.
 */

import { PAGE_SIZE } from '../include/linux/types.ts';
import type { TraceEvent } from './trace_events.ts';

/** What one event has to say: values of 64 bits, each two words, low half first. */
export type TraceData = Uint32Array;
/** A number and six arguments. */
export const MAX_TRACE_VALUES = 7;

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
const SLOT_WORDS = 2 * MAX_TRACE_VALUES;

/** Room for as many records as fit if they say nothing. */
class Slots {
  readonly count: number;
  readonly ts: Float64Array;
  readonly pid: Int32Array;
  readonly values: Uint8Array;
  readonly words: Uint32Array;
  readonly event: TraceEvent[] = [];

  constructor(bytes: number) {
    this.count = Math.floor(bytes / EVENT_HEADER);
    this.ts = new Float64Array(this.count);
    this.pid = new Int32Array(this.count);
    this.values = new Uint8Array(this.count);
    this.words = new Uint32Array(this.count * SLOT_WORDS);
  }

  record(slot: number): TraceRecord {
    const at = slot * SLOT_WORDS;
    return {
      ts: this.ts[slot]!,
      pid: this.pid[slot]!,
      event: this.event[slot]!,
      data: this.words.slice(at, at + 2 * this.values[slot]!),
    };
  }
}

export class RingBuffer {
  private capacity = MIN_PAGES * BUF_PAGE_SIZE;
  private slots = new Slots(this.capacity);
  private first = 0;
  /** Records that are there. */
  entries = 0;
  private bytes = 0;
  /** Records written since it was last cleared, read or not. */
  written = 0;
  /** Records that gave way unread since somebody last asked. */
  private lost = 0;

  get size(): number {
    return this.capacity;
  }

  /** Linux: ring_buffer_resize(). Whole pages, at least two. */
  resize(bytes: number): void {
    const pages = Math.max(MIN_PAGES, Math.ceil(bytes / BUF_PAGE_SIZE));
    this.capacity = pages * BUF_PAGE_SIZE;
    this.give_way(0);
    const kept = this.all();
    this.slots = new Slots(this.capacity);
    this.first = 0;
    this.entries = 0;
    this.bytes = 0;
    for (const { ts, pid, event, data } of kept) this.put(ts, pid, event, data, data.length / 2);
  }

  /** The first `values` of `data`: at most MAX_TRACE_VALUES. */
  write(ts: number, pid: number, event: TraceEvent, data: TraceData, values: number): void {
    this.written++;
    this.give_way(size_of(values));
    this.put(ts, pid, event, data, values);
  }

  all(): readonly TraceRecord[] {
    return Array.from({ length: this.entries }, (_, n) => this.slots.record(this.slot(n)));
  }

  /** The oldest, which stays. */
  peek(): TraceRecord | undefined {
    return this.entries === 0 ? undefined : this.slots.record(this.first);
  }

  /** Takes the oldest out. */
  consume(): TraceRecord | undefined {
    const record = this.peek();
    if (record) this.drop();
    return record;
  }

  /** How many were lost before the oldest one that is there. Asked once, told once. */
  take_lost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }

  reset(): void {
    this.entries = 0;
    this.bytes = 0;
    this.written = 0;
    this.lost = 0;
  }

  private put(ts: number, pid: number, event: TraceEvent, data: TraceData, values: number): void {
    const { slots } = this;
    const slot = this.slot(this.entries++);
    this.bytes += size_of(values);
    slots.ts[slot] = ts;
    slots.pid[slot] = pid;
    slots.event[slot] = event;
    slots.values[slot] = values;
    for (let i = 0; i < 2 * values; i++) slots.words[slot * SLOT_WORDS + i] = data[i]!;
  }

  /** Until there is room for `bytes` more. */
  private give_way(bytes: number): void {
    for (; this.bytes + bytes > this.capacity; this.lost++) this.drop();
  }

  private drop(): void {
    this.bytes -= size_of(this.slots.values[this.first]!);
    this.first = this.slot(1);
    this.entries--;
  }

  private slot(n: number): number {
    return (this.first + n) % this.slots.count;
  }
}

const size_of = (values: number): number => EVENT_HEADER + 8 * values;
