/*
 * kernel/include/linux/mm_types.ts - an address space
 *
 * Linux:   include/linux/mm_types.h
 * Differs: VMAs are a sorted array, not a maple tree
 */

import type { Kernel } from '../../kernel.ts';
import type { AddressSpace, File } from './fs.ts';
import type { PhysAddr } from './types.ts';

export interface VmArea {
  vm_mm: Mm;
  /** [vm_start, vm_end), page aligned. */
  vm_start: number;
  vm_end: number;
  /** VM_* */
  vm_flags: number;
  vm_file: File | null;
  /** Where the pages come from that are not private: the file's, or those of shared anonymous memory. null: anonymous. */
  vm_mapping: AddressSpace | null;
  /** Page frames of a special mapping (the vDSO and its data), by page, which it holds; null otherwise. */
  vm_pages: readonly number[] | null;
  /**
   * Names the family that its private pages belong to; 0: it never had any, so fork has nothing to copy. Neighbours that
   * got their pages apart stay apart.
   */
  anon_vma: number;
  /** The pages came from a parent: it does not join with neighbours that have none. */
  anon_vma_inherited: boolean;
  /** Offset of vm_start in the file, in pages. */
  vm_pgoff: number;
  /** Special mappings name themselves: "[vdso]", "[vvar]"; otherwise derived ([heap], [stack], the file). */
  vm_name: string | null;
}

export interface Mm {
  readonly kernel: Kernel;
  /** The top-level table, in the board's RAM. */
  readonly pgd: PhysAddr;
  /** Tasks that live here. */
  mm_users: number;
  readonly mmap: VmArea[];
  start_code: number;
  end_code: number;
  start_data: number;
  end_data: number;
  start_brk: number;
  brk: number;
  start_stack: number;
  arg_start: number;
  arg_end: number;
  env_start: number;
  env_end: number;
  mmap_base: number;
  /** Pages: mapped now (rss by kind), reserved by VMAs. */
  rss_anon: number;
  rss_file: number;
  rss_shmem: number;
  hiwater_rss: number;
  total_vm: number;
  hiwater_vm: number;
  data_vm: number;
  exec_vm: number;
  stack_vm: number;
  locked_vm: number;
  /** Bytes of page tables below the top one. */
  pgtables_bytes: number;
  /** VM_* that every new mapping gets: mlockall(MCL_FUTURE). */
  def_flags: number;
  /** MMF_* */
  flags: number;
  /** Bottom-up layout: the stack is unlimited, or the personality asked for it. */
  legacy_layout: boolean;
  /** Words of AT_* pairs, for /proc/<pid>/auxv. */
  saved_auxv: Uint8Array;
  exe_file: File | null;
  /** Where the vDSO was put; 0 = nowhere. */
  vdso: number;
  dumpable: number;
  /** Which kinds of membarrier() its process registered for. */
  membarrier_state: number;
  /** What only arch/arm64/mm understands: the ASID. */
  context: object;
}
