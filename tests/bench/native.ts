/*
 * tests/bench/native.ts - the host: what its own cc compiles, it runs itself
 *
 * The program measures itself, with getrusage(): nothing else is in its process.
 */

import { spawnSync } from 'node:child_process';
import { find } from '../lib/hosted.ts';
import { type Measured, type Peer, RESULT } from './peer.ts';
import { buildPrograms, type Program } from './programs.ts';

const CC = find('cc');

/** Undefined where there is no C compiler for the host. */
export async function startNative(): Promise<Peer | undefined> {
  if (!CC) return undefined;
  const path = await buildPrograms({ command: [CC] });
  return { name: 'native', run: async (program) => runNative(path, program), stop: () => {} };
}

function runNative(path: string, { name, rounds }: Program): Measured {
  const run = spawnSync(path, [name, String(rounds)], { input: '\n', encoding: 'utf8' });
  const [, checksum, cpu, wall] = RESULT.exec(run.stdout ?? '') ?? [];
  if (!checksum) throw new Error(`${path} ${name}: ${run.error?.message ?? run.status}`);
  return { checksum, seconds: Number(cpu) / 1e9, guestTime: Number(wall) };
}
