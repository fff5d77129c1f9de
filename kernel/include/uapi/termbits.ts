/*
 * kernel/include/uapi/termbits.ts - what a terminal's settings are made of
 *
 * Linux:  include/uapi/asm-generic/termbits.h, include/uapi/asm-generic/termbits-common.h, include/uapi/asm-generic/termios.h
 * Manual: termios(3), TCSETS(2const)
 */

/** struct termios2; struct termios is its first 36 bytes. */
export interface Termios {
  c_iflag: number;
  c_oflag: number;
  c_cflag: number;
  c_lflag: number;
  c_line: number;
  readonly c_cc: Uint8Array;
  c_ispeed: number;
  c_ospeed: number;
}

export const NCCS = 19;
export const KERNEL_TERMIOS_SIZE = 36;
export const KERNEL_TERMIOS2_SIZE = 44;
/** struct termio: 16-bit flags and 8 characters. */
export const TERMIO_SIZE = 18;
export const NCC = 8;

/* c_cc: which character does what */
// biome-ignore format: columns teach
export const VINTR = 0, VQUIT = 1, VERASE = 2, VKILL = 3, VEOF = 4, VTIME = 5, VMIN = 6, VSWTC = 7, VSTART = 8, VSTOP = 9,
  VSUSP = 10, VEOL = 11, VREPRINT = 12, VDISCARD = 13, VWERASE = 14, VLNEXT = 15, VEOL2 = 16;
/** A character that is switched off. */
export const __DISABLED_CHAR = 0;

/* c_iflag: what happens to what comes in */
export const IGNBRK = 0x0001;
export const BRKINT = 0x0002;
export const IGNPAR = 0x0004;
export const PARMRK = 0x0008;
export const INPCK = 0x0010;
export const ISTRIP = 0x0020;
export const INLCR = 0x0040;
export const IGNCR = 0x0080;
export const ICRNL = 0x0100;
export const IUCLC = 0x0200;
export const IXON = 0x0400;
export const IXANY = 0x0800;
export const IXOFF = 0x1000;
export const IMAXBEL = 0x2000;
export const IUTF8 = 0x4000;

/* c_oflag: what happens to what goes out */
export const OPOST = 0x0001;
export const OLCUC = 0x0002;
export const ONLCR = 0x0004;
export const OCRNL = 0x0008;
export const ONOCR = 0x0010;
export const ONLRET = 0x0020;
export const TABDLY = 0x1800;
export const XTABS = 0x1800;

/* c_cflag: the line */
export const CBAUD = 0x100f;
export const B0 = 0x0000;
export const B38400 = 0x000f;
export const BOTHER = 0x1000;
export const CSIZE = 0x0030;
export const CS8 = 0x0030;
export const CSTOPB = 0x0040;
export const CREAD = 0x0080;
export const PARENB = 0x0100;
export const PARODD = 0x0200;
export const HUPCL = 0x0400;
export const CLOCAL = 0x0800;
export const CMSPAR = 0x4000_0000;
export const CRTSCTS = 0x8000_0000;
export const IBSHIFT = 16;

/* c_lflag: line editing and signals */
export const ISIG = 0x0001;
export const ICANON = 0x0002;
export const ECHO = 0x0008;
export const ECHOE = 0x0010;
export const ECHOK = 0x0020;
export const ECHONL = 0x0040;
export const NOFLSH = 0x0080;
export const TOSTOP = 0x0100;
export const ECHOCTL = 0x0200;
export const ECHOPRT = 0x0400;
export const ECHOKE = 0x0800;
export const IEXTEN = 0x8000;

/** Speeds by the value of their bits: index = c_cflag & 15, and 15 more behind CBAUDEX. */
// biome-ignore format: columns teach
export const BAUD_TABLE: readonly number[] = [
  0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400,
  57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
];

/** Linux: tty_std_termios, as a serial console shows it: 38400 baud, 8 bits, line editing with echo and signals. */
export const tty_std_termios = (): Termios => ({
  c_iflag: ICRNL | IXON,
  c_oflag: OPOST | ONLCR,
  c_cflag: B38400 | CS8 | CREAD | HUPCL | CLOCAL,
  c_lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
  c_line: 0,
  c_cc: Uint8Array.of(3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0),
  c_ispeed: 38400,
  c_ospeed: 38400,
});

/* TIOCM*: modem lines */
export const TIOCM_DTR = 0x002;
export const TIOCM_RTS = 0x004;
export const TIOCM_CTS = 0x020;
export const TIOCM_CAR = 0x040;
export const TIOCM_DSR = 0x100;
export const TIOCM_LOOP = 0x8000;

/* TCFLSH's and TCXONC's argument */
export const TCIFLUSH = 0;
export const TCOFLUSH = 1;
export const TCIOFLUSH = 2;
export const TCOOFF = 0;
export const TCOON = 1;
export const TCIOFF = 2;
export const TCION = 3;
