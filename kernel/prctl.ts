/*
 * kernel/prctl.ts - one call for everything that has no call of its own
 *
 * Linux:   kernel/sys.c (prctl), security/commoncap.c (cap_task_prctl), kernel/capability.c (v6.12)
 * Manual:  prctl(2)
 * Differs: a file of its own; one row for each operation
 * Absent:  PR_SET_MM and what else is not in the table: EINVAL
 */

import { CAP_EMPTY_SET, ns_capable, cap_raised, commit_creds, prepare_creds } from './cred.ts';
import { set_syscall_user_dispatch } from './entry/syscall_user_dispatch.ts';
import type { Task } from './include/linux/sched.ts';
import type { UserPtr } from './include/linux/types.ts';
import { CAP_LAST_CAP, CAP_SETPCAP } from './include/uapi/capability.ts';
import { EFAULT, EINVAL, EPERM } from './include/uapi/errno.ts';
import { valid_signal } from './include/uapi/signal.ts';
import { string_to_bytes } from './lib/bytes.ts';
import { copy_to_user, put_user_u32, put_user_u64, strncpy_from_user } from './lib/usercopy.ts';
import { prctl_get_seccomp, prctl_set_seccomp } from './seccomp.ts';
import {
  cap_combine,
  cap_drop,
  cap_of,
  SECBIT_KEEP_CAPS,
  SECBIT_KEEP_CAPS_LOCKED,
  SECBIT_NO_CAP_AMBIENT_RAISE,
  SECURE_ALL_BITS,
  SECURE_ALL_LOCKS,
} from './security/commoncap.ts';
import { yama_set_ptracer } from './security/yama.ts';
import { enumeration, reg64, SYSCALL_DEFINE, ulong, user_ptr, type ArgType } from './syscalls/define.ts';

/** The arguments behind the operation: as numbers, and as what else they may be. */
interface Args {
  readonly a2: number;
  readonly a3: number;
  readonly a4: number;
  readonly a5: number;
  readonly p2: UserPtr;
  readonly p3: UserPtr;
  /** The last three with all their 64 bits. */
  readonly exact: readonly [bigint, bigint, bigint];
}

type Operation = (task: Task, args: Args) => number;

const PR_SET_PDEATHSIG = 1;
const PR_GET_PDEATHSIG = 2;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const PR_GET_KEEPCAPS = 7;
const PR_SET_KEEPCAPS = 8;
const PR_GET_TIMING = 13;
const PR_SET_TAGGED_ADDR_CTRL = 55;
const PR_GET_TAGGED_ADDR_CTRL = 56;
const PR_SET_TIMING = 14;
const PR_SET_NAME = 15;
const PR_GET_NAME = 16;
const PR_GET_SECCOMP = 21;
const PR_SET_SECCOMP = 22;
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_GET_SECUREBITS = 27;
const PR_SET_SECUREBITS = 28;
const PR_SET_TIMERSLACK = 29;
const PR_GET_TIMERSLACK = 30;
const PR_SET_CHILD_SUBREAPER = 36;
const PR_GET_CHILD_SUBREAPER = 37;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_GET_NO_NEW_PRIVS = 39;
const PR_GET_TID_ADDRESS = 40;
const PR_SET_THP_DISABLE = 41;
const PR_GET_THP_DISABLE = 42;
const PR_CAP_AMBIENT = 47;
const PR_SET_SYSCALL_USER_DISPATCH = 59;
const PR_SET_PTRACER = 0x5961_6d61;

const OPERATION_NAMES = {
  PR_SET_PDEATHSIG,
  PR_GET_PDEATHSIG,
  PR_GET_DUMPABLE,
  PR_SET_DUMPABLE,
  PR_GET_KEEPCAPS,
  PR_SET_KEEPCAPS,
  PR_GET_TIMING,
  PR_SET_TIMING,
  PR_SET_NAME,
  PR_GET_NAME,
  PR_GET_SECCOMP,
  PR_SET_SECCOMP,
  PR_CAPBSET_READ,
  PR_CAPBSET_DROP,
  PR_GET_SECUREBITS,
  PR_SET_SECUREBITS,
  PR_SET_TIMERSLACK,
  PR_GET_TIMERSLACK,
  PR_SET_CHILD_SUBREAPER,
  PR_GET_CHILD_SUBREAPER,
  PR_SET_NO_NEW_PRIVS,
  PR_GET_NO_NEW_PRIVS,
  PR_GET_TID_ADDRESS,
  PR_SET_THP_DISABLE,
  PR_GET_THP_DISABLE,
  PR_CAP_AMBIENT,
  PR_SET_SYSCALL_USER_DISPATCH,
  PR_SET_PTRACER,
};

