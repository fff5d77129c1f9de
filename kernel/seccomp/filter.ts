/*
 * kernel/seccomp/filter.ts - filters: making them, stacking them, sharing them, asking them
 *
 * Linux:   kernel/seccomp.c (seccomp_prepare_filter, seccomp_attach_filter, seccomp_run_filters, seccomp_sync_threads)
 * Manual:  Documentation/userspace-api/seccomp_filter.rst
 * Absent:  the bitmap of calls that are always allowed: it changes nothing but speed
 *
 * A task points at its newest filter, that one at the older ones below it. Chains are shared: fork takes a reference, and
 * a filter never changes.
 */

import { PF_EXITING, SYSCALL_WORK_SECCOMP, type Task } from '../include/linux/sched.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EACCES, EFAULT, EINVAL, ENOMEM } from '../include/uapi/errno.ts';
import { EPOLLHUP } from '../include/uapi/eventpoll.ts';
import {
  SECCOMP_FILTER_FLAG_LOG,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
  SECCOMP_MODE_DISABLED,
  SECCOMP_MODE_FILTER,
  SECCOMP_RET_ACTION_FULL,
  SECCOMP_RET_ALLOW,
} from '../include/uapi/seccomp.ts';
import {
  BPF_MAXINSNS,
  check_filter,
  converted_length,
  parse_filter,
  run_filter,
  type SockFilter,
} from '../bpf/classic.ts';
import { ns_capable } from '../cred.ts';
import { CAP_SYS_ADMIN } from '../include/uapi/capability.ts';
import { get_unaligned_le16 } from '../lib/bytes.ts';
import { memdup_user } from '../lib/usercopy.ts';
import { wake_up_poll } from '../sched/wait.ts';
import { pointer_in } from '../syscalls/define.ts';
import type { Notification } from './notify.ts';

export interface SeccompFilter {
  readonly prev: SeccompFilter | null;
  readonly program: readonly SockFilter[];
  /** What it counts against MAX_INSNS_PER_PATH. */
  readonly length: number;
  readonly log: boolean;
  readonly wait_killable_recv: boolean;
  /** Its listener, while there is one. */
  notif: Notification | null;
  /** Tasks and newer filters that use it; at 0 nobody will ever ask its listener again. */
  users: number;
}

/** A task's own part: thread_struct's neighbour `struct seccomp`. */
export interface Seccomp {
  mode: number;
  filter: SeccompFilter | null;
}

export const new_seccomp = (): Seccomp => ({ mode: SECCOMP_MODE_DISABLED, filter: null });

/** Converted instructions on one path, with a toll for each filter passed. */
const MAX_INSNS_PER_PATH = 32768;
const TOLL = 4;

/** struct sock_fprog: u16 len at 0, pointer at 8. */
const SOCK_FPROG_SIZE = 16;

/** Copies in and checks a filter that is to stand on the task's present ones. A filter, or -errno. */
export function seccomp_prepare_user_filter(
  task: Task,
  user_filter: UserPtr,
  flags: number,
): SeccompFilter | number {
  const fprog = memdup_user(task, user_filter, SOCK_FPROG_SIZE);
  if (typeof fprog === 'number') return -EFAULT;
  const length = get_unaligned_le16(fprog, 0);
  const filter = pointer_in(task, fprog, 8);
  if (length === 0 || length > BPF_MAXINSNS) return -EINVAL;
  // A filter could otherwise lie to a setuid program about what its calls did.
  if (!task.no_new_privs && !ns_capable(task, task.cred.user_ns, CAP_SYS_ADMIN)) return -EACCES;

  if (filter === NULL) return -EINVAL;
  const bytes = memdup_user(task, filter, 8 * length);
  if (typeof bytes === 'number') return -EFAULT;
  const program = parse_filter(bytes);
  return check_filter(program) ? new_filter(task, program, flags) : -EINVAL;
}

const new_filter = (task: Task, program: readonly SockFilter[], flags: number): SeccompFilter => ({
  prev: task.seccomp.filter,
  program,
  length: converted_length(program),
  log: (flags & SECCOMP_FILTER_FLAG_LOG) !== 0,
  wait_killable_recv: (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) !== 0,
  notif: null,
  users: 1,
});

