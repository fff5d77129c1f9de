/*
 * board/mmu/walk.ts - the stage 1 translation table walk, level by level
 *
 * Manual: Arm ARM, "The AArch64 Virtual Memory System Architecture": "VMSAv8-64 translation using the 4KB granule",
 *         "VMSAv8-64 descriptor formats", "Memory access control"
 * Guest:  arch/arm64/mm/mmu.ts writes what is read here
 * Absent: 16 KiB and 64 KiB granules, 52-bit addresses, stage 2, hardware update of the access flag and dirty state:
 *         the ID registers say so
 *
 * A virtual address arrives as two 32-bit words and a physical one leaves as a number: a walk happens in the middle of
 * an instruction, so it makes no bigint and allocates nothing. Its result stays in the walker until the next walk.
 */

import type { Bus } from '../bus.ts';

/* Fault status codes (the manual's DFSC and IFSC); the first five carry the level in bits 1:0. */
export const FSC_ADDRESS_SIZE = 0x00;
export const FSC_TRANSLATION = 0x04;
export const FSC_ACCESS_FLAG = 0x08;
export const FSC_PERMISSION = 0x0c;
export const FSC_WALK_EXTERNAL = 0x14;
export const FSC_EXTERNAL = 0x10;
export const FSC_ALIGNMENT = 0x21;
export const FSC_EXCLUSIVE = 0x35; // an exclusive or atomic access that the memory there cannot do
/** "No fault": not an architected code. */
export const FSC_NONE = -1;

/* What a mapping allows: three bits for EL0, the same three shifted left by 3 for EL1. */
export const PERM_READ = 1;
export const PERM_WRITE = 2;
export const PERM_EXEC = 4;
export const EL1_SHIFT = 3;

/** Where and how one half of the address space is translated: what TTBRn_EL1 and its half of TCR_EL1 say. */
export interface Half {
  /** Physical address of the first table. */
  base: number;
  /** 64 - TnSZ: the number of address bits that are translated. */
  inputSize: number;
  /** EPDn: no walks in this half. */
  disabled: boolean;
  /** TBIn: bits 63:56 are not part of the address. */
  ignoreTop: boolean;
}

/** TCR_EL1.TnSZ may say 16 to 39; beyond that every access is a level 0 translation fault. */
const MIN_INPUT_SIZE = 64 - 39;
const MAX_INPUT_SIZE = 64 - 16;

/* Descriptor fields, in the word that holds them. */
const VALID = 1 << 0;
const TABLE = 1 << 1; //    at level 3: "page"
const AF = 1 << 10;
const NG = 1 << 11;
const HI_PXN = 1 << 21; //  bit 53
const HI_UXN = 1 << 22; //  bit 54
const HI_PXN_TABLE = 1 << 27;
const HI_UXN_TABLE = 1 << 28;
const HI_AP_TABLE_SHIFT = 29;

const WORD = 0x1_0000_0000; // bits 63:32 as part of a number
/** By level: the address bits above the page's that a block takes from the virtual address. */
const INSIDE = [0, 0x3fff_f000, 0x001f_f000, 0] as const;

export class Walker {
  readonly half: readonly [Half, Half] = [newHalf(), newHalf()];
  /** Output address size in bits, from TCR_EL1.IPS; and the first address beyond. */
  private outputSize = 48;
  private outputEnd = 2 ** 48;
  /** SCTLR_EL1.WXN: writable means not executable. */
  wxn = false;

  /* The result. */
  /** FSC_NONE, or the fault status code. The fields below are valid only without a fault. */
  fsc = FSC_NONE;
  /** The level at which the walk ended: that of the fault or of the leaf. */
  level = 0;
  /** Physical address of the 4 KiB page. */
  page = 0;
  /** PERM_* for EL0 and EL1. */
  perms = 0;
  /** AttrIndx: which byte of MAIR_EL1. */
  attrIndex = 0;
  shareability = 0;
  nonGlobal = false;

  private readonly bus: Bus;
  private readonly words: Uint32Array;

  constructor(bus: Bus) {
    this.bus = bus;
    this.words = new Uint32Array(bus.memory.buffer, bus.ramOffset, bus.ramSize >>> 2);
  }

  setOutputSize(bits: number): void {
    this.outputSize = bits;
    this.outputEnd = 2 ** bits;
  }

  /** Which half an address belongs to: bit 55 decides, whether or not the top byte counts. */
  static select(vaHi: number): 0 | 1 {
    return (vaHi & (1 << 23)) === 0 ? 0 : 1;
  }

