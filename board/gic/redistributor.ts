/*
 * board/gic/redistributor.ts - GICR: the interrupts that belong to one processing element
 *
 * Manual: Arm IHI 0069, "The GIC Redistributor register descriptions"
 * Guest:  kernel/drivers/irqchip/irq-gic-v3.ts
 * Absent: LPIs, so their table registers are RES0.
 */
import type { MmioDevice, UnknownRegister } from '../bus.ts';
import { readBank, writeBank } from './banks.ts';
import { IIDR_ARM } from './distributor.ts';
import type { Interrupts } from './interrupts.ts';
import { PRIVATE_INTIDS } from './interrupts.ts';

/* RD_base: the first 64 KiB */
const GICR_IIDR = 0x0004;
const GICR_TYPER = 0x0008; // 64 bits; the upper half is the affinity, 0.0.0.0
const GICR_STATUSR = 0x0010;
const GICR_WAKER = 0x0014;
const GICR_SETLPIR = 0x0040; // LPI registers, to GICR_SYNCR
const GICR_SYNCR = 0x00c4;
const GICR_ID = 0xffd0;
/* SGI_base: the second */
const SGI_BASE = 0x1_0000;

const TYPER_LAST = 1 << 4; // the highest-numbered redistributor of the region: how a driver knows where to stop
const WAKER_PROCESSOR_SLEEP = 1 << 1;
const WAKER_CHILDREN_ASLEEP = 1 << 2;

const GICR_IDS = [0x44, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1];

export class Redistributor implements MmioDevice {
  readonly name = 'gicr';
  readonly size = 0x2_0000;
  /** Nothing is forwarded to a PE that is said to be asleep; so it is out of reset. */
  asleep = true;
  private readonly interrupts: Interrupts;
  private readonly update: () => void;
  private readonly unknown: UnknownRegister;

  constructor(interrupts: Interrupts, update: () => void, unknown: UnknownRegister) {
    this.interrupts = interrupts;
    this.update = update;
    this.unknown = unknown;
  }

  read(offset: number, width: number): number {
    if (offset >= SGI_BASE) {
      const bank = readBank(this.interrupts, 0, PRIVATE_INTIDS, offset - SGI_BASE, width);
      if (bank === undefined) this.unknown(this.name, offset);
      return bank ?? 0;
    }
    if (offset >= GICR_ID) return GICR_IDS[(offset - GICR_ID) >>> 2] ?? 0;
    if (offset === GICR_IIDR) return IIDR_ARM;
    if (offset === GICR_TYPER) return TYPER_LAST;
    if (offset === GICR_WAKER) return this.asleep ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
    if (!isReserved(offset)) this.unknown(this.name, offset);
    return 0;
  }

  write(offset: number, value: number, width: number): void {
    if (offset >= SGI_BASE) {
      if (!writeBank(this.interrupts, 0, PRIVATE_INTIDS, offset - SGI_BASE, value, width))
        this.unknown(this.name, offset);
    } else if (offset === GICR_WAKER) this.asleep = (value & WAKER_PROCESSOR_SLEEP) !== 0;
    else if (!isReserved(offset) && offset < GICR_ID) this.unknown(this.name, offset);
    this.update();
  }
}

/** Registers of the manual that are RES0 or read-only here, as opposed to offsets where the manual has none. */
function isReserved(offset: number): boolean {
  return (
    offset <= GICR_STATUSR || // GICR_CTLR among them: its bits are all about LPIs
    (offset >= GICR_SETLPIR && offset <= GICR_SYNCR)
  );
}
