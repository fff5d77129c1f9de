/*
 * kernel/drivers/tty/amba-pl011.ts - the serial port's driver
 *
 * Linux:   drivers/tty/serial/amba-pl011.c, drivers/tty/serial/serial_core.c (v6.12)
 * Manual:  PrimeCell UART (PL011) Technical Reference Manual, Arm DDI 0183
 * Absent:  DMA, modem status interrupts, RS485, other vendors' variants
 */

import type { Termios } from '../../include/uapi/termbits.ts';
import {
  B0,
  B38400,
  BAUD_TABLE,
  CBAUD,
  CMSPAR,
  CREAD,
  CSIZE,
  CSTOPB,
  PARENB,
  PARODD,
  TIOCM_CAR,
  TIOCM_CTS,
  TIOCM_DSR,
  TIOCM_DTR,
  TIOCM_LOOP,
  TIOCM_RTS,
} from '../../include/uapi/termbits.ts';
import type { IrqReturn } from '../../irq/irqdesc.ts';
import { IRQ_HANDLED, IRQ_NONE } from '../../irq/irqdesc.ts';
import { IRQF_SHARED, free_irq, request_irq } from '../../irq/manage.ts';
import type { Kernel } from '../../kernel.ts';
import { of_address_to_resource } from '../of/address.ts';
import type { DeviceNode } from '../of/fdt.ts';
import {
  of_property_read_cells,
  of_property_read_string,
  of_property_read_strings,
  of_property_read_u32,
} from '../of/fdt.ts';
import { TTY_BREAK, TTY_FRAME, TTY_NORMAL, TTY_OVERRUN, TTY_PARITY } from './n_tty_input.ts';
import { tty_termios_baud_rate } from './termios.ts';
import { TtyBuffer } from './tty_buffer.ts';
import { tty_wakeup } from './tty_flow.ts';
import { tty_register_driver } from './tty_io.ts';
import type { Tty, TtyDriver, TtyOperations } from './tty.ts';

const UART01x_DR = 0x00;
const UART01x_FR = 0x18;
const UART011_IBRD = 0x24;
const UART011_FBRD = 0x28;
const UART011_LCRH = 0x2c;
const UART011_CR = 0x30;
const UART011_IFLS = 0x34;
const UART011_IMSC = 0x38;
const UART011_MIS = 0x40;
const UART011_ICR = 0x44;
const UART_PERIPH_ID2 = 0xfe8;

const UART011_DR_FE = 1 << 8;
const UART011_DR_PE = 1 << 9;
const UART011_DR_BE = 1 << 10;
const UART011_DR_OE = 1 << 11;
const UART01x_FR_CTS = 1 << 0;
const UART01x_FR_DSR = 1 << 1;
const UART01x_FR_DCD = 1 << 2;
const UART01x_FR_BUSY = 1 << 3;
const UART01x_FR_RXFE = 1 << 4;
const UART01x_FR_TXFF = 1 << 5;
const UART01x_LCRH_BRK = 1 << 0;
const UART01x_LCRH_PEN = 1 << 1;
const UART01x_LCRH_EPS = 1 << 2;
const UART01x_LCRH_STP2 = 1 << 3;
const UART01x_LCRH_FEN = 1 << 4;
const UART01x_LCRH_WLEN = 5; // shift: 0 is five bits, 3 is eight
const UART01x_CR_UARTEN = 1 << 0;
const UART011_CR_LBE = 1 << 7;
const UART011_CR_TXE = 1 << 8;
const UART011_CR_RXE = 1 << 9;
const UART011_CR_DTR = 1 << 10;
const UART011_CR_RTS = 1 << 11;
const UART011_IFLS_RX4_8 = 2 << 3;
const UART011_IFLS_TX4_8 = 2 << 0;
const UART011_RXIM = 1 << 4;
const UART011_TXIM = 1 << 5;
const UART011_RTIM = 1 << 6;

/** Characters taken in one interrupt before the rest of the machine gets a turn. */
const RX_BUDGET = 256;
/** Linux: UART_XMIT_SIZE. What waits to be sent. */
const UART_XMIT_SIZE = 4096;
const SERIAL_AMBA_MAJOR = 204;
const SERIAL_AMBA_MINOR = 64;
const DEFAULT_UARTCLK = 24_000_000;
/** CREAD off: what is received is thrown away. */
const UART_DUMMY_DR_RX = 1 << 16;
const NL = 0x0a;
const CR = 0x0d;

