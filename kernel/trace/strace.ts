/*
 * kernel/trace/strace.ts - the event stream as strace prints it
 *
 * Manual:  strace(1), -f: "[pid N]" in front, "<unfinished ...>" where another task's line comes between
 * Differs: nothing is traced, so nothing is slowed or changed by being looked at
 */

import * as errno from '../include/uapi/errno.ts';
import { signal_name } from '../include/uapi/signal.ts';
import type { StampedEvent } from './events.ts';

interface Open {
  readonly pid: number;
  readonly name: string;
  readonly text: string;
}

/** Feed it every event; it writes whole lines. */
export class Strace {
  private readonly write: (line: string) => void;
  /** Calls that have begun, by pid, and the one whose line is still unwritten. */
  private readonly open = new Map<number, Open>();
  private pending: Open | null = null;
  private readonly seen = new Set<number>();

  constructor(write: (line: string) => void) {
    this.write = write;
  }

  feed(event: StampedEvent): void {
    switch (event.type) {
      case 'sys_enter':
        return this.enter(event.pid, event.name, event.args);
      case 'sys_exit':
        return this.exit(event.pid, event.name, event.outs, event.ret);
      case 'signal_deliver':
        return this.note(event.pid, `--- ${signal_name(event.sig)} {${event.handler}} ---`);
      case 'exit':
        return this.gone(event.pid, event.code);
    }
  }

  private enter(pid: number, name: string, args: readonly string[]): void {
    this.interrupt();
    const call = { pid, name, text: `${name}(${args.join(', ')}` };
    this.open.set(pid, call);
    this.pending = call;
  }

  private exit(pid: number, name: string, outs: readonly string[], ret: number): void {
    const call = this.open.get(pid);
    this.open.delete(pid);
    if (this.pending === call && call) {
      this.pending = null;
      this.line(pid, `${join_args(call.text, outs)}) = ${format_ret(ret)}`);
    } else {
      this.interrupt();
      this.line(
        pid,
        `<... ${name} resumed>${outs.length ? ` ${outs.join(', ')}` : ''}) = ${format_ret(ret)}`,
      );
    }
  }

  private gone(pid: number, code: number): void {
    const call = this.open.get(pid);
    if (call && this.pending === call) {
      this.pending = null;
      this.line(pid, `${call.text}) = ?`);
    }
    this.open.delete(pid);
    const signal = code & 0x7f;
    this.note(
      pid,
      signal
        ? `+++ killed by ${signal_name(signal)}${code & 0x80 ? ' (core dumped)' : ''} +++`
        : `+++ exited with ${(code >> 8) & 0xff} +++`,
    );
  }

  private note(pid: number, text: string): void {
    this.interrupt();
    this.line(pid, text);
  }

  /** Somebody else has something to say: the unfinished line goes out as it is. */
  private interrupt(): void {
    if (!this.pending) return;
    this.line(this.pending.pid, `${this.pending.text} <unfinished ...>`);
    this.pending = null;
  }

  private line(pid: number, text: string): void {
    this.seen.add(pid);
    this.write(this.seen.size > 1 ? `[pid ${String(pid).padStart(5)}] ${text}\n` : `${text}\n`);
  }
}

const join_args = (text: string, outs: readonly string[]): string =>
  outs.length === 0 ? text : text.endsWith('(') ? text + outs.join(', ') : `${text}, ${outs.join(', ')}`;

/** What the kernel uses between its own layers has a name too, as in strace's "? ERESTARTSYS". */
const RESTARTS: Readonly<Record<number, string>> = {
  [errno.ERESTARTSYS]: '? ERESTARTSYS (To be restarted if SA_RESTART is set)',
  [errno.ERESTARTNOINTR]: '? ERESTARTNOINTR (To be restarted)',
  [errno.ERESTARTNOHAND]: '? ERESTARTNOHAND (To be restarted if no handler)',
  [errno.ERESTART_RESTARTBLOCK]: '? ERESTART_RESTARTBLOCK (Interrupted by signal)',
};

function format_ret(ret: number): string {
  if (!errno.is_error(ret)) return Math.abs(ret) >= 0x1_0000 ? `0x${ret.toString(16)}` : String(ret);
  return RESTARTS[-ret] ?? `-1 ${errno_name(-ret)}`;
}

export const errno_name = (value: number): string =>
  Object.entries(errno).find(([name, number]) => number === value && name.startsWith('E'))?.[0] ??
  `errno ${value}`;
