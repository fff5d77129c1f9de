/*
 * kernel/time/itimer.ts - three alarm clocks for a process
 *
 * Linux:   kernel/time/itimer.c (v6.12)
 * Manual:  setitimer(2)
 */

import type { Task } from '../include/linux/sched.ts';
import type { SignalStruct } from '../include/linux/signal.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL } from '../include/uapi/errno.ts';
import { SIGALRM, SIGPROF, SIGVTALRM } from '../include/uapi/signal.ts';
import { PIDTYPE_TGID } from '../pid.ts';
import { put_timeval } from '../sched/cputime.ts';
import { group_send_sig_info, SEND_SIG_PRIV } from '../signal.ts';
import { get_unaligned_sle64 } from '../lib/bytes.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import { enumeration, outptr, ptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { HrTimer } from './hrtimer.ts';
import { CPUCLOCK_PROF, CPUCLOCK_VIRT, CpuTimer } from './posix-cpu-timers.ts';
import { KTIME_SEC_MAX, NSEC_PER_SEC, NSEC_PER_USEC } from './timekeeping.ts';

const ITIMER_REAL = 0; //    wall-clock time, SIGALRM
const ITIMER_VIRTUAL = 1; // user time of the process, SIGVTALRM
const ITIMER_PROF = 2; //    user and system time, SIGPROF

/** ITIMER_VIRTUAL or ITIMER_PROF. */
export interface CpuItimer {
  readonly timer: CpuTimer;
  /** ns between expiries; 0: once. */
  incr: number;
}

/** Both in ns; `value` 0: off. */
interface ItimerVal {
  readonly value: number;
  readonly interval: number;
}

const ITIMERVAL_SIZE = 32;
const which_names = enumeration({ ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF });

export const sys_getitimer = SYSCALL_DEFINE(
  'getitimer',
  { which: which_names, value: outptr },
  (task, { which, value }) => {
    const now = do_getitimer(task, which);
    return typeof now === 'number' ? now : put_itimerval(task, value, now);
  },
);

export const sys_setitimer = SYSCALL_DEFINE(
  'setitimer',
  { which: which_names, value: ptr, ovalue: outptr },
  (task, { which, value, ovalue }) => {
    // Without a value the timer is switched off: an old misfeature that programs rely on.
    const wanted = value ? get_itimerval(task, value) : { value: 0, interval: 0 };
    if (typeof wanted === 'number') return wanted;
    const old = do_getitimer(task, which);
    if (typeof old === 'number') return old;
    do_setitimer(task, which, wanted);
    return ovalue ? put_itimerval(task, ovalue, old) : 0;
  },
);

function do_getitimer(task: Task, which: number): ItimerVal | number {
  const { signal } = task;
  if (which === ITIMER_REAL) return itimer_real(signal);
  if (which !== ITIMER_VIRTUAL && which !== ITIMER_PROF) return -EINVAL;
  const it = signal.it[which - 1];
  if (!it) return { value: 0, interval: 0 };
  return { value: it.timer.armed ? left(it.timer.expires - it.timer.now()) : 0, interval: it.incr };
}

function itimer_real({ real_timer, it_real_incr }: SignalStruct): ItimerVal {
  return { value: real_timer?.queued ? left(real_timer.remaining()) : 0, interval: it_real_incr };
}

/** An armed timer never shows 0, which would mean that it is off. */
const left = (ns: number): number => Math.max(ns, NSEC_PER_USEC);

function do_setitimer(task: Task, which: number, { value, interval }: ItimerVal): void {
  if (which !== ITIMER_REAL) return set_cpu_itimer(task, which, value, interval);
  const { signal, kernel } = task;
  signal.real_timer ??= new HrTimer(kernel, () => it_real_fn(signal));
  signal.it_real_incr = value ? interval : 0;
  if (value) signal.real_timer.start(kernel.time.monotonicNs() + value);
  else signal.real_timer.cancel();
}

/** The signal goes to the process: whoever leads it now. */
function it_real_fn(signal: SignalStruct): void {
  for (const task of signal.threads) {
    group_send_sig_info(SIGALRM, SEND_SIG_PRIV, task, PIDTYPE_TGID);
    return;
  }
}

/** Its signal was taken: only now does a periodic ITIMER_REAL go on. */
export function it_real_rearm({ signal }: Task): void {
  const { real_timer, it_real_incr } = signal;
  if (!real_timer || real_timer.queued || !it_real_incr) return;
  real_timer.forward(it_real_incr);
  real_timer.start(real_timer.expires);
}

function set_cpu_itimer(task: Task, which: number, value: number, interval: number): void {
  const { it } = task.signal;
  const sig = which === ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF;
  const clock = which === ITIMER_VIRTUAL ? CPUCLOCK_VIRT : CPUCLOCK_PROF;
  const slot = it[which - 1] ?? {
    timer: new CpuTimer(task.group_leader, clock, false, (timer) =>
      cpu_itimer_fn(task.signal, which, timer, sig),
    ),
    incr: 0,
  };
  it[which - 1] = slot;
  slot.incr = value ? interval : 0;
  if (value) slot.timer.start(slot.timer.now() + value);
  else slot.timer.cancel();
}

function cpu_itimer_fn(signal: SignalStruct, which: number, timer: CpuTimer, sig: number): void {
  const { incr } = signal.it[which - 1]!;
  if (incr) timer.start(timer.expires + incr);
  group_send_sig_info(sig, SEND_SIG_PRIV, timer.task, PIDTYPE_TGID);
}

/** The process ends. */
export function cancel_itimers({ signal }: Task): void {
  signal.real_timer?.cancel();
  for (const it of signal.it) it?.timer.cancel();
}

function get_itimerval(task: Task, from: UserPtr): ItimerVal | number {
  const bytes = memdup_user(task, from, ITIMERVAL_SIZE);
  if (typeof bytes === 'number') return bytes;
  const interval = timeval_ns(bytes, 0);
  const value = timeval_ns(bytes, 16);
  return interval < 0 || value < 0 ? -EINVAL : { interval, value };
}

/** -EINVAL for what is no time. */
function timeval_ns(bytes: Uint8Array, at: number): number {
  const sec = get_unaligned_sle64(bytes, at);
  const usec = get_unaligned_sle64(bytes, at + 8);
  if (sec < 0 || usec < 0 || usec >= 1_000_000) return -EINVAL;
  return Math.min(sec, KTIME_SEC_MAX) * NSEC_PER_SEC + usec * NSEC_PER_USEC;
}

function put_itimerval(task: Task, to: UserPtr, { interval, value }: ItimerVal): number {
  const bytes = new Uint8Array(ITIMERVAL_SIZE);
  put_timeval(bytes, 0, interval);
  put_timeval(bytes, 16, value);
  return copy_to_user(task, to, bytes) ? -EFAULT : 0;
}
