/*
 * board/rtc/pl031.ts - the clock that knows the date
 *
 * Manual: PrimeCell Real Time Clock (PL031) Technical Reference Manual, Arm DDI 0224, "Register descriptions"
 * Guest:  kernel/drivers/rtc/rtc-pl031.ts
 * Differs: it runs from power-on, as one with a battery does, so RTCCR reads as started from the beginning
 */
import type { IrqLine, MmioDevice, UnknownRegister } from '../bus.ts';
import type { AlarmHandle, Clock } from '../clock.ts';
import { NS_PER_INSTRUCTION } from '../clock.ts';

const RTCDR = 0x00; //   seconds
const RTCMR = 0x04; //   match: interrupt when RTCDR gets here
const RTCLR = 0x08; //   load: sets the seconds
const RTCCR = 0x0c; //   bit 0: started
const RTCIMSC = 0x10; // mask
const RTCRIS = 0x14; //  raw status
const RTCMIS = 0x18; //  raw status & mask
const RTCICR = 0x1c; //  write 1 to clear
const RTC_ID = 0xfe0; // eight identification registers

const CR_START = 1;
const INT_MATCH = 1;
const INSTRUCTIONS_PER_SECOND = 1e9 / NS_PER_INSTRUCTION;
const SECONDS = 2 ** 32;
const RTC_IDS = [0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1];

export interface RtcWiring {
  readonly irq: IrqLine;
  readonly clock: Clock;
  /** Seconds since 1970 at power-on. */
  readonly start: number;
  readonly unknown: UnknownRegister;
}

export class Pl031 implements MmioDevice {
  readonly name = 'rtc';
  readonly size = 0x1000;
  private readonly irq: IrqLine;
  private readonly clock: Clock;
  private readonly unknown: UnknownRegister;
  private readonly alarm: AlarmHandle;
  /** What the counter shows minus the whole seconds since power-on. */
  private offset: number;
  private load: number;
  private match = 0;
  private imsc = 0;
  private ris = 0;

  constructor({ irq, clock, start, unknown }: RtcWiring) {
    this.irq = irq;
    this.clock = clock;
    this.unknown = unknown;
    this.offset = start;
    this.load = start;
    this.alarm = clock.alarm(() => this.matched());
  }

  read(offset: number): number {
    if (offset === RTCDR) return this.seconds();
    if (offset === RTCMR) return this.match;
    if (offset === RTCLR) return this.load;
    if (offset === RTCCR) return CR_START;
    if (offset === RTCIMSC) return this.imsc;
    if (offset === RTCRIS) return this.ris;
    if (offset === RTCMIS) return this.ris & this.imsc;
    if (offset >= RTC_ID) return RTC_IDS[(offset - RTC_ID) >>> 2] ?? 0;
    this.unknown(this.name, offset);
    return 0;
  }

  write(offset: number, value: number): void {
    if (offset === RTCMR) this.writeMatch(value);
    else if (offset === RTCLR) this.writeLoad(value);
    else if (offset === RTCIMSC) this.imsc = value & INT_MATCH;
    else if (offset === RTCICR) this.ris &= ~value;
    else if (offset > RTCICR && offset < RTC_ID) this.unknown(this.name, offset);
    this.irq.set((this.ris & this.imsc) !== 0);
  }

  private uptime(): number {
    return Math.floor(this.clock.now / INSTRUCTIONS_PER_SECOND);
  }

  private seconds(): number {
    return (this.offset + this.uptime()) % SECONDS;
  }

  private writeLoad(value: number): void {
    this.load = value;
    this.offset = (value - (this.uptime() % SECONDS) + SECONDS) % SECONDS;
    this.writeMatch(this.match);
  }

  private writeMatch(value: number): void {
    this.match = value;
    const away = (value - this.seconds() + SECONDS) % SECONDS;
    this.alarm.set((this.uptime() + away) * INSTRUCTIONS_PER_SECOND);
  }

  /* Nobody who has not unmasked it wants to be woken every 136 years: the counter wraps, the alarm does not. */
  private matched(): void {
    this.ris |= INT_MATCH;
    this.irq.set((this.ris & this.imsc) !== 0);
  }
}
