/*
 * tests/bench/bench.ts - `make bench`: how fast it is, from dist/, and the ratios to others on the same machine
 *
 *   make bench ARGS='[--runs=N] [startup|speed|calls|code|growth|NAME...]'    NAME: of tests/bench/programs.ts
 *
 * Figures are CPU time of a process, all its threads, where something computes, and wall time where somebody waits; each is
 * the best of several runs, and how much more the worst took is told, too: a difference below that is no finding. Runs follow
 * each other in one machine, so that the best one is warm; but for those of `startup` and `code`.
 */

import { parseArgs } from 'node:util';
import { compareKernel, compareOnlookers, type Field } from './calls.ts';
import { compareWarmUp, measureGrowth } from './code.ts';
import { makeInitramfs } from './guest.ts';
import { host, JUDGED, shells, v86 } from './peers.ts';
import { PROGRAMS, type Program } from './programs.ts';
import { compareSpeed } from './speed.ts';
import { measureStartup } from './startup.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '3' } },
});
const runs = Number(values.runs);

/** Nothing named is everything. */
const wanted = (...names: string[]): boolean =>
  positionals.length === 0 || names.some((name) => positionals.includes(name));
const computing = PROGRAMS.filter(({ kind, name }) => kind !== 'kernel' && wanted('speed', name));
const asking = PROGRAMS.filter(({ kind, name }) => kind === 'kernel' && wanted('calls', name));

const initramfs = await makeInitramfs();
if (wanted('startup')) await measureStartup(['interpreter', JUDGED], initramfs, runs);
if (computing.length + asking.length > 0) await compare(computing, asking);
if (wanted('code')) await compareWarmUp(initramfs, runs);
if (wanted('code', 'growth')) await measureGrowth(initramfs, positionals.includes('growth'));

/** What several peers do, each started once. */
async function compare(computing: readonly Program[], asking: readonly Program[]): Promise<void> {
  const boot = shells(initramfs);
  const machines = await boot('');
  const others = await v86();
  const field: Field = { peers: [...(await host()), ...machines], shells: machines, boot };
  if (computing.length > 0) await compareSpeed([...field.peers, ...others], computing, runs);
  if (asking.length > 0) await compareKernel(field, asking, runs);
  if (wanted('calls')) await compareOnlookers(field, runs);
  for (const peer of [...field.peers, ...others]) peer.stop();
}
