/*
 * kernel/printk.ts - the kernel's log
 *
 * Linux:   kernel/printk/printk.c, include/linux/printk.h, include/linux/kern_levels.h
 * Differs: a record is a string; nothing is ever printed from a context that could not print it, so there is no deferral
 */

import { EFAULT, EINVAL, EPERM } from './include/uapi/errno.ts';
import type { Task } from './include/linux/sched.ts';
import type { UserPtr } from './include/linux/types.ts';
import { CAP_SYSLOG, capable } from './cred.ts';
import type { Kernel } from './kernel.ts';
import { copy_to_user } from './lib/usercopy.ts';
import { WaitQueueHead, wait_event_interruptible, wake_up_all } from './sched/wait.ts';
import type { Sleeps } from './sched/wait.ts';
import { SYSCALL_DEFINE, int, ptr } from './syscalls/define.ts';

export const LOGLEVEL_EMERG = 0;
export const LOGLEVEL_ALERT = 1;
export const LOGLEVEL_CRIT = 2;
export const LOGLEVEL_ERR = 3;
export const LOGLEVEL_WARNING = 4;
export const LOGLEVEL_NOTICE = 5;
export const LOGLEVEL_INFO = 6;
export const LOGLEVEL_DEBUG = 7;

/** Messages below this level reach the console: the default, and what "quiet" makes of it. */
const CONSOLE_LOGLEVEL_DEFAULT = 7;
const CONSOLE_LOGLEVEL_QUIET = 4;
const MINIMUM_CONSOLE_LOGLEVEL = 1;
/** Linux: LOG_BUF_SHIFT 17. */
const LOG_BUF_LEN = 1 << 17;

export interface LogRecord {
  readonly seq: number;
  readonly level: number;
  /** syslog facility: 0 is the kernel, 1 what user space wrote to /dev/kmsg. */
  readonly facility: number;
  /** Monotonic ns. */
  readonly time: number;
  readonly text: string;
}

/** Linux: struct console. Bytes go out at once. */
export interface Console {
  readonly name: string;
  write(text: string): void;
}

/** `[    0.000000] `: seconds of virtual time. */
export function print_time(ns: number): string {
  const us = Math.floor(ns / 1000);
  const seconds = String(Math.floor(us / 1_000_000)).padStart(5);
  return `[${seconds}.${String(us % 1_000_000).padStart(6, '0')}] `;
}

export class Printk {
  private readonly kernel: Kernel;
  private readonly consoles: Console[] = [];
  readonly records: LogRecord[] = [];
  /** Woken when there is more to read. */
  readonly log_wait = new WaitQueueHead();
  private bytes = 0;
  private next_seq = 0;
  console_loglevel = CONSOLE_LOGLEVEL_DEFAULT;
  private saved_console_loglevel = -1;
  /** Where SYSLOG_ACTION_READ and _CLEAR are. */
  syslog_seq = 0;
  clear_seq = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  emerg = (text: string): void => this.emit(LOGLEVEL_EMERG, text);
  err = (text: string): void => this.emit(LOGLEVEL_ERR, text);
  warn = (text: string): void => this.emit(LOGLEVEL_WARNING, text);
  notice = (text: string): void => this.emit(LOGLEVEL_NOTICE, text);
  info = (text: string): void => this.emit(LOGLEVEL_INFO, text);
  debug = (text: string): void => this.emit(LOGLEVEL_DEBUG, text);

  /** One record a line; each gets the stamp of now. */
  emit(level: number, text: string, facility = 0): void {
    for (const line of text.split('\n')) this.store(level, line, facility);
    wake_up_all(this.log_wait);
  }

  /** Linux: setup of "quiet", "debug", "loglevel=N", "ignore_loglevel" on the command line. */
  console_setup(params: ReadonlyMap<string, string>): void {
    if (params.has('quiet')) this.console_loglevel = CONSOLE_LOGLEVEL_QUIET;
    if (params.has('debug')) this.console_loglevel = LOGLEVEL_DEBUG + 1;
    const level = Number.parseInt(params.get('loglevel') ?? '', 10);
    if (level >= 0) this.console_loglevel = level;
    if (params.has('ignore_loglevel')) this.console_loglevel = LOGLEVEL_DEBUG + 1;
  }

  /** A new console first prints what was said before it came (CON_PRINTBUFFER). */
  register_console(console: Console): void {
    this.consoles.push(console);
    for (const record of this.records) this.print(console, record);
    this.info(`printk: console [${console.name}] enabled`);
  }

  get console_names(): string[] {
    return this.consoles.map((console) => console.name);
  }

