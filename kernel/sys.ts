/*
 * kernel/sys.ts - names and numbers of a process, and the machine's
 *
 * Linux:   kernel/sys.c, kernel/exec_domain.c (personality) (v6.12)
 * Manual:  credentials(7), setpgid(2), uname(2), sysinfo(2)
 * Differs: user and group ids are in kernel/uid.ts, limits in kernel/rlimit.ts, prctl() in kernel/prctl.ts
 */

import { ns_capable } from './cred.ts';
import { proc_clear_tty } from './drivers/tty/tty_jobctrl.ts';
import { PF_FORKNOEXEC, type Task } from './include/linux/sched.ts';
import { PAGE_SIZE, type UserPtr } from './include/linux/types.ts';
import { CAP_SYS_ADMIN } from './include/uapi/capability.ts';
import { EACCES, EFAULT, EINVAL, EPERM, ESRCH } from './include/uapi/errno.ts';
import { UTS_RELEASE, UTS_SYSNAME, UTS_VERSION } from './init/version.ts';
import {
  cstring,
  put_unaligned_le16,
  put_unaligned_le32,
  put_unaligned_le64,
  string_to_bytes,
} from './lib/bytes.ts';
import { copy_to_user, memdup_user } from './lib/usercopy.ts';
import { NR_SHMEM } from './mm/page_alloc.ts';
import {
  change_pid,
  type Pid,
  PIDTYPE_PGID,
  PIDTYPE_SID,
  pid_task,
  task_pgrp,
  task_session,
  find_task_by_vpid,
  find_vpid,
  pid_vnr,
  task_pid_vnr,
  task_tgid_vnr,
} from './pid.ts';
import { int, outptr, ptr, SYSCALL_DEFINE, ulong } from './syscalls/define.ts';
import { timens_add_boottime_ns } from './time/namespace.ts';
import { NSEC_PER_SEC } from './time/timekeeping.ts';

export const sys_getpid = SYSCALL_DEFINE('getpid', {}, (task) => task_tgid_vnr(task, task));
export const sys_gettid = SYSCALL_DEFINE('gettid', {}, (task) => task_pid_vnr(task, task));
export const sys_getppid = SYSCALL_DEFINE('getppid', {}, (task) => task_tgid_vnr(task.real_parent, task));

/*
 * Process groups and sessions
 */

export const sys_setpgid = SYSCALL_DEFINE('setpgid', { pid: int, pgid: int }, (task, { pid, pgid }) => {
  const nr = pid || task_tgid_vnr(task, task);
  if ((pgid || nr) < 0) return -EINVAL;
  const target = find_task_by_vpid(task, nr);
  if (!target) return -ESRCH;
  return may_setpgid(task, target) || join_pgrp(task, target, pgid || nr);
});

/** A process moves itself, or a child that has not executed a program yet; never a session's leader. */
function may_setpgid(task: Task, target: Task): number {
  const leader = task.group_leader;
  if (target.group_leader !== target) return -EINVAL;
  if (target.real_parent.signal === task.signal) {
    if (task_session(target) !== task_session(leader)) return -EPERM;
    if (!(target.flags & PF_FORKNOEXEC)) return -EACCES;
  } else if (target !== leader) {
    return -ESRCH;
  }
  return target.signal.leader ? -EPERM : 0;
}

/** The group must exist in the same session, or be founded by `target`. */
function join_pgrp(task: Task, target: Task, pgid: number): number {
  let pgrp: Pid | null = target.thread_pid;
  if (pgid !== task_pid_vnr(target, task)) {
    pgrp = find_vpid(task, pgid);
    const member = pid_task(pgrp, PIDTYPE_PGID);
    if (!member || task_session(member) !== task_session(task.group_leader)) return -EPERM;
  }
  if (task_pgrp(target) !== pgrp) change_pid(target, PIDTYPE_PGID, pgrp!);
  return 0;
}

/** Somebody's group or session; 0 is the caller. */
function numberOf(task: Task, pid: number, which: (task: Task) => Pid): number {
  const target = pid === 0 ? task : find_task_by_vpid(task, pid);
  return target ? pid_vnr(which(target), task) : -ESRCH;
}

export const sys_getpgid = SYSCALL_DEFINE('getpgid', { pid: int }, (task, { pid }) =>
  numberOf(task, pid, task_pgrp),
);

