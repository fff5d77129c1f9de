/*
 * kernel/mm/madvise.ts - advice about memory, some of which must be followed
 *
 * Linux:   mm/madvise.c (v6.12)
 * Manual:  madvise(2)
 * Differs: MADV_FREE frees at once, which it may at any time
 * Absent:  MADV_HWPOISON, MADV_SOFT_OFFLINE, MADV_COLLAPSE, process_madvise(2)
 */

import {
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_IO,
  VM_LOCKED,
  VM_MAYWRITE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_SPECIAL,
  VM_WIPEONFORK,
} from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align, TASK_SIZE } from '../include/linux/types.ts';
import { EACCES, EINVAL, ENOMEM, EOPNOTSUPP } from '../include/uapi/errno.ts';
import * as uapi from '../include/uapi/mman.ts';
import { enumeration, mapping, SYSCALL_DEFINE, size } from '../syscalls/define.ts';
import { access_allows, faultin_page_range } from './gup.ts';
import { unmap_mapping_range, zap_page_range } from './memory.ts';
import { find_vma, linear_page_index, vma_is_anonymous, vma_modify_flags } from './vma.ts';

/** What advice does to one mapping's part of the range. 0 or -errno. */
type Advice = (mm: Mm, vma: VmArea, start: number, end: number) => number;

/** Advice that sets and clears bits of the mapping; `refuse`: mappings it is not for. */
const behavior = (set: number, clear: number, refuse?: (vma: VmArea) => boolean): Advice => {
  return (mm, vma, start, end) => {
    if (refuse?.(vma)) return -EINVAL;
    const flags = (vma.vm_flags & ~clear) | set;
    if (flags === vma.vm_flags) return 0;
    const part = vma_modify_flags(mm, vma, start, end, flags);
    return typeof part === 'number' ? part : 0;
  };
};

const is_io = (vma: VmArea): boolean => (vma.vm_flags & VM_IO) !== 0;
const is_special = (vma: VmArea): boolean => (vma.vm_flags & VM_SPECIAL) !== 0;
const not_private_anonymous = (vma: VmArea): boolean =>
  vma.vm_file !== null || (vma.vm_flags & VM_SHARED) !== 0 || !vma_is_anonymous(vma);

/** Everything is in memory already, or comes from nowhere. */
const nothing: Advice = () => 0;

/** Nothing is ever paged out; but locked memory must not even be asked to. */
const cold: Advice = (_mm, vma) => ((vma.vm_flags & (VM_LOCKED | VM_PFNMAP)) !== 0 ? -EINVAL : 0);

const dontneed = (locked: number): Advice => {
  return (mm, vma, start, end) => {
    if ((vma.vm_flags & (VM_PFNMAP | locked)) !== 0) return -EINVAL;
    zap_page_range(mm, start, end);
    return 0;
  };
};

const free: Advice = (mm, vma, start, end) => {
  if (!vma_is_anonymous(vma)) return -EINVAL;
  zap_page_range(mm, start, end);
  return 0;
};

/** Punches a hole into the file behind a shared mapping. */
const remove: Advice = (_mm, vma, start, end) => {
  if ((vma.vm_flags & VM_LOCKED) !== 0) return -EINVAL;
  const { vm_mapping } = vma;
  if (!vm_mapping) return -EINVAL;
  if ((vma.vm_flags & (VM_SHARED | VM_MAYWRITE)) !== (VM_SHARED | VM_MAYWRITE)) return -EACCES;
  if (!vm_mapping.punch) return -EOPNOTSUPP;
  const first = linear_page_index(vma, start);
  const last = linear_page_index(vma, end);
  unmap_mapping_range(vm_mapping, first, last, false);
  vm_mapping.punch(first, last);
  return 0;
};

const populate = (write: boolean): Advice => {
  return (mm, vma, start, end) => {
    if ((vma.vm_flags & (VM_IO | VM_PFNMAP)) !== 0) return -EINVAL;
    if (!access_allows(vma, write)) return -EINVAL;
    return faultin_page_range(mm, vma, start, end, write);
  };
};

