/*
 * kernel/irq/irqdesc.ts - one descriptor for each interrupt that somebody may use
 *
 * Linux:   kernel/irq/irqdesc.c, kernel/irq/irqdomain.c, include/linux/irqdesc.h, include/linux/irq.h (v6.12)
 * Differs: an interrupt number is given out when a device's interrupt is first mapped, from 1 up; one domain
 *
 * Two numberings meet here: `hwirq` is the controller's own (the GIC's INTID), `irq` is Linux's, in /proc/interrupts.
 */

import { EINVAL } from '../include/uapi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { OfPhandleArgs } from '../drivers/of/address.ts';
import { of_irq_parse_one } from '../drivers/of/address.ts';
import type { DeviceNode } from '../drivers/of/fdt.ts';

export const IRQ_TYPE_EDGE_RISING = 1;
export const IRQ_TYPE_LEVEL_HIGH = 4;

export const IRQ_NONE = 0; //    it was not my device
export const IRQ_HANDLED = 1;
export type IrqReturn = typeof IRQ_NONE | typeof IRQ_HANDLED;

/** Runs in the interrupt: a plain function, so it cannot sleep. */
export type IrqHandler = (irq: number) => IrqReturn;

export interface IrqAction {
  readonly handler: IrqHandler;
  readonly flags: number;
  readonly name: string;
}

/** What an interrupt controller can do to one of its interrupts. */
export interface IrqChip {
  readonly name: string;
  irq_mask(hwirq: number): void;
  irq_unmask(hwirq: number): void;
  /** The handler has run: let the next one come. */
  irq_eoi(hwirq: number): void;
  irq_set_type(hwirq: number, type: number): number;
}

/** The controller and how its binding names interrupts. */
export interface IrqDomain {
  readonly fwnode: DeviceNode;
  readonly chip: IrqChip;
  /** The hwirq and its trigger type, or -EINVAL. */
  translate(args: readonly number[]): { readonly hwirq: number; readonly type: number } | number;
}

export interface IrqDesc {
  readonly irq: number;
  readonly hwirq: number;
  readonly domain: IrqDomain;
  type: number;
  readonly actions: IrqAction[];
  /** How many times it is disabled; it begins disabled once, until somebody requests it. */
  depth: number;
  count: number;
  /** Of the last 100,000: how many nobody wanted. */
  irq_count: number;
  irqs_unhandled: number;
}

/** Linux: early_irq_init(). */
export function early_irq_init(kernel: Kernel): void {
  kernel.irq = new IrqState(kernel);
}

/** One machine's interrupts. */
export class IrqState {
  readonly kernel: Kernel;
  readonly descs: (IrqDesc | undefined)[] = [undefined]; // 0 is "no interrupt"
  private readonly by_hwirq = new Map<number, IrqDesc>();
  private domain: IrqDomain | null = null;
  /** What the architecture's vector calls: ask the controller which one, and run it. Linux: handle_arch_irq. */
  handle_irq: () => void = () => {
    throw new Error('an interrupt, and no interrupt controller');
  };
  /** Interrupts of unknown number: the last line of /proc/interrupts. */
  irq_err_count = 0;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Linux: irq_domain_create_tree() and set_handle_irq(): the one controller there is. */
  set_domain(domain: IrqDomain, handle_irq: () => void): void {
    this.domain = domain;
    this.handle_irq = handle_irq;
  }

  irq_to_desc(irq: number): IrqDesc | undefined {
    return this.descs[irq];
  }

  /** The descriptor of a controller's interrupt, if anybody mapped it. */
  find_hwirq(hwirq: number): IrqDesc | undefined {
    return this.by_hwirq.get(hwirq);
  }

  /** Linux: irq_of_parse_and_map(). The number for entry `index` of a node's interrupts, or 0. */
  irq_of_parse_and_map(node: DeviceNode, index: number): number {
    const args = of_irq_parse_one(this.kernel.of, node, index);
    return args ? this.irq_create_of_mapping(args) : 0;
  }

  private irq_create_of_mapping({ node, args }: OfPhandleArgs): number {
    const { domain } = this;
    const found = domain?.fwnode === node ? domain.translate(args) : -EINVAL;
    if (!domain || typeof found === 'number') return 0;
    const mapped = this.by_hwirq.get(found.hwirq);
    if (mapped) return mapped.irq;
    return domain.chip.irq_set_type(found.hwirq, found.type) < 0
      ? 0
      : this.alloc_desc(domain, found.hwirq, found.type).irq;
  }

  private alloc_desc(domain: IrqDomain, hwirq: number, type: number): IrqDesc {
    const irq = this.descs.length;
    const desc: IrqDesc = {
      irq,
      hwirq,
      domain,
      type,
      actions: [],
      depth: 1,
      count: 0,
      irq_count: 0,
      irqs_unhandled: 0,
    };
    this.descs.push(desc);
    this.by_hwirq.set(hwirq, desc);
    return desc;
  }
}
