/*
 * kernel/mm/util.ts - how much memory a process, and all of them, may ask for; and where things go
 *
 * Linux:   mm/util.c (__vm_enough_memory(), arch_pick_mmap_layout()), mm/mmap.c (may_expand_vm(), mlock_future_ok())
 * Manual:  Documentation/mm/overcommit-accounting.rst, getrlimit(2)
 * Differs: overcommit_memory is always 0, the heuristic
 */

import { CAP_IPC_LOCK, capable } from '../cred.ts';
import { STACK_GUARD_GAP, VM_LOCKED } from '../include/linux/mm.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { PAGE_SIZE, page_align, TASK_SIZE } from '../include/linux/types.ts';
import { ENOMEM } from '../include/uapi/errno.ts';
import { RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK } from '../include/uapi/resource.ts';
import type { Kernel } from '../kernel.ts';
import { is_data_mapping } from './vma.ts';

/** A limit in force, in its own unit; Infinity = none. */
export const rlimit = (task: Task, limit: number): number => task.signal.rlim[limit]!.cur;

/** RLIMIT_AS and RLIMIT_DATA: may the address space grow by so many pages of this kind? */
export function may_expand_vm(task: Task, mm: Mm, flags: number, pages: number): boolean {
  if (mm.total_vm + pages > Math.floor(rlimit(task, RLIMIT_AS) / PAGE_SIZE)) return false;
  if (!is_data_mapping(flags)) return true;
  return mm.data_vm + pages <= Math.floor(rlimit(task, RLIMIT_DATA) / PAGE_SIZE);
}

/** RLIMIT_MEMLOCK, for new mappings that are born locked. */
export function mlock_future_ok(task: Task, mm: Mm, flags: number, bytes: number): boolean {
  if ((flags & VM_LOCKED) === 0 || capable(task, CAP_IPC_LOCK)) return true;
  return mm.locked_vm + bytes / PAGE_SIZE <= Math.floor(rlimit(task, RLIMIT_MEMLOCK) / PAGE_SIZE);
}

/**
 * Promises pages to a mapping. "Obvious overcommits of address space are refused": what could not be had even if the
 * machine were empty. Everything else is believed, and the OOM killer settles what was not true. 0 or -ENOMEM.
 */
export function __vm_enough_memory(kernel: Kernel, pages: number): number {
  if (pages > kernel.mm.totalram_pages) return -ENOMEM;
  kernel.mm.vm_committed_as += pages;
  return 0;
}

export function vm_unacct_memory(kernel: Kernel, pages: number): void {
  kernel.mm.vm_committed_as -= pages;
}

/* ---- Where things go: arch/arm64/include/asm/processor.h, arch/arm64/include/asm/elf.h ---- */

/** task.personality */
export const ADDR_NO_RANDOMIZE = 0x0004_0000;
export const ADDR_COMPAT_LAYOUT = 0x0020_0000;

/** The stack ends here. */
export const STACK_TOP = TASK_SIZE;
/** Programs that can be anywhere and bring an interpreter start around here. */
export const ELF_ET_DYN_BASE = 2 * Math.floor(TASK_SIZE / 3);
const TASK_UNMAPPED_BASE = page_align(TASK_SIZE / 4);

/** sysctl vm.mmap_rnd_bits */
const MMAP_RND_BITS = 18;
/** Pages that the stack's top may lie lower. */
const STACK_RND_PAGES = 2 ** 18;
const BRK_RND_BYTES = 2 ** 30;
/* The mmap area begins so far below the stack: its limit, within reason. */
const MIN_GAP = 128 * 2 ** 20;
const MAX_GAP = (STACK_TOP / 6) * 5;

/** May this task's addresses be unpredictable? Off: `norandmaps`, personality(ADDR_NO_RANDOMIZE). */
export function may_randomize(task: Task): boolean {
  return !task.kernel.params.has('norandmaps') && (task.personality & ADDR_NO_RANDOMIZE) === 0;
}

const random_pages = (task: Task, pages: number): number =>
  may_randomize(task) ? (task.kernel.random.get_random_u32() % pages) * PAGE_SIZE : 0;

export const arch_mmap_rnd = (task: Task): number => random_pages(task, 2 ** MMAP_RND_BITS);
export const randomize_stack_top = (task: Task): number => STACK_TOP - random_pages(task, STACK_RND_PAGES);
export const arch_randomize_brk = (task: Task, brk: number): number =>
  page_align(brk) + random_pages(task, BRK_RND_BYTES / PAGE_SIZE);

/** Chooses where mappings without a wish go: downwards from below the stack, or upwards when the stack is unlimited. */
export function arch_pick_mmap_layout(task: Task, mm: Mm, stackLimit: number): void {
  const random = arch_mmap_rnd(task);
  mm.legacy_layout = (task.personality & ADDR_COMPAT_LAYOUT) !== 0 || stackLimit === Infinity;
  if (mm.legacy_layout) {
    mm.mmap_base = TASK_UNMAPPED_BASE + random;
    return;
  }
  const pad = STACK_GUARD_GAP + (may_randomize(task) ? STACK_RND_PAGES * PAGE_SIZE : 0);
  const gap = Math.min(Math.max(stackLimit + pad, MIN_GAP), MAX_GAP);
  mm.mmap_base = page_align(STACK_TOP - gap - random);
}
