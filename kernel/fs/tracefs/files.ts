/*
 * kernel/fs/tracefs/files.ts - what can be read and written in /sys/kernel/tracing
 *
 * Linux:   kernel/trace/trace.c, kernel/trace/trace_events.c, kernel/trace/pid_list.c (v6.12)
 * Manual:  Documentation/trace/ftrace.rst, Documentation/trace/events.rst
 */

import type { File, FileOperations, Inode, Kiocb, PollTable } from '../../include/linux/fs.ts';
import { FMODE_WRITE } from '../../include/linux/fs_modes.ts';
import type { Task } from '../../include/linux/sched.ts';
import { PAGE_SIZE } from '../../include/linux/types.ts';
import { EAGAIN, EFAULT, EINVAL } from '../../include/uapi/errno.ts';
import { EPOLLIN, EPOLLRDNORM } from '../../include/uapi/eventpoll.ts';
import { O_NONBLOCK, O_TRUNC } from '../../include/uapi/fcntl.ts';
import { string_to_bytes } from '../../lib/bytes.ts';
import type { IovIter } from '../../lib/iov_iter.ts';
import { type Sleeps, wait_event_interruptible } from '../../sched/wait.ts';
import type { TraceArray } from '../../trace/trace.ts';
import { enabled_state, set_event, trace_event_enable, type TraceEvent } from '../../trace/trace_events.ts';
import { kstrtoint, type Show, single_fops, type Store } from '../proc/generic.ts';

export const text_file = (show: Show, store: Store | null = null): FileOperations => single_fops(show, store);

/** A file that takes one number; `set` says 0 or -errno. */
function number_file(show: () => string, set: (value: number) => number): FileOperations {
  return text_file(show, (_inode, _task, text) => {
    const value = kstrtoint(text);
    if (value === null || value < 0) return -EINVAL;
    return set(value) || text.length;
  });
}

/** Some events, all at once. "0*" or "1*" where a single one waits for its trigger upstream: there are no triggers. */
export function event_enable(tr: TraceArray, events: readonly TraceEvent[]): FileOperations {
  return number_file(
    () => `${enabled_state(events)}\n`,
    (value) => {
      if (value > 1) return -EINVAL;
      for (const event of events) trace_event_enable(tr, event, value === 1);
      return 0;
    },
  );
}

export const tracing_on = (tr: TraceArray): FileOperations =>
  number_file(
    () => `${tr.tracing_on ? 1 : 0}\n`,
    (value) => {
      tr.tracing_on = value !== 0;
      return 0;
    },
  );

export const current_tracer = (): FileOperations =>
  text_file(
    () => 'nop\n',
    (_inode, _task, text) => (text.trim() === 'nop' ? text.length : -EINVAL),
  );

export const buffer_size_kb = (tr: TraceArray): FileOperations =>
  number_file(
    () => `${show_buffer_size(tr)}\n`,
    (value) => {
      if (value === 0) return -EINVAL;
      tr.expanded = true;
      tr.buffer.resize(value * 1024);
      return 0;
    },
  );

/** "7 (expanded: 1408)" until something was traced. */
function show_buffer_size({ buffer, expanded }: TraceArray): string {
  const kb = Math.floor(buffer.size / 1024);
  return expanded ? String(kb) : `${kb} (expanded: ${TRACE_BUF_KB})`;
}

const TRACE_BUF_KB = 1408;

/** Opened for writing with O_TRUNC: what there was goes. */
const on_truncate = (clear: () => void) => (_inode: Inode, file: File) => {
  if (file.f_mode & FMODE_WRITE && file.f_flags & O_TRUNC) clear();
  return 0;
};

/** The buffer as text; writing to it does nothing, but opening it for that with O_TRUNC clears it. */
export const trace_fops = (tr: TraceArray): FileOperations => ({
  ...text_file(
    () => tr.show(),
    (_inode, _task, text) => text.length,
  ),
  open: on_truncate(() => tr.buffer.reset()),
});

