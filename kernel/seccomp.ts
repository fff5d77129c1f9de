/*
 * kernel/seccomp.ts - a process gives up system calls
 *
 * Linux:   kernel/seccomp.c (v6.12)
 * Manual:  seccomp(2), Documentation/userspace-api/seccomp_filter.rst
 * Differs: kernel/seccomp/filter.ts has the filters, kernel/seccomp/notify.ts the calls that ask somebody; TSYNC takes no
 *          cred_guard_mutex, because execve does not sleep between looking at no_new_privs and being the only thread
 * Absent:  mitigations for speculation: SECCOMP_FILTER_FLAG_SPEC_ALLOW changes nothing
 */

import { audit_seccomp } from './auditsc.ts';
import { DATA_SIZE } from './bpf/classic.ts';
import { capable } from './cred.ts';
import { do_exit } from './exit.ts';
import { get_unused_fd_flags, fd_install, put_unused_fd } from './fs/file.ts';
import { fput } from './fs/file_table.ts';
import { register_sysctl } from './fs/proc/proc_sysctl.ts';
import { PT_SUSPEND_SECCOMP, ptrace_event_enabled } from './include/linux/ptrace.ts';
import type { Task } from './include/linux/sched.ts';
import type { UserPtr } from './include/linux/types.ts';
import { CAP_SYS_ADMIN } from './include/uapi/capability.ts';
import { EBUSY, EFAULT, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, ESRCH } from './include/uapi/errno.ts';
import { O_CLOEXEC } from './include/uapi/fcntl.ts';
import { PTRACE_EVENT_SECCOMP } from './include/uapi/ptrace.ts';
import * as uapi from './include/uapi/seccomp.ts';
import { SIGKILL, SIGSYS } from './include/uapi/signal.ts';
import type { Kernel } from './kernel.ts';
import { copy_to_user, get_user_u32 } from './lib/usercopy.ts';
import { task_pid_vnr } from './pid.ts';
import { ptrace_event } from './ptrace.ts';
import type { MaySleep, Sleeps } from './sched/wait.ts';
import {
  assign_mode,
  attach_filter,
  check_path_length,
  filters_of,
  type SeccompFilter,
  seccomp_can_sync_threads,
  seccomp_prepare_user_filter,
  seccomp_run_filters,
  seccomp_sync_threads,
} from './seccomp/filter.ts';
import {
  init_listener,
  NOTIF_RESP_SIZE,
  NOTIF_SIZE,
  seccomp_do_user_notification,
} from './seccomp/notify.ts';
import { force_sig_seccomp } from './signal/force.ts';
import { fatal_signal_pending } from './signal/pending.ts';
import { flags, ptr, SYSCALL_DEFINE, uint } from './syscalls/define.ts';

export {
  copy_seccomp,
  count_filters,
  new_seccomp,
  type Seccomp,
  seccomp_filter_release,
} from './seccomp/filter.ts';
export { seccomp_get_filter, seccomp_get_metadata } from './seccomp/get_filter.ts';

/** Actions by name, strongest first: /proc/sys/kernel/seccomp/actions_avail. */
// biome-ignore format: columns teach
const ACTIONS = new Map<number, string>([
  [uapi.SECCOMP_RET_KILL_PROCESS, 'kill_process'],
  [uapi.SECCOMP_RET_KILL_THREAD,  'kill_thread'],
  [uapi.SECCOMP_RET_TRAP,         'trap'],
  [uapi.SECCOMP_RET_ERRNO,        'errno'],
  [uapi.SECCOMP_RET_USER_NOTIF,   'user_notif'],
  [uapi.SECCOMP_RET_TRACE,        'trace'],
  [uapi.SECCOMP_RET_LOG,          'log'],
  [uapi.SECCOMP_RET_ALLOW,        'allow'],
]);

const MAX_ERRNO = 4095;

/* What strict mode leaves: read, write, exit, rt_sigreturn. */
const MODE1_SYSCALLS: ReadonlySet<number> = new Set([63, 64, 93, 139]);

