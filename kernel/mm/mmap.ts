/*
 * kernel/mm/mmap.ts - mmap, munmap and brk
 *
 * Linux:   mm/mmap.c, mm/vma.c, arch/arm64/kernel/sys.c (v6.12)
 * Manual:  mmap(2), brk(2)
 * Absent:  huge pages, MAP_DROPPABLE, MAP_SYNC, protection keys
 */

import { fdget } from '../fs/file.ts';
import type { AddressSpace, File } from '../include/linux/fs.ts';
import { FMODE_READ, FMODE_WRITE } from '../include/linux/fs_modes.ts';
import {
  DEFAULT_MAX_MAP_COUNT,
  VM_ACCOUNT,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_LOCKONFAULT,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_READ,
  VM_SHARED,
  VM_SPECIAL,
  VM_WRITE,
} from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align, TASK_SIZE } from '../include/linux/types.ts';
import {
  EACCES,
  EAGAIN,
  EBADF,
  EEXIST,
  EINVAL,
  ENODEV,
  ENOMEM,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
} from '../include/uapi/errno.ts';
import * as uapi from '../include/uapi/mman.ts';
import { MS_NOEXEC } from '../include/uapi/mount.ts';
import { bits, int, long, mapping, SYSCALL_DEFINE, size, ulong } from '../syscalls/define.ts';
import { mm_populate } from './gup.ts';
import { zap_page_range } from './memory.ts';
import { can_do_mlock } from './mlock.ts';
import { shmem_zero_setup } from './shmem.ts';
import { get_unmapped_area, round_hint_to_min } from './unmapped_area.ts';
import { __vm_enough_memory, may_expand_vm, mlock_future_ok, vm_unacct_memory } from './util.ts';
import {
  find_vma_index,
  find_vma_intersection,
  insert_vm_struct,
  remove_vma,
  split_range,
  vm_area_alloc,
  vma_merge,
  vma_pages,
  vmas_in,
} from './vma.ts';

const MAX_PGOFF = 2 ** 52;

/** PROT_* as VM_*: the same bits. */
export const calc_vm_prot_bits = (prot: number): number => prot & (VM_READ | VM_WRITE | VM_EXEC);

const calc_vm_flag_bits = (flags: number): number =>
  ((flags & uapi.MAP_GROWSDOWN) !== 0 ? VM_GROWSDOWN : 0) | ((flags & uapi.MAP_LOCKED) !== 0 ? VM_LOCKED : 0);

/**
 * Makes a mapping in the caller's address space; its address or -errno. `offset` is in pages. The order of the checks is
 * the order in which mmap(2) prefers its errors.
 */
export function do_mmap(
  task: Task,
  file: File | null,
  address: number,
  size: number,
  prot: number,
  mapFlags: number,
  pgoff: number,
): number {
  const mm = task.mm!;
  if (size === 0) return -EINVAL;
  const noreplace = (mapFlags & uapi.MAP_FIXED_NOREPLACE) !== 0;
  const flags = noreplace ? mapFlags | uapi.MAP_FIXED : mapFlags;
  const hint = (flags & uapi.MAP_FIXED) !== 0 ? address : round_hint_to_min(address);

  // "length [...] too large"; an offset beyond what page numbers can say.
  if (size > TASK_SIZE) return -ENOMEM;
  const length = page_align(size);
  if (pgoff + length / PAGE_SIZE > MAX_PGOFF) return -EOVERFLOW;
  if (mm.mmap.length > DEFAULT_MAX_MAP_COUNT) return -ENOMEM;

  const at = get_unmapped_area(task, mm, hint, length, flags);
  if (at < 0) return at;
  if (noreplace && find_vma_intersection(mm, at, at + length)) return -EEXIST;

  const wished =
    calc_vm_prot_bits(prot) | calc_vm_flag_bits(flags) | mm.def_flags | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  if ((flags & uapi.MAP_LOCKED) !== 0 && !can_do_mlock(task)) return -EPERM;
  if (!mlock_future_ok(task, mm, wished, length)) return -EAGAIN;

  const typed = file ? file_vm_flags(file, wished, flags, pgoff, length) : anonymous_vm_flags(wished, flags);
  if (typed < 0) return typed;
  const vmFlags = typed | ((flags & uapi.MAP_NORESERVE) !== 0 ? VM_NORESERVE : 0);
  const first = file ? pgoff : (vmFlags & VM_SHARED) !== 0 ? 0 : at / PAGE_SIZE;
  return mmap_region(task, mm, file, at, length, vmFlags, first);
}

/** What a file's own mode and its mount take away. VM_* or -errno. */
function file_vm_flags(file: File, wished: number, flags: number, pgoff: number, length: number): number {
  if (pgoff + length / PAGE_SIZE > 2 ** 51) return -EOVERFLOW;
  let vmFlags = shared_vm_flags(file, wished, flags);
  if (vmFlags < 0) return vmFlags;
  if ((file.f_mode & FMODE_READ) === 0) return -EACCES;
  if ((file.f_path.mnt.mnt_flags & MS_NOEXEC) !== 0) {
    if ((vmFlags & VM_EXEC) !== 0) return -EPERM;
    vmFlags &= ~VM_MAYEXEC;
  }
  if (!file.f_op.mmap) return -ENODEV;
  return (vmFlags & VM_GROWSDOWN) !== 0 ? -EINVAL : vmFlags;
}

