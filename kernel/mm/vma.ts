/*
 * kernel/mm/vma.ts - the mappings of an address space: finding, splitting and merging them
 *
 * Linux:   mm/vma.c, mm/mmap.c (find_vma()) (v6.12)
 * Differs: a sorted array and binary search instead of a maple tree; anon_vma is one bit
 *
 * Two neighbours that differ in nothing but their addresses are always one mapping: /proc/<pid>/maps shows it, and the
 * number of mappings is limited.
 */

import type { AddressSpace, File } from '../include/linux/fs.ts';
import {
  DEFAULT_MAX_MAP_COUNT,
  STACK_GUARD_GAP,
  VM_ACCESS_FLAGS,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_SHARED,
  VM_SPECIAL,
  VM_STACK,
  VM_WRITE,
} from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { EINVAL, ENOMEM } from '../include/uapi/errno.ts';
import { fput, get_file } from '../fs/file_table.ts';

/** Index of the first mapping that ends above `address`; mm.mmap.length if none does. */
export function find_vma_index(mm: Mm, address: number): number {
  const { mmap } = mm;
  let low = 0;
  let high = mmap.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (mmap[middle]!.vm_end > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first mapping that ends above `address`: the one it is in, or the next one. */
export function find_vma(mm: Mm, address: number): VmArea | null {
  return mm.mmap[find_vma_index(mm, address)] ?? null;
}

/** The mapping that contains `address`. */
export function vma_lookup(mm: Mm, address: number): VmArea | null {
  const vma = find_vma(mm, address);
  return vma && vma.vm_start <= address ? vma : null;
}

/** The first mapping that overlaps [start, end). */
export function find_vma_intersection(mm: Mm, start: number, end: number): VmArea | null {
  const vma = find_vma(mm, start);
  return vma && vma.vm_start < end ? vma : null;
}

export interface VmaTemplate {
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  readonly pgoff: number;
  readonly file?: File | null;
  readonly mapping?: AddressSpace | null;
  readonly pages?: readonly number[] | null;
  readonly name?: string | null;
}

/** A mapping that nobody can see yet. Its file is not yet held. */
export function vm_area_alloc(mm: Mm, from: VmaTemplate): VmArea {
  return {
    vm_mm: mm,
    vm_start: from.start,
    vm_end: from.end,
    vm_flags: from.flags,
    vm_file: from.file ?? null,
    vm_mapping: from.mapping ?? null,
    vm_pages: from.pages ?? null,
    anon_vma: 0,
    anon_vma_inherited: false,
    vm_pgoff: from.pgoff,
    vm_name: from.name ?? null,
  };
}

/** Puts it where it belongs; the space must be free. From here on it counts and holds its file. */
export function insert_vm_struct(mm: Mm, vma: VmArea): void {
  mm.mmap.splice(find_vma_index(mm, vma.vm_start), 0, vma);
  vm_stat_account(mm, vma.vm_flags, vma_pages(vma));
  vma_hold(vma);
}

/** Takes it out of the address space. Its pages must have been unmapped. */
export function remove_vma(mm: Mm, vma: VmArea): void {
  mm.mmap.splice(mm.mmap.indexOf(vma, find_vma_index(mm, vma.vm_start)), 1);
  vm_stat_account(mm, vma.vm_flags, -vma_pages(vma));
  vma_release(vma);
}

/** Linux: vma_link_file(), get_file(). */
export function vma_hold(vma: VmArea): void {
  if (vma.vm_pages) hold_pages(vma.vm_mm, vma.vm_pages);
  if (vma.vm_file) get_file(vma.vm_file);
  vma.vm_mapping?.i_mmap.add(vma);
}

export function vma_release(vma: VmArea): void {
  if (vma.vm_pages) release_pages(vma.vm_mm, vma.vm_pages);
  vma.vm_mapping?.i_mmap.delete(vma);
  vma.vm_mapping?.unmapped?.();
  if (vma.vm_file) fput(vma.vm_file);
}

function hold_pages({ kernel }: Mm, pages: readonly number[]): void {
  for (const pfn of pages) kernel.mm.get_page(pfn);
}

function release_pages({ kernel }: Mm, pages: readonly number[]): void {
  for (const pfn of pages) kernel.mm.put_page(pfn);
}

/** A special mapping shows other pages from now on. Those that it showed must have been unmapped. */
export function vma_set_pages(vma: VmArea, pages: readonly number[]): void {
  hold_pages(vma.vm_mm, pages);
  release_pages(vma.vm_mm, vma.vm_pages!);
  vma.vm_pages = pages;
}

/** Linux: vm_ops->may_split(). Whoever made a special mapping counts on all of it being there. */
export const may_split = (vma: VmArea): boolean => vma.vm_pages === null;

/**
 * Cuts a mapping in two at `address`, which is inside it. Returns 0 or -errno: -ENOMEM, or -EINVAL as it may not be cut.
 * `vma` becomes the lower part.
 */
export function split_vma(mm: Mm, vma: VmArea, address: number): number {
  if (mm.mmap.length >= DEFAULT_MAX_MAP_COUNT) return -ENOMEM;
  if (!may_split(vma)) return -EINVAL;
  const upper: VmArea = {
    ...vma,
    vm_start: address,
    vm_pgoff: vma.vm_pgoff + (address - vma.vm_start) / PAGE_SIZE,
  };
  vma.vm_end = address;
  mm.mmap.splice(find_vma_index(mm, address), 0, upper);
  vma_hold(upper);
  return 0;
}

/** Makes sure that no mapping reaches over either border of [start, end). Returns 0 or -errno of split_vma(). */
export function split_range(mm: Mm, start: number, end: number): number {
  for (const border of [start, end]) {
    const vma = vma_lookup(mm, border);
    if (!vma || vma.vm_start === border) continue;
    const err = split_vma(mm, vma, border);
    if (err < 0) return err;
  }
  return 0;
}

/* Which neighbours vma_merge() looks at. */
export const MERGE_PREV = 1;
export const MERGE_NEXT = 2;

/** A mapping that is new, or has changed, joins its like neighbours. Returns the mapping that it is part of now. */
export function vma_merge(mm: Mm, vma: VmArea, sides = MERGE_PREV | MERGE_NEXT): VmArea {
  const index = find_vma_index(mm, vma.vm_start);
  const prev = (sides & MERGE_PREV) !== 0 ? mm.mmap[index - 1] : undefined;
  const next = (sides & MERGE_NEXT) !== 0 ? mm.mmap[index + 1] : undefined;
  const left = prev !== undefined && continues(prev, vma) && is_mergeable_anon_vma(vma, prev);
  const right = next !== undefined && continues(vma, next) && is_mergeable_anon_vma(vma, next);
  const apart =
    left && right && prev.anon_vma !== 0 && next.anon_vma !== 0 && prev.anon_vma !== next.anon_vma;

  if (right && !apart) absorb(mm, vma, next, index + 1);
  if (!left) return vma;
  absorb(mm, prev, vma, index);
  return prev;
}

/** Is `vma` what `prev` would be if it went on? */
function continues(prev: VmArea, vma: VmArea): boolean {
  return (
    prev.vm_end === vma.vm_start &&
    prev.vm_flags === vma.vm_flags &&
    prev.vm_file === vma.vm_file &&
    prev.vm_mapping === vma.vm_mapping &&
    prev.vm_pages === null &&
    vma.vm_pages === null &&
    prev.vm_name === vma.vm_name &&
    prev.vm_pgoff + vma_pages(prev) === vma.vm_pgoff &&
    (vma.vm_flags & VM_SPECIAL) === 0
  );
}

/** Private pages of different families do not mix; those of nobody join a family that is all its own. */
function is_mergeable_anon_vma(vma: VmArea, target: VmArea): boolean {
  if (vma.anon_vma === target.anon_vma) return true;
  return vma.anon_vma === 0 && !target.anon_vma_inherited;
}

function absorb(mm: Mm, into: VmArea, gone: VmArea, index: number): void {
  into.vm_end = gone.vm_end;
  if (into.anon_vma === 0) {
    into.anon_vma = gone.anon_vma;
    into.anon_vma_inherited = gone.anon_vma_inherited;
  }
  mm.mmap.splice(index, 1);
  vma_release(gone);
}

/** The family for a mapping's first private page: that of a neighbour it might one day be joined with, or a new one. */
export function anon_vma_prepare(mm: Mm, vma: VmArea): void {
  const index = find_vma_index(mm, vma.vm_start);
  const prev = mm.mmap[index - 1];
  const next = mm.mmap[index + 1];
  if (next && can_share_anon_vma(vma, next, next)) vma.anon_vma = next.anon_vma;
  else if (prev && can_share_anon_vma(prev, vma, prev)) vma.anon_vma = prev.anon_vma;
  else vma.anon_vma = ++mm.kernel.mm.anon_vmas;
}

/** Neighbours that differ in their permissions at most. */
function can_share_anon_vma(lower: VmArea, upper: VmArea, owner: VmArea): boolean {
  return (
    owner.anon_vma !== 0 &&
    !owner.anon_vma_inherited &&
    lower.vm_end === upper.vm_start &&
    lower.vm_file === upper.vm_file &&
    lower.vm_mapping === upper.vm_mapping &&
    ((lower.vm_flags ^ upper.vm_flags) & ~VM_ACCESS_FLAGS) === 0 &&
    lower.vm_pgoff + vma_pages(lower) === upper.vm_pgoff
  );
}

/**
 * A part of a mapping gets other flags: it is cut out, and joined with neighbours that now are like it. Returns the
 * mapping that it is part of then, or -errno.
 */
export function vma_modify_flags(
  mm: Mm,
  vma: VmArea,
  start: number,
  end: number,
  flags: number,
): VmArea | number {
  const err = split_range(mm, start, end);
  if (err < 0) return err;
  const part = vma.vm_start === start ? vma : find_vma(mm, start)!;
  vm_stat_account(mm, part.vm_flags, -vma_pages(part));
  part.vm_flags = flags;
  vm_stat_account(mm, part.vm_flags, vma_pages(part));
  return vma_merge(mm, part);
}

/** The mappings that overlap [start, end), as they are now. */
export function vmas_in(mm: Mm, start: number, end: number): VmArea[] {
  const first = find_vma_index(mm, start);
  let last = first;
  while (last < mm.mmap.length && mm.mmap[last]!.vm_start < end) last++;
  return mm.mmap.slice(first, last);
}

export const vma_pages = (vma: VmArea): number => (vma.vm_end - vma.vm_start) / PAGE_SIZE;

/** Linux: vma_is_anonymous(). Its pages come from nowhere: zeroes. */
export const vma_is_anonymous = (vma: VmArea): boolean => vma.vm_mapping === null && vma.vm_pages === null;

export const vma_is_accessible = (vma: VmArea): boolean => (vma.vm_flags & VM_ACCESS_FLAGS) !== 0;

/** Where others must keep away from: a stack's start includes the gap it needs to fault in. */
export function vm_start_gap(vma: VmArea): number {
  return (vma.vm_flags & VM_GROWSDOWN) !== 0 ? Math.max(0, vma.vm_start - STACK_GUARD_GAP) : vma.vm_start;
}

/** Linux: linear_page_index(). The page of the object behind the mapping that `address` shows. */
export function linear_page_index(vma: VmArea, address: number): number {
  return Math.floor((address - vma.vm_start) / PAGE_SIZE) + vma.vm_pgoff;
}

/** Counts pages of address space by what they are for: VmSize, VmData, VmStk, VmExe. */
export function vm_stat_account(mm: Mm, flags: number, pages: number): void {
  mm.total_vm += pages;
  if (mm.total_vm > mm.hiwater_vm) mm.hiwater_vm = mm.total_vm;
  if (is_exec_mapping(flags)) mm.exec_vm += pages;
  else if (is_stack_mapping(flags)) mm.stack_vm += pages;
  else if (is_data_mapping(flags)) mm.data_vm += pages;
}

export const is_exec_mapping = (flags: number): boolean =>
  (flags & (VM_EXEC | VM_WRITE | VM_STACK)) === VM_EXEC;
export const is_stack_mapping = (flags: number): boolean => (flags & VM_STACK) === VM_STACK;
export const is_data_mapping = (flags: number): boolean =>
  (flags & (VM_WRITE | VM_SHARED | VM_STACK)) === VM_WRITE;
