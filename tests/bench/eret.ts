/*
 * tests/bench/eret.ts - the board from dist/, with one of its engines
 */

import type { EngineName } from '../../board/cpu/engine/engine.ts';
import { CLI } from '../lib/pty.ts';
import { Console } from './console.ts';

/** An instruction takes this many nanoseconds of virtual time. */
export const NS_PER_INSTRUCTION = 4;

/** `options`: any more of the command line's. */
export const bootEret = (
  engine: EngineName,
  initramfs: string,
  append = '',
  options: readonly string[] = [],
): Promise<Console> =>
  Console.boot(engine, [
    ...[process.execPath, CLI, `--engine=${engine}`],
    ...[`--initrd=${initramfs}`, `--append=quiet ${append}`, ...options],
  ]);
