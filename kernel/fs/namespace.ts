/*
 * kernel/fs/namespace.ts - the tree of mounts
 *
 * Linux:   fs/namespace.c, fs/d_path.c (__is_local_mountpoint and friends are absent)
 * Manual:  mount(2), umount(2)
 * Absent:  propagation (every mount is private), MS_MOVE, MNT_EXPIRE; mounts locked by a user namespace
 */

import { CAP_SYS_ADMIN, CAP_SYS_CHROOT, ns_capable } from '../cred.ts';
import type { FsState, FsStruct, MntNamespace, Mount, Path } from '../include/linux/fs.ts';
import type { UserNamespace } from '../include/linux/user_namespace.ts';
import { CLONE_NEWNS } from '../include/uapi/sched.ts';
import { ns_alloc_inum } from './nsfs.ts';
import { LOOKUP_FOLLOW } from '../include/linux/fs_modes.ts';
import type { Task } from '../include/linux/sched.ts';
import { NULL, PAGE_SIZE, type UserPtr } from '../include/linux/types.ts';
import { EBUSY, EFAULT, EINVAL, ENODEV, ENOTDIR, EPERM } from '../include/uapi/errno.ts';
import { AT_FDCWD } from '../include/uapi/fcntl.ts';
import {
  MNT_DETACH,
  MNT_EXPIRE,
  MNT_FORCE,
  MNT_USER_SETTABLE_MASK,
  MS_BIND,
  MS_MGC_MSK,
  MS_MGC_VAL,
  MS_MOVE,
  MS_NOATIME,
  MS_NODEV,
  MS_NODIRATIME,
  MS_NOEXEC,
  MS_NOSUID,
  MS_NOSYMFOLLOW,
  MS_PRIVATE,
  MS_RDONLY,
  MS_REC,
  MS_RELATIME,
  MS_REMOUNT,
  MS_SHARED,
  MS_SLAVE,
  MS_STRICTATIME,
  MS_UNBINDABLE,
  UMOUNT_NOFOLLOW,
} from '../include/uapi/mount.ts';
import { S_IFDIR, S_ISDIR } from '../include/uapi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { bytes_to_string } from '../lib/bytes.ts';
import { copy_from_user, strncpy_from_user } from '../lib/usercopy.ts';
import { SYSCALL_DEFINE, path as pathArg, ptr } from '../syscalls/define.ts';
import { mountFlags, umountFlags } from './arg_types.ts';
import { is_subdir } from './dcache.ts';
import { user_path_at } from './namei.ts';
import { kern_mount } from './super.ts';
import { init_tmpfs, shmem_fill_super } from './tmpfs.ts';

/** Linux: mnt_init(). The first file system: a tmpfs that everything else is mounted on. */
export function mnt_init(kernel: Kernel): void {
  const fs: FsState = {
    kernel,
    mounts: [],
    root: null as unknown as Path,
    next_mnt_id: 1,
    next_anon_dev: 1,
    filesystems: new Map(),
    chrdevs: new Map(),
    chrdev_regions: new Map(),
    pty_count: 0,
    singletons: new Map(),
    lock_waits: new Map(),
    boot_id: null,
  };
  kernel.fs = fs;
  init_tmpfs(kernel);
  const sb = shmem_fill_super(kernel, 'rootfs', {});
  sb.s_root.d_inode!.i_mode = S_IFDIR | 0o755;
  const mnt = kern_mount(kernel, sb, 'rootfs');
  fs.mounts.push(mnt);
  fs.root = { mnt, dentry: sb.s_root };
  init_mount_tree(kernel, mnt);
}

/** The boot processor's namespace, which everybody's comes from. */
function init_mount_tree(kernel: Kernel, root: Mount): void {
  const { init_task } = kernel;
  const mnt_ns = alloc_mnt_ns(kernel, kernel.users.init_user_ns, root);
  root.mnt_ns = mnt_ns;
  init_task.nsproxy = { ...init_task.nsproxy, mnt_ns };
}

const alloc_mnt_ns = (kernel: Kernel, user_ns: UserNamespace, root: Mount): MntNamespace => ({
  type: 'mnt',
  inum: ns_alloc_inum(kernel),
  user_ns,
  root,
  count: 1,
});