  /** Translates. Returns `fsc`; the rest of the result is in the fields. */
  walk(vaHi: number, vaLo: number): number {
    const select = Walker.select(vaHi);
    const half = this.half[select];
    this.level = 0;
    if (half.disabled || !inRange(half, select, vaHi, vaLo)) return this.fault(FSC_TRANSLATION);
    if (half.base >= this.outputEnd) return this.fault(FSC_ADDRESS_SIZE);
    return this.descend(half, vaHi, vaLo);
  }

  private descend(half: Half, vaHi: number, vaLo: number): number {
    // A level resolves 9 bits above the page's 12; the first one resolves what is left over.
    const size = half.inputSize;
    let level = size > 39 ? 0 : size > 30 ? 1 : 2;
    let mask = (1 << (size - (39 - 9 * level))) - 1;
    let table = half.base;
    let tableHi = 0; // the hierarchical attributes accumulate: a bit once set stays
    for (;;) {
      this.level = level;
      const at = table + 8 * (tableIndex(level, vaHi, vaLo) & mask);
      if (!this.bus.isRam(at)) return this.fault(FSC_WALK_EXTERNAL);
      const word = (at - this.bus.ramBase) >>> 2;
      const lo = this.words[word]!;
      const hi = this.words[word + 1]!;

      // A block cannot stand at level 0, and at level 3 the same pattern is reserved.
      const isTable = (lo & TABLE) !== 0;
      if ((lo & VALID) === 0 || (!isTable && (level === 0 || level === 3)))
        return this.fault(FSC_TRANSLATION);
      const above = hi & 0xffff;
      if (above >>> (this.outputSize - 32) !== 0) return this.fault(FSC_ADDRESS_SIZE);

      if (!isTable || level === 3) return this.leaf(lo, hi, tableHi, vaLo);
      table = above * WORD + ((lo & ~0xfff) >>> 0);
      tableHi |= hi;
      mask = 0x1ff;
      level++;
    }
  }

  private leaf(lo: number, hi: number, tableHi: number, vaLo: number): number {
    if ((lo & AF) === 0) return this.fault(FSC_ACCESS_FLAG);
    const inside = INSIDE[this.level]!;
    this.page = (hi & 0xffff) * WORD + (((lo & ~(inside | 0xfff)) | (vaLo & inside)) >>> 0);
    this.attrIndex = (lo >>> 2) & 7;
    this.shareability = (lo >>> 8) & 3;
    this.nonGlobal = (lo & NG) !== 0;
    this.perms = this.permissions((lo >>> 6) & 3, hi, tableHi);
    this.fsc = FSC_NONE;
    return FSC_NONE;
  }

  /* The manual's table "Data access permissions": AP[2] = read-only, AP[1] = EL0 too; the tables above can only take away. */
  private permissions(ap: number, hi: number, tableHi: number): number {
    const apTable = tableHi >>> HI_AP_TABLE_SHIFT;
    const readOnly = ((ap | apTable) & 2) !== 0;
    const user = (ap & ~apTable & 1) !== 0;
    const el0 = user ? PERM_READ | (readOnly ? 0 : PERM_WRITE) : 0;
    const el1 = PERM_READ | (readOnly ? 0 : PERM_WRITE);

    const uxn =
      (hi & HI_UXN) !== 0 || (tableHi & HI_UXN_TABLE) !== 0 || (this.wxn && (el0 & PERM_WRITE) !== 0);
    // What EL0 can write EL1 never executes.
    const pxn =
      (hi & HI_PXN) !== 0 ||
      (tableHi & HI_PXN_TABLE) !== 0 ||
      (el0 & PERM_WRITE) !== 0 ||
      (this.wxn && !readOnly);
    return el0 | (uxn ? 0 : PERM_EXEC) | ((el1 | (pxn ? 0 : PERM_EXEC)) << EL1_SHIFT);
  }

  private fault(kind: number): number {
    this.fsc = kind | this.level;
    return this.fsc;
  }
}

function newHalf(): Half {
  return { base: 0, inputSize: 48, disabled: false, ignoreTop: false };
}

/** The bits above the input size must all equal bit 55, which chose the half. */
function inRange(half: Half, select: 0 | 1, vaHi: number, vaLo: number): boolean {
  const size = half.inputSize;
  if (size < MIN_INPUT_SIZE || size > MAX_INPUT_SIZE) return false;
  const hi = half.ignoreTop ? (vaHi << 8) >> 8 : vaHi | 0;
  return size >= 32 ? hi >> (size - 32) === -select : hi === -select && vaLo >> size === -select;
}

function tableIndex(level: number, vaHi: number, vaLo: number): number {
  switch (level) {
    case 0:
      return vaHi >>> 7; //                        bits 47:39
    case 1:
      return ((vaHi & 0x7f) << 2) | (vaLo >>> 30); // 38:30
    case 2:
      return vaLo >>> 21; //                            29:21
    default:
      return vaLo >>> 12; //                            20:12
  }
}
