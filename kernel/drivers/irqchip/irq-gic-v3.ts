/*
 * kernel/drivers/irqchip/irq-gic-v3.ts - the interrupt controller's driver
 *
 * Linux:   drivers/irqchip/irq-gic-v3.c, drivers/irqchip/irq-gic-common.c, drivers/irqchip/irqchip.c (v6.12)
 * Manual:  Arm GIC Architecture Specification v3/v4, Arm IHI 0069
 * Absent:  LPIs and ITS, extended ranges, several processors, pseudo-NMIs, EOImode 1 (upstream uses it from EL2 only)
 */

import { EINVAL, ENODEV } from '../../include/uapi/errno.ts';
import type { IrqChip, IrqDomain } from '../../irq/irqdesc.ts';
import { IRQ_TYPE_EDGE_RISING, IRQ_TYPE_LEVEL_HIGH } from '../../irq/irqdesc.ts';
import { generic_handle_domain_irq } from '../../irq/handle.ts';
import type { Kernel } from '../../kernel.ts';
import { of_address_to_resource } from '../of/address.ts';
import type { DeviceNode } from '../of/fdt.ts';

const GICD_CTLR = 0x0000;
const GICD_TYPER = 0x0004;
/* A register bank is at the same offset in the distributor and in the redistributor's SGI frame. */
const GIC_IGROUPR = 0x0080;
const GIC_ISENABLER = 0x0100;
const GIC_ICENABLER = 0x0180;
const GIC_ICACTIVER = 0x0380;
const GIC_IPRIORITYR = 0x0400;
const GIC_ICFGR = 0x0c00;
const GICD_IROUTER = 0x6000;
const GIC_PIDR2 = 0xffe8;
const GICR_TYPER = 0x0008;
const GICR_WAKER = 0x0014;
const GICR_SGI_BASE = 0x1_0000;
const GICR_STRIDE = 0x2_0000;

const GICD_CTLR_ENABLE_G1 = 1 << 0;
const GICD_CTLR_ENABLE_G1A = 1 << 1;
const GICD_CTLR_ARE_NS = 1 << 4;
const GICD_CTLR_DS = 1 << 6;
const GICD_CTLR_RWP = 2 ** 31;
const GICR_TYPER_LAST = 1 << 4;
const GICR_WAKER_PROCESSOR_SLEEP = 1 << 1;
const GICR_WAKER_CHILDREN_ASLEEP = 1 << 2;
const PIDR2_ARCH_MASK = 0xf0;
const PIDR2_ARCH_GICV3 = 0x30;

const GICD_INT_DEF_PRI_X4 = 0xa0a0_a0a0;
const DEFAULT_PMR_VALUE = 0xf0;
const ICC_SRE_EL1_SRE = 1;
const FIRST_SPI = 32;
const FIRST_PPI = 16;
/** INTIDs from here on are answers, not interrupts. */
const FIRST_SPECIAL = 1020;
/** First cell of the binding. */
const GIC_SPI = 0;
const GIC_PPI = 1;

/** Linux: irqchip_init(). Finds the controller and takes it into service. 0 or -errno. */
export function irqchip_init(kernel: Kernel): number {
  const node = kernel.of.of_find_compatible_nodes('arm,gic-v3')[0];
  return node ? gic_of_init(kernel, node) : -ENODEV;
}

function gic_of_init(kernel: Kernel, node: DeviceNode): number {
  const dist = of_address_to_resource(node, 0);
  const redist = of_address_to_resource(node, 1);
  if (!dist || !redist) return -ENODEV;
  if ((kernel.io.readl(dist.start + GIC_PIDR2) & PIDR2_ARCH_MASK) !== PIDR2_ARCH_GICV3) return -ENODEV;

  const gic = new GicV3(kernel, dist.start, node);
  return gic.init(redist.start, redist.size);
}

class GicV3 implements IrqChip, IrqDomain {
  readonly name = 'GICv3';
  readonly fwnode: DeviceNode;
  readonly chip: IrqChip = this;
  private readonly kernel: Kernel;
  private readonly dist: number;
  private readonly lines: number;
  private redist = 0;