export const sys_getsid = SYSCALL_DEFINE('getsid', { pid: int }, (task, { pid }) =>
  numberOf(task, pid, task_session),
);

export const sys_setsid = SYSCALL_DEFINE('setsid', {}, (task) => {
  const leader = task.group_leader;
  const sid = leader.thread_pid;
  // A group of that number may still exist, in another session; it must not end up in two.
  if (leader.signal.leader || pid_task(sid, PIDTYPE_PGID)) return -EPERM;
  leader.signal.leader = true;
  change_pid(leader, PIDTYPE_SID, sid);
  change_pid(leader, PIDTYPE_PGID, sid);
  proc_clear_tty(leader);
  return pid_vnr(sid, task);
});

/*
 * The machine
 */

/** Linux: __NEW_UTS_LEN, and the field that holds it with its NUL. */
const UTS_LEN = 64;
const UTS_FIELD = UTS_LEN + 1;

/** personality(): tell programs that fear 3 that this is 2.6 */
const UNAME26 = 0x002_0000;

export const sys_newuname = SYSCALL_DEFINE('uname', { name: outptr }, (task, { name }) => {
  const { arch } = task.kernel;
  const { nodename, domainname } = task.nsproxy.uts_ns;
  const release = task.personality & UNAME26 ? '2.6.72-eret' : UTS_RELEASE;
  const fields = [UTS_SYSNAME, nodename, release, UTS_VERSION, arch.machine, domainname];
  const bytes = new Uint8Array(UTS_FIELD * fields.length);
  fields.forEach((field, i) => {
    bytes.set(string_to_bytes(field), i * UTS_FIELD);
  });
  return copy_to_user(task, name, bytes) ? -EFAULT : 0;
});

/** The new name, or -errno. */
function uts_name(task: Task, from: UserPtr, length: number): string | number {
  if (!ns_capable(task, task.nsproxy.uts_ns.user_ns, CAP_SYS_ADMIN)) return -EPERM;
  if (length < 0 || length > UTS_LEN) return -EINVAL;
  const bytes = memdup_user(task, from, length);
  return typeof bytes === 'number' ? bytes : cstring(bytes);
}

export const sys_sethostname = SYSCALL_DEFINE(
  'sethostname',
  { name: ptr, len: int },
  (task, { name, len }) => {
    const hostname = uts_name(task, name, len);
    if (typeof hostname === 'number') return hostname;
    task.nsproxy.uts_ns.nodename = hostname;
    return 0;
  },
);

export const sys_setdomainname = SYSCALL_DEFINE(
  'setdomainname',
  { name: ptr, len: int },
  (task, { name, len }) => {
    const domainname = uts_name(task, name, len);
    if (typeof domainname === 'number') return domainname;
    task.nsproxy.uts_ns.domainname = domainname;
    return 0;
  },
);

const SYSINFO_SIZE = 112;
/** Loads are fixed-point numbers with 16 bits behind the point. */
const SI_LOAD_ONE = 1 << 16;

export const sys_sysinfo = SYSCALL_DEFINE('sysinfo', { info: outptr }, (task, { info }) => {
  const { time, mm, pids, sched } = task.kernel;
  const bytes = new Uint8Array(SYSINFO_SIZE);
  const uptime = timens_add_boottime_ns(task, time.monotonicNs());
  put_unaligned_le64(Math.ceil(uptime / NSEC_PER_SEC), bytes, 0);
  sched.get_avenrun().forEach((load, i) => {
    put_unaligned_le64(Math.floor(load * SI_LOAD_ONE), bytes, 8 + 8 * i);
  });
  put_unaligned_le64(mm.totalram_pages * PAGE_SIZE, bytes, 32);
  put_unaligned_le64(mm.nr_free_pages() * PAGE_SIZE, bytes, 40);
  put_unaligned_le64(mm.vmstat[NR_SHMEM]! * PAGE_SIZE, bytes, 48);
  put_unaligned_le16(pids.nr_threads, bytes, 80);
  put_unaligned_le32(1, bytes, 104); // mem_unit: what the sizes are counted in
  return copy_to_user(task, info, bytes) ? -EFAULT : 0;
});

const NO_CHANGE = 0xffff_ffff;

export const sys_personality = SYSCALL_DEFINE('personality', { personality: ulong }, (task, args) => {
  const old = task.personality;
  const wanted = args.personality % 2 ** 32;
  if (wanted !== NO_CHANGE) task.personality = wanted;
  return old;
});
