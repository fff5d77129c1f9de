/*
 * kernel/init/version.ts - what this kernel calls itself
 *
 * Linux:   init/version.c, include/linux/uts.h
 * Differs: the release is that of the Linux whose behaviour it follows
 */

export const UTS_SYSNAME = 'Linux';
export const UTS_RELEASE = '6.12.0-eret';
export const UTS_VERSION = '#1 PREEMPT_NONE';
/** Until somebody sets them. */
export const UTS_NODENAME = '(none)';
export const UTS_DOMAINNAME = '(none)';

/** The first line of the log, and /proc/version. */
export const linux_banner = (): string =>
  `${UTS_SYSNAME} version ${UTS_RELEASE} (eret@typescript) (tsc) ${UTS_VERSION}`;
