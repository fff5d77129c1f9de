/*
 * tests/lib/asm.ts - AArch64 assembly text to instruction words, by the userland's C compiler
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../build/asm/', import.meta.url));

/** Words of a position-independent piece of assembly. Its symbols must resolve within it. */
export function assemble(source: string): number[] {
  const name = join(CACHE, `${createHash('sha1').update(source).digest('hex')}.bin`);
  const bytes = existsSync(name) ? readFileSync(name) : compile(source, name);
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return [...words];
}

/* Between two pieces: the permanently undefined instruction with an immediate that nobody else uses. */
const MARK = 0x0000_e7e7;

/** Many small pieces by name, in one run of the compiler. Use numeric labels (1: b 1b): they may repeat. */
export function assembleAll<Name extends string>(
  pieces: Readonly<Record<Name, string>>,
): Record<Name, number[]> {
  const names = Object.keys(pieces) as Name[];
  const words = assemble(names.map((name) => `${pieces[name]}\n.word ${MARK}`).join('\n'));
  const result = {} as Record<Name, number[]>;
  let from = 0;
  for (const name of names) {
    const to = words.indexOf(MARK, from);
    result[name] = words.slice(from, to);
    from = to + 1;
  }
  return result;
}

function compile(source: string, name: string): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'eret-asm-'));
  const [input, object] = [join(directory, 'a.s'), join(directory, 'a.o')];
  writeFileSync(input, `.arch armv8.4-a\n.text\n${source}\n`);
  const flags = ['-target', 'aarch64-freestanding', '-c', '-o', object, input];
  execFileSync('npx', ['--no-install', 'zig', 'cc', ...flags], { stdio: ['ignore', 'ignore', 'inherit'] });
  const text = textSection(readFileSync(object));
  rmSync(directory, { recursive: true });
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${name}.${process.pid}`, text);
  renameSync(`${name}.${process.pid}`, name);
  return text;
}

/** ELF64: the first section with the name .text; branches inside it are already resolved. */
function textSection(elf: Buffer): Buffer {
  const headers = Number(elf.readBigUInt64LE(0x28));
  const [size, count, names] = [elf.readUInt16LE(0x3a), elf.readUInt16LE(0x3c), elf.readUInt16LE(0x3e)];
  const at = (n: number, offset: number) => Number(elf.readBigUInt64LE(headers + n * size + offset));
  for (let n = 0; n < count; n++) {
    const nameAt = at(names, 0x18) + elf.readUInt32LE(headers + n * size);
    if (elf.toString('latin1', nameAt, nameAt + 6) === '.text\0')
      return elf.subarray(at(n, 0x18), at(n, 0x18) + at(n, 0x20));
  }
  throw new Error('no .text');
}
