/*
 * kernel/irq/handle.ts - from the controller's number to the handlers
 *
 * Linux:   kernel/irq/handle.c, kernel/irq/chip.c, kernel/irq/spurious.c, kernel/irq/proc.c (v6.12)
 * Differs: every interrupt goes the "fasteoi" way: handle, then tell the controller; with one CPU and no nesting the
 *          edge flow would do the same
 */

import type { Kernel } from '../kernel.ts';
import type { IrqDesc } from './irqdesc.ts';
import { IRQ_HANDLED, IRQ_TYPE_EDGE_RISING } from './irqdesc.ts';
import { disable_irq } from './manage.ts';

/* Out of this many, this many that nobody wanted mean that a device is stuck or a driver is blind. */
const SPURIOUS_WINDOW = 100_000;
const SPURIOUS_LIMIT = 99_900;

/** The controller says that `hwirq` is here. */
export function generic_handle_domain_irq(kernel: Kernel, hwirq: number): void {
  const desc = kernel.irq.find_hwirq(hwirq);
  if (!desc) {
    kernel.irq.irq_err_count++;
    return;
  }
  handle_fasteoi_irq(kernel, desc);
}

/* The end is signalled after the handlers: until then this interrupt does not come again. */
function handle_fasteoi_irq(kernel: Kernel, desc: IrqDesc): void {
  desc.count++;
  if (kernel.events) kernel.events.emit({ type: 'irq', irq: desc.irq, name: desc.actions[0]?.name ?? '' });
  let handled = false;
  for (const { handler } of desc.actions) if (handler(desc.irq) === IRQ_HANDLED) handled = true;
  note_interrupt(kernel, desc, handled);
  desc.domain.chip.irq_eoi(desc.hwirq);
}

/* A level that nobody takes away would be all that this machine ever does. */
function note_interrupt(kernel: Kernel, desc: IrqDesc, handled: boolean): void {
  if (!handled) desc.irqs_unhandled++;
  if (++desc.irq_count < SPURIOUS_WINDOW) return;
  if (desc.irqs_unhandled > SPURIOUS_LIMIT) {
    kernel.printk.emerg(`irq ${desc.irq}: nobody cared (try booting with the "irqpoll" option)`);
    kernel.printk.emerg(`Disabling IRQ #${desc.irq}`);
    disable_irq(kernel, desc.irq);
  }
  desc.irq_count = 0;
  desc.irqs_unhandled = 0;
}

/** Linux: show_interrupts(): the text of /proc/interrupts. */
export function show_interrupts(kernel: Kernel): string {
  const descs = kernel.irq.descs.filter((desc) => desc !== undefined);
  const width = Math.max(3, String(kernel.irq.descs.length - 1).length);
  const lines = descs.filter(({ actions }) => actions.length > 0).map((desc) => show_interrupt(desc, width));
  const errors = `${'Err'.padStart(width)}: ${String(kernel.irq.irq_err_count).padStart(10)}\n`;
  return `${' '.repeat(width + 8)}${'CPU0'.padEnd(11)}\n${lines.join('')}${errors}`;
}

function show_interrupt(desc: IrqDesc, width: number): string {
  const type = desc.type === IRQ_TYPE_EDGE_RISING ? 'Edge ' : 'Level';
  const names = desc.actions.map(({ name }) => name).join(', ');
  const count = String(desc.count).padStart(10);
  const hwirq = String(desc.hwirq).padStart(3);
  return `${String(desc.irq).padStart(width)}: ${count} ${desc.domain.chip.name.padStart(9)} ${hwirq} ${type}     ${names}\n`;
}