// biome-ignore format: columns teach
const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [PR_SET_PDEATHSIG,       set_pdeathsig],
  [PR_GET_PDEATHSIG,       (task, { p2 }) => put_user_u32(task, p2, task.pdeath_signal)],
  [PR_GET_DUMPABLE,        (task) => task.mm!.dumpable],
  [PR_SET_DUMPABLE,        set_dumpable],
  [PR_GET_KEEPCAPS,        (task) => (task.cred.securebits & SECBIT_KEEP_CAPS ? 1 : 0)],
  [PR_SET_KEEPCAPS,        set_keepcaps],
  [PR_GET_TIMING,          () => 0],
  [PR_SET_TIMING,          (_task, { a2 }) => (a2 === 0 ? 0 : -EINVAL)],
  [PR_SET_NAME,            set_name],
  [PR_GET_NAME,            get_name],
  [PR_GET_SECCOMP,         prctl_get_seccomp],
  [PR_SET_SECCOMP,         (task, { a2, p3 }) => prctl_set_seccomp(task, a2, p3)],
  [PR_CAPBSET_READ,        (task, { a2 }) => (a2 <= CAP_LAST_CAP ? Number(cap_raised(task.cred.cap_bset, a2)) : -EINVAL)],
  [PR_CAPBSET_DROP,        cap_prctl_drop],
  [PR_GET_SECUREBITS,      (task) => task.cred.securebits],
  [PR_SET_SECUREBITS,      set_securebits],
  [PR_SET_TIMERSLACK,      set_timerslack],
  [PR_GET_TIMERSLACK,      (task) => task.timer_slack_ns],
  [PR_SET_CHILD_SUBREAPER, set_child_subreaper],
  [PR_GET_CHILD_SUBREAPER, (task, { p2 }) => put_user_u32(task, p2, Number(task.signal.is_child_subreaper))],
  [PR_SET_NO_NEW_PRIVS,    set_no_new_privs],
  [PR_GET_NO_NEW_PRIVS,    (task, { a2, a3, a4, a5 }) => (a2 || a3 || a4 || a5 ? -EINVAL : Number(task.no_new_privs))],
  [PR_GET_TID_ADDRESS,     (task, { p2 }) => put_user_u64(task, p2, task.clear_child_tid)],
  [PR_SET_THP_DISABLE,     set_thp_disable],
  [PR_GET_THP_DISABLE,     get_thp_disable],
  [PR_CAP_AMBIENT,         cap_ambient],
  [PR_SET_TAGGED_ADDR_CTRL, (task, { a2, a3, a4, a5 }) => (a3 || a4 || a5 ? -EINVAL : task.kernel.arch.set_tagged_addr_ctrl(task, a2))],
  [PR_GET_TAGGED_ADDR_CTRL, (task, { a2, a3, a4, a5 }) => (a2 || a3 || a4 || a5 ? -EINVAL : task.kernel.arch.get_tagged_addr_ctrl(task))],
  [PR_SET_SYSCALL_USER_DISPATCH, (task, { a2, exact }) => set_syscall_user_dispatch(task, a2, ...exact)],
  [PR_SET_PTRACER,         (task, { a2 }) => yama_set_ptracer(task, a2 >= 2 ** 63 ? -1 : a2 | 0)],
]);

/** An argument as a number, as an address, and exactly. */
const word: ArgType<readonly [number, UserPtr, bigint]> = {
  decode: (words, i, tagged) => [ulong.decode(words, i), user_ptr(words, i, tagged), reg64.decode(words, i)],
  format: ([value], task, words, i, ret) => ulong.format(value, task, words, i, ret),
};

export const sys_prctl = SYSCALL_DEFINE(
  'prctl',
  { option: enumeration(OPERATION_NAMES), arg2: word, arg3: word, arg4: word, arg5: word },
  (task, { option, arg2: [a2, p2], arg3: [a3, p3, e3], arg4: [a4, , e4], arg5: [a5, , e5] }) =>
    OPERATIONS.get(option)?.(task, { a2, a3, a4, a5, p2, p3, exact: [e3, e4, e5] }) ?? -EINVAL,
);

function set_pdeathsig(task: Task, { a2 }: Args): number {
  if (!valid_signal(a2)) return -EINVAL;
  task.pdeath_signal = a2;
  return 0;
}

/** Only yes and no: "suid-dumpable" is for the kernel to say. */
function set_dumpable(task: Task, { a2 }: Args): number {
  if (a2 > 1) return -EINVAL;
  task.mm!.dumpable = a2;
  return 0;
}

function set_keepcaps(task: Task, { a2 }: Args): number {
  if (a2 > 1) return -EINVAL;
  const { securebits } = task.cred;
  if (securebits & SECBIT_KEEP_CAPS_LOCKED) return -EPERM;
  const next = a2 ? securebits | SECBIT_KEEP_CAPS : securebits & ~SECBIT_KEEP_CAPS;
  commit_creds(task, { ...prepare_creds(task), securebits: next });
  return 0;
}

