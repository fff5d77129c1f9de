/*
 * kernel/fs/proc/task_mmu.ts - /proc/<pid>/maps, smaps, statm, and the memory lines of status
 *
 * Linux:   fs/proc/task_mmu.c (v6.12)
 * Manual:  proc_pid_maps(5), proc_pid_smaps(5), proc_pid_statm(5)
 */

import {
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_DONTEXPAND,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_IO,
  VM_LOCKED,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_WIPEONFORK,
  VM_WRITE,
  VM_ACCOUNT,
} from '../../include/linux/mm.ts';
import type { Mm, VmArea } from '../../include/linux/mm_types.ts';
import type { Task } from '../../include/linux/sched.ts';
import {
  _PAGE_ACCESSED,
  _PAGE_DIRTY,
  _PAGE_SPECIAL,
  PTE_STRIDE,
  pmd_addr_end,
} from '../../include/linux/pgtable.ts';
import { PAGE_SIZE, page_align, page_align_down } from '../../include/linux/types.ts';
import { PG_anon } from '../../mm/page_alloc.ts';
import { get_mm_rss, update_hiwater_rss } from '../../mm/rmap.ts';
import { d_path } from '../dcache.ts';

/** Names begin here, unless the numbers are longer. */
const NAME_COLUMN = 73;
const K = PAGE_SIZE / 1024;

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** One line of maps, without its newline. */
export function show_map_vma(vma: VmArea): string {
  const { vm_flags } = vma;
  const access =
    ((vm_flags & VM_READ) !== 0 ? 'r' : '-') +
    ((vm_flags & VM_WRITE) !== 0 ? 'w' : '-') +
    ((vm_flags & VM_EXEC) !== 0 ? 'x' : '-') +
    ((vm_flags & VM_MAYSHARE) !== 0 ? 's' : 'p');
  const { offset, dev, ino } = backing(vma);
  const range = `${hex(vma.vm_start, 8)}-${hex(vma.vm_end, 8)}`;
  const device = `${hex(Math.floor(dev / 2 ** 20), 2)}:${hex(dev % 2 ** 20, 2)}`;
  const line = `${range} ${access} ${hex(offset, 8)} ${device} ${ino} `;
  const name = vma_name(vma);
  return name === '' ? line : line.padEnd(NAME_COLUMN) + name;
}

function backing(vma: VmArea): { offset: number; dev: number; ino: number } {
  const offset = vma.vm_pgoff * PAGE_SIZE;
  if (vma.vm_file && vma.vm_name === null) {
    const { i_ino, i_sb } = vma.vm_file.f_inode;
    return { offset, dev: i_sb.s_dev, ino: i_ino };
  }
  // Shared anonymous memory is upstream a file of a tmpfs that nobody can see, the kernel's first device without a name.
  return vma.vm_mapping ? { offset, dev: 1, ino: vma.vm_mapping.ino ?? 0 } : { offset: 0, dev: 0, ino: 0 };
}

function vma_name(vma: VmArea): string {
  const { vm_mm: mm } = vma;
  if (vma.vm_name !== null) return vma.vm_name;
  if (vma.vm_file) return d_path(vma.vm_file.f_path).replaceAll('\n', '\\012');
  if (vma.vm_start < mm.brk && vma.vm_end > mm.start_brk) return '[heap]';
  return vma.vm_start <= mm.start_stack && vma.vm_end >= mm.start_stack ? '[stack]' : '';
}

/** A kernel thread and a zombie have no memory: their files are empty. */
export const proc_pid_maps = ({ mm }: Task): string =>
  mm ? mm.mmap.map((vma) => `${show_map_vma(vma)}\n`).join('') : '';

/* ---- smaps: what the page tables say ---- */

interface MemSizeStats {
  resident: number;
  pss: number;
  pss_dirty: number;
  shared_clean: number;
  shared_dirty: number;
  private_clean: number;
  private_dirty: number;
  referenced: number;
  anonymous: number;
  locked: number;
}

const no_stats = (): MemSizeStats => ({
  resident: 0,
  pss: 0,
  pss_dirty: 0,
  shared_clean: 0,
  shared_dirty: 0,
  private_clean: 0,
  private_dirty: 0,
  referenced: 0,
  anonymous: 0,
  locked: 0,
});

function smap_gather_stats(vma: VmArea, stats: MemSizeStats): void {
  const { vm_mm: mm, vm_start, vm_end } = vma;
  const { arch } = mm.kernel;
  for (let at = arch.next_pte_table(mm, vm_start, vm_end); at < vm_end; ) {
    const next = pmd_addr_end(at, vm_end);
    let ptep = arch.pte_offset(mm, at);
    for (; at < next; at += PAGE_SIZE, ptep += PTE_STRIDE) smaps_account(vma, ptep, stats);
    at = arch.next_pte_table(mm, next, vm_end);
  }
}

/** "The proportional share of this mapping": a page that n processes map counts 1/n for each. */
function smaps_account(vma: VmArea, ptep: number, stats: MemSizeStats): void {
  const { arch, mm: pages } = vma.vm_mm.kernel;
  const entry = arch.pte_flags(ptep);
  if (entry === 0 || (entry & _PAGE_SPECIAL) !== 0) return;
  const pfn = arch.pte_pfn(ptep);
  const users = pages.page_mapcount(pfn);
  // Pages that live in memory only have nowhere to be clean on.
  const dirty = (entry & _PAGE_DIRTY) !== 0 || vma.vm_mapping?.shmem === true;
  stats.resident++;
  stats.pss += 1 / users;
  if (dirty) stats.pss_dirty += 1 / users;
  if (users > 1) stats[dirty ? 'shared_dirty' : 'shared_clean']++;
  else stats[dirty ? 'private_dirty' : 'private_clean']++;
  if ((entry & _PAGE_ACCESSED) !== 0) stats.referenced++;
  if ((pages.page_flags(pfn) & PG_anon) !== 0) stats.anonymous++;
  if ((vma.vm_flags & VM_LOCKED) !== 0) stats.locked += 1 / users;
}

