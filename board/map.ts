/*
 * board/map.ts - the one table of addresses and interrupt numbers
 *
 * Guest: reads it as a device tree: dtb.ts is generated from this table and from nothing else
 *
 * They are those of QEMU's `virt` board. What stands there and not here is not on this board (flash, fw_cfg, PCIe, ITS).
 */

/** Where main memory begins; its size is the owner's choice. */
export const RAM_BASE = 0x4000_0000;

export interface Interrupt {
  readonly kind: 'SPI' | 'PPI';
  /** Within its kind, as the device tree counts: INTID = 32 + SPI = 16 + PPI. */
  readonly number: number;
}

interface Place {
  readonly base: number;
  readonly size: number;
  readonly irq?: Interrupt;
}

const spi = (number: number): Interrupt => ({ kind: 'SPI', number });
const ppi = (number: number): Interrupt => ({ kind: 'PPI', number });

// biome-ignore format: columns teach
export const MAP = {
  GICD:  { base: 0x0800_0000, size: 0x1_0000 },
  GICR:  { base: 0x080a_0000, size: 0x2_0000 }, // one redistributor of two frames
  UART0: { base: 0x0900_0000, size: 0x1000, irq: spi(1) },
  RTC:   { base: 0x0901_0000, size: 0x1000, irq: spi(2) },
} as const satisfies Record<string, Place>;

/** The timers' private interrupts, in the order in which the device tree lists them. Only two of the four timers exist. */
// biome-ignore format: columns teach
export const TIMER_IRQS = {
  securePhysical: ppi(13),
  physical:       ppi(14),
  virtual:        ppi(11),
  hypervisor:     ppi(10),
} as const;

/** The interrupt's number on the controller's own scale. */
export const intid = ({ kind, number }: Interrupt): number => (kind === 'SPI' ? 32 : 16) + number;
