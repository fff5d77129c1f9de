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

/** Produced and published alike. */
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
  | { readonly type: 'fault'; readonly address: string; readonly esr: number; readonly result: string }
  | { readonly type: 'irq'; readonly irq: number; readonly name: string }
  | { readonly type: 'tty'; readonly name: string; readonly bytes: number; readonly direction: 'in' | 'out' }
  | { readonly type: 'printk'; readonly level: number; readonly text: string };

/** As produced, all but system calls. */
export type Event =
  | Plain
  | { readonly type: 'signal_deliver'; readonly sig: number; readonly handler: number };

/** As published. System calls: `args` and `outs` are what strace prints before and after the call happens. */
export type PublicEvent =
  | Plain
  | { readonly type: 'signal_deliver'; readonly sig: number; readonly handler: string }
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

/** System calls have a way of their own: they are the most, and an object for each would cost more than many of them. */
export interface EventSink {
  emit(event: Event): void;
  /** `args` is the live view of the argument registers: whoever wants them reads them at once. */
  sys_enter(task: Task, nr: number, args: Uint32Array): void;
  sys_exit(task: Task, nr: number, ret: number): void;
}

type Listener = (event: StampedEvent) => void;
type EventType = PublicEvent['type'];

/* What the panic report shows: the last events, a row each. A power of two. */
const RING_SIZE = 32;
const ROW = { PID: 0, KIND: 1, NR: 2, SIZE: 4 };
const KIND = { NOTHING: 0, SYS_ENTER: 1, SYS_EXIT: 2, OTHER: 3 };

/** Fans the stream out to listeners, and remembers the last few for a panic report. */
export class EventLog implements EventSink {
  private readonly kernel: Kernel;
  private readonly syscall: (nr: number) => Syscall | undefined;
  private readonly listeners: { readonly only: ReadonlySet<EventType> | null; readonly call: Listener }[] =
    [];
  /** Integers only, as two rows are written for each system call; what else belongs to a row stands in the next two. */
  private readonly rows = new Int32Array(ROW.SIZE * RING_SIZE);
  private readonly results = new Float64Array(RING_SIZE);
  private readonly others: (Event | null)[] = Array.from({ length: RING_SIZE }, () => null);
  private next = 0;
  /** What somebody listens to; system calls once more, for they are the most. */
  private hears_all = false;
  private readonly heard = new Set<EventType>();
  private hears_enter = false;
  private hears_exit = false;
  /** Arguments as they were at entry, by pid: x0 holds the result when the out-arguments are printed. */
  private readonly entered = new Map<number, Uint32Array>();

  constructor(kernel: Kernel, syscall: (nr: number) => Syscall | undefined) {
    this.kernel = kernel;
    this.syscall = syscall;
  }

  /** `only`: the kinds wanted; without it everything. Texts are made only for kinds that somebody wants. */
  listen(call: Listener, only?: readonly EventType[]): void {
    this.listeners.push({ only: only ? new Set(only) : null, call });
    if (!only) this.hears_all = true;
    for (const type of only ?? []) this.heard.add(type);
    this.hears_enter = this.hears('sys_enter');
    this.hears_exit = this.hears('sys_exit');
  }

  emit(event: Event): void {
    this.others[this.next] = event;
    this.remember(this.kernel.sched?.current.pid ?? 0, KIND.OTHER, 0);
    if (this.hears(event.type)) this.publish(describe(event));
  }

  sys_enter(task: Task, nr: number, args: Uint32Array): void {
    this.remember(task.pid, KIND.SYS_ENTER, nr);
    if (this.hears_enter) this.publish(this.describeEnter(task, nr, args));
  }

  sys_exit(task: Task, nr: number, ret: number): void {
    this.results[this.next] = ret;
    this.remember(task.pid, KIND.SYS_EXIT, nr);
    if (this.hears_exit) this.publish(this.describeExit(task, nr, ret));
  }

  /** One line each, oldest first. */
  last(): string[] {
    const lines: string[] = [];
    for (let n = 0; n < RING_SIZE; n++) {
      const line = this.summary((this.next + n) % RING_SIZE);
      if (line !== null) lines.push(line);
    }
    return lines;
  }

  private hears(type: EventType): boolean {
    return this.hears_all || this.heard.has(type);
  }

  private remember(pid: number, kind: number, nr: number): void {
    const { rows } = this;
    const row = ROW.SIZE * this.next;
    rows[row + ROW.PID] = pid;
    rows[row + ROW.KIND] = kind;
    rows[row + ROW.NR] = nr;
    this.next = (this.next + 1) & (RING_SIZE - 1);
  }

  private summary(index: number): string | null {
    const [pid, kind, nr] = this.rows.subarray(ROW.SIZE * index, ROW.SIZE * (index + 1));
    if (kind === KIND.NOTHING) return null;
    if (kind === KIND.SYS_ENTER) return `pid ${pid} sys_enter ${this.name(nr!)}`;
    if (kind === KIND.SYS_EXIT) return `pid ${pid} sys_exit ${this.name(nr!)} = ${this.results[index]}`;
    return `pid ${pid} ${JSON.stringify(describe(this.others[index]!))}`;
  }

  private name(nr: number): string {
    return this.syscall(nr)?.name ?? `syscall_${nr}`;
  }

  private publish(event: PublicEvent): void {
    const task = this.kernel.sched?.current;
    const stamped = {
      t: this.kernel.arch.instructions(),
      pid: task?.pid ?? 0,
      comm: task?.comm ?? 'swapper',
      ...event,
    };
    for (const { only, call } of this.listeners) if (!only || only.has(event.type)) call(stamped);
  }

  private describeEnter(task: Task, nr: number, args: Uint32Array): PublicEvent {
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

  private describeExit(task: Task, nr: number, ret: number): PublicEvent {
    const words = this.entered.get(task.pid);
    this.entered.delete(task.pid);
    const call = this.syscall(nr);
    const outs =
      call && words ? format_args(call, task, words, first_out(call), call.argTypes.length, ret) : [];
    return { type: 'sys_exit', nr, name: this.name(nr), outs, ret };
  }
}

const describe = (event: Event): PublicEvent =>
  event.type === 'signal_deliver' ? { ...event, handler: `0x${event.handler.toString(16)}` } : event;

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
