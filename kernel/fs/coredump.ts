/*
 * kernel/fs/coredump.ts - what a process leaves behind when it dies of a fault
 *
 * Linux:  fs/coredump.c (v6.12)
 * Manual: core(5)
 * Absent: the file itself; so nobody has "dumped core", and wait status bit 0x80 stays clear
 */

import type { Task } from '../include/linux/sched.ts';
import type { KernelSigInfo } from '../include/linux/signal.ts';
import type { Sleeps } from '../sched/wait.ts';

/** True if a core file was written. */
// biome-ignore lint/correctness/useYield: writing a file sleeps
export function* do_coredump(_task: Task, _info: KernelSigInfo): Sleeps<boolean> {
  return false;
}
