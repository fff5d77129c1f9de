/*
 * kernel/fs/memfd.ts - files without a name, and seals on them
 *
 * Linux:   mm/memfd.c, mm/shmem.c (shmem_file_setup)
 * Manual:  memfd_create(2), fcntl(2) "File Sealing"
 * Absent:  MFD_HUGETLB
 */

import type { File, Inode, Mount } from '../include/linux/fs.ts';
import { FMODE_CAN_ODIRECT, FMODE_WRITE } from '../include/linux/fs_modes.ts';
import { VM_MAYWRITE, VM_SHARED, VM_WRITE } from '../include/linux/mm.ts';
import type { VmArea } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { EBUSY, EINVAL, EPERM } from '../include/uapi/errno.ts';
import {
  F_SEAL_EXEC,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_NOEXEC_SEAL,
  O_CLOEXEC,
  O_LARGEFILE,
  O_RDWR,
} from '../include/uapi/fcntl.ts';
import { S_IFREG, S_IXUGO } from '../include/uapi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { strncpy_from_user } from '../lib/usercopy.ts';
import { SYSCALL_DEFINE, path as pathArg } from '../syscalls/define.ts';
import { memfdFlags } from './arg_types.ts';
import { d_alloc } from './dcache.ts';
import { fd_install_new } from './file.ts';
import { alloc_file } from './file_table.ts';
import { get_tree_single, kern_mount } from './super.ts';
import { shmem_fill_super, shmem_get_inode } from './tmpfs.ts';
import { shmem_file_operations } from './tmpfs_file.ts';

const F_ALL_SEALS =
  F_SEAL_SEAL | F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

/** A file of tmpfs. Those made by open() cannot be sealed, which is itself a seal. */
export const memfd_seals = (inode: Inode): number => (inode.i_private as number | null) ?? F_SEAL_SEAL;

/** The tmpfs that is mounted nowhere. */
function shm_mnt(kernel: Kernel): Mount {
  const sb = get_tree_single(kernel, 'shm_mnt', (k) =>
    shmem_fill_super(k, 'tmpfs', { max_blocks: Infinity, max_inodes: Infinity }),
  );
  const root = sb.s_root.d_inode!;
  root.i_private ??= kern_mount(kernel, sb, 'tmpfs');
  return root.i_private as Mount;
}

/** An open file of `size` bytes of zeroes that nobody can find by name. */
export function shmem_file_setup(task: Task, name: string, size: number): File | number {
  const mnt = shm_mnt(task.kernel);
  const inode = shmem_get_inode(mnt.mnt_sb, S_IFREG | 0o777, 0);
  if (typeof inode === 'number') return inode;
  inode.i_uid = task.cred.fsuid;
  inode.i_gid = task.cred.fsgid;
  inode.i_nlink = 0;
  inode.i_size = size;
  const dentry = d_alloc(mnt.mnt_root, name);
  dentry.d_inode = inode;
  dentry.d_deleted = true;
  const file = alloc_file({ mnt, dentry }, O_RDWR | O_LARGEFILE, shmem_file_operations, task.cred);
  file.f_mode |= FMODE_CAN_ODIRECT;
  return file;
}

const NAME_PREFIX = 'memfd:';
const NAME_MAX_LEN = 255 - NAME_PREFIX.length;

export const sys_memfd_create = SYSCALL_DEFINE(
  'memfd_create',
  { uname: pathArg, flags: memfdFlags },
  (task, { uname, flags }) => {
    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) return -EINVAL;
    if (flags & MFD_EXEC && flags & MFD_NOEXEC_SEAL) return -EINVAL;
    const name = strncpy_from_user(task, uname, NAME_MAX_LEN + 1);
    if (typeof name === 'number') return name;
    if (name.length > NAME_MAX_LEN) return -EINVAL;

    const file = shmem_file_setup(task, NAME_PREFIX + name, 0);
    if (typeof file === 'object') file.f_inode.i_private = first_seals(file.f_inode, flags);
    return fd_install_new(task, file, flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
  },
);

function first_seals(inode: Inode, flags: number): number {
  if (flags & MFD_NOEXEC_SEAL) {
    inode.i_mode &= ~S_IXUGO;
    return F_SEAL_EXEC;
  }
  return flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL;
}

const is_shmem_file = (file: File): boolean => file.f_op === shmem_file_operations;

export const memfd_get_seals = (file: File): number =>
  is_shmem_file(file) ? memfd_seals(file.f_inode) : -EINVAL;

export function memfd_add_seals(file: File, seals: number): number {
  const inode = file.f_inode;
  if ((file.f_mode & FMODE_WRITE) === 0) return -EPERM;
  if (seals & ~F_ALL_SEALS || !is_shmem_file(file)) return -EINVAL;
  const old = memfd_seals(inode);
  if (old & F_SEAL_SEAL) return -EPERM;
  if (seals & F_SEAL_WRITE && (old & F_SEAL_WRITE) === 0 && has_writable_mapping(inode)) return -EBUSY;

  // Not executable, once sealed, means not changeable either: or the program could still be put in.
  const exec = seals & F_SEAL_EXEC && inode.i_mode & S_IXUGO;
  const implied = exec ? F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE : 0;
  inode.i_private = old | seals | implied;
  return 0;
}

function has_writable_mapping(inode: Inode): boolean {
  for (const vma of inode.i_mapping!.i_mmap) {
    if ((vma.vm_flags & (VM_SHARED | VM_MAYWRITE)) === (VM_SHARED | VM_MAYWRITE)) return true;
  }
  return false;
}

/** A mapping is being made: a sealed file cannot be mapped writable, now or by mprotect() later. */
export function memfd_vma_ok(file: File, vma: VmArea): number {
  if ((memfd_seals(file.f_inode) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) === 0) return 0;
  if ((vma.vm_flags & VM_SHARED) === 0) return 0;
  if (vma.vm_flags & VM_WRITE) return -EPERM;
  vma.vm_flags &= ~VM_MAYWRITE;
  return 0;
}

/** Truncation against the seals. */
export function memfd_resize_ok(inode: Inode, size: number): number {
  const seals = memfd_seals(inode);
  if (size < inode.i_size && seals & F_SEAL_SHRINK) return -EPERM;
  return size > inode.i_size && seals & F_SEAL_GROW ? -EPERM : 0;
}