/** By MADV_*; what is not here is -EINVAL. */
// biome-ignore format: columns teach
const madvise_behavior: Readonly<Record<number, Advice>> = {
  [uapi.MADV_NORMAL]:          behavior(0, VM_RAND_READ | VM_SEQ_READ),
  [uapi.MADV_RANDOM]:          behavior(VM_RAND_READ, VM_SEQ_READ),
  [uapi.MADV_SEQUENTIAL]:      behavior(VM_SEQ_READ, VM_RAND_READ),
  [uapi.MADV_WILLNEED]:        nothing,
  [uapi.MADV_DONTNEED]:        dontneed(VM_LOCKED),
  [uapi.MADV_DONTNEED_LOCKED]: dontneed(0),
  [uapi.MADV_FREE]:            free,
  [uapi.MADV_REMOVE]:          remove,
  [uapi.MADV_DONTFORK]:        behavior(VM_DONTCOPY, 0),
  [uapi.MADV_DOFORK]:          behavior(0, VM_DONTCOPY, is_io),
  [uapi.MADV_WIPEONFORK]:      behavior(VM_WIPEONFORK, 0, not_private_anonymous),
  [uapi.MADV_KEEPONFORK]:      behavior(0, VM_WIPEONFORK),
  [uapi.MADV_DONTDUMP]:        behavior(VM_DONTDUMP, 0),
  [uapi.MADV_DODUMP]:          behavior(0, VM_DONTDUMP, is_special),
  [uapi.MADV_COLD]:            cold,
  [uapi.MADV_PAGEOUT]:         cold,
  [uapi.MADV_POPULATE_READ]:   populate(false),
  [uapi.MADV_POPULATE_WRITE]:  populate(true),
  // Kernels with huge pages or same-page merging configured accept these: advice that need not be taken.
  [uapi.MADV_HUGEPAGE]:        nothing,
  [uapi.MADV_NOHUGEPAGE]:      nothing,
  [uapi.MADV_MERGEABLE]:       nothing,
  [uapi.MADV_UNMERGEABLE]:     nothing,
};

export function do_madvise(task: Task, start: number, size: number, advice: number): number {
  if (!madvise_behavior[advice]) return -EINVAL;
  if (start % PAGE_SIZE !== 0) return -EINVAL;
  if (size > TASK_SIZE || start + size > TASK_SIZE) return size > TASK_SIZE ? -EINVAL : -ENOMEM;
  const end = start + page_align(size);
  return end === start ? 0 : madvise_walk_vmas(task.mm!, start, end, advice);
}

/** Holes are stepped over, and told of at the end; but what is to be brought in must be there. */
function madvise_walk_vmas(mm: Mm, start: number, end: number, advice: number): number {
  const act = madvise_behavior[advice]!;
  const strict = advice === uapi.MADV_POPULATE_READ || advice === uapi.MADV_POPULATE_WRITE;
  let hole = 0;
  for (let at = start; at < end; ) {
    const vma = find_vma(mm, at);
    if (!vma || vma.vm_start >= end) return -ENOMEM;
    if (vma.vm_start > at) hole = -ENOMEM;
    if (hole < 0 && strict) return hole;
    const from = Math.max(vma.vm_start, at);
    at = Math.min(vma.vm_end, end);
    const err = act(mm, vma, from, at);
    if (err < 0) return err;
  }
  return hole;
}

const advice_names = enumeration(
  Object.fromEntries(Object.entries(uapi).filter(([name]) => name.startsWith('MADV_'))) as Record<
    string,
    number
  >,
);

export const sys_madvise = SYSCALL_DEFINE(
  'madvise',
  { addr: mapping, length: size, advice: advice_names },
  (task, { addr, length, advice }) => do_madvise(task, addr, length, advice),
);
