/*
 * arch/arm64/kernel/vdso.ts - a shared library that the kernel puts into every program
 *
 * Linux:   arch/arm64/kernel/vdso.c, arch/arm64/kernel/vdso/ (v6.12)
 * Manual:  vdso(7), "ARM functions / aarch64"
 * Differs: built at boot from the table below; the time functions make the system call, as upstream's do for clocks that
 *          they cannot read
 * Absent:  the vvar page, which upstream's functions read the time from; __kernel_getrandom
 */

import type { Mm } from '../../../kernel/include/linux/mm_types.ts';
import { VM_EXEC, VM_MAYEXEC, VM_MAYREAD, VM_MAYWRITE, VM_READ } from '../../../kernel/include/linux/mm.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import { PAGE_SIZE } from '../../../kernel/include/linux/types.ts';
import { ENOMEM } from '../../../kernel/include/uapi/errno.ts';
import { get_unmapped_area } from '../../../kernel/mm/unmapped_area.ts';
import { install_special_mapping } from '../../../kernel/mm/special.ts';
import { PG_reserved, type PageAllocator } from '../../../kernel/mm/page_alloc.ts';
import { type VdsoFunction, vdso_image } from './vdso-image.ts';

const NOP = 0xd503_201f;
const SVC_0 = 0xd400_0001;
const RET = 0xd65f_03c0;
/** MOV X8, #nr */
const mov_x8 = (nr: number): number => (0xd280_0008 | (nr << 5)) >>> 0;
const call = (nr: number): number[] => [mov_x8(nr), SVC_0, RET];

/**
 * Debuggers know a signal frame by the two instructions of the trampoline, and look one instruction before a return
 * address for its function: hence the NOP, which belongs to no function.
 */
// biome-ignore format: columns teach
const functions: readonly VdsoFunction[] = [
  { name: '__kernel_rt_sigreturn',  before: [NOP], code: [mov_x8(139), SVC_0] },
  { name: '__kernel_gettimeofday',  before: [],    code: call(169) },
  { name: '__kernel_clock_gettime', before: [],    code: call(113) },
  { name: '__kernel_clock_getres',  before: [],    code: call(114) },
];

/** The svc is the trampoline's second instruction; a task that made it is behind it. */
const SIGTRAMP_SVC_END = 8;

/** One machine's vDSO: a page of RAM that all programs share. */
export class Vdso {
  private readonly pages: () => PageAllocator;
  private readonly image = vdso_image(functions);
  private readonly sigtramp_offset: number;
  private pfn = 0;

  constructor(pages: () => PageAllocator) {
    this.pages = pages;
    this.sigtramp_offset = this.image.symbols.get('__kernel_rt_sigreturn')!;
  }

  /** Linux: arch_setup_additional_pages(). 0 or -errno. */
  setup_additional_pages(task: Task, mm: Mm): number {
    const pfn = this.page();
    if (pfn === 0) return -ENOMEM;
    const start = get_unmapped_area(task, mm, 0, PAGE_SIZE, 0);
    if (start < 0) return start;

    const flags = VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
    const vma = install_special_mapping(mm, start, PAGE_SIZE, [pfn], flags, '[vdso]');
    if (typeof vma === 'number') return vma;
    mm.vdso = start;
    return 0;
  }

  /** Linux: VDSO_SYMBOL(mm->context.vdso, sigtramp). Where handlers return to. */
  sigtramp(mm: Mm): number {
    return mm.vdso + this.sigtramp_offset;
  }

  /** Has `pc` just passed the trampoline's svc? */
  is_sigreturn(mm: Mm, pc: number): boolean {
    return mm.vdso !== 0 && pc === this.sigtramp(mm) + SIGTRAMP_SVC_END;
  }

  /** Filled when the first program is executed. It is never freed. */
  private page(): number {
    if (this.pfn !== 0) return this.pfn;
    const pages = this.pages();
    this.pfn = pages.get_zeroed_page();
    if (this.pfn === 0) return 0;
    pages.set_page_flags(this.pfn, PG_reserved);
    pages.bytes(this.pfn).set(this.image.bytes);
    return this.pfn;
  }
}