/** struct seccomp_data as words: nr, arch, instruction pointer, six arguments. */
function populate_seccomp_data(task: Task): Uint32Array {
  const { arch } = task.kernel;
  const data = new Uint32Array(DATA_SIZE / 4);
  const ip = arch.instruction_pointer(task.regs);
  data[0] = arch.syscall_get_nr(task.regs);
  data[1] = arch.syscall_get_arch(task);
  data[2] = ip;
  data[3] = ip / 2 ** 32;
  arch.syscall_get_argument_words(task.regs, data, 4);
  return data;
}

/** The call that the task is about to make, as the tracer left it. 0: make it; -1: do not. Only who has to ask sleeps. */
export function __secure_computing(task: Task): MaySleep<number> {
  if (task.ptrace & PT_SUSPEND_SECCOMP) return 0;
  const nr = task.kernel.arch.syscall_get_nr(task.regs);
  switch (task.seccomp.mode) {
    case uapi.SECCOMP_MODE_STRICT:
      return secure_computing_strict(task, nr);
    case uapi.SECCOMP_MODE_FILTER:
      return __seccomp_filter(task, nr, false);
    default: // dead: a killed thread on its way out makes another call
      return do_exit(task, SIGKILL);
  }
}

function secure_computing_strict(task: Task, nr: number): MaySleep<number> {
  if (MODE1_SYSCALLS.has(nr)) return 0;
  task.seccomp.mode = uapi.SECCOMP_MODE_DEAD;
  seccomp_log(task, nr, SIGKILL, uapi.SECCOMP_RET_KILL_THREAD, true);
  return do_exit(task, SIGKILL);
}

function __seccomp_filter(task: Task, nr: number, recheck: boolean): MaySleep<number> {
  const { arch } = task.kernel;
  const data = populate_seccomp_data(task);
  const { ret, match } = seccomp_run_filters(task, data);
  const value = ret & uapi.SECCOMP_RET_DATA;
  const action = (ret & uapi.SECCOMP_RET_ACTION_FULL) >>> 0;

  switch (action) {
    case uapi.SECCOMP_RET_ALLOW:
      return 0;

    case uapi.SECCOMP_RET_LOG:
      seccomp_log(task, nr, 0, action, true);
      return 0;

    case uapi.SECCOMP_RET_ERRNO:
      arch.syscall_set_return_value(task.regs, -Math.min(value, MAX_ERRNO));
      break;

    case uapi.SECCOMP_RET_TRAP:
      // The handler is to see the call as it was asked for.
      arch.syscall_rollback(task.regs);
      force_sig_seccomp(nr, value, false, task);
      break;

    case uapi.SECCOMP_RET_TRACE:
      return recheck ? 0 : seccomp_trace(task, nr, value, match!); // the tracer has its say once

    case uapi.SECCOMP_RET_USER_NOTIF:
      return seccomp_notify(task, nr, match!, data);

    default:
      return seccomp_kill(task, nr, action, value);
  }
  seccomp_log(task, nr, 0, action, match?.log ?? false);
  return -1;
}

/** Asks the tracer. Without one, or if it wants no call, x0 is the result. */
function* seccomp_trace(task: Task, nr: number, message: number, match: SeccompFilter): Sleeps<number> {
  const { arch } = task.kernel;
  const traced = ptrace_event_enabled(task, PTRACE_EVENT_SECCOMP);
  if (traced) yield* ptrace_event(task, PTRACE_EVENT_SECCOMP, message);
  else arch.syscall_set_return_value(task.regs, -ENOSYS);

  // SIGKILL must not let through what the tracer was still judging.
  const left = arch.syscall_get_nr(task.regs);
  if (!traced || fatal_signal_pending(task) || left < 0) {
    seccomp_log(task, nr, 0, uapi.SECCOMP_RET_TRACE, match.log);
    return -1;
  }
  // What it made of the call is judged anew, by every filter.
  const again = __seccomp_filter(task, left, true);
  return typeof again === 'object' ? yield* again : again;
}