function shared_vm_flags(file: File, wished: number, flags: number): number {
  const type = flags & uapi.MAP_TYPE;
  if (type === uapi.MAP_PRIVATE) return wished;
  if (type !== uapi.MAP_SHARED && type !== uapi.MAP_SHARED_VALIDATE) return -EINVAL;
  // MAP_SHARED has always ignored what it does not know.
  const known = uapi.LEGACY_MAP_MASK | uapi.MAP_FIXED_NOREPLACE | uapi.MAP_TYPE;
  if (type === uapi.MAP_SHARED_VALIDATE && (flags & ~known) !== 0) return -EOPNOTSUPP;

  const writable = (file.f_mode & FMODE_WRITE) !== 0;
  if ((wished & VM_WRITE) !== 0 && !writable) return -EACCES;
  // Who cannot write sees others' writes through a private mapping just as well.
  return writable ? wished | VM_SHARED | VM_MAYSHARE : (wished | VM_MAYSHARE) & ~VM_MAYWRITE;
}

function anonymous_vm_flags(wished: number, flags: number): number {
  switch (flags & uapi.MAP_TYPE) {
    case uapi.MAP_SHARED:
      return (wished & VM_GROWSDOWN) !== 0 ? -EINVAL : wished | VM_SHARED | VM_MAYSHARE;
    case uapi.MAP_PRIVATE:
      return wished;
    default:
      return -EINVAL;
  }
}

/** Puts a mapping at a place that was chosen; what is there goes. The address or -errno. */
export function mmap_region(
  task: Task,
  mm: Mm,
  file: File | null,
  at: number,
  length: number,
  wished: number,
  pgoff: number,
): number {
  const pages = length / PAGE_SIZE;
  if (!may_expand_vm(task, mm, wished, pages - count_vma_pages_range(mm, at, at + length))) return -ENOMEM;
  const err = do_munmap(mm, at, length);
  if (err < 0) return err;

  // Private memory that can be written will be needed one day; shared anonymous memory accounts for itself.
  const account = (wished & (VM_NORESERVE | VM_SHARED | VM_WRITE)) === VM_WRITE;
  if (account && __vm_enough_memory(mm.kernel, pages) < 0) return -ENOMEM;
  const flags = account ? wished | VM_ACCOUNT : wished;

  const mapping: AddressSpace | null = file?.f_inode.i_mapping ?? null;
  const vma = vm_area_alloc(mm, { start: at, end: at + length, flags, pgoff, file, mapping });
  const failed = connect_vma(vma);
  if (failed < 0) {
    if (account) vm_unacct_memory(mm.kernel, pages);
    return failed;
  }
  insert_vm_struct(mm, vma);
  finish_vma_flags(mm, vma);
  vma_merge(mm, vma);
  return at;
}

/** The file, or the lack of one, has its say. */
function connect_vma(vma: VmArea): number {
  if (vma.vm_file) {
    const err = vma.vm_file.f_op.mmap!(vma.vm_file, vma);
    if (err < 0) return err;
    if (!vma.vm_mapping && (vma.vm_flags & VM_SHARED) === 0 && !vma.vm_pages)
      vma.vm_pgoff = vma.vm_start / PAGE_SIZE;
    return 0;
  }
  if ((vma.vm_flags & VM_SHARED) === 0) return 0;
  return shmem_zero_setup(vma.vm_mm.kernel, vma, (vma.vm_flags & VM_NORESERVE) === 0);
}

/** Locked memory is counted; what is not ordinary memory cannot be locked. */
function finish_vma_flags(mm: Mm, vma: VmArea): void {
  if ((vma.vm_flags & VM_LOCKED) === 0) return;
  if ((vma.vm_flags & VM_SPECIAL) !== 0) vma.vm_flags &= ~VM_LOCKED_MASK;
  else mm.locked_vm += vma_pages(vma);
}

/** Pages of [start, end) that are mapped already. */
function count_vma_pages_range(mm: Mm, start: number, end: number): number {
  let pages = 0;
  for (const vma of vmas_in(mm, start, end)) {
    pages += (Math.min(end, vma.vm_end) - Math.max(start, vma.vm_start)) / PAGE_SIZE;
  }
  return pages;
}

/** Takes [start, start + size) out of the address space. 0 or -errno, where a mapping must be cut in two and cannot. */
export function do_munmap(mm: Mm, start: number, size: number): number {
  if (start % PAGE_SIZE !== 0 || start > TASK_SIZE || size > TASK_SIZE - start) return -EINVAL;
  const end = start + page_align(size);
  if (end === start) return -EINVAL;
  if (!find_vma_intersection(mm, start, end)) return 0;
  const err = split_range(mm, start, end);
  if (err < 0) return err;

  const gone = vmas_in(mm, start, end);
  zap_page_range(mm, start, end);
  for (const vma of gone) {
    if ((vma.vm_flags & VM_LOCKED) !== 0) mm.locked_vm -= vma_pages(vma);
    if ((vma.vm_flags & VM_ACCOUNT) !== 0) vm_unacct_memory(mm.kernel, vma_pages(vma));
    remove_vma(mm, vma);
  }
  free_pgtables_between(mm, start, end);
  return 0;
}

