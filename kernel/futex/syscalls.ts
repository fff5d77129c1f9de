/*
 * kernel/futex/syscalls.ts - futex()
 *
 * Linux:   kernel/futex/syscalls.c (v6.12)
 * Manual:  futex(2)
 * Absent:  FUTEX_*_PI (ENOSYS), futex_waitv() and the calls of futex2
 */

import type { Task } from '../include/linux/sched.ts';
import { NULL, TASK_SIZE, type UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL, ENOSYS, EPERM, ESRCH } from '../include/uapi/errno.ts';
import { put_user_u64 } from '../lib/usercopy.ts';
import { PTRACE_MODE_READ_REALCREDS, ptrace_may_access } from '../ptrace.ts';
import type { Sleeps } from '../sched/wait.ts';
import { type ArgType, int, outptr, ptr, SYSCALL_DEFINE, size, uint } from '../syscalls/define.ts';
import { get_timespec64 } from '../time/time.ts';
import { timespec64_to_ns, timespec64_valid } from '../time/timekeeping.ts';
import {
  FUTEX_BITSET_MATCH_ANY,
  type FutexTimeout,
  futex_requeue,
  futex_wait,
  futex_wake,
  futex_wake_op,
} from './core.ts';
import { ROBUST_LIST_HEAD_SIZE } from './robust.ts';
import { find_task_by_vpid } from '../pid.ts';

const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const FUTEX_REQUEUE = 3;
const FUTEX_CMP_REQUEUE = 4;
const FUTEX_WAKE_OP = 5;
const FUTEX_WAIT_BITSET = 9;
const FUTEX_WAKE_BITSET = 10;
const FUTEX_PRIVATE_FLAG = 128;
const FUTEX_CLOCK_REALTIME = 256;

interface FutexArgs {
  readonly uaddr: UserPtr;
  readonly shared: boolean;
  readonly val: number;
  readonly timeout: FutexTimeout;
  /** The fourth argument where it is a number. */
  readonly val2: number;
  readonly uaddr2: UserPtr;
  readonly val3: number;
}

type FutexOp = (task: Task, a: FutexArgs) => number | Sleeps<number>;

// biome-ignore format: columns teach
const FUTEX_OPS: ReadonlyMap<number, FutexOp> = new Map<number, FutexOp>([
  [FUTEX_WAIT,        (task, a) => futex_wait(task, a.uaddr, a.shared, a.val, a.timeout, FUTEX_BITSET_MATCH_ANY)],
  [FUTEX_WAIT_BITSET, (task, a) => futex_wait(task, a.uaddr, a.shared, a.val, a.timeout, a.val3)],
  [FUTEX_WAKE,        (task, a) => futex_wake(task, a.uaddr, a.shared, a.val | 0, FUTEX_BITSET_MATCH_ANY)],
  [FUTEX_WAKE_BITSET, (task, a) => futex_wake(task, a.uaddr, a.shared, a.val | 0, a.val3)],
  [FUTEX_REQUEUE,     (task, a) => futex_requeue(task, a.uaddr, a.uaddr2, a.shared, a.val | 0, a.val2, null)],
  [FUTEX_CMP_REQUEUE, (task, a) => futex_requeue(task, a.uaddr, a.uaddr2, a.shared, a.val | 0, a.val2, a.val3)],
  [FUTEX_WAKE_OP,     (task, a) => futex_wake_op(task, a.uaddr, a.uaddr2, a.shared, a.val | 0, a.val2, a.val3)],
]);

// biome-ignore format: columns teach
const OP_NAMES = [
  'FUTEX_WAIT', 'FUTEX_WAKE', 'FUTEX_FD', 'FUTEX_REQUEUE', 'FUTEX_CMP_REQUEUE', 'FUTEX_WAKE_OP', 'FUTEX_LOCK_PI',
  'FUTEX_UNLOCK_PI', 'FUTEX_TRYLOCK_PI', 'FUTEX_WAIT_BITSET', 'FUTEX_WAKE_BITSET', 'FUTEX_WAIT_REQUEUE_PI',
  'FUTEX_CMP_REQUEUE_PI', 'FUTEX_LOCK_PI2',
];

const op_type: ArgType<number> = {
  decode: int.decode,
  format: (op) =>
    (OP_NAMES[op & 0x7f] ?? `0x${(op & 0x7f).toString(16)}`) +
    (op & FUTEX_PRIVATE_FLAG ? '_PRIVATE' : '') +
    (op & FUTEX_CLOCK_REALTIME ? '|FUTEX_CLOCK_REALTIME' : ''),
};

export const sys_futex = SYSCALL_DEFINE(
  'futex',
  { uaddr: ptr, op: op_type, val: uint, utime: ptr, uaddr2: ptr, val3: uint },
  (task, { uaddr, op, val, utime, uaddr2, val3 }) => {
    const cmd = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    const wall = (op & FUTEX_CLOCK_REALTIME) !== 0;
    const waits = cmd === FUTEX_WAIT || cmd === FUTEX_WAIT_BITSET;
    const timeout = waits && utime !== NULL ? futex_timeout(task, utime, cmd, wall) : null;
    if (typeof timeout === 'number' && timeout < 0) return timeout;
    if (wall && cmd !== FUTEX_WAIT_BITSET) return -ENOSYS;
    const run = FUTEX_OPS.get(cmd);
    if (!run) return -ENOSYS;
    const shared = !(op & FUTEX_PRIVATE_FLAG);
    return run(task, { uaddr, shared, val, timeout, val2: low_word(utime), uaddr2, val3 });
  },
);

/** FUTEX_WAIT says how long, FUTEX_WAIT_BITSET until when. */
function futex_timeout(task: Task, utime: UserPtr, cmd: number, wall: boolean): FutexTimeout {
  const ts = get_timespec64(task, utime);
  if (typeof ts === 'number') return ts;
  if (!timespec64_valid(ts)) return -EINVAL;
  if (cmd === FUTEX_WAIT) return task.kernel.time.monotonicNs() + timespec64_to_ns(ts);
  return wall ? ts : timespec64_to_ns(ts);
}

/** The fourth argument again, as the int it is for the operations without a timeout. */
const low_word = (utime: UserPtr): number => (utime >= TASK_SIZE ? -1 : utime | 0);

export const sys_set_robust_list = SYSCALL_DEFINE(
  'set_robust_list',
  { head: ptr, len: size },
  (task, { head, len }) => {
    if (len !== ROBUST_LIST_HEAD_SIZE) return -EINVAL;
    task.robust_list = head;
    return 0;
  },
);

export const sys_get_robust_list = SYSCALL_DEFINE(
  'get_robust_list',
  { pid: int, head_ptr: outptr, len_ptr: outptr },
  (task, { pid, head_ptr, len_ptr }) => {
    const target = pid ? find_task_by_vpid(task, pid) : task;
    if (!target) return -ESRCH;
    if (!ptrace_may_access(task, target, PTRACE_MODE_READ_REALCREDS)) return -EPERM;
    if (put_user_u64(task, len_ptr, ROBUST_LIST_HEAD_SIZE)) return -EFAULT;
    return put_user_u64(task, head_ptr, target.robust_list);
  },
);
