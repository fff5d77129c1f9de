/*
 * kernel/time/posix-timers.ts - timers that a program makes itself
 *
 * Linux:   kernel/time/posix-timers.c (v6.12)
 * Manual:  timer_create(2), timer_settime(2), timer_getoverrun(2)
 *
 * A timer has one signal queue entry of its own. While that waits to be delivered a periodic timer stands still; what
 * it missed meanwhile is counted when the signal is taken, and told as the overrun.
 */

import type { Timespec } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { KernelSigInfo, SigQueue, SigQueueTimer } from '../include/linux/signal.ts';
import { NULL, type UserPtr } from '../include/linux/types.ts';
import { EAGAIN, EFAULT, EINVAL } from '../include/uapi/errno.ts';
import { RLIMIT_SIGPENDING } from '../include/uapi/resource.ts';
import { SI_TIMER } from '../include/uapi/siginfo.ts';
import { SIGALRM } from '../include/uapi/signal.ts';
import { CLOCKS, TIMER_ABSTIME } from '../include/uapi/time.ts';
import { get_unaligned_le32 } from '../lib/bytes.ts';
import { copy_to_user, memdup_user, put_user_u32 } from '../lib/usercopy.ts';
import { PIDTYPE_PID, PIDTYPE_TGID, pid_task, find_vpid } from '../pid.ts';
import { send_sigqueue, sigqueue_alloc, sigqueue_free } from '../signal.ts';
import { bits, enumeration, int, outptr, ptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { HrTimer } from './hrtimer.ts';
import { base_to_realtime, type TimerBase, timer_base } from './posix-clock.ts';
import { CpuTimer } from './posix-cpu-timers.ts';
import { timespec_from_bytes, timespec_to_bytes } from './time.ts';
import { ns_to_timespec64, timespec64_to_ns, timespec64_valid } from './timekeeping.ts';
import { timens_ktime_to_host } from './namespace.ts';

const INT_MAX = 0x7fff_ffff;

const SIGEV_SIGNAL = 0;
const SIGEV_NONE = 1;
const SIGEV_THREAD = 2;
const SIGEV_THREAD_ID = 4;

/** Linux: struct sigevent, checked. */
interface SigEvent {
  readonly notify: number;
  readonly signo: number;
  readonly value: readonly [number, number];
  /** The thread for SIGEV_THREAD_ID. */
  readonly target: Task;
}

export class PosixTimer implements SigQueueTimer {
  readonly id: number;
  readonly event: SigEvent;
  /** ns; 0: once. */
  interval = 0;
  private readonly task: Task;
  private readonly clock: number;
  private readonly base: TimerBase;
  private readonly alarm: HrTimer | CpuTimer;
  private readonly entry: SigQueue;
  /** Armed: it will expire, or it has and waits for its signal to be taken. */
  private armed = false;
  private signalled = false;
  private overrun = 0;
  private overrunLast = 0;
  private deleted = false;

  constructor(
    task: Task,
    id: number,
    clock: number,
    base: TimerBase,
    event: SigEvent,
    makeEntry: (timer: PosixTimer) => SigQueue,
  ) {
    this.task = task;
    this.id = id;
    this.clock = clock;
    this.base = base;
    this.event = event;
    const expired = (): void => this.expired();
    this.alarm =
      typeof base === 'object'
        ? new CpuTimer(base.task, base.which, base.perThread, expired)
        : new HrTimer(task.kernel, expired);
    this.entry = makeEntry(this);
  }

  /** What is left until the next expiry and what comes after, as timer_gettime() tells it. */
  get(): { value: number; interval: number } {
    if (!this.armed) return { value: 0, interval: this.interval };
    const standsStill = this.signalled || this.event.notify === SIGEV_NONE;
    if (this.interval && standsStill) this.overrun += this.forward();
    const value = this.alarm.expires - this.now();
    // An expired one-shot timer has nothing left; any other is just about to expire.
    const once = !this.interval && (this.signalled || this.event.notify === SIGEV_NONE);
    return { value: value > 0 ? value : once ? 0 : 1, interval: this.interval };
  }

  set(absolute: boolean, value: Timespec, interval: number): void {
    this.alarm.cancel();
    this.armed = timespec64_to_ns(value) !== 0;
    this.signalled = false;
    this.overrun = 0;
    this.overrunLast = 0;
    this.interval = this.armed ? interval : 0;
    if (!this.armed) return;
    this.alarm.expires = this.expiryOf(absolute, value);
    if (this.event.notify !== SIGEV_NONE) this.startAlarm(absolute, value);
  }

  getoverrun(): number {
    return Math.min(this.overrunLast, INT_MAX);
  }

  delete(): void {
    this.alarm.cancel();
    this.armed = false;
    this.deleted = true;
    sigqueue_free(this.entry); // one on its way stays in the queue, and is dropped when its turn comes
  }

  posixtimer_deliver_signal(_task: Task, info: KernelSigInfo): boolean {
    if (this.deleted || !this.signalled) return false; // gone, or set anew since
    this.signalled = false;
    if (this.interval && this.armed) {
      this.overrun += this.forward() - 1;
      this.alarm.start(this.alarm.expires);
    } else {
      this.armed = false;
    }
    this.overrunLast = this.overrun;
    this.overrun = 0;
    info.si_overrun = this.getoverrun();
    return true;
  }

  private now(): number {
    return this.alarm instanceof CpuTimer ? this.alarm.now() : this.task.kernel.time.monotonicNs();
  }

  private expiryOf(absolute: boolean, value: Timespec): number {
    const { time } = this.task.kernel;
    if (!absolute) return this.now() + timespec64_to_ns(value);
    if (this.base === 'realtime' || this.base === 'tai')
      return time.realtimeToMonotonic(base_to_realtime(time, this.base, value));
    return timens_ktime_to_host(this.task, this.clock, timespec64_to_ns(value));
  }

  /** An absolute time on the wall clock stays that when the clock is set. */
  private startAlarm(absolute: boolean, value: Timespec): void {
    const { alarm, base } = this;
    if (absolute && alarm instanceof HrTimer && (base === 'realtime' || base === 'tai'))
      alarm.start_realtime(base_to_realtime(this.task.kernel.time, base, value));
    else alarm.start(alarm.expires);
  }

  /** Moves the expiry past now; returns how many intervals that took. */
  private forward(): number {
    const late = this.now() - this.alarm.expires;
    if (late < 0) return 0;
    const steps = Math.floor(late / this.interval) + 1;
    this.alarm.expires += steps * this.interval;
    return steps;
  }

  private expired(): void {
    const { event, task } = this;
    if (this.signalled) {
      this.overrun++;
      return;
    }
    this.entry.info = {
      si_signo: event.signo,
      si_errno: 0,
      si_code: SI_TIMER,
      si_tid: this.id,
      si_overrun: 0,
      si_value: event.value,
    };
    this.signalled = true;
    const thread = (event.notify & SIGEV_THREAD_ID) !== 0;
    const pid = thread ? event.target.thread_pid : task.group_leader.thread_pid;
    const sent = send_sigqueue(this.entry, pid, thread ? PIDTYPE_PID : PIDTYPE_TGID);
    if (sent === 0) return;
    // Nobody will take it (it is ignored): the timer has to go on by itself.
    this.signalled = false;
    if (this.interval) {
      this.overrun += this.forward() - 1;
      this.alarm.start(this.alarm.expires);
    } else this.armed = false;
  }
}

const SIGEVENT_SIZE = 64;

/** Who is told, and how; -EINVAL. Without a sigevent it is SIGALRM to the process, with the timer's id as value. */
const sigevent_ok = (task: Task, from: UserPtr): boolean =>
  from === NULL || typeof memdup_user(task, from, SIGEVENT_SIZE) !== 'number';

function good_sigevent(task: Task, from: UserPtr, id: number): SigEvent | number {
  if (!from) return { notify: SIGEV_SIGNAL, signo: SIGALRM, value: [id, 0], target: task };
  const bytes = memdup_user(task, from, SIGEVENT_SIZE);
  if (typeof bytes === 'number') return bytes;
  const signo = get_unaligned_le32(bytes, 8) | 0;
  const notify = get_unaligned_le32(bytes, 12);
  const value = [get_unaligned_le32(bytes, 0), get_unaligned_le32(bytes, 4)] as const;
  if (notify === SIGEV_NONE) return { notify, signo, value, target: task };
  if (notify !== SIGEV_SIGNAL && notify !== SIGEV_THREAD && notify !== SIGEV_THREAD_ID) return -EINVAL;
  const target = notify === SIGEV_THREAD_ID ? threadOf(task, get_unaligned_le32(bytes, 16) | 0) : task;
  if (!target || signo <= 0 || signo > 64) return -EINVAL;
  return { notify, signo, value, target };
}

function threadOf(task: Task, nr: number): Task | null {
  const thread = pid_task(find_vpid(task, nr), PIDTYPE_PID);
  return thread?.signal === task.signal ? thread : null;
}

export const sys_timer_create = SYSCALL_DEFINE(
  'timer_create',
  { which_clock: enumeration(CLOCKS), timer_event_spec: ptr, created_timer_id: outptr },
  (task, { which_clock, timer_event_spec, created_timer_id }) => {
    if (!sigevent_ok(task, timer_event_spec)) return -EFAULT;
    const base = timer_base(task, which_clock);
    // Whose CPU clock it is to be is asked last.
    if (typeof base === 'number' && (base !== -EINVAL || which_clock >= 0)) return base;
    const { signal } = task;
    const id = posix_timer_add(task);
    const event = good_sigevent(task, timer_event_spec, id);
    if (typeof event === 'number') return event;
    if (task.cred.user.sigpending + 1 > signal.rlim[RLIMIT_SIGPENDING]!.cur) return -EAGAIN;
    if (put_user_u32(task, created_timer_id, id)) return -EFAULT;
    if (typeof base === 'number') return base;
    signal.posix_timers.set(
      id,
      new PosixTimer(
        task.group_leader,
        id,
        which_clock,
        base,
        event,
        (timer) => sigqueue_alloc(task, true, timer)!,
      ),
    );
    return 0;
  },
);

/** The next free number of the process. */
function posix_timer_add({ signal }: Task): number {
  let id = signal.next_posix_timer_id;
  while (signal.posix_timers.has(id)) id = (id + 1) & INT_MAX;
  signal.next_posix_timer_id = (id + 1) & INT_MAX;
  return id;
}

const ITIMERSPEC_SIZE = 32;

export const sys_timer_gettime = SYSCALL_DEFINE(
  'timer_gettime',
  { timer_id: int, setting: outptr },
  (task, { timer_id, setting }) => {
    const timer = task.signal.posix_timers.get(timer_id);
    return timer ? put_itimerspec(task, setting, timer) : -EINVAL;
  },
);

export const sys_timer_settime = SYSCALL_DEFINE(
  'timer_settime',
  { timer_id: int, flags: bits({ TIMER_ABSTIME }), new_setting: ptr, old_setting: outptr },
  (task, { timer_id, flags, new_setting, old_setting }) => {
    if (!new_setting) return -EINVAL;
    const bytes = memdup_user(task, new_setting, ITIMERSPEC_SIZE);
    if (typeof bytes === 'number') return bytes;
    const interval = timespec_from_bytes(bytes, 0);
    const value = timespec_from_bytes(bytes, 16);
    if (!timespec64_valid(interval) || !timespec64_valid(value)) return -EINVAL;
    const timer = task.signal.posix_timers.get(timer_id);
    if (!timer) return -EINVAL;

    const old = itimerspecOf(timer);
    timer.set((flags & TIMER_ABSTIME) !== 0, value, timespec64_to_ns(interval));
    return old_setting && copy_to_user(task, old_setting, old) ? -EFAULT : 0;
  },
);

function itimerspecOf(timer: PosixTimer): Uint8Array {
  const { value, interval } = timer.get();
  const bytes = new Uint8Array(ITIMERSPEC_SIZE);
  timespec_to_bytes(bytes, 0, ns_to_timespec64(interval));
  timespec_to_bytes(bytes, 16, ns_to_timespec64(value));
  return bytes;
}

const put_itimerspec = (task: Task, to: UserPtr, timer: PosixTimer): number =>
  copy_to_user(task, to, itimerspecOf(timer)) ? -EFAULT : 0;

export const sys_timer_getoverrun = SYSCALL_DEFINE(
  'timer_getoverrun',
  { timer_id: int },
  (task, { timer_id }) => {
    const timer = task.signal.posix_timers.get(timer_id);
    return timer ? timer.getoverrun() : -EINVAL;
  },
);

export const sys_timer_delete = SYSCALL_DEFINE('timer_delete', { timer_id: int }, (task, { timer_id }) => {
  const { posix_timers } = task.signal;
  const timer = posix_timers.get(timer_id);
  if (!timer) return -EINVAL;
  timer.delete();
  posix_timers.delete(timer_id);
  return 0;
});

/** The process ends, or becomes another program: "POSIX timers are disarmed and deleted during an execve" - timer_create(2) */
export function exit_itimers({ signal }: Task): void {
  for (const timer of signal.posix_timers.values()) timer.delete();
  signal.posix_timers.clear();
}
