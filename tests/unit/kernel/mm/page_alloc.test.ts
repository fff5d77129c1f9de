import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PageAllocator, PG_anon, PG_reserved } from '../../../../kernel/mm/page_alloc.ts';
import type { Io } from '../../../../kernel/kernel.ts';

const BASE = 0x4000_0000;
const MIB = 2 ** 20;

function allocator(size = MIB, reserve: [number, number][] = []): PageAllocator {
  const pages = new PageAllocator({ ram: new Uint8Array(size), ramBase: BASE } as Io);
  pages.memblock_add(BASE, size);
  for (const [at, length] of reserve) pages.memblock_reserve(at, length);
  pages.memblock_free_all();
  return pages;
}

test('every frame that is not reserved can be had, once, down to the reserve', () => {
  const pages = allocator();
  const seen = new Set<number>();
  for (let pfn = pages.alloc_page(); pfn !== 0; pfn = pages.alloc_page()) {
    assert.not(seen.has(pfn));
    assert.ok(pages.pfn_valid(pfn));
    seen.add(pfn);
  }
  assert.is(seen.size, 256 - 1 /* the zero page */ - pages.watermark_min);
  assert.is(pages.nr_free_pages(), pages.watermark_min);
  assert.is.not(pages.get_zeroed_page(), 0, 'page tables may use the reserve');
});

test('reserved memory is not given out, until it is freed', () => {
  const pages = allocator(MIB, [[BASE + 0x1800, 0x1000]]); // touches two pages
  assert.is(pages.totalram_pages, 254);
  assert.is(pages.page_flags(BASE / 4096 + 1) & PG_reserved, PG_reserved);
  assert.is(pages.page_flags(BASE / 4096 + 3) & PG_reserved, 0);
  assert.is(pages.free_reserved_area(BASE + 0x1000, 0x2000), 2);
  assert.is(pages.totalram_pages, 256);
  assert.is(pages.free_reserved_area(BASE + 0x1000, 0x2000), 0, 'a second time there is nothing to free');
});

test('a page is free again when its last user lets it go, and only then', () => {
  const pages = allocator();
  const before = pages.nr_free_pages();
  const pfn = pages.alloc_zeroed_page();
  pages.set_page_flags(pfn, PG_anon);
  pages.get_page(pfn);
  pages.put_page(pfn);
  assert.is(pages.nr_free_pages(), before - 1);
  pages.put_page(pfn);
  assert.is(pages.nr_free_pages(), before);
  assert.is(pages.page_flags(pfn), 0);
  assert.throws(() => pages.put_page(pfn), /freed/);
});

test('a zeroed page is zero whatever was in it', () => {
  const pages = allocator();
  const pfn = pages.alloc_page();
  pages.bytes(pfn).fill(0xaa);
  pages.put_page(pfn);
  assert.is(pages.alloc_zeroed_page(), pfn);
  assert.ok(pages.bytes(pfn).every((byte) => byte === 0));
});

test.run();
