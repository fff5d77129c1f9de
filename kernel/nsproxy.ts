/*
 * kernel/nsproxy.ts - which namespaces a task is in, and how it gets into others
 *
 * Linux:   kernel/nsproxy.c (v6.12)
 * Manual:  namespaces(7), setns(2), unshare(2)
 * Differs: CLONE_NEWCGROUP is refused where a kernel without cgroups ignores it; setns() of a process that is gone is ESRCH
 *          also where a namespace was asked for that there is not
 * Absent:  IPC, network and cgroup namespaces: EINVAL, as in a kernel built without them
 */

import { type Cred, cap_capable } from './cred.ts';
import { fdget } from './fs/file.ts';
import { copy_fs_struct } from './fs/fs_struct.ts';
import { copy_mnt_ns, mntns_install, put_mnt_ns } from './fs/namespace.ts';
import { ns_of_file } from './fs/nsfs.ts';
import { pidfd_get_pid } from './fs/pidfs.ts';
import type { FsStruct, MntNamespace } from './include/linux/fs.ts';
import type { Mm } from './include/linux/mm_types.ts';
import type { NsCommon, NsProxy, NsType, TimeNamespace, UtsNamespace } from './include/linux/ns_common.ts';
import type { PidNamespace } from './include/linux/pid_namespace.ts';
import type { Task } from './include/linux/sched.ts';
import type { UserNamespace } from './include/linux/user_namespace.ts';
import { CAP_SYS_ADMIN, CAP_SYS_CHROOT } from './include/uapi/capability.ts';
import { EINVAL, EPERM, ESRCH, EUSERS } from './include/uapi/errno.ts';
import {
  CLONE_FLAGS,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  CLONE_VM,
} from './include/uapi/sched.ts';
import { PIDTYPE_PID, pid_task, task_active_pid_ns } from './pid.ts';
import { create_pid_ns, pidns_is_ancestor } from './pid_namespace.ts';
import { PTRACE_MODE_READ_REALCREDS, ptrace_may_access } from './ptrace.ts';
import { bits, int, SYSCALL_DEFINE } from './syscalls/define.ts';
import { clone_time_ns, timens_commit } from './time/namespace.ts';
import { commit_user_ns, userns_install } from './user_namespace.ts';
import { clone_uts_ns } from './utsname.ts';

const NOT_BUILT = CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;
const IN_NSPROXY = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWTIME | NOT_BUILT;

export function get_nsproxy(ns: NsProxy): NsProxy {
  ns.count++;
  return ns;
}

export function put_nsproxy(task: Task, ns: NsProxy): void {
  if (--ns.count === 0) put_mnt_ns(task.kernel, ns.mnt_ns);
}

/** What a child is born into, or -errno. `cred` and `fs` are to be the child's. */
export function copy_namespaces(task: Task, cred: Cred, flags: number, fs: FsStruct): NsProxy | number {
  const old = task.nsproxy;
  if (!(flags & IN_NSPROXY)) {
    if (flags & CLONE_VM || old.time_ns_for_children === old.time_ns) return get_nsproxy(old);
  } else if (!cap_capable(cred, cred.user_ns, CAP_SYS_ADMIN)) {
    return -EPERM;
  }
  const made = create_new_namespaces(task, flags, cred.user_ns, fs);
  if (typeof made === 'number' || flags & CLONE_VM) return made;
  return { ...made, time_ns: timens_commit(made.time_ns_for_children) };
}

/** A child that is to live by other clocks than its parent has them in its address space. 0 or -ENOMEM. */
export function timens_on_fork({ nsproxy, kernel }: Task, { time_ns }: NsProxy, mm: Mm | null): number {
  return mm && time_ns !== nsproxy.time_ns ? kernel.arch.vdso_join_timens(mm, time_ns) : 0;
}

/** unshare(): null, nothing to do. */
export function unshare_nsproxy_namespaces(
  task: Task,
  flags: number,
  cred: Cred,
  fs: FsStruct,
): NsProxy | null | number {
  if (!(flags & IN_NSPROXY)) return null;
  if (!cap_capable(cred, cred.user_ns, CAP_SYS_ADMIN)) return -EPERM;
  return create_new_namespaces(task, flags, cred.user_ns, fs);
}

