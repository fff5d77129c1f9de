/*
 * kernel/include/linux/types.ts - the numbers that must not be mixed up
 *
 * Linux: include/linux/types.h, include/linux/compiler_types.h (__user)
 */

declare const user: unique symbol;
declare const phys: unique symbol;

/** Linux's `__user`: an address that only uaccess may follow. An exact integer below 2^48, or NOT_USER. */
export type UserPtr = number & { readonly [user]: true };

/** A physical address; what readl() and the page allocator speak. */
export type PhysAddr = number & { readonly [phys]: true };

/** First address that user space cannot have (48-bit addresses). */
export const TASK_SIZE = 2 ** 48;

/** What a pointer argument becomes when it is not an address of user space: never mapped, so uaccess answers EFAULT. */
export const NOT_USER = TASK_SIZE as UserPtr;

export const NULL = 0 as UserPtr;

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 4096;

export const page_align = (n: number): number => Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
/** The same of an unsigned long, which is 0 again after the last page. */
export const page_align_wrapping = (n: number): number => page_align(n) % 2 ** 64;
export const page_align_down = (n: number): number => Math.floor(n / PAGE_SIZE) * PAGE_SIZE;
