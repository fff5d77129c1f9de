/*
 * tests/bench/startup.ts - from nothing to the prompt: wall time, CPU time, and what the process had in memory at most
 */

import type { EngineName } from '../../board/cpu/engine/engine.ts';
import { bootEret } from './eret.ts';
import { sample } from './peer.ts';
import { digits, type Page, withSpread } from './page.ts';

/** Each machine is a process of its own, started and thrown away. */
export async function measureStartup(
  page: Page,
  engines: readonly EngineName[],
  initramfs: string,
  runs: number,
): Promise<void> {
  const print = page.table([
    ['start to prompt', -26],
    ['wall ms', 18],
    ['CPU ms', 18],
    ['peak MiB', 12],
  ]);
  for (const engine of engines) {
    const boots = [];
    for (let run = 0; run < runs; run++) boots.push(await bootOnce(engine, initramfs));
    print([
      engine,
      withSpread(sample(boots.map((boot) => boot.wall)), 1e-3),
      withSpread(sample(boots.map((boot) => boot.cpu)), 1e-3),
      digits(Math.max(...boots.map((boot) => boot.memory))),
    ]);
  }
}

interface Boot {
  /** In seconds, as is `cpu`. */
  readonly wall: number;
  readonly cpu: number;
  /** In MiB. */
  readonly memory: number;
}

async function bootOnce(engine: EngineName, initramfs: string): Promise<Boot> {
  const started = performance.now();
  const machine = await bootEret(engine, initramfs);
  const wall = (performance.now() - started) / 1000;
  const boot = { wall, cpu: machine.cpuSeconds, memory: machine.peakMemory };
  machine.stop();
  return boot;
}
