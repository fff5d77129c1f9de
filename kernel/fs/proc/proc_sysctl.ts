/*
 * kernel/fs/proc/proc_sysctl.ts - /proc/sys: numbers and names of the kernel that can be read, and some set
 *
 * Linux:   fs/proc/proc_sysctl.c, kernel/sysctl.c, drivers/char/random.c (random_table), kernel/utsname_sysctl.c
 * Manual:  Documentation/admin-guide/sysctl/, proc_sys(5)
 * Differs: what can be written is what the kernel follows; what is fixed here is read-only even where upstream's is not
 */

import type { Inode, InodeOperations } from '../../include/linux/fs.ts';
import type { Task } from '../../include/linux/sched.ts';
import { EACCES, EINVAL } from '../../include/uapi/errno.ts';
import { UTS_RELEASE, UTS_SYSNAME, UTS_VERSION } from '../../init/version.ts';
import type { Kernel } from '../../kernel.ts';
import { CAP_LAST_CAP, type Cred } from '../../cred.ts';
import { DEFAULT_MAX_MAP_COUNT, MMAP_MIN_ADDR } from '../../include/linux/mm.ts';
import { NR_OPEN } from '../file.ts';
import { PIPE_MAX_SIZE } from '../pipe.ts';
import { kstrtoint, proc_create, proc_setattr } from './generic.ts';
import { task_active_pid_ns } from '../../pid.ts';

type Read = (kernel: Kernel, task: Task) => string | number;
/** Bytes taken (0: all of them), or -errno. */
type Write = (kernel: Kernel, text: string, task: Task) => number;

/** Linux: proc_dostring(). Up to the first newline, and no longer than the field. */
const string_field =
  (set: (task: Task, value: string) => void): Write =>
  (_kernel, text, task) => {
    set(task, text.split('\n')[0]!.slice(0, UTS_LEN - 1));
    return text.length;
  };
const UTS_LEN = 65;

/** Linux: proc_dointvec_minmax(). The first number counts; what is behind it and its space is not taken. */
export const int_field =
  (min: number, max: number, set: (kernel: Kernel, value: number) => void): Write =>
  (kernel, text) => {
    const word = /^\s*(\S*)(\s*|\0.*)/.exec(text)!;
    if (text === '') return 0;
    const value = kstrtoint(word[1]!);
    if (value === null || value < min || value > max) return -EINVAL;
    set(kernel, value);
    return word[0].length;
  };

const PID_MAX_LIMIT = 4 * 1024 * 1024;
const RESERVED_PIDS = 301;

const printk_levels = ({ printk }: Kernel): string => `${printk.console_loglevel}\t4\t1\t7`;

/** A random (version 4) UUID. */
function uuid({ random }: Kernel): string {
  const bytes = random.get_random_bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** One for the whole time the machine is up, made when somebody first asks. */
function boot_id(kernel: Kernel): string {
  kernel.fs.boot_id ??= uuid(kernel);
  return kernel.fs.boot_id;
}

function open_files(kernel: Kernel): number {
  const seen = new Set<object>();
  for (const task of kernel.pids.tasks()) for (const file of task.files?.fd ?? []) if (file) seen.add(file);
  return seen.size;
}

const FILE_MAX = 91944;

// biome-ignore format: columns teach
const SYSCTLS: readonly (readonly [path: string, read: Read, write?: Write])[] = [
  ['kernel/ostype',               () => UTS_SYSNAME],
  ['kernel/osrelease',            () => UTS_RELEASE],
  ['kernel/version',              () => UTS_VERSION],
  ['kernel/hostname',             (_, t) => t.nsproxy.uts_ns.nodename, string_field((t, value) => { t.nsproxy.uts_ns.nodename = value; })],
  ['kernel/domainname',           (_, t) => t.nsproxy.uts_ns.domainname, string_field((t, value) => { t.nsproxy.uts_ns.domainname = value; })],
  ['kernel/arch',                 (k) => k.arch.machine],
  ['kernel/pid_max',              (k) => k.pids.pid_max, int_field(RESERVED_PIDS, PID_MAX_LIMIT, (k, n) => { k.pids.pid_max = n; })],
  ['kernel/threads-max',          (k) => k.pids.max_threads, int_field(1, 2 ** 31 - 1, (k, n) => { k.pids.max_threads = n; })],
  ['kernel/ns_last_pid',          (_, t) => task_active_pid_ns(t).last],
  ['kernel/cap_last_cap',         () => CAP_LAST_CAP],
  ['kernel/ngroups_max',          () => 65536],
  ['kernel/overflowuid',          () => 65534],
  ['kernel/overflowgid',          () => 65534],
  ['kernel/core_pattern',         () => 'core'],
  ['kernel/core_uses_pid',        () => 0],
  ['kernel/panic',                () => 0],
  ['kernel/printk',               printk_levels],
  ['kernel/dmesg_restrict',       () => 0],
  ['kernel/kptr_restrict',        () => 0],
  ['kernel/randomize_va_space',   () => 2],
  ['kernel/tainted',              () => 0],
  ['kernel/random/boot_id',       boot_id],
  ['kernel/random/uuid',          uuid],
  ['kernel/random/entropy_avail', () => 256],
  ['kernel/random/poolsize',      () => 256],
  ['vm/max_map_count',            () => DEFAULT_MAX_MAP_COUNT],
  ['vm/mmap_min_addr',            () => MMAP_MIN_ADDR],
  ['vm/overcommit_memory',        () => 0],
  ['vm/overcommit_ratio',         () => 50],
  ['vm/overcommit_kbytes',        () => 0],
  ['vm/swappiness',               () => 60],
  ['vm/panic_on_oom',             () => 0],
  ['vm/oom_kill_allocating_task', () => 0],
  ['fs/file-max',                 () => FILE_MAX],
  ['fs/file-nr',                  (k) => `${open_files(k)}\t0\t${FILE_MAX}`],
  ['fs/nr_open',                  () => NR_OPEN],
  ['fs/pipe-max-size',            () => PIPE_MAX_SIZE],
  ['fs/suid_dumpable',            () => 0],
  ['fs/protected_symlinks',       () => 0],
  ['fs/protected_hardlinks',      () => 0],
  ['fs/overflowuid',              () => 65534],
  ['fs/overflowgid',              () => 65534],
  ['debug/exception-trace',       () => 0],
];

export function proc_sys_init(kernel: Kernel): void {
  for (const [path, read, write] of SYSCTLS) register_sysctl(kernel, path, read, write);
}

/** Linux: sysctl_perm(). Root is judged by the owner's bits, everybody else by the others'; no capability changes that. */
function proc_sys_permission(inode: Inode, mask: number, cred: Cred): number {
  const bits = cred.euid === 0 ? inode.i_mode >> 6 : inode.i_mode;
  return mask & 7 & ~bits ? -EACCES : 0;
}

const proc_sys_iops: InodeOperations = { permission: proc_sys_permission, setattr: proc_setattr };

/** How other rooms add theirs: "kernel/seccomp/actions_avail". */
export function register_sysctl(kernel: Kernel, path: string, read: Read, write?: Write): void {
  const show = (_inode: Inode, task: Task): string => `${read(task.kernel, task)}\n`;
  const store =
    write &&
    ((_inode: Inode, task: Task, text: string): number => write(task.kernel, text, task) || text.length);
  proc_create(kernel, `sys/${path}`, write ? 0o644 : 0o444, show, store ?? null, proc_sys_iops);
}
