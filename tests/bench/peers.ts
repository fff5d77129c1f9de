/*
 * tests/bench/peers.ts - who takes part, in the order of the columns
 */

import { ENGINES } from '../../board/cpu/engine/engine.ts';
import type { Console } from './console.ts';
import { bootEret } from './eret.ts';
import { startNative } from './native.ts';
import type { Peer } from './peer.ts';
import { bootSoftmmu, softmmuMissing } from './softmmu.ts';
import { bootV86 } from './v86.ts';

/** The engine whose ratios are told. */
export const JUDGED = 'auto';
/** Those that it is compared with. */
export const OTHERS: readonly string[] = ['native', 'v86', 'softmmu'];
/** Those whose clock counts instructions. */
export const COUNTING: readonly string[] = ENGINES;

/** Boots the machines that have an arm64 shell, with further words on their kernels' command lines. */
export type Shells = (append: string) => Promise<readonly Console[]>;

/** Who is missing is told by name. */
export function shells(initramfs: string): Shells {
  const missing = softmmuMissing();
  if (missing) console.log(`softmmu: skipped: no ${missing}`);
  return (append) =>
    Promise.all([
      ...(missing ? [] : [bootSoftmmu(initramfs, append)]),
      bootEret('interpreter', initramfs, append),
      bootEret(JUDGED, initramfs, append),
    ]);
}

/** The host, or nobody where it has no compiler. */
export async function host(): Promise<readonly Peer[]> {
  const native = await startNative();
  if (!native) console.log('native: skipped: no cc');
  return native ? [native] : [];
}

/** Where V86= says that it is installed; not missed elsewhere. */
export async function v86(): Promise<readonly Peer[]> {
  const folder = process.env.V86;
  return folder ? [await bootV86(folder)] : [];
}