function create_new_namespaces(
  task: Task,
  flags: number,
  user_ns: UserNamespace,
  fs: FsStruct,
): NsProxy | number {
  const { kernel, nsproxy: old } = task;
  if (flags & NOT_BUILT) return -EINVAL;
  const pid_ns =
    flags & CLONE_NEWPID ? create_pid_ns(task, user_ns, old.pid_ns_for_children) : old.pid_ns_for_children;
  if (typeof pid_ns === 'number') return pid_ns;
  return {
    count: 1,
    uts_ns: flags & CLONE_NEWUTS ? clone_uts_ns(kernel, user_ns, old.uts_ns) : old.uts_ns,
    mnt_ns: copy_mnt_ns(kernel, flags, old.mnt_ns, user_ns, fs),
    pid_ns_for_children: pid_ns,
    time_ns: old.time_ns,
    time_ns_for_children:
      flags & CLONE_NEWTIME
        ? clone_time_ns(kernel, user_ns, old.time_ns_for_children)
        : old.time_ns_for_children,
  };
}

export function switch_task_namespaces(task: Task, ns: NsProxy): void {
  const old = task.nsproxy;
  task.nsproxy = ns;
  put_nsproxy(task, old);
}

/** A new program lives by the clocks that were meant for children; its vDSO is not mapped yet. */
export function exec_task_namespaces(task: Task): void {
  const { time_ns, time_ns_for_children } = task.nsproxy;
  if (time_ns === time_ns_for_children) return;
  switch_task_namespaces(task, fork_nsproxy(task.nsproxy, { time_ns: timens_commit(time_ns_for_children) }));
}

/** The last task of a set gives it back; who has exited is in none. */
export const exit_task_namespaces = (task: Task): void => put_nsproxy(task, task.nsproxy);

/** `old` but for what `changed` says, for one task. */
function fork_nsproxy(old: NsProxy, changed: Partial<NsProxy>): NsProxy {
  const made = { ...old, ...changed, count: 1 };
  made.mnt_ns.count++;
  return made;
}

/*
 * setns()
 */

/** Linux: struct nsset. What a setns() gathers before any of it takes effect. */
interface NsSet {
  nsproxy: Partial<NsProxy>;
  cred: Cred;
  fs: FsStruct;
}

type Install = (task: Task, set: NsSet, ns: never) => number;

/* In the order in which one setns(pidfd) enters them: the user namespace first, for the powers in it. */
// biome-ignore format: columns teach
const INSTALL: readonly (readonly [type: NsType, flag: number, install: Install])[] = [
  ['user', CLONE_NEWUSER, user_install],
  ['mnt',  CLONE_NEWNS,   mnt_install],
  ['uts',  CLONE_NEWUTS,  uts_install],
  ['pid',  CLONE_NEWPID,  pid_install],
  ['time', CLONE_NEWTIME, time_install],
];

export const sys_setns = SYSCALL_DEFINE(
  'setns',
  { fd: int, flags: bits(CLONE_FLAGS) },
  (task, { fd, flags }) => {
    const file = fdget(task, fd);
    if (typeof file === 'number') return file;
    const ns = ns_of_file(file);
    if (ns) return setns(task, [ns], flags, INSTALL.find(([type]) => type === ns.type)![1]);

    const target = pidfd_get_pid(task, fd);
    if (typeof target === 'number') return -EINVAL; // neither a namespace nor a process
    if (flags === 0 || flags & ~(IN_NSPROXY | CLONE_NEWUSER)) return -EINVAL;
    const theirs = namespaces_of(task, pid_task(target.pid, PIDTYPE_PID), flags);
    return typeof theirs === 'number' ? theirs : setns(task, theirs, flags, flags);
  },
);

