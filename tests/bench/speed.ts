/*
 * tests/bench/speed.ts - programs that compute, on every peer, and the ratios
 */

import { NS_PER_INSTRUCTION } from './eret.ts';
import { type Measured, type Peer, type Sample, sample } from './peer.ts';
import { COUNTING, JUDGED, OTHERS } from './peers.ts';
import type { Kind, Program } from './programs.ts';
import { digits, type Page, withSpread } from './page.ts';

/** What a peer took for a program. */
export interface Timing extends Sample {
  readonly guestTime: number;
}

type Ratio = number | undefined;

/** By the peers' names. They take turns, so that what else the host does disturbs them all. */
export async function measure(
  peers: readonly Peer[],
  program: Program,
  runs: number,
): Promise<ReadonlyMap<string, Timing>> {
  const measured = new Map<string, Measured[]>(peers.map(({ name }) => [name, []]));
  for (let run = 0; run < runs; run++)
    for (const peer of peers) measured.get(peer.name)!.push(await peer.run(program));
  const checksums = new Set([...measured.values()].flat().map(({ checksum }) => checksum));
  if (checksums.size > 1) throw new Error(`${program.name}: checksums differ: ${[...checksums].join(', ')}`);
  return new Map([...measured].map(([name, list]) => [name, timing(list)]));
}

const timing = (list: readonly Measured[]): Timing => ({
  ...sample(list.map(({ seconds }) => seconds)),
  guestTime: list[0]!.guestTime,
});

/** How many times as fast as each of the others the judged engine is; undefined where somebody has no time. */
export function ratios(timings: ReadonlyMap<string, Sample>, others: readonly string[]): readonly Ratio[] {
  const ours = timings.get(JUDGED);
  return others.map((name) => {
    const theirs = timings.get(name);
    return ours && theirs && theirs.best / ours.best;
  });
}

/** A line for each program, then the means of each kind. */
export async function compareSpeed(
  page: Page,
  peers: readonly Peer[],
  programs: readonly Program[],
  runs: number,
): Promise<void> {
  const names = peers.map(({ name }) => name);
  const counting = names.filter((name) => COUNTING.includes(name));
  const others = OTHERS.filter((name) => names.includes(name));
  const print = page.table([
    ['CPU time, ms', -30],
    ...names.map((name) => [name, 18] as const),
    ...counting.map((name) => [`${name} MIPS`, 18] as const),
    ...others.map((name) => [`x ${name}`, 12] as const),
  ]);

  const found: { readonly kind: Kind; readonly ratios: readonly Ratio[] }[] = [];
  for (const program of programs) {
    const timings = await measure(peers, program, runs);
    found.push({ kind: program.kind, ratios: ratios(timings, others) });
    print([
      program.what,
      ...names.map((name) => withSpread(timings.get(name), 1e-3)),
      ...counting.map((name) => mips(timings.get(name)!)),
      ...found.at(-1)!.ratios.map(digits),
    ]);
  }
  for (const kind of new Set(found.map((row) => row.kind))) {
    const rows = found.filter((row) => row.kind === kind);
    const means = others.map((_, i) => geometricMean(rows.map((row) => row.ratios[i])));
    print([
      `geometric mean, ${kind}`,
      ...names.map(() => ''),
      ...counting.map(() => ''),
      ...means.map(digits),
    ]);
  }
}

const mips = ({ best, guestTime }: Timing): string => digits(guestTime / NS_PER_INSTRUCTION / best / 1e6);

/** Undefined if one of them is. */
function geometricMean(values: readonly Ratio[]): Ratio {
  const logs = values.filter((value) => value !== undefined).map(Math.log);
  return logs.length < values.length
    ? undefined
    : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}
