/*
 * kernel/mm/special.ts - mappings of the kernel's own pages
 *
 * Linux: mm/mmap.c (_install_special_mapping())
 */

import { VM_DONTEXPAND } from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import { ENOMEM } from '../include/uapi/errno.ts';
import { find_vma_intersection, insert_vm_struct, vm_area_alloc } from './vma.ts';

/**
 * Shows `pages` (frames) at `address`, which get_unmapped_area() has found, in `length` bytes: where there is no page, an
 * access is SIGBUS. Who writes there gets a copy.
 */
export function install_special_mapping(
  mm: Mm,
  address: number,
  length: number,
  pages: readonly number[],
  flags: number,
  name: string,
): VmArea | number {
  const end = address + length;
  if (find_vma_intersection(mm, address, end)) return -ENOMEM;
  const vma = vm_area_alloc(mm, {
    start: address,
    end,
    flags: flags | mm.def_flags | VM_DONTEXPAND,
    pgoff: 0,
    pages,
    name,
  });
  insert_vm_struct(mm, vma);
  return vma;
}