/** Those of a process that `flags` names, or -errno. */
function namespaces_of(task: Task, target: Task | null, flags: number): NsCommon[] | number {
  if (!target || target.exit_state) return -ESRCH; // who has exited is nowhere any more
  if (flags & NOT_BUILT) return -EINVAL;
  if (!ptrace_may_access(task, target, PTRACE_MODE_READ_REALCREDS)) return -EPERM;
  const wanted = INSTALL.filter(([, flag]) => flags & flag);
  return wanted.map(([type]) => task_namespace(target, type));
}

/** The one of that kind that a task is in. */
export function task_namespace(task: Task, type: NsType): NsCommon {
  if (type === 'user') return task.cred.user_ns;
  if (type === 'pid') return task_active_pid_ns(task);
  const { mnt_ns, uts_ns, time_ns } = task.nsproxy;
  return type === 'mnt' ? mnt_ns : type === 'uts' ? uts_ns : time_ns;
}

/** All of it, or nothing. `flags`: what the caller expects the namespaces to be; 0: whatever they are. */
function setns(task: Task, wanted: readonly NsCommon[], flags: number, kinds: number): number {
  if (flags && flags !== kinds) return -EINVAL;
  const set: NsSet = { nsproxy: {}, cred: task.cred, fs: copy_fs_struct(task.fs) };
  for (const ns of wanted) {
    const [, , install] = INSTALL.find(([type]) => type === ns.type)!;
    const err = install(task, set, ns as never);
    if (err < 0) return err;
  }
  const { time_ns } = set.nsproxy;
  const err = time_ns && task.mm ? task.kernel.arch.vdso_join_timens(task.mm, time_ns) : 0;
  if (err === 0) commit_nsset(task, set);
  return err;
}

function commit_nsset(task: Task, { nsproxy, cred, fs }: NsSet): void {
  commit_user_ns(task, cred);
  if (nsproxy.mnt_ns) {
    task.fs.root = fs.root;
    task.fs.pwd = fs.pwd;
  }
  if (nsproxy.time_ns) timens_commit(nsproxy.time_ns);
  switch_task_namespaces(task, fork_nsproxy(task.nsproxy, nsproxy));
}

/** Powers over the namespace, and by now over one's own. */
const may_enter = (cred: Cred, owner: UserNamespace): boolean =>
  cap_capable(cred, owner, CAP_SYS_ADMIN) && cap_capable(cred, cred.user_ns, CAP_SYS_ADMIN);

function user_install(task: Task, set: NsSet, ns: UserNamespace): number {
  const cred = userns_install(task, ns);
  if (typeof cred === 'number') return cred;
  set.cred = cred;
  return 0;
}

function mnt_install(task: Task, set: NsSet, ns: MntNamespace): number {
  if (!may_enter(set.cred, ns.user_ns) || !cap_capable(set.cred, set.cred.user_ns, CAP_SYS_CHROOT))
    return -EPERM;
  if (task.fs.users !== 1) return -EINVAL; // somebody else would be moved along
  mntns_install(task.kernel, ns, set.fs);
  set.nsproxy = { ...set.nsproxy, mnt_ns: ns };
  return 0;
}

function uts_install(_task: Task, set: NsSet, ns: UtsNamespace): number {
  if (!may_enter(set.cred, ns.user_ns)) return -EPERM;
  set.nsproxy = { ...set.nsproxy, uts_ns: ns };
  return 0;
}

/** Only down the tree, so that nobody's children could ever live beside their parents' parents. */
function pid_install(task: Task, set: NsSet, ns: PidNamespace): number {
  if (!may_enter(set.cred, ns.user_ns)) return -EPERM;
  if (!pidns_is_ancestor(ns, task_active_pid_ns(task))) return -EINVAL;
  set.nsproxy = { ...set.nsproxy, pid_ns_for_children: ns };
  return 0;
}

function time_install(task: Task, set: NsSet, ns: TimeNamespace): number {
  if (task.signal.threads.size > 1) return -EUSERS;
  if (!may_enter(set.cred, ns.user_ns)) return -EPERM;
  set.nsproxy = { ...set.nsproxy, time_ns: ns, time_ns_for_children: ns };
  return 0;
}