  constructor(kernel: Kernel, dist: number, node: DeviceNode) {
    this.kernel = kernel;
    this.dist = dist;
    this.fwnode = node;
    this.lines = Math.min(((kernel.io.readl(dist + GICD_TYPER) & 0x1f) + 1) * 32, FIRST_SPECIAL);
  }

  init(redistBase: number, redistSize: number): number {
    const { printk } = this.kernel;
    printk.info(`GICv3: ${this.lines - FIRST_SPI} SPIs implemented`);
    if (!this.gic_populate_rdist(redistBase, redistSize)) return -ENODEV;
    this.gic_dist_init();
    this.gic_cpu_init();
    this.kernel.irq.set_domain(this, () => this.gic_handle_irq());
    printk.info('Root IRQ handler: gic_handle_irq');
    const ds = this.kernel.io.readl(this.dist + GICD_CTLR) & GICD_CTLR_DS ? 1 : 0;
    printk.info(`GICv3: GICD_CTRL.DS=${ds}, SCR_EL3.FIQ=0`);
    printk.info(
      `GICv3: CPU0: found redistributor 0 region 0:0x${this.redist.toString(16).padStart(16, '0')}`,
    );
    return 0;
  }

  /* Redistributors stand in a row; ours is the one with this processor's affinity, and "last" ends the row. */
  private gic_populate_rdist(base: number, size: number): boolean {
    const { io } = this.kernel;
    const affinity = this.kernel.arch.read_sysreg('MPIDR_EL1') & 0xff_ffff;
    for (let at = base; at + GICR_STRIDE <= base + size; at += GICR_STRIDE) {
      if (io.readl(at + GICR_TYPER + 4) === affinity) {
        this.redist = at;
        return true;
      }
      if (io.readl(at + GICR_TYPER) & GICR_TYPER_LAST) return false;
    }
    return false;
  }

  private gic_dist_init(): void {
    const { io } = this.kernel;
    const { dist, lines } = this;
    io.writel(dist + GICD_CTLR, 0);
    this.gic_do_wait_for_rwp();
    for (let n = FIRST_SPI; n < lines; n += 32) io.writel(dist + GIC_IGROUPR + n / 8, 0xffff_ffff);
    for (let n = FIRST_SPI; n < lines; n += 16) io.writel(dist + GIC_ICFGR + n / 4, 0);
    gic_deactivate(this.kernel, dist, FIRST_SPI, lines);

    io.writel(dist + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_G1A | GICD_CTLR_ENABLE_G1);
    this.gic_do_wait_for_rwp();
    for (let n = FIRST_SPI; n < lines; n++) {
      io.writel(dist + GICD_IROUTER + n * 8, 0);
      io.writel(dist + GICD_IROUTER + n * 8 + 4, 0);
    }
  }

  private gic_do_wait_for_rwp(): void {
    while (this.kernel.io.readl(this.dist + GICD_CTLR) & GICD_CTLR_RWP);
  }

  private gic_cpu_init(): void {
    const { io } = this.kernel;
    this.gic_enable_redist();
    const sgi = this.redist + GICR_SGI_BASE;
    io.writel(sgi + GIC_IGROUPR, 0xffff_ffff);
    gic_deactivate(this.kernel, sgi, 0, FIRST_SPI);
    this.gic_cpu_sys_reg_init();
  }

  /* The redistributor must be awake before anything is forwarded to its processor. */
  private gic_enable_redist(): void {
    const { io } = this.kernel;
    const waker = this.redist + GICR_WAKER;
    io.writel(waker, io.readl(waker) & ~GICR_WAKER_PROCESSOR_SLEEP);
    while (io.readl(waker) & GICR_WAKER_CHILDREN_ASLEEP);
  }

