/*
 * kernel/panic.ts - the end
 *
 * Linux:   kernel/panic.c
 * Differs: panic() throws. So does every bug of ours; arch/arm64/boot/boot.ts catches both, once, and prints one report.
 */

import type { Kernel } from './kernel.ts';

/** A panic that the kernel decided on, as against an exception that escaped from it. */
export class KernelPanic extends Error {
  override readonly name = 'KernelPanic';
}

/** Does not return. */
export function panic(text: string): never {
  throw new KernelPanic(text);
}

/** The last events before the end; a ring, so that it costs nothing to keep. */
const LAST_EVENTS = 16;

/** What the person at the console needs in order to report our bug: who, where, registers, what came before, the stack. */
export function panic_report(kernel: Kernel, error: unknown, lastEvents: readonly string[]): string {
  const cause = error instanceof Error ? error : new Error(String(error));
  const task = kernel.sched?.current ?? null;
  const lines = [
    `Kernel panic - not syncing: ${cause instanceof KernelPanic ? cause.message : `${cause.name}: ${cause.message}`}`,
    task ? `CPU: 0 PID: ${task.pid} Comm: ${task.comm}` : 'CPU: 0 PID: 0 Comm: swapper',
    kernel.arch.show_regs(task),
    ...(lastEvents.length
      ? ['Last events:', ...lastEvents.slice(-LAST_EVENTS).map((line) => `  ${line}`)]
      : []),
    'Call trace:',
    ...(cause.stack ?? '')
      .split('\n')
      .slice(1)
      .map((line) => ` ${line.trim()}`),
    '---[ end Kernel panic ]---',
  ];
  return lines.join('\n');
}
