/*
 * tests/cpu/objdump-corpus.test.ts - whole libraries, disassembled here and by GNU objdump
 *
 * The libraries are those of Debian's cross toolchain (libc6-arm64-cross and friends); without them, or without objdump,
 * the recorded sample of tests/unit/board/cpu/disasm.test.ts must do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { A64 } from '../../board/cpu/a64.ts';
import { Disassembler } from '../../board/cpu/disasm.ts';

const OBJDUMP = 'aarch64-linux-gnu-objdump';
const DIRECTORY = '/usr/aarch64-linux-gnu/lib';
const LIBRARIES = ['libc.so.6', 'libm.so.6', 'libstdc++.so.6'].map((name) => `${DIRECTORY}/${name}`);

/** What objdump has a name for and we do not: operations of absent features. */
const KNOWN_DIFFERENCES = /^dc (gva|gzva)/;

interface Word {
  readonly pc: number;
  readonly word: number;
  readonly text: string;
}

/** "address: word mnemonic operands <symbol> // remark" */
function* wordsOf(library: string): Generator<Word> {
  const { stdout } = spawnSync(OBJDUMP, ['-d', library], { encoding: 'utf8', maxBuffer: 2 ** 30 });
  for (const line of stdout.split('\n')) {
    const found = /^ *([0-9a-f]+):\t([0-9a-f]{8}) \t(.*)$/.exec(line);
    if (!found) continue;
    const text = found[3]!.split('//')[0]!.replace(/<.*>/, '').replace('\t', ' ').trim();
    yield { pc: parseInt(found[1]!, 16), word: parseInt(found[2]!, 16), text };
  }
}

/** Addresses of branches have no 0x in objdump's text. */
const comparable = (text: string): string => text.replace(/\b0x/g, '').trim();

for (const library of LIBRARIES) {
  const isThere = existsSync(library) && spawnSync(OBJDUMP, ['--version']).status === 0;
  const name = `every word of ${library} reads as objdump has it`;
  test(isThere ? name : `SKIPPED, because it or objdump is not installed: ${name}`, () => {
    if (!isThere) return;
    const disassembler = new Disassembler(A64);
    const words = [...wordsOf(library)];
    const covered = words.filter(({ word }) => disassembler.knows(word));
    assert.ok(covered.length > 0.995 * words.length, 'the table lacks more than SVE and memory tagging');
    const wrong = covered
      .map(({ pc, word, text }) => ({
        ours: comparable(disassembler.text(word, pc)),
        theirs: comparable(text),
      }))
      .filter(({ ours, theirs }) => ours !== theirs && !KNOWN_DIFFERENCES.test(theirs));
    assert.equal(wrong, []);
  });
}

test.run();
