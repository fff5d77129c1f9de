import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Asids } from '../../../../../arch/arm64/mm/context.ts';
import type { Mm } from '../../../../../kernel/include/linux/mm_types.ts';

function machine(limit?: number) {
  const log: string[] = [];
  const hex = (n: number): string => (n >>> 0).toString(16);
  const asids = new Asids(
    {
      sysregs: {
        find: (name) => ({ write: (lo, hi) => void log.push(`${name} ${hex(hi)}:${hex(lo)}`) }),
      },
    },
    limit,
  );
  const mm = (pgd: number): Mm => ({ pgd, context: asids.init_new_context() }) as unknown as Mm;
  return { asids, log, mm };
}

test('an address space gets its number when it first runs, and TTBR0 carries both', () => {
  const { asids, log, mm } = machine();
  const a = mm(0x4000_1000);
  const b = mm(0x4000_2000);
  asids.switch_mm(a);
  asids.switch_mm(a);
  asids.switch_mm(b);
  asids.switch_mm(a);
  assert.equal(log, ['TTBR0_EL1 10000:40001000', 'TTBR0_EL1 20000:40002000', 'TTBR0_EL1 10000:40001000']);
});

test('tables above 4 GiB are reached through the upper half of the address', () => {
  const { asids, log, mm } = machine();
  asids.switch_mm(mm(0x1_2345_6000));
  assert.equal(log, ['TTBR0_EL1 10001:23456000']);
});

test('TLBI operands are VA[55:12] and the ASID in bits 63:48', () => {
  const { asids, log, mm } = machine();
  const a = mm(0x4000_1000);
  asids.flush_tlb_page(a, 0x1000);
  assert.equal(log, [], 'what never ran is in no TLB');
  asids.switch_mm(a);
  log.length = 0;
  asids.flush_tlb_page(a, 0xffff_f7ff_f123);
  asids.flush_tlb_mm(a);
  assert.equal(log, ['TLBI VAE1 1000f:ffff7fff', 'TLBI ASIDE1 10000:0']);
});

test('many pages are flushed as one address space', () => {
  const { asids, log, mm } = machine();
  const a = mm(0x4000_1000);
  asids.switch_mm(a);
  log.length = 0;
  asids.flush_tlb_range(a, 0, 3 * 4096);
  assert.is(log.length, 3);
  asids.flush_tlb_range(a, 0, 2 ** 30);
  assert.is(log.length, 4);
  assert.match(log[3]!, /ASIDE1/);
});

test('when the numbers are used up the TLB is emptied and everybody gets a new one', () => {
  const { asids, log, mm } = machine(4);
  const spaces = [1, 2, 3, 4].map((n) => mm(n * 0x1000));
  for (const space of spaces) asids.switch_mm(space);
  assert.equal(log.slice(3), ['TLBI VMALLE1 0:0', 'TTBR0_EL1 10000:4000']);
  log.length = 0;
  asids.switch_mm(spaces[0]!);
  assert.equal(log, ['TTBR0_EL1 20000:1000']);
  asids.switch_mm(spaces[3]!);
  assert.equal(log.slice(1), ['TTBR0_EL1 10000:4000']);
});

test('the successor of an address space at the same place is not taken for it', () => {
  const { asids, log, mm } = machine();
  const a = mm(0x4000_1000);
  asids.switch_mm(a);
  asids.destroy_context(a);
  asids.switch_mm(mm(0x4000_1000));
  assert.equal(log, ['TTBR0_EL1 10000:40001000', 'TTBR0_EL1 20000:40001000']);
});

test.run();