/** Asks the listener, whose answer is the result, or "go on". */
function* seccomp_notify(task: Task, nr: number, match: SeccompFilter, data: Uint32Array): Sleeps<number> {
  const answer = yield* seccomp_do_user_notification(task, match, data);
  if (answer === 'continue') return 0;
  task.kernel.arch.syscall_set_return_value(task.regs, answer.error || answer.val);
  seccomp_log(task, nr, 0, uapi.SECCOMP_RET_USER_NOTIF, match.log);
  return -1;
}

function seccomp_kill(task: Task, nr: number, action: number, value: number): MaySleep<number> {
  task.seccomp.mode = uapi.SECCOMP_MODE_DEAD;
  seccomp_log(task, nr, SIGSYS, action, true);
  // With other threads alive only this one goes, silently; the last one dies like a process.
  if (action === uapi.SECCOMP_RET_KILL_THREAD && task.signal.live > 1) return do_exit(task, SIGSYS);
  task.kernel.arch.syscall_rollback(task.regs);
  force_sig_seccomp(nr, value, true, task);
  return -1;
}

/** `requested`: the filter was installed with FLAG_LOG. Killing and LOG are told anyway, if the administrator wants them. */
function seccomp_log(task: Task, nr: number, signr: number, action: number, requested: boolean): void {
  const name = ACTIONS.has(action) ? action : uapi.SECCOMP_RET_KILL_PROCESS;
  if (requested && task.kernel.seccomp_actions_logged.has(name)) audit_seccomp(task, nr, signr, action);
}

/* ---- installing ---- */

function seccomp_set_mode_strict(task: Task): number {
  if (!may_assign_mode(task, uapi.SECCOMP_MODE_STRICT)) return -EINVAL;
  assign_mode(task, uapi.SECCOMP_MODE_STRICT);
  return 0;
}

const may_assign_mode = ({ seccomp }: Task, mode: number): boolean =>
  seccomp.mode === uapi.SECCOMP_MODE_DISABLED || seccomp.mode === mode;

const LISTENER = uapi.SECCOMP_FILTER_FLAG_NEW_LISTENER;
const TSYNC = uapi.SECCOMP_FILTER_FLAG_TSYNC;

function flags_valid(how: number): boolean {
  if (how & ~uapi.SECCOMP_FILTER_FLAG_MASK) return false;
  // The result is a thread's id or a descriptor, and cannot say which; unless errors have a number of their own.
  if (how & TSYNC && how & LISTENER && !(how & uapi.SECCOMP_FILTER_FLAG_TSYNC_ESRCH)) return false;
  return !(how & uapi.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) || (how & LISTENER) !== 0;
}

/** 0, a listener's descriptor, the id of a thread that TSYNC cannot take along, or -errno. */
function seccomp_set_mode_filter(task: Task, how: number, user_filter: UserPtr): number {
  if (!flags_valid(how)) return -EINVAL;
  const filter = seccomp_prepare_user_filter(task, user_filter, how);
  if (typeof filter === 'number') return filter;
  if (!(how & LISTENER)) return seccomp_attach(task, how, filter);

  const fd = get_unused_fd_flags(task, O_CLOEXEC);
  if (fd < 0) return fd;
  const file = init_listener(task, filter);
  const ret = seccomp_attach(task, how, filter);
  if (ret === 0) {
    fd_install(task, fd, file);
    return fd;
  }
  fput(file);
  put_unused_fd(task, fd);
  return ret;
}

function has_duplicate_listener(task: Task): boolean {
  for (const { notif } of filters_of(task)) if (notif) return true;
  return false;
}

function seccomp_attach(task: Task, how: number, filter: SeccompFilter): number {
  if (!may_assign_mode(task, uapi.SECCOMP_MODE_FILTER)) return -EINVAL;
  if (how & LISTENER && has_duplicate_listener(task)) return -EBUSY;
  const err = check_path_length(task, filter);
  if (err < 0) return err;
  const failed = how & TSYNC ? seccomp_can_sync_threads(task) : null;
  if (failed) return how & uapi.SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : task_pid_vnr(failed, task);

  attach_filter(task, filter);
  if (how & TSYNC) seccomp_sync_threads(task);
  return 0;
}

