import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pte_high, pte_low, pte_to_flags } from '../../../../../arch/arm64/include/asm/pgtable.ts';
import {
  _PAGE_ACCESSED as ACCESSED,
  _PAGE_DIRTY as DIRTY,
  _PAGE_EXEC as EXEC,
  _PAGE_PRESENT as PRESENT,
  _PAGE_SPECIAL as SPECIAL,
  _PAGE_USER as USER,
  _PAGE_WRITE as WRITE,
} from '../../../../../kernel/include/linux/pgtable.ts';

const descriptor = (flags: number): string =>
  (pte_high(flags) >>> 0).toString(16).padStart(8, '0') + pte_low(flags).toString(16).padStart(8, '0');

/* The right column is what arm64 Linux itself prints as "pte=" in its fault reports, less the page's address. */
test('descriptors have the bits that Linux gives them', () => {
  const page = PRESENT | USER | ACCESSED;
  assert.is(descriptor(page | WRITE | DIRTY), '00e8000000000f43'); //  private memory that was written
  assert.is(descriptor(page | WRITE), '0068000000000fc3'); //          shared, writable, clean: the first write faults
  assert.is(descriptor(page | EXEC), '0020000000000fc3'); //           program text
  assert.is(descriptor(page), '0060000000000fc3'); //                  read-only data
  assert.is(descriptor(page | SPECIAL), '0160000000000fc3'); //        the zero page
});

test('a page that nobody may touch has an entry the MMU does not see', () => {
  const lo = pte_low(PRESENT | ACCESSED | DIRTY);
  assert.is(lo & 3, 0);
  assert.is(pte_to_flags(lo, pte_high(PRESENT | ACCESSED | DIRTY)), PRESENT | ACCESSED | DIRTY);
});

test('every combination survives the way there and back, and an empty entry is none', () => {
  for (let flags = 0; flags < 128; flags++) {
    const meant = flags | PRESENT;
    assert.is(pte_to_flags(pte_low(meant), pte_high(meant)), meant, String(meant));
  }
  assert.is(pte_to_flags(0, 0), 0);
});

test.run();
