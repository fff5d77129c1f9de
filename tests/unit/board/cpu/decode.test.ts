/*
 * tests/unit/board/cpu/decode.test.ts - patterns and the index that finds them
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { A64 } from '../../../../board/cpu/a64.ts';
import type { Row } from '../../../../board/cpu/builder.ts';
import { buildIndex, Decoder, expand, lookUp, parsePattern } from '../../../../board/cpu/decode.ts';
import { Random, randomWord } from '../../../lib/random-insn.ts';

const row = (pattern: string, title: string, when?: (f: Record<string, number>) => boolean): Row =>
  [pattern, title, () => {}, title, when ? { when } : {}] as Row;

const index = (...rows: Row[]) => buildIndex(rows.flatMap((row) => expand(row)));

test('fixed bits, fields and ignored bits are told apart', () => {
  const { mask, value, fields } = parsePattern('Z00100010Siiiiiiiiiiiinnnnn....d');
  assert.is(mask, 0x7f80_0000);
  assert.is(value, 0x1100_0000);
  assert.equal(
    [...fields],
    [
      ['d', { lsb: 0, bits: 1 }],
      ['n', { lsb: 5, bits: 5 }],
      ['i', { lsb: 10, bits: 12 }],
      ['S', { lsb: 22, bits: 1 }],
      ['Z', { lsb: 31, bits: 1 }],
    ],
  );
});

test('a pattern of the wrong length and a field in two pieces are refused', () => {
  assert.throws(() => parsePattern('0101'), /4 bits/);
  assert.throws(() => parsePattern('i0000000000000000000000000000000'.replace(/0$/, 'i')), /not one run/);
});

test('the more specific row wins wherever it stands', () => {
  const general = row('000000000000000000000000nnnnnnnn', 'general');
  const special = row('00000000000000000000000000001111', 'special');
  for (const found of [index(general, special), index(special, general)]) {
    assert.is(lookUp(found, 15)?.row[1], 'special');
    assert.is(lookUp(found, 14)?.row[1], 'general');
    assert.is(lookUp(found, 0x100), undefined);
  }
});

test('a combination of capital fields that is not allocated falls through', () => {
  const found = index(row('0000000000000000000000000000SS00', 'sized', (f) => f.S !== 3));
  assert.is(lookUp(found, 8)?.capitals.S, 2);
  assert.is(lookUp(found, 12), undefined);
});

test('every word of every row is found, as that row or a more specific one', () => {
  const all = index(...A64);
  const random = new Random(1);
  for (const [pattern, title, , , attributes] of A64) {
    if (attributes?.when) continue;
    for (let i = 0; i < 20; i++) {
      const word = randomWord(random, pattern);
      const found = lookUp(all, word);
      assert.ok(found, `${title}: ${word.toString(16)}`);
      assert.ok(
        found.row[1] === title || (found.mask & ~parsePattern(pattern).mask) !== 0,
        `${title} is hidden by ${found.row[1]}`,
      );
    }
  }
});

test('the decoder that makes its index as it needs it finds what the whole index has', () => {
  const all = index(...A64);
  const decoder = new Decoder(A64);
  const random = new Random(2);
  const words = A64.flatMap(([pattern]) => [randomWord(random, pattern), random.word()]);
  for (const word of words) assert.equal(decoder.find(word), lookUp(all, word));
});

test.run();
