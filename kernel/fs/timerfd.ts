/*
 * kernel/fs/timerfd.ts - a timer as a file
 *
 * Linux:   fs/timerfd.c (v6.12)
 * Manual:  timerfd_create(2)
 * Absent:  alarms that wake the machine: there is no suspend, so they are ordinary timers
 */

import { CAP_WAKE_ALARM, capable } from '../cred.ts';
import type { File, FileOperations, Kiocb, PollTable, Timespec } from '../include/linux/fs.ts';
import type { Task } from '../include/linux/sched.ts';
import type { UserPtr } from '../include/linux/types.ts';
import { EAGAIN, ECANCELED, EFAULT, EINVAL, EPERM } from '../include/uapi/errno.ts';
import { EPOLLIN } from '../include/uapi/eventpoll.ts';
import { O_CLOEXEC, O_NONBLOCK, O_RDWR } from '../include/uapi/fcntl.ts';
import { put_unaligned_le64 } from '../lib/bytes.ts';
import type { IovIter } from '../lib/iov_iter.ts';
import { copy_to_user, memdup_user } from '../lib/usercopy.ts';
import { type Sleeps, WaitQueueHead, wait_event_interruptible, wake_up_poll } from '../sched/wait.ts';
import { bits, int, outptr, ptr, SYSCALL_DEFINE } from '../syscalls/define.ts';
import { HrTimer } from '../time/hrtimer.ts';
import { timespec_from_bytes, timespec_to_bytes } from '../time/time.ts';
import { ns_to_timespec64, timespec64_to_ns, timespec64_valid } from '../time/timekeeping.ts';
import { anon_inode_getfile } from './anon_inodes.ts';
import { fd_install_new, fdget } from './file.ts';
import { noop_llseek } from './libfs.ts';
import { timens_ktime_to_host } from '../time/namespace.ts';

const TFD_TIMER_ABSTIME = 1;
const TFD_TIMER_CANCEL_ON_SET = 2;
const TFD_CLOEXEC = O_CLOEXEC;
const TFD_NONBLOCK = O_NONBLOCK;
const TICKS_SIZE = 8;

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const CLOCK_BOOTTIME = 7;
const CLOCK_REALTIME_ALARM = 8;
const CLOCK_BOOTTIME_ALARM = 9;
const ALARMS: readonly number[] = [CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM];
const WALL_CLOCKS: readonly number[] = [CLOCK_REALTIME, CLOCK_REALTIME_ALARM];
const CLOCKS: readonly number[] = [CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, ...ALARMS];

interface TimerFd {
  readonly clockid: number;
  readonly timer: HrTimer;
  /** ns between expiries; 0: there is only one. */
  interval: number;
  /** It expired, and nobody has looked since. */
  expired: boolean;
  ticks: number;
  /** Of the last timerfd_settime(), for /proc. */
  settime_flags: number;
  /** TFD_TIMER_CANCEL_ON_SET, and the wall clock was set: reading fails once. */
  canceled: boolean;
  readonly wqh: WaitQueueHead;
}

const ctx_of = (file: File): TimerFd => file.private_data as TimerFd;

/** The time of a periodic timer that nobody looked at stands still; now it goes on, and what was missed is counted. */
function catch_up(ctx: TimerFd): void {
  if (!ctx.expired || ctx.interval === 0) return;
  ctx.ticks += ctx.timer.forward(ctx.interval) - 1;
  ctx.timer.start(ctx.timer.expires);
}

function* timerfd_read(task: Task, { file }: Kiocb, to: IovIter): Sleeps<number> {
  const ctx = ctx_of(file);
  if (to.count < TICKS_SIZE) return -EINVAL;
  const ready = (): boolean => ctx.ticks > 0 || ctx.canceled;
  if (!ready() && file.f_flags & O_NONBLOCK) return -EAGAIN;
  const err = yield* wait_event_interruptible(task, ctx.wqh, ready);
  if (err < 0) return err;
  if (ctx.canceled) return take_canceled(ctx);

  catch_up(ctx);
  const bytes = new Uint8Array(TICKS_SIZE);
  put_unaligned_le64(ctx.ticks, bytes, 0);
  ctx.expired = false;
  ctx.ticks = 0;
  return to.copy_to_iter(bytes) < TICKS_SIZE ? -EFAULT : TICKS_SIZE;
}

function take_canceled(ctx: TimerFd): number {
  ctx.canceled = false;
  ctx.ticks = 0;
  ctx.expired = false;
  return -ECANCELED;
}

function timerfd_poll(file: File, table: PollTable): number {
  const ctx = ctx_of(file);
  table?.(ctx.wqh);
  return ctx.ticks > 0 || ctx.canceled ? EPOLLIN : 0;
}

function timerfd_release(file: File): void {
  const ctx = ctx_of(file);
  ctx.timer.cancel();
  ctx.timer.kernel.hrtimers.on_clock_set.delete(ctx);
}

function timerfd_show_fdinfo(file: File): string {
  const { clockid, ticks, settime_flags, interval, timer } = ctx_of(file);
  const spec = (ns: number): string => {
    const { sec, nsec } = ns_to_timespec64(ns);
    return `(${sec}, ${nsec})`;
  };
  const left = timer.queued ? Math.max(0, timer.remaining()) : 0;
  return (
    `clockid: ${clockid}\nticks: ${ticks}\nsettime flags: 0${settime_flags.toString(8)}\n` +
    `it_value: ${spec(left)}\nit_interval: ${spec(interval)}\n`
  );
}

