/*
 * kernel/include/linux/pgtable.ts - what a page table entry says, in words every architecture has
 *
 * Linux:   include/linux/pgtable.h (pte_present(), pte_write(), pte_dirty(), pte_young(), pte_special())
 * Differs: bits of a number instead of a function per fact; <asm/pgtable.h> translates
 */

/** The entry maps a page (perhaps one that no access is allowed to: PROT_NONE). Never set on an empty entry. */
export const _PAGE_PRESENT = 1 << 0;
/** User space may reach it; without it the page is there but out of bounds (PROT_NONE). */
export const _PAGE_USER = 1 << 1;
export const _PAGE_WRITE = 1 << 2;
export const _PAGE_EXEC = 1 << 3;
/** Written to. A writable entry that is not dirty faults once, on its first write. */
export const _PAGE_DIRTY = 1 << 4;
export const _PAGE_ACCESSED = 1 << 5;
/** Not a counted page: the zero page, a special mapping, device memory. */
export const _PAGE_SPECIAL = 1 << 6;

/** From one entry to the next inside a table, in units of ptep. */
export const PTE_STRIDE = 2;
/** What one last-level table maps. */
export const PMD_SIZE = 2 ** 21;

/** The end of the part of [address, end) that one last-level table covers. */
export function pmd_addr_end(address: number, end: number): number {
  const boundary = address - (address % PMD_SIZE) + PMD_SIZE;
  return Math.min(boundary, end);
}
