/*
 * kernel/irq/manage.ts - who handles an interrupt, and switching it off and on
 *
 * Linux:   kernel/irq/manage.c (v6.12)
 * Absent:  threaded handlers, affinity, wake-up
 */

import { EBUSY, EINVAL } from '../include/uapi/errno.ts';
import type { Kernel } from '../kernel.ts';
import type { IrqHandler } from './irqdesc.ts';

export const IRQF_SHARED = 0x80;
export const IRQF_TIMER = 0x4200;

/** From now on `handler` is called. 0, -EINVAL without such an interrupt, or -EBUSY when somebody will not share it. */
export function request_irq(
  kernel: Kernel,
  irq: number,
  handler: IrqHandler,
  flags: number,
  name: string,
): number {
  const desc = kernel.irq.irq_to_desc(irq);
  if (!desc) return -EINVAL;
  const shared = [{ flags }, ...desc.actions].every((action) => action.flags & IRQF_SHARED);
  if (desc.actions.length > 0 && !shared) return -EBUSY;

  desc.actions.push({ handler, flags, name });
  if (desc.actions.length === 1) enable_irq(kernel, irq);
  return 0;
}

/** The action that `handler` belongs to goes; with the last one the interrupt is disabled. */
export function free_irq(kernel: Kernel, irq: number, handler: IrqHandler): void {
  const desc = kernel.irq.irq_to_desc(irq);
  const at = desc?.actions.findIndex((action) => action.handler === handler) ?? -1;
  if (!desc || at < 0) return;
  desc.actions.splice(at, 1);
  if (desc.actions.length === 0) disable_irq(kernel, irq);
}

/** Nests. */
export function disable_irq(kernel: Kernel, irq: number): void {
  const desc = kernel.irq.irq_to_desc(irq);
  if (desc && desc.depth++ === 0) desc.domain.chip.irq_mask(desc.hwirq);
}

/** As many of these as there were disable_irq()s. */
export function enable_irq(kernel: Kernel, irq: number): void {
  const desc = kernel.irq.irq_to_desc(irq);
  if (!desc) return;
  if (desc.depth === 0) kernel.printk.warn(`Unbalanced enable for IRQ ${irq}`);
  else if (--desc.depth === 0) desc.domain.chip.irq_unmask(desc.hwirq);
}