  private gic_cpu_sys_reg_init(): void {
    const { arch } = this.kernel;
    const sre = arch.read_sysreg('ICC_SRE_EL1');
    if (!(sre & ICC_SRE_EL1_SRE)) arch.write_sysreg('ICC_SRE_EL1', sre | ICC_SRE_EL1_SRE);
    arch.write_sysreg('ICC_PMR_EL1', DEFAULT_PMR_VALUE);
    arch.write_sysreg('ICC_BPR1_EL1', 0);
    arch.write_sysreg('ICC_CTLR_EL1', 0); // one write to ICC_EOIR1 drops the priority and deactivates
    arch.write_sysreg('ICC_AP1R0_EL1', 0);
    arch.write_sysreg('ICC_IGRPEN1_EL1', 1);
  }

  /** Until the controller has nothing more to say. */
  private gic_handle_irq(): void {
    const { arch } = this.kernel;
    for (let n = arch.read_sysreg('ICC_IAR1_EL1'); n < FIRST_SPECIAL; n = arch.read_sysreg('ICC_IAR1_EL1')) {
      if (this.kernel.irq.find_hwirq(n)) generic_handle_domain_irq(this.kernel, n);
      else this.unexpected(n);
    }
  }

  private unexpected(hwirq: number): void {
    this.kernel.irq.irq_err_count++;
    this.kernel.printk.warn(`GICv3: Unexpected interrupt (irqnr ${hwirq})`);
    this.irq_eoi(hwirq);
  }

  irq_mask(hwirq: number): void {
    this.gic_poke_irq(hwirq, GIC_ICENABLER);
  }

  irq_unmask(hwirq: number): void {
    this.gic_poke_irq(hwirq, GIC_ISENABLER);
  }

  irq_eoi(hwirq: number): void {
    this.kernel.arch.write_sysreg('ICC_EOIR1_EL1', hwirq);
  }

  /* SGIs are edge-triggered for good; SPIs may be one of two; so may PPIs, but not every implementation lets them. */
  irq_set_type(hwirq: number, type: number): number {
    if (hwirq < FIRST_PPI) return type === IRQ_TYPE_EDGE_RISING ? 0 : -EINVAL;
    if (type !== IRQ_TYPE_LEVEL_HIGH && type !== IRQ_TYPE_EDGE_RISING) return -EINVAL;
    const { io } = this.kernel;
    const at = this.gic_dist_base(hwirq) + GIC_ICFGR + Math.floor(hwirq / 16) * 4;
    const edge = 2 << ((hwirq % 16) * 2);
    const before = io.readl(at);
    const after = (type === IRQ_TYPE_EDGE_RISING ? before | edge : before & ~edge) >>> 0;
    if (after === before) return 0;
    io.writel(at, after);
    return io.readl(at) === after ? 0 : -EINVAL;
  }

  translate(args: readonly number[]): { hwirq: number; type: number } | number {
    const [kind, number, flags] = args as [number, number, number];
    const first = kind === GIC_SPI ? FIRST_SPI : FIRST_PPI;
    const end = kind === GIC_SPI ? this.lines : FIRST_SPI;
    if ((kind !== GIC_SPI && kind !== GIC_PPI) || first + number >= end) return -EINVAL;
    return { hwirq: first + number, type: flags & 0xf };
  }

  private gic_poke_irq(hwirq: number, bank: number): void {
    const at = this.gic_dist_base(hwirq) + bank + Math.floor(hwirq / 32) * 4;
    this.kernel.io.writel(at, (1 << (hwirq % 32)) >>> 0);
  }

  private gic_dist_base(hwirq: number): number {
    return hwirq < FIRST_SPI ? this.redist + GICR_SGI_BASE : this.dist;
  }
}

/* Linux: gic_dist_config(), gic_cpu_config(). A known state: nothing active, nothing enabled, all equally urgent. */
function gic_deactivate({ io }: Kernel, base: number, from: number, to: number): void {
  for (let n = from; n < to; n += 4) io.writel(base + GIC_IPRIORITYR + n, GICD_INT_DEF_PRI_X4);
  for (let n = from; n < to; n += 32) {
    io.writel(base + GIC_ICACTIVER + n / 8, 0xffff_ffff);
    io.writel(base + GIC_ICENABLER + n / 8, 0xffff_ffff);
  }
}