/** The same mounts once more, on which `fs` then stands; without CLONE_NEWNS the old ones, shared. */
export function copy_mnt_ns(
  kernel: Kernel,
  flags: number,
  old: MntNamespace,
  user_ns: UserNamespace,
  fs: FsStruct,
): MntNamespace {
  if (!(flags & CLONE_NEWNS)) {
    old.count++;
    return old;
  }
  const root = clone_mnt(kernel, old.root);
  const mnt_ns = alloc_mnt_ns(kernel, user_ns, root);
  root.mnt_ns = mnt_ns;
  const mounts = kernel.fs.mounts.filter((mount) => mount.mnt_ns === old && mount !== old.root);
  kernel.fs.mounts.push(root);
  const copies = copy_tree(kernel, mounts, old.root, root);
  const same = ({ mnt, dentry }: Path): Path => ({ mnt: copies.get(mnt) ?? mnt, dentry });
  fs.root = same(fs.root);
  fs.pwd = same(fs.pwd);
  return mnt_ns;
}

/** Whoever was the last to know of it: its mounts are gone. */
export function put_mnt_ns({ fs }: Kernel, ns: MntNamespace): void {
  if (--ns.count > 0) return;
  for (const mount of fs.mounts.filter((each) => each.mnt_ns === ns)) {
    if (mount.mnt_mountpoint) mount.mnt_mountpoint.d_mounted--;
    fs.mounts.splice(fs.mounts.indexOf(mount), 1);
  }
}

/** setns(): who enters stands at its root, on top of what is mounted there. */
export function mntns_install({ fs }: Kernel, { root }: MntNamespace, into: FsStruct): void {
  const top = follow_mount(fs, { mnt: root, dentry: root.mnt_root });
  into.root = top;
  into.pwd = top;
}

/** Is the mount in the caller's tree? Others' are not his to change. */
const check_mnt = (task: Task, mount: Mount): boolean => mount.mnt_ns === task.nsproxy.mnt_ns;

/** The mount that sits on `path`, or null. */
export function lookup_mnt(fs: FsState, path: Path): Mount | null {
  if (path.dentry.d_mounted === 0) return null;
  for (const mount of fs.mounts) {
    if (mount.mnt_parent === path.mnt && mount.mnt_mountpoint === path.dentry) return mount;
  }
  return null;
}

/** Down through whatever is mounted here. */
export function follow_mount(fs: FsState, path: Path): Path {
  for (;;) {
    const mount = lookup_mnt(fs, path);
    if (!mount) return path;
    path = { mnt: mount, dentry: mount.mnt_root };
  }
}

/** Up from the root of a mount to what it covers; null at the top. */
export function follow_up(path: Path): Path | null {
  const { mnt_parent, mnt_mountpoint } = path.mnt;
  return mnt_parent && mnt_mountpoint ? { mnt: mnt_parent, dentry: mnt_mountpoint } : null;
}

/** Hangs `mount` onto `at`, on top of whatever is there. */
export function attach_mnt(fs: FsState, mount: Mount, at: Path): void {
  const top = follow_mount(fs, at);
  mount.mnt_parent = top.mnt;
  mount.mnt_mountpoint = top.dentry;
  mount.mnt_ns = top.mnt.mnt_ns;
  top.dentry.d_mounted++;
  fs.mounts.push(mount);
}

function detach_mnt(fs: FsState, mount: Mount): void {
  mount.mnt_mountpoint!.d_mounted--;
  mount.mnt_parent = null;
  mount.mnt_mountpoint = null;
  mount.mnt_detached = true;
  mount.mnt_ns = null;
  fs.mounts.splice(fs.mounts.indexOf(mount), 1);
}

/** Is the mount writable? What every change asks first. */
export const mnt_is_readonly = (mnt: Mount): boolean =>
  ((mnt.mnt_flags | mnt.mnt_sb.s_flags) & MS_RDONLY) !== 0;

const may_mount = (task: Task): boolean => ns_capable(task, task.nsproxy.mnt_ns.user_ns, CAP_SYS_ADMIN);

export const sys_mount = SYSCALL_DEFINE(
  'mount',
  { dev_name: pathArg, dir_name: pathArg, type: pathArg, flags: mountFlags, data: ptr },
  (task, { dev_name, dir_name, type, flags, data }) => {
    const kind = copy_mount_string(task, type);
    if (typeof kind === 'number') return kind;
    const device = copy_mount_string(task, dev_name);
    if (typeof device === 'number') return device;
    const options = copy_mount_options(task, data);
    if (typeof options === 'number') return options;
    const at = user_path_at(task, AT_FDCWD, dir_name, LOOKUP_FOLLOW);
    if (typeof at === 'number') return at;
    if (!may_mount(task)) return -EPERM;

    return path_mount(task, { device, at, kind, options, dev_name }, flags);
  },
);

