/*
 * kernel/mm/mincore.ts - which pages are in memory
 *
 * Linux:   mm/mincore.c
 * Manual:  mincore(2)
 */

import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import { PAGE_SIZE, page_align, type UserPtr } from '../include/linux/types.ts';
import { EFAULT, EINVAL, ENOMEM } from '../include/uapi/errno.ts';
import { access_ok, copy_to_user } from '../lib/usercopy.ts';
import { mapping, outptr, SYSCALL_DEFINE, size } from '../syscalls/define.ts';
import { linear_page_index, vma_lookup } from './vma.ts';

/** Pages asked about at a time. */
const CHUNK = 4096;

/** Is the page in memory: mapped here, or in the file's cache? */
function is_resident(mm: Mm, vma: VmArea, at: number): boolean {
  const { arch } = mm.kernel;
  const ptep = arch.pte_offset(mm, at);
  if (ptep !== 0 && arch.pte_flags(ptep) !== 0) return true;
  if (vma.vm_pages) return true; // the kernel's own, which it says of those that are not there too
  return vma.vm_mapping !== null && vma.vm_mapping.get_page(linear_page_index(vma, at), false) > 0;
}

/** Fills `vec` for the pages from `start` on; -ENOMEM at a hole. */
function do_mincore(mm: Mm, start: number, vec: Uint8Array): number {
  for (let page = 0; page < vec.length; page++) {
    const at = start + page * PAGE_SIZE;
    const vma = vma_lookup(mm, at);
    if (!vma) return -ENOMEM;
    vec[page] = is_resident(mm, vma, at) ? 1 : 0;
  }
  return 0;
}

export const sys_mincore = SYSCALL_DEFINE(
  'mincore',
  { addr: mapping, length: size, vec: outptr },
  (task, { addr, length, vec }) => {
    if (addr % PAGE_SIZE !== 0) return -EINVAL;
    if (!access_ok(addr, length)) return -ENOMEM;
    const pages = page_align(length) / PAGE_SIZE;
    if (!access_ok(vec, pages)) return -EFAULT;
    for (let done = 0; done < pages; done += CHUNK) {
      const answers = new Uint8Array(Math.min(CHUNK, pages - done));
      const err = do_mincore(task.mm!, addr + done * PAGE_SIZE, answers);
      if (err < 0) return err;
      if (copy_to_user(task, (vec + done) as UserPtr, answers)) return -EFAULT;
    }
    return 0;
  },
);
