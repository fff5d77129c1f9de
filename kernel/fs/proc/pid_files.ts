/*
 * kernel/fs/proc/pid_files.ts - the small files of /proc/<pid>
 *
 * Linux:   fs/proc/base.c (proc_pid_limits ... timerslack_ns_operations), fs/proc/array.c (children)
 * Manual:  proc(5) and its pages for each file
 * Differs: a file of its own, so that base.ts can be read as the directory
 */

import { CAP_SYS_NICE, CAP_SYS_RESOURCE, capable } from '../../cred.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EACCES, EINVAL, EPERM } from '../../include/uapi/errno.ts';
import {
  RLIMIT_AS,
  RLIMIT_CORE,
  RLIMIT_CPU,
  RLIMIT_DATA,
  RLIMIT_FSIZE,
  RLIMIT_LOCKS,
  RLIMIT_MEMLOCK,
  RLIMIT_MSGQUEUE,
  RLIMIT_NICE,
  RLIMIT_NOFILE,
  RLIMIT_NPROC,
  RLIMIT_RSS,
  RLIMIT_RTPRIO,
  RLIMIT_RTTIME,
  RLIMIT_SIGPENDING,
  RLIMIT_STACK,
} from '../../include/uapi/resource.ts';
import { bytes_to_string } from '../../lib/bytes.ts';
import { access_remote_vm } from '../../mm/gup.ts';
import { oom_badness } from '../../mm/oom_kill.ts';
import { PTRACE_MODE_ATTACH_FSCREDS, ptrace_may_access } from '../../ptrace.ts';
import type { PidNamespace } from '../../include/linux/pid_namespace.ts';
import { task_pid_nr_ns } from '../../pid.ts';
import { show_id_map, write_id_map, write_setgroups } from '../../user_namespace.ts';
import { kstrtoint } from './generic.ts';

/** Bytes [start, end) of another process; fewer where memory is not there. */
function remote_bytes(task: Task, start: number, end: number): Uint8Array {
  if (!task.mm || end <= start) return new Uint8Array(0);
  const bytes = new Uint8Array(Math.min(end - start, MAX_ARGUMENTS));
  const got = access_remote_vm(task.mm, start, bytes, false);
  return bytes.subarray(0, Math.max(0, got));
}

/** Arguments and environment are never more than what execve() takes. */
const MAX_ARGUMENTS = 6 * 1024 * 1024;

export const proc_pid_environ = (task: Task): string =>
  task.mm ? bytes_to_string(remote_bytes(task, task.mm.env_start, task.mm.env_end)) : '';

/**
 * The arguments, as the process has them now. One that ends its last argument with something else than NUL has written
 * a title over them (setproctitle): then it ends at the first NUL, be that among the environment.
 */
export function proc_pid_cmdline(task: Task): string {
  const { mm } = task;
  if (!mm) return '';
  const args = remote_bytes(task, mm.arg_start, mm.arg_end);
  if (args.length === 0 || args.at(-1) === 0) return bytes_to_string(args);

  const title = remote_bytes(task, mm.arg_start, Math.max(mm.arg_end, mm.env_end));
  const end = title.indexOf(0);
  return bytes_to_string(end < 0 ? title : title.subarray(0, end));
}

export const proc_pid_auxv = (task: Task): string => (task.mm ? bytes_to_string(task.mm.saved_auxv) : '');

export const proc_pid_comm = (task: Task): string => `${task.comm}\n`;

const TASK_COMM_LEN = 16;

/** Only one's own threads can be renamed. */
export function comm_write(task: Task, text: string, writer: Task): number {
  if (task.signal !== writer.signal) return -EINVAL;
  task.comm = text.slice(0, TASK_COMM_LEN - 1).replace(/\0.*$/s, '');
  return text.length;
}

export const proc_pid_personality = (task: Task): string =>
  `${task.personality.toString(16).padStart(8, '0')}\n`;

/** "63 0x3 0x... sp pc": what it is in the middle of; "running" when on the CPU. */
export function proc_pid_syscall(task: Task, reader: Task): string | number {
  if (!ptrace_may_access(reader, task, PTRACE_MODE_ATTACH_FSCREDS)) return -EPERM;
  const { arch } = task.kernel;
  if (task.exit_state) return '-1 0x0 0x0\n';
  if (task !== reader && task.state === 0) return 'running\n';
  const nr = arch.syscall_get_nr(task.regs);
  const hex = (value: number): string => `0x${value.toString(16)}`;
  const sp = hex(arch.user_stack_pointer(task.regs));
  const pc = hex(arch.instruction_pointer(task.regs));
  if (nr === -1) return `-1 ${sp} ${pc}\n`;

  const args = arch.syscall_get_arguments(task.regs).map((arg) => `0x${arg.toString(16)}`);
  return `${nr} ${args.join(' ')} ${sp} ${pc}\n`;
}

