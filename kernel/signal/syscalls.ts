/*
 * kernel/signal/syscalls.ts - the system calls about signals
 *
 * Linux:  kernel/signal.c (from restart_syscall on), v6.12
 * Manual: sigaction(2), sigprocmask(2), sigpending(2), sigsuspend(2), sigtimedwait(2), kill(2), tkill(2), rt_sigqueueinfo(2),
 *         sigaltstack(2), restart_syscall(2)
 */

import { TASK_INTERRUPTIBLE, TASK_RUNNING, type Task } from '../include/linux/sched.ts';
import type { KSigAction, KernelSigInfo, SigSet } from '../include/linux/signal.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EAGAIN, EFAULT, EINTR, EINVAL, EPERM, ERESTARTNOHAND } from '../include/uapi/errno.ts';
import { SI_TKILL, SI_USER } from '../include/uapi/siginfo.ts';
import { SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK } from '../include/uapi/signal.ts';
import {
  get_unaligned_le32,
  get_unaligned_le64,
  get_unaligned_sle64,
  put_unaligned_le64,
} from '../lib/bytes.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import { schedule } from '../sched/core.ts';
import { is_generator, type Sleeps } from '../sched/wait.ts';
import { SYSCALL_DEFINE, int, outptr, ptr, size } from '../syscalls/define.ts';
import { schedule_hrtimeout } from '../time/hrtimer.ts';
import { do_sigaction } from './action.ts';
import { mask_how, sigaction_in, sigaction_out, signo, sigset_in, sigset_out } from './argtypes.ts';
import {
  STACK_T_SIZE,
  current_altstack,
  set_altstack,
  stack_t_from_bytes,
  stack_t_to_bytes,
} from './altstack.ts';
import { do_send_specific, kill_pid_info, kill_something_info } from './kill.ts';
import {
  __set_current_blocked,
  get_user_sigset,
  put_user_sigset,
  set_current_blocked,
  set_restore_sigmask,
} from './mask.ts';
import {
  type Dequeued,
  dequeue_signal,
  pending_signals,
  recalc_sigpending,
  signal_pending,
} from './pending.ts';
import { copy_siginfo_from_user, copy_siginfo_to_user, tkill_siginfo, user_siginfo } from './siginfo.ts';
import {
  EMPTY_SIGSET,
  SIGSET_SIZE,
  sigandnsets,
  sigandsets,
  signotset,
  sigorsets,
  sigset_from_bytes,
  sigset_to_bytes,
  without_kernel_only,
} from './sigset.ts';
import { find_vpid } from '../pid.ts';

/** Goes on with a call that a signal interrupted and that cannot simply be made again. By hand: EINTR. */
export const sys_restart_syscall = SYSCALL_DEFINE('restart_syscall', {}, function* (task) {
  const { restart_block } = task;
  if (!restart_block) return -EINTR;
  const ret = restart_block(task);
  return is_generator(ret) ? yield* ret : ret;
});

/** How a handler ends. The frame is the architecture's. */
export const sys_rt_sigreturn = SYSCALL_DEFINE('rt_sigreturn', {}, (task) =>
  task.kernel.arch.rt_sigreturn(task),
);

/*
 * sigaction
 *
 *      0  sa_handler    8  sa_flags    16  sa_restorer    24  sa_mask
 */
const SIGACTION_SIZE = 32;

export const sys_rt_sigaction = SYSCALL_DEFINE(
  'rt_sigaction',
  { sig: signo, act: sigaction_in, oact: sigaction_out, sigsetsize: size },
  (task, { sig, act, oact, sigsetsize }) => {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    const bytes = act === 0 ? null : memdup_user(task, act, SIGACTION_SIZE);
    if (typeof bytes === 'number') return bytes;

    const old = do_sigaction(task, sig, bytes && sigaction_from_bytes(bytes));
    if (typeof old === 'number') return old;
    return oact !== 0 && copy_to_user(task, oact, sigaction_to_bytes(old)) ? -EFAULT : 0;
  },
);

const sigaction_from_bytes = (bytes: Uint8Array): KSigAction => ({
  sa_handler: get_unaligned_le64(bytes, 0) as UserPtr,
  sa_flags: get_unaligned_le32(bytes, 8),
  sa_restorer: get_unaligned_le64(bytes, 16) as UserPtr,
  sa_mask: sigset_from_bytes(new DataView(bytes.buffer), 24),
});