  /** The panic report goes out whatever the level says. */
  console_verbose(): void {
    this.console_loglevel = LOGLEVEL_DEBUG + 1;
  }

  console_off(): void {
    if (this.saved_console_loglevel < 0) this.saved_console_loglevel = this.console_loglevel;
    this.console_loglevel = MINIMUM_CONSOLE_LOGLEVEL;
  }

  console_on(): void {
    if (this.saved_console_loglevel >= 0) this.console_loglevel = this.saved_console_loglevel;
    this.saved_console_loglevel = -1;
  }

  /** Records from `seq` on that are still there. */
  since(seq: number): LogRecord[] {
    return this.records.filter((record) => record.seq >= seq);
  }

  get end_seq(): number {
    return this.next_seq;
  }

  static readonly size = LOG_BUF_LEN;

  private store(level: number, text: string, facility: number): void {
    const time = this.kernel.time ? this.kernel.time.monotonicNs() : 0;
    const record = { seq: this.next_seq++, level, facility, time, text };
    this.records.push(record);
    this.bytes += text.length;
    while (this.bytes > LOG_BUF_LEN) this.bytes -= this.records.shift()!.text.length;
    this.kernel.events?.emit({ type: 'printk', level, text });
    for (const console of this.consoles) this.print(console, record);
  }

  private print(console: Console, record: LogRecord): void {
    if (record.level < this.console_loglevel) console.write(`${print_time(record.time)}${record.text}\n`);
  }
}

/* SYSLOG_ACTION_*: include/linux/syslog.h */
const READ = 2;
const READ_ALL = 3;
const READ_CLEAR = 4;
const CLEAR = 5;
const CONSOLE_OFF = 6;
const CONSOLE_ON = 7;
const CONSOLE_LEVEL = 8;
const SIZE_UNREAD = 9;
const SIZE_BUFFER = 10;

export const sys_syslog = SYSCALL_DEFINE(
  'syslog',
  { type: int, buf: ptr, len: int },
  function* (task, { type, buf, len }) {
    const log = task.kernel.printk;
    if (type < 0 || type > SIZE_BUFFER) return -EINVAL;
    // dmesg may read and ask for sizes without privilege, everything else changes what others see.
    if (type !== READ_ALL && type !== SIZE_BUFFER && !capable(task, CAP_SYSLOG)) return -EPERM;

    switch (type) {
      case READ:
        return yield* syslog_read(task, log, buf, len);
      case READ_ALL:
      case READ_CLEAR: {
        const ret = syslog_print_all(task, log, buf, len);
        if (type === READ_CLEAR && ret >= 0) log.clear_seq = log.end_seq;
        return ret;
      }
      case CLEAR:
        log.clear_seq = log.end_seq;
        return 0;
      case CONSOLE_OFF:
        log.console_off();
        return 0;
      case CONSOLE_ON:
        log.console_on();
        return 0;
      case CONSOLE_LEVEL:
        if (len < 1 || len > 8) return -EINVAL;
        log.console_loglevel = Math.max(len, MINIMUM_CONSOLE_LOGLEVEL);
        return 0;
      case SIZE_UNREAD:
        return syslog_text(log.since(log.syslog_seq)).length;
      case SIZE_BUFFER:
        return Printk.size;
      default:
        return 0; // open and close have nothing to do
    }
  },
);

const syslog_line = (r: LogRecord): string => `<${r.facility * 8 + r.level}>${print_time(r.time)}${r.text}\n`;
const syslog_text = (records: readonly LogRecord[]): string => records.map(syslog_line).join('');

function* syslog_read(task: Task, log: Printk, buf: UserPtr, len: number): Sleeps<number> {
  if (!buf || len < 0) return -EINVAL;
  if (len === 0) return 0;
  const err = yield* wait_event_interruptible(task, log.log_wait, () => log.syslog_seq < log.end_seq);
  if (err < 0) return err;

  let text = '';
  for (const record of log.since(log.syslog_seq)) {
    const line = syslog_line(record);
    if (text.length + line.length > len) break;
    text += line;
    log.syslog_seq = record.seq + 1;
  }
  return copy_to_user(task, buf, Buffer.from(text, 'latin1')) ? -EFAULT : text.length;
}

/** The newest whole lines that fit. */
function syslog_print_all(task: Task, log: Printk, buf: UserPtr, len: number): number {
  if (!buf || len < 0) return -EINVAL;
  const lines = log.since(log.clear_seq).map(syslog_line);
  let total = lines.reduce((sum, line) => sum + line.length, 0);
  let first = 0;
  while (total > len) total -= lines[first++]!.length;
  return copy_to_user(task, buf, Buffer.from(lines.slice(first).join(''), 'latin1')) ? -EFAULT : total;
}