/** Linux: pl011_init(): every PL011 in the device tree becomes a terminal, /dev/ttyAMA0 first. */
export function pl011_init(kernel: Kernel): void {
  const ports: Pl011Port[] = [];
  for (const node of kernel.of.of_find_compatible_nodes('arm,pl011')) {
    const port = pl011_probe(kernel, node, ports.length);
    if (port) ports.push(port);
  }
  if (ports.length === 0) return;

  const driver: TtyDriver = {
    name: 'ttyAMA',
    driver_name: 'ttyAMA',
    type: 'serial',
    major: SERIAL_AMBA_MAJOR,
    minor_start: SERIAL_AMBA_MINOR,
    num: ports.length,
    ops: pl011_tty_ops(ports),
    ttys: [],
  };
  tty_register_driver(kernel, driver);
  for (const [index, port] of ports.entries()) port.tty = driver.ttys[index]!;
  setup_console(kernel, ports);
}

function pl011_probe(kernel: Kernel, node: DeviceNode, line: number): Pl011Port | null {
  const res = of_address_to_resource(node, 0);
  const irq = kernel.irq.irq_of_parse_and_map(node, 0);
  if (!res || irq === 0) return null;
  const base = res.start.toString(16);
  kernel.printk.info(
    `${base}.pl011: ttyAMA${line} at MMIO 0x${base} (irq = ${irq}, base_baud = 0) is a PL011 rev${pl011_revision(kernel, res.start)}`,
  );
  return new Pl011Port(kernel, node, res.start, irq, uart_clock(kernel, node));
}

/* Linux: amba_rev(), from the second nibble of the third identification register. */
const pl011_revision = (kernel: Kernel, base: number): number => kernel.io.readl(base + UART_PERIPH_ID2) >> 4;

/* The clock named "uartclk" is the one that makes bits. */
function uart_clock(kernel: Kernel, node: DeviceNode): number {
  const which = Math.max(0, of_property_read_strings(node, 'clock-names').indexOf('uartclk'));
  const clock = kernel.of.of_find_node_by_phandle(of_property_read_cells(node, 'clocks')[which] ?? 0);
  return (clock && of_property_read_u32(clock, 'clock-frequency')) || DEFAULT_UARTCLK;
}

/* The last console= of ours on the command line, else the one that the device tree calls stdout-path. */
function setup_console(kernel: Kernel, ports: readonly Pl011Port[]): void {
  const wanted = /^ttyAMA(\d+)(?:,(\d+))?/.exec(kernel.params.get('console') ?? '');
  const stdout =
    (kernel.of.chosen && of_property_read_string(kernel.of.chosen, 'stdout-path')?.split(':')[0]) ?? '';
  const named = kernel.params.has('console') ? null : kernel.of.of_find_node_by_path(stdout);
  const port = wanted ? ports[Number(wanted[1])] : ports.find(({ node }) => node === named);
  if (!port) return;

  kernel.tty.console = port.tty;
  port.console_setup(Number(wanted?.[2] ?? 0));
  kernel.printk.register_console({ name: port.tty.name, write: (text) => port.console_write(text) });
}

/** One serial port. */
class Pl011Port {
  readonly node: DeviceNode;
  tty!: Tty;
  private readonly kernel: Kernel;
  private readonly base: number;
  private readonly irq: number;
  private readonly uartclk: number;
  private readonly rx = new TtyBuffer();
  private xmit: number[] = [];
  private xchar = 0;
  private stopped = false;
  private ignore = 0;
  private im = 0;

  constructor(kernel: Kernel, node: DeviceNode, base: number, irq: number, uartclk: number) {
    this.kernel = kernel;
    this.node = node;
    this.base = base;
    this.irq = irq;
    this.uartclk = uartclk;
  }

  /** The first opener. From here on what is typed is received. */
  startup(): number {
    const err = request_irq(this.kernel, this.irq, this.handler, IRQF_SHARED, 'uart-pl011');
    if (err < 0) return err;
    this.stopped = false;
    this.write(UART011_ICR, 0xffff);
    this.write(UART011_IFLS, UART011_IFLS_RX4_8 | UART011_IFLS_TX4_8);
    this.set_termios(this.tty.termios);
    const modem = this.read(UART011_CR) & (UART011_CR_RTS | UART011_CR_DTR);
    this.write(UART011_CR, UART01x_CR_UARTEN | UART011_CR_RXE | UART011_CR_TXE | modem);
    this.mask(this.im | UART011_RXIM | UART011_RTIM);
    return 0;
  }

  shutdown(): void {
    this.mask(0);
    this.write(UART011_ICR, 0xffff);
    free_irq(this.kernel, this.irq, this.handler);
    this.xmit = [];
    this.rx.clear();
    // The console goes on printing: the transmitter stays on.
    this.write(UART011_CR, UART01x_CR_UARTEN | UART011_CR_TXE | (this.read(UART011_CR) & UART011_CR_RTS));
  }

  private readonly handler = (): IrqReturn => this.pl011_int();

