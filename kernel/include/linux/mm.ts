/*
 * kernel/include/linux/mm.ts - what a mapping allows, and how a fault ends
 *
 * Linux: include/linux/mm.h, include/linux/mm_types.h, include/linux/mman.h (v6.12)
 */

/* vm_area_struct.vm_flags. VM_MAY*: what mprotect() may still grant. */
export const VM_READ = 0x1;
export const VM_WRITE = 0x2;
export const VM_EXEC = 0x4;
export const VM_SHARED = 0x8;
export const VM_MAYREAD = 0x10;
export const VM_MAYWRITE = 0x20;
export const VM_MAYEXEC = 0x40;
export const VM_MAYSHARE = 0x80;
/** Grows when the page below it is touched: a stack. */
export const VM_GROWSDOWN = 0x100;
export const VM_PFNMAP = 0x400;
export const VM_LOCKED = 0x2000;
export const VM_IO = 0x4000;
export const VM_SEQ_READ = 0x8000;
export const VM_RAND_READ = 0x1_0000;
export const VM_DONTCOPY = 0x2_0000;
export const VM_DONTEXPAND = 0x4_0000;
export const VM_LOCKONFAULT = 0x8_0000;
/** Counts against the memory that exists. */
export const VM_ACCOUNT = 0x10_0000;
export const VM_NORESERVE = 0x20_0000;
export const VM_WIPEONFORK = 0x200_0000;
export const VM_DONTDUMP = 0x400_0000;

export const VM_STACK = VM_GROWSDOWN;
export const VM_ACCESS_FLAGS = VM_READ | VM_WRITE | VM_EXEC;
export const VM_STACK_FLAGS =
  VM_STACK | VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT;
export const VM_LOCKED_MASK = VM_LOCKED | VM_LOCKONFAULT;
/** Mappings that are not memory of the usual kind: no locking, no merging, no moving pages about. */
export const VM_SPECIAL = VM_IO | VM_DONTEXPAND | VM_PFNMAP;

/* mm.flags */
/** The OOM killer has taken memory away: what is missing now must not read as zero. */
export const MMF_UNSTABLE = 1 << 22;
export const MMF_OOM_SKIP = 1 << 21;

/* How handle_mm_fault() is asked... */
export const FAULT_FLAG_WRITE = 1 << 0;
export const FAULT_FLAG_INSTRUCTION = 1 << 8;
/** A write on behalf of a debugger: private pages are copied even where the mapping is read-only. */
export const FAULT_FLAG_FORCE = 1 << 12;

/* ...and what it answers; 0: the access can be tried again. */
export const VM_FAULT_OOM = 0x1;
export const VM_FAULT_SIGBUS = 0x2;
export const VM_FAULT_SIGSEGV = 0x40;
/** Ours, as arm64's fault handler adds: nothing mapped there, or not for this kind of access. */
export const VM_FAULT_BADMAP = 0x1_0000;
export const VM_FAULT_BADACCESS = 0x2_0000;

/** Pages kept free below a mapping that grows down. */
export const STACK_GUARD_GAP = 256 * 4096;

/* The sysctls of /proc/sys/vm, at their default values. */
export const MMAP_MIN_ADDR = 4096;
export const DEFAULT_MAX_MAP_COUNT = 65530;
