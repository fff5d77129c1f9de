/*
 * The expected values are those of the Arm GIC Architecture Specification (IHI 0069).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { SysregHook } from '../../../../board/bus.ts';
import { GicV3 } from '../../../../board/gic/gicv3.ts';

const UART = 33; // SPI 1
const TIMER = 27; // PPI 11
const SPURIOUS = 1023;

/** A controller with a driver's hands on it. */
function machine() {
  const sysregs = new Map<string, SysregHook>();
  const lines = { irq: false, fiq: false };
  const gic = new GicV3({
    irq: {
      set: (level) => {
        lines.irq = level;
      },
    },
    fiq: {
      set: (level) => {
        lines.fiq = level;
      },
    },
    attachSysreg: (name, hook) => void sysregs.set(name, hook),
    unknown: (device, offset) => {
      throw new Error(`${device}: no register at ${offset.toString(16)}`);
    },
  });
  const d = gic.distributor;
  const r = gic.redistributor;
  return {
    gic,
    lines,
    mrs: (name: string) => sysregs.get(`ICC_${name}_EL1`)!.read(0),
    msr: (name: string, lo: number, hi = 0) => sysregs.get(`ICC_${name}_EL1`)!.write!(lo, hi),
    gicd: {
      read: (at: number) => d.read(at, 4) >>> 0,
      write: (at: number, v: number) => d.write(at, v >>> 0, 4),
    },
    gicr: {
      read: (at: number) => r.read(at, 4) >>> 0,
      write: (at: number, v: number) => r.write(at, v >>> 0, 4),
    },
    setPriority: (intid: number, priority: number) =>
      intid < 32 ? r.write(0x1_0400 + intid, priority, 1) : d.write(0x400 + intid, priority, 1),
  };
}

/** As an operating system leaves it: everything in group 1, UART and timer enabled at priority 0xa0. */
function driven() {
  const m = machine();
  m.gicr.write(0x14, 0); // GICR_WAKER: wake up
  m.gicd.write(0x84, 0xffff_ffff); // GICD_IGROUPR1
  m.gicr.write(0x1_0080, 0xffff_ffff); // GICR_IGROUPR0
  for (const intid of [UART, TIMER]) m.setPriority(intid, 0xa0);
  for (let sgi = 0; sgi < 16; sgi++) m.setPriority(sgi, 0xa0);
  m.gicd.write(0x104, 1 << (UART & 31)); // GICD_ISENABLER1
  m.gicr.write(0x1_0100, (1 << TIMER) | 0xffff); // GICR_ISENABLER0
  m.gicd.write(0, 0x3);
  m.msr('PMR', 0xf0);
  m.msr('IGRPEN1', 1);
  return m;
}

test('a level on an enabled SPI reaches the processing element as IRQ, and only as IRQ', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  assert.equal(m.lines, { irq: true, fiq: false });
});

test('acknowledging a level-sensitive interrupt takes the IRQ line away although the wire is still high', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  assert.is(m.mrs('IAR1'), UART);
  assert.is(m.lines.irq, false);
  assert.is(m.gicd.read(0x204), 1 << 1, 'active and pending');
  assert.is(m.gicd.read(0x304), 1 << 1);
});

test('a level that still holds at the end of the interrupt raises it again', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  m.msr('EOIR1', m.mrs('IAR1'));
  assert.is(m.lines.irq, true);
  m.gic.line(UART).set(false);
  assert.is(m.lines.irq, false);
  assert.is(m.mrs('IAR1'), SPURIOUS);
});

test('an edge is remembered after the wire fell, and counts once', () => {
  const m = driven();
  m.gicd.write(0xc08, 2 << 2); // GICD_ICFGR2: INTID 33 is edge-triggered
  const wire = m.gic.line(UART);
  wire.set(true);
  wire.set(false);
  assert.is(m.lines.irq, true);
  m.msr('EOIR1', m.mrs('IAR1'));
  assert.is(m.lines.irq, false);
});

test('an edge that comes while the interrupt is active makes it pending again', () => {
  const m = driven();
  m.gicd.write(0xc08, 2 << 2);
  const wire = m.gic.line(UART);
  wire.set(true);
  const intid = m.mrs('IAR1');
  wire.set(false);
  wire.set(true);
  assert.is(m.lines.irq, false, 'not while it is active');
  m.msr('EOIR1', intid);
  assert.is(m.lines.irq, true);
});