const timerfd_fops: FileOperations = {
  llseek: noop_llseek,
  read_iter: timerfd_read,
  poll: timerfd_poll,
  release: timerfd_release,
  show_fdinfo: timerfd_show_fdinfo,
};

/** Linux: timerfd_tmrproc(). */
function timerfd_triggered(ctx: TimerFd): void {
  ctx.expired = true;
  ctx.ticks++;
  wake_up_poll(ctx.wqh, EPOLLIN);
}

export const sys_timerfd_create = SYSCALL_DEFINE(
  'timerfd_create',
  { clockid: int, flags: bits({ TFD_CLOEXEC, TFD_NONBLOCK }) },
  (task, { clockid, flags }) => {
    if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK) || !CLOCKS.includes(clockid)) return -EINVAL;
    if (ALARMS.includes(clockid) && !capable(task, CAP_WAKE_ALARM)) return -EPERM;
    const ctx: TimerFd = {
      clockid,
      timer: new HrTimer(task.kernel, () => timerfd_triggered(ctx)),
      interval: 0,
      expired: false,
      ticks: 0,
      settime_flags: 0,
      canceled: false,
      wqh: new WaitQueueHead(),
    };
    const file = anon_inode_getfile(task, '[timerfd]', timerfd_fops, ctx, O_RDWR | (flags & TFD_NONBLOCK));
    return fd_install_new(task, file, flags & TFD_CLOEXEC);
  },
);

function timerfd_fget(task: Task, fd: number): TimerFd | number {
  const file = fdget(task, fd);
  if (typeof file === 'number') return file;
  return file.f_op === timerfd_fops ? ctx_of(file) : -EINVAL;
}

/* struct itimerspec */
const ITIMERSPEC_SIZE = 32;

interface ItimerSpec {
  readonly interval: Timespec;
  readonly value: Timespec;
}

function get_itimerspec(task: Task, from: UserPtr): ItimerSpec | number {
  const bytes = memdup_user(task, from, ITIMERSPEC_SIZE);
  if (typeof bytes === 'number') return bytes;
  return { interval: timespec_from_bytes(bytes, 0), value: timespec_from_bytes(bytes, 16) };
}

/** What is left, which is nothing when it stands still, and what comes after. */
function put_itimerspec(task: Task, to: UserPtr, ctx: TimerFd): number {
  const left = ctx.timer.queued ? Math.max(0, ctx.timer.remaining()) : 0;
  const bytes = new Uint8Array(ITIMERSPEC_SIZE);
  timespec_to_bytes(bytes, 0, ns_to_timespec64(ctx.interval));
  timespec_to_bytes(bytes, 16, ns_to_timespec64(left));
  return copy_to_user(task, to, bytes) ? -EFAULT : 0;
}

export const sys_timerfd_settime = SYSCALL_DEFINE(
  'timerfd_settime',
  { ufd: int, flags: bits({ TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET }), utmr: ptr, otmr: outptr },
  (task, { ufd, flags, utmr, otmr }) => {
    const spec = get_itimerspec(task, utmr);
    if (typeof spec === 'number') return spec;
    if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) return -EINVAL;
    if (!timespec64_valid(spec.value) || !timespec64_valid(spec.interval)) return -EINVAL;
    const ctx = timerfd_fget(task, ufd);
    if (typeof ctx === 'number') return ctx;
    if (ALARMS.includes(ctx.clockid) && !capable(task, CAP_WAKE_ALARM)) return -EPERM;

    if (ctx.expired && ctx.interval) ctx.timer.forward(ctx.interval); // so that the old setting is told as it is now
    const err = otmr ? put_itimerspec(task, otmr, ctx) : 0;
    timerfd_setup(task, ctx, flags, spec);
    return err;
  },
);

function timerfd_setup(task: Task, ctx: TimerFd, flags: number, { value, interval }: ItimerSpec): void {
  const { timer, clockid } = ctx;
  const absolute = (flags & TFD_TIMER_ABSTIME) !== 0;
  const wall = WALL_CLOCKS.includes(clockid);
  timer.cancel();
  ctx.expired = false;
  ctx.ticks = 0;
  ctx.interval = timespec64_to_ns(interval);
  ctx.settime_flags = flags;
  setup_cancel(ctx, wall && absolute && (flags & TFD_TIMER_CANCEL_ON_SET) !== 0);
  const ns = timespec64_to_ns(value);
  if (ns === 0) return;
  if (absolute && wall) timer.start_realtime(value);
  else timer.start(absolute ? timens_ktime_to_host(task, clockid, ns) : timer.kernel.time.monotonicNs() + ns);
}

function setup_cancel(ctx: TimerFd, wanted: boolean): void {
  const { on_clock_set } = ctx.timer.kernel.hrtimers;
  if (wanted) on_clock_set.set(ctx, () => timerfd_clock_was_set(ctx));
  else on_clock_set.delete(ctx);
}

function timerfd_clock_was_set(ctx: TimerFd): void {
  ctx.canceled = true;
  wake_up_poll(ctx.wqh, EPOLLIN);
}

export const sys_timerfd_gettime = SYSCALL_DEFINE(
  'timerfd_gettime',
  { ufd: int, otmr: outptr },
  (task, { ufd, otmr }) => {
    const ctx = timerfd_fget(task, ufd);
    if (typeof ctx === 'number') return ctx;
    if (ctx.expired && ctx.interval) {
      catch_up(ctx);
      ctx.expired = false;
    }
    return put_itimerspec(task, otmr, ctx);
  },
);
