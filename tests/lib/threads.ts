/*
 * tests/lib/threads.ts - every thread of a running machine, looked at whenever no task is in the kernel
 *
 * The machine is stopped every few thousand instructions; then one task is in user mode and all others sleep.
 */

import type { HostFile } from '../../arch/arm64/boot/boot.ts';
import { initramfs, JOB_COMMAND_LINE, machineOptions, powerOn, withJob } from '../../arch/arm64/boot/boot.ts';
import {
  SYSCALL_WORK_SYSCALL_EMU,
  SYSCALL_WORK_SYSCALL_EXIT_TRAP,
  SYSCALL_WORK_SYSCALL_TRACE,
  TIF_SINGLESTEP,
  type Task,
} from '../../kernel/include/linux/sched.ts';

/** Not a round number, so that the stops are everywhere in the programs' loops. */
const SLICE = 4_999;

/** The work that a detach must take away. */
export const WORK_OF_PTRACE =
  SYSCALL_WORK_SYSCALL_TRACE | SYSCALL_WORK_SYSCALL_EMU | SYSCALL_WORK_SYSCALL_EXIT_TRAP;

export const isStepped = ({ thread_info }: Task): boolean => (thread_info.flags & TIF_SINGLESTEP) !== 0;
export const trapsAtExit = ({ thread_info }: Task): boolean =>
  (thread_info.syscall_work & SYSCALL_WORK_SYSCALL_EXIT_TRAP) !== 0;

export interface WatchOptions {
  readonly files?: readonly HostFile[];
  readonly ram?: number;
  /** Added to the kernel's command line. */
  readonly append?: string;
  /** A run that takes longer is an error: somebody is stuck. */
  readonly maxInstructions?: number;
}

/** Runs the program, and shows every thread of the machine at every stop. */
export function watch(
  argv: readonly string[],
  look: (task: Task) => void,
  { files = [], ram, append = '', maxInstructions = Infinity }: WatchOptions = {},
): { status: number; output: string } {
  const options = machineOptions(
    { append: `${JOB_COMMAND_LINE} ${append}`, ...(ram && { ram }) },
    withJob(initramfs(), argv, files),
  );
  const output: string[] = [];
  const { machine, driven } = powerOn({
    ...options,
    output: (bytes) => void output.push(Buffer.from(bytes).toString('latin1')),
  });
  for (;;) {
    const state = driven.run(driven.now + SLICE);
    if (state === 'off') break;
    if (driven.now > maxInstructions) throw new Error(`${argv.join(' ')} does not end: ${output.join('')}`);
    if (state === 'idle') driven.skipTo(driven.nextEvent);
    machine.kernel.pids.for_each_process((leader) => {
      for (const task of leader.signal.threads) look(task);
    });
  }
  return { status: machine.exitStatus, output: output.join('') };
}
