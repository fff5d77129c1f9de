/*
 * tests/bench/v86.ts - an x86 PC in JavaScript, as one more peer: `make bench V86=FOLDER`
 *
 *   npm install --prefix FOLDER v86
 *
 * v86 is no dependency of the project: nothing needs it but this comparison. It runs the same programs, compiled for x86, on
 * the bare machine: without paging, which makes no difference to it, and without a kernel, so there is nothing to ask.
 */

import { build, find, TOOLCHAINS } from '../lib/hosted.ts';
import { Console } from './console.ts';
import { COMPUTING, FLAGS, FOLDER, HEADERS } from './programs.ts';

const LIBRARY = 'node_modules/v86/build';
const SCRIPT = `${FOLDER}/bare.ld`;
/* The x87 rounds otherwise than everybody else. */
const PC = [
  '-march=pentium4',
  '-msse2',
  '-mfpmath=sse',
  '-ffreestanding',
  '-nostdlib',
  '-fno-pic',
  '-no-pie',
];
const LINK = ['-T', SCRIPT, '-Wl,--build-id=none', '-Wl,-z,norelro'];

/** The host's compiler if it knows -m32, or else Zig's. */
async function buildKernel(): Promise<string> {
  const cc = find('cc');
  const zig = TOOLCHAINS.find(({ library }) => library === 'musl')!.command[0]!;
  const bare = (command: readonly string[]): Promise<string> =>
    build(
      { command, libraries: [] },
      [...FLAGS, ...PC, ...LINK],
      [`${FOLDER}/bare.c`, ...COMPUTING],
      [...HEADERS, SCRIPT],
    );
  const withZig = (): Promise<string> =>
    bare([zig, 'cc', '-target', 'x86-freestanding', '-fno-sanitize=undefined']);
  return cc ? bare([cc, '-m32', '-fno-stack-protector']).catch(withZig) : withZig();
}

/** `folder` is where npm installed it. */
export async function bootV86(folder: string): Promise<Console> {
  const kernel = await buildKernel();
  const library = `${folder}/${LIBRARY}`;
  return Console.boot('v86', [
    process.execPath,
    '--import',
    'tsx',
    'tests/bench/v86-machine.ts',
    library,
    kernel,
  ]);
}
