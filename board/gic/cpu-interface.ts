/*
 * board/gic/cpu-interface.ts - ICC_*: the part of the interrupt controller that the processing element sees
 *
 * Manual: Arm IHI 0069, "AArch64 System register descriptions", "Interrupt handling and prioritization"
 * Guest:  kernel/drivers/irqchip/irq-gic-v3.ts
 * Absent: the memory-mapped GICC registers of GICv2 (ICC_SRE_EL1.SRE reads as one), virtualization, NMIs.
 *
 * An interrupt's life here: pending and urgent enough -> the IRQ line (FIQ for group 0) -> a read of ICC_IAR makes it
 * active and raises the running priority -> a write of ICC_EOIR drops the priority and, unless EOImode is set,
 * deactivates; with EOImode the write of ICC_DIR does that.
 */
import type { AttachSysreg, IrqLine, SysregHook } from '../bus.ts';
import type { Interrupts } from './interrupts.ts';
import { INTID_SPURIOUS, PRIORITY_MASK } from './interrupts.ts';

const PRIORITY_BITS = 5;
/* The smallest binary points that five bits make sense of: [7:3] is the group priority. */
const BPR0_MIN = 7 - PRIORITY_BITS;
const BPR1_MIN = BPR0_MIN + 1;
const IDLE_PRIORITY = 0xff;

const CTLR_CBPR = 1 << 0; //    ICC_BPR0 decides for both groups
const CTLR_EOIMODE = 1 << 1; // ICC_EOIR only drops the priority
const CTLR_PRIBITS = (PRIORITY_BITS - 1) << 8;
const CTLR_A3V = 1 << 15;
const SRE_ALL = 0b111; //       SRE, DFB, DIB: system registers, no bypass

const SGIR_TARGET_SELF = 1 << 0; //  bit 0 of the target list: Aff0 = 0
const SGIR_IRM_HIGH = 1 << 8; //     bit 40: everybody but the sender
const SGIR_AFF_HIGH = 0x00ff_f0ff; // Aff3, RS, Aff2

/** What the distributor and redistributor let through. */
export interface Forwarding {
  readonly groups: number;
  readonly asleep: boolean;
}

type Group = 0 | 1;

export class CpuInterface {
  private readonly interrupts: Interrupts;
  private readonly from: () => Forwarding;
  private readonly irq: IrqLine;
  private readonly fiq: IrqLine;
  /** The highest-priority pending interrupt, or INTID_SPURIOUS; kept by update(). */
  private hppi = INTID_SPURIOUS;
  private pmr = 0;
  private readonly bpr: [number, number] = [BPR0_MIN, BPR1_MIN];
  private readonly enable: [number, number] = [0, 0];
  /** ICC_APnR0: one bit for each group priority that is active. */
  private readonly activePriorities: [number, number] = [0, 0];
  private ctlr = 0;

  constructor(interrupts: Interrupts, from: () => Forwarding, irq: IrqLine, fiq: IrqLine) {
    this.interrupts = interrupts;
    this.from = from;
    this.irq = irq;
    this.fiq = fiq;
  }

  /** After every change of any state: which interrupt is the most urgent, and does it reach the processing element? */
  update(): void {
    const { groups, asleep } = this.from();
    this.hppi = asleep ? INTID_SPURIOUS : this.interrupts.highestPending(groups);
    const signalled = this.hppi !== INTID_SPURIOUS && this.isSufficient(this.hppi);
    const group1 = signalled && this.interrupts.isGroup1(this.hppi);
    this.irq.set(group1);
    this.fiq.set(signalled && !group1);
  }

  attachTo(attach: AttachSysreg): void {
    for (const [name, hook] of this.registers()) attach(name, hook);
  }

  /* The register list of the manual. The upper halves are all zero, except what ICC_SGI*R are written with. */
  private registers(): readonly [name: string, hook: SysregHook][] {
    const ro = (read: () => number): SysregHook => ({ read: (half) => (half === 0 ? read() : 0) });
    const wo = (write: (lo: number, hi: number) => void): SysregHook => ({ read: () => 0, write });
    const rw = (read: () => number, write: (lo: number) => void): SysregHook => ({
      ...ro(read),
      write: (lo) => {
        write(lo);
        this.update();
      },
    });
    // biome-ignore format: columns teach
    return [
      ['ICC_PMR_EL1',     rw(() => this.pmr, (v) => { this.pmr = v & PRIORITY_MASK; })],
      ['ICC_IAR0_EL1',    ro(() => this.acknowledge(0))],
      ['ICC_IAR1_EL1',    ro(() => this.acknowledge(1))],
      ['ICC_EOIR0_EL1',   wo((v) => this.endOfInterrupt(0, v))],
      ['ICC_EOIR1_EL1',   wo((v) => this.endOfInterrupt(1, v))],
      ['ICC_DIR_EL1',     wo((v) => this.deactivate(v))],
      ['ICC_HPPIR0_EL1',  ro(() => this.highestPending(0))],
      ['ICC_HPPIR1_EL1',  ro(() => this.highestPending(1))],
      ['ICC_RPR_EL1',     ro(() => this.runningPriority())],
      ['ICC_BPR0_EL1',    rw(() => this.bpr[0], (v) => { this.bpr[0] = Math.max(v & 7, BPR0_MIN); })],
      ['ICC_BPR1_EL1',    rw(() => this.readBpr1(), (v) => this.writeBpr1(v))],
      ['ICC_AP0R0_EL1',   rw(() => this.activePriorities[0], (v) => { this.activePriorities[0] = v; })],
      ['ICC_AP1R0_EL1',   rw(() => this.activePriorities[1], (v) => { this.activePriorities[1] = v; })],
      ['ICC_IGRPEN0_EL1', rw(() => this.enable[0], (v) => { this.enable[0] = v & 1; })],
      ['ICC_IGRPEN1_EL1', rw(() => this.enable[1], (v) => { this.enable[1] = v & 1; })],
      ['ICC_CTLR_EL1',    rw(() => this.ctlr | CTLR_PRIBITS | CTLR_A3V, (v) => { this.ctlr = v & (CTLR_CBPR | CTLR_EOIMODE); })],
      ['ICC_SRE_EL1',     rw(() => SRE_ALL, () => {})],
      ['ICC_SGI0R_EL1',   wo((lo, hi) => this.sendSgi(0, lo, hi))],
      ['ICC_SGI1R_EL1',   wo((lo, hi) => this.sendSgi(1, lo, hi))],
      ['ICC_ASGI1R_EL1',  wo((lo, hi) => this.sendSgi(0, lo, hi))], // the other Security state's: group 0 here
    ];
  }

