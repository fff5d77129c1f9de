/*
 * board/gic/interrupts.ts - what the interrupt controller knows of each interrupt
 *
 * Manual: Arm GIC Architecture Specification v3/v4, Arm IHI 0069, "Interrupt handling and prioritization"
 * Guest:  kernel/drivers/irqchip/irq-gic-v3.ts
 * Absent: LPIs and the extended SPI and PPI ranges.
 *
 * The machine has one processing element, so SGIs and PPIs need no banking: word 0 of every array belongs to the
 * redistributor, the words above it to the distributor.
 */

/** ICC_IAR's answer when there is nothing to acknowledge. */
export const INTID_SPURIOUS = 1023;
/** SGIs and PPIs: INTIDs 0 to 31. */
export const PRIVATE_INTIDS = 32;
/** Five priority bits, as most Arm implementations have: 32 levels, the lower three bits read as zero. */
export const PRIORITY_MASK = 0xf8;
/** Bits of GICD_CTLR that let a group through to the CPU interface. */
export const GROUP0 = 1 << 0;
export const GROUP1 = 1 << 1;

export class Interrupts {
  readonly count: number;
  readonly enabled: Uint32Array;
  /** Pending and remembered: an edge seen, an SGI sent, or software's own GICD_ISPENDR. */
  readonly latched: Uint32Array;
  /** The wires as they are now. */
  readonly wire: Uint32Array;
  readonly active: Uint32Array;
  readonly group1: Uint32Array;
  readonly edge: Uint32Array;
  /** One where the interrupt is routed to this PE; SPIs can be sent to one that does not exist. */
  readonly routed: Uint32Array;
  readonly priority: Uint8Array;

  constructor(count: number) {
    const words = count / 32;
    this.count = count;
    this.enabled = new Uint32Array(words);
    this.latched = new Uint32Array(words);
    this.wire = new Uint32Array(words);
    this.active = new Uint32Array(words);
    this.group1 = new Uint32Array(words);
    this.edge = new Uint32Array(words);
    this.edge[0] = 0xffff; // SGIs have no wire that could have a level
    this.routed = new Uint32Array(words).fill(0xffff_ffff);
    this.priority = new Uint8Array(count);
  }

  /** An edge-triggered interrupt remembers the rise; a level-sensitive one follows the wire. False: it did not move. */
  setWire(intid: number, level: boolean): boolean {
    const word = intid >>> 5;
    const bit = 1 << (intid & 31);
    if (((this.wire[word]! & bit) !== 0) === level) return false;
    this.wire[word]! ^= bit;
    if (level && this.edge[word]! & bit) this.latched[word]! |= bit;
    return true;
  }

  pending(word: number): number {
    return (this.latched[word]! | (this.wire[word]! & ~this.edge[word]!)) >>> 0;
  }

  isGroup1(intid: number): boolean {
    return (this.group1[intid >>> 5]! & (1 << (intid & 31))) !== 0;
  }

  /** Acknowledged: from pending to active, or to active and pending where a level still holds. */
  activate(intid: number): void {
    this.latched[intid >>> 5]! &= ~(1 << (intid & 31));
    this.active[intid >>> 5]! |= 1 << (intid & 31);
  }

  deactivate(intid: number): void {
    if (intid < this.count) this.active[intid >>> 5]! &= ~(1 << (intid & 31));
  }

  /** The most urgent interrupt that may be forwarded; the lower INTID among equals. `groups` is GICD_CTLR's enables. */
  highestPending(groups: number): number {
    let best = INTID_SPURIOUS;
    for (let word = 0; word < this.enabled.length; word++) {
      let candidates = this.candidates(word, groups);
      while (candidates !== 0) {
        const bit = 31 - Math.clz32(candidates & -candidates);
        const intid = word * 32 + bit;
        if (best === INTID_SPURIOUS || this.priority[intid]! < this.priority[best]!) best = intid;
        candidates &= ~(1 << bit);
      }
    }
    return best;
  }

  private candidates(word: number, groups: number): number {
    const group1 = this.group1[word]!;
    const forwarded = (groups & GROUP0 ? ~group1 : 0) | (groups & GROUP1 ? group1 : 0);
    return this.pending(word) & this.enabled[word]! & ~this.active[word]! & this.routed[word]! & forwarded;
  }
}
