/*
 * kernel/include/linux/tty.ts - struct tty_struct, as others see it
 *
 * Linux: include/linux/tty.h
 */

export type { Tty } from '../../drivers/tty/tty_io.ts';
