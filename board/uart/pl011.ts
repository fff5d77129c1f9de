/*
 * board/uart/pl011.ts - the serial port
 *
 * Manual: PrimeCell UART (PL011) Technical Reference Manual, Arm DDI 0183, "Register descriptions", "Interrupts"
 * Guest:  kernel/drivers/tty/amba-pl011.ts
 * Absent: modem lines, IrDA, DMA, parity and framing errors: the wire is perfect. A byte written is a byte sent, also
 *         before UARTEN is set, as on QEMU's board, which bare-metal programs count on.
 *
 * The far end is patient: bytes wait on the wire until the FIFO has room, so nothing is ever overrun, and a script that
 * is piped into the machine before it has booted is still there when the driver turns the receiver on.
 */
import type { IrqLine, MmioDevice, UnknownRegister } from '../bus.ts';
import type { AlarmHandle, Clock } from '../clock.ts';
import { NS_PER_INSTRUCTION } from '../clock.ts';

/** The board's clock for it, in Hz; what the device tree says too. */
export const UARTCLK = 24_000_000;

const UARTDR = 0x000; //    data: a read pops the receive FIFO, a write transmits
const UARTRSR = 0x004; //   errors of the byte read last; a write clears them
const UARTFR = 0x018; //    flags
const UARTILPR = 0x020; //  IrDA low power counter
const UARTIBRD = 0x024; //  baud rate divisor, integer part
const UARTFBRD = 0x028; //  and sixty-fourths
const UARTLCR_H = 0x02c; // line control: word length, FIFO enable, break
const UARTCR = 0x030; //    control: enables and loopback
const UARTIFLS = 0x034; //  FIFO levels that interrupt
const UARTIMSC = 0x038; //  which interrupts may reach the GIC
const UARTRIS = 0x03c; //   raw status
const UARTMIS = 0x040; //   raw status & mask: what the handler should look at
const UARTICR = 0x044; //   write 1 to clear
const UARTDMACR = 0x048; // no DMA: reads as zero
const UART_ID = 0xfe0; //   eight identification registers

const DR_BE = 1 << 10; //   this entry is a break
const DR_ERRORS = 0xf00;
const FR_CTS_DSR_DCD = 0x07; // the cable is plugged in
const FR_RXFE = 1 << 4; //  receive FIFO empty
const FR_RXFF = 1 << 6; //  receive FIFO full
const FR_TXFE = 1 << 7; //  transmit FIFO empty: always, we never make the guest wait
const LCR_H_FEN = 1 << 4;
const CR_UARTEN = 1 << 0;
const CR_LBE = 1 << 7;
const CR_RXE = 1 << 9;
const CR_RESET = 0x300; //  TXE and RXE
const INT_RX = 1 << 4;
const INT_TX = 1 << 5;
const INT_RT = 1 << 6; //   something lies in the FIFO, and 32 bit times of silence have passed
const INT_BE = 1 << 9;
const INT_ALL = 0x7ff;

const FIFO_DEPTH = 16;
/* UARTIFLS.RXIFLSEL: 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO; the other encodings are reserved. */
const RX_TRIGGER = [2, 4, 8, 12, 14, 14, 14, 14];
const IFLS_RESET = 0x12; // both halfway
const RT_BITS = 32;
/* Part number 0x011, designer 0x41 (Arm), revision 1: a 16-deep FIFO. Then the PrimeCell's CIDs. */
const UART_IDS = [0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1];

export interface UartWiring {
  readonly irq: IrqLine;
  readonly clock: Clock;
  readonly transmit: (byte: number) => void;
  readonly unknown: UnknownRegister;
}

export class Pl011 implements MmioDevice {
  readonly name = 'uart0';
  readonly size = 0x1000;
  private readonly irq: IrqLine;
  private readonly clock: Clock;
  private readonly transmit: (byte: number) => void;
  private readonly unknown: UnknownRegister;
  private readonly silence: AlarmHandle;
  /** Sent by the far end, not yet received: entries as UARTDR shows them. */
  private wire: number[] = [];
  private wireRead = 0;
  private readonly rx: number[] = [];
  private errors = 0;
  private ibrd = 0;
  private fbrd = 0;
  private lcrH = 0;
  private cr = CR_RESET;
  private ifls = IFLS_RESET;
  private ilpr = 0;
  private imsc = 0;
  private ris = 0;

  constructor({ irq, clock, transmit, unknown }: UartWiring) {
    this.irq = irq;
    this.clock = clock;
    this.transmit = transmit;
    this.unknown = unknown;
    this.silence = clock.alarm(() => this.timedOut());
  }

  /** The far end of the wire: somebody typed a byte. */
  receive(byte: number): void {
    this.arrive(byte & 0xff);
  }

  /** The far end holds the line low for longer than a byte. */
  receiveBreak(): void {
    this.arrive(DR_BE);
  }

  /** Bytes that would be received at once: none while the receiver is off or the FIFO is full. */
  get rxRoom(): number {
    return this.isReceiving ? Math.max(0, this.depth - this.rx.length - this.backlog) : 0;
  }