function sigaction_to_bytes({ sa_handler, sa_flags, sa_restorer, sa_mask }: KSigAction): Uint8Array {
  const bytes = new Uint8Array(SIGACTION_SIZE);
  put_unaligned_le64(sa_handler, bytes, 0);
  put_unaligned_le64(sa_flags, bytes, 8);
  put_unaligned_le64(sa_restorer, bytes, 16);
  sigset_to_bytes(new DataView(bytes.buffer), 24, sa_mask);
  return bytes;
}

/*
 * Masks
 */

export const sys_rt_sigprocmask = SYSCALL_DEFINE(
  'rt_sigprocmask',
  { how: mask_how, nset: sigset_in, oset: sigset_out, sigsetsize: size },
  (task, { how, nset, oset, sigsetsize }) => {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    const old = task.blocked;
    if (nset !== 0) {
      const set = get_user_sigset(task, nset);
      if (typeof set === 'number') return set;
      const err = sigprocmask(task, how, without_kernel_only(set));
      if (err < 0) return err;
    }
    return oset === 0 ? 0 : put_user_sigset(task, oset, old);
  },
);

export function sigprocmask(task: Task, how: number, set: SigSet): number {
  const { blocked } = task;
  if (how === SIG_BLOCK) __set_current_blocked(task, sigorsets(blocked, set));
  else if (how === SIG_UNBLOCK) __set_current_blocked(task, sigandnsets(blocked, set));
  else if (how === SIG_SETMASK) __set_current_blocked(task, set);
  else return -EINVAL;
  return 0;
}

export const sys_rt_sigpending = SYSCALL_DEFINE(
  'rt_sigpending',
  { uset: sigset_out, sigsetsize: size },
  (task, { uset, sigsetsize }) => {
    if (sigsetsize > SIGSET_SIZE) return -EINVAL;
    const bytes = new Uint8Array(SIGSET_SIZE);
    sigset_to_bytes(new DataView(bytes.buffer), 0, sigandsets(pending_signals(task), task.blocked));
    return copy_to_user(task, uset, bytes.subarray(0, sigsetsize)) ? -EFAULT : 0;
  },
);

export const sys_rt_sigsuspend = SYSCALL_DEFINE(
  'rt_sigsuspend',
  { unewset: sigset_in, sigsetsize: size },
  function* (task, { unewset, sigsetsize }) {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    const set = get_user_sigset(task, unewset);
    if (typeof set === 'number') return set;
    return yield* sigsuspend(task, set);
  },
);

function* sigsuspend(task: Task, set: SigSet): Sleeps<number> {
  task.saved_sigmask = task.blocked;
  set_current_blocked(task, set);
  while (!signal_pending(task)) {
    task.state = TASK_INTERRUPTIBLE;
    yield* schedule(task);
  }
  // The handler runs under the new mask; the old one comes back with sigreturn.
  set_restore_sigmask(task);
  return -ERESTARTNOHAND;
}

/*
 * Waiting for a signal instead of being interrupted by it
 */

export const sys_rt_sigtimedwait = SYSCALL_DEFINE(
  'rt_sigtimedwait',
  { uthese: sigset_in, uinfo: outptr, uts: ptr, sigsetsize: size },
  function* (task, { uthese, uinfo, uts, sigsetsize }) {
    if (sigsetsize !== SIGSET_SIZE) return -EINVAL;
    const these = get_user_sigset(task, uthese);
    if (typeof these === 'number') return these;
    const timeoutNs = uts === 0 ? Infinity : get_timeout(task, uts);
    if (timeoutNs < 0) return timeoutNs;

    const taken = yield* do_sigtimedwait(task, these, timeoutNs);
    if (typeof taken === 'number') return taken;
    if (uinfo !== 0 && copy_siginfo_to_user(task, uinfo, taken.info) < 0) return -EFAULT;
    return taken.info.si_signo;
  },
);