// biome-ignore format: columns teach
const LIMITS: readonly (readonly [limit: number, name: string, unit: string])[] = [
  [RLIMIT_CPU,        'Max cpu time',          'seconds'],
  [RLIMIT_FSIZE,      'Max file size',         'bytes'],
  [RLIMIT_DATA,       'Max data size',         'bytes'],
  [RLIMIT_STACK,      'Max stack size',        'bytes'],
  [RLIMIT_CORE,       'Max core file size',    'bytes'],
  [RLIMIT_RSS,        'Max resident set',      'bytes'],
  [RLIMIT_NPROC,      'Max processes',         'processes'],
  [RLIMIT_NOFILE,     'Max open files',        'files'],
  [RLIMIT_MEMLOCK,    'Max locked memory',     'bytes'],
  [RLIMIT_AS,         'Max address space',     'bytes'],
  [RLIMIT_LOCKS,      'Max file locks',        'locks'],
  [RLIMIT_SIGPENDING, 'Max pending signals',   'signals'],
  [RLIMIT_MSGQUEUE,   'Max msgqueue size',     'bytes'],
  [RLIMIT_NICE,       'Max nice priority',     ''],
  [RLIMIT_RTPRIO,     'Max realtime priority', ''],
  [RLIMIT_RTTIME,     'Max realtime timeout',  'us'],
];

export function proc_pid_limits({ signal }: Task): string {
  const row = (...[name, soft, hard, unit]: string[]): string =>
    `${name!.padEnd(25)} ${soft!.padEnd(20)} ${hard!.padEnd(20)} ${unit!}`;
  let text = `${row('Limit', 'Soft Limit', 'Hard Limit', 'Units'.padEnd(10))}\n`;
  for (const [limit, name, unit] of LIMITS) {
    const { cur, max } = signal.rlim[limit]!;
    text += `${row(name, limit_text(cur), limit_text(max), unit === '' ? '' : unit.padEnd(10))}\n`;
  }
  return text;
}

const limit_text = (value: number): string => (value === Infinity ? 'unlimited' : String(value));

/** "time on the CPU, time waiting for it (ns), slices" */
export const proc_pid_schedstat = (task: Task): string =>
  `${task.se.sum_exec_runtime} 0 ${task.nvcsw + task.nivcsw}\n`;

/** 0..2000: 1000 would be all memory, without anybody's word for or against. */
export function proc_oom_score(task: Task): string {
  const { kernel } = task;
  const points = oom_badness(kernel, task.group_leader);
  if (points === -Infinity) return '0\n';
  const score = (1000 + Math.trunc((points * 1000) / kernel.mm.totalram_pages)) * 2;
  return `${Math.trunc(score / 3)}\n`;
}

const OOM_SCORE_ADJ_MAX = 1000;
const OOM_DISABLE = -17;

/** The old scale, -17..15. */
export function oom_adj_read({ signal }: Task): string {
  const adj = signal.oom_score_adj;
  const old = adj === OOM_SCORE_ADJ_MAX ? 15 : Math.trunc((adj * -OOM_DISABLE) / OOM_SCORE_ADJ_MAX);
  return `${old}\n`;
}

export const oom_score_adj_read = ({ signal }: Task): string => `${signal.oom_score_adj}\n`;

/** Anybody may offer themselves; to be spared takes a privilege. */
export function oom_score_adj_write(task: Task, text: string, writer: Task): number {
  const value = kstrtoint(text);
  if (value === null || Math.abs(value) > OOM_SCORE_ADJ_MAX) return -EINVAL;
  if (value < task.signal.oom_score_adj && !capable(writer, CAP_SYS_RESOURCE)) return -EACCES;
  task.signal.oom_score_adj = value;
  return text.length;
}

export const proc_uid_map = ({ cred }: Task, reader: Task): string =>
  show_id_map(cred.user_ns, 'uid_map', reader.cred);
export const proc_gid_map = ({ cred }: Task, reader: Task): string =>
  show_id_map(cred.user_ns, 'gid_map', reader.cred);
export const proc_uid_map_write = ({ cred }: Task, text: string, writer: Task): number =>
  write_id_map(cred.user_ns, 'uid_map', text, writer);
export const proc_gid_map_write = ({ cred }: Task, text: string, writer: Task): number =>
  write_id_map(cred.user_ns, 'gid_map', text, writer);

export const proc_setgroups = ({ cred }: Task): string =>
  cred.user_ns.setgroups_allowed ? 'allow\n' : 'deny\n';
export const proc_setgroups_write = ({ cred }: Task, text: string, writer: Task): number =>
  write_setgroups(cred.user_ns, text, writer);

export const timerslack_ns_show = (task: Task): string => `${task.timer_slack_ns}\n`;

export function timerslack_ns_write(task: Task, text: string, writer: Task): number {
  const value = kstrtoint(text);
  if (value === null || value < 0) return -EINVAL;
  if (task !== writer && !capable(writer, CAP_SYS_NICE)) return -EPERM;
  task.timer_slack_ns = value === 0 ? task.default_timer_slack_ns : value;
  return text.length;
}

/** Children that this thread made, by number. */
export const children_show = (task: Task, _reader: Task, ns: PidNamespace): string =>
  [...task.children].map((child) => `${task_pid_nr_ns(child, ns)} `).join('');