interface MountRequest {
  readonly device: string | null;
  readonly at: Path;
  readonly kind: string | null;
  readonly options: string;
  /** As given, for a bind's source. */
  readonly dev_name: UserPtr;
}

function path_mount(task: Task, request: MountRequest, given: number): number {
  const flags = (given & MS_MGC_MSK) >>> 0 === MS_MGC_VAL ? given & ~MS_MGC_MSK : given;
  const mnt_flags = mount_flags(flags, request.at.mnt);

  if (!check_mnt(task, request.at.mnt)) return -EINVAL;
  if (flags & MS_REMOUNT) return do_remount(request.at, flags, mnt_flags);
  if (flags & MS_BIND) return do_loopback(task, request, flags);
  if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)) return do_change_type(request.at, flags);
  if (flags & MS_MOVE) return -EINVAL;
  return do_new_mount(task, request, flags, mnt_flags);
}

/** Relative atime is the default; a remount that says nothing about atime keeps what there was. */
function mount_flags(flags: number, old: Mount): number {
  const atime = MS_NOATIME | MS_NODIRATIME | MS_RELATIME;
  let set = (flags | MS_RELATIME) & MNT_USER_SETTABLE_MASK;
  if (flags & (MS_NOATIME | MS_STRICTATIME)) set &= ~MS_RELATIME;
  if (flags & MS_REMOUNT && (flags & (atime | MS_STRICTATIME)) === 0) {
    set = (set & ~atime) | (old.mnt_flags & atime);
  }
  return set;
}

const is_mount_root = (path: Path): boolean => path.dentry === path.mnt.mnt_root;

function do_remount(at: Path, flags: number, mnt_flags: number): number {
  if (!is_mount_root(at)) return -EINVAL;
  at.mnt.mnt_flags = mnt_flags;
  if ((flags & MS_BIND) === 0) at.mnt.mnt_sb.s_flags = flags & MS_RDONLY;
  return 0;
}

/** Every mount is private, and that is all there is: whoever is told to follow its peers (MS_SLAVE) has none to follow. */
function do_change_type(at: Path, flags: number): number {
  if (!is_mount_root(at)) return -EINVAL;
  return flags & (MS_PRIVATE | MS_SLAVE) && !(flags & (MS_SHARED | MS_UNBINDABLE)) ? 0 : -EINVAL;
}

function do_loopback(task: Task, request: MountRequest, flags: number): number {
  if (request.dev_name === NULL) return -EINVAL;
  const source = user_path_at(task, AT_FDCWD, request.dev_name, LOOKUP_FOLLOW);
  if (typeof source === 'number') return source;

  const clone = kern_mount(task.kernel, source.mnt.mnt_sb, source.mnt.mnt_devname, source.dentry);
  clone.mnt_flags = source.mnt.mnt_flags;
  const below = flags & MS_REC ? mounts_below(task.kernel.fs, source) : [];
  const err = do_add_mount(task, clone, request.at);
  if (err < 0) return err;
  copy_tree(task.kernel, below, source.mnt, clone);
  return 0;
}

function mounts_below(fs: FsState, source: Path): Mount[] {
  const found: Mount[] = [];
  for (const mount of fs.mounts) {
    const direct = mount.mnt_parent === source.mnt && is_subdir(mount.mnt_mountpoint!, source.dentry);
    if (direct || (mount.mnt_parent && found.includes(mount.mnt_parent))) found.push(mount);
  }
  return found;
}

/** The same mounts again below the copy of their parent: parents come before children in `below`. */
function copy_tree(
  kernel: Kernel,
  below: readonly Mount[],
  from: Mount,
  to: Mount,
): ReadonlyMap<Mount, Mount> {
  const copies = new Map([[from, to]]);
  for (const old of below) {
    const parent = copies.get(old.mnt_parent!);
    if (!parent) continue;
    const copy = clone_mnt(kernel, old);
    attach_mnt(kernel.fs, copy, { mnt: parent, dentry: old.mnt_mountpoint! });
    copies.set(old, copy);
  }
  return copies;
}

function clone_mnt(kernel: Kernel, old: Mount): Mount {
  const copy = kern_mount(kernel, old.mnt_sb, old.mnt_devname, old.mnt_root);
  copy.mnt_flags = old.mnt_flags;
  return copy;
}

