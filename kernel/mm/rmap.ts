/*
 * kernel/mm/rmap.ts - who maps a page, counted
 *
 * Linux:   mm/rmap.c, include/linux/rmap.h, include/linux/mm.h (add_mm_counter())
 * Differs: counts only. Whose they are is asked once, at truncation, and answered by the mapping's list of VMAs
 */

import type { Mm } from '../include/linux/mm_types.ts';
import { PG_anon, PG_swapbacked } from './page_alloc.ts';

/** An entry of `mm` is about to show this page. The page's reference is the caller's to give. */
export function page_add_rmap(mm: Mm, pfn: number): void {
  mm.kernel.mm.page_mapped(pfn);
  add_rss(mm, pfn, 1);
}

/** It shows it no more: gives the reference back. */
export function page_remove_rmap(mm: Mm, pfn: number): void {
  const pages = mm.kernel.mm;
  add_rss(mm, pfn, -1);
  pages.page_unmapped(pfn);
  pages.put_page(pfn);
}

function add_rss(mm: Mm, pfn: number, delta: number): void {
  const flags = mm.kernel.mm.page_flags(pfn);
  if ((flags & PG_anon) !== 0) mm.rss_anon += delta;
  else if ((flags & PG_swapbacked) !== 0) mm.rss_shmem += delta;
  else mm.rss_file += delta;
}

export const get_mm_rss = (mm: Mm): number => mm.rss_anon + mm.rss_file + mm.rss_shmem;

/** The most it ever was; brought up to date before it shrinks and before it is read. */
export function update_hiwater_rss(mm: Mm): void {
  const rss = get_mm_rss(mm);
  if (rss > mm.hiwater_rss) mm.hiwater_rss = rss;
}
