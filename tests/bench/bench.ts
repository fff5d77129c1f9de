/*
 * tests/bench/bench.ts - `make bench`: how fast it is, from dist/, and the ratios to others on the same machine
 *
 *   make bench ARGS='[--runs=N] [--write] [startup|speed|calls|code|growth|NAME...]'
 *
 * NAME is one of tests/bench/programs.ts; --write puts the tables into the README.
 *
 * Figures are CPU time of a process, all its threads, where something computes, and wall time where somebody waits; each is
 * the best of several runs, and how much more the worst took is told, too: a difference below that is no finding. Runs follow
 * each other in one machine, so that the best one is warm; but for those of `startup` and `code`.
 */

import { parseArgs } from 'node:util';
import { compareKernel, compareOnlookers, type Field } from './calls.ts';
import { compareWarmUp, measureGrowth } from './code.ts';
import { makeInitramfs } from './guest.ts';
import { Page } from './page.ts';
import { host, JUDGED, shells, v86 } from './peers.ts';
import { PROGRAMS, type Program } from './programs.ts';
import { compareSpeed } from './speed.ts';
import { measureStartup } from './startup.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '3' }, write: { type: 'boolean', default: false } },
});
const runs = Number(values.runs);
const page = new Page();

/** Nothing named is everything. */
const wanted = (...names: string[]): boolean =>
  positionals.length === 0 || names.some((name) => positionals.includes(name));
const computing = PROGRAMS.filter(({ kind, name }) => kind !== 'kernel' && wanted('speed', name));
const asking = PROGRAMS.filter(({ kind, name }) => kind === 'kernel' && wanted('calls', name));

const initramfs = await makeInitramfs();
if (wanted('startup')) await measureStartup(page, ['interpreter', JUDGED], initramfs, runs);
if (computing.length + asking.length > 0) await compare(computing, asking);
if (wanted('code')) await compareWarmUp(page, initramfs, runs);
if (wanted('code', 'growth')) await measureGrowth(page, initramfs, positionals.includes('growth'));
if (values.write) page.write();

/** What several peers do, each started once. */
async function compare(computing: readonly Program[], asking: readonly Program[]): Promise<void> {
  const boot = shells(initramfs);
  const machines = await boot('');
  const others = await v86();
  const field: Field = { peers: [...(await host()), ...machines], shells: machines, boot };
  if (computing.length > 0) await compareSpeed(page, [...field.peers, ...others], computing, runs);
  if (asking.length > 0) await compareKernel(page, field, asking, runs);
  if (wanted('calls')) await compareOnlookers(page, field, runs);
  for (const peer of [...field.peers, ...others]) peer.stop();
}
