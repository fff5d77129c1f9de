/*
 * tests/lib/growth.ts - a program that makes new code for ever: what it costs after a long time, and what is left of it
 *
 *   tsx tests/lib/growth.ts [SECTIONS [FUNCTIONS [CALLS [THRESHOLD]]]]
 *
 * runs userland/jit.c in each of its ways and prints a line for each section of the run: a process that grows, or whose
 * work becomes slower, shows it there.
 */

import { readFileSync } from 'node:fs';
import { argv, cpuUsage, memoryUsage } from 'node:process';
import { pathToFileURL } from 'node:url';
import { initramfs, JOB_COMMAND_LINE, machineOptions, powerOn, withJob } from '../../arch/arm64/boot/boot.ts';
import { Driver } from '../../arch/arm64/boot/driver.ts';
import type { Machine } from '../../arch/arm64/boot/machine.ts';
import type { EngineOptions } from '../../board/cpu/engine/engine.ts';

export const WAYS = ['ring', 'alias', 'pages'] as const;
export type Way = (typeof WAYS)[number];

const RAM = 64 * 2 ** 20;

export interface Generating {
  readonly way: Way;
  readonly functions: number;
  readonly calls: number;
}

/** A machine on which jit.c is about to run. */
export function jitMachine(
  { way, functions, calls }: Generating,
  options: EngineOptions,
  output: string[],
): Machine {
  const job = ['/job/jit', way, String(functions), String(calls)];
  const files = [{ path: '/job/jit', data: readFileSync('build/userland/jit') }];
  return powerOn({
    ...machineOptions({ ram: RAM, append: JOB_COMMAND_LINE }, withJob(initramfs(), job, files)),
    ...options,
    output: (bytes) => void output.push(Buffer.from(bytes).toString('latin1')),
  }).machine;
}

export const runToEnd = (machine: Machine): Promise<boolean> => new Driver(machine, { idle: 'skip' }).run();

const cpuSeconds = (): number => {
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
};

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** Runs it in `sections` of equally many instructions. */
function measure(generating: Generating, sections: number, options: EngineOptions): void {
  const whole: string[] = [];
  const first = jitMachine(generating, { engine: 'interpreter' }, whole);
  for (let state = 'paused'; state !== 'off'; state = first.run(Infinity));
  const section = Math.ceil(first.now / sections);

  const output: string[] = [];
  const machine = jitMachine(generating, options, output);
  console.log(`${JSON.stringify(generating)}: ${first.now} instructions`);
  for (let n = 1; n <= sections; n++) {
    const before = cpuSeconds();
    const from = machine.now;
    const state = machine.run(n * section);
    const seconds = cpuSeconds() - before;
    const { rss, heapUsed } = memoryUsage();
    const perInstruction = ((seconds * 1e9) / Math.max(1, machine.now - from)).toFixed(1);
    const modules = machine.board.cpu.liveModules;
    console.log(
      `  ${n}/${sections}: ${perInstruction} ns an instruction, RSS ${megabytes(rss)}, heap ${megabytes(heapUsed)}, ${modules} modules`,
    );
    if (state === 'off') break;
  }
  console.log(`  ${output.join('').trim()}`);
  if (output.join('') !== whole.join('') || machine.now !== first.now)
    console.log('  NOT the interpreter’s run');
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const [sections = 8, functions = 100_000, calls = 4, threshold = 1] = argv.slice(2).map(Number);
  for (const way of WAYS) measure({ way, functions, calls }, sections, { engine: 'auto', threshold });
}
