/*
 * kernel/mm/init-mm.ts - address spaces come, are copied, and go
 *
 * Linux:   kernel/fork.c (mm_alloc(), dup_mm(), mmput()), mm/mmap.c (exit_mmap())
 * Differs: one count of users; upstream's second one (mm_count) keeps an empty shell for lazy TLB switching
 */

import { fput, get_file } from '../fs/file_table.ts';
import { VM_ACCOUNT, VM_DONTCOPY, VM_LOCKED_MASK, VM_WIPEONFORK } from '../include/linux/mm.ts';
import type { Mm, VmArea } from '../include/linux/mm_types.ts';
import type { Task } from '../include/linux/sched.ts';
import { TASK_SIZE } from '../include/linux/types.ts';
import { ENOMEM } from '../include/uapi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { copy_page_range, unmap_page_range } from './memory.ts';
import { exit_oom_victim } from './oom_kill.ts';
import { update_hiwater_rss } from './rmap.ts';
import { __vm_enough_memory, vm_unacct_memory } from './util.ts';
import { vm_stat_account, vma_hold, vma_pages, vma_release } from './vma.ts';

/** An empty address space with one user, or -ENOMEM. */
export function mm_alloc(kernel: Kernel): Mm | number {
  const pgd = kernel.arch.pgd_alloc();
  if (pgd === 0) return -ENOMEM;
  return {
    kernel,
    pgd,
    mm_users: 1,
    mmap: [],
    start_code: 0,
    end_code: 0,
    start_data: 0,
    end_data: 0,
    start_brk: 0,
    brk: 0,
    start_stack: 0,
    arg_start: 0,
    arg_end: 0,
    env_start: 0,
    env_end: 0,
    mmap_base: 0,
    rss_anon: 0,
    rss_file: 0,
    rss_shmem: 0,
    hiwater_rss: 0,
    total_vm: 0,
    hiwater_vm: 0,
    data_vm: 0,
    exec_vm: 0,
    stack_vm: 0,
    locked_vm: 0,
    pgtables_bytes: 0,
    def_flags: 0,
    flags: 0,
    legacy_layout: false,
    saved_auxv: new Uint8Array(0),
    exe_file: null,
    vdso: 0,
    dumpable: 1,
    membarrier_state: 0,
    context: kernel.arch.init_new_context(),
  };
}

/** The last user of an address space empties it. */
export function mmput(mm: Mm): void {
  if (--mm.mm_users > 0) return;
  if (mm.mm_users < 0) throw new Error('mmput: more puts than users');
  exit_mmap(mm);
  if (mm.exe_file) fput(mm.exe_file);
  mm.exe_file = null;
  exit_oom_victim(mm);
  mm.kernel.arch.destroy_context(mm);
  mm.kernel.arch.pgd_free(mm);
}

function exit_mmap(mm: Mm): void {
  const { arch } = mm.kernel;
  for (const [index, vma] of mm.mmap.entries()) {
    // The TLB may keep what it has: it is found under this ASID only, which is not given out again before a roll-over.
    unmap_page_range(mm, vma.vm_start, vma.vm_end);
    // What lies below is gone; a table that the next mapping shares goes with the next mapping.
    arch.free_pgtables(mm, vma.vm_start, vma.vm_end, 0, mm.mmap[index + 1]?.vm_start ?? TASK_SIZE);
    if ((vma.vm_flags & VM_ACCOUNT) !== 0) vm_unacct_memory(mm.kernel, vma_pages(vma));
    vma_release(vma);
  }
  mm.mmap.length = 0;
}

/** fork: a copy of the caller's address space, or -ENOMEM. Pages are shared until one of the two writes. */
export function dup_mm(task: Task): Mm | number {
  const old = task.mm!;
  const mm = mm_alloc(task.kernel);
  if (typeof mm === 'number') return mm;
  const { kernel: _kernel, pgd: _pgd, mmap: _mmap, context: _context, ...layout } = old;
  Object.assign(mm, layout, FRESH);
  if (mm.exe_file) get_file(mm.exe_file);

  const err = dup_mmap(mm, old);
  task.kernel.arch.flush_tlb_mm(old); // what was writable no longer is
  if (err === 0) return mm;
  mmput(mm);
  return err;
}

/** What a copy does not inherit: counts of pages that are about to be counted, locks, the killer's marks. */
const FRESH = {
  mm_users: 1,
  rss_anon: 0,
  rss_file: 0,
  rss_shmem: 0,
  hiwater_rss: 0,
  hiwater_vm: 0,
  total_vm: 0,
  data_vm: 0,
  exec_vm: 0,
  stack_vm: 0,
  locked_vm: 0,
  pgtables_bytes: 0,
  def_flags: 0,
  flags: 0,
} as const;

function dup_mmap(mm: Mm, old: Mm): number {
  for (const vma of old.mmap) {
    if ((vma.vm_flags & VM_DONTCOPY) !== 0) continue;
    const err = dup_vma(mm, old, vma);
    if (err < 0) return err;
  }
  update_hiwater_rss(mm);
  return 0;
}

/** "Memory locks are not inherited by a child created via fork(2)" - mlock(2). */
function dup_vma(mm: Mm, old: Mm, vma: VmArea): number {
  if ((vma.vm_flags & VM_ACCOUNT) !== 0 && __vm_enough_memory(mm.kernel, vma_pages(vma)) < 0) return -ENOMEM;
  const wipe = (vma.vm_flags & VM_WIPEONFORK) !== 0;
  const copy: VmArea = { ...vma, vm_mm: mm, vm_flags: vma.vm_flags & ~VM_LOCKED_MASK };
  copy.anon_vma = wipe || vma.anon_vma === 0 ? 0 : ++mm.kernel.mm.anon_vmas;
  copy.anon_vma_inherited = copy.anon_vma !== 0;
  mm.mmap.push(copy);
  vm_stat_account(mm, copy.vm_flags, vma_pages(copy));
  vma_hold(copy);
  return wipe ? 0 : copy_page_range(mm, old, vma);
}
