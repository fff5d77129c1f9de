/*
 * kernel/drivers/clocksource/arm_arch_timer.ts - what time is it, and wake me then
 *
 * Linux:   drivers/clocksource/arm_arch_timer.c (v6.12)
 * Manual:  Arm ARM, "The Generic Timer in AArch64 state"
 * Absent:  the memory-mapped timer, errata, the event stream
 *
 * The virtual counter and the virtual timer, as any Linux that was started at EL1 uses: the physical ones may be the
 * hypervisor's.
 */

import { ENODEV } from '../../include/uapi/errno.ts';
import type { IrqReturn } from '../../irq/irqdesc.ts';
import { IRQ_HANDLED, IRQ_NONE } from '../../irq/irqdesc.ts';
import { IRQF_TIMER, request_irq } from '../../irq/manage.ts';
import type { Kernel } from '../../kernel.ts';
import type { DeviceNode } from '../of/fdt.ts';
import { of_property_read_u32 } from '../of/fdt.ts';

const CTRL_ENABLE = 1 << 0;
const CTRL_IT_MASK = 1 << 1;
const CTRL_IT_STAT = 1 << 2;
const CNTKCTL_USR_VCT_ACCESS_EN = 1 << 1;

/** Entry of "interrupts": secure physical, physical, virtual, hypervisor. */
const ARCH_TIMER_VIRT_PPI = 2;
const NSEC_PER_SEC = 1e9;

/** Linux: timer_probe(). 0 or -errno. */
export function timer_probe(kernel: Kernel): number {
  const node = kernel.of.of_find_compatible_nodes('arm,armv8-timer')[0];
  return node ? arch_timer_of_init(kernel, node) : -ENODEV;
}

function arch_timer_of_init(kernel: Kernel, node: DeviceNode): number {
  const irq = kernel.irq.irq_of_parse_and_map(node, ARCH_TIMER_VIRT_PPI);
  const hz = of_property_read_u32(node, 'clock-frequency') ?? kernel.arch.read_sysreg('CNTFRQ_EL0');
  if (irq === 0 || hz === 0) return -ENODEV;

  const mhz = Math.floor(hz / 10_000) / 100;
  kernel.printk.info(`arch_timer: cp15 timer(s) running at ${mhz.toFixed(2)}MHz (virt).`);
  arch_counter_register(kernel, hz);
  return arch_timer_register(kernel, irq, hz);
}

function arch_counter_register(kernel: Kernel, hz: number): void {
  const { arch } = kernel;
  kernel.time.clocksource_register({
    name: 'arch_sys_counter',
    hz,
    read: () => arch.get_cycles(),
  });
  const resolution = Math.floor(NSEC_PER_SEC / hz);
  kernel.printk.info(`sched_clock: 57 bits at ${Math.round(hz / 1e6)}MHz, resolution ${resolution}ns`);
}

function arch_timer_register(kernel: Kernel, irq: number, hz: number): number {
  const { arch } = kernel;
  arch.write_sysreg('CNTV_CTL_EL0', 0);
  arch.write_sysreg('CNTKCTL_EL1', CNTKCTL_USR_VCT_ACCESS_EN); // user space reads the time without asking
  const err = request_irq(kernel, irq, () => arch_timer_handler_virt(kernel), IRQF_TIMER, 'arch_timer');
  if (err < 0) return err;

  kernel.hrtimers.clockevents_register({
    name: 'arch_sys_timer',
    set_next_ktime: (expiresNs) => set_next_event_virt(kernel, Math.ceil(expiresNs / (NSEC_PER_SEC / hz))),
    set_state_shutdown: () => arch.write_sysreg('CNTV_CTL_EL0', 0),
  });
  return 0;
}

/* An absolute time cannot be missed: one that has passed by now interrupts at once. */
function set_next_event_virt({ arch }: Kernel, ticks: number): void {
  arch.write_sysreg('CNTV_CVAL_EL0', ticks);
  arch.write_sysreg('CNTV_CTL_EL0', CTRL_ENABLE);
}

/* The output is a level: masked until the next event is programmed, or it would interrupt for ever. */
function arch_timer_handler_virt({ arch, hrtimers }: Kernel): IrqReturn {
  const ctrl = arch.read_sysreg('CNTV_CTL_EL0');
  if (!(ctrl & CTRL_IT_STAT)) return IRQ_NONE;
  arch.write_sysreg('CNTV_CTL_EL0', (ctrl & ~CTRL_IT_STAT) | CTRL_IT_MASK);
  hrtimers.hrtimer_interrupt();
  return IRQ_HANDLED;
}
