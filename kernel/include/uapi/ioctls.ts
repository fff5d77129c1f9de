/*
 * kernel/include/uapi/ioctls.ts - ioctl commands that every file knows, and the pipe's
 *
 * Linux: include/uapi/asm-generic/ioctls.h, include/uapi/linux/fs.h
 */

export const FIONREAD = 0x541b;
export const FIONBIO = 0x5421;
export const FIONCLEX = 0x5450;
export const FIOCLEX = 0x5451;
export const FIOASYNC = 0x5452;
export const FIOQSIZE = 0x5460;
