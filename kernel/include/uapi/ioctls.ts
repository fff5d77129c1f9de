/*
 * kernel/include/uapi/ioctls.ts - the numbers of ioctl(2)'s requests: those that every file knows, and the terminal's
 *
 * Linux:  include/uapi/asm-generic/ioctls.h, include/uapi/linux/fs.h
 * Manual: ioctl_tty(2)
 */

export const FIONREAD = 0x541b;
export const FIONBIO = 0x5421;
export const FIONCLEX = 0x5450;
export const FIOCLEX = 0x5451;
export const FIOASYNC = 0x5452;
export const FIBMAP = 1;
export const FIGETBSZ = 2;
export const FIOQSIZE = 0x5460;

// biome-ignore format: columns teach
export const TCGETS = 0x5401, TCSETS = 0x5402, TCSETSW = 0x5403, TCSETSF = 0x5404, TCGETA = 0x5405, TCSETA = 0x5406, TCSETAW = 0x5407,
  TCSETAF = 0x5408, TCSBRK = 0x5409, TCXONC = 0x540a, TCFLSH = 0x540b, TIOCEXCL = 0x540c, TIOCNXCL = 0x540d, TIOCSCTTY = 0x540e,
  TIOCGPGRP = 0x540f, TIOCSPGRP = 0x5410, TIOCOUTQ = 0x5411, TIOCSTI = 0x5412, TIOCGWINSZ = 0x5413, TIOCSWINSZ = 0x5414,
  TIOCMGET = 0x5415, TIOCMBIS = 0x5416, TIOCMBIC = 0x5417, TIOCMSET = 0x5418, TIOCGSOFTCAR = 0x5419, TIOCSSOFTCAR = 0x541a,
  TIOCNOTTY = 0x5422, TIOCSETD = 0x5423, TIOCGETD = 0x5424, TCSBRKP = 0x5425, TIOCSBRK = 0x5427,
  TIOCCBRK = 0x5428, TIOCGSID = 0x5429, TCGETS2 = 0x802c_542a, TCSETS2 = 0x402c_542b, TCSETSW2 = 0x402c_542c,
  TCSETSF2 = 0x402c_542d, TIOCGDEV = 0x8004_5432, TIOCVHANGUP = 0x5437, TIOCGEXCL = 0x8004_5440,
  TIOCGLCKTRMIOS = 0x5456, TIOCSLCKTRMIOS = 0x5457;

/* Pseudo-terminals */
// biome-ignore format: columns teach
export const TIOCPKT = 0x5420, TIOCGPTN = 0x8004_5430, TIOCSPTLCK = 0x4004_5431, TIOCSIG = 0x4004_5436, TIOCGPKT = 0x8004_5438,
  TIOCGPTLCK = 0x8004_5439, TIOCGPTPEER = 0x5441;

/* What a master in packet mode reads before data, or instead of it */
// biome-ignore format: columns teach
export const TIOCPKT_FLUSHREAD = 1, TIOCPKT_FLUSHWRITE = 2, TIOCPKT_STOP = 4, TIOCPKT_START = 8, TIOCPKT_NOSTOP = 16, TIOCPKT_DOSTOP = 32;
