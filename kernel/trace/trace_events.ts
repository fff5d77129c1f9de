/*
 * kernel/trace/trace_events.ts - events by name, and switching them on and off
 *
 * Linux:   kernel/trace/trace_events.c (v6.12)
 * Manual:  Documentation/trace/events.rst
 */

import { EINVAL } from '../include/uapi/errno.ts';
import type { TraceData } from './ring_buffer.ts';
import type { TraceArray } from './trace.ts';

/** A field of a record as the file `format` describes it. */
export interface TraceField {
  /** With its name: "unsigned long args[6]". */
  readonly decl: string;
  readonly size: number;
  readonly signed: boolean;
  readonly offset?: number;
}

/** Linux: struct trace_event_call and its file. */
export interface TraceEvent {
  /** The folder: "raw_syscalls". */
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly TraceField[];
  /** The "print fmt:" line: for tools, not for us. */
  readonly print_fmt: string;
  enabled: boolean;
  /** The line behind the time. */
  print(data: TraceData): string;
  /** The first listener comes, the last one goes. */
  reg(): void;
  unreg(): void;
}

/** Linux: __ftrace_event_enable_disable(). */
export function trace_event_enable(tr: TraceArray, event: TraceEvent, on: boolean): void {
  if (event.enabled === on) return;
  if (on) tr.expand();
  event.enabled = on;
  if (on) event.reg();
  else event.unreg();
}

/** What a file `enable` says of the events below it: 0, 1, or X for some of each. */
export function enabled_state(events: readonly TraceEvent[]): '0' | '1' | 'X' {
  const on = events.filter((event) => event.enabled).length;
  return on === 0 ? '0' : on === events.length ? '1' : 'X';
}

/** One word of set_event: "system:event", "system:", "event" or "system", with * in it; ! in front switches off. */
export function set_event(tr: TraceArray, word: string): number {
  const on = !word.startsWith('!');
  const chosen = find_events(tr, on ? word : word.slice(1));
  for (const event of chosen) trace_event_enable(tr, event, on);
  return chosen.length > 0 ? 0 : -EINVAL;
}

/** Linux: __ftrace_set_clr_event(). A word without a colon may be a system or an event. */
function find_events({ events }: TraceArray, word: string): readonly TraceEvent[] {
  const [system = '', name] = word.split(':');
  if (name === undefined) return events.filter((event) => glob(word, event.system) || glob(word, event.name));
  return events.filter((event) => glob(system || '*', event.system) && glob(name || '*', event.name));
}

function glob(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}

/* What every record begins with. */
const COMMON: readonly TraceField[] = [
  { decl: 'unsigned short common_type', size: 2, signed: false },
  { decl: 'unsigned char common_flags', size: 1, signed: false },
  { decl: 'unsigned char common_preempt_count', size: 1, signed: false },
  { decl: 'int common_pid', size: 4, signed: true },
];

/** The file `format`. */
export function show_format({ name, id, fields, print_fmt }: TraceEvent): string {
  const common = layout(COMMON, 0);
  const own = layout(fields, 8);
  return `name: ${name}\nID: ${id}\nformat:\n${common}\n${own}\nprint fmt: ${print_fmt}\n`;
}

/** Fields follow each other where they do not say where they are. */
function layout(fields: readonly TraceField[], start: number): string {
  let text = '';
  let next = start;
  for (const { decl, size, signed, offset = next } of fields) {
    text += `\tfield:${decl};\toffset:${offset};\tsize:${size};\tsigned:${signed ? 1 : 0};\n`;
    next = offset + size;
  }
  return text;
}
