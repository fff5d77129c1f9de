/*
 * tests/conformance/programs.test.ts - what compilers and C libraries make of tests/programs prints here what it prints
 * under QEMU
 *
 * Every level of optimisation uses other instructions: -O0 the scalar ones, -O2 and -O3 the vector unit, -ffast-math
 * fused and reordered arithmetic and (with GCC) a start-up that turns flushing to zero on. -O3 may use a newer CPU.
 */

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { boot } from '../../arch/arm64/boot/boot.ts';
import { QEMU, TOOLCHAINS, build, inParallel } from '../lib/hosted.ts';

const PROGRAMS = 'tests/programs';
const files = readdirSync(PROGRAMS).map((name) => join(PROGRAMS, name));
const sources = files.filter((name) => name.endsWith('.c'));
const headers = files.filter((name) => name.endsWith('.h'));

const variants = TOOLCHAINS.flatMap((toolchain) =>
  ['-O0', '-O2', '-O3'].flatMap((level) =>
    ['', '-ffast-math'].map((math) => {
      const cpu = level === '-O3' ? toolchain.newer : toolchain.base;
      const flags = [level, cpu, ...(math ? [math] : [])];
      return { name: [toolchain.library, level, math].filter(Boolean).join(' '), toolchain, flags };
    }),
  ),
);

if (!QEMU) console.log('skipped: compiled programs: qemu-aarch64 is not installed');
for (const library of ['musl', 'glibc'])
  if (!TOOLCHAINS.some((toolchain) => toolchain.library === library))
    console.log(`skipped: compiled programs: there is no compiler with a static ${library}`);

/** The sections that programs.h names, by their heading. */
const sections = (text: string): string[] => text.split(/^(?=# )/m);

if (QEMU) {
  const qemu = QEMU;
  let binaries: readonly (string | Error)[] = [];

  test.before(async () => {
    binaries = await inParallel(
      variants.map(
        ({ toolchain, flags }) =>
          () =>
            build(toolchain, flags, sources, headers).catch((error: Error) => error),
      ),
    );
  });

  variants.forEach(({ name }, n) => {
    test(`${name}: the programs print what they print under QEMU`, async () => {
      const binary = binaries[n]!;
      if (typeof binary !== 'string') throw binary; // the compiler's complaint
      const expected = execFileSync(qemu, ['-cpu', 'max', binary], { encoding: 'latin1' });
      const machine = await boot();
      const data = readFileSync(binary);
      const result = await machine.run('/programs', [], {
        files: [{ path: '/programs', data, mode: 0o755 }],
      });
      const actual = sections(result.output.replaceAll('\r\n', '\n'));
      sections(expected).forEach((section, i) => {
        assert.is(actual[i], section);
      });
      assert.is(actual.length, sections(expected).length);
      assert.is(result.status, 0);
    });
  });
}

test.run();