  read(offset: number): number {
    switch (offset) {
      case UARTDR:
        return this.popReceived();
      case UARTRSR:
        return this.errors >> 8;
      case UARTFR:
        return this.flags();
      case UARTILPR:
        return this.ilpr;
      case UARTIBRD:
        return this.ibrd;
      case UARTFBRD:
        return this.fbrd;
      case UARTLCR_H:
        return this.lcrH;
      case UARTCR:
        return this.cr;
      case UARTIFLS:
        return this.ifls;
      case UARTIMSC:
        return this.imsc;
      case UARTRIS:
        return this.ris;
      case UARTMIS:
        return this.ris & this.imsc;
      case UARTICR:
      case UARTDMACR:
        return 0;
      default:
        return this.readId(offset);
    }
  }

  write(offset: number, value: number): void {
    switch (offset) {
      case UARTDR:
        this.send(value & 0xff);
        break;
      case UARTRSR:
        this.errors = 0;
        break;
      case UARTILPR:
        this.ilpr = value & 0xff;
        break;
      case UARTIBRD:
        this.ibrd = value & 0xffff;
        break;
      case UARTFBRD:
        this.fbrd = value & 0x3f;
        break;
      case UARTLCR_H:
        this.writeLcrH(value & 0xff);
        break;
      case UARTCR:
        this.cr = value & 0xff87;
        break;
      case UARTIFLS:
        this.ifls = value & 0x3f;
        break;
      case UARTIMSC:
        this.imsc = value & INT_ALL;
        break;
      case UARTICR:
        this.ris &= ~value;
        break;
      case UARTFR:
      case UARTRIS:
      case UARTMIS:
      case UARTDMACR:
        break; // read only, or not there
      default:
        if (offset < UART_ID) this.unknown(this.name, offset);
    }
    this.takeFromWire();
    this.updateIrq();
  }

  private readId(offset: number): number {
    if (offset < UART_ID) this.unknown(this.name, offset);
    return UART_IDS[(offset - UART_ID) >>> 2] ?? 0;
  }

  private flags(): number {
    const empty = this.rx.length === 0 ? FR_RXFE : 0;
    const full = this.rx.length >= this.depth ? FR_RXFF : 0;
    return FR_CTS_DSR_DCD | FR_TXFE | empty | full;
  }

  private get depth(): number {
    return this.lcrH & LCR_H_FEN ? FIFO_DEPTH : 1;
  }

  private get trigger(): number {
    return this.lcrH & LCR_H_FEN ? RX_TRIGGER[(this.ifls >> 3) & 7]! : 1;
  }

  /* The transmit FIFO is empty again at once, so it has passed its trigger level on the way down. */
  private send(byte: number): void {
    if (this.cr & CR_LBE) this.arrive(byte);
    else this.transmit(byte);
    this.ris |= INT_TX;
  }

  /* Turning the FIFO on or off empties it; a break of ours has nobody to look at it. */
  private writeLcrH(value: number): void {
    if ((value ^ this.lcrH) & LCR_H_FEN) this.rx.length = 0;
    this.lcrH = value;
    this.receivedLess();
  }

  private arrive(entry: number): void {
    this.wire.push(entry);
    this.takeFromWire();
    this.updateIrq();
  }

  private get isReceiving(): boolean {
    return (this.cr & CR_UARTEN) !== 0 && (this.cr & CR_RXE) !== 0;
  }

  /** Bytes that wait for room in the FIFO. */
  private get backlog(): number {
    return this.wire.length - this.wireRead;
  }

  private takeFromWire(): void {
    if (!this.isReceiving) return;
    while (this.backlog > 0 && this.rx.length < this.depth) this.push(this.wire[this.wireRead++]!);
    if (this.backlog > 0 || this.wireRead === 0) return;
    this.wire = [];
    this.wireRead = 0;
  }

  /* The interrupt is about passing the trigger level, not about being above it: cleared, it stays clear until the next. */
  private push(entry: number): void {
    this.rx.push(entry);
    if (this.rx.length === this.trigger) this.ris |= INT_RX;
    if (entry & DR_BE) this.ris |= INT_BE;
    this.silence.set(this.clock.now + RT_BITS * this.bitTime());
  }

  private popReceived(): number {
    const entry = this.rx.shift() ?? 0;
    this.errors = entry & DR_ERRORS;
    this.receivedLess();
    this.takeFromWire();
    this.updateIrq();
    return entry;
  }

  private receivedLess(): void {
    if (this.rx.length < this.trigger) this.ris &= ~INT_RX;
    if (this.rx.length > 0) return;
    this.ris &= ~INT_RT;
    this.silence.set(Infinity);
  }

  private timedOut(): void {
    if (this.rx.length > 0) this.ris |= INT_RT;
    this.updateIrq();
  }

  /* In instructions. Sixteen clocks make a bit at divisor 1. */
  private bitTime(): number {
    const divisor = this.ibrd + this.fbrd / 64;
    return Math.floor((16 * divisor * 1e9) / UARTCLK / NS_PER_INSTRUCTION);
  }

  /* The line is a level, not an event: derive it from the state after every change. */
  private updateIrq(): void {
    this.irq.set((this.ris & this.imsc) !== 0);
  }
}
