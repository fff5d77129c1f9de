/*
 * arch/arm64/include/asm/pgtable.ts - translation table descriptors, and what Linux keeps in their spare bits
 *
 * Linux:   arch/arm64/include/asm/{pgtable,pgtable-hwdef,pgtable-prot}.h (v6.12)
 * Manual:  Arm ARM, "VMSAv8-64 descriptor formats"
 * Differs: a descriptor is two 32-bit words, never one 64-bit value
 * Absent:  blocks, contiguous entries, hardware update of access flag and dirty state
 *
 * A page descriptor (level 3):
 *
 *    63  58 57  56  55  54  53  52 51 50 48 47                12 11 10 9  8 7     6    5 4   2  1    0
 *   |      |   |SPC|DTY|UXN|PXN|  |WR|     | output address     |nG|AF|SH  |RDONLY|USER|  |Attr| type  |
 *                 \___/           \_ software: Linux's, the MMU ignores them
 *
 * A page that may be written but has not been is WR + RDONLY: the first write faults and is how Linux learns of it.
 */

import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_EXEC,
  _PAGE_PRESENT,
  _PAGE_SPECIAL,
  _PAGE_USER,
  _PAGE_WRITE,
} from '../../../../kernel/include/linux/pgtable.ts';

/** Four levels of 512 entries above 4 KiB pages: 48 bits. */
export const PTRS_PER_PTE = 512;
export const PAGE_SHIFT = 12;
export const PMD_SHIFT = 21;
export const PUD_SHIFT = 30;
export const PGDIR_SHIFT = 39;

/* Low word. */
export const PTE_VALID = 1 << 0;
/** At level 3: a page; above: a table. */
export const PTE_TYPE_PAGE = 3 << 0;
export const PMD_TYPE_TABLE = 3 << 0;
/** AttrIndx: which byte of MAIR_EL1 (arch/arm64/mm/proc.ts). */
export const PTE_ATTRINDX_SHIFT = 2;
/** AP[1]: EL0 too. */
export const PTE_USER = 1 << 6;
/** AP[2] */
export const PTE_RDONLY = 1 << 7;
/** Inner shareable. */
export const PTE_SHARED = 3 << 8;
export const PTE_AF = 1 << 10;
/** Not global: belongs to one ASID. In an invalid entry (PROT_NONE): there is a page all the same. */
export const PTE_NG = 1 << 11;
export const PTE_PRESENT_INVALID = PTE_NG;

/* High word: bit number minus 32. */
export const HI_PTE_WRITE = 1 << 19; //   51: DBM, "may be written"
export const HI_PTE_PXN = 1 << 21; //     53
export const HI_PTE_UXN = 1 << 22; //     54
export const HI_PTE_DIRTY = 1 << 23; //   55
export const HI_PTE_SPECIAL = 1 << 24; // 56
/** Address bits 47:32. */
export const HI_ADDR_MASK = 0xffff;
/** Above a table the walk stops executing at EL1 whatever is below: user tables hold no kernel code. */
export const HI_PMD_TABLE_PXN = 1 << 27; // 59

/* Which bytes of MAIR_EL1 mean what. */
export const MT_NORMAL = 0;
export const MT_NORMAL_TAGGED = 1;
export const MT_NORMAL_NC = 2;
export const MT_DEVICE_nGnRnE = 3;
export const MT_DEVICE_nGnRE = 4;

/** The low word of a page descriptor without its address, from _PAGE_* bits. Kernel-only is never mapped here. */
export function pte_low(flags: number): number {
  const written = (flags & _PAGE_WRITE) !== 0 && (flags & _PAGE_DIRTY) !== 0;
  const rdonly = written ? 0 : PTE_RDONLY;
  const accessed = (flags & _PAGE_ACCESSED) !== 0 ? PTE_AF : 0;
  const attributes = (MT_NORMAL << PTE_ATTRINDX_SHIFT) | PTE_SHARED | PTE_NG | rdonly | accessed;
  return (flags & _PAGE_USER) !== 0 ? PTE_TYPE_PAGE | PTE_USER | attributes : attributes;
}

/** The high word of a page descriptor without its address. */
export function pte_high(flags: number): number {
  return (
    HI_PTE_PXN |
    ((flags & _PAGE_EXEC) !== 0 ? 0 : HI_PTE_UXN) |
    ((flags & _PAGE_WRITE) !== 0 ? HI_PTE_WRITE : 0) |
    ((flags & _PAGE_DIRTY) !== 0 ? HI_PTE_DIRTY : 0) |
    ((flags & _PAGE_SPECIAL) !== 0 ? HI_PTE_SPECIAL : 0)
  );
}

/** _PAGE_* bits of a descriptor; 0 = empty. */
export function pte_to_flags(lo: number, hi: number): number {
  if ((lo & (PTE_VALID | PTE_PRESENT_INVALID)) === 0) return 0;
  return (
    _PAGE_PRESENT |
    ((lo & PTE_VALID) !== 0 ? _PAGE_USER : 0) |
    ((lo & PTE_AF) !== 0 ? _PAGE_ACCESSED : 0) |
    ((hi & HI_PTE_WRITE) !== 0 ? _PAGE_WRITE : 0) |
    ((hi & HI_PTE_UXN) !== 0 ? 0 : _PAGE_EXEC) |
    ((hi & HI_PTE_DIRTY) !== 0 ? _PAGE_DIRTY : 0) |
    ((hi & HI_PTE_SPECIAL) !== 0 ? _PAGE_SPECIAL : 0)
  );
}

/** May user space read what this low word maps? */
export const pte_user_readable = (lo: number): boolean =>
  (lo & (PTE_VALID | PTE_USER | PTE_AF)) === (PTE_VALID | PTE_USER | PTE_AF);

/** ...and write, without a fault? */
export const pte_user_writable = (lo: number): boolean =>
  (lo & (PTE_VALID | PTE_USER | PTE_AF | PTE_RDONLY)) === (PTE_VALID | PTE_USER | PTE_AF);
