/*
 * arch/arm64/kernel/vdso.ts - a shared library that the kernel puts into every program
 *
 * Linux:   arch/arm64/kernel/vdso.c, arch/arm64/kernel/vdso/ (v6.12)
 * Manual:  vdso(7), time_namespaces(7)
 * Differs: built at boot from assembly text
 *
 *     [vvar]   the machine's numbers   nothing: SIGBUS           or, in a time namespace,
 *              the namespace's         the machine's numbers
 *     [vdso]   the code
 */

import type { Mm } from '../../../kernel/include/linux/mm_types.ts';
import {
  VM_EXEC,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYWRITE,
  VM_PFNMAP,
  VM_READ,
} from '../../../kernel/include/linux/mm.ts';
import { PROC_TIME_INIT_INO, type TimeNamespace } from '../../../kernel/include/linux/ns_common.ts';
import type { Task } from '../../../kernel/include/linux/sched.ts';
import { PAGE_SIZE } from '../../../kernel/include/linux/types.ts';
import { ENOMEM } from '../../../kernel/include/uapi/errno.ts';
import type { Kernel } from '../../../kernel/kernel.ts';
import { get_unmapped_area } from '../../../kernel/mm/unmapped_area.ts';
import { zap_page_range } from '../../../kernel/mm/memory.ts';
import { install_special_mapping } from '../../../kernel/mm/special.ts';
import { PG_reserved } from '../../../kernel/mm/page_alloc.ts';
import { vma_set_pages } from '../../../kernel/mm/vma.ts';
import { timens_setup_vdso_data, update_vsyscall } from '../../../kernel/time/vsyscall.ts';
import { Assembler } from './vdso-asm.ts';
import { type VdsoImage, vdso_image } from './vdso-image.ts';
import { VDSO_TEXT, VVAR_SIZE } from './vdso-text.ts';

/** The svc is the trampoline's second instruction; a task that made it is behind it. */
const SIGTRAMP_SVC_END = 8;

const VVAR = '[vvar]';

/** One machine's vDSO: two pages of RAM that all programs share. */
export class Vdso {
  private readonly kernel: () => Kernel;
  private readonly image: VdsoImage;
  private readonly sigtramp_offset: number;
  private text_pfn = 0;
  private data_pfn = 0;

  constructor(kernel: () => Kernel) {
    this.kernel = kernel;
    const asm = new Assembler();
    const functions = VDSO_TEXT.map(({ name, before, text }) => ({
      name,
      before: asm.assemble(before),
      code: asm.assemble(text),
    }));
    this.image = vdso_image(functions);
    this.sigtramp_offset = this.image.symbols.get('__kernel_rt_sigreturn')!;
  }

  /** Linux: arch_setup_additional_pages(). 0 or -errno. */
  setup_additional_pages(task: Task, mm: Mm): number {
    if (!this.vdso_init()) return -ENOMEM;
    const start = get_unmapped_area(task, mm, 0, VVAR_SIZE + PAGE_SIZE, 0);
    if (start < 0) return start;

    const err = this.map_vvar(mm, start, task.nsproxy.time_ns);
    if (err < 0) return err;
    const text = start + VVAR_SIZE;
    const flags = VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
    const vma = install_special_mapping(mm, text, PAGE_SIZE, [this.text_pfn], flags, '[vdso]');
    if (typeof vma === 'number') return vma;
    mm.vdso = text;
    return 0;
  }

  /** Readers of the old numbers see the new ones at once; they are in pages that all programs share. */
  update_vsyscall(): void {
    if (this.data_pfn === 0) return; // nobody reads yet
    const { mm, time } = this.kernel();
    update_vsyscall(mm.bytes(this.data_pfn), time);
  }

  /** Everybody in `mm` lives by other clocks from now on. 0 or -ENOMEM. */
  vdso_join_timens(mm: Mm, ns: TimeNamespace): number {
    for (const vma of mm.mmap) {
      if (vma.vm_name !== VVAR || !vma.vm_pages) continue;
      const pages = this.vvar_pages(ns);
      if (!pages) return -ENOMEM;
      zap_page_range(mm, vma.vm_start, vma.vm_end);
      vma_set_pages(vma, pages);
      this.hand_over(pages);
    }
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

  private map_vvar(mm: Mm, start: number, ns: TimeNamespace): number {
    const pages = this.vvar_pages(ns);
    if (!pages) return -ENOMEM;
    const flags = VM_READ | VM_MAYREAD | VM_PFNMAP;
    const vma = install_special_mapping(mm, start, VVAR_SIZE, pages, flags, VVAR);
    this.hand_over(pages);
    return typeof vma === 'number' ? vma : 0;
  }

  /** With a reference to each, for hand_over() to give back; null: no memory. */
  private vvar_pages(ns: TimeNamespace): readonly number[] | null {
    const { mm } = this.kernel();
    if (ns.inum !== PROC_TIME_INIT_INO) {
      const pfn = mm.alloc_zeroed_page();
      if (pfn === 0) return null;
      timens_setup_vdso_data(mm.bytes(pfn), ns);
      mm.get_page(this.data_pfn);
      return [pfn, this.data_pfn];
    }
    mm.get_page(this.data_pfn);
    return [this.data_pfn];
  }

  /** The mapping holds them now, and those that copy it: a namespace's page goes with the last of them. */
  private hand_over(pages: readonly number[]): void {
    const { mm } = this.kernel();
    for (const pfn of pages) mm.put_page(pfn);
  }

  /** When the first program is executed. The two pages are never freed. */
  private vdso_init(): boolean {
    if (this.data_pfn !== 0) return true;
    const { mm } = this.kernel();
    if (this.text_pfn === 0) this.text_pfn = mm.get_zeroed_page();
    if (this.text_pfn !== 0) this.data_pfn = mm.get_zeroed_page();
    if (this.data_pfn === 0) return false;
    for (const pfn of [this.text_pfn, this.data_pfn]) mm.set_page_flags(pfn, PG_reserved);
    mm.bytes(this.text_pfn).set(this.image.bytes);
    this.update_vsyscall();
    return true;
  }
}
