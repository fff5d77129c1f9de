/*
 * kernel/trace/events.ts - the event stream: what happened, in order
 *
 * Linux:   the tracepoints of include/trace/events, in spirit
 * Differs: one typed stream instead of many; --strace, --events, timelines and test diffs are pure functions of it
 *
 * A producer costs one test when nobody listens: `if (kernel.events) kernel.events.emit({...})`. What it emits is small
 * and raw; texts are made for listeners only.
 */

import type { Task } from '../include/linux/sched.ts';
import type { Syscall } from '../syscalls/define.ts';
import type { Kernel } from '../kernel.ts';

/** Raised whenever a kind or a field changes its meaning. */
export const EVENTS_VERSION = 1;

/** A step of the way in or out; the order of these events is the order of kernel/entry/common.ts. */
export type EntryStep =
  | 'sud'
  | 'ptrace'
  | 'seccomp'
  | 'tracepoint'
  | 'audit'
  | 'invoke'
  | 'exit-work'
  | 'signal';

type Plain =
  | { readonly type: 'entry'; readonly step: EntryStep; readonly detail?: string }
  | {
      readonly type: 'sched_switch';
      readonly prev: number;
      readonly next: number;
      readonly prev_state: string;
    }
  | { readonly type: 'sched_wakeup'; readonly target: number }
  | { readonly type: 'fork'; readonly child: number; readonly flags: number }
  | { readonly type: 'exec'; readonly filename: string }
  | { readonly type: 'exit'; readonly code: number }
  | { readonly type: 'signal_generate'; readonly sig: number; readonly target: number; readonly code: number }
  | { readonly type: 'signal_deliver'; readonly sig: number; readonly handler: string }
  | { readonly type: 'fault'; readonly address: string; readonly esr: number; readonly result: string }
  | { readonly type: 'irq'; readonly irq: number; readonly name: string }
  | { readonly type: 'tty'; readonly name: string; readonly bytes: number; readonly direction: 'in' | 'out' }
  | { readonly type: 'printk'; readonly level: number; readonly text: string };

/** As produced. `args` is the live view of the argument registers: whoever wants them reads them at once. */
export type Event =
  | Plain
  | { readonly type: 'sys_enter'; readonly nr: number; readonly args: Uint32Array }
  | { readonly type: 'sys_exit'; readonly nr: number; readonly ret: number };

/** As published: `args` and `outs` are what strace prints before and after the call happens. */
export type PublicEvent =
  | Plain
  | {
      readonly type: 'sys_enter';
      readonly nr: number;
      readonly name: string;
      readonly args: readonly string[];
    }
  | {
      readonly type: 'sys_exit';
      readonly nr: number;
      readonly name: string;
      readonly outs: readonly string[];
      readonly ret: number;
    };

/** An event with its place: instruction count, and the task that was current. */
export type StampedEvent = PublicEvent & { readonly t: number; readonly pid: number; readonly comm: string };

export interface EventSink {
  emit(event: Event): void;
}

type Listener = (event: StampedEvent) => void;
type EventType = Event['type'];

/** What the panic report shows. */
const RING_SIZE = 32;

/** Fans the stream out to listeners, and remembers the last few for a panic report. */
export class EventLog implements EventSink {
  private readonly kernel: Kernel;
  private readonly syscall: (nr: number) => Syscall | undefined;
  private readonly listeners: { readonly only: ReadonlySet<EventType> | null; readonly call: Listener }[] =
    [];
  private readonly ring: { event: Event; pid: number }[] = [];
  private next = 0;
  /** Arguments as they were at entry, by pid: x0 holds the result when the out-arguments are printed. */
  private readonly entered = new Map<number, Uint32Array>();

  constructor(kernel: Kernel, syscall: (nr: number) => Syscall | undefined) {
    this.kernel = kernel;
    this.syscall = syscall;
  }

  /** `only`: the kinds wanted; without it everything. Texts are made only for kinds that somebody wants. */
  listen(call: Listener, only?: readonly EventType[]): void {
    this.listeners.push({ only: only ? new Set(only) : null, call });
  }

  emit(event: Event): void {
    const task = this.kernel.sched?.current;
    this.ring[this.next++ % RING_SIZE] = { event, pid: task?.pid ?? 0 };
    for (const { only } of this.listeners)
      if (!only || only.has(event.type)) return this.publish(event, task);
  }

  /** One line each, oldest first. */
  last(): string[] {
    const from = this.next % RING_SIZE;
    return [...this.ring.slice(from), ...this.ring.slice(0, from)].map(
      ({ event, pid }) => `pid ${pid} ${this.summary(event)}`,
    );
  }

  private summary(event: Event): string {
    if (event.type === 'sys_enter') return `sys_enter ${this.name(event.nr)}`;
    if (event.type === 'sys_exit') return `sys_exit ${this.name(event.nr)} = ${event.ret}`;
    return JSON.stringify(event);
  }

  private name(nr: number): string {
    return this.syscall(nr)?.name ?? `syscall_${nr}`;
  }

  private publish(event: Event, task: Task | undefined): void {
    const stamped = {
      t: this.kernel.arch.instructions(),
      pid: task?.pid ?? 0,
      comm: task?.comm ?? 'swapper',
      ...this.describe(event, task),
    };
    for (const { only, call } of this.listeners) if (!only || only.has(event.type)) call(stamped);
  }

  private describe(event: Event, task: Task | undefined): PublicEvent {
    if (event.type === 'sys_enter') return this.describeEnter(event.nr, event.args, task!);
    if (event.type === 'sys_exit') return this.describeExit(event.nr, event.ret, task!);
    return event;
  }

  private describeEnter(nr: number, args: Uint32Array, task: Task): PublicEvent {
    const words = args.slice(0, 12);
    this.entered.set(task.pid, words);
    const call = this.syscall(nr);
    return {
      type: 'sys_enter',
      nr,
      name: this.name(nr),
      args: call ? format_args(call, task, words, 0, first_out(call), 0) : raw_args(words),
    };
  }

  private describeExit(nr: number, ret: number, task: Task): PublicEvent {
    const words = this.entered.get(task.pid);
    this.entered.delete(task.pid);
    const call = this.syscall(nr);
    const outs =
      call && words ? format_args(call, task, words, first_out(call), call.argTypes.length, ret) : [];
    return { type: 'sys_exit', nr, name: this.name(nr), outs, ret };
  }
}

/** Arguments from the first one that the call fills in are printed after it. */
function first_out(call: Syscall): number {
  const index = call.argTypes.findIndex((type) => type.out);
  return index < 0 ? call.argTypes.length : index;
}

function format_args(
  call: Syscall,
  task: Task,
  words: Uint32Array,
  from: number,
  to: number,
  ret: number,
): string[] {
  return call.argTypes
    .slice(from, to)
    .map((type, i) => type.format(type.decode(words, from + i), task, words, from + i, ret));
}

const raw_args = (words: Uint32Array): string[] =>
  [0, 1, 2, 3, 4, 5].map((i) => `0x${(words[2 * i + 1]! * 2 ** 32 + words[2 * i]!).toString(16)}`);