  private pl011_int(): IrqReturn {
    const status = this.read(UART011_MIS);
    if (status === 0) return IRQ_NONE;
    this.write(UART011_ICR, status & ~(UART011_TXIM | UART011_RTIM | UART011_RXIM));
    if (status & (UART011_RTIM | UART011_RXIM)) this.pl011_rx_chars();
    if (status & UART011_TXIM) this.pl011_tx_chars();
    return IRQ_HANDLED;
  }

  /* While the line discipline is full nothing is taken: the rest waits in the FIFO, and behind it on the wire. */
  private pl011_rx_chars(): void {
    for (let n = 0; n < RX_BUDGET && !this.tty.throttled; n++) {
      if (this.read(UART01x_FR) & UART01x_FR_RXFE) break;
      this.pl011_insert(this.read(UART01x_DR));
    }
    this.rx.tty_flip_buffer_push(this.tty);
  }

  private pl011_insert(entry: number): void {
    const c = entry & 0xff;
    if (this.ignore & UART_DUMMY_DR_RX) return;
    if (entry & UART011_DR_BE) this.rx.tty_insert_flip_char(0, TTY_BREAK);
    else if (entry & UART011_DR_PE) this.rx.tty_insert_flip_char(c, TTY_PARITY);
    else if (entry & UART011_DR_FE) this.rx.tty_insert_flip_char(c, TTY_FRAME);
    else this.rx.tty_insert_flip_char(c, TTY_NORMAL);
    if (entry & UART011_DR_OE) this.rx.tty_insert_flip_char(0, TTY_OVERRUN);
  }

  /** Sends until the FIFO is full; then its interrupt goes on. */
  private pl011_tx_chars(): void {
    if (this.xchar && this.pl011_tx_char(this.xchar)) this.xchar = 0;
    let sent = 0;
    while (!this.stopped && sent < this.xmit.length && this.pl011_tx_char(this.xmit[sent]!)) sent++;
    if (sent > 0) this.sent(sent);
    const more = this.xchar !== 0 || (!this.stopped && this.xmit.length > 0);
    this.mask(more ? this.im | UART011_TXIM : this.im & ~UART011_TXIM);
  }

  private sent(count: number): void {
    this.xmit = this.xmit.slice(count);
    this.kernel.events?.emit({ type: 'tty', name: this.tty.name, bytes: count, direction: 'out' });
    tty_wakeup(this.tty);
  }

  private pl011_tx_char(c: number): boolean {
    if (this.read(UART01x_FR) & UART01x_FR_TXFF) return false;
    this.write(UART01x_DR, c);
    return true;
  }