/** ns of a struct timespec, or -errno. */
function get_timeout(task: Task, uts: UserPtr): number {
  const bytes = memdup_user(task, uts, 16);
  if (typeof bytes === 'number') return bytes;
  const sec = get_unaligned_sle64(bytes, 0);
  const nsec = get_unaligned_sle64(bytes, 8);
  return sec < 0 || nsec < 0 || nsec >= 1e9 ? -EINVAL : sec * 1e9 + nsec;
}

function* do_sigtimedwait(task: Task, these: SigSet, timeoutNs: number): Sleeps<Dequeued | number> {
  const mask = signotset(without_kernel_only(these));
  const first = dequeue_signal(task, mask);
  if (first || timeoutNs === 0) return first ?? -EAGAIN;

  // They are let through, so that they wake us, but the sender must know that they are wanted (real_blocked).
  task.real_blocked = task.blocked;
  task.blocked = sigandsets(task.blocked, mask);
  recalc_sigpending(task);
  task.state = TASK_INTERRUPTIBLE;
  const woken = yield* schedule_hrtimeout(task, task.kernel.time.monotonicNs() + timeoutNs);
  task.state = TASK_RUNNING;
  __set_current_blocked(task, task.real_blocked);
  task.real_blocked = EMPTY_SIGSET;
  return dequeue_signal(task, mask) ?? (woken < 0 ? -EINTR : -EAGAIN);
}

/*
 * Sending
 */

export const sys_kill = SYSCALL_DEFINE('kill', { pid: int, sig: signo }, (task, { pid, sig }) =>
  kill_something_info(task, sig, user_siginfo(sig, SI_USER, task), pid),
);

export const sys_tkill = SYSCALL_DEFINE('tkill', { pid: int, sig: signo }, (task, { pid, sig }) =>
  pid <= 0 ? -EINVAL : do_send_specific(task, 0, pid, sig, tkill_siginfo(sig, task)),
);

export const sys_tgkill = SYSCALL_DEFINE(
  'tgkill',
  { tgid: int, pid: int, sig: signo },
  (task, { tgid, pid, sig }) =>
    pid <= 0 || tgid <= 0 ? -EINVAL : do_send_specific(task, tgid, pid, sig, tkill_siginfo(sig, task)),
);

/** Only to oneself may a program pretend that a signal came from the kernel or from kill(). */
const forged = (info: KernelSigInfo): boolean => info.si_code >= 0 || info.si_code === SI_TKILL;

export const sys_rt_sigqueueinfo = SYSCALL_DEFINE(
  'rt_sigqueueinfo',
  { pid: int, sig: signo, uinfo: ptr },
  (task, { pid, sig, uinfo }) => {
    const info = copy_siginfo_from_user(task, uinfo, sig);
    if (typeof info === 'number') return info;
    if (forged(info) && task.pid !== pid) return -EPERM;
    return kill_pid_info(sig, info, find_vpid(task, pid));
  },
);

export const sys_rt_tgsigqueueinfo = SYSCALL_DEFINE(
  'rt_tgsigqueueinfo',
  { tgid: int, pid: int, sig: signo, uinfo: ptr },
  (task, { tgid, pid, sig, uinfo }) => {
    const info = copy_siginfo_from_user(task, uinfo, sig);
    if (typeof info === 'number') return info;
    if (pid <= 0 || tgid <= 0) return -EINVAL;
    if (forged(info) && task.pid !== pid) return -EPERM;
    return do_send_specific(task, tgid, pid, sig, info);
  },
);

/*
 * The alternate stack
 */

export const sys_sigaltstack = SYSCALL_DEFINE(
  'sigaltstack',
  { uss: ptr, uoss: outptr },
  (task, { uss, uoss }) => {
    const sp = task.kernel.arch.user_stack_pointer(task.regs);
    const stack = uss === 0 ? null : memdup_user(task, uss, STACK_T_SIZE);
    if (typeof stack === 'number') return stack;

    const old = current_altstack(task, sp);
    const err = stack ? set_altstack(task, stack_t_from_bytes(stack), sp) : 0;
    if (err < 0 || uoss === 0) return err;
    const bytes = new Uint8Array(STACK_T_SIZE);
    stack_t_to_bytes(bytes, 0, old);
    return copy_to_user(task, uoss, bytes) ? -EFAULT : 0;
  },
);