const TASK_COMM_LEN = 16;

/** Longer names are cut. */
function set_name(task: Task, { p2 }: Args): number {
  const name = strncpy_from_user(task, p2, TASK_COMM_LEN - 1);
  if (typeof name === 'number') return name;
  task.comm = name;
  return 0;
}

function get_name(task: Task, { p2 }: Args): number {
  const bytes = new Uint8Array(TASK_COMM_LEN);
  bytes.set(string_to_bytes(task.comm));
  return copy_to_user(task, p2, bytes) ? -EFAULT : 0;
}

function cap_prctl_drop(task: Task, { a2 }: Args): number {
  if (!ns_capable(task, task.cred.user_ns, CAP_SETPCAP)) return -EPERM;
  if (a2 > CAP_LAST_CAP) return -EINVAL;
  const cred = prepare_creds(task);
  cred.cap_bset = cap_drop(cred.cap_bset, cap_of(a2));
  commit_creds(task, cred);
  return 0;
}

/** Bits may change as long as they are not locked; locks stay. */
function set_securebits(task: Task, { a2 }: Args): number {
  const old = task.cred.securebits;
  const locked = (old & SECURE_ALL_LOCKS) >> 1;
  const known = SECURE_ALL_BITS | SECURE_ALL_LOCKS | SECBIT_NO_CAP_AMBIENT_RAISE;
  if ((locked & (old ^ a2)) !== 0 || (old & SECURE_ALL_LOCKS & ~a2) !== 0 || a2 & ~known || a2 > known)
    return -EPERM;
  if (!ns_capable(task, task.cred.user_ns, CAP_SETPCAP)) return -EPERM;
  commit_creds(task, { ...prepare_creds(task), securebits: a2 });
  return 0;
}

/** 0: back to what it was at the start. */
function set_timerslack(task: Task, { a2 }: Args): number {
  task.timer_slack_ns = a2 > 0 && a2 < 2 ** 63 ? a2 : task.default_timer_slack_ns;
  return 0;
}

function set_child_subreaper(task: Task, { a2 }: Args): number {
  task.signal.is_child_subreaper = a2 !== 0;
  return 0;
}

/** There is no way back. */
function set_no_new_privs(task: Task, { a2, a3, a4, a5 }: Args): number {
  if (a2 !== 1 || a3 || a4 || a5) return -EINVAL;
  task.no_new_privs = true;
  return 0;
}

/** Linux: MMF_DISABLE_THP. There are no huge pages here; the wish is remembered, and inherited with the address space. */
const MMF_DISABLE_THP = 1 << 24;

function set_thp_disable(task: Task, { a2, a3, a4, a5 }: Args): number {
  if (a3 || a4 || a5) return -EINVAL;
  if (a2) task.mm!.flags |= MMF_DISABLE_THP;
  else task.mm!.flags &= ~MMF_DISABLE_THP;
  return 0;
}

function get_thp_disable(task: Task, { a2, a3, a4, a5 }: Args): number {
  if (a2 || a3 || a4 || a5) return -EINVAL;
  return task.mm!.flags & MMF_DISABLE_THP ? 1 : 0;
}

const PR_CAP_AMBIENT_IS_SET = 1;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_LOWER = 3;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

function cap_ambient(task: Task, { a2, a3, a4, a5 }: Args): number {
  const cred = prepare_creds(task);
  if (a2 === PR_CAP_AMBIENT_CLEAR_ALL) {
    if (a3 || a4 || a5) return -EINVAL;
    cred.cap_ambient = CAP_EMPTY_SET;
    commit_creds(task, cred);
    return 0;
  }
  if (a3 > CAP_LAST_CAP || a4 || a5) return -EINVAL;
  if (a2 === PR_CAP_AMBIENT_IS_SET) return Number(cap_raised(cred.cap_ambient, a3));
  if (a2 !== PR_CAP_AMBIENT_RAISE && a2 !== PR_CAP_AMBIENT_LOWER) return -EINVAL;

  const raise = a2 === PR_CAP_AMBIENT_RAISE;
  const may =
    cap_raised(cred.cap_permitted, a3) &&
    cap_raised(cred.cap_inheritable, a3) &&
    !(cred.securebits & SECBIT_NO_CAP_AMBIENT_RAISE);
  if (raise && !may) return -EPERM;
  cred.cap_ambient = raise
    ? cap_combine(cred.cap_ambient, cap_of(a3))
    : cap_drop(cred.cap_ambient, cap_of(a3));
  commit_creds(task, cred);
  return 0;
}
