/*
 * kernel/mm/shmem.ts - memory that is a file, and files that are memory
 *
 * Linux:   mm/shmem.c, mm/filemap.c (the page cache)
 * Differs: kernel/fs/tmpfs.ts is the file system; this is what its files, and shared anonymous memory, are made of
 * Absent:  swap, huge pages, seals
 */

import type { AddressSpace } from '../include/linux/fs.ts';
import type { VmArea } from '../include/linux/mm_types.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { EIO, ENOMEM, ENOSPC } from '../include/uapi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { __vm_enough_memory, vm_unacct_memory } from './util.ts';
import { NR_FILE_PAGES, NR_SHMEM, PG_swapbacked } from './page_alloc.ts';

export class ShmemMapping implements AddressSpace {
  readonly shmem = true;
  readonly i_mmap = new Set<VmArea>();
  /** Asked for a page before it is made (false: -ENOSPC), told with -1 when one is gone: a file system's size limit. */
  charge: ((pages: number) => boolean) | null = null;
  unmapped?: () => void;
  ino?: number;

  private readonly kernel: Kernel;
  private readonly pages = new Map<number, number>();
  /** Pages that can exist; beyond them -EIO. A file's size is its inode's business. */
  private readonly limit: number;

  constructor(kernel: Kernel, limit = Infinity) {
    this.kernel = kernel;
    this.limit = limit;
  }

  get nrpages(): number {
    return this.pages.size;
  }

  get_page(index: number, create: boolean): number {
    const pfn = this.pages.get(index);
    if (pfn !== undefined) return pfn;
    return create ? this.add_page(index) : 0;
  }

  /** The first page at or after `index` that exists and is not in `except`; -1: none. SEEK_DATA. */
  next_page(index: number, except: ReadonlySet<number>): number {
    let first = -1;
    for (const at of this.pages.keys())
      if (at >= index && (first < 0 || at < first) && !except.has(at)) first = at;
    return first;
  }

  /** Frees the pages from `first` on. Called after unmap_mapping_range(). */
  truncate(first: number): void {
    this.punch(first, Infinity);
  }

  /** Frees the pages of [first, end): they read as zero again. */
  punch(first: number, end: number): void {
    if (this.pages.size === 0) return;
    if (end - first < this.pages.size) {
      for (let index = first; index < end; index++) this.remove_page(index);
      return;
    }
    for (const index of [...this.pages.keys()]) if (index >= first && index < end) this.remove_page(index);
  }

  private add_page(index: number): number {
    if (index >= this.limit) return -EIO;
    if (this.charge && !this.charge(1)) return -ENOSPC;
    const pages = this.kernel.mm;
    const pfn = pages.alloc_zeroed_page();
    if (pfn === 0) {
      this.charge?.(-1);
      return -ENOMEM;
    }
    pages.set_page_flags(pfn, PG_swapbacked);
    pages.mod_state(NR_FILE_PAGES, 1);
    pages.mod_state(NR_SHMEM, 1);
    this.pages.set(index, pfn);
    return pfn;
  }

  private remove_page(index: number): void {
    const pfn = this.pages.get(index);
    if (pfn === undefined) return;
    this.pages.delete(index);
    this.kernel.mm.mod_state(NR_FILE_PAGES, -1);
    this.kernel.mm.mod_state(NR_SHMEM, -1);
    this.kernel.mm.put_page(pfn);
    this.charge?.(-1);
  }
}

/** What /proc/<pid>/maps calls it. */
export const SHARED_ANONYMOUS_NAME = '/dev/zero (deleted)';

/**
 * Makes a new mapping one of shared memory that starts as zeroes. Returns 0 or -ENOMEM.
 * Called before it is inserted. Upstream's hidden tmpfs file: lives as long as somebody maps it.
 */
export function shmem_zero_setup(kernel: Kernel, vma: VmArea, account: boolean): number {
  const size = (vma.vm_end - vma.vm_start) / PAGE_SIZE;
  if (account) {
    const err = __vm_enough_memory(kernel, size);
    if (err < 0) return err;
  }
  const mapping = new ShmemMapping(kernel, size);
  mapping.unmapped = () => {
    if (mapping.i_mmap.size > 0) return;
    mapping.truncate(0);
    if (account) vm_unacct_memory(kernel, size);
  };
  mapping.ino = ++kernel.mm.shmem_files;
  vma.vm_mapping = mapping;
  vma.vm_name = SHARED_ANONYMOUS_NAME;
  return 0;
}
