/*
 * board/gic/gicv3.ts - the interrupt controller
 *
 * Manual: Arm GIC Architecture Specification v3/v4, Arm IHI 0069, "Introduction to the GIC"
 * Guest:  kernel/drivers/irqchip/irq-gic-v3.ts
 *
 *    device --wire--> [ distributor ]--+
 *                       SPIs 32..287   +--> [ CPU interface ] --IRQ, FIQ--> processing element
 *    timer  --wire--> [redistributor]--+          ^
 *                       PPIs 16..31               +--- MRS, MSR ICC_*
 *    SGI1R  ----------> SGIs 0..15
 */
import type { AttachSysreg, IrqLine, UnknownRegister } from '../bus.ts';
import { CpuInterface } from './cpu-interface.ts';
import { Distributor } from './distributor.ts';
import { Interrupts } from './interrupts.ts';
import { Redistributor } from './redistributor.ts';

/** The first shared peripheral interrupt, SPI 0, is INTID 32; the first private one, PPI 0, is INTID 16. */
export const FIRST_SPI = 32;
export const FIRST_PPI = 16;
/** As many interrupts as QEMU's board has: 256 shared ones. */
const INTERRUPTS = 288;

export interface GicWiring {
  readonly irq: IrqLine;
  readonly fiq: IrqLine;
  readonly attachSysreg: AttachSysreg;
  readonly unknown: UnknownRegister;
}

export class GicV3 {
  readonly distributor: Distributor;
  readonly redistributor: Redistributor;
  private readonly interrupts = new Interrupts(INTERRUPTS);
  private readonly cpuInterface: CpuInterface;

  constructor({ irq, fiq, attachSysreg, unknown }: GicWiring) {
    const update = () => this.cpuInterface.update();
    this.distributor = new Distributor(this.interrupts, update, unknown);
    this.redistributor = new Redistributor(this.interrupts, update, unknown);
    const forwarding = () => ({ groups: this.distributor.groups, asleep: this.redistributor.asleep });
    this.cpuInterface = new CpuInterface(this.interrupts, forwarding, irq, fiq);
    this.cpuInterface.attachTo(attachSysreg);
  }

  /** The input wire of one interrupt. */
  line(intid: number): IrqLine {
    return {
      set: (level) => {
        // Devices say their level after every access; mostly it is the old one.
        if (this.interrupts.setWire(intid, level)) this.cpuInterface.update();
      },
    };
  }
}
