/*
 * tests/unit/kernel/trace/events.test.ts - the event stream: who hears what, and what a panic report shows of it
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { index_syscalls } from '../../../../kernel/syscalls/table.ts';
import { EventLog, type StampedEvent } from '../../../../kernel/trace/events.ts';
import { testKernel, testTask } from '../../../lib/kernel.ts';

const CLOSE = 57; // include/uapi/asm-generic/unistd.h

function setup() {
  const kernel = testKernel();
  const task = testTask(kernel);
  kernel.sched.current = task;
  const calls = index_syscalls();
  return { task, log: new EventLog(kernel, (nr) => calls[nr]) };
}

const arguments_of = (first: number): Uint32Array => Uint32Array.of(first, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

test('a listener hears the kinds that it asked for, in order', () => {
  const { task, log } = setup();
  const heard: StampedEvent[] = [];
  log.listen((event) => heard.push(event), ['sys_exit', 'signal_deliver']);
  log.sys_enter(task, CLOSE, arguments_of(3));
  log.emit({ type: 'exit', code: 0 });
  log.emit({ type: 'signal_deliver', sig: 10, handler: 0x40_1000 });
  log.sys_exit(task, CLOSE, -9);
  const stamp = { t: 0, pid: task.pid, comm: task.comm };
  assert.equal(heard, [
    { ...stamp, type: 'signal_deliver', sig: 10, handler: '0x401000' },
    { ...stamp, type: 'sys_exit', nr: CLOSE, name: 'close', outs: [], ret: -9 },
  ]);
});

test('who names no kinds hears all', () => {
  const { task, log } = setup();
  const heard: string[] = [];
  log.listen((event) => heard.push(event.type), ['exit']);
  log.listen((event) => heard.push(event.type));
  log.sys_enter(task, CLOSE, arguments_of(3));
  log.emit({ type: 'exit', code: 0 });
  assert.equal(heard, ['sys_enter', 'exit', 'exit']);
});

test('the last 32 events are remembered, whether anybody listens or not', () => {
  const { task, log } = setup();
  assert.equal(log.last(), []);
  for (let nr = 0; nr < 40; nr++) log.sys_enter(task, CLOSE, arguments_of(nr));
  log.sys_exit(task, CLOSE, 2 ** 40);
  log.emit({ type: 'exit', code: 256 });
  const last = log.last();
  assert.is(last.length, 32);
  assert.equal(last.slice(-3), [
    `pid ${task.pid} sys_enter close`,
    `pid ${task.pid} sys_exit close = 1099511627776`,
    `pid ${task.pid} {"type":"exit","code":256}`,
  ]);
});

test.run();
