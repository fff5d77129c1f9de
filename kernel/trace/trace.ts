/*
 * kernel/trace/trace.ts - one machine's tracing: what is switched on, the buffer, and how it is printed
 *
 * Linux:   kernel/trace/trace.c, kernel/trace/trace_output.c (v6.12)
 * Manual:  Documentation/trace/ftrace.rst
 * Differs: the columns of latency flags are dots: an event happens with interrupts on and preemption allowed
 * Absent:  tracers other than nop, instances, options, per-CPU files, triggers, filters, histograms
 */

import type { Task } from '../include/linux/sched.ts';
import type { Kernel } from '../kernel.ts';
import { WaitQueueHead, wake_up_all } from '../sched/wait.ts';
import { RingBuffer, type TraceData, type TraceRecord } from './ring_buffer.ts';
import type { TraceEvent } from './trace_events.ts';

/** Linux: TRACE_BUF_SIZE_DEFAULT. What the buffer grows to when something is switched on for the first time. */
export const TRACE_BUF_SIZE_DEFAULT = 1441792;

/** Linux: struct trace_array, of which there is one. */
export class TraceArray {
  readonly kernel: Kernel;
  readonly events: readonly TraceEvent[];
  readonly buffer = new RingBuffer();
  /** Readers of trace_pipe. */
  readonly wait = new WaitQueueHead();
  tracing_on = true;
  expanded = false;
  /** set_event_pid: only these tasks are traced; null: all. */
  filtered_pids: Set<number> | null = null;
  /** The name that each number had when it was last traced: saved_cmdlines. */
  private readonly comms = new Map<number, string>();

  constructor(kernel: Kernel, events: readonly TraceEvent[]) {
    this.kernel = kernel;
    this.events = events;
  }

  /** Linux: trace_event_buffer_commit(). The first `values` of `data` are copied. */
  record(task: Task, event: TraceEvent, data: TraceData, values: number): void {
    if (!this.tracing_on || (this.filtered_pids && !this.filtered_pids.has(task.pid))) return;
    this.comms.set(task.pid, task.comm);
    this.buffer.write(this.kernel.time.monotonicNs(), task.pid, event, data, values);
    wake_up_all(this.wait);
  }

  /** Linux: tracing_update_buffers(). */
  expand(): void {
    if (this.expanded) return;
    this.expanded = true;
    this.buffer.resize(TRACE_BUF_SIZE_DEFAULT);
  }

  /** The whole of the file `trace`. */
  show(): string {
    return (
      this.header() +
      this.buffer
        .all()
        .map((record) => this.print_trace_line(record))
        .join('')
    );
  }

  /** Linux: print_trace_fmt(). "             cat-143     [000] .....     2.548961: sys_exit: NR 56 = 3" */
  print_trace_line({ ts, pid, event, data }: TraceRecord): string {
    const comm = (this.comms.get(pid) ?? '<...>').padStart(16);
    const us = Math.round(ts / 1000);
    const seconds = String(Math.floor(us / 1_000_000)).padStart(5);
    const stamp = `${seconds}.${String(us % 1_000_000).padStart(6, '0')}`;
    return `${comm}-${String(pid).padEnd(7)} [000] ..... ${stamp}: ${event.print(data)}\n`;
  }

  private header(): string {
    const { entries, written } = this.buffer;
    return `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${entries}/${written}   #P:1\n${COLUMNS}`;
  }
}

/* Linux: print_func_help_header_irq(). */
const COLUMNS = `#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`;
