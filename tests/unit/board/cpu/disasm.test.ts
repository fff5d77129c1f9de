/*
 * tests/unit/board/cpu/disasm.test.ts - the disassembler, against what objdump printed
 */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { A64 } from '../../../../board/cpu/a64.ts';
import { Disassembler } from '../../../../board/cpu/disasm.ts';

const RECORDINGS = ['tests/cpu/objdump.txt', 'tests/cpu/objdump-simd.txt'];
const disassembler = new Disassembler(A64);

test('mnemonics and operands are those of objdump', () => {
  const recorded = RECORDINGS.map((file) => readFileSync(file, 'utf8')).join('\n');
  for (const line of recorded.split('\n')) {
    const found = /^([0-9a-f]+) ([0-9a-f]{8}) (.*)$/.exec(line);
    if (!found) continue;
    const [, address, word, text] = found;
    assert.is(disassembler.text(parseInt(word!, 16), parseInt(address!, 16)), text, word);
  }
});

test('every row of the table can be printed', () => {
  for (const [pattern, title] of A64) {
    const word = parseInt(pattern.replaceAll(' ', '').replaceAll(/[^01]/g, '0'), 2);
    assert.ok(disassembler.text(word, 0x1000).length > 0, title);
  }
});

test('a word that nobody claims is printed as data', () => {
  assert.is(disassembler.text(0xffff_ffff, 0), '.inst 0xffffffff ; undefined');
});

test.run();