  private acknowledge(group: Group): number {
    const intid = this.highestPending(group);
    if (intid === INTID_SPURIOUS || !this.isSufficient(intid)) return INTID_SPURIOUS;
    const priority = this.interrupts.priority[intid]! & this.groupMask(group);
    this.activePriorities[group] = (this.activePriorities[group] | levelBit(priority)) >>> 0;
    this.interrupts.activate(intid);
    this.update();
    return intid;
  }

  /* Priorities nest, so the most urgent active one is the one that ends; INTIDs may be given in any order. */
  private endOfInterrupt(group: Group, value: number): void {
    const intid = value & 0xff_ffff;
    if (intid >= this.interrupts.count || this.runningGroup() !== group) return;
    const active = this.activePriorities[group];
    this.activePriorities[group] = (active & (active - 1)) >>> 0;
    if (!(this.ctlr & CTLR_EOIMODE)) this.interrupts.deactivate(intid);
    this.update();
  }

  /* Without EOImode a write is UNPREDICTABLE; ignoring it is one of the choices. */
  private deactivate(value: number): void {
    if (!(this.ctlr & CTLR_EOIMODE)) return;
    this.interrupts.deactivate(value & 0xff_ffff);
    this.update();
  }

  private highestPending(group: Group): number {
    const { hppi } = this;
    if (hppi === INTID_SPURIOUS || !this.enable[group]) return INTID_SPURIOUS;
    return this.interrupts.isGroup1(hppi) === (group === 1) ? hppi : INTID_SPURIOUS;
  }

  /** Enabled for its group, above the mask, and above what runs now by more than a subpriority. */
  private isSufficient(intid: number): boolean {
    const group: Group = this.interrupts.isGroup1(intid) ? 1 : 0;
    const priority = this.interrupts.priority[intid]!;
    if (!this.enable[group] || priority >= this.pmr) return false;
    const running = this.runningPriority();
    const mask = this.groupMask(group); // of the newcomer, for both: subpriorities do not preempt, whoever set the other's
    return running === IDLE_PRIORITY || (priority & mask) < (running & mask);
  }

  private runningPriority(): number {
    const active = this.activePriorities[0] | this.activePriorities[1];
    return active === 0 ? IDLE_PRIORITY : lowestLevel(active) << (8 - PRIORITY_BITS);
  }

  private runningGroup(): Group | undefined {
    const [group0, group1] = this.activePriorities;
    if ((group0 | group1) === 0) return undefined;
    return group0 !== 0 && (group1 === 0 || lowestLevel(group0) <= lowestLevel(group1)) ? 0 : 1;
  }

  /* The bits of a priority that decide preemption. ICC_BPR1 counts from one higher than ICC_BPR0 does. */
  private groupMask(group: Group): number {
    const common = group === 0 || this.ctlr & CTLR_CBPR;
    return (0xff << (common ? this.bpr[0] + 1 : this.bpr[1])) & 0xff;
  }

  private readBpr1(): number {
    return this.ctlr & CTLR_CBPR ? Math.min(this.bpr[0] + 1, 7) : this.bpr[1];
  }

  private writeBpr1(value: number): void {
    if (this.ctlr & CTLR_CBPR) return;
    this.bpr[1] = Math.max(value & 7, BPR1_MIN);
  }

  private sendSgi(group: Group, lo: number, hi: number): void {
    const here = (lo & 0x00ff_0000) === 0 && (hi & SGIR_AFF_HIGH) === 0;
    if (hi & SGIR_IRM_HIGH || !here || !(lo & SGIR_TARGET_SELF)) return;
    const intid = (lo >>> 24) & 15;
    if (this.interrupts.isGroup1(intid) !== (group === 1)) return;
    this.interrupts.latched[0]! |= 1 << intid;
    this.update();
  }
}

/** The bit of ICC_APnR0 that stands for a group priority. */
function levelBit(priority: number): number {
  return 1 << (priority >> (8 - PRIORITY_BITS));
}

function lowestLevel(active: number): number {
  return 31 - Math.clz32(active & -active);
}
