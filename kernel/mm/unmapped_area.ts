/*
 * kernel/mm/unmapped_area.ts - where there is room for a mapping
 *
 * Linux:   mm/mmap.c (get_unmapped_area(), arch_get_unmapped_area_topdown())
 * Absent:  2 MiB alignment for huge pages
 */

import { CAP_SYS_RAWIO, capable } from '../cred.ts';
import { MMAP_MIN_ADDR } from '../include/linux/mm.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align, TASK_SIZE } from '../include/linux/types.ts';
import { EINVAL, ENOMEM, EPERM } from '../include/uapi/errno.ts';
import { MAP_FIXED } from '../include/uapi/mman.ts';
import { find_vma_index, vm_start_gap } from './vma.ts';

/** An address for `length` (page aligned) bytes, near `address` if that is possible; or -errno. */
export function get_unmapped_area(
  task: Task,
  mm: Mm,
  address: number,
  length: number,
  flags: number,
): number {
  if (length > TASK_SIZE - MMAP_MIN_ADDR) return -ENOMEM;
  const found = (flags & MAP_FIXED) !== 0 ? address : generic_get_unmapped_area(mm, address, length);
  if (found < 0) return found;
  if (found > TASK_SIZE - length) return -ENOMEM;
  if (found % PAGE_SIZE !== 0) return -EINVAL;
  return found < MMAP_MIN_ADDR && !capable(task, CAP_SYS_RAWIO) ? -EPERM : found;
}

function generic_get_unmapped_area(mm: Mm, hint: number, length: number): number {
  if (hint !== 0) {
    const at = page_align(hint);
    if (at >= MMAP_MIN_ADDR && TASK_SIZE - length >= at && is_free(mm, at, length)) return at;
  }
  if (mm.legacy_layout) return unmapped_area(mm, length, mm.mmap_base, TASK_SIZE);

  const found = unmapped_area_topdown(mm, length, MMAP_MIN_ADDR, mm.mmap_base);
  return found < 0 ? unmapped_area(mm, length, page_align(TASK_SIZE / 4), TASK_SIZE) : found;
}

function is_free(mm: Mm, at: number, length: number): boolean {
  const next = mm.mmap[find_vma_index(mm, at)];
  return !next || at + length <= vm_start_gap(next);
}

/** The highest gap in [low, high). */
function unmapped_area_topdown(mm: Mm, length: number, low: number, high: number): number {
  for (let index = find_vma_index(mm, high); index >= 0; index--) {
    const above = mm.mmap[index];
    const below = mm.mmap[index - 1];
    const end = above ? Math.min(high, vm_start_gap(above)) : high;
    const start = below ? Math.max(low, below.vm_end) : low;
    if (end - start >= length) return end - length;
    if (start <= low) break;
  }
  return -ENOMEM;
}

/** The lowest gap in [low, high). */
function unmapped_area(mm: Mm, length: number, low: number, high: number): number {
  let start = low;
  for (let index = find_vma_index(mm, low); index <= mm.mmap.length; index++) {
    const next = mm.mmap[index];
    const end = next ? Math.min(high, vm_start_gap(next)) : high;
    if (end - start >= length) return start;
    if (!next || next.vm_end >= high) break;
    start = Math.max(start, next.vm_end);
  }
  return -ENOMEM;
}

/** A hint below what may be mapped is moved up. Linux: round_hint_to_min(). */
export function round_hint_to_min(hint: number): number {
  const page = hint - (hint % PAGE_SIZE);
  return page !== 0 && page < MMAP_MIN_ADDR ? page_align(MMAP_MIN_ADDR) : page;
}