test('GICD_ISPENDR makes a level-sensitive interrupt pending until it is acknowledged or cleared', () => {
  const m = driven();
  m.gicd.write(0x204, 1 << 1);
  assert.is(m.lines.irq, true);
  m.gicd.write(0x284, 1 << 1);
  assert.is(m.lines.irq, false);
});

test('GICD_ICPENDR cannot clear what a wire still holds', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  m.gicd.write(0x284, 1 << 1);
  assert.is(m.lines.irq, true);
});

test('the lower priority value wins, and among equals the lower INTID', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  m.gic.line(TIMER).set(true);
  assert.is(m.mrs('HPPIR1'), TIMER);
  m.setPriority(UART, 0x80);
  assert.is(m.mrs('HPPIR1'), UART);
});

test('an interrupt at or below the priority mask is not signalled, but is the highest pending one', () => {
  const m = driven();
  m.msr('PMR', 0xa0);
  m.gic.line(UART).set(true);
  assert.is(m.lines.irq, false);
  assert.is(m.mrs('IAR1'), SPURIOUS);
  assert.is(m.mrs('HPPIR1'), UART);
  m.msr('PMR', 0xa8);
  assert.is(m.lines.irq, true);
});

test('five priority bits are implemented', () => {
  const m = machine();
  m.msr('PMR', 0xff);
  assert.is(m.mrs('PMR'), 0xf8);
  m.setPriority(UART, 0xff);
  assert.is(m.gicd.read(0x420), 0xf800);
  assert.is((m.mrs('CTLR') >> 8) & 7, 4);
});

test('a more urgent interrupt preempts a running one, and each end drops one level of running priority', () => {
  const m = driven();
  m.setPriority(TIMER, 0x40);
  m.gic.line(UART).set(true);
  const outer = m.mrs('IAR1');
  assert.is(m.mrs('RPR'), 0xa0);
  m.gic.line(TIMER).set(true);
  assert.is(m.lines.irq, true);
  const inner = m.mrs('IAR1');
  assert.equal([outer, inner], [UART, TIMER]);
  assert.is(m.mrs('RPR'), 0x40);
  assert.is(m.mrs('AP1R0'), (1 << (0xa0 >> 3)) | (1 << (0x40 >> 3)));
  m.gic.line(TIMER).set(false);
  m.msr('EOIR1', inner);
  assert.is(m.mrs('RPR'), 0xa0);
  m.msr('EOIR1', outer);
  assert.is(m.mrs('RPR'), 0xff);
});

test('an equally urgent interrupt does not preempt', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  m.mrs('IAR1');
  m.gic.line(TIMER).set(true);
  assert.is(m.lines.irq, false);
});

test('the binary point decides which bits of the priority preempt', () => {
  const m = driven();
  m.setPriority(UART, 0xa0);
  m.setPriority(TIMER, 0x88);
  m.msr('BPR1', 6); // group priority [7:6]: both are in 0x80
  m.gic.line(UART).set(true);
  m.mrs('IAR1');
  assert.is(m.mrs('RPR'), 0x80);
  m.gic.line(TIMER).set(true);
  assert.is(m.lines.irq, false);
  m.msr('BPR1', 0);
  assert.is(m.mrs('BPR1'), 3, 'the minimum for five bits');
});

test('with CBPR set ICC_BPR1_EL1 reads as ICC_BPR0_EL1 plus one and ignores writes', () => {
  const m = driven();
  m.msr('BPR0', 4);
  m.msr('CTLR', 1);
  m.msr('BPR1', 7);
  assert.is(m.mrs('BPR1'), 5);
  m.msr('CTLR', 0);
  assert.is(m.mrs('BPR1'), 3);
});

test('with EOImode set ICC_EOIR1_EL1 drops the priority and ICC_DIR_EL1 deactivates', () => {
  const m = driven();
  m.msr('CTLR', 2);
  m.gic.line(UART).set(true);
  const intid = m.mrs('IAR1');
  m.msr('EOIR1', intid);
  assert.is(m.mrs('RPR'), 0xff);
  assert.is(m.lines.irq, false, 'still active');
  assert.is(m.gicd.read(0x304), 1 << 1);
  m.msr('DIR', intid);
  assert.is(m.gicd.read(0x304), 0);
  assert.is(m.lines.irq, true);
});

