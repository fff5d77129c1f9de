/*
 * tests/bench/code.ts - code that runs once or a little, and much of it: what translating costs where it can gain nothing
 *
 * The guest generates its code (tests/bench/programs/code.c) and then waits; only its running is measured. Each machine is
 * new, so nothing is warm.
 */

import type { EngineName } from '../../board/cpu/engine/engine.ts';
import { bootEret, NS_PER_INSTRUCTION } from './eret.ts';
import { type Sample, sample } from './peer.ts';
import { JUDGED } from './peers.ts';
import { digits, type Page, withSpread } from './page.ts';

interface Cost extends Sample {
  /** That were executed. */
  readonly instructions: number;
  /** Of the process, in MiB. */
  readonly peakMemory: number;
}

/** How much code, and how often each function of 32 instructions is called. */
interface Load {
  readonly what: string;
  readonly kilobytes: number;
  readonly calls: number;
  /** Options of the command line. */
  readonly options?: readonly string[];
}

const often = (calls: number): string => (calls === 1 ? 'once' : `${calls} times`);

const WARM_UP: readonly Load[] = [1, 10, 100, 1000, 10_000].map((calls) => ({
  what: `100,000 instructions, ${often(calls)}`,
  kilobytes: 391,
  calls,
}));
/** What is called so often is hot, has waited for others to be translated with, and is then used for a while. */
const HOT = { calls: 200, options: ['--threshold=100'] };
const GROWTH: readonly Load[] = [{ calls: 1 }, HOT].flatMap((how) =>
  [1, 10, 50].map((megabytes) => ({
    ...how,
    what: `${megabytes} MB, ${how === HOT ? `hot: ${HOT.options}, ` : ''}${often(how.calls)}`,
    kilobytes: megabytes * 1024,
  })),
);
/** Of calls, in kilobytes: what is more takes minutes, and is not measured unless asked for. */
const QUICK = 3e6;

async function run(engine: EngineName, initramfs: string, load: Load, runs: number): Promise<Cost> {
  const seconds: number[] = [];
  let instructions = 0;
  let peakMemory = 0;
  for (let n = 0; n < runs; n++) {
    const machine = await bootEret(engine, initramfs, '', load.options);
    const measured = await machine.start(`/bench/code ${load.kilobytes} ${load.calls}`);
    seconds.push(measured.seconds);
    instructions = measured.guestTime / NS_PER_INSTRUCTION;
    peakMemory = Math.max(peakMemory, machine.peakMemory);
    machine.stop();
  }
  return { ...sample(seconds), instructions, peakMemory };
}

/** The judged engine beside the interpreter alone. */
export async function compareWarmUp(page: Page, initramfs: string, runs: number): Promise<void> {
  const print = page.table([
    ['warm-up, CPU time, ms', -30],
    ['interpreter', 18],
    [JUDGED, 18],
    ['ratio', 12],
  ]);
  for (const load of WARM_UP) {
    const alone = await run('interpreter', initramfs, load, runs);
    const ours = await run(JUDGED, initramfs, load, runs);
    print([load.what, withSpread(alone, 1e-3), withSpread(ours, 1e-3), digits(ours.best / alone.best)]);
  }
}

/** Whether an instruction costs the same however much code there is, and what that takes of memory. */
export async function measureGrowth(page: Page, initramfs: string, all: boolean): Promise<void> {
  const print = page.table([
    [`growth, ${JUDGED}`, -40],
    ['ns/instruction', 18],
    ['peak MiB', 12],
  ]);
  for (const load of GROWTH.filter((load) => all || isQuick(load))) {
    const { best, instructions, peakMemory } = await run(JUDGED, initramfs, load, 1);
    print([load.what, digits((best / instructions) * 1e9), digits(peakMemory)]);
  }
}

const isQuick = ({ kilobytes, calls }: Load): boolean => kilobytes * calls < QUICK;
