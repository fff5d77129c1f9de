/*
 * kernel/include/uapi/audit.ts - which architecture's system call numbers are meant
 *
 * Linux: include/uapi/linux/audit.h, include/uapi/linux/elf-em.h
 */

const EM_AARCH64 = 183;
const __AUDIT_ARCH_64BIT = 0x8000_0000;
const __AUDIT_ARCH_LE = 0x4000_0000;

export const AUDIT_ARCH_AARCH64 = EM_AARCH64 + __AUDIT_ARCH_64BIT + __AUDIT_ARCH_LE;
