/*
 * kernel/auditsc.ts - system calls as audit sees them
 *
 * Linux:   kernel/auditsc.c, include/linux/audit.h (v6.12)
 * Manual:  auditctl(8)
 * Absent:  PATH, CWD and EXECVE records: items is 0
 *
 * A task has a context from its birth or never. Entering a call notes it there; leaving it asks the rules, which may turn
 * the notes into a record. What never entered - because a filter, a tracer or a dispatcher took it - is never told.
 */

import type { PtRegs } from './arch.ts';
import {
  AUDIT_OFF,
  AUDIT_UID_UNSET,
  type AuditStamp,
  audit_exe,
  audit_key,
  audit_task,
  untrusted_string,
} from './audit.ts';
import { SYSCALL_WORK_SYSCALL_AUDIT, type Task } from './include/linux/sched.ts';
import {
  AUDIT_ALWAYS,
  AUDIT_ANOM_ABEND,
  AUDIT_EOE,
  AUDIT_NEVER,
  AUDIT_PROCTITLE,
  AUDIT_SECCOMP,
  AUDIT_SYSCALL,
} from './include/uapi/audit.ts';
import { EINTR, ENOIOCTLCMD, ERESTART_RESTARTBLOCK, ERESTARTSYS, is_error } from './include/uapi/errno.ts';
import { SIGQUIT } from './include/uapi/signal.ts';
import { bytes_to_string } from './lib/bytes.ts';
import { access_remote_vm } from './mm/gup.ts';

/** Linux: struct audit_context. */
export interface AuditContext {
  /** Between entry and exit of a call. */
  in_syscall: boolean;
  /** There were no rules at entry: nothing is going to be recorded for their sake. */
  dummy: boolean;
  arch: number;
  major: number;
  argv: readonly bigint[];
  /** When the call began. Its number comes with the first record. */
  began: AuditStamp | null;
  stamped: boolean;
  /** Some other record belongs to this call: then the call is recorded too. */
  record: boolean;
  /** null: the call has no result, because the task ended in it. */
  success: boolean | null;
  exit: number;
  /** Of the rule that made the record. */
  key: string | null;
}

const new_context = (): AuditContext => ({
  in_syscall: false,
  dummy: true,
  arch: 0,
  major: 0,
  argv: [],
  began: null,
  stamped: false,
  record: false,
  success: null,
  exit: 0,
  key: null,
});

/** Linux: audit_alloc(). What a new task gets. */
export function audit_alloc(child: Task): void {
  const { audit } = child.kernel;
  child.audit_context = null;
  child.thread_info.syscall_work &= ~SYSCALL_WORK_SYSCALL_AUDIT;
  if (!audit.ever_enabled || audit.filter.task(child) === AUDIT_NEVER) return;
  child.audit_context = new_context();
  child.thread_info.syscall_work |= SYSCALL_WORK_SYSCALL_AUDIT;
}

/** Linux: audit_free(). The end of the task, which is in a call that has no exit. */
export function audit_free(task: Task): void {
  const context = task.audit_context;
  if (!context) return;
  if (context.in_syscall && !context.dummy) {
    context.success = null;
    if (wants_record(task, context)) audit_log_exit(task, context);
  }
  task.audit_context = null;
  task.thread_info.syscall_work &= ~SYSCALL_WORK_SYSCALL_AUDIT;
}

/** Linux: audit_syscall_entry(). */
export function audit_syscall_entry(task: Task, regs: PtRegs): void {
  const { arch, audit, time } = task.kernel;
  const context = task.audit_context;
  if (!context || audit.enabled === AUDIT_OFF) return;
  context.dummy = audit.filter.n_rules === 0;
  if (!context.dummy && audit.auditd_pid === task.tgid) return;

  context.arch = arch.syscall_get_arch(task);
  context.major = arch.syscall_get_nr(regs);
  if (!context.dummy) context.argv = arch.syscall_get_arguments(regs).slice(0, 4);
  const { sec, nsec } = time.realtime();
  context.began = { sec, msec: Math.floor(nsec / 1_000_000), serial: 0 };
  context.in_syscall = true;
}

/** Linux: audit_syscall_exit(). */
export function audit_syscall_exit(task: Task, regs: PtRegs): void {
  const context = task.audit_context;
  if (!context) return;
  if (context.in_syscall && !context.dummy) {
    const ret = task.kernel.arch.syscall_get_return_value(regs);
    context.success = !is_error(ret);
    context.exit = audit_return_fixup(ret);
    if (wants_record(task, context)) audit_log_exit(task, context);
  }
  context.in_syscall = false;
  context.stamped = false;
  context.record = false;
}

