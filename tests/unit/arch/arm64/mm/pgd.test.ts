/*
 * tests/unit/arch/arm64/mm/pgd.test.ts - tables that come and go, and what is remembered of them
 *
 * Manual: Arm ARM, "The VMSAv8-64 translation table format"
 *
 * pte_offset() must answer as the hardware would: by the tables as they are now.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PageTables } from '../../../../../arch/arm64/mm/pgd.ts';
import type { Mm } from '../../../../../kernel/include/linux/mm_types.ts';
import type { Io } from '../../../../../kernel/kernel.ts';
import { Random } from '../../../../lib/random-insn.ts';

const RAM = 0x4000_0000;
const PAGES = 1024;
const END = 2 ** 48;

/** RAM whose free pages are a stack: what was freed last is used next, so that something stale would be found. */
function machine() {
  const ram = new Uint8Array(PAGES * 4096);
  const free = Array.from({ length: PAGES - 1 }, (_, n) => n + 1);
  const pages = {
    get_zeroed_page: () => {
      const page = free.pop()!;
      ram.fill(0, page * 4096, (page + 1) * 4096);
      return RAM / 4096 + page;
    },
    put_page: (pfn: number) => void free.push(pfn - RAM / 4096),
    set_page_flags: () => {},
    mod_state: () => {},
  };
  const tables = new PageTables({ ram, ramBase: RAM } as unknown as Io);
  const mm = (): Mm =>
    ({
      pgd: pages.get_zeroed_page() * 4096,
      pgtables_bytes: 0,
      kernel: { mm: pages },
    }) as unknown as Mm;
  return { tables, mm };
}

/** The walk as the manual draws it: the index of the entry's first word, or 0. */
function walk(words: Uint32Array, pgd: number, address: bigint): number {
  let table = (pgd - RAM) / 4;
  for (const shift of [39n, 30n, 21n]) {
    const entry = table + 2 * Number((address >> shift) & 511n);
    if ((words[entry]! & 1) === 0) return 0;
    table = ((words[entry]! & ~0xfff) - RAM) / 4;
  }
  return table + 2 * Number((address >> 12n) & 511n);
}

const ADDRESSES = [0, 0x40_0000, 0x5f_f000, 0x60_0000, 0x4000_0000, 0x7f_ffff_f000, 0xffff_ffff_f000];

test('after any sequence of allocating and freeing an entry is where a walk finds it', () => {
  const random = new Random(11);
  const { tables, mm } = machine();
  const mms = [mm(), mm(), mm()];
  let found = 0;
  for (let round = 0; round < 5000; round++) {
    const one = random.pick(mms);
    const address = random.pick(ADDRESSES) + 0x1000 * random.below(2) * 256;
    const dice = random.below(20);
    if (dice < 3) tables.pte_alloc(one, address % END);
    else if (dice === 3) tables.free_pgtables(one, address % END, (address % END) + 4096, 0, END);
    else {
      const at = tables.pte_offset(one, address % END);
      assert.is(at, walk(tables.words, one.pgd, BigInt(address % END)));
      if (at !== 0) found++;
    }
  }
  assert.ok(found > 500);
});

test.run();
