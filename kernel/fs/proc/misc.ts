/*
 * kernel/fs/proc/misc.ts - what /proc tells of the machine as a whole
 *
 * Linux:   fs/proc/{meminfo,uptime,version,cpuinfo,stat,loadavg,cmdline,devices,consoles,interrupts}.c, fs/filesystems.c,
 *          mm/vmstat.c, fs/locks.c
 * Manual:  proc(5)
 * Differs: one table instead of a file each
 */

import { show_interrupts } from '../../irq/handle.ts';
import { show_tty_drivers } from '../../drivers/tty/tty_io.ts';
import { PAGE_SIZE } from '../../include/linux/types.ts';
import type { Task } from '../../include/linux/sched.ts';
import { linux_banner } from '../../init/version.ts';
import type { Kernel } from '../../kernel.ts';
import {
  NR_ANON_MAPPED,
  NR_FILE_MAPPED,
  NR_FILE_PAGES,
  NR_MLOCK,
  NR_PAGETABLE,
  NR_SHMEM,
  OOM_KILL,
  PGALLOC,
  PGFAULT,
  PGFREE,
  PGMAJFAULT,
} from '../../mm/page_alloc.ts';
import { nsec_to_clock_t } from '../../sched/cputime.ts';
import { timens_add_boottime_ns, timens_sub_boottime } from '../../time/namespace.ts';
import { NSEC_PER_SEC } from '../../time/timekeeping.ts';
import { show_chrdevs } from '../devices.ts';
import { proc_create } from './generic.ts';

const kib = (pages: number): number => (pages * PAGE_SIZE) / 1024;

/** Upstream's table in its order; what there is none of is 0. */
function meminfo(kernel: Kernel): string {
  const { mm } = kernel;
  const pages = (item: number): number => kib(mm.vmstat[item]!);
  const shmem = pages(NR_SHMEM);
  const anon = pages(NR_ANON_MAPPED);
  // biome-ignore format: columns teach
  const rows: readonly (readonly [name: string, kb: number])[] = [
    ['MemTotal', kib(mm.totalram_pages)], ['MemFree', kib(mm.nr_free_pages())], ['MemAvailable', kib(mm.si_mem_available())],
    ['Buffers', 0], ['Cached', pages(NR_FILE_PAGES)], ['SwapCached', 0],
    ['Active', anon + shmem], ['Inactive', 0], ['Active(anon)', anon + shmem], ['Inactive(anon)', 0],
    ['Active(file)', 0], ['Inactive(file)', 0], ['Unevictable', 0], ['Mlocked', pages(NR_MLOCK)],
    ['SwapTotal', 0], ['SwapFree', 0], ['Dirty', 0], ['Writeback', 0],
    ['AnonPages', anon], ['Mapped', pages(NR_FILE_MAPPED)], ['Shmem', shmem],
    ['KReclaimable', 0], ['Slab', 0], ['SReclaimable', 0], ['SUnreclaim', 0], ['KernelStack', 0],
    ['PageTables', pages(NR_PAGETABLE)], ['SecPageTables', 0], ['NFS_Unstable', 0], ['Bounce', 0], ['WritebackTmp', 0],
    ['CommitLimit', Math.floor(kib(mm.totalram_pages) / 2)], ['Committed_AS', kib(mm.vm_committed_as)],
    ['VmallocTotal', 0], ['VmallocUsed', 0], ['VmallocChunk', 0], ['Percpu', 0],
  ];
  return rows.map(([name, kb]) => `${`${name}:`.padEnd(16)}${String(kb).padStart(8)} kB\n`).join('');
}

/** "seconds since boot, seconds idle" */
function uptime(kernel: Kernel, reader: Task): string {
  const up = timens_add_boottime_ns(reader, kernel.time.monotonicNs());
  return `${hundredths(up)} ${hundredths(idle_ns(kernel))}\n`;
}

const hundredths = (ns: number): string => {
  const cs = Math.floor(ns / (NSEC_PER_SEC / 100));
  return `${Math.floor(cs / 100)}.${String(cs % 100).padStart(2, '0')}`;
};

/** What nobody ran. */
function idle_ns(kernel: Kernel): number {
  const { user, system } = busy_ns(kernel);
  return Math.max(0, kernel.time.monotonicNs() - user - system);
}

