/*
 * tests/lib/hosted.ts - programs with a whole C library: compiled on the host, once, and kept in build/programs
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';

const CACHE = 'build/programs';
const ZIG_MODULES = 'node_modules/@zigc';

/** The full path of a program of the host, or undefined. */
export const find = (name: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

export const QEMU = find('qemu-aarch64-static') ?? find('qemu-aarch64');
const GCC = find('aarch64-linux-gnu-gcc');
/* The binary itself: its npm wrapper costs a start of node. */
const ZIG = readdirSync(ZIG_MODULES)
  .map((name) => join(ZIG_MODULES, name, 'bin/zig'))
  .find((path) => /-/.test(path) && existsSync(path));

/** A compiler with the C library that it links, and how it spells the CPU: with AES and SHA, and a newer one with more. */
export interface Toolchain {
  readonly library: 'musl' | 'glibc';
  readonly command: readonly string[];
  readonly base: string;
  readonly newer: string;
  /** What is linked last; default: mathematics and threads. */
  readonly libraries?: readonly string[];
}

/** Those that are installed. */
export const TOOLCHAINS: readonly Toolchain[] = [
  ...(ZIG
    ? [
        {
          library: 'musl',
          command: [ZIG, 'cc', '-target', 'aarch64-linux-musl', '-fno-sanitize=undefined'],
          base: '-mcpu=generic+aes+sha2',
          newer: '-mcpu=generic+v8_2a+aes+sha2+fullfp16+dotprod',
        } as const,
      ]
    : []),
  ...(GCC
    ? [
        {
          library: 'glibc',
          command: [GCC],
          base: '-march=armv8-a+crypto',
          newer: '-march=armv8.2-a+crypto+fp16+dotprod',
        } as const,
      ]
    : []),
];

/** The path of a static program made of `sources`. Rebuilt when they, headers beside them or the command change. */
export async function build(
  { command, libraries = ['-lm', '-pthread'] }: Pick<Toolchain, 'command' | 'libraries'>,
  flags: readonly string[],
  sources: readonly string[],
  headers: readonly string[] = [],
): Promise<string> {
  const hash = createHash('sha1').update([...command, ...flags].join(' '));
  for (const file of [...sources, ...headers]) hash.update(readFileSync(file));
  const out = join(CACHE, hash.digest('hex'));
  if (existsSync(out)) return out;

  mkdirSync(CACHE, { recursive: true });
  const [program = '', ...rest] = command;
  await run(program, [...rest, '-static', ...flags, ...sources, '-o', `${out}.new`, ...libraries]);
  renameSync(`${out}.new`, out);
  return out;
}

function run(program: string, args: readonly string[]): Promise<void> {
  const zigCache = join(CACHE, 'zig-cache');
  const env = { ...process.env, ZIG_GLOBAL_CACHE_DIR: zigCache, ZIG_LOCAL_CACHE_DIR: zigCache };
  return new Promise((resolve, reject) => {
    execFile(program, args, { env }, (error, _stdout, stderr) =>
      error ? reject(new Error(`${program} ${args.join(' ')}\n${stderr}`)) : resolve(),
    );
  });
}

/** Promise.all() with as many at a time as there are processors. */
export async function inParallel<T>(work: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < work.length; n = next++) results[n] = await work[n]!();
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  return results;
}
