/*
 * board/gic/banks.ts - the registers that hold a few bits for each interrupt
 *
 * Manual: Arm IHI 0069, "The GIC Distributor register map", "GIC Redistributor register map: SGI_base"
 *
 * GICR_ISENABLER0 sits in the redistributor's SGI frame exactly where GICD_ISENABLER0 would sit in the distributor, and
 * so do its neighbours: one table serves both. The distributor answers for INTID 32 and up, the redistributor below.
 */
import type { Interrupts } from './interrupts.ts';
import { PRIORITY_MASK } from './interrupts.ts';

interface Bank {
  readonly name: string;
  readonly base: number;
  /** Bits an interrupt has in the register; 8 means that bytes can be accessed singly. */
  readonly bits: 1 | 2 | 8;
  /** `intid` is the first interrupt of the register. */
  read(i: Interrupts, intid: number): number;
  write(i: Interrupts, intid: number, value: number): void;
}

const ICFGR_SGI = 0xaaaa_aaaa; // every SGI is edge-triggered, and that cannot be changed

// biome-ignore format: columns teach
const BANKS: readonly Bank[] = [
  { name: 'IGROUPR',    base: 0x080, bits: 1, read: (i, n) => i.group1[n >>> 5]!,   write: (i, n, v) => { i.group1[n >>> 5] = v; } },
  { name: 'ISENABLER',  base: 0x100, bits: 1, read: (i, n) => i.enabled[n >>> 5]!,  write: (i, n, v) => { i.enabled[n >>> 5]! |= v; } },
  { name: 'ICENABLER',  base: 0x180, bits: 1, read: (i, n) => i.enabled[n >>> 5]!,  write: (i, n, v) => { i.enabled[n >>> 5]! &= ~v; } },
  { name: 'ISPENDR',    base: 0x200, bits: 1, read: (i, n) => i.pending(n >>> 5),   write: (i, n, v) => { i.latched[n >>> 5]! |= v; } },
  { name: 'ICPENDR',    base: 0x280, bits: 1, read: (i, n) => i.pending(n >>> 5),   write: (i, n, v) => { i.latched[n >>> 5]! &= ~v; } },
  { name: 'ISACTIVER',  base: 0x300, bits: 1, read: (i, n) => i.active[n >>> 5]!,   write: (i, n, v) => { i.active[n >>> 5]! |= v; } },
  { name: 'ICACTIVER',  base: 0x380, bits: 1, read: (i, n) => i.active[n >>> 5]!,   write: (i, n, v) => { i.active[n >>> 5]! &= ~v; } },
  { name: 'IPRIORITYR', base: 0x400, bits: 8, read: (i, n) => i.priority[n]!,       write: (i, n, v) => { i.priority[n] = v & PRIORITY_MASK; } },
  { name: 'ITARGETSR',  base: 0x800, bits: 8, read: () => 0,                        write: () => {} }, // affinity routing is on for good
  { name: 'ICFGR',      base: 0xc00, bits: 2, read: readIcfgr,                      write: writeIcfgr },
  { name: 'IGRPMODR',   base: 0xd00, bits: 1, read: () => 0,                        write: () => {} }, // one Security state
  { name: 'NSACR',      base: 0xe00, bits: 2, read: () => 0,                        write: () => {} },
];

const INTIDS = 1024;

/** The bank's register, or undefined where `offset` is not one of these. */
function find(offset: number): Bank | undefined {
  return BANKS.find((bank) => offset >= bank.base && offset < bank.base + (INTIDS * bank.bits) / 8);
}

/** Reads the register at `offset` if it is one of these and covers only `from` <= INTID < `to`; others are RES0. */
export function readBank(
  i: Interrupts,
  from: number,
  to: number,
  offset: number,
  width: number,
): number | undefined {
  const bank = find(offset);
  if (!bank) return undefined;
  const intid = ((offset - bank.base) * 8) / bank.bits;
  if (intid < from || intid >= to) return 0;
  if (bank.bits !== 8) return width === 4 ? bank.read(i, intid) : 0;

  let value = 0;
  for (let byte = width - 1; byte >= 0; byte--) value = value * 256 + bank.read(i, intid + byte);
  return value;
}

/** The same for a write. False: not one of these registers. */
export function writeBank(
  i: Interrupts,
  from: number,
  to: number,
  offset: number,
  value: number,
  width: number,
): boolean {
  const bank = find(offset);
  if (!bank) return false;
  const intid = ((offset - bank.base) * 8) / bank.bits;
  if (intid < from || intid >= to) return true;
  if (bank.bits === 8) {
    for (let byte = 0; byte < width; byte++) bank.write(i, intid + byte, (value >>> (8 * byte)) & 0xff);
  } else if (width === 4) bank.write(i, intid, value);
  return true;
}

/* Sixteen interrupts of two bits each, of which the upper says "edge". */
function readIcfgr(i: Interrupts, intid: number): number {
  if (intid === 0) return ICFGR_SGI;
  const edges = i.edge[intid >>> 5]! >>> (intid & 31);
  let value = 0;
  for (let n = 0; n < 16; n++) if (edges & (1 << n)) value |= 2 << (2 * n);
  return value >>> 0;
}

function writeIcfgr(i: Interrupts, intid: number, value: number): void {
  if (intid === 0) return;
  for (let n = 0; n < 16; n++) {
    const bit = 1 << ((intid & 31) + n);
    if (value & (2 << (2 * n))) i.edge[intid >>> 5]! |= bit;
    else i.edge[intid >>> 5]! &= ~bit;
  }
}
