/*
 * tests/bench/bench.ts - how fast it is, from dist/, with the ratio to QEMU in the same run where QEMU is installed
 *
 * Figures are process CPU time where something computes and wall time where somebody waits; each is the best of several
 * runs, and the spread is printed, so that a difference below it is not mistaken for a finding.
 */

import { spawn, spawnSync } from 'node:child_process';
import { TOOLCHAINS, QEMU as qemu, build } from '../lib/hosted.ts';
import { CLI } from '../lib/pty.ts';

const RUNS = Number(process.argv[2] ?? 5);
const BENCH = 'build/userland/bench';
const ENTRY = 'build/userland/entrybench';
/** With the C library whose string functions use vectors, if its compiler is installed. */
const TOOLCHAIN = TOOLCHAINS.find(({ library }) => library === 'glibc') ?? TOOLCHAINS[0];
const VECTORS = TOOLCHAIN && (await build(TOOLCHAIN, ['-O3'], ['tests/bench/vectors.c']));

interface Sample {
  readonly best: number;
  /** (worst - best) / best */
  readonly spread: number;
}

function sample(values: readonly number[]): Sample {
  const best = Math.min(...values);
  return { best, spread: (Math.max(...values) - best) / best };
}

/** From the start of the process to the shell's prompt, in ms of wall time, and the process's peak memory in MiB. */
async function bootToPrompt(): Promise<{ ms: number; mib: number }> {
  const started = performance.now();
  const child = spawn('/usr/bin/env', ['time', '-f', '%M', process.execPath, CLI], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let screen = '';
  let peak = '';
  child.stderr.on('data', (data) => (peak += data));
  const ms = await new Promise<number>((resolve) => {
    child.stdout.on('data', (data) => {
      screen += data;
      if (/# $/.test(screen)) resolve(performance.now() - started);
    });
  });
  child.stdin.end('exit 0\n');
  await new Promise((resolve) => child.on('close', resolve));
  return { ms, mib: Number(peak.trim().split('\n').at(-1)) / 1024 };
}

/** CPU seconds (user + system, all threads) that a command takes. */
function cpuSeconds(command: string, args: readonly string[]): number {
  const before = process.resourceUsage();
  const { status, stderr } = spawnSync('/usr/bin/env', ['time', '-f', '%U %S', command, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${status ?? before}\n${stderr}`);
  const [user, system] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  return user! + system!;
}

/** How a program is started: directly under QEMU, or by eret's command line. */
type Command = readonly string[];
const ERET: Command = [process.execPath, CLI];
const AUDITED: Command = [...ERET, '--append', 'audit=1'];
const QEMU: Command | undefined = qemu ? [qemu] : undefined;

/** CPU seconds for `rounds` rounds, start-up taken off by a run of none. */
function loop([command = '', ...prefix]: Command, program: string, name: string, rounds: number): Sample {
  const seconds = (n: number): number => cpuSeconds(command, [...prefix, program, name, String(n)]);
  const idle = Math.min(...Array.from({ length: RUNS }, () => seconds(0)));
  return sample(Array.from({ length: RUNS }, () => seconds(rounds) - idle));
}

/** Guest instructions that a loop takes, counted by the machine itself. */
async function instructions(program: string, name: string, rounds: number): Promise<number> {
  const { boot, guestPath } = (await import(
    '../../dist/arch/arm64/boot/boot.js' as string
  )) as typeof import('../../arch/arm64/boot/boot.ts');
  const { readFileSync } = await import('node:fs');
  const machine = await boot();
  const files = [{ path: guestPath(program), data: readFileSync(program), mode: 0o755 }];
  const run = (n: number) => machine.run(guestPath(program), [name, String(n)], { files });
  return (await run(rounds)).instructions - (await run(0)).instructions;
}

const number = (value: number, digits = 0): string =>
  value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
const row = (what: string, value: string, note = ''): void =>
  console.log(`${what.padEnd(36)}${value.padStart(14)}  ${note}`);
const spread = (s: Sample): string => `±${Math.round(s.spread * 100)} %`;

const boots = [];
for (let i = 0; i < RUNS; i++) boots.push(await bootToPrompt());
const ms = sample(boots.map((b) => b.ms));
row('start to prompt', `${number(ms.best)} ms`, spread(ms));
row('peak memory at the prompt', `${number(Math.max(...boots.map((b) => b.mib)))} MiB`);

for (const [program, name, rounds] of [
  [BENCH, 'crc', 400],
  [BENCH, 'sieve', 40],
  [VECTORS, 'double', 200],
  [VECTORS, 'float', 60],
  [VECTORS, 'bytes', 300],
  [VECTORS, 'string', 2000],
] as const) {
  if (!program) continue;
  const ours = loop(ERET, program, name, rounds);
  const mips = (await instructions(program, name, rounds)) / ours.best / 1e6;
  const theirs = QEMU && loop(QEMU, program, name, rounds);
  const ratio = theirs
    ? `${(theirs.best / ours.best).toFixed(2)} x qemu-aarch64`
    : 'qemu-aarch64 is not installed';
  row(`${name}: million instructions/s`, number(mips), `${spread(ours)}, ${ratio}`);
}
const calls = loop(ERET, BENCH, 'null', 1_000_000);
row('null system calls/s', number(1_000_000 / calls.best), spread(calls));
const processes = loop(ERET, BENCH, 'fork', 2000);
row('fork+exec+wait/s', number(2000 / processes.best), spread(processes));
row('fork+exec+wait', `${number((processes.best / 2000) * 1e6)} us`, spread(processes));

/** The null system call, with somebody who looks on; the first row is what the others are compared with. */
let plain = 0;
for (const [what, name, rounds] of [
  ['plain', 'plain', 1_000_000],
  ['traced, two stops', 'traced', 50_000],
  ['1 filter', 'filter1', 500_000],
  ['10 filters', 'filter10', 200_000],
  ['100 filters', 'filter100', 50_000],
  ['dispatched, sigreturn', 'dispatched', 100_000],
  ['traced by tracefs', 'tracefs', 50_000],
  ['audited', 'audited', 50_000],
] as const) {
  const time = loop(name === 'audited' ? AUDITED : ERET, ENTRY, name, rounds);
  const us = (time.best / rounds) * 1e6;
  plain ||= us;
  row(`null call, ${what}`, `${us.toFixed(2)} us`, `${spread(time)}, ${(us / plain).toFixed(1)} x plain`);
}