/** The tables of a gap go as far as no neighbour needs them. */
function free_pgtables_between(mm: Mm, start: number, end: number): void {
  const index = find_vma_index(mm, start);
  const floor = mm.mmap[index - 1]?.vm_end ?? 0;
  const ceiling = mm.mmap[index]?.vm_start ?? TASK_SIZE;
  mm.kernel.arch.free_pgtables(mm, start, end, floor, ceiling);
}

/** do_mmap() for the kernel's own purposes, and what mmap(2) does around it: the pages that were asked for at once. */
export function vm_mmap_pgoff(
  task: Task,
  file: File | null,
  address: number,
  length: number,
  prot: number,
  flags: number,
  pgoff: number,
): number {
  const at = do_mmap(task, file, address, length, prot, flags, pgoff);
  if (at < 0) return at;
  const mm = task.mm!;
  const locked =
    (mm.def_flags & (VM_LOCKED | VM_LOCKONFAULT)) === VM_LOCKED || (flags & uapi.MAP_LOCKED) !== 0;
  const populate = (flags & (uapi.MAP_POPULATE | uapi.MAP_NONBLOCK)) === uapi.MAP_POPULATE;
  if (locked || populate) mm_populate(mm, at, at + page_align(length));
  return at;
}

/** log2 of the sizes that an arm64 kernel with 4 KiB pages knows; 0 asks for the usual one. */
const HUGE_PAGES = [0, 16, 21, 25, 30];

/** There are none to be had, but a size that does not exist is a mistake. */
const no_huge_pages = (flags: number): number =>
  HUGE_PAGES.includes((flags >>> uapi.MAP_HUGE_SHIFT) & uapi.MAP_HUGE_MASK) ? -ENOMEM : -EINVAL;

/** Linux: ksys_mmap_pgoff(). The file is looked up first, before any other argument is judged. */
export function ksys_mmap_pgoff(
  task: Task,
  address: number,
  length: number,
  prot: number,
  flags: number,
  fd: number,
  pgoff: number,
): number {
  if ((flags & uapi.MAP_ANONYMOUS) !== 0) {
    if ((flags & uapi.MAP_HUGETLB) !== 0) return no_huge_pages(flags);
    return vm_mmap_pgoff(task, null, address, length, prot, flags, pgoff);
  }
  const file = fdget(task, fd);
  if (typeof file === 'number') return -EBADF;
  if ((flags & uapi.MAP_HUGETLB) !== 0) return -EINVAL;
  return vm_mmap_pgoff(task, file, address, length, prot, flags, pgoff);
}

export const prot_bits = bits(
  {
    PROT_READ: uapi.PROT_READ,
    PROT_WRITE: uapi.PROT_WRITE,
    PROT_EXEC: uapi.PROT_EXEC,
    PROT_SEM: uapi.PROT_SEM,
  },
  'PROT_NONE',
);

const map_bits = bits({
  MAP_SHARED_VALIDATE: uapi.MAP_SHARED_VALIDATE,
  MAP_SHARED: uapi.MAP_SHARED,
  MAP_PRIVATE: uapi.MAP_PRIVATE,
  MAP_FIXED: uapi.MAP_FIXED,
  MAP_ANONYMOUS: uapi.MAP_ANONYMOUS,
  MAP_GROWSDOWN: uapi.MAP_GROWSDOWN,
  MAP_DENYWRITE: uapi.MAP_DENYWRITE,
  MAP_LOCKED: uapi.MAP_LOCKED,
  MAP_NORESERVE: uapi.MAP_NORESERVE,
  MAP_POPULATE: uapi.MAP_POPULATE,
  MAP_NONBLOCK: uapi.MAP_NONBLOCK,
  MAP_STACK: uapi.MAP_STACK,
  MAP_HUGETLB: uapi.MAP_HUGETLB,
  MAP_FIXED_NOREPLACE: uapi.MAP_FIXED_NOREPLACE,
});

export const sys_mmap = SYSCALL_DEFINE(
  'mmap',
  { addr: ulong, length: size, prot: prot_bits, flags: map_bits, fd: int, offset: long },
  (task, { addr, length, prot, flags, fd, offset }) => {
    // One that is too large for a double to be exact is not a multiple of anything, but for 2^63 - PAGE_SIZE and its like.
    if (offset % PAGE_SIZE !== 0 || offset >= 2 ** 63) return -EINVAL;
    // A negative offset is a huge unsigned one.
    const pgoff = (offset < 0 ? offset + 2 ** 64 : offset) / PAGE_SIZE;
    return ksys_mmap_pgoff(task, addr, length, prot, flags, fd, pgoff);
  },
);

export const sys_munmap = SYSCALL_DEFINE(
  'munmap',
  { addr: mapping, length: size },
  (task, { addr, length }) => do_munmap(task.mm!, addr, length),
);
