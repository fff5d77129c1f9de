/*
 * arch/arm64/mm/context.ts - which address space the CPU translates for, and its number
 *
 * Linux:   arch/arm64/mm/context.c, arch/arm64/include/asm/{mmu_context,tlbflush,mmu}.h (v6.12)
 * Manual:  Arm ARM, "TTBR0_EL1, Translation Table Base Register 0 (EL1)"; "TLB maintenance instructions"
 * Differs: one CPU, so a roll-over only has to spare the running ASID; the ASID stands in TTBR0 (TCR_EL1.A1 = 0)
 *
 * An ASID names an address space to the TLB, so that a switch need not empty it. There are 2^16 of them. When they are
 * used up a new generation begins: the TLB is emptied once and everybody gets a new number when it next runs.
 */

import type { Mm } from '../../../kernel/include/linux/mm_types.ts';
import { PAGE_SIZE } from '../../../kernel/include/linux/types.ts';

/** What this file and its neighbours ask of the CPU: system registers and instructions, written as two words. */
export interface MmCpu {
  readonly sysregs: { find(name: string): Writable };
}

interface Writable {
  write(lo: number, hi: number): void;
}

/** Linux: mm_context_t. */
export interface MmContext {
  /** 0: has none in this generation. */
  asid: number;
  generation: number;
}

const NUM_USER_ASIDS = 2 ** 16;
/** Beyond this many pages it is cheaper to forget the whole address space (upstream: MAX_DVM_OPS). */
const MAX_TLBI_OPS = 64;

const contextOf = (mm: Mm): MmContext => mm.context as MmContext;

export class Asids {
  /** Who runs in user space now, or ran last. */
  private active: MmContext | null = null;
  private generation = 1;
  /** ASID 0 belongs to nobody: the empty table. */
  private next = 1;
  private readonly limit: number;
  private readonly ttbr0: Writable;
  private readonly tlbiPage: Writable;
  private readonly tlbiAsid: Writable;
  private readonly tlbiAll: Writable;

  constructor({ sysregs }: MmCpu, limit = NUM_USER_ASIDS) {
    this.limit = limit;
    this.ttbr0 = sysregs.find('TTBR0_EL1');
    this.tlbiPage = sysregs.find('TLBI VAE1');
    this.tlbiAsid = sysregs.find('TLBI ASIDE1');
    this.tlbiAll = sysregs.find('TLBI VMALLE1');
  }

  init_new_context(): MmContext {
    return { asid: 0, generation: 0 };
  }

  /** Its translations must not be found by who gets the number next; numbers are not given out again before a roll-over. */
  destroy_context(mm: Mm): void {
    if (this.active === mm.context) this.active = null;
  }

  /** Linux: check_and_switch_context(). */
  switch_mm(mm: Mm): void {
    const context = contextOf(mm);
    if (this.active === context && context.generation === this.generation) return;
    if (context.generation !== this.generation) this.new_context(context);
    this.active = context;
    const high = Math.floor(mm.pgd / 2 ** 32);
    this.ttbr0.write(mm.pgd >>> 0, high | (context.asid << 16));
  }

  flush_tlb_page(mm: Mm, address: number): void {
    const context = contextOf(mm);
    if (!this.isCached(context)) return;
    const page = Math.floor(address / PAGE_SIZE);
    this.tlbiPage.write(page >>> 0, Math.floor(page / 2 ** 32) | (context.asid << 16));
  }

  flush_tlb_range(mm: Mm, start: number, end: number): void {
    if (end - start > MAX_TLBI_OPS * PAGE_SIZE) return this.flush_tlb_mm(mm);
    for (let at = start; at < end; at += PAGE_SIZE) this.flush_tlb_page(mm, at);
  }

  flush_tlb_mm(mm: Mm): void {
    const context = contextOf(mm);
    if (this.isCached(context)) this.tlbiAsid.write(0, context.asid << 16);
  }

  /** An address space without a number in this generation has never been in the TLB since it was emptied. */
  private isCached(context: MmContext): boolean {
    return context.generation === this.generation && context.asid !== 0;
  }

  private new_context(context: MmContext): void {
    if (this.next === this.limit) {
      this.generation++;
      this.next = 1;
      this.tlbiAll.write(0, 0);
    }
    context.asid = this.next++;
    context.generation = this.generation;
  }
}
