/*
 * kernel/trace/trace_syscalls.ts - system calls as events: raw ones for all, and two for each by name
 *
 * Linux:   kernel/trace/trace_syscalls.c, include/trace/events/syscalls.h (v6.12)
 * Differs: pointers to structures are "void *" in the format files; event numbers are ours
 */

import type { PtRegs } from '../arch.ts';
import type { Task } from '../include/linux/sched.ts';
import type { Kernel } from '../kernel.ts';
import type { Syscall } from '../syscalls/define.ts';
import { SyscallTracepoints } from '../tracepoint.ts';
import { MAX_TRACE_VALUES, type TraceData } from './ring_buffer.ts';
import { TraceArray } from './trace.ts';
import type { TraceEvent, TraceField } from './trace_events.ts';

/** Everything about one machine's system call events. */
export class SyscallTrace {
  readonly tr: TraceArray;
  private readonly raw_enter: TraceEvent;
  private readonly raw_exit: TraceEvent;
  /** By number; they share the registration of the raw ones, but are switched on one by one. */
  private readonly enter: readonly (TraceEvent | undefined)[];
  private readonly exit: readonly (TraceEvent | undefined)[];
  /** Where a record is put together; two views of it. */
  private readonly raw = new Uint32Array(2 * MAX_TRACE_VALUES);
  private readonly args = this.raw.subarray(2);

  constructor(kernel: Kernel, calls: readonly (Syscall | undefined)[]) {
    const listeners = new SyscallTracepoints(kernel);
    const register = {
      enabled: false,
      reg: () => listeners.syscall_regfunc(),
      unreg: () => listeners.syscall_unregfunc(),
    };
    this.raw_exit = { ...raw_exit_event, ...register };
    this.raw_enter = { ...raw_enter_event, ...register };
    this.enter = calls.map((call, nr) => call && { ...enter_event(call, nr), ...register });
    this.exit = calls.map((call, nr) => call && { ...exit_event(call, nr), ...register });
    this.tr = new TraceArray(kernel, [
      this.raw_exit,
      this.raw_enter,
      ...this.exit.flatMap((exit, nr) => (exit ? [exit, this.enter[nr]!] : [])),
    ]);
  }

  /** Linux: trace_sys_enter(). What will be called, with what; the first argument as it was at entry. */
  sys_enter(task: Task, regs: PtRegs): void {
    const { arch } = task.kernel;
    const nr = arch.syscall_get_nr(regs);
    const { raw, args } = this;
    put_nr(raw, nr);
    arch.syscall_get_argument_words(regs, raw, 2);
    if (this.raw_enter.enabled) this.tr.record(task, this.raw_enter, raw, 7);
    const named = this.enter[nr];
    if (named?.enabled) this.tr.record(task, named, args, 6);
  }

  /** Linux: trace_sys_exit(). The number may have been forgotten by now (sigreturn): then it is -1. */
  sys_exit(task: Task, regs: PtRegs): void {
    const { arch } = task.kernel;
    const nr = arch.syscall_get_nr(regs);
    const { raw } = this;
    put_nr(raw, nr);
    raw[2] = regs.args[0]!;
    raw[3] = regs.args[1]!;
    if (this.raw_exit.enabled) this.tr.record(task, this.raw_exit, raw, 2);
    const named = this.exit[nr];
    if (named?.enabled) this.tr.record(task, named, this.args, 1);
  }
}

type Description = Omit<TraceEvent, 'enabled' | 'reg' | 'unreg'>;

/** A C long. */
function put_nr(data: TraceData, nr: number): void {
  data[0] = nr;
  data[1] = nr >> 31;
}

function hex(data: TraceData, index: number): string {
  const low = data[2 * index]!.toString(16);
  const high = data[2 * index + 1]!;
  return high === 0 ? low : high.toString(16) + low.padStart(8, '0');
}

/** Rounded beyond 2^53, which no number and no result that is printed like one reaches. */
const signed = (data: TraceData, index: number): number =>
  (data[2 * index + 1]! | 0) * 2 ** 32 + data[2 * index]!;

const LONG_ID: TraceField = { decl: 'long id', size: 8, signed: true };

const raw_exit_event: Description = {
  system: 'raw_syscalls',
  name: 'sys_exit',
  id: 23,
  fields: [LONG_ID, { decl: 'long ret', size: 8, signed: true }],
  print_fmt: '"NR %ld = %ld", REC->id, REC->ret',
  print: (data: TraceData) => `sys_exit: NR ${signed(data, 0)} = ${signed(data, 1)}`,
};

const raw_enter_event: Description = {
  system: 'raw_syscalls',
  name: 'sys_enter',
  id: 24,
  fields: [LONG_ID, { decl: 'unsigned long args[6]', size: 48, signed: false }],
  print_fmt:
    '"NR %ld (%lx, %lx, %lx, %lx, %lx, %lx)", REC->id, ' +
    [0, 1, 2, 3, 4, 5].map((i) => `REC->args[${i}]`).join(', '),
  print: (data: TraceData) =>
    `sys_enter: NR ${signed(data, 0)} (${[1, 2, 3, 4, 5, 6].map((i) => hex(data, i)).join(', ')})`,
};

/* Where the declaration's name is strace's, and Linux's functions have another. */
const SYSCALL_METADATA_NAMES: Readonly<Record<string, string>> = {
  fadvise64: 'fadvise64_64',
  fstat: 'newfstat',
  personality: 'arm64_personality',
  sendfile: 'sendfile64',
  umount2: 'umount',
  uname: 'newuname',
};

const metadata_name = ({ name }: Syscall): string => SYSCALL_METADATA_NAMES[name] ?? name;

/** The number of the first named event. */
const FIRST_SYSCALL_ID = 25;

const SYSCALL_NR: TraceField = { decl: 'int __syscall_nr', size: 4, signed: true };

function exit_event(call: Syscall, nr: number): Description {
  const name = metadata_name(call);
  return {
    system: 'syscalls',
    name: `sys_exit_${name}`,
    id: FIRST_SYSCALL_ID + 2 * nr,
    fields: [SYSCALL_NR, { decl: 'long ret', size: 8, signed: true, offset: 16 }],
    print_fmt: '"0x%lx", REC->ret',
    print: (data: TraceData) => `sys_${name} -> 0x${hex(data, 0)}`,
  };
}

/** "sys_read(fd: 3, buf: ffffdeadbeef, count: 400)" */
function enter_event(call: Syscall, nr: number): Description {
  const name = metadata_name(call);
  const { argNames, argTypes } = call;
  const fields = argNames.map((arg, i) => {
    const decl = `${argTypes[i]!.ctype ?? 'unsigned long'} ${arg}`;
    return { decl, size: 8, signed: false, offset: 16 + 8 * i };
  });
  return {
    system: 'syscalls',
    name: `sys_enter_${name}`,
    id: FIRST_SYSCALL_ID + 2 * nr + 1,
    fields: [SYSCALL_NR, ...fields],
    print_fmt: enter_print_fmt(argNames),
    print: (data: TraceData) =>
      `sys_${name}(${argNames.map((arg, i) => `${arg}: ${hex(data, i)}`).join(', ')})`,
  };
}

function enter_print_fmt(args: readonly string[]): string {
  const format = `"${args.map((arg) => `${arg}: 0x%08lx`).join(', ')}"`;
  return [format, ...args.map((arg) => `((unsigned long)(REC->${arg}))`)].join(', ');
}
