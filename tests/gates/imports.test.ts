/*
 * tests/gates/imports.test.ts - five rooms, one direction
 */

import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { read, sourceFiles } from './source.ts';

/** What a room may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  board: [],
  kernel: [],
  arch: ['board', 'kernel'],
};

interface Import {
  readonly from: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const found = read(file).matchAll(/^(import|export) (type )?[^'";]*?from '([^']+)'/gms);
  return [...found].map(([, , type, target]) => ({
    from: file,
    target: resolve(file, target!),
    typeOnly: type !== undefined,
  }));
}

const resolve = (file: string, target: string): string =>
  target.startsWith('.') ? join(dirname(file), target) : target;
const room = (path: string): string => path.split('/')[0]!;
const text = ({ from, target }: Import): string => `${from} imports ${target}`;
const all = (): Import[] => sourceFiles().flatMap(importsOf);

test('board knows nobody, kernel knows nobody, arch knows both', () => {
  const allowed = ({ from, target }: Import): boolean =>
    target.startsWith('node:') ||
    room(from) === room(target) ||
    MAY_IMPORT[room(from)]!.includes(room(target));
  assert.equal(
    all()
      .filter((i) => !allowed(i))
      .map(text),
    [],
  );
});

test('only the boot loader and the build step touch the host', () => {
  const hosted = (file: string): boolean =>
    file.startsWith('arch/arm64/boot/') || file.startsWith('board/cpu/engine/');
  assert.equal(
    all()
      .filter(({ from, target }) => target.startsWith('node:') && !hosted(from))
      .map(text),
    [],
  );
});

test('include/ imports nothing but include/, except types', () => {
  const bad = all().filter(
    ({ from, target, typeOnly }) =>
      from.startsWith('kernel/include/') && !target.startsWith('kernel/include/') && !typeOnly,
  );
  assert.equal(bad.map(text), []);
});

/** Parts of the kernel that upstream keeps under drivers/ although no device is behind them. */
const LIBRARIES = /^kernel\/drivers\/(of|char)\/|^kernel\/drivers\/tty\/(tty|n_tty)/;

test('a driver is reached through what it registers, not by import', () => {
  const mayImport = /^(kernel\/(drivers|init)\/|arch\/)/;
  const isDriver = (target: string): boolean =>
    target.startsWith('kernel/drivers/') && !LIBRARIES.test(target);
  const bad = all().filter(
    ({ from, target, typeOnly }) => isDriver(target) && !typeOnly && !mayImport.test(from),
  );
  assert.equal(bad.map(text), []);
});

test.run();
