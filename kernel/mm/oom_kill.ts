/*
 * kernel/mm/oom_kill.ts - when there is no page left, somebody has to go
 *
 * Linux:   mm/oom_kill.c (v6.12)
 * Manual:  Documentation/filesystems/proc.rst, "/proc/<pid>/oom_score_adj"
 * Differs: the victim's private memory is taken at once; upstream's oom_reaper thread does it a moment later
 * Absent:  memory control groups, panic_on_oom
 */

import { MMF_OOM_SKIP, MMF_UNSTABLE, VM_PFNMAP, VM_SHARED } from '../include/linux/mm.ts';
import type { Mm } from '../include/linux/mm_types.ts';
import { PF_KTHREAD, type Task } from '../include/linux/sched.ts';
import { PAGE_SIZE } from '../include/linux/types.ts';
import { SIGKILL } from '../include/uapi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { panic } from '../panic.ts';
import { PIDTYPE_TGID } from '../pid.ts';
import { set_tsk_need_resched } from '../sched/core.ts';
import { do_send_sig_info, SEND_SIG_PRIV } from '../signal.ts';
import { zap_page_range } from './memory.ts';
import { OOM_KILL } from './page_alloc.ts';
import { get_mm_rss } from './rmap.ts';

const OOM_SCORE_ADJ_MIN = -1000;
const K = PAGE_SIZE / 1024;

/**
 * Kills the process whose death frees most, and takes what it can of its memory at once. True: `mm`, who could not get a
 * page, can try again now. False: it cannot have one, now or ever: it is dying itself, must wait for who is, or there is
 * nobody to kill.
 */
export function out_of_memory(kernel: Kernel, mm: Mm): boolean {
  if ((mm.flags & MMF_UNSTABLE) !== 0) return false;
  if (kernel.mm.oom_victim) {
    // One at a time: its shared memory is free when it has ended, and for that it must run.
    set_tsk_need_resched(kernel.sched.current);
    return false;
  }
  dump_header(kernel, kernel.sched.current);
  const victim = select_bad_process(kernel);
  if (!victim) {
    kernel.printk.warn('Out of memory and no killable processes...');
    return false;
  }
  const killed = oom_kill_process(kernel, victim);
  return killed !== mm;
}

/** A page fault of user space found no page. The access is tried again, unless the task itself had to go. */
export function pagefault_out_of_memory(task: Task): void {
  const { kernel, mm } = task;
  if (mm && !out_of_memory(kernel, mm) && !kernel.mm.oom_victim) panic('System is deadlocked on memory');
}

/** Linux: exit_oom_victim(). An address space is gone: if it was the victim's, the next may be chosen. */
export function exit_oom_victim(mm: Mm): void {
  const pages = mm.kernel.mm;
  if (pages.oom_victim === mm) pages.oom_victim = null;
}

/** Pages that would be free without it, with the administrator's word (oom_score_adj) in thousandths of all memory. */
export function oom_badness(kernel: Kernel, leader: Task): number {
  const task = find_lock_task_mm(leader);
  if (!task?.mm || leader === kernel.init || (leader.flags & PF_KTHREAD) !== 0) return -Infinity;
  const { mm } = task;
  const adj = leader.signal.oom_score_adj;
  if (adj === OOM_SCORE_ADJ_MIN || (mm.flags & MMF_OOM_SKIP) !== 0) return -Infinity;
  const points = get_mm_rss(mm) + mm.pgtables_bytes / PAGE_SIZE;
  return points + Math.trunc((adj * kernel.mm.totalram_pages) / 1000);
}

/** A thread of the process that still has the memory: the leader may have left before the others. */
function find_lock_task_mm(leader: Task): Task | null {
  for (const thread of leader.signal.threads) if (thread.mm) return thread;
  return leader.mm ? leader : null;
}