const kb = (name: string, value: number): string =>
  `${`${name}:`.padEnd(16)}${String(Math.floor(value)).padStart(8)} kB\n`;

function show_smap_stats(stats: MemSizeStats): string {
  return (
    kb('Rss', stats.resident * K) +
    kb('Pss', stats.pss * K) +
    kb('Pss_Dirty', stats.pss_dirty * K) +
    kb('Shared_Clean', stats.shared_clean * K) +
    kb('Shared_Dirty', stats.shared_dirty * K) +
    kb('Private_Clean', stats.private_clean * K) +
    kb('Private_Dirty', stats.private_dirty * K) +
    kb('Referenced', stats.referenced * K) +
    kb('Anonymous', stats.anonymous * K) +
    kb('KSM', 0) +
    kb('LazyFree', 0) +
    kb('AnonHugePages', 0) +
    kb('ShmemPmdMapped', 0) +
    kb('FilePmdMapped', 0) +
    kb('Shared_Hugetlb', 0) +
    kb('Private_Hugetlb', 0) +
    kb('Swap', 0) +
    kb('SwapPss', 0) +
    kb('Locked', stats.locked * K)
  );
}

// biome-ignore format: columns teach
const vm_flag_names: readonly (readonly [bit: number, name: string])[] = [
  [VM_READ, 'rd'], [VM_WRITE, 'wr'], [VM_EXEC, 'ex'], [VM_SHARED, 'sh'], [VM_MAYREAD, 'mr'], [VM_MAYWRITE, 'mw'],
  [VM_MAYEXEC, 'me'], [VM_MAYSHARE, 'ms'], [VM_GROWSDOWN, 'gd'], [VM_PFNMAP, 'pf'], [VM_LOCKED, 'lo'], [VM_IO, 'io'],
  [VM_SEQ_READ, 'sr'], [VM_RAND_READ, 'rr'], [VM_DONTCOPY, 'dc'], [VM_DONTEXPAND, 'de'], [VM_ACCOUNT, 'ac'],
  [VM_NORESERVE, 'nr'], [VM_WIPEONFORK, 'wf'], [VM_DONTDUMP, 'dd'],
];

function show_smap(vma: VmArea): string {
  const stats = no_stats();
  smap_gather_stats(vma, stats);
  const flags = vm_flag_names.filter(([bit]) => (vma.vm_flags & bit) !== 0).map(([, name]) => `${name} `);
  return (
    `${show_map_vma(vma)}\n` +
    kb('Size', (vma.vm_end - vma.vm_start) / 1024) +
    kb('KernelPageSize', K) +
    kb('MMUPageSize', K) +
    show_smap_stats(stats) +
    `THPeligible:           0\nVmFlags: ${flags.join('')}\n`
  );
}

export const proc_pid_smaps = ({ mm }: Task): string => (mm ? mm.mmap.map(show_smap).join('') : '');

export function proc_pid_smaps_rollup({ mm }: Task): string {
  if (!mm) return '';
  const stats = no_stats();
  for (const vma of mm.mmap) smap_gather_stats(vma, stats);
  const start = mm.mmap[0]?.vm_start ?? 0;
  const end = mm.mmap.at(-1)?.vm_end ?? 0;
  const head = `${hex(start, 8)}-${hex(end, 8)} ---p 00000000 00:00 0 `.padEnd(NAME_COLUMN);
  return `${head}[rollup]\n${show_smap_stats(stats)}`;
}

/* ---- Totals ---- */

const text_pages = (mm: Mm): number =>
  Math.max(0, (page_align(mm.end_code) - page_align_down(mm.start_code)) / PAGE_SIZE);

/** /proc/<pid>/statm, in pages. */
export function proc_pid_statm({ mm }: Task): string {
  if (!mm) return '0 0 0 0 0 0 0\n';
  const shared = mm.rss_file + mm.rss_shmem;
  const data = mm.data_vm + mm.stack_vm;
  return `${mm.total_vm} ${shared + mm.rss_anon} ${shared} ${text_pages(mm)} 0 ${data} 0\n`;
}

/** The Vm* lines of /proc/<pid>/status. */
export function task_mem(mm: Mm): string {
  update_hiwater_rss(mm);
  const text = Math.min(text_pages(mm), mm.exec_vm);
  const line = (name: string, pages: number): string => `${name}:\t${String(pages * K).padStart(8)} kB\n`;
  return (
    line('VmPeak', mm.hiwater_vm) +
    line('VmSize', mm.total_vm) +
    line('VmLck', mm.locked_vm) +
    line('VmPin', 0) +
    line('VmHWM', mm.hiwater_rss) +
    line('VmRSS', get_mm_rss(mm)) +
    line('RssAnon', mm.rss_anon) +
    line('RssFile', mm.rss_file) +
    line('RssShmem', mm.rss_shmem) +
    line('VmData', mm.data_vm) +
    line('VmStk', mm.stack_vm) +
    line('VmExe', text) +
    line('VmLib', mm.exec_vm - text) +
    line('VmPTE', mm.pgtables_bytes / PAGE_SIZE) +
    line('VmSwap', 0)
  );
}
