/*
 * tests/unit/kernel/trace/trace.test.ts - events, the buffer they are kept in, and how they are printed
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SYSCALL_WORK_SYSCALL_TRACEPOINT } from '../../../../kernel/include/linux/sched.ts';
import { EINVAL } from '../../../../kernel/include/uapi/errno.ts';
import { index_syscalls } from '../../../../kernel/syscalls/table.ts';
import { RingBuffer, type TraceData } from '../../../../kernel/trace/ring_buffer.ts';
import {
  type TraceEvent,
  enabled_state,
  set_event,
  show_format,
  trace_event_enable,
} from '../../../../kernel/trace/trace_events.ts';
import { SyscallTrace } from '../../../../kernel/trace/trace_syscalls.ts';
import { testKernel, testTask } from '../../../lib/kernel.ts';

const machine = () => {
  const kernel = testKernel();
  const { tr } = new SyscallTrace(kernel, index_syscalls());
  const event = (name: string) => tr.events.find((each) => each.name === name)!;
  return { kernel, tr, event };
};

/** Values of 64 bits as a record has them. */
const words = (...values: number[]): TraceData =>
  Uint32Array.from(values.flatMap((value) => [value, Math.floor(value / 2 ** 32)]));

test('the first event that is switched on marks every thread, the last one that goes off takes that back', () => {
  const { kernel, tr, event } = machine();
  const task = testTask(kernel);
  const marked = (): boolean => (task.thread_info.syscall_work & SYSCALL_WORK_SYSCALL_TRACEPOINT) !== 0;
  trace_event_enable(tr, event('sys_enter'), true);
  trace_event_enable(tr, event('sys_exit_read'), true);
  assert.ok(marked());
  assert.ok(testTask(kernel, task).thread_info.syscall_work & SYSCALL_WORK_SYSCALL_TRACEPOINT);
  trace_event_enable(tr, event('sys_enter'), false);
  assert.ok(marked());
  trace_event_enable(tr, event('sys_exit_read'), false);
  assert.not.ok(marked());
});

test('set_event takes systems, events, both, and patterns', () => {
  const { tr, event } = machine();
  assert.is(set_event(tr, 'raw_syscalls:'), 0);
  assert.ok(event('sys_enter').enabled && event('sys_exit').enabled);
  assert.is(set_event(tr, '!sys_exit'), 0);
  assert.not.ok(event('sys_exit').enabled);
  assert.is(set_event(tr, 'syscalls:*_read'), 0);
  assert.ok(event('sys_enter_read').enabled && !event('sys_enter_readv').enabled);
  assert.is(set_event(tr, 'syscalls:sys_enter'), -EINVAL);
  assert.is(enabled_state(tr.events), 'X');
});

test('a record is printed as Linux prints it', () => {
  const { kernel, tr, event } = machine();
  const task = testTask(kernel);
  task.comm = 'cat';
  const record = (name: string, ...values: number[]): void =>
    tr.record(task, event(name), words(...values), values.length);
  record('sys_enter', 56, -100, 0x45_9598, 1, 0, 6, 0);
  record('sys_exit', -1, -38);
  record('sys_enter_close', 3);
  record('sys_exit_close', -9);
  const head = `             cat-${String(task.pid).padEnd(7)} [000] .....     0.000000: `;
  assert.equal(tr.show().split('\n').slice(-5, -1), [
    `${head}sys_enter: NR 56 (ffffffffffffff9c, 459598, 1, 0, 6, 0)`,
    `${head}sys_exit: NR -1 = -38`,
    `${head}sys_close(fd: 3)`,
    `${head}sys_close -> 0xfffffffffffffff7`,
  ]);
});

test('nothing is recorded of tasks that are not asked for, or while tracing is off', () => {
  const { kernel, tr, event } = machine();
  const task = testTask(kernel);
  tr.filtered_pids = new Set([task.pid + 1]);
  tr.record(task, event('sys_exit'), words(1, 0), 2);
  tr.filtered_pids = null;
  tr.tracing_on = false;
  tr.record(task, event('sys_exit'), words(1, 0), 2);
  assert.is(tr.buffer.written, 0);
});

test("a call's name is that of its function, where strace has another", () => {
  const { tr } = machine();
  const names = tr.events.map((each) => each.name);
  for (const name of ['newfstat', 'newuname', 'sendfile64', 'umount'])
    assert.ok(names.includes(`sys_enter_${name}`));
  assert.is(new Set(tr.events.map((each) => each.id)).size, tr.events.length);
});

test('a format file describes the record', () => {
  const { event } = machine();
  const lines = show_format(event('sys_exit_close')).split('\n');
  assert.ok(lines.includes('\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;'));
  assert.ok(lines.includes('\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;'));
  assert.is(lines.at(-2), 'print fmt: "0x%lx", REC->ret');
});

/** Two values: 28 bytes. */
const fill = (buffer: RingBuffer, ts: number): void =>
  buffer.write(ts, 1, null as unknown as TraceEvent, words(ts, 2), 2);

test('a full buffer loses its oldest records, and says how many once', () => {
  const buffer = new RingBuffer();
  const most = Math.floor(buffer.size / 28);
  for (let i = 0; i < most + 3; i++) fill(buffer, i);
  assert.is(buffer.entries, most);
  assert.is(buffer.written, most + 3);
  assert.is(buffer.take_lost(), 3);
  assert.is(buffer.take_lost(), 0);
  assert.is(buffer.consume()?.ts, 3);
});

test('a buffer that is written to for long and read from time to time keeps them in order', () => {
  const buffer = new RingBuffer();
  const most = Math.floor(buffer.size / 28);
  for (let i = 0; i < 5 * most; i++) {
    fill(buffer, i);
    if (i % most === 7) assert.is(buffer.consume()?.ts, Math.max(0, i + 1 - most));
  }
  const times = buffer.all().map(({ ts }) => ts);
  assert.is(times.length, buffer.entries);
  assert.is(times.at(-1), 5 * most - 1);
  assert.ok(times.every((ts, i) => i === 0 || ts === times[i - 1]! + 1));
});

test('records that say nothing fill the buffer too', () => {
  const buffer = new RingBuffer();
  const most = Math.floor(buffer.size / 12);
  for (let i = 0; i < most + 1; i++) buffer.write(i, 1, null as unknown as TraceEvent, words(), 0);
  assert.is(buffer.entries, most);
  assert.is(buffer.peek()?.ts, 1);
});

test('a buffer of another size keeps the newest that fit', () => {
  const buffer = new RingBuffer();
  const small = buffer.size;
  buffer.resize(4 * small);
  for (let i = 0; i < 1000; i++) fill(buffer, i);
  buffer.resize(small);
  const most = Math.floor(small / 28);
  assert.is(buffer.entries, most);
  assert.equal(buffer.peek(), { ts: 1000 - most, pid: 1, event: null, data: words(1000 - most, 2) });
  fill(buffer, 1000);
  assert.is(buffer.all().at(-1)?.ts, 1000);
  assert.is(buffer.entries, most);
});

test.run();