/** A call that is going to be restarted looks interrupted, whether it will be or not. */
const audit_return_fixup = (ret: number): number =>
  ret <= -ERESTARTSYS && ret >= -ERESTART_RESTARTBLOCK && ret !== -ENOIOCTLCMD ? -EINTR : ret;

/** Rules first, in their order; then whether another record of this call was made. Its rule's key goes into the record. */
function wants_record(task: Task, context: AuditContext): boolean {
  const rule = task.kernel.audit.filter.syscall(task, context);
  context.key = rule?.key ?? null;
  return rule ? rule.action === AUDIT_ALWAYS : context.record;
}

/** Linux: audit_log_exit(). */
function audit_log_exit(task: Task, context: AuditContext): void {
  const { audit } = task.kernel;
  const stamp = event_stamp(task);
  audit.log(AUDIT_SYSCALL, syscall_record(task, context), stamp);
  audit.log(AUDIT_PROCTITLE, `proctitle=${proctitle(task)}`, stamp);
  audit.log(AUDIT_EOE, '', stamp);
}

function syscall_record(task: Task, { arch, major, argv, success, exit, key }: AuditContext): string {
  const per = task.personality ? ` per=${task.personality.toString(16)}` : '';
  const result = success === null ? '' : ` success=${success ? 'yes' : 'no'} exit=${exit}`;
  const args = argv.map((arg, i) => `a${i}=${arg.toString(16)}`).join(' ');
  const call = `arch=${arch.toString(16)} syscall=${major}${per}${result} ${args} items=0`;
  return `${call} ${task_info(task)} ${audit_key(key)}`;
}

/** Linux: audit_log_task_info(). */
function task_info(task: Task): string {
  const { uid, gid, euid, suid, fsuid, egid, sgid, fsgid } = task.cred;
  const tty = task.signal.tty?.name ?? '(none)';
  return (
    `ppid=${task.real_parent.tgid} pid=${task.tgid} auid=${AUDIT_UID_UNSET} uid=${uid} gid=${gid} euid=${euid} ` +
    `suid=${suid} fsuid=${fsuid} egid=${egid} sgid=${sgid} fsgid=${fsgid} tty=${tty} ses=${AUDIT_UID_UNSET} ` +
    `comm=${untrusted_string(task.comm)} ${audit_exe(task)} subj=unconfined`
  );
}

const MAX_PROCTITLE_AUDIT_LEN = 128;

/** Linux: audit_log_proctitle(). The command line; with NULs between arguments in it, it is hexadecimal. */
function proctitle({ mm }: Task): string {
  if (!mm) return '(null)';
  const bytes = new Uint8Array(Math.min(mm.arg_end - mm.arg_start, MAX_PROCTITLE_AUDIT_LEN));
  const length = access_remote_vm(mm, mm.arg_start, bytes, false);
  const text = bytes_to_string(bytes.subarray(0, length)).replace(/\0+$/, '');
  return text === '' ? '(null)' : untrusted_string(text);
}

/** All records of one call have one stamp; undefined: the task is in none. */
function event_stamp({ audit_context: context, kernel }: Task): AuditStamp | undefined {
  if (!context?.in_syscall) return undefined;
  if (!context.stamped) context.began = { ...context.began!, serial: kernel.audit.next_serial() };
  context.stamped = true;
  return context.began!;
}

/** A record that belongs to what the task is doing. If it is in a call, the call is recorded too. */
export function audit_log(task: Task, type: number, body: string): void {
  const stamp = event_stamp(task);
  if (stamp) task.audit_context!.record = true;
  task.kernel.audit.log(type, body, stamp);
}

/** Linux: audit_seccomp(). */
export function audit_seccomp(task: Task, nr: number, signr: number, code: number): void {
  const { arch } = task.kernel;
  const hex = (value: number): string => value.toString(16);
  const ip = hex(arch.instruction_pointer(task.regs));
  const call = `arch=${hex(arch.syscall_get_arch(task))} syscall=${nr} compat=0 ip=0x${ip}`;
  audit_log(task, AUDIT_SECCOMP, `${audit_task(task)} sig=${signr} ${call} code=0x${hex(code >>> 0)}`);
}

/** Linux: audit_core_dumps(). A signal that dumps core is told, but for the one that users type. */
export function audit_core_dumps(task: Task, signr: number): void {
  if (task.kernel.audit.enabled === AUDIT_OFF || signr === SIGQUIT) return;
  audit_log(task, AUDIT_ANOM_ABEND, `${audit_task(task)} sig=${signr} res=1`);
}