/** A line for each event that is on; each word written switches some on or off, one word a write(). */
export const set_event_fops = (tr: TraceArray): FileOperations => ({
  ...text_file(
    () =>
      tr.events
        .filter((event) => event.enabled)
        .map((event) => `${event.system}:${event.name}\n`)
        .join(''),
    (_inode, _task, text) => {
      const [taken, word] = /^\s*(\S*)\s?/.exec(text)!;
      return (word && set_event(tr, word)) || taken.length;
    },
  ),
  open: on_truncate(() => {
    for (const event of tr.events) trace_event_enable(tr, event, false);
  }),
});

/** The tasks to trace, by number; none: all of them. */
export const set_event_pid_fops = (tr: TraceArray): FileOperations => ({
  ...text_file(
    () =>
      [...(tr.filtered_pids ?? [])]
        .sort((a, b) => a - b)
        .map((pid) => `${pid}\n`)
        .join(''),
    (_inode, _task, text) => add_pids(tr, text) || text.length,
  ),
  open: on_truncate(() => {
    tr.filtered_pids = null;
  }),
});

/** All of them or none. */
function add_pids(tr: TraceArray, text: string): number {
  const pids = text.split(/[\s\0]+/).filter((word) => word !== '');
  const numbers = pids.map(kstrtoint);
  if (numbers.some((pid) => pid === null || pid < 0)) return -EINVAL;
  if (numbers.length > 0) tr.filtered_pids = new Set([...(tr.filtered_pids ?? []), ...(numbers as number[])]);
  return 0;
}

/*
 * trace_pipe: what is read is gone, and who finds nothing waits
 */

export const trace_pipe_fops = (tr: TraceArray): FileOperations => ({
  open: (_inode, file) => {
    file.private_data = { rest: new Uint8Array(0), read: false } satisfies PipeReader;
    return 0;
  },
  read_iter: (task, iocb, to) => tracing_read_pipe(tr, task, iocb, to),
  poll: (file, table) => tracing_poll_pipe(tr, file, table),
});

interface PipeReader {
  /** Of lines taken out of the buffer: what the last read() had no room for. */
  rest: Uint8Array;
  /** It has had something: then the end of tracing is the end of the file. */
  read: boolean;
}

function* tracing_read_pipe(tr: TraceArray, task: Task, iocb: Kiocb, to: IovIter): Sleeps<number> {
  const reader = iocb.file.private_data as PipeReader;
  if (reader.rest.length === 0) {
    const err = yield* tracing_wait_pipe(tr, task, iocb.file, reader);
    if (err <= 0) return err;
    reader.rest = take_lines(tr, Math.min(to.count, PAGE_SIZE));
    reader.read = true;
  }
  const copied = to.copy_to_iter(reader.rest.subarray(0, to.count));
  reader.rest = reader.rest.slice(copied);
  return copied === 0 ? -EFAULT : copied;
}

/** 1: there is something. 0: nothing, and nothing more will come. */
function* tracing_wait_pipe(
  tr: TraceArray,
  task: Task,
  { f_flags }: File,
  reader: PipeReader,
): Sleeps<number> {
  while (tr.buffer.entries === 0) {
    if (f_flags & O_NONBLOCK) return -EAGAIN;
    if (!tr.tracing_on && reader.read) return 0;
    const err = yield* wait_event_interruptible(task, tr.wait, () => tr.buffer.entries > 0);
    if (err < 0) return err;
  }
  return 1;
}

/** Whole lines, as many as fit; the first one whatever its length. */
function take_lines(tr: TraceArray, room: number): Uint8Array {
  const lost = tr.buffer.take_lost();
  let text = lost > 0 ? `CPU:0 [LOST ${lost} EVENTS]\n` : '';
  for (let next = tr.buffer.peek(); next; next = tr.buffer.peek()) {
    const line = tr.print_trace_line(next);
    if (text !== '' && text.length + line.length > room) break;
    text += line;
    tr.buffer.consume();
  }
  return string_to_bytes(text);
}

function tracing_poll_pipe(tr: TraceArray, file: File, table: PollTable): number {
  table?.(tr.wait);
  const { rest } = file.private_data as PipeReader;
  return tr.buffer.entries > 0 || rest.length > 0 ? EPOLLIN | EPOLLRDNORM : 0;
}
