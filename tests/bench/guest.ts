/*
 * tests/bench/guest.ts - the initramfs of the machines that are measured: the project's own, and /bench behind it
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { concat, cpio, S_IFDIR, S_IFREG } from '../../arch/arm64/boot/cpio.ts';
import { build, TOOLCHAINS } from '../lib/hosted.ts';
import { buildPrograms } from './programs.ts';

const FOLDER = 'build/bench';
const PROGRAM = S_IFREG | 0o755;

/** Path of the archive, the same one for every machine. */
export async function makeInitramfs(): Promise<string> {
  // The C library that the host has, too, if its compiler is installed.
  const toolchain = TOOLCHAINS.find(({ library }) => library === 'glibc') ?? TOOLCHAINS[0];
  if (!toolchain) throw new Error('no C compiler for arm64: npm install brings one');
  const files = {
    programs: await buildPrograms(toolchain),
    code: await build(toolchain, ['-O2'], ['tests/bench/programs/code.c']),
    entrybench: 'build/userland/entrybench',
  };
  const folder = { name: 'bench', mode: S_IFDIR | 0o755, data: new Uint8Array(0) };
  const members = Object.entries(files).map(([name, path]) => ({
    name: `bench/${name}`,
    mode: PROGRAM,
    data: readFileSync(path),
  }));
  mkdirSync(FOLDER, { recursive: true });
  const archive = `${FOLDER}/initramfs.cpio`;
  writeFileSync(archive, concat([readFileSync('build/initramfs.cpio'), cpio([folder, ...members])]));
  return archive;
}