function busy_ns(kernel: Kernel): { user: number; system: number } {
  let user = 0;
  let system = 0;
  kernel.pids.for_each_process(({ signal }) => {
    user += signal.utime;
    system += signal.stime;
    for (const thread of signal.threads) {
      user += thread.utime;
      system += thread.stime;
    }
    if (signal.leader || signal.threads.size > 0) {
      user += signal.cutime;
      system += signal.cstime;
    }
  });
  return { user, system };
}

function stat(kernel: Kernel, reader: Task): string {
  const { user, system } = busy_ns(kernel);
  const cpu = [user, 0, system, idle_ns(kernel), 0, 0, 0, 0, 0, 0].map(nsec_to_clock_t).join(' ');
  let interrupts = 0;
  let blocked = 0;
  for (const desc of kernel.irq.descs) interrupts += desc?.count ?? 0;
  for (const task of kernel.pids.tasks()) {
    if (task.state & 0x2) blocked++;
  }
  return (
    `cpu  ${cpu}\ncpu0 ${cpu}\nintr ${interrupts}\nctxt ${kernel.sched.nr_switches}\n` +
    `btime ${timens_sub_boottime(reader, kernel.time.getboottime64()).sec}\nprocesses ${kernel.pids.total_forks}\n` +
    `procs_running ${kernel.sched.nr_running}\nprocs_blocked ${blocked}\n` +
    'softirq 0 0 0 0 0 0 0 0 0 0 0\n'
  );
}

function loadavg({ sched, pids }: Kernel): string {
  const averages = sched
    .get_avenrun()
    .map((load) => load.toFixed(2))
    .join(' ');
  return `${averages} ${sched.nr_running}/${pids.nr_threads} ${pids.last}\n`;
}

const filesystems = (kernel: Kernel): string =>
  [...kernel.fs.filesystems.values()].map(({ name, nodev }) => `${nodev ? 'nodev' : ''}\t${name}\n`).join('');

function vmstat({ mm }: Kernel): string {
  // biome-ignore format: columns teach
  const rows: readonly (readonly [name: string, item: number])[] = [
    ['nr_mlock', NR_MLOCK], ['nr_anon_pages', NR_ANON_MAPPED], ['nr_mapped', NR_FILE_MAPPED], ['nr_file_pages', NR_FILE_PAGES],
    ['nr_shmem', NR_SHMEM], ['nr_page_table_pages', NR_PAGETABLE], ['pgalloc_dma', PGALLOC], ['pgfree', PGFREE],
    ['pgfault', PGFAULT], ['pgmajfault', PGMAJFAULT], ['oom_kill', OOM_KILL],
  ];
  const counted = rows.map(([name, item]) => `${name} ${mm.vmstat[item]!}\n`).join('');
  return `nr_free_pages ${mm.nr_free_pages()}\n${counted}`;
}

/** "ttyAMA0              -W- (EC  p a)  204:64" */
const consoles = (kernel: Kernel): string =>
  kernel.printk.console_names.map((name) => `${name.padEnd(20)} -W- (EC  p a)  204:64\n`).join('');

// biome-ignore format: columns teach
const FILES: readonly (readonly [path: string, mode: number, show: (kernel: Kernel, reader: Task) => string])[] = [
  ['meminfo',     0o444, meminfo],
  ['uptime',      0o444, uptime],
  ['version',     0o444, () => `${linux_banner()}\n`],
  ['cpuinfo',     0o444, (kernel) => kernel.arch.cpuinfo()],
  ['stat',        0o444, stat],
  ['loadavg',     0o444, loadavg],
  ['filesystems', 0o444, filesystems],
  ['cmdline',     0o444, (kernel) => `${kernel.command_line}\n`],
  ['interrupts',  0o444, show_interrupts],
  ['devices',     0o444, (kernel) => `Character devices:\n${show_chrdevs(kernel)}\nBlock devices:\n`],
  ['consoles',    0o444, consoles],
  ['vmstat',      0o444, vmstat],
  ['swaps',       0o444, () => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'],
  ['partitions',  0o444, () => ''],
  ['modules',     0o444, () => ''],
  ['tty/drivers', 0o444, show_tty_drivers],
  ['tty/ldiscs',  0o444, () => 'n_tty       0\n'],
];

export function proc_misc_init(kernel: Kernel): void {
  for (const [path, mode, show] of FILES)
    proc_create(kernel, path, mode, (_inode, reader) => show(reader.kernel, reader));
}
