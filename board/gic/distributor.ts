/*
 * board/gic/distributor.ts - GICD: the interrupts that are shared
 *
 * Manual: Arm IHI 0069, "The GIC Distributor register descriptions"
 * Guest:  kernel/drivers/irqchip/irq-gic-v3.ts
 * Absent: a second Security state (GICD_CTLR.DS reads as one), legacy operation (ARE reads as one), LPIs,
 *         message-based SPIs, 1 of N routing: what GICD_TYPER says is there is all there is.
 */
import type { MmioDevice, UnknownRegister } from '../bus.ts';
import { readBank, writeBank } from './banks.ts';
import type { Interrupts } from './interrupts.ts';
import { GROUP0, GROUP1, PRIVATE_INTIDS } from './interrupts.ts';

const GICD_CTLR = 0x0000;
const GICD_TYPER = 0x0004;
const GICD_IIDR = 0x0008;
const GICD_TYPER2 = 0x000c;
const GICD_STATUSR = 0x0010; //  error reporting is optional, and not there
const GICD_SETSPI_NSR = 0x0040; // message-based SPIs, four registers: not there, GICD_TYPER.MBIS is 0
const GICD_CLRSPI_SR = 0x0058;
const GICD_SGIR = 0x0f00; //     legacy way to send an SGI, and its pending bits: RES0 with affinity routing
const GICD_SPENDSGIR = 0x0f2c;
const GICD_IROUTER = 0x6000; //  64 bits for each SPI: the affinity of the PE that gets it
const GICD_IROUTER_END = 0x8000;
const GICD_ID = 0xffd0; //       twelve identification registers

const CTLR_ARE = 1 << 4;
const CTLR_DS = 1 << 6;
const TYPER_IDBITS_16 = 15 << 19;
const TYPER_A3V = 1 << 24; //    all four affinity levels can be written
const TYPER_NO1N = 1 << 25;
/** Implementer: Arm (JEP106 code 0x43b), product, variant and revision 0. */
export const IIDR_ARM = 0x43b;

/* PIDR4 to 7, PIDR0 to 3, CIDR0 to 3; PIDR2 has the architecture revision, GICv3, in bits 7:4. */
const GICD_IDS = [0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1];

export class Distributor implements MmioDevice {
  readonly name = 'gicd';
  readonly size = 0x1_0000;
  /** GICD_CTLR's group enables. */
  groups = 0;
  private readonly interrupts: Interrupts;
  private readonly update: () => void;
  private readonly unknown: UnknownRegister;
  private readonly route: Uint32Array;

  constructor(interrupts: Interrupts, update: () => void, unknown: UnknownRegister) {
    this.interrupts = interrupts;
    this.update = update;
    this.unknown = unknown;
    this.route = new Uint32Array(2 * interrupts.count);
  }

  read(offset: number, width: number): number {
    const bank = readBank(this.interrupts, PRIVATE_INTIDS, this.interrupts.count, offset, width);
    if (bank !== undefined) return bank;
    if (offset >= GICD_IROUTER && offset < GICD_IROUTER_END)
      return this.route[(offset - GICD_IROUTER) >>> 2] ?? 0;
    if (offset >= GICD_ID) return GICD_IDS[(offset - GICD_ID) >>> 2] ?? 0;
    if (offset === GICD_CTLR) return CTLR_DS | CTLR_ARE | this.groups;
    if (offset === GICD_TYPER)
      return this.interrupts.count / 32 - 1 + (TYPER_IDBITS_16 | TYPER_A3V | TYPER_NO1N);
    if (offset === GICD_IIDR) return IIDR_ARM;
    if (!isReserved(offset)) this.unknown(this.name, offset);
    return 0;
  }

  write(offset: number, value: number, width: number): void {
    if (writeBank(this.interrupts, PRIVATE_INTIDS, this.interrupts.count, offset, value, width))
      this.update();
    else if (offset >= GICD_IROUTER && offset < GICD_IROUTER_END)
      this.writeRoute(offset - GICD_IROUTER, value);
    else if (offset === GICD_CTLR) this.writeCtlr(value);
    else if (!isReserved(offset) && offset !== GICD_TYPER && offset !== GICD_IIDR && offset < GICD_ID)
      this.unknown(this.name, offset);
  }

  private writeCtlr(value: number): void {
    this.groups = value & (GROUP0 | GROUP1);
    this.update();
  }

  /* The only PE has affinity 0.0.0.0: an SPI for anybody else stays pending in the distributor. */
  private writeRoute(at: number, value: number): void {
    const intid = at >>> 3;
    if (intid < PRIVATE_INTIDS || intid >= this.interrupts.count) return;
    const high = (at >>> 2) & 1;
    this.route[2 * intid + high] = value & (high ? 0xff : 0xff_ffff); // bit 31 would be 1 of N

    const here = this.route[2 * intid] === 0 && this.route[2 * intid + 1] === 0;
    const bit = 1 << (intid & 31);
    if (here) this.interrupts.routed[intid >>> 5]! |= bit;
    else this.interrupts.routed[intid >>> 5]! &= ~bit;
    this.update();
  }
}

/** Registers of the manual that are RES0 here, as opposed to offsets where the manual has none. */
function isReserved(offset: number): boolean {
  return (
    offset === GICD_TYPER2 ||
    offset === GICD_STATUSR ||
    (offset >= GICD_SETSPI_NSR && offset <= GICD_CLRSPI_SR) ||
    (offset >= GICD_SGIR && offset <= GICD_SPENDSGIR)
  );
}