  uart_write(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.write_room);
    for (let n = 0; n < count; n++) this.xmit.push(bytes[n]!);
    this.pl011_tx_chars();
    return count;
  }

  get write_room(): number {
    return UART_XMIT_SIZE - this.xmit.length;
  }

  get chars_in_buffer(): number {
    return this.xmit.length;
  }

  flush_buffer(): void {
    this.xmit = [];
    tty_wakeup(this.tty);
  }

  send_xchar(c: number): void {
    this.xchar = c;
    this.pl011_tx_chars();
  }

  stop_tx(stopped: boolean): void {
    this.stopped = stopped;
    this.pl011_tx_chars();
  }

  /** With no interrupt for it, what is received fills the FIFO, and then waits on the wire. */
  throttle_rx(): void {
    this.mask(this.im & ~(UART011_RXIM | UART011_RTIM));
  }

  unthrottle_rx(): void {
    this.rx.tty_flip_buffer_push(this.tty);
    this.mask(this.im | UART011_RXIM | UART011_RTIM);
    this.pl011_rx_chars();
  }

  break_ctl(on: boolean): void {
    const lcrh = this.read(UART011_LCRH);
    this.write(UART011_LCRH, on ? lcrh | UART01x_LCRH_BRK : lcrh & ~UART01x_LCRH_BRK);
  }

  get modem(): number {
    const flags = this.read(UART01x_FR);
    const control = this.read(UART011_CR);
    return (
      (flags & UART01x_FR_DCD ? TIOCM_CAR : 0) |
      (flags & UART01x_FR_DSR ? TIOCM_DSR : 0) |
      (flags & UART01x_FR_CTS ? TIOCM_CTS : 0) |
      (control & UART011_CR_DTR ? TIOCM_DTR : 0) |
      (control & UART011_CR_RTS ? TIOCM_RTS : 0) |
      (control & UART011_CR_LBE ? TIOCM_LOOP : 0)
    );
  }

  set_modem(set: number, clear: number): number {
    let control = this.read(UART011_CR);
    for (const [bit, line] of MODEM_LINES) {
      if (set & bit) control |= line;
      else if (clear & bit) control &= ~line;
    }
    this.write(UART011_CR, control);
    return 0;
  }

  /** The line as the settings want it; what this port cannot do is taken out of them. */
  set_termios(termios: Termios): void {
    termios.c_cflag = (termios.c_cflag & ~CMSPAR) >>> 0;
    const { c_cflag } = termios;
    const baud = tty_termios_baud_rate(termios) || BAUD_TABLE[B38400]!;
    const divisor = Math.max(64, Math.round((this.uartclk * 4) / baud)); // in sixty-fourths
    this.write(UART011_IBRD, divisor >>> 6);
    this.write(UART011_FBRD, divisor & 63);
    this.write(UART011_LCRH, line_control(c_cflag));
    this.ignore = c_cflag & CREAD ? 0 : UART_DUMMY_DR_RX;
    const lines = UART011_CR_DTR | UART011_CR_RTS;
    const control = this.read(UART011_CR);
    this.write(UART011_CR, (c_cflag & CBAUD) === B0 ? control & ~lines : control | lines);
  }

  /** Before anybody opens it the console prints through it. */
  console_setup(baud: number): void {
    const { tty } = this;
    const bits = BAUD_TABLE.indexOf(baud);
    if (bits > 0) {
      const cbaud = bits < 16 ? bits : 0x1000 | (bits - 15);
      const c_cflag = ((tty.termios.c_cflag & ~CBAUD) | cbaud) >>> 0;
      tty.termios = { ...tty.termios, c_cflag, c_ispeed: baud, c_ospeed: baud };
    }
    this.set_termios(tty.termios);
    this.write(UART011_CR, UART01x_CR_UARTEN | UART011_CR_TXE | (this.read(UART011_CR) & UART011_CR_RTS));
  }

  /** Polled, past everything that is buffered: it has to work when nothing else does any more. */
  console_write(text: string): void {
    const imsc = this.read(UART011_IMSC);
    this.write(UART011_IMSC, 0);
    for (let n = 0; n < text.length; n++) {
      const c = text.charCodeAt(n);
      if (c === NL) this.console_putchar(CR);
      this.console_putchar(c);
    }
    while (this.read(UART01x_FR) & UART01x_FR_BUSY);
    this.write(UART011_IMSC, imsc);
  }

  private console_putchar(c: number): void {
    while (this.read(UART01x_FR) & UART01x_FR_TXFF);
    this.write(UART01x_DR, c);
  }

  private mask(im: number): void {
    if (im === this.im) return;
    this.im = im;
    this.write(UART011_IMSC, im);
  }

  private read(reg: number): number {
    return this.kernel.io.readl(this.base + reg);
  }

  private write(reg: number, value: number): void {
    this.kernel.io.writel(this.base + reg, value >>> 0);
  }
}

const MODEM_LINES = [
  [TIOCM_DTR, UART011_CR_DTR],
  [TIOCM_RTS, UART011_CR_RTS],
  [TIOCM_LOOP, UART011_CR_LBE],
] as const;

function line_control(c_cflag: number): number {
  let lcrh = ((c_cflag & CSIZE) >> 4) << UART01x_LCRH_WLEN;
  if (c_cflag & CSTOPB) lcrh |= UART01x_LCRH_STP2;
  if (c_cflag & PARENB) lcrh |= UART01x_LCRH_PEN;
  if (c_cflag & PARENB && !(c_cflag & PARODD)) lcrh |= UART01x_LCRH_EPS;
  return lcrh | UART01x_LCRH_FEN;
}

function pl011_tty_ops(ports: readonly Pl011Port[]): TtyOperations {
  const port = (tty: Tty): Pl011Port => ports[tty.index]!;
  return {
    open: (tty) => (tty.files.size > 0 ? 0 : port(tty).startup()),
    close: (tty) => {
      if (tty.files.size === 1) port(tty).shutdown();
    },
    hangup: (tty) => port(tty).flush_buffer(),
    write: (tty, bytes) => port(tty).uart_write(bytes),
    write_room: (tty) => port(tty).write_room,
    chars_in_buffer: (tty) => port(tty).chars_in_buffer,
    flush_buffer: (tty) => port(tty).flush_buffer(),
    send_xchar: (tty, ch) => port(tty).send_xchar(ch),
    set_termios: (tty) => port(tty).set_termios(tty.termios),
    throttle: (tty) => port(tty).throttle_rx(),
    unthrottle: (tty) => port(tty).unthrottle_rx(),
    stop: (tty) => port(tty).stop_tx(true),
    start: (tty) => port(tty).stop_tx(false),
    break_ctl: (tty, on) => port(tty).break_ctl(on),
    tiocmget: (tty) => port(tty).modem,
    tiocmset: (tty, set, clear) => port(tty).set_modem(set, clear),
  };
}
