/*
 * tests/bench/calls.ts - system calls and processes: plain, and with everybody who may look on (userland/entrybench.c)
 *
 * Linux 6.12 has no Syscall User Dispatch on arm64: there that row stays empty.
 */

import type { Console } from './console.ts';
import { type Peer, type Sample, sample } from './peer.ts';
import { JUDGED, OTHERS, type Shells } from './peers.ts';
import type { Program } from './programs.ts';
import { measure, ratios } from './speed.ts';
import { digits, type Page, withSpread } from './page.ts';

interface Way {
  readonly name: string;
  readonly what: string;
  /** Words for the kernel's command line: it is run on machines booted for it. */
  readonly append?: string;
}

const WAYS: readonly Way[] = [
  { name: 'plain', what: 'null call, plain' },
  { name: 'filter1', what: '... 1 filter' },
  { name: 'filter10', what: '... 10 filters' },
  { name: 'filter100', what: '... 100 filters' },
  { name: 'traced', what: '... traced, two stops' },
  { name: 'dispatched', what: '... dispatched, sigreturn' },
  { name: 'tracefs', what: '... traced by tracefs' },
  { name: 'audited', what: '... audited', append: 'audit=1' },
];

const US = 1e-6;
/** Long enough that the start of the program does not matter. */
const ENOUGH_SECONDS = 0.15;

type Timings = ReadonlyMap<string, Sample>;

/** What is compared: who takes part, and those of them that have a shell. */
export interface Field {
  readonly peers: readonly Peer[];
  readonly shells: readonly Console[];
  readonly boot: Shells;
}

/** Programs that do nothing but ask the kernel: a line for each, in us a round. */
export async function compareKernel(
  page: Page,
  { peers }: Field,
  programs: readonly Program[],
  runs: number,
): Promise<void> {
  const print = callTable(page, peers);
  for (const program of programs) {
    const timings = await measure(peers, program, runs);
    const perRound = [...timings].map(
      ([name, t]) => [name, { ...t, best: t.best / program.rounds }] as const,
    );
    print(program.what, new Map(perRound));
  }
}

/** The null call by each way, in us, and compared with the first one. */
export async function compareOnlookers(page: Page, { shells, boot }: Field, runs: number): Promise<void> {
  const print = callTable(page, shells);
  let plain: Sample | undefined;
  for (const way of WAYS) {
    const machines = way.append ? await boot(way.append) : shells;
    const timings = await look(machines, way, runs);
    plain ??= timings.get(JUDGED);
    print(way.what, timings, plain);
    if (way.append) for (const machine of machines) machine.stop();
  }
}

function callTable(
  page: Page,
  peers: readonly Peer[],
): (what: string, timings: Timings, plain?: Sample) => void {
  const names = peers.map(({ name }) => name);
  const others = OTHERS.filter((name) => names.includes(name));
  const print = page.table([
    ['CPU time, us', -26],
    ...names.map((name) => [name, 18] as const),
    ...others.map((name) => [`x ${name}`, 12] as const),
    ['/ plain', 12],
  ]);
  return (what, timings, plain) => {
    const ours = timings.get(JUDGED);
    print([
      what,
      ...names.map((name) => withSpread(timings.get(name), US)),
      ...ratios(timings, others).map(digits),
      digits(plain && ours && ours.best / plain.best),
    ]);
  };
}

/** By the machines' names; without those that cannot do it. */
async function look(machines: readonly Console[], { name }: Way, runs: number): Promise<Timings> {
  const found = new Map<string, Sample>();
  for (const machine of machines) {
    const took = await perRound(async (rounds) => {
      const { status, seconds } = await machine.command(`/bench/entrybench ${name} ${rounds}`);
      return status === 0 ? seconds : undefined;
    }, runs);
    if (took) found.set(machine.name, took);
  }
  return found;
}

/** Seconds of a round, from so many that they take a while, less what a run of one round takes. */
async function perRound(
  measureRounds: (rounds: number) => Promise<number | undefined>,
  runs: number,
): Promise<Sample | undefined> {
  if ((await measureRounds(1)) === undefined) return undefined;
  const seconds = async (rounds: number): Promise<number> => (await measureRounds(rounds))!;
  let rounds = 100;
  for (let took = await seconds(rounds); took < ENOUGH_SECONDS; took = await seconds(rounds))
    rounds = Math.ceil(rounds * Math.min(20, Math.max(2, ENOUGH_SECONDS / took)));
  const idle = Math.min(await seconds(1), await seconds(1));
  const values = [];
  for (let run = 0; run < runs; run++) values.push(((await seconds(rounds)) - idle) / (rounds - 1));
  return sample(values);
}