function seccomp_get_action_avail(task: Task, uaction: UserPtr): number {
  const action = get_user_u32(task, uaction);
  if (action < 0) return -EFAULT;
  return ACTIONS.has(action) ? 0 : -EOPNOTSUPP;
}

function seccomp_get_notif_sizes(task: Task, usizes: UserPtr): number {
  const sizes = Uint16Array.of(NOTIF_SIZE, NOTIF_RESP_SIZE, 64);
  return copy_to_user(task, usizes, new Uint8Array(sizes.buffer)) ? -EFAULT : 0;
}

function do_seccomp(task: Task, op: number, how: number, uargs: UserPtr): number {
  switch (op) {
    case uapi.SECCOMP_SET_MODE_STRICT:
      return how || uargs ? -EINVAL : seccomp_set_mode_strict(task);
    case uapi.SECCOMP_SET_MODE_FILTER:
      return seccomp_set_mode_filter(task, how, uargs);
    case uapi.SECCOMP_GET_ACTION_AVAIL:
      return how ? -EINVAL : seccomp_get_action_avail(task, uargs);
    case uapi.SECCOMP_GET_NOTIF_SIZES:
      return how ? -EINVAL : seccomp_get_notif_sizes(task, uargs);
    default:
      return -EINVAL;
  }
}

export const sys_seccomp = SYSCALL_DEFINE(
  'seccomp',
  { op: uint, flags, uargs: ptr },
  (task, { op, flags, uargs }) => do_seccomp(task, op, flags, uargs),
);

/** prctl(PR_SET_SECCOMP): the older way in, which knows no flags. */
export function prctl_set_seccomp(task: Task, mode: number, filter: UserPtr): number {
  if (mode === uapi.SECCOMP_MODE_STRICT) return seccomp_set_mode_strict(task);
  return mode === uapi.SECCOMP_MODE_FILTER ? seccomp_set_mode_filter(task, 0, filter) : -EINVAL;
}

export const prctl_get_seccomp = (task: Task): number => task.seccomp.mode;

/* ---- /proc/sys/kernel/seccomp ---- */

const names = (actions: Iterable<number>): string =>
  [...actions].map((action) => ACTIONS.get(action)).join(' ');

const actions_avail = (): string => names(ACTIONS.keys());

/** What is logged unless the administrator says otherwise: all but what is allowed. */
export const new_actions_logged = (): Set<number> =>
  new Set([...ACTIONS.keys()].filter((action) => action !== uapi.SECCOMP_RET_ALLOW));

const show_actions_logged = (logged: ReadonlySet<number>): string =>
  names([...ACTIONS.keys()].filter((action) => logged.has(action)));

export function seccomp_sysctl_init(kernel: Kernel): void {
  register_sysctl(kernel, 'kernel/seccomp/actions_avail', actions_avail);
  register_sysctl(
    kernel,
    'kernel/seccomp/actions_logged',
    (k) => show_actions_logged(k.seccomp_actions_logged),
    write_actions_logged,
  );
}

function write_actions_logged(kernel: Kernel, text: string): number {
  if (!capable(kernel.sched.current, CAP_SYS_ADMIN)) return -EPERM;
  const actions = parse_actions_logged(text);
  if (typeof actions === 'number') return actions;
  kernel.seccomp_actions_logged = actions;
  return text.length;
}

/** The set that a written list of names means, or -EINVAL. */
function parse_actions_logged(text: string): Set<number> | number {
  const byName = new Map([...ACTIONS].map(([action, name]) => [name, action]));
  const actions = text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => byName.get(word));
  if (actions.includes(undefined) || actions.includes(uapi.SECCOMP_RET_ALLOW)) return -EINVAL;
  return new Set(actions as number[]);
}
