/*
 * kernel/trace/events.ts - the event stream: what happened, in order
 *
 * Linux:   the tracepoints of include/trace/events, in spirit
 * Differs: one typed stream instead of many; --strace, --events, timelines and test diffs are pure functions of it
 *
 * Off, a producer costs one test: `if (kernel.events) kernel.events.emit(...)`.
 */

/** Raised whenever a kind or a field changes its meaning. */
export const EVENTS_VERSION = 1;

/** A step of the way in or out; the order of these events is the order of DESIGN.md's entry path. */
export type EntryStep =
  | 'sud'
  | 'ptrace'
  | 'seccomp'
  | 'tracepoint'
  | 'audit'
  | 'invoke'
  | 'exit-work'
  | 'signal';

export type Event =
  | {
      readonly type: 'sys_enter';
      readonly nr: number;
      readonly args: readonly string[];
      readonly text?: string;
    }
  | { readonly type: 'sys_exit'; readonly nr: number; readonly ret: string; readonly text?: string }
  | { readonly type: 'entry'; readonly step: EntryStep; readonly detail?: string }
  | {
      readonly type: 'sched_switch';
      readonly prev: number;
      readonly next: number;
      readonly prev_state: string;
    }
  | { readonly type: 'sched_wakeup'; readonly pid: number }
  | { readonly type: 'fork'; readonly child: number; readonly flags: number }
  | { readonly type: 'exec'; readonly filename: string }
  | { readonly type: 'exit'; readonly code: number }
  | { readonly type: 'signal_generate'; readonly sig: number; readonly target: number; readonly code: number }
  | { readonly type: 'signal_deliver'; readonly sig: number; readonly handler: string }
  | { readonly type: 'fault'; readonly address: string; readonly esr: number; readonly result: string }
  | { readonly type: 'irq'; readonly irq: number; readonly name: string }
  | { readonly type: 'tty'; readonly name: string; readonly bytes: number; readonly direction: 'in' | 'out' }
  | { readonly type: 'printk'; readonly level: number; readonly text: string };

/** An event with its place: instruction count, and the task that was current. */
export type StampedEvent = Event & { readonly t: number; readonly pid: number; readonly comm: string };

export interface EventSink {
  emit(event: Event): void;
}