test('a disabled interrupt stays pending in the distributor and comes when it is enabled', () => {
  const m = driven();
  m.gicd.write(0x184, 1 << 1); // GICD_ICENABLER1
  m.gic.line(UART).set(true);
  assert.is(m.lines.irq, false);
  assert.is(m.gicd.read(0x204), 1 << 1);
  m.gicd.write(0x104, 1 << 1);
  assert.is(m.lines.irq, true);
});

test('group 0 is signalled as FIQ and acknowledged through ICC_IAR0_EL1 only', () => {
  const m = driven();
  m.gicd.write(0x84, 0);
  m.msr('IGRPEN0', 1);
  m.gic.line(UART).set(true);
  assert.equal(m.lines, { irq: false, fiq: true });
  assert.is(m.mrs('IAR1'), SPURIOUS);
  assert.is(m.mrs('IAR0'), UART);
  m.msr('EOIR1', UART);
  assert.is(m.mrs('RPR'), 0xa0, "the other group's register does not end it");
  m.msr('EOIR0', UART);
  assert.is(m.mrs('RPR'), 0xff);
});

test('nothing is forwarded while the group is disabled in GICD_CTLR or at the CPU interface', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  m.gicd.write(0, 0);
  assert.is(m.lines.irq, false);
  m.gicd.write(0, 2);
  assert.is(m.lines.irq, true);
  m.msr('IGRPEN1', 0);
  assert.is(m.lines.irq, false);
});

test('nothing is forwarded to a processing element that is asleep', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  m.gicr.write(0x14, 2);
  assert.is(m.gicr.read(0x14), 6, 'ChildrenAsleep follows ProcessorSleep');
  assert.is(m.lines.irq, false);
});

test('a software generated interrupt arrives where the target list names this processing element', () => {
  const m = driven();
  m.msr('SGI1R', (5 << 24) | 1);
  assert.is(m.mrs('IAR1'), 5);
  m.msr('EOIR1', 5);
  m.msr('SGI1R', (5 << 24) | 2);
  assert.is(m.lines.irq, false, 'Aff0 1');
  m.msr('SGI1R', (5 << 24) | (1 << 16) | 1);
  assert.is(m.lines.irq, false, 'Aff1 1');
  m.msr('SGI1R', 5 << 24, 1 << 8);
  assert.is(m.lines.irq, false, 'IRM: all but the sender');
  m.msr('SGI0R', (5 << 24) | 1);
  assert.is(m.lines.irq, false, 'the SGI is configured as group 1');
});

test('an SPI routed to a processing element that does not exist goes nowhere', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  m.gicd.write(0x6000 + 8 * UART, 1);
  assert.is(m.lines.irq, false);
  m.gicd.write(0x6000 + 8 * UART, 0);
  assert.is(m.lines.irq, true);
});

test('a driver finds a GICv3 with 288 interrupts, one Security state and one redistributor', () => {
  const m = machine();
  assert.is((m.gicd.read(0xffe8) >> 4) & 15, 3, 'GICD_PIDR2.ArchRev');
  assert.is((m.gicr.read(0xffe8) >> 4) & 15, 3, 'GICR_PIDR2.ArchRev');
  assert.is(((m.gicd.read(4) & 31) + 1) * 32, 288);
  assert.is(m.gicd.read(0), 0x50, 'GICD_CTLR: DS and ARE');
  assert.is(m.gicr.read(8), 0x10, 'GICR_TYPER.Last');
  assert.is(m.gicr.read(0xc), 0);
  assert.is(m.gicr.read(0x14), 6);
  assert.is(m.mrs('SRE') & 1, 1);
  assert.is(m.mrs('RPR'), 0xff);
  assert.is(m.gicr.read(0x1_0c00), 0xaaaa_aaaa, 'SGIs are edge-triggered');
});

test('the distributor has no say in private interrupts', () => {
  const m = machine();
  m.gicd.write(0x100, 0xffff_ffff);
  assert.is(m.gicr.read(0x1_0100), 0);
  assert.is(m.gicd.read(0x100), 0);
});

test('spurious INTIDs written to ICC_EOIR1_EL1 are ignored', () => {
  const m = driven();
  m.gic.line(UART).set(true);
  m.mrs('IAR1');
  m.msr('EOIR1', SPURIOUS);
  assert.is(m.mrs('RPR'), 0xa0);
});

test.run();
