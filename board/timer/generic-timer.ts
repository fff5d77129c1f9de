/*
 * board/timer/generic-timer.ts - the counter and its two timers
 *
 * Manual: Arm ARM, "The Generic Timer in AArch64 state", "Operation of the CompareValue views of the timers",
 *         "Operation of the TimerValue views of the timers"
 * Guest:  kernel/drivers/clocksource/arm_arch_timer.ts
 * Absent: EL2's and EL3's timers, so CNTVOFF is zero and both counters are one; the memory-mapped frame; FEAT_ECV.
 */
import type { AttachSysreg, IrqLine } from '../bus.ts';
import type { AlarmHandle, Clock } from '../clock.ts';
import { INSTRUCTIONS_PER_TICK, NS_PER_INSTRUCTION } from '../clock.ts';

/** 62.5 MHz, as QEMU's board has it. */
export const CNTFRQ = 1_000_000_000 / (INSTRUCTIONS_PER_TICK * NS_PER_INSTRUCTION);

const CTL_ENABLE = 1 << 0;
const CTL_IMASK = 1 << 1;
const CTL_ISTATUS = 1 << 2; // read only: the condition is met

/* CNTKCTL_EL1: what EL0 may touch. The event stream's bits (15:2 and 17) are stored and stream nothing: WFE never waits. */
const CNTKCTL_EL0PCTEN = 1 << 0; // CNTPCT_EL0, and CNTFRQ_EL0 if either is set
const CNTKCTL_EL0VCTEN = 1 << 1; // CNTVCT_EL0
const CNTKCTL_EL0VTEN = 1 << 8; //  CNTV_*
const CNTKCTL_EL0PTEN = 1 << 9; //  CNTP_*
const CNTKCTL_BITS = 0x0002_03ff;

const WORD = 2 ** 32;

/** One comparator: CVAL, TVAL and CTL are three views of it. */
class Timer {
  private readonly clock: Clock;
  private readonly irq: IrqLine;
  private readonly alarm: AlarmHandle;
  private ctl = 0;
  private cvalLow = 0;
  private cvalHigh = 0;

  constructor(clock: Clock, irq: IrqLine) {
    this.clock = clock;
    this.irq = irq;
    this.alarm = clock.alarm(() => this.update());
  }

  readCtl(): number {
    return this.ctl & CTL_ENABLE && this.isMet() ? this.ctl | CTL_ISTATUS : this.ctl;
  }

  writeCtl(value: number): void {
    this.ctl = value & (CTL_ENABLE | CTL_IMASK);
    this.update();
  }

  readCval(half: 0 | 1): number {
    return half === 0 ? this.cvalLow : this.cvalHigh;
  }

  writeCval(lo: number, hi: number): void {
    this.cvalLow = lo >>> 0;
    this.cvalHigh = hi >>> 0;
    this.update();
  }

  /** Ticks to go: a signed number of 32 bits that counts down through zero. */
  readTval(): number {
    return (this.cvalLow - count(this.clock)) >>> 0;
  }

  writeTval(lo: number): void {
    const at = count(this.clock) + (lo | 0);
    this.writeCval(at % WORD, Math.floor(at / WORD));
  }

  /* Above 2^53 the comparison value is rounded, which no count will ever notice. */
  private get cval(): number {
    return this.cvalHigh * WORD + this.cvalLow;
  }

  private isMet(): boolean {
    return count(this.clock) >= this.cval;
  }

  /* The output is a level: it stays until the condition, the enable or the mask says otherwise. */
  private update(): void {
    const enabled = (this.ctl & CTL_ENABLE) !== 0;
    const met = enabled && this.isMet();
    this.irq.set(met && !(this.ctl & CTL_IMASK));
    this.alarm.set(enabled && !met ? this.cval * INSTRUCTIONS_PER_TICK : Infinity);
  }
}

/** The counter, a pure function of virtual time; exact below 2^53. */
function count(clock: Clock): number {
  return Math.floor(clock.now / INSTRUCTIONS_PER_TICK);
}

export interface TimerWiring {
  readonly clock: Clock;
  readonly physicalIrq: IrqLine;
  readonly virtualIrq: IrqLine;
  readonly attachSysreg: AttachSysreg;
  /** Told whether EL0 may read CNTVCT_EL0. */
  readonly openCounter: (isOpen: boolean) => void;
}

type Row = [
  name: string,
  el0: number,
  read: (half: 0 | 1) => number,
  write?: (lo: number, hi: number) => void,
];

export class GenericTimer {
  private readonly clock: Clock;
  private readonly openCounter: TimerWiring['openCounter'];
  private cntkctl = 0;
  private cntfrq = CNTFRQ; // firmware's note to the kernel: writing it changes nothing but what is read

  constructor({ clock, physicalIrq, virtualIrq, attachSysreg, openCounter }: TimerWiring) {
    this.clock = clock;
    this.openCounter = openCounter;
    const rows = this.registers(new Timer(clock, physicalIrq), new Timer(clock, virtualIrq));
    for (const [name, el0, read, write] of rows) {
      const trapsEl0 = () => (this.cntkctl & el0) === 0;
      attachSysreg(name, { read, ...(write && { write }), trapsEl0, quiet: true });
    }
  }

  /* EL0 may when any bit of the second column is set in CNTKCTL_EL1; otherwise its access traps. */
  private registers(p: Timer, v: Timer): readonly Row[] {
    const counter = (half: 0 | 1) =>
      half === 0 ? count(this.clock) >>> 0 : Math.floor(count(this.clock) / WORD);
    const ANY = CNTKCTL_EL0PCTEN | CNTKCTL_EL0VCTEN;
    // biome-ignore format: columns teach
    return [
      ['CNTKCTL_EL1',   0,                word(() => this.cntkctl),  (lo) => this.writeCntkctl(lo)],
      ['CNTFRQ_EL0',    ANY,              word(() => this.cntfrq),   (lo) => { this.cntfrq = lo; }],
      ['CNTPCT_EL0',    CNTKCTL_EL0PCTEN, counter],
      ['CNTVCT_EL0',    CNTKCTL_EL0VCTEN, counter],
      ['CNTP_CTL_EL0',  CNTKCTL_EL0PTEN,  word(() => p.readCtl()),   (lo) => p.writeCtl(lo)],
      ['CNTP_CVAL_EL0', CNTKCTL_EL0PTEN,  (half) => p.readCval(half), (lo, hi) => p.writeCval(lo, hi)],
      ['CNTP_TVAL_EL0', CNTKCTL_EL0PTEN,  word(() => p.readTval()),  (lo) => p.writeTval(lo)],
      ['CNTV_CTL_EL0',  CNTKCTL_EL0VTEN,  word(() => v.readCtl()),   (lo) => v.writeCtl(lo)],
      ['CNTV_CVAL_EL0', CNTKCTL_EL0VTEN,  (half) => v.readCval(half), (lo, hi) => v.writeCval(lo, hi)],
      ['CNTV_TVAL_EL0', CNTKCTL_EL0VTEN,  word(() => v.readTval()),  (lo) => v.writeTval(lo)],
    ];
  }

  private writeCntkctl(lo: number): void {
    this.cntkctl = lo & CNTKCTL_BITS;
    this.openCounter((lo & CNTKCTL_EL0VCTEN) !== 0);
  }
}

/** A register of 32 bits: the upper half reads as zero. */
function word(read: () => number): (half: 0 | 1) => number {
  return (half) => (half === 0 ? read() : 0);
}
