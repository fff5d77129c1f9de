/*
 * tests/bench/startup.ts - from nothing to the prompt: wall time, and what the process had in memory at most
 */

import type { EngineName } from '../../board/cpu/engine/engine.ts';
import { bootEret } from './eret.ts';
import { sample } from './peer.ts';
import { digits, table, withSpread } from './table.ts';

/** Each machine is a process of its own, started and thrown away. */
export async function measureStartup(
  engines: readonly EngineName[],
  initramfs: string,
  runs: number,
): Promise<void> {
  const print = table([
    ['start to prompt', -26],
    ['wall ms', 18],
    ['peak MiB', 12],
  ]);
  for (const engine of engines) {
    const boots = [];
    for (let run = 0; run < runs; run++) boots.push(await bootOnce(engine, initramfs));
    const seconds = sample(boots.map((boot) => boot.seconds));
    print([engine, withSpread(seconds, 1e-3), digits(Math.max(...boots.map(({ memory }) => memory)))]);
  }
}

async function bootOnce(engine: EngineName, initramfs: string): Promise<{ seconds: number; memory: number }> {
  const started = performance.now();
  const machine = await bootEret(engine, initramfs);
  const seconds = (performance.now() - started) / 1000;
  const memory = machine.peakMemory;
  machine.stop();
  return { seconds, memory };
}