/** The task's filters, newest first. */
export function* filters_of(task: Task): Iterable<SeccompFilter> {
  for (let filter = task.seccomp.filter; filter; filter = filter.prev) yield filter;
}

/** /proc/<pid>/status: Seccomp_filters. */
export function count_filters({ filter }: Seccomp): number {
  let count = 0;
  for (let next = filter; next; next = next.prev) count++;
  return count;
}

/** 0, or -ENOMEM when the whole path would be too long. */
export function check_path_length(task: Task, filter: SeccompFilter): number {
  let total = filter.length;
  for (const older of filters_of(task)) total += older.length + TOLL;
  return total > MAX_INSNS_PER_PATH ? -ENOMEM : 0;
}

/** The new filter takes over the reference that the task held on the older one. */
export function attach_filter(task: Task, filter: SeccompFilter): void {
  task.seccomp.filter = filter;
  assign_mode(task, SECCOMP_MODE_FILTER);
}

export function assign_mode(task: Task, mode: number): void {
  task.seccomp.mode = mode;
  task.thread_info.syscall_work |= SYSCALL_WORK_SECCOMP;
}

/* TSYNC: every thread of the group gets the caller's filters. */

/** The caller's threads but itself, and those that will make no more calls. */
const other_threads = (caller: Task): Task[] =>
  [...caller.signal.threads].filter((thread) => thread !== caller && !(thread.flags & PF_EXITING));

/** A thread whose own filters are not among the caller's, or null. */
export function seccomp_can_sync_threads(caller: Task): Task | null {
  for (const thread of other_threads(caller)) {
    const { mode, filter } = thread.seccomp;
    const compatible =
      mode === SECCOMP_MODE_DISABLED || (mode === SECCOMP_MODE_FILTER && is_ancestor(filter, caller));
    if (!compatible) return thread;
  }
  return null;
}

function is_ancestor(filter: SeccompFilter | null, task: Task): boolean {
  if (!filter) return true;
  for (const own of filters_of(task)) if (own === filter) return true;
  return false;
}

export function seccomp_sync_threads(caller: Task): void {
  for (const thread of other_threads(caller)) {
    get_seccomp_filter(caller);
    put_filter(thread.seccomp.filter);
    thread.seccomp.filter = caller.seccomp.filter;
    if (caller.no_new_privs) thread.no_new_privs = true;
    if (thread.seccomp.mode === SECCOMP_MODE_DISABLED) assign_mode(thread, SECCOMP_MODE_FILTER);
  }
}

/* References */

export function get_seccomp_filter(task: Task): void {
  if (task.seccomp.filter) task.seccomp.filter.users++;
}

/**
 * Called by fork when the child joins its thread group: what the parent has at that moment is what TSYNC found or left.
 */
export function copy_seccomp(parent: Task, child: Task): void {
  get_seccomp_filter(parent);
  child.seccomp = { ...parent.seccomp };
  if (parent.no_new_privs) child.no_new_privs = true;
  if (child.seccomp.mode !== SECCOMP_MODE_DISABLED) child.thread_info.syscall_work |= SYSCALL_WORK_SECCOMP;
}

/** The task is dying. */
export function seccomp_filter_release(task: Task): void {
  const { filter } = task.seccomp;
  task.seccomp.filter = null; // its mode stays: no call of a dead task's is allowed
  put_filter(filter);
}

function put_filter(last: SeccompFilter | null): void {
  for (let filter = last; filter && --filter.users === 0; filter = filter.prev) {
    if (filter.notif) wake_up_poll(filter.notif.wqh, EPOLLHUP);
  }
}

/* Asking */

export interface Verdict {
  readonly ret: number;
  /** The filter that said so; null: none objected. */
  readonly match: SeccompFilter | null;
}

/** All filters are asked, newest first; the smallest action as a signed number wins, the newest of equals. */
export function seccomp_run_filters(task: Task, data: Uint32Array): Verdict {
  let ret = SECCOMP_RET_ALLOW;
  let match: SeccompFilter | null = null;
  for (let filter = task.seccomp.filter; filter; filter = filter.prev) {
    const result = run_filter(filter.program, data);
    if (action_order(result) >= action_order(ret)) continue;
    ret = result;
    match = filter;
  }
  return { ret, match };
}

const action_order = (ret: number): number => (ret & SECCOMP_RET_ACTION_FULL) | 0;