function select_bad_process(kernel: Kernel): Task | null {
  let chosen: Task | null = null;
  let most = -Infinity;
  kernel.pids.for_each_process((leader) => {
    const points = oom_badness(kernel, leader);
    if (points <= most) return;
    most = points;
    chosen = leader;
  });
  return chosen;
}

function oom_kill_process(kernel: Kernel, leader: Task): Mm {
  const { printk } = kernel;
  const victim = find_lock_task_mm(leader)!;
  const mm = victim.mm!;
  const uid = leader.cred.uid;
  printk.info(
    `oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=${leader.comm},pid=${leader.pid},uid=${uid}`,
  );
  kernel.mm.mod_state(OOM_KILL, 1);
  mm.flags |= MMF_UNSTABLE | MMF_OOM_SKIP;
  kernel.mm.oom_victim = mm;
  do_send_sig_info(SIGKILL, SEND_SIG_PRIV, leader, PIDTYPE_TGID);
  printk.err(
    `Out of memory: Killed process ${leader.pid} (${leader.comm}) total-vm:${mm.total_vm * K}kB, ${rss_text(mm)}, UID:${uid} pgtables:${mm.pgtables_bytes / 1024}kB oom_score_adj:${leader.signal.oom_score_adj}`,
  );
  kill_sharers(kernel, leader, mm);
  oom_reap_task_mm(mm);
  printk.info(`oom_reaper: reaped process ${leader.pid} (${leader.comm}), now ${rss_text(mm)}`);
  return mm;
}

/** Other processes with the same memory keep it alive: they go too. */
function kill_sharers(kernel: Kernel, leader: Task, mm: Mm): void {
  kernel.pids.for_each_process((other) => {
    if (other === leader || find_lock_task_mm(other)?.mm !== mm || other === kernel.init) return;
    do_send_sig_info(SIGKILL, SEND_SIG_PRIV, other, PIDTYPE_TGID);
  });
}

/** Its threads will never again run in user space, so what they would see there does not matter. */
function oom_reap_task_mm(mm: Mm): void {
  for (const vma of mm.mmap) {
    if ((vma.vm_flags & (VM_PFNMAP | VM_SHARED)) === 0) zap_page_range(mm, vma.vm_start, vma.vm_end);
  }
}

const rss_text = (mm: Mm): string =>
  `anon-rss:${mm.rss_anon * K}kB, file-rss:${mm.rss_file * K}kB, shmem-rss:${mm.rss_shmem * K}kB`;

/** Who asked, how much memory there is, and who has it. */
function dump_header(kernel: Kernel, asker: Task): void {
  const { printk, mm: pages } = kernel;
  printk.warn(
    `${asker.comm} invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, oom_score_adj=${asker.signal.oom_score_adj}`,
  );
  printk.warn(`CPU: 0 UID: ${asker.cred.uid} PID: ${asker.pid} Comm: ${asker.comm}`);
  printk.warn('Mem-Info:');
  printk.warn(`free:${pages.nr_free_pages()} min:${pages.watermark_min} total:${pages.totalram_pages} pages`);
  printk.info('Tasks state (memory values in pages):');
  printk.info(
    '[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name',
  );
  kernel.pids.for_each_process((leader) => {
    const mm = find_lock_task_mm(leader)?.mm;
    if (mm) printk.info(dump_task(leader, mm));
  });
}

function dump_task(task: Task, mm: Mm): string {
  const pad = (value: number, width: number): string => String(value).padStart(width);
  return `[${pad(task.pid, 7)}] ${pad(task.cred.uid, 5)} ${pad(task.tgid, 5)} ${pad(mm.total_vm, 8)} ${pad(get_mm_rss(mm), 8)} ${pad(mm.rss_anon, 8)} ${pad(mm.rss_file, 8)} ${pad(mm.rss_shmem, 9)} ${pad(mm.pgtables_bytes, 8)} ${pad(0, 8)} ${pad(task.signal.oom_score_adj, 13)} ${task.comm}`;
}