function do_new_mount(task: Task, request: MountRequest, flags: number, mnt_flags: number): number {
  if (request.kind === null) return -EINVAL;
  const type = task.kernel.fs.filesystems.get(request.kind);
  if (!type) return -ENODEV;
  const sb = type.get_tree(task.kernel, request.options, task);
  if (typeof sb === 'number') return sb;

  if (flags & MS_RDONLY) sb.s_flags |= MS_RDONLY;
  const mount = kern_mount(task.kernel, sb, request.device ?? 'none');
  mount.mnt_flags = mnt_flags;
  return do_add_mount(task, mount, request.at);
}

function do_add_mount(task: Task, mount: Mount, at: Path): number {
  // "The same file system on the same place twice": refused for the one that is on top there.
  if (is_mount_root(at) && at.mnt.mnt_sb === mount.mnt_sb && at.mnt.mnt_root === mount.mnt_root)
    return -EBUSY;
  if (S_ISDIR(mount.mnt_root.d_inode!.i_mode) !== S_ISDIR(at.dentry.d_inode!.i_mode)) return -ENOTDIR;

  attach_mnt(task.kernel.fs, mount, at);
  return 0;
}

export const sys_umount2 = SYSCALL_DEFINE(
  'umount2',
  { name: pathArg, flags: umountFlags },
  (task, { name, flags }) => {
    if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)) return -EINVAL;
    const path = user_path_at(task, AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW);
    if (typeof path === 'number') return path;
    if (!may_mount(task)) return -EPERM;
    if (!is_mount_root(path) || !check_mnt(task, path.mnt)) return -EINVAL;

    return do_umount(task, path.mnt, flags);
  },
);

function do_umount(task: Task, mount: Mount, flags: number): number {
  const { fs } = task.kernel;
  if (mount.mnt_parent === null) return -EINVAL; // the root stays
  if (flags & MNT_EXPIRE) return -EINVAL;

  const children = fs.mounts.filter((other) => other.mnt_parent === mount);
  if (flags & MNT_DETACH) {
    for (const child of children) do_umount(task, child, MNT_DETACH);
  } else if (children.length > 0 || mount_is_used(task, mount)) {
    return -EBUSY;
  }
  detach_mnt(fs, mount);
  return 0;
}

/** Upstream counts references; here the users are looked for: somebody's root, directory, open file or program. */
function mount_is_used(task: Task, mount: Mount): boolean {
  let used = false;
  task.kernel.pids.for_each_process((leader) => {
    for (const thread of leader.signal.threads) used ||= task_uses(thread, mount);
  });
  return used;
}

function task_uses(task: Task, mount: Mount): boolean {
  if (task.fs.root.mnt === mount || task.fs.pwd.mnt === mount) return true;
  if (task.files?.fd.some((file) => file?.f_path.mnt === mount)) return true;
  return task.mm?.mmap.some((vma) => vma.vm_file?.f_path.mnt === mount) ?? false;
}

/** May the task chroot()? */
export const may_chroot = (task: Task): boolean => ns_capable(task, task.cred.user_ns, CAP_SYS_CHROOT);

/** A short string, or null for a null pointer. */
function copy_mount_string(task: Task, from: UserPtr): string | null | number {
  if (from === NULL) return null;
  const text = strncpy_from_user(task, from, PAGE_SIZE);
  return typeof text === 'string' && text.length >= PAGE_SIZE ? -EINVAL : text;
}

/** Options are a page of which the end may be unreadable. */
function copy_mount_options(task: Task, from: UserPtr): string | number {
  if (from === NULL) return '';
  const page = new Uint8Array(PAGE_SIZE);
  if (copy_from_user(task, page, from) === PAGE_SIZE) return -EFAULT;
  const end = page.indexOf(0);
  return bytes_to_string(page.subarray(0, end < 0 ? PAGE_SIZE - 1 : end));
}

// biome-ignore format: columns teach
const FLAG_NAMES: readonly (readonly [flag: number, text: string])[] = [
  [MS_NOSUID, ',nosuid'], [MS_NODEV, ',nodev'], [MS_NOEXEC, ',noexec'], [MS_NOATIME, ',noatime'], [MS_NODIRATIME, ',nodiratime'],
  [MS_RELATIME, ',relatime'], [MS_NOSYMFOLLOW, ',nosymfollow'],
];

/** "rw,nosuid,relatime": a mount's own flags as /proc/mounts has them. */
export function show_mnt_opts(mnt: Mount): string {
  let text = '';
  for (const [flag, name] of FLAG_NAMES) if (mnt.mnt_flags & flag) text += name;
  return text;
}
