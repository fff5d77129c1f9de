/*
 * tests/lib/shell.ts - a machine in one line, for tests that look at it from its console
 */

import type { BootOptions, RunResult } from '../../arch/arm64/boot/boot.ts';
import { boot } from '../../arch/arm64/boot/boot.ts';

/** Runs a shell script (`sh -c`) as the only job. */
export async function sh(script: string, options: BootOptions = {}): Promise<RunResult> {
  const machine = await boot(options);
  return machine.run('/bin/sh', ['-c', script]);
}

/** Console text with the line ends of a file. */
export const lines = (result: RunResult): string => result.output.replaceAll('\r\n', '\n');
